"""Filters for lists, written in Python instead of OData: `where("number") == "O'Brien"` is `number eq 'O''Brien'`.

    from itwin_platform.filters import where

    recent = where("createdDateTime") >= datetime(2024, 9, 1, tzinfo=UTC)
    platform.itwins.list(filter=recent & where("displayName").contains("bridge"))

Every `filter=` argument takes such an expression or text. `&` and `|` combine expressions, and `~` negates one; because
they bind more tightly than `==` and `<` in Python, put every comparison in parentheses. Properties have their
documented names, `displayName` and not `display_name`. The page of an operation says which operators and functions it
understands. Nothing here sends anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal, NoReturn, get_args

from .._flags import check_flags
from . import _tree
from ._tree import ArgumentOrder, Brackets, Node, Style
from ._values import Value, checked, ordered

__all__ = ["ArgumentOrder", "Brackets", "Expression", "Property", "Value", "where"]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# Words that could not be told from a property.
_RESERVED: Final = {"and", "or", "not", "in", "true", "false", "null", *_tree.OPERATORS, *_tree.METHODS}


def __dir__() -> list[str]:
    return list(__all__)


def where(name: str) -> Property:
    """A property, to compare.

    Parameters:
        name: Its name as documented, for instance `"displayName"`.

    Raises:
        ValueError: No property can have this name.
    """
    return Property(name)


class _WithoutTruth:
    """An object that `and`, `or`, `not` and `if` refuse, because it would always be true."""

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a filter is neither true nor false: join filters with &, | and ~ instead of and, or and not, put every "
            "comparison in parentheses, and write a < b < c as two comparisons"
        )


class Property(_WithoutTruth):
    """A property of the listed items. Comparing it creates an expression: `where("number") == "7"`.

    This includes `==` and `!=`; to find out whether two properties are the same, use `equals`.

    Values are strings, numbers, booleans, `None` (null), datetimes with a time zone, and `uuid.UUID` for ids. A value
    that cannot be part of a filter raises ValueError.
    """

    def __init__(self, name: str) -> None:
        """See `where`."""
        is_text = isinstance(name, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        if not is_text or not _NAME.fullmatch(name) or name in _RESERVED:
            raise ValueError(f"{name!r:.80} is not the name of a property: that is one word, as documented")
        self._name = name

    def equals(self, other: object) -> bool:
        """Whether `other` is the same property."""
        return isinstance(other, Property) and repr(self) == repr(other)

    def in_(self, values: Iterable[Value]) -> Expression:
        """The property has one of these values.

        Raises:
            ValueError: There are no values, or one of them cannot be part of a filter.
        """
        found = tuple(map(checked, values)) if _is_list(values) else ()
        if not found:
            raise ValueError("in_ needs a list with at least one value")
        return Expression(_tree.Membership(self._name, found))

    def contains(self, text: str, *, argument_order: ArgumentOrder | None = None) -> Expression:
        """The property contains the text.

        Parameters:
            text: The text to look for.
            argument_order: What comes first in `contains(...)`: `"value-first"` or `"property-first"`. The default is
                that of the operation: lists of iTwins have the value first, exports the property, as in OData.

        Raises:
            ValueError: The text is empty or cannot be part of a filter.
        """
        return self._text_test("contains", text, argument_order)

    def starts_with(self, text: str, *, argument_order: ArgumentOrder | None = None) -> Expression:
        """The property begins with the text. Parameters and errors are those of `contains`."""
        return self._text_test("startswith", text, argument_order)

    def ends_with(self, text: str, *, argument_order: ArgumentOrder | None = None) -> Expression:
        """The property ends with the text. Parameters and errors are those of `contains`."""
        return self._text_test("endswith", text, argument_order)

    def _text_test(self, function: str, text: str, argument_order: ArgumentOrder | None) -> Expression:
        value = checked(text)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{_tree.METHODS[function]} needs a non-empty string")
        if argument_order is not None:
            _check("argument_order", argument_order, ArgumentOrder)
        return Expression(_tree.TextTest(function, self._name, value, argument_order))

    def _compared(self, word: str, value: Value) -> Expression:
        return Expression(_tree.Comparison(self._name, word, value))

    def __eq__(self, value: Value) -> Expression:  # type: ignore[override]
        return self._compared("eq", checked(value))

    def __ne__(self, value: Value) -> Expression:  # type: ignore[override]
        return self._compared("ne", checked(value))

    def __gt__(self, value: Value) -> Expression:
        return self._compared("gt", ordered(value))

    def __ge__(self, value: Value) -> Expression:
        return self._compared("ge", ordered(value))

    def __lt__(self, value: Value) -> Expression:
        return self._compared("lt", ordered(value))

    def __le__(self, value: Value) -> Expression:
        return self._compared("le", ordered(value))

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"where({self._name!r})"

    # Python reads `where("a") == 1 & where("b") == 2` as `where("a") == (1 & where("b")) == 2`.
    def __and__(self, other: object) -> NoReturn:
        self._joined_too_early()

    def __rand__(self, other: object) -> NoReturn:
        self._joined_too_early()

    def __or__(self, other: object) -> NoReturn:
        self._joined_too_early()

    def __ror__(self, other: object) -> NoReturn:
        self._joined_too_early()

    def __invert__(self) -> NoReturn:
        self._joined_too_early()

    def _joined_too_early(self) -> NoReturn:
        raise TypeError(f"put comparisons in parentheses before joining them: ({self!r} == ...) & (...)")


class Expression(_WithoutTruth):
    """A condition on the listed items, created with `where` and combined with `&`, `|` and `~`.

    `str(expression)` is its text as for lists of iTwins, and `repr` is the Python that creates it. Two expressions are
    equal if both are written the same.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    def text(
        self,
        *,
        argument_order: ArgumentOrder = "value-first",
        brackets: Brackets = "[]",
        quoted_guids: bool = True,
    ) -> str:
        """The expression in OData, with parentheses only where they are needed.

        Methods of the client write it in the way that their operation needs. For requests of your own, the defaults are
        those of lists of iTwins.

        Parameters:
            argument_order: What comes first in `contains` and similar functions, unless the expression says so itself.
            brackets: The brackets around the values of `in`.
            quoted_guids: Whether a `UUID` is quoted, like text.

        Raises:
            ValueError: There is no such order, or there are no such brackets.
        """
        _check("argument_order", argument_order, ArgumentOrder)
        _check("brackets", brackets, Brackets)
        check_flags(quoted_guids=quoted_guids)
        return _tree.as_text(self._node, Style(argument_order, brackets, quoted_guids))

    def equals(self, other: object) -> bool:
        """Whether `other` is the same expression."""
        return isinstance(other, Expression) and repr(self) == repr(other)

    def __and__(self, other: Expression) -> Expression:
        if not isinstance(other, Expression):  # pyright: ignore[reportUnnecessaryIsInstance]
            return NotImplemented
        return self._joined("and", other)

    def __or__(self, other: Expression) -> Expression:
        if not isinstance(other, Expression):  # pyright: ignore[reportUnnecessaryIsInstance]
            return NotImplemented
        return self._joined("or", other)

    def __invert__(self) -> Expression:
        return Expression(_tree.negated(self._node))

    def _joined(self, word: Literal["and", "or"], other: Expression) -> Expression:
        return Expression(_tree.joined(word, self._node, other._node))

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return _tree.as_python(self._node)


def _check(name: str, value: str, kind: Any) -> None:
    if value not in get_args(kind):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, get_args(kind)))}")


def _is_list(values: object) -> bool:
    return isinstance(values, Iterable) and not isinstance(values, (str, bytes))
