"""The rules of schemas, which depend on the direction in which values travel.

Values that a server no longer accepts break requests, values that it newly sends break readers of answers, and the
other way round each is harmless. A code is made of direction, part and aspect: `response-property-became-nullable`.
What changes of answers do follows from how generated code reads: strings that are no longer one of an enum's values
are kept, an optional null is None, unknown properties are kept, a missing required property or a value of another
type, null included, is a ResponseError.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..changes import Level
from .rule import Rule, table

BREAKING, POTENTIAL, ADDITIVE, DOCS = Level.BREAKING, Level.POTENTIAL, Level.ADDITIVE, Level.DOCS

Judgement = tuple[Level, str]

_ROLES: Final = {"request": ("body", "property", "parameter"), "response": ("body", "property", "header")}

_MORE_ACCEPTED: Final[Judgement] = (ADDITIVE, "nothing is refused that was accepted")
_STILL_READ: Final[Judgement] = (ADDITIVE, "every new value is one that the SDK already reads")
_NOT_SENT: Final[Judgement] = (ADDITIVE, "it is not sent any more")
_OTHER_REFUSED: Final[Judgement] = (BREAKING, "a call that sends another value is refused")
_SENT_REFUSED: Final[Judgement] = (BREAKING, "a call that sends it is refused")
_UNEXPLAINED: Final[Judgement] = (POTENTIAL, "no rule tells which of the two allows more: read it")
_ELSEWHERE: Final[Judgement] = (DOCS, "no effect in this direction")
_IN_USE: Final[Judgement] = (ADDITIVE, "it can be used in this direction too")
_TELLS: Final = "the SDK tells the variants apart by it"
_BEYOND_LIMIT: Final[Judgement] = (BREAKING, "a call that sends a value beyond the new limit is refused")
_BEYOND_OLD: Final[Judgement] = (POTENTIAL, "the SDK reads it; code that relies on the old limit may not cope")
_POSSIBLE: Final[Judgement] = (ADDITIVE, "every new value is one that was possible before")
_OTHER_TEXT: Final[Judgement] = (BREAKING, "a call that sends text of another form is refused")
_NO_SUCH_TEXT: Final[Judgement] = (BREAKING, "text of another form raises ResponseError, which names the path")
_ANY_TEXT: Final[Judgement] = (POTENTIAL, "the SDK reads any text here; code that relies on the form may not cope")

# Aspect, meaning, what it does to requests, what it does to readers of answers.
_ASPECTS: Final[tuple[tuple[str, str, Judgement | None, Judgement | None], ...]] = (
    ("became-nullable", "may be null",
     (ADDITIVE, "nothing that was sent before is refused"),
     (BREAKING, "a null raises ResponseError, which names the path")),
    ("became-nullable-optional", "may be null, and could be absent before", None,
     (POTENTIAL,
      "reads as None, as if it were absent; code that assumed a value because it was always sent gets None")),
    ("became-not-nullable", "is never null",
     (BREAKING, "a call that sends null is refused"), (ADDITIVE, "the value can be relied on")),
    ("type-generalized", "has more types", (ADDITIVE, "everything that was sent before is still accepted"), None),
    ("type-specialized", "has fewer types", None, _STILL_READ),
    ("type-reinterpreted", "has another type with the same text in a URL",
     (POTENTIAL, "what was sent before is text like any other; the server may understand it in another way"), None),
    ("type-changed", "has other types",
     (BREAKING, "a call that sends what it used to send is refused"),
     (BREAKING, "a value of the new type raises ResponseError, which names the path")),
    ("type-stated", "has a type that other keywords implied",
     (POTENTIAL, "the other keywords imply the type, but do not require it"),
     (ADDITIVE, "the other keywords imply the type")),
    ("type-left-out", "has a type only by implication",
     (ADDITIVE, "the other keywords imply the type"),
     (POTENTIAL, "the other keywords imply the type, but do not require it")),
    ("wrapped", "is now inside another object, or was and is now on its own",
     (BREAKING, "what calls send is not where the server looks for it"),
     (BREAKING, "what the SDK reads is not where it looks for it")),
    ("enum-added", "has an enum", _OTHER_REFUSED, _STILL_READ),
    ("enum-removed", "has no enum any more", _MORE_ACCEPTED,
     (POTENTIAL, "other values are kept; exhaustive matches miss them")),
    ("closed-enum-removed", "has no constant, or no enum of mixed values, any more", None,
     (BREAKING, "another value raises ResponseError, which names the path")),
    ("enum-value-added", "an enum has a new value", _MORE_ACCEPTED,
     (POTENTIAL, "kept as an enum member that equals its text (is_known is False); exhaustive matches miss it")),
    ("closed-enum-value-added", "a constant, or an enum of mixed values, has a new value", None,
     (BREAKING, "only the documented values are known here: another one raises ResponseError")),
    ("enum-value-removed", "an enum lost a value", _SENT_REFUSED, _NOT_SENT),
    ("default-value-changed", "has another default",
     (POTENTIAL, "a call that leaves it out now means something else"),
     (DOCS, "no effect on reading: what is absent is None")),
    ("pattern-added", "has a pattern",
     (POTENTIAL, "the SDK does not check it; values of another form are refused"), _POSSIBLE),
    ("pattern-changed", "has another pattern",
     (POTENTIAL, "the SDK does not check it; values of another form are refused"),
     (POTENTIAL, "the SDK does not check it; values of another form appear")),
    ("pattern-removed", "has no pattern any more", _MORE_ACCEPTED,
     (POTENTIAL, "the SDK does not check it; values of another form appear")),
    ("format-added", "has a format", _OTHER_TEXT, _POSSIBLE),
    ("format-changed", "has another format", _OTHER_TEXT, _NO_SUCH_TEXT),
    ("format-removed", "has no format any more", _MORE_ACCEPTED, _NO_SUCH_TEXT),
    ("hint-format-changed", "has another format that the SDK does not read",
     (POTENTIAL, "whether the server checks it is not known"), _ANY_TEXT),
    ("display-format-changed", "has another format that is about display",
     (DOCS, "the format is about display only"), (DOCS, "the format is about display only")),
    ("number-format-widened", "has a wider number format", (ADDITIVE, "more numbers are accepted"),
     (POTENTIAL, "Python's numbers hold it; a store with a fixed width may not")),
    ("number-format-narrowed", "has a narrower number format",
     (BREAKING, "numbers beyond the format are refused"), _POSSIBLE),
    ("number-format-added", "has a number format",
     (POTENTIAL, "numbers beyond the format may be refused"), _POSSIBLE),
    ("number-format-changed", "has a number format with other values",
     (POTENTIAL, "numbers beyond the format are refused"),
     (POTENTIAL, "Python's numbers hold it; a store with a fixed width may not")),
    ("number-format-restated", "has a number format with the same values",
     (DOCS, "Python's numbers hold both"), (DOCS, "Python's numbers hold both")),
    ("became-read-only", "is read-only",
     (POTENTIAL, "it is ignored or refused when sent"), _ELSEWHERE),
    ("became-not-read-only", "is no longer read-only", _IN_USE, _ELSEWHERE),
    ("required-became-not-read-only", "is required and no longer read-only",
     (POTENTIAL, "calls did not have to send it and may be refused"), None),
    ("became-write-only", "is write-only", _ELSEWHERE, (POTENTIAL, "it is no longer part of answers")),
    ("required-became-write-only", "was always part of answers and is write-only", None,
     (BREAKING, "it is no longer part of answers: every answer raises ResponseError, which names it")),
    ("became-not-write-only", "is no longer write-only", _ELSEWHERE, _IN_USE),
    ("hidden-changed", "is not part of this direction and changed",
     (DOCS, "it is read-only: no call sends it"), (DOCS, "it is write-only: no answer has it")),
    ("became-required", "is required",
     (BREAKING, "a call without it is refused"),
     (ADDITIVE, "a regenerated SDK relies on it, so it needs a server that sends it")),
    ("became-required-with-default", "is required and has a default",
     (POTENTIAL, "a call without it means the default"), None),
    ("became-optional", "is no longer required", _MORE_ACCEPTED,
     (BREAKING, "an answer without it raises ResponseError, which names it")),
    ("additional-properties-allowed", "other properties are allowed",
     (ADDITIVE, "other properties are accepted"),
     (ADDITIVE, "other properties are kept in additional_properties")),
    ("additional-properties-forbidden", "other properties are forbidden",
     (BREAKING, "a call that sends other properties is refused"), (ADDITIVE, "additional_properties stays empty")),
    ("map-values-forbidden", "a map has no values of its own any more", None,
     (POTENTIAL, "additional_properties stays empty")),
    ("union-kind-changed", "oneOf and anyOf took each other's place",
     (POTENTIAL, "a value may fit several variants, or no longer may"),
     (POTENTIAL, "a value may fit several variants, or no longer may")),
    *(row for kind in ("one-of", "any-of") for row in (
        (f"{kind}-added", "a union has a new variant", _MORE_ACCEPTED,
         (BREAKING, "raises ResponseError, or is read as another variant that happens to fit")),
        (f"{kind}-added-to-open", "a union that keeps unknown kinds has a new variant", None,
         (POTENTIAL, "kept whole as the object for unknown kinds; a match on the classes misses it")),
        (f"{kind}-added-within", "a union has a new variant whose values another one has as well",
         _MORE_ACCEPTED, _POSSIBLE),
        (f"{kind}-removed-within", "a union lost a variant whose values another one has as well",
         _MORE_ACCEPTED, _POSSIBLE),
        (f"{kind}-removed", "a union lost a variant", _SENT_REFUSED, _NOT_SENT))),
    ("discriminator-added", "variants are told apart by a property", (POTENTIAL, _TELLS), (POTENTIAL, _TELLS)),
    ("discriminator-removed", "no property tells variants apart any more", (POTENTIAL, _TELLS), (POTENTIAL, _TELLS)),
    ("discriminator-changed", "variants are told apart by another property", (BREAKING, _TELLS), (BREAKING, _TELLS)),
    ("discriminator-mapping-added", "a value tells a variant",
     (ADDITIVE, "one more kind can be sent"), (POTENTIAL, "the SDK does not know the value yet")),
    ("discriminator-mapping-removed", "a value no longer tells a variant",
     _SENT_REFUSED, (POTENTIAL, "the value no longer tells a variant")),
    ("discriminator-mapping-changed", "a value tells another variant",
     (BREAKING, "the server reads it as another variant"), (BREAKING, "the SDK reads it as the old variant")),
    ("keyword-added", "a keyword restricts the values",
     (POTENTIAL, "values that were accepted may be refused"), _POSSIBLE),
    ("keyword-removed", "a keyword no longer restricts the values", _MORE_ACCEPTED,
     (POTENTIAL, "the SDK does not check it; other values may appear")),
)  # fmt: skip

LOWER: Final = ("min", "exclusive-min", "min-length", "min-items", "min-properties", "min-contains")
UPPER: Final = ("max", "exclusive-max", "max-length", "max-items", "max-properties", "max-contains")


def _limits() -> Iterator[tuple[str, str, Judgement, Judgement]]:
    for slugs, tighter, looser in (
        (LOWER, ("added", "increased"), ("removed", "decreased")),
        (UPPER, ("added", "decreased"), ("removed", "increased")),
        (("multiple-of",), ("added", "tightened"), ("removed", "relaxed")),
        (("unique-items",), ("added",), ("removed",)),
    ):
        for slug in slugs:
            words = slug.replace("-", " ")
            for change in tighter:
                yield f"{slug}-{change}", f"the limit `{words}` is tighter", _BEYOND_LIMIT, _POSSIBLE
            for change in looser:
                yield f"{slug}-{change}", f"the limit `{words}` is looser", _MORE_ACCEPTED, _BEYOND_OLD
            yield f"{slug}-changed", f"the limit `{words}` is another one", _UNEXPLAINED, _UNEXPLAINED


# Whether something is required is asked of properties only; of bodies and parameters it is a rule of its own.
_OF_PROPERTIES: Final = frozenset(
    {"became-required", "became-required-with-default", "became-optional", "required-became-not-read-only"}
    | {"required-became-write-only"}
)


def _directed() -> Iterator[Rule]:
    for aspect, meaning, *judgements in (*_ASPECTS, *_limits()):
        for direction, judgement in zip(_ROLES, judgements, strict=True):
            roles = ("property",) if aspect in _OF_PROPERTIES else _ROLES[direction]
            for role in roles if judgement else ():
                level, effect = judgement or (POTENTIAL, "")
                yield Rule(f"{direction}-{role}-{aspect}", level, f"{direction} {role} {meaning}", effect)


_KEPT: Final = "kept in additional_properties until the SDK is regenerated; a regenerated SDK needs"

SCHEMAS: Final = (
    *_directed(),
    *table(
        BREAKING,
        ("new-required-request-property", "a required property joined a request", "a call without it is refused"),
        ("request-property-removed-from-closed", "a request that allows no others lost a property",
         "a call that sends it is refused"),
        ("response-required-property-removed", "an answer lost a property on which the SDK insists",
         "every answer raises ResponseError, which names it"),
    ),
    *table(
        POTENTIAL,
        ("new-required-request-property-with-default", "a required property with a default joined a request",
         "a call without it means the default"),
        ("request-property-removed", "a request lost a property", "it may be ignored or refused when sent"),
        ("response-optional-property-removed", "an answer lost an optional property", "reads as None from now on"),
    ),
    *table(
        ADDITIVE,
        ("new-optional-request-property", "an optional property joined a request", "it can be left out"),
        ("response-optional-property-added", "an optional property joined an answer", f"{_KEPT} nothing"),
        ("response-required-property-added", "a required property joined an answer", f"{_KEPT} a server that sends it"),
    ),
)  # fmt: skip
