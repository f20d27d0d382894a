"""What the arguments of methods become in a request: lists, levels of detail, changes. Used by the API groups alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar, cast, overload

from itwin_platform_api.runtime import UNCHANGED, Model, Unchanged, comma_list

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
        ValueError: It is no text and no list, or one of several has a comma in it.
    """
    if values is None or isinstance(values, str):
        return values
    try:
        return comma_list(_listed(name, values))
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{name}: {problem}")


def _listed(name: str, values: object) -> list[str]:
    if isinstance(values, Iterable) and not isinstance(values, (bytes, bytearray)):
        return list(cast(Iterable[str], values))
    raise ValueError(f"{name} must be text, or a list of texts")


def check_exclusive(**arguments: object) -> None:
    """Raise ValueError if more than one of some arguments is given, which exclude each other."""
    names = [name for name, value in arguments.items() if value is not None]
    if len(names) > 1:
        raise ValueError(f"{' and '.join(names)} exclude each other")


def ids_or_stand_ins(uri: str | None, **ids: str | None) -> tuple[str, ...]:
    """The ids of a path; stand-ins for them where a link is followed instead.

    Raises:
        ValueError: There are both, or neither.
    """
    given_ids = [value for value in ids.values() if value is not None]
    if uri is None and len(given_ids) == len(ids):
        return tuple(given_ids)
    if uri is None or given_ids:
        raise ValueError(f"give either {', '.join(ids)} or uri, whole and not both")
    return ("-",) * len(ids)


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


def preferred(detail: str) -> str:
    """The `Prefer` header for a level of detail.

    Raises:
        ValueError: There is no such level.
    """
    if isinstance(detail, str) and detail in _LEVELS:  # pyright: ignore[reportUnnecessaryIsInstance]
        return _LEVELS[detail]
    raise ValueError('detail must be "minimal" or "full"')


def largest_list(limit: int | None) -> str:
    """How many items to ask for over all pages.

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
    raise ValueError(f"{name} is needed: it must be text, not {type(value).__name__}")


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
    """An argument of something new that it cannot do without.

    Raises:
        ValueError: It is None.
    """
    if value is None:
        raise ValueError(f"{name} is missing: give it as an argument, or everything as a model")
    return value


def any_given(*arguments: object) -> bool:
    """Whether one of some arguments is not None."""
    return any(each is not None for each in arguments)


def one_body(whole: M | None, kind: type[M], make: Callable[[], M], *, given: bool) -> M:
    """Something new, which comes either as a model or as arguments.

    Parameters:
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
        raise ValueError(f"the model must be a {kind.__name__}, not a {type(whole).__name__}")  # noqa: TRY004
    if given:
        raise ValueError(f"give either a {kind.__name__} or arguments, not both")
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
        raise ValueError("give the changes either as a model or as arguments, not as both")
    elif isinstance(changes, type(named)):
        chosen = changes
    else:
        raise ValueError(f"changes must be a {type(named).__name__}, not a {type(changes).__name__}")
    if not _sends(chosen):
        raise ValueError("there is nothing to change: name a property")
    return chosen


def _sends(model: Model) -> bool:
    """Whether there is anything in a body."""
    try:
        return bool(model.to_dict())
    except ValueError as error:
        problem = str(error)
    # Here, because what it was raised from holds the body, and secrets may be in it.
    raise ValueError(problem)
