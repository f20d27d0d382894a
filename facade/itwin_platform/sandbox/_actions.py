"""What an operation does: the answer to a request that may be made, from the store or from the examples."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ._catalogue import Catalogue, Collection, Json, ServedOperation
from ._lists import Asked, list_page
from ._refusals import BODY, RefusedError, invalid
from ._schemas import MISSING, READ_ONLY, UNKNOWN, Problem, problems
from ._store import ConflictError, Place, Store


@dataclass(frozen=True)
class Received(Asked):
    """A request: what a list needs of it, and more.

    Attributes:
        ids: The values of the parameters in the path.
        body: The body.
    """

    ids: tuple[str, ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """A success. Its body is JSON, or None."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Actions:
    """Carries out operations on one store."""

    def __init__(self, catalogue: Catalogue, store: Store) -> None:
        self._collections = catalogue.collections
        self._store = store

    def answer(self, operation: ServedOperation, received: Received) -> Answer:
        """Carry out an operation.

        Raises:
            RefusedError: One of its documented errors is the answer.
        """
        self._find_all(operation, received.ids)
        if operation.collection is None:
            return Answer(operation.success, operation.answers[operation.success])
        collection = self._collections[operation.collection]
        if operation.does == "list":
            resources = self._store.all((collection.path, received.ids))
            body, headers = list_page(operation, collection, resources, received)
            return Answer(operation.success, body, headers)
        if operation.does == "create":
            return self._create(operation, collection, (collection.path, received.ids), received)
        place, id_ = (collection.path, received.ids[:-1]), received.ids[-1]
        if operation.does == "change":
            return self._change(operation, collection, place, id_, received)
        if operation.does == "delete":
            return Answer(operation.success) if self._store.delete(place, id_) else _not_found()
        return _holding(operation, self._store.find(place, id_))

    def _find_all(self, operation: ServedOperation, ids: tuple[str, ...]) -> None:
        """Refuse a request whose path names a resource that is not there."""
        example = operation.answers.get(operation.success) if operation.collection is None else None
        for position, (name, collection) in enumerate(operation.in_path):
            is_known = self._store.has(collection, ids[: position + 1])
            if not is_known and ids[position] not in _values_of(name, example):
                raise RefusedError(404)

    def _create(self, operation: ServedOperation, collection: Collection, place: Place, received: Received) -> Answer:
        body = _body_of(operation, collection, received)
        try:
            (resource,) = self._store.create(place, [body])
        except ConflictError as error:
            raise RefusedError(409, error.problems) from None
        return _holding(operation, resource)

    def _change(
        self, operation: ServedOperation, collection: Collection, place: Place, id_: str, received: Received
    ) -> Answer:
        body = _body_of(operation, collection, received)
        # Not every operation that changes something documents a conflict.
        unique = collection.unique if 409 in operation.answers else ()
        try:
            return _holding(operation, self._store.change(place, id_, body, unique))
        except ConflictError as error:
            raise RefusedError(409, error.problems) from None


def _not_found() -> Answer:
    raise RefusedError(404)


def _holding(operation: ServedOperation, resource: Json | None) -> Answer:
    """The documented success with this resource in it."""
    if resource is None:
        return _not_found()
    return Answer(operation.success, {**operation.answers[operation.success], str(operation.member): resource})


def _values_of(name: str, node: Any) -> set[str]:
    """The values that an example has under the name of a parameter. With these it is found too."""
    found: set[str] = set()
    if isinstance(node, dict):
        for key, value in cast(Json, node).items():
            found |= {value} if key == name and isinstance(value, str) else _values_of(name, value)
    return found


def _body_of(operation: ServedOperation, collection: Collection, received: Received) -> Json:
    """The body of a request.

    Raises:
        RefusedError: It cannot be read, or is not what the definition says.
    """
    rules = operation.body or {}
    content_type = received.headers.get("content-type", "").partition(";")[0].strip().lower()
    parsed = _parsed(received.body) if content_type in rules["media_types"] else None
    if not isinstance(parsed, dict):
        raise invalid(operation, [Problem(BODY, "")])
    body = cast(Json, parsed)
    read_only = {each["target"] for each in _details(operation) if each["code"] == READ_ONLY}
    found = [Problem(READ_ONLY, name) for name in body if name in read_only]
    for problem in problems(rules["schema"], body):
        if problem.target in read_only and problem.code != MISSING:
            continue
        is_kept = problem.code == UNKNOWN and problem.target in collection.properties
        found.append(Problem(READ_ONLY, problem.target) if is_kept else problem)
    if found:
        raise invalid(operation, found)
    return body


def _details(operation: ServedOperation) -> list[Json]:
    documented: Json = operation.answers.get(422) or operation.answers.get(400) or {}
    details: list[Json] = documented.get("error", {}).get("details", [])
    return [each for each in details if "target" in each]


def _parsed(body: bytes) -> Any:
    """The body as JSON that can be sent again; None if it is not."""
    try:
        value = json.loads(body.decode(), parse_constant=_refuse, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()  # lone surrogates have no encoding
    except (ValueError, RecursionError):
        return None
    return value


def _refuse(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    return number if math.isfinite(number := float(text)) else _refuse(text)
