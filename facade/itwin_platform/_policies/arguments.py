"""What the arguments of methods become in a request: lists, levels of detail, changes. Used by the API groups alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar, overload

from itwin_platform_api.runtime import UNCHANGED, Model, Unchanged, comma_list

from ..filters import ArgumentOrder, Brackets, Expression
from .paging import check_limit

V = TypeVar("V")
M = TypeVar("M", bound=Model)

# The most items that the platform lists, over all pages.
MAX_RETURN = 10_000

_ALWAYS = ("id", "displayName")
_LEVELS = {"minimal": "return=minimal", "full": "return=representation"}


def joined(name: str, values: str | Iterable[str] | None) -> str | None:
    """One value or several, separated by commas.

    Raises:
        ValueError: One of several has a comma in it.
    """
    if values is None or isinstance(values, str):
        return values
    try:
        return comma_list(values)
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{name}: {problem}")


def selected(select: str | Iterable[str] | None, detail: str) -> str | None:
    """The properties to return, with those that every model needs.

    Raises:
        ValueError: A full level of detail is asked for as well, which would be ignored.
    """
    if select is None:
        return None
    if detail != "minimal":
        raise ValueError('select and detail="full" exclude each other: name the properties, or ask for all')
    names = select.split(",") if isinstance(select, str) else select
    return joined("select", dict.fromkeys((*_ALWAYS, *names)))


def filter_text(
    filter: object,  # noqa: A002 (the word of the field)
    order: ArgumentOrder = "value-first",
    *,
    brackets: Brackets = "[]",
    quoted_guids: bool = True,
) -> str | None:
    """A filter as text, in the way that the page of the operation has it. The defaults are those of lists of iTwins.

    Parameters:
        filter: Text, which stays as it is, or an expression.
        order: What comes first in `contains` and its kind, where the expression does not say.
        brackets: What is around the values of `in`.
        quoted_guids: Whether a `UUID` is in quotes.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(filter, Expression):
        return filter.text(argument_order=order, brackets=brackets, quoted_guids=quoted_guids)
    if filter is None or isinstance(filter, str):
        return filter
    raise ValueError(f"filter must be text or an expression like where(...) == ..., not {filter!r:.80}")


def preferred(detail: str) -> str:
    """The `Prefer` header for a level of detail.

    Raises:
        ValueError: There is no such level.
    """
    if detail in _LEVELS:
        return _LEVELS[detail]
    raise ValueError('detail must be "minimal" or "full"')


def largest_list(limit: int | None) -> str:
    """How many items to ask for over all pages.

    Raises:
        ValueError: The limit is not a whole number from 1.
    """
    check_limit(limit)
    return str(min(limit or MAX_RETURN, MAX_RETURN))


@overload
def given(value: V | None) -> V | Unchanged: ...
@overload
def given(value: str | None, read: Callable[[str], V]) -> V | Unchanged: ...
def given(value: object, read: Callable[[str], object] | None = None) -> object:
    """An argument of something new, where None leaves out."""
    if value is None:
        return UNCHANGED
    return value if read is None else read(str(value))


def changed(value: str | Unchanged, read: Callable[[str], V]) -> V | Unchanged:
    """An argument of a change, as the type of its property. What is UNCHANGED stays so."""
    return read(value) if isinstance(value, str) else value


def one_change(changes: M | None, named: M) -> M:
    """The changes, which come either as a model or as arguments.

    Parameters:
        changes: The model, if one was given.
        named: The arguments as a model.

    Raises:
        ValueError: There are both or neither, or a property is None that cannot be null.
    """
    if changes is None:
        chosen = named
    elif named.to_dict():
        raise ValueError("give the changes either as a model or as arguments, not as both")
    elif isinstance(changes, type(named)):
        chosen = changes
    else:
        raise ValueError(f"changes must be a {type(named).__name__}, not a {type(changes).__name__}")
    if not chosen.to_dict():
        raise ValueError("there is nothing to change: name a property")
    return chosen
