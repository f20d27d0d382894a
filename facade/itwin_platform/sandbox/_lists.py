"""Lists: which resources of a collection a request asks for, in which order, and how much of each."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from ._asked import Asked, values_of
from ._catalogue import Collection, Json, ServedOperation, is_list
from ._clock import read
from ._filters import Dialect, FilterError, Test, UnknownPropertyError, compile_filter, values_at
from ._pages import page_of
from ._refusals import PARAMETER, invalid
from ._schemas import INVALID, Problem


def list_page(
    operation: ServedOperation, collection: Collection, resources: list[Json], asked: Asked
) -> tuple[Json, dict[str, str]]:
    """A page of a list as body and headers.

    Raises:
        RefusedError: A parameter cannot be used like this.
    """
    found: list[Problem] = []
    values = values_of(operation, asked, found)
    tests = _tests(operation, collection, values, found)
    order = _order(collection, values, found)
    shown = _shown(operation, collection, values, found)
    if found:
        raise invalid(operation, found)
    items = [each for each in resources if all(test(each) for test in tests)]
    for name, descending in reversed(order):
        items.sort(key=_sort_key(name), reverse=descending)
    headers: dict[str, str] = {}
    if isinstance(cap := values.get("X-Max-Return", _default(operation, "X-Max-Return")), int):
        items = items[:cap]
        headers["X-Max-Return"] = str(cap)
    page, links = page_of(operation, values, asked, items)
    body: Json = {str(operation.member): [shown(each) for each in page]}
    return body | ({"_links": links} if links else {}), headers


def _default(operation: ServedOperation, name: str) -> Any:
    return next((each["schema"].get("default") for each in operation.parameters if each["name"] == name), None)


def _tests(operation: ServedOperation, collection: Collection, values: Json, found: list[Problem]) -> list[Test]:
    """What the parameters ask of a resource."""
    tests: list[Test] = []
    for parameter in operation.parameters:
        name: str = parameter["name"]
        hidden = parameter.get("x-shows", {})
        if hidden and values.get(name) is not True and not hidden.keys() & values.keys():
            tests.append(_has_not(hidden))
        if name not in values:
            continue
        if "x-properties" in parameter:
            tests.append(_has_text(parameter["x-properties"], values[name]))
        elif "x-filter" in parameter or name == "$filter":
            tests += _statement(name, _dialect(parameter, collection), values[name], found)
        elif (path := str(parameter.get("x-property", name))).partition(".")[0] in collection.properties:
            tests.append(_compared(parameter.get("x-compares"), path, values[name]))
    return tests


def _dialect(parameter: Json, collection: Collection) -> Dialect:
    rules: Json = parameter.get("x-filter", {})
    names = rules.get("names") or {name: name for name in collection.properties}
    return Dialect(names, bare=rules.get("bare", False), negation=rules.get("not", False))


def _statement(name: str, dialect: Dialect, text: str, found: list[Problem]) -> list[Test]:
    try:
        return [compile_filter(text, dialect)]
    except UnknownPropertyError:
        found.append(Problem(INVALID, name))
    except FilterError:
        found.append(Problem(PARAMETER, name))
    return []


def _compared(how: str | None, path: str, value: Any) -> Test:
    """What a parameter that is about one property asks."""
    if how == "range" and isinstance(value, str):
        begin, end = (read(each) for each in value.split("/")[:2]) if value.count("/") == 1 else (None, None)
        return lambda resource: any(_is_between(begin, each, end) for each in values_at(resource, path))
    if how == "extent" and isinstance(value, str):
        return lambda resource: _overlaps(values_at(resource, path)[0], value)
    values = value if is_list(value) else [value]
    return lambda resource: any(each in values for each in values_at(resource, path))


def _is_between(begin: datetime | None, text: Any, end: datetime | None) -> bool:
    when = read(text)
    return bool(when and begin and end and begin <= when <= end)


def _overlaps(extent: Any, text: str) -> bool:
    """Whether the area of a resource overlaps one that is written as west, south, east, north."""
    try:
        west, south, east, north = map(float, text.split(","))
        low, high = extent["southWest"], extent["northEast"]
        across: bool = low["longitude"] <= east and west <= high["longitude"]
        # The documented example has the larger latitude first.
        along: bool = low["latitude"] <= max(south, north) and min(south, north) <= high["latitude"]
    except (KeyError, TypeError, ValueError):
        return False
    return across and along


def _has_not(hidden: Json) -> Test:
    return lambda resource: any(resource.get(name) != value for name, value in hidden.items())


def _has_text(names: list[str], text: str) -> Test:
    return lambda resource: any(text.casefold() in str(resource.get(name, "")).casefold() for name in names)


def _order(collection: Collection, values: Json, found: list[Problem]) -> list[tuple[str, bool]]:
    """The properties to sort by, each with whether the last comes first."""
    order: list[tuple[str, bool]] = []
    # One API writes it with a capital letter.
    named = next((name for name in values if name.lower() == "$orderby"), None)
    for item in values[named].split(",") if named else ():
        name, _, direction = item.strip().partition(" ")
        if name not in collection.properties or direction.strip().lower() not in {"", "asc", "desc"}:
            found.append(Problem(INVALID, str(named)))
            break
        order.append((name, direction.strip().lower() == "desc"))
    return order


def _sort_key(name: str) -> Callable[[Json], tuple[bool, Any]]:
    def key(resource: Json) -> tuple[bool, Any]:
        value = resource.get(name)
        if value is None or isinstance(value, (int, float)):
            return value is not None, value or 0
        return True, str(value).casefold()

    return key


def _shown(
    operation: ServedOperation, collection: Collection, values: Json, found: list[Problem]
) -> Callable[[Json], Json]:
    """What is shown of a resource."""
    names: Iterable[str] = [name for name in operation.shown if name not in operation.on_request]
    if "$select" in values:
        names = [name.strip() for name in values["$select"].split(",")]
        if any(name not in collection.properties for name in names):
            found.append(Problem(INVALID, "$select"))
    elif values.get("Prefer") == "return=representation":
        names = collection.properties
    return lambda resource: {name: resource[name] for name in names if name in resource}
