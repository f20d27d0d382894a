"""What the sandbox serves, as data: the operations, and the collections of resources that they work on.

`operations.json` is written by `make generate` from the definitions; nothing here knows an API by its name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, TypeGuard

Json = dict[str, Any]


def is_object(value: Any) -> TypeGuard[Json]:
    """Whether a value of JSON is an object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value of JSON is a list."""
    return isinstance(value, list)


@dataclass(frozen=True)
class InPath:
    """A parameter of a path.

    Attributes:
        name: Its name.
        collection: The collection that its values are ids in; None if any value is good.
        where: Properties that such a resource has.
        own_404: Whether its absence is told with the operation's own error, not with that of the resource.
        is_guid: Whether the operation documents an error for values of another form.
    """

    name: str
    collection: str | None
    where: Json
    own_404: bool
    is_guid: bool


@dataclass(frozen=True)
class ServedOperation:
    """One operation of a definition.

    Attributes:
        key: Name of the API and operationId, for instance `itwins/get-itwin`.
        method: The HTTP method.
        path: The path, with the names of its parameters in braces.
        media_type: What its answers are.
        success: The status of its success.
        does: What it does to its collection: list, read, create, change, delete; put, which creates under the id in
            the path; or link, which puts a resource of another collection there. One that does follow answers with a
            resource that another one names. An `example` is served as it stands, unless there is a behaviour for it.
        collection: The path of the collection, without the names of parameters; None for an example.
        member: The property of the success that holds the resource or the list.
        shown: The properties that the answer shows of a resource.
        links: The links that it may have beside a list.
        on_request: Those that it shows only where the whole representation is asked for.
        follows: Of which collection the answer is, and which property names it.
        body_in: The property of the resource that the body is; None where it is the resource.
        in_path: The parameters of the path.
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
    shown: tuple[str, ...]
    links: frozenset[str]
    on_request: frozenset[str]
    follows: Json | None
    body_in: str | None
    in_path: tuple[InPath, ...]
    parameters: tuple[Json, ...]
    body: Json | None
    answers: Mapping[int, Any]

    @property
    def invalid(self) -> int | None:
        """The status that says what is wrong with a request; APIs differ. None if none is documented."""
        return next((status for status in (422, 400) if status in self.answers), None)


@dataclass(frozen=True)
class Collection:
    """Resources of one kind.

    Attributes:
        path: Where they are, without the names of parameters: `/itwins/{}/repositories`.
        id: The property that holds the id.
        below: The collections of the resources that this one is below, as far as there is one.
        links_to: The collection whose resources this one lists; None where it has resources of its own.
        newest_first: Whether the last that was added comes first.
        most: How many it holds at the most. The oldest go.
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
    links_to: str | None
    newest_first: bool
    most: int | None
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
        collections = {path: _collection(path, each) for path, each in data["collections"].items()}
        return cls(tuple(map(_operation, data["operations"])), collections)

    @cached_property
    def reads(self) -> Mapping[str, ServedOperation]:
        """The operation that reads one resource of a collection."""
        return {each.collection: each for each in self.operations if each.does == "read" and each.collection}

    @cached_property
    def lists(self) -> Mapping[str, ServedOperation]:
        """The operation that lists the resources of a collection."""
        return {each.collection: each for each in self.operations if each.does == "list" and each.collection}

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
        return {each.name: self.known_id(each.collection) for each in operation.in_path}


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
        shown=tuple(data["shown"]),
        links=frozenset(data["links"]),
        on_request=frozenset(data["on_request"]),
        follows=data["follows"],
        body_in=data["body_in"],
        in_path=tuple(InPath(**each) for each in data["in_path"]),
        parameters=tuple(data["parameters"]),
        body=data["body"],
        answers={int(status): body for status, body in data["answers"].items()},
    )


def _collection(path: str, data: Json) -> Collection:
    given: Json = data["given"].get("properties", {})
    properties: Json = data["properties"]
    needed: list[str] = data["given"].get("required", [data["id"]])
    # What the answers show, with the limits that a body has. Of some values a request can only make a few.
    enums = {name: {"enum": each["enum"]} for name, each in properties.items() if "enum" in each}
    limited = {name: {**each, **(enums.get(name, {}) if "enum" in each else {})} for name, each in given.items()}
    addable = {
        "type": "object",
        "properties": {**properties, **limited},
        "required": [name for name in needed if name not in data["added_without"]],
        "additionalProperties": False,
    }
    return Collection(
        path=path,
        id=data["id"],
        below=tuple(data["below"]),
        links_to=data["links_to"],
        newest_first=data["newest_first"],
        most=data["most"],
        properties=properties,
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
