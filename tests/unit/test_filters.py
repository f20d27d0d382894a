"""Filters written in Python: their text means the same to an independent reader of OData."""

from __future__ import annotations

import copy
import datetime as module
import functools
import operator
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odata_query import ast
from odata_query.grammar import ODataLexer, ODataParser

from itwin_platform._policies.arguments import filter_text
from itwin_platform.filters import ArgumentOrder, Brackets, Expression, Property, where
from tests.support.filters import Plain, built, filters_on

PROPERTIES = {"displayName": "text", "number": "text", "latitude": "number", "parentId": "id"}
PROPERTIES |= {"createdDateTime": "moment", "isOpen": "boolean"}

filters = filters_on(PROPERTIES)
orders = st.sampled_from(["value-first", "property-first"])


def normal(plain: Plain) -> Plain:
    """The filter without what two spellings may differ in: nesting of the same word, and `not` twice."""
    match plain:
        case ("and" | "or" as word, terms):
            parts = map(normal, terms)
            return word, tuple(each for part in parts for each in (part[1] if part[0] == word else (part,)))
        case ("not", term):
            inner = normal(term)
            return inner[1] if inner[0] == "not" else ("not", inner)
        case ("in", name, several):
            return "in", name, tuple(map(typed, several))
        case (word, name, value):
            return word, name, typed(value)
    raise AssertionError(plain)


def typed(value: Any) -> Any:
    """A value that is equal only to those of the same kind."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number", Decimal(repr(value))
    return type(value).__name__, value


def read(text: str) -> Plain:
    """What an independent reader of OData makes of a text."""
    return normal(_plain(ODataParser().parse(ODataLexer().tokenize(text))))


def _plain(node: Any) -> Any:
    match node:
        case ast.BoolOp(op=ast.And(), left=left, right=right):
            return "and", (_plain(left), _plain(right))
        case ast.BoolOp(op=ast.Or(), left=left, right=right):
            return "or", (_plain(left), _plain(right))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return "not", _plain(operand)
        case ast.Compare(comparator=ast.In(), left=ast.Identifier(name=name), right=ast.List(val=several)):
            return "in", name, tuple(map(_plain, several))
        case ast.Compare(comparator=comparator, left=ast.Identifier(name=name), right=value):
            spelled = {"Eq": "eq", "NotEq": "ne", "Gt": "gt", "GtE": "ge", "Lt": "lt", "LtE": "le"}
            return spelled[type(comparator).__name__], name, _plain(value)
        case ast.Call(func=function, args=arguments):
            (name,) = (each.name for each in arguments if isinstance(each, ast.Identifier))
            (text,) = (each.val for each in arguments if isinstance(each, ast.String))
            return function.name, name, text
        case ast.GUID(val=text):
            return UUID(text)
        case ast.DateTime(val=text):
            return datetime.fromisoformat(text)
        case ast.Float(val=text) | ast.Integer(val=text):
            return int(text) if text.lstrip("-").isdigit() else float(text)
        case literal:
            return literal.py_val


# The reader takes parentheses around a single value for nothing but parentheses.
@given(filters_on(PROPERTIES, fewest=2), orders)
def test_an_independent_reader_understands_what_was_meant(plain: Plain, order: ArgumentOrder) -> None:
    text = built(plain).text(argument_order=order, brackets="()", quoted_guids=False)
    assert read(text) == normal(plain)


@given(filters, filters)
def test_repr_is_the_python_that_makes_it(one: Plain, other: Plain) -> None:
    first, second = built(one), built(other)
    again = eval(repr(first), {"where": where, "datetime": module, "UUID": UUID})
    assert again == first
    assert again.equals(first)
    assert hash(again) == hash(first)
    assert again.text() == first.text() == str(pickle.loads(pickle.dumps(first))) == str(copy.deepcopy(first))
    assert (first == second) == (normal(one) == normal(other))


number = where("number")
active = where("status") == "Active"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (where("displayName") == "O'Brien", "displayName eq 'O''Brien'"),
        (where("displayName") != None, "displayName ne null"),  # noqa: E711 (null is a value here)
        (where("number") == "", "number eq ''"),
        (where("isOpen") == True, "isOpen eq true"),  # noqa: E712 (so is a boolean)
        (number > 7, "number gt 7"),
        (7 > number, "number lt 7"),  # noqa: SIM300
        ("x" == number, "number eq 'x'"),  # noqa: SIM300 (it may stand on either side)
        (where("latitude") <= 1e-7, "latitude le 0.0000001"),
        (where("latitude") <= -1e16, "latitude le -10000000000000000"),
        (where("createdDateTime") >= datetime(2024, 9, 1, tzinfo=UTC), "createdDateTime ge 2024-09-01T00:00:00Z"),
        (
            where("createdDateTime") < datetime(2024, 9, 1, 1, 0, 0, 5000, timezone(timedelta(hours=2))),
            "createdDateTime lt 2024-08-31T23:00:00.005000Z",
        ),
        (where("parentId") == UUID(int=7), "parentId eq '00000000-0000-0000-0000-000000000007'"),
        (where("status").in_(["Active", "Trial"]), "status in ['Active','Trial']"),
        (number.contains("'"), "contains('''',number)"),
        (number.starts_with("a", argument_order="property-first"), "startswith(number,'a')"),
        (~number.ends_with("a"), "not endswith('a',number)"),
        (~(number == "a"), "not (number eq 'a')"),
        (~~active, "status eq 'Active'"),
        (active & (active & active), " and ".join(["status eq 'Active'"] * 3)),
        (active & active | active, "status eq 'Active' and status eq 'Active' or status eq 'Active'"),
        (active & (active | active), "status eq 'Active' and (status eq 'Active' or status eq 'Active')"),
        (~(active & active), "not (status eq 'Active' and status eq 'Active')"),
    ],
    ids=str,
)
def test_the_text_has_quotes_and_parentheses_where_they_are_needed(expression: Expression, text: str) -> None:
    assert str(expression) == text
    assert filter_text(expression) == text


def test_an_operation_has_its_own_way_to_write_and_an_expression_can_have_another() -> None:
    expression = number.contains("a") & number.contains("b", argument_order="value-first")
    expression &= where("id").in_([UUID(int=0)])
    text = filter_text(expression, order="property-first", brackets="()", quoted_guids=False)
    assert text == "contains(number,'a') and contains('b',number) and id in (00000000-0000-0000-0000-000000000000)"
    assert filter_text("as it is") == "as it is"
    assert filter_text(None) is None


class Status(str, Enum):  # noqa: UP042 (the older kind has another str())
    ACTIVE = "Active"


def test_members_of_enums_are_their_values() -> None:
    assert str(where("status") == Status.ACTIVE) == "status eq 'Active'"
    assert (where("status") == Status.ACTIVE) == active


@pytest.mark.parametrize(
    "make",
    [
        lambda: number == datetime(2024, 9, 1),  # noqa: DTZ001 (that is what is refused)
        lambda: number == date(2024, 9, 1),
        lambda: number >= datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        lambda: number == float("nan"),  # noqa: PLW0177 (no comparison: it makes a filter)
        lambda: number == float("inf"),
        lambda: number == "\ud800",
        lambda: number == "a\nb",
        lambda: number == "\x85",
        lambda: number != b"bytes",
        lambda: number == cast("str", where("status")),
        lambda: number == active,
        lambda: number == ["a"],
        lambda: number < None,
        lambda: number >= True,
        lambda: number.in_([]),
        lambda: number.in_("abc"),
        lambda: number.in_(["a", cast("str", object())]),
        lambda: number.contains(""),
        lambda: number.contains(cast("str", 5)),
        lambda: number.starts_with("\0"),
        lambda: number.contains("a", argument_order=cast("ArgumentOrder", "first")),
        lambda: active.text(argument_order=cast("ArgumentOrder", "first")),
        lambda: active.text(brackets=cast("Brackets", "<>")),
        lambda: where(""),
        lambda: where("display name"),
        lambda: where("a eq 'b' or c"),
        lambda: where("number\n"),
        lambda: where("null"),
        lambda: where("not"),
        lambda: filter_text(number),
        lambda: filter_text(False),
        lambda: functools.reduce(lambda found, _: ~(found & active), range(60), active),
    ],
)
def test_what_cannot_be_a_filter_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w{3}"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: all([active, active]),
        lambda: not active,
        lambda: 1 < number < 7,
        lambda: bool(number),
        lambda: number == 1 & where("status") == 2,
        lambda: active & number,
        lambda: number | active,
        lambda: ~number,
    ],
)
def test_python_that_would_mean_something_else_is_refused_with_advice(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="in parentheses"):
        make()


def test_joining_with_what_is_no_filter_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        _ = active & cast("Any", "status eq 'Active'")


def test_properties_are_told_apart_with_equals() -> None:
    assert number.equals(where("number"))
    assert not number.equals(where("status"))
    assert not number.equals("number")
    assert hash(number) == hash(where("number"))
    assert repr(number) == "where('number')"
    assert isinstance(number, Property)
    assert not active.equals(number)


def test_thousands_of_expressions_can_be_joined() -> None:
    many = functools.reduce(operator.or_, [where("number") == str(count) for count in range(3000)])
    assert str(many).count(" or ") == 2999
    assert str(~many & active).startswith("not (number eq '0' or ")
