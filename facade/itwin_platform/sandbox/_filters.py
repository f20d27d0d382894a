"""The `$filter` of lists: as much of OData as the documentation uses.

`eq ne gt ge lt le in and or`, parentheses, and `contains('text', property)` and `startswith('text', property)`. As the
platform documents it, the text comes before the property, and case does not matter. Times stand without quotes.
"""

import operator
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

Test = Callable[[Mapping[str, Any]], bool]

_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)"
_TOKEN = re.compile(rf"\s*(?:('(?:[^']|'')*')|({_TIME}|-?\d+(?:\.\d+)?)(?![\w.])|(\w+)|([(),\[\]]))")
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


def compile_filter(text: str, properties: Collection[str]) -> Test:
    """What a filter asks of a resource.

    Raises:
        FilterError: It cannot be read.
    """
    parser = _Parser(text, properties)
    test = parser.alternatives()
    parser.end()
    return test


class _Parser:
    def __init__(self, text: str, properties: Collection[str]) -> None:
        self._tokens: list[str] = []
        self._properties = properties
        self._depth = 0
        position = 0
        text = text.rstrip()
        while position < len(text):
            if not (found := _TOKEN.match(text, position)):
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
        if self._took("("):
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise FilterError("too deep")
            test = self.alternatives()
            self._expect(")")
            self._depth -= 1
            return test
        word = self._next()
        if word in {"contains", "startswith"}:
            self._expect("(")
            text = _value(self._next())
            self._expect(",")
            name = self._property(self._next())
            self._expect(")")
            return _text_test(word, name, text)
        comparison = self._next()
        if comparison != "in" and comparison not in _COMPARISONS:
            raise FilterError(comparison)
        name = self._property(word)
        if comparison == "in":
            tests = [_comparison_test("eq", name, value) for value in self._list()]
            return lambda resource: any(test(resource) for test in tests)
        return _comparison_test(comparison, name, _value(self._next()))

    def _list(self) -> list[Any]:
        closing = {"[": "]", "(": ")"}.get(self._next())
        if closing is None:
            raise FilterError("in")
        values = [_value(self._next())]
        while self._took(","):
            values.append(_value(self._next()))
        self._expect(closing)
        return values

    def _property(self, name: str) -> str:
        if not name.isidentifier():
            raise FilterError(name)
        if name not in self._properties:
            raise UnknownPropertyError(name)
        return name

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


def _value(token: str) -> Any:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'").casefold()
    if token in _WORDS:
        return _WORDS[token]
    if re.fullmatch(_TIME, token):
        return _time(token)
    try:
        return float(token)
    except ValueError:
        raise FilterError(token) from None


def _time(text: Any) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (OverflowError, TypeError, ValueError):
        raise FilterError(text) from None


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _text_test(word: str, name: str, text: Any) -> Test:
    if not isinstance(text, str):
        raise FilterError(word)
    if word == "contains":
        return lambda resource: text in str(_folded(resource.get(name)) or "")
    return lambda resource: str(_folded(resource.get(name)) or "").startswith(text)


def _comparison_test(word: str, name: str, value: Any) -> Test:
    compare = _COMPARISONS[word]

    def test(resource: Mapping[str, Any]) -> bool:
        found = resource.get(name)
        try:
            if isinstance(value, datetime) and found is not None:
                return compare(_time(found), value)
            return compare(_folded(found), value)
        except (FilterError, TypeError):  # of two kinds of values none is greater
            return False

    return test
