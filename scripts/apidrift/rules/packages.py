"""The rules of the Python axis: what a change does to code that is written against the packages and the facade."""

from __future__ import annotations

from typing import Final

from ..changes import Level
from .rule import table

BREAKING, POTENTIAL, ADDITIVE, DOCS = Level.BREAKING, Level.POTENTIAL, Level.ADDITIVE, Level.DOCS

_IMPORTS: Final = "imports fail"
_OLD_IMPORTS: Final = "imports of the old name fail"
_CONSTRUCTOR: Final = "the constructor needs it"
_FAKES: Final = "the constructor needs it: tests and fakes that build the object"
_ELSEWHERE: Final = "positional arguments go to other attributes"
_OTHER_PARAMETERS: Final = "positional arguments go to other parameters"
_MISSED: Final = "something of the definition is missing from the package, or fails when it is used"
_REFUSED: Final = "type checkers refuse what was given before"
_MORE_OR_LESS: Final = "type checkers know more or less than before"
_FITS: Final = "what was given before still fits"
_OLD_RETURN: Final = "type checkers refuse code that expects the old type"
_UNCHANGED: Final = "nothing to change in code that uses it"

# What the generator and its output can complain about.
COMPLAINTS: Final = {
    "generator-warning": "the generator leaves something out",
    "generated-code-invalid": "the generated code is not valid Python",
    "broken-import": "an import leads nowhere",
    "name-collision": "two things have one name",
}

PACKAGES: Final = (
    *table(
        BREAKING,
        *((code, meaning, _MISSED) for code, meaning in COMPLAINTS.items()),
        ("attribute-became-required-sent", "an attribute of what is sent has to be given", _CONSTRUCTOR),
        ("attribute-removed", "an attribute is gone", "AttributeError where it is read, TypeError where it is given"),
        ("attribute-type-changed", "an attribute has another type", "code that uses it as the old type fails"),
        ("attribute-type-narrowed-sent", "an attribute of what is sent takes fewer types", _REFUSED),
        ("attribute-type-widened", "an attribute of an answer has more types",
         "type checkers refuse code that reads it as the old type"),
        ("class-kind-changed", "a class became an enum, or an enum became a class", "code that uses it fails"),
        ("class-removed", "a class is gone", _IMPORTS),
        ("class-renamed", "a class has another name", _OLD_IMPORTS),
        ("constant-removed", "a constant is gone", "code that uses it fails"),
        ("constructor-order-changed-sent", "the constructor of what is sent takes arguments in another order",
         _ELSEWHERE),
        ("enum-member-removed", "a member of an enum is gone", "AttributeError where it is used"),
        ("enum-member-value-changed", "a member of an enum has another value",
         "comparisons and stored values no longer fit"),
        ("function-kind-changed", "a function is of another kind", "calls have to be written in another way"),
        ("function-removed", "a function is gone", "AttributeError where it is called"),
        ("module-moved", "a module is elsewhere", _OLD_IMPORTS),
        ("module-removed", "a module is gone", _IMPORTS),
        ("name-removed", "a module no longer exports a name", _IMPORTS),
        ("operation-result-changed", "an answer is read as something else", "the call returns something else"),
        ("parameter-became-required", "a parameter has to be given", "TypeError where it is left out"),
        ("parameter-kind-changed", "a parameter is given by name only", "TypeError where it is given by position"),
        ("parameter-order-changed", "parameters are in another order", _OTHER_PARAMETERS),
        ("parameter-removed", "a parameter is gone", "TypeError where it is given"),
        ("parameter-renamed", "a parameter has another name", "TypeError where it is given by name"),
        ("parameter-type-changed", "a parameter has another type", _REFUSED),
        ("parameter-type-narrowed", "a parameter takes fewer types", _REFUSED),
        ("required-attribute-added-sent", "what is sent has a new attribute that has to be given", _CONSTRUCTOR),
        ("required-parameter-added", "a new parameter has to be given", "TypeError where it is left out"),
        ("return-type-changed", "a function returns another type", _OLD_RETURN),
        ("return-type-widened", "a function returns more types", _OLD_RETURN),
    ),
    *table(
        POTENTIAL,
        ("attribute-became-required", "an attribute of an answer has to be given", _FAKES),
        ("attribute-default-changed", "an attribute has another default", "objects built without it are different"),
        ("attribute-type-loosened", "type checkers no longer know the type of an attribute", _MORE_OR_LESS),
        ("attribute-type-narrowed", "an attribute of an answer has fewer types",
         "readers are fine; tests and fakes that build the object may not be"),
        ("attribute-type-tightened", "type checkers know the type of an attribute", _MORE_OR_LESS),
        ("class-base-changed", "a class has other bases", "isinstance checks and inherited methods change"),
        ("constant-changed", "a constant has another value", "code that relies on the old value may not cope"),
        ("constructor-order-changed", "a constructor takes arguments in another order", _ELSEWHERE),
        ("enum-member-added", "an enum has a new member", "exhaustive matches are no longer exhaustive"),
        ("literal-values-changed", "a Literal has other values", "code that relies on the old value may not cope"),
        ("overlay-action-unmatched", "an overlay action finds nothing",
         "the deviation is not applied: review the action, or delete it"),
        ("parameter-default-changed", "a parameter has another default", "calls that leave it out mean something else"),
        ("parameter-type-tightened", "type checkers know the type of a parameter",
         "type checkers may refuse what is given"),
        ("required-attribute-added", "an answer has a new attribute that has to be given", _FAKES),
        ("return-type-loosened", "type checkers no longer know what a function returns", _MORE_OR_LESS),
        ("return-type-narrowed", "a function returns fewer types",
         "branches for what is no longer returned are never reached"),
        ("return-type-tightened", "type checkers know what a function returns", _MORE_OR_LESS),
        ("secret-unmasked", "repr() shows a value", "a secret may reach logs"),
        ("variant-order-changed", "the variants of a union are tried in another order",
         "a value that fits several variants is read as another one"),
    ),
    *table(
        ADDITIVE,
        *((f"{code}-resolved", f"no longer the case: {meaning}", "no longer the case")
          for code, meaning in COMPLAINTS.items()),
        ("attribute-added", "a class has a new attribute", "new"),
        ("attribute-became-optional", "an attribute can be left out", "the constructor no longer needs it"),
        ("attribute-type-widened-sent", "an attribute of what is sent takes more types", _FITS),
        ("class-added", "a class joined", "new"),
        ("constant-added", "a constant joined", "new"),
        ("function-added", "a function joined", "new"),
        ("module-added", "a module joined", "new"),
        ("name-added", "a module exports one name more", "new"),
        ("optional-parameter-added", "a new parameter can be given", "new"),
        ("parameter-became-optional", "a parameter can be left out", _FITS),
        ("parameter-type-widened", "a parameter takes more types", _FITS),
    ),
    *table(
        DOCS,
        ("docstring-changed", "a docstring changed", "documentation only"),
        ("implementation-changed", "the code behind the same names differs", _UNCHANGED),
        ("operation-request-changed", "the new SDK asks in another way",
         "the new version of the SDK asks in another way; its users change nothing"),
        ("overlay-action-matches-again", "an overlay action finds its node again", "the deviation is applied"),
    ),
)  # fmt: skip
