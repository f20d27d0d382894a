"""The resources of one sandbox: what the examples document, and what has been created since."""

import re
import threading
import uuid
from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from ._catalogue import Catalogue, Collection, Json
from ._schemas import INVALID, Problem, problems

# A collection as it is met: its path without the ids, and the ids of the resources that it is below.
Place = tuple[str, tuple[str, ...]]


class ConflictError(Exception):
    """There is a resource already that has a value which no two may have."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.target for problem in problems))
        self.problems = problems


class Store:
    """Resources by collection and id, in the order in which they came. Safe to use from several threads.

    A resource is never changed but replaced, so that whoever has read it has what was there at one moment.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._collections: Final = catalogue.collections
        self._lock: Final = threading.Lock()
        self._members: dict[Place, dict[str, Json]] = {}
        for path, collection in self._collections.items():
            found = [*collection.documented, *(_complete(collection, each) for each in collection.summaries)]
            place = (path, tuple(map(catalogue.known_id, collection.below)))
            self._members[place] = {str(each[collection.id]): each for each in found}

    def all(self, place: Place) -> list[Json]:
        """Every resource of a collection."""
        with self._lock:
            return list(self._members.get(place, {}).values())

    def find(self, place: Place, id_: str) -> Json | None:
        """A resource; None if there is none."""
        with self._lock:
            return self._members.get(place, {}).get(id_)

    def has(self, collection: str | None, ids: tuple[str, ...]) -> bool:
        """Whether the last of the ids in a path is one of this collection. Without a collection every id is good."""
        if collection is None:
            return True
        upper = len(ids) - 1 - self._collections[collection].depth
        return self.find((collection, ids[upper:-1]), ids[-1]) is not None

    def create(self, place: Place, given: Iterable[Mapping[str, object]]) -> list[Json]:
        """Add resources, all or none, with what the platform adds to them.

        Raises:
            ConflictError: There is one already with such an id, or with a value that no two may have.
        """
        collection = self._collections[place[0]]
        unique = (*collection.unique, collection.id)
        with self._lock:
            members = self._members.setdefault(place, {})
            taken = {name: {each.get(name) for each in members.values()} for name in unique}
            created = [_complete(collection, each) for each in given]
            for resource in created:
                _check(resource, taken)
                for name in unique:
                    taken[name].add(resource.get(name))
            members.update({str(each[collection.id]): each for each in created})
        return created

    def change(self, place: Place, id_: str, changes: Json, unique: Iterable[str] = ()) -> Json | None:
        """Replace properties of a resource and return it as it is then; None if there is none.

        Raises:
            ConflictError: Another one has a value already that no two may have.
        """
        collection = self._collections[place[0]]
        touched = {name: _now() for name, schema in collection.properties.items() if _is_last_change(name, schema)}
        with self._lock:
            members = self._members.get(place, {})
            if id_ not in members:
                return None
            others = [each for key, each in members.items() if key != id_]
            _check(changes, {name: {each.get(name) for each in others} for name in unique})
            members[id_] = {**members[id_], **touched, **changes}
            return members[id_]

    def delete(self, place: Place, id_: str) -> bool:
        """Remove a resource with everything below it; whether there was one."""
        path, parents = place
        address = (*parents, id_)
        with self._lock:
            for other, ids in list(self._members):
                if other.startswith(f"{path}/{{}}/") and ids[: len(address)] == address:
                    del self._members[other, ids]
            return self._members.get(place, {}).pop(id_, None) is not None

    def add(self, address: str, resources: Iterable[Mapping[str, object]]) -> list[Json]:
        """Add resources that a test needs: see `Sandbox.add`."""
        place = self._place(address)
        collection = self._collections[place[0]]
        given = [dict(each) for each in resources]
        for number, each in enumerate(given, 1):
            if found := [f"{problem.target} ({problem.code})" for problem in problems(collection.addable, each)]:
                raise ValueError(f"resource {number} for {address} is not right: {', '.join(found)}")
        try:
            return [dict(each) for each in self.create(place, given)]
        except ConflictError as error:
            raise ValueError(f"{address} has a resource already with the same {error}") from None

    def _place(self, address: str) -> Place:
        """The collection at an address, for instance `/itwins` or `/itwins/<id>/repositories`."""
        for path, collection in self._collections.items():
            pattern = "([^/]+)".join(map(re.escape, path.split("{}")))
            if found := re.fullmatch(pattern, address.rstrip("/")):
                ids = found.groups()
                if not all(self.has(upper, ids[: depth + 1]) for depth, upper in enumerate(collection.below)):
                    raise ValueError(f"{address} is below a resource that is not there")
                return path, ids
        raise ValueError(f"no collection is at {address}; there are {', '.join(self._collections)}")


def _check(resource: Mapping[str, object], taken: Mapping[str, Container[object]]) -> None:
    found = [Problem(INVALID, name) for name, values in taken.items() if name in resource and resource[name] in values]
    if found:
        raise ConflictError(found)


def _complete(collection: Collection, given: Mapping[str, object]) -> Json:
    """A resource with what the platform adds to what was given.

    What can be given has a default, or else nothing is there. What the platform alone sets is as in the documented
    answer to a creation, but for ids and times.
    """
    schemas: Json = collection.addable["properties"]
    now = _now()
    resource: Json = {collection.id: str(uuid.uuid4())}
    for name in collection.properties:
        schema = schemas[name]
        if name in given:
            resource[name] = given[name]
        elif name in collection.given:
            if "default" in schema:
                resource[name] = schema["default"]
            elif schema.get("nullable") or collection.properties[name].get("nullable"):
                resource[name] = None
        elif name in collection.created and name != collection.id:
            is_time = schema.get("format") == "date-time" and collection.created[name]
            resource[name] = now if is_time else collection.created[name]
    for name, schema in schemas.items():
        if "x-default-from" in schema and resource.get(name) is None:
            resource[name] = resource[schema["x-default-from"]]
    return {name: resource[name] for name in collection.properties if name in resource}


def _is_last_change(name: str, schema: Json) -> bool:
    return schema.get("format") == "date-time" and "modified" in name.lower()


def _now() -> str:
    # The platform's times have seven digits behind the second.
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
