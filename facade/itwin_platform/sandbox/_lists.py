"""Lists: which resources of a collection a request asks for, in which order, and how much of each."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ._catalogue import Collection, Json, ServedOperation
from ._filters import FilterError, Test, UnknownPropertyError, compile_filter
from ._refusals import HEADER, PARAMETER, invalid
from ._schemas import INVALID, Problem, problems

_PAGING = ("$skip", "$top")


@dataclass(frozen=True)
class Asked:
    """What a request for a list brings with it.

    Attributes:
        url: Its address without the query.
        query: The parameters of the query, decoded.
        headers: The headers, by any spelling of their names.
    """

    url: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]


def list_page(
    operation: ServedOperation, collection: Collection, resources: list[Json], asked: Asked
) -> tuple[Json, dict[str, str]]:
    """A page of a list as body and headers.

    Raises:
        RefusedError: A parameter cannot be used like this.
    """
    found: list[Problem] = []
    values = _values(operation, asked, found)
    tests = _tests(operation, collection, values, found)
    order = _order(collection, values, found)
    shown = _shown(operation, collection, values, found)
    if found:
        raise invalid(operation, found)
    items = [each for each in resources if all(test(each) for test in tests)]
    for name, descending in reversed(order):
        items.sort(key=_sort_key(name), reverse=descending)
    headers: dict[str, str] = {}
    if (cap := _number(operation, values, "X-Max-Return")) is not None:
        items = items[:cap]
        headers["X-Max-Return"] = str(cap)
    if not any(parameter["name"] in _PAGING for parameter in operation.parameters):
        return {str(operation.member): [shown(each) for each in items]}, headers
    skip, top = _number(operation, values, "$skip") or 0, _number(operation, values, "$top") or len(items)
    page = [shown(each) for each in items[skip : skip + top]]
    return {str(operation.member): page, "_links": _links(asked, skip, top, len(items))}, headers


def _values(operation: ServedOperation, asked: Asked, found: list[Problem]) -> dict[str, Any]:
    """The parameters that were sent, as the types that they have."""
    sent: dict[str, list[str]] = {}
    for key, text in asked.query:
        sent.setdefault(key, []).append(text)
    values: dict[str, Any] = {}
    for parameter in operation.parameters:
        name: str = parameter["name"]
        schema: Json = parameter["schema"]
        is_header = parameter["in"] == "header"
        texts = (
            [asked.headers[name]] if is_header and name in asked.headers else [] if is_header else sent.get(name, [])
        )
        target: str = parameter.get("x-error-target", name)
        if texts:
            values[name] = value = _typed(schema, texts)
            if next(problems(schema, value), None):
                found.append(Problem(HEADER if is_header else INVALID, target))
            if any(other in sent for other in parameter.get("x-excludes", ())):
                found.append(Problem(PARAMETER, target))
        elif parameter["required"]:
            found.append(Problem(PARAMETER, target))
    return values


def _typed(schema: Json, texts: list[str]) -> Any:
    """A parameter as the type that its schema names, or as it was sent if it is none of that type."""
    kind, text = schema.get("type"), texts[-1]
    if kind == "array":
        items: Json = schema.get("items", {})
        return [_typed(items, [part.strip()]) for each in texts for part in each.split(",")]
    if kind == "integer" and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _tests(operation: ServedOperation, collection: Collection, values: Json, found: list[Problem]) -> list[Test]:
    """What the parameters ask of a resource."""
    tests: list[Test] = []
    for parameter in operation.parameters:
        name = parameter["name"]
        if hidden := parameter.get("x-shows"):
            if values.get(name) is not True and not hidden.keys() & values.keys():
                tests.append(_has_not(hidden))
        elif name in values and name in collection.properties:
            several = parameter["schema"].get("type") == "array"
            tests.append(_has_one_of(name, values[name] if several else [values[name]]))
        elif name in values and "x-properties" in parameter:
            tests.append(_has_text(parameter["x-properties"], values[name]))
    if "$filter" in values:
        try:
            tests.append(compile_filter(values["$filter"], collection.properties))
        except UnknownPropertyError:
            found.append(Problem(INVALID, "$filter"))
        except FilterError:
            found.append(Problem(PARAMETER, "$filter"))
    return tests


def _has_not(hidden: Json) -> Test:
    return lambda resource: any(resource.get(name) != value for name, value in hidden.items())


def _has_one_of(name: str, values: list[Any]) -> Test:
    return lambda resource: resource.get(name) in values


def _has_text(names: list[str], text: str) -> Test:
    return lambda resource: any(text.casefold() in str(resource.get(name, "")).casefold() for name in names)


def _order(collection: Collection, values: Json, found: list[Problem]) -> list[tuple[str, bool]]:
    """The properties to sort by, each with whether the last comes first."""
    order: list[tuple[str, bool]] = []
    for item in values["$orderby"].split(",") if "$orderby" in values else ():
        name, _, direction = item.strip().partition(" ")
        if name not in collection.properties or direction.strip().lower() not in {"", "asc", "desc"}:
            found.append(Problem(INVALID, "$orderby"))
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
    names: Iterable[str] = operation.listed
    if "$select" in values:
        names = [name.strip() for name in values["$select"].split(",")]
        if any(name not in collection.properties for name in names):
            found.append(Problem(INVALID, "$select"))
    elif values.get("Prefer") == "return=representation":
        return dict
    return lambda resource: {name: resource[name] for name in names if name in resource}


def _number(operation: ServedOperation, values: Json, name: str) -> int | None:
    """The value of a parameter or its default; None where the operation has neither."""
    defaults = (each["schema"].get("default") for each in operation.parameters if each["name"] == name)
    number = values.get(name, next(defaults, None))
    return number if isinstance(number, int) else None


def _links(asked: Asked, skip: int, top: int, count: int) -> Json:
    """Links to this page and the ones beside it, with everything else that was asked for."""
    others = [(name, value) for name, value in asked.query if name not in _PAGING]

    def link(position: int) -> Json:
        query = [*others, ("$skip", str(position)), ("$top", str(top))]
        pairs = (f"{quote(name, safe='$')}={quote(value, safe=',')}" for name, value in query)
        return {"href": f"{asked.url}?{'&'.join(pairs)}"}

    links = {"self": link(skip)}
    if skip > 0:
        links["prev"] = link(max(0, skip - top))
    if skip + top < count:
        links["next"] = link(skip + top)
    return links
