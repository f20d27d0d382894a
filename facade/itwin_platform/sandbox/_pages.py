"""Pages of lists: by `$skip` and `$top`, or by continuation tokens, as the operation has it."""

import base64
import json
from typing import Any
from urllib.parse import quote

from ._asked import Asked
from ._catalogue import Json, ServedOperation
from ._refusals import PARAMETER, invalid
from ._schemas import Problem

_TOKEN = "continuationToken"  # noqa: S105 (the name of a parameter)
_PAGING = frozenset({"$skip", "$top", _TOKEN})


def page_of(
    operation: ServedOperation, values: Json, asked: Asked, items: list[Json]
) -> tuple[list[Json], Json | None]:
    """The resources of one page, and its links; None for an answer without links.

    Raises:
        RefusedError: A continuation token is none of those that a link has had.
    """
    names = {parameter["name"] for parameter in operation.parameters}
    if _TOKEN in names:
        return _continued(operation, values, asked, items)
    if "$top" not in names:
        return items, None
    skip, top = values.get("$skip", 0), values.get("$top", _default_top(operation))
    links = {"self": _link(asked, {"$skip": skip, "$top": top})}
    if skip > 0 and "prev" in operation.links:
        links["prev"] = _link(asked, {"$skip": max(0, skip - top), "$top": top})
    if skip + top < len(items):
        links["next"] = _link(asked, {"$skip": skip + top, "$top": top})
    return items[skip : skip + top], links


def _continued(
    operation: ServedOperation, values: Json, asked: Asked, items: list[Json]
) -> tuple[list[Json], Json | None]:
    skip, before = _read(values[_TOKEN], operation) if _TOKEN in values else (0, _default_top(operation))
    # Without `$top`, a page is as long as the one before.
    top: int = values.get("$top", before)
    rest = skip + top
    query = {"$top": top, _TOKEN: _written(rest, top)} if "$top" in values else {_TOKEN: _written(rest, top)}
    return items[skip:rest], {"next": _link(asked, query)} if rest < len(items) else None


def _written(skip: int, top: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"top": top, "skip": skip}).encode()).decode().rstrip("=")


def _read(token: str, operation: ServedOperation) -> tuple[int, int]:
    try:
        place: Any = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        skip, top = place["skip"], place["top"]
        if _written(skip, top) == token and skip >= 0 and top > 0:
            return skip, top
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise invalid(operation, [Problem(PARAMETER, _TOKEN)])


def _default_top(operation: ServedOperation) -> int:
    top: int = next(each["schema"].get("default", 100) for each in operation.parameters if each["name"] == "$top")
    return top


def _link(asked: Asked, paging: Json) -> Json:
    """A link to a page, with everything else that was asked for."""
    query = [(name, value) for name, value in asked.query if name not in _PAGING]
    query += [(name, str(value)) for name, value in paging.items()]
    pairs = (f"{quote(name, safe='$')}={quote(value, safe=',')}" for name, value in query)
    return {"href": f"{asked.url}?{'&'.join(pairs)}"}
