"""What the sandbox serves, as data: the operations, and the collections of resources that they work on.

`operations.json` is written by `make generate` from the definitions; nothing here knows an API by its name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

Json = dict[str, Any]


@dataclass(frozen=True)
class ServedOperation:
    """One operation of a definition.

    Attributes:
        key: Name of the API and operationId, for instance `itwins/get-itwin`.
        method: The HTTP method.
        path: The path, with the names of its parameters in braces.
        media_type: What its answers are.
        success: The status of its success.
        does: What it does to its collection: list, read, create, change or delete. An `example` is served as it stands.
        collection: The path of the collection, without the names of parameters; None for an example.
        member: The property of the success that holds the resource or the list.
        listed: The properties that a list shows of each resource, unless more is asked for.
        in_path: The parameters of the path with the collections that their values are ids in, as far as there is one.
        parameters: The parameters of the query and the headers.
        body: Media types and schema of the body of a request; None if it has none.
        answers: The documented example of each answer by status; None for an answer without a body.
    """

    key: str
    method: str
    path: str
    media_type: str
    success: int
    does: str
    collection: str | None
    member: str | None
    listed: tuple[str, ...]
    in_path: tuple[tuple[str, str | None], ...]
    parameters: tuple[Json, ...]
    body: Json | None
    answers: Mapping[int, Any]


@dataclass(frozen=True)
class Collection:
    """Resources of one kind.

    Attributes:
        path: Where they are, without the names of parameters: `/itwins/{}/repositories`.
        id: The property that holds the id.
        below: The collections of the resources that this one is below, as far as there is one.
        properties: The schemas of all properties.
        given: The properties that a request to create one may have.
        addable: The schema of what `Sandbox.add` takes.
        unique: The properties that no two resources may share.
        created: The documented resource that was created.
        documented: The resource of the example.
        summaries: The resources that the example of a list has beside it.
    """

    path: str
    id: str
    below: tuple[str | None, ...]
    properties: Json
    given: frozenset[str]
    addable: Json
    unique: tuple[str, ...]
    created: Json
    documented: tuple[Json, ...]
    summaries: tuple[Json, ...]

    @property
    def depth(self) -> int:
        """How many resources it is below."""
        return len(self.below)


@dataclass(frozen=True)
class Catalogue:
    """All operations and collections."""

    operations: tuple[ServedOperation, ...]
    collections: Mapping[str, Collection]

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Catalogue":
        """Read what `make generate` has written."""
        operations = tuple(map(_operation, data["operations"]))
        bodies = {each.collection: each.body["schema"] for each in operations if each.does == "create" and each.body}
        return cls(
            operations,
            {path: _collection(path, each, bodies.get(path)) for path, each in data["collections"].items()},
        )

    @cached_property
    def documented_ids(self) -> Mapping[str, str]:
        """The id of the first documented resource of each collection."""
        return {
            path: str(resource[collection.id])
            for path, collection in self.collections.items()
            for resource in (*collection.documented, *collection.summaries)[:1]
        }

    def known_id(self, collection: str | None) -> str:
        """The id of a documented resource. Where there is none, any id will do, or none will."""
        return self.documented_ids.get(collection or "", "none")

    def known_ids(self, operation: ServedOperation) -> dict[str, str]:
        """Values for the parameters in an operation's path that lead to documented resources."""
        return {name: self.known_id(collection) for name, collection in operation.in_path}


def _operation(data: Json) -> ServedOperation:
    return ServedOperation(
        key=f"{data['api']}/{data['id']}",
        method=data["method"],
        path=data["path"],
        media_type=data["media_type"],
        success=data["success"],
        does=data["does"],
        collection=data["collection"],
        member=data["member"],
        listed=tuple(data["listed"]),
        in_path=tuple((each["name"], each["collection"]) for each in data["in_path"]),
        parameters=tuple(data["parameters"]),
        body=data["body"],
        answers={int(status): body for status, body in data["answers"].items()},
    )


def _collection(path: str, data: Json, body: Json | None) -> Collection:
    given: Json = (body or {}).get("properties", {})
    addable = {
        "type": "object",
        # What the answers show, with the limits that a body has.
        "properties": {**data["properties"], **given},
        "required": (body or {}).get("required", [data["id"]]),
        "additionalProperties": False,
    }
    return Collection(
        path=path,
        id=data["id"],
        below=tuple(data["below"]),
        properties=data["properties"],
        given=frozenset(given),
        addable=addable,
        unique=tuple(data["unique"]),
        created=data["created"],
        documented=tuple(data["documented"]),
        summaries=tuple(data["summaries"]),
    )


def load() -> Catalogue:
    """The catalogue that comes with the package."""
    text = files("itwin_platform.sandbox").joinpath("operations.json").read_text("utf-8")
    return Catalogue.from_data(json.loads(text))


def encode(body: object) -> bytes:
    """JSON as the sandbox sends it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


CATALOGUE: Final = load()
