"""Converts the arguments of methods for requests: strings, lists, levels of detail, changes.

Used only by the API groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from itwin_platform_api.runtime import UNCHANGED, Model, Unchanged, comma_list, to_json

from ..filters import ArgumentOrder, Brackets, Expression
from .paging import check_limit

if TYPE_CHECKING:
    from itwin_platform_api.reality_management.models import Extent

E = TypeVar("E")
V = TypeVar("V")
M = TypeVar("M", bound=Model)

# The most items that the platform lists, over all pages.
MAX_RETURN = 10_000

_ALWAYS = ("id", "displayName")
_LEVELS = {"minimal": "return=minimal", "full": "return=representation"}


def joined(name: str, values: str | Iterable[str] | None) -> str | None:
    """One value or several, separated by commas.

    Raises:
        ValueError: It is neither a string nor a list, or one of several has a comma in it.
    """
    if values is None or isinstance(values, str):
        return values
    listed = _listed(name, values)
    try:
        return comma_list(listed)
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{name}: {problem}")


def _listed(name: str, values: object) -> list[str]:
    if isinstance(values, Iterable) and not isinstance(values, (bytes, bytearray)):
        return list(cast(Iterable[str], values))
    raise ValueError(f"{name} must be a string or a list of strings")


def check_excludes(name: str, value: object, **others: object) -> None:
    """Raise ValueError if an argument is given together with one that it excludes."""
    given_too = [other for other, each in others.items() if each is not None]
    if value is not None and given_too:
        raise ValueError(f"{name} and {given_too[0]} exclude each other")


def ids_or_stand_ins(uri: str | None, **ids: str | None) -> tuple[str, ...]:
    """The ids of a path; stand-ins for them where a link is followed instead.

    Raises:
        ValueError: There are both, or neither.
    """
    given_ids = [value for value in ids.values() if value is not None]
    if uri is None and len(given_ids) == len(ids):
        return tuple(given_ids)
    if uri is None or given_ids:
        *others, last = ids
        raise ValueError(f"give either uri, or {', '.join(others)}{' and ' if others else ''}{last}")
    return ("-",) * len(ids)


def text(name: str, value: object) -> str:
    """Required text.

    Raises:
        ValueError: It is not text, or nothing is in it.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, not {type(value).__name__}")  # noqa: TRY004 (one kind for all)
    if not value.strip():
        raise ValueError(f"{name} must not be empty")
    return value


def optional_text(name: str, value: str | None) -> str | None:
    """Optional text, which must not be empty.

    Raises:
        ValueError: It is neither None nor text with something in it.
    """
    return None if value is None else text(name, value)


def texts(name: str, values: Iterable[str]) -> list[str]:
    """Several texts.

    Raises:
        ValueError: They are one text, there is none, or one of them has nothing in it.
    """
    if (problem := _problem_of_list(values)) is not None:
        raise ValueError(f"{name} must be a list of strings, not {problem}")
    found = [text(f"each of {name}", value) for value in values]
    if not found:
        raise ValueError(f"{name} must not be empty")
    return found


def _problem_of_list(values: object) -> str | None:
    if isinstance(values, str):
        return "a single string"
    return None if isinstance(values, Iterable) else _with_article(type(values))


def period(name: str, value: str | tuple[datetime, datetime] | None) -> str | None:
    """A range of times: two moments, or the text that the platform takes.

    Raises:
        ValueError: It is neither, or the moments have no time zone or are in the wrong order.
    """
    if value is None or isinstance(value, str):
        return optional_text(name, value)
    moments = _several(value)
    if len(moments) != 2 or not all(isinstance(each, datetime) and each.tzinfo is not None for each in moments):
        raise ValueError(
            f"{name} must be a pair of datetimes with a time zone, or a string such as 2025-01-01T00:00:00Z/..."
        )
    begin, end = (each.astimezone(UTC) for each in moments)
    if begin > end:
        raise ValueError(f"{name} must not end before it begins")
    return f"{to_json(begin)}/{to_json(end)}"


def area(name: str, value: str | tuple[float, float, float, float] | None) -> str | None:
    """A rectangle on the earth: four numbers, or the text that the platform takes.

    Raises:
        ValueError: It is neither.
    """
    if value is None or isinstance(value, str):
        return optional_text(name, value)
    return comma_list(_corners(name, value))


def extent_of(value: Extent | tuple[float, float, float, float] | E) -> Extent | E:
    """The area that something covers. Four numbers become an object; what else it is stays as it is.

    Raises:
        ValueError: It has other numbers, or not four.
    """
    if not isinstance(value, (tuple, list)):
        return value
    from itwin_platform_api.reality_management.models import Coordinate, Extent

    west, south, east, north = _corners("extent", cast(object, value))
    return Extent(Coordinate(latitude=south, longitude=west), Coordinate(latitude=north, longitude=east))


def _corners(name: str, value: object) -> list[float]:
    numbers = _several(value)
    if len(numbers) != 4 or not all(type(each) in {int, float} and math.isfinite(each) for each in numbers):
        raise ValueError(f"{name} must be four numbers: longitude and latitude of the southwest and northeast corners")
    return numbers


def _several(value: object) -> list[Any]:
    return list(cast(Iterable[Any], value)) if isinstance(value, (tuple, list)) else []


def selected(select: str | Iterable[str] | None, detail: str) -> str | None:
    """The properties to return, with those that every model needs.

    Raises:
        ValueError: A full level of detail is asked for as well, which would be ignored.
    """
    if select is None:
        return None
    if detail != "minimal":
        raise ValueError('select and detail="full" exclude each other: name the properties, or ask for all')
    names = select.split(",") if isinstance(select, str) else _listed("select", select)
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
    raise ValueError(f"filter must be a string or an expression like where(...) == ..., not {type(filter).__name__}")


def preferred(detail: str) -> str:
    """The `Prefer` header for a level of detail.

    Raises:
        ValueError: There is no such level.
    """
    return _LEVELS[one_of("detail", detail, tuple(_LEVELS))]


def one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    """A value out of a few.

    Raises:
        ValueError: It is none of them.
    """
    if isinstance(value, str) and value in known:  # pyright: ignore[reportUnnecessaryIsInstance]
        return value
    quoted = [f'"{each}"' for each in known]
    raise ValueError(f"{name} must be {' or '.join(quoted)}")


def largest_list(limit: int | None) -> str:
    """How many items to request over all pages.

    Raises:
        ValueError: The limit is not a whole number from 1.
    """
    check_limit(limit)
    return str(min(limit or MAX_RETURN, MAX_RETURN))


def choice(name: str, read: Callable[[str], V], value: str | None) -> V:
    """An argument of something new that takes one of some words, as the type of its property.

    Raises:
        ValueError: It is None, or no text.
    """
    if isinstance(value, str):
        return read(value)
    raise ValueError(f"{name} is required" if value is None else f"{name} must be a string, not {type(value).__name__}")


@overload
def given(value: V | None) -> V | Unchanged: ...
@overload
def given(value: str | None, read: Callable[[str], V]) -> V | Unchanged: ...
def given(value: object, read: Callable[[str], object] | None = None) -> object:
    """An argument of something new, where None leaves out."""
    if value is None:
        return UNCHANGED
    # What is no text is refused when the request is made, with the name of its property.
    return read(value) if read is not None and isinstance(value, str) else value


def changed(value: str | Unchanged, read: Callable[[str], V]) -> V | Unchanged:
    """An argument of a change, as the type of its property. What is UNCHANGED stays so."""
    return read(value) if isinstance(value, str) else value


def needed(name: str, value: V | None) -> V:
    """A required argument of something new.

    Raises:
        ValueError: It is None.
    """
    if value is None:
        raise ValueError(f"{name} is required, as an argument or in a model")
    return value


def any_given(*arguments: object) -> bool:
    """Whether one of some arguments is not None."""
    return any(each is not None for each in arguments)


def one_body(name: str, whole: M | None, kind: type[M], make: Callable[[], M], *, given: bool) -> M:
    """Something new, which comes either as a model or as arguments.

    Parameters:
        name: The argument that takes the model.
        whole: The model, if one was given.
        kind: Its class.
        make: Makes the model of the arguments.
        given: Whether there are arguments.

    Raises:
        ValueError: There are both, or an argument is missing.
    """
    if whole is None:
        return make()
    if not isinstance(whole, kind):
        raise ValueError(_another_kind(name, kind, whole))  # noqa: TRY004 (one kind for all)
    if given:
        raise ValueError(f"give either {_with_article(kind)} or arguments, not both")
    return whole


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
    elif _sends(named):
        raise ValueError("give the changes either as a model or as arguments, not both")
    elif isinstance(changes, type(named)):
        chosen = changes
    else:
        raise ValueError(_another_kind("changes", type(named), changes))
    if not _sends(chosen):
        raise ValueError("there is nothing to change: give at least one property")
    return chosen


def _another_kind(name: str, kind: type, value: object) -> str:
    return f"{name} must be {_with_article(kind)}, not {_with_article(type(value))}"


def _with_article(kind: type) -> str:
    # UUID begins with a consonant, Unchanged with a vowel.
    vowels = ("A", "E", "I", "O", "UN")
    return f"{'an' if kind.__name__.upper().startswith(vowels) else 'a'} {kind.__name__}"


def _sends(model: Model) -> bool:
    """Whether there is anything in a body."""
    try:
        return bool(model.to_dict())
    except ValueError as error:
        problem = str(error)
    # Here, because what it was raised from holds the body, and secrets may be in it.
    raise ValueError(problem)
