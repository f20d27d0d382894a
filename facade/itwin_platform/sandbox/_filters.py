"""The `$filter` of lists: as much of OData as the documentation uses.

`eq ne gt ge lt le in and or`, parentheses, and `contains('text', property)` and `startswith('text', property)`. Case
does not matter, and times stand without quotes. In lists the text comes before the property, in exports after it: each
operation documents its own.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ._catalogue import is_list
from ._clock import read

Test = Callable[[Mapping[str, Any]], bool]

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)"
_TOKEN = re.compile(rf"\s*(?:('(?:[^']|'')*')|({_TIME}|-?\d+(?:\.\d+)?)(?![\w.])|(\w+)|([(),\[\]]))")
# Where values need no quotes, they are whatever has no blanks: GUIDs and times.
_BARE_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([\w-][\w.:+-]*)|([(),\[\]]))")
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_WORDS = {"true": True, "false": False, "null": None}
_MAX_DEPTH = 50


class FilterError(Exception):
    """A statement that is wrong, or that is not supported."""


class UnknownPropertyError(FilterError):
    """A property that resources do not have."""


@dataclass(frozen=True)
class Dialect:
    """How the operation that a statement is for writes statements.

    Attributes:
        names: The properties that a statement may name, with what they stand for; dots lead into objects and lists.
        bare: Whether values may stand without quotes.
        negation: Whether there is a `not`.
        property_first: Whether `contains` and `startswith` take the property before the text.
    """

    names: Mapping[str, str]
    bare: bool = False
    negation: bool = False
    property_first: bool = False


def compile_filter(text: str, dialect: Dialect) -> Test:
    """What a filter asks of a resource.

    Raises:
        FilterError: It cannot be read.
    """
    parser = _Parser(text, dialect)
    test = parser.alternatives()
    parser.end()
    return test


def values_at(resource: Any, path: str) -> list[Any]:
    """What is at a path of properties: one value, or as many as the lists on the way have."""
    found = [resource]
    for name in path.split("."):
        below = [cast(Mapping[str, Any], each).get(name) for each in found if isinstance(each, Mapping)]
        found = [item for each in below for item in _items(each)]
    return found


def _items(value: Any) -> Iterable[Any]:
    return value if is_list(value) else [value]


class _Parser:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self._tokens: list[str] = []
        self._dialect = dialect
        self._depth = 0
        position = 0
        text = text.rstrip()
        token = _BARE_TOKEN if dialect.bare else _TOKEN
        while position < len(text):
            if not (found := token.match(text, position)):
                raise FilterError(f"position {position}")
            self._tokens.append(found[0].strip())
            position = found.end()
        self._tokens.reverse()

    def alternatives(self) -> Test:
        tests = [self._conjunction()]
        while self._took("or"):
            tests.append(self._conjunction())
        return lambda resource: any(test(resource) for test in tests)

    def end(self) -> None:
        if self._tokens:
            raise FilterError(self._tokens[-1])

    def _conjunction(self) -> Test:
        tests = [self._statement()]
        while self._took("and"):
            tests.append(self._statement())
        return lambda resource: all(test(resource) for test in tests)

    def _statement(self) -> Test:
        if self._dialect.negation and self._took("not"):
            return self._deeper(self._negated)
        if self._took("("):
            return self._deeper(self._grouped)
        word = self._next()
        if word in {"contains", "startswith"}:
            return self._text_test(word)
        comparison = self._next()
        if comparison != "in" and comparison not in _COMPARISONS:
            raise FilterError(comparison)
        path = self._property(word)
        if comparison == "in":
            values = self._list()
            return lambda resource: any(_comparable(each) in values for each in values_at(resource, path))
        return _comparison_test(comparison, path, self._value(self._next()))

    def _deeper(self, parse: Callable[[], Test]) -> Test:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FilterError("too deep")
        test = parse()
        self._depth -= 1
        return test

    def _negated(self) -> Test:
        test = self._statement()
        return lambda resource: not test(resource)

    def _grouped(self) -> Test:
        test = self.alternatives()
        self._expect(")")
        return test

    def _text_test(self, word: str) -> Test:
        self._expect("(")
        first = self._next()
        self._expect(",")
        name, text = (first, self._next()) if self._dialect.property_first else (self._next(), first)
        path = self._property(name)
        if not text.startswith("'"):
            raise FilterError(word)
        self._expect(")")
        sought = text[1:-1].replace("''", "'").casefold()
        if word == "contains":
            return lambda resource: any(sought in _text(each) for each in values_at(resource, path))
        return lambda resource: any(_text(each).startswith(sought) for each in values_at(resource, path))

    def _list(self) -> list[Any]:
        closing = {"[": "]", "(": ")"}.get(self._next())
        if closing is None:
            raise FilterError("in")
        values = [self._value(self._next())]
        while self._took(","):
            values.append(self._value(self._next()))
        self._expect(closing)
        return values

    def _property(self, name: str) -> str:
        if not name.isidentifier():
            raise FilterError(name)
        if name not in self._dialect.names:
            raise UnknownPropertyError(name)
        return self._dialect.names[name]

    def _value(self, token: str) -> Any:
        if token.startswith("'"):
            return _comparable(token[1:-1].replace("''", "'"))
        if token in _WORDS:
            return _WORDS[token]
        if (time := read(token)) is not None:
            return time
        try:
            return float(token)
        except ValueError:
            if self._dialect.bare and token not in {"(", ")", "[", "]", ","}:
                return _comparable(token)
            raise FilterError(token) from None

    def _next(self) -> str:
        if not self._tokens:
            raise FilterError("end")
        return self._tokens.pop()

    def _took(self, word: str) -> bool:
        if self._tokens and self._tokens[-1] == word:
            self._tokens.pop()
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._took(word):
            raise FilterError(word)


def _comparable(value: Any) -> Any:
    """A value as it is compared: times as times, and other texts without case."""
    return read(value) or value.casefold() if isinstance(value, str) else value


def _text(value: Any) -> str:
    return "" if value is None else str(value).casefold()


def _comparison_test(word: str, path: str, value: Any) -> Test:
    compare = _COMPARISONS[word]

    def holds(each: Any) -> bool:
        try:
            return compare(_comparable(each), value)
        except TypeError:  # of two kinds of values none is greater
            return False

    return lambda resource: any(map(holds, values_at(resource, path)))
