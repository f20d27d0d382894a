"""What a request brings with it: its parameters as the types that they have, and whether they can be used."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ._catalogue import Json, ServedOperation
from ._refusals import HEADER, PARAMETER
from ._schemas import INVALID, Problem, problems, unpaired

# Below this path is what lives on another host of the platform. A client follows to no other address of this machine.
ELSEWHERE: Final = "/elsewhere"


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        url: Its address without the query.
        query: The parameters of the query, decoded.
        headers: The headers, by any spelling of their names.
        ids: The values of the parameters in the path.
        body: The body.
    """

    url: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    ids: tuple[str, ...] = ()
    body: bytes = b""

    @property
    def origin(self) -> str:
        """The origin that the request came to."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"


def values_of(operation: ServedOperation, asked: Asked, found: list[Problem]) -> dict[str, Any]:
    """The parameters that were sent, as the types that they have. What is wrong with them is added to `found`."""
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
                found.append(Problem(HEADER if is_header else INVALID, target, value=texts[-1]))
            if any(other in sent for other in parameter.get("x-excludes", ())):
                found.append(Problem(PARAMETER, target))
            if any(other not in sent for other in parameter.get("x-needs", ())):
                found.append(Problem(INVALID, target))
        elif parameter["required"]:
            found.append(Problem(PARAMETER, target))
    if not found:
        found += unpaired({each["name"]: each for each in operation.parameters}, values)
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
