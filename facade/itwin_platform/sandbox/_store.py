"""The resources of one sandbox: what the examples document, and what has been created since."""

import re
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Final

from ._arguments import resources_of
from ._catalogue import Catalogue, Collection, Json
from ._clock import Clock
from ._schemas import INVALID, Problem, problems

# A collection as it is met: its path without the ids, and the ids of the resources that it is below.
Place = tuple[str, tuple[str, ...]]
# What is seen of a resource at this moment; None if it is there no more.
View = Callable[[Place, Json], Json | None]
# What becomes of a new resource, from what was given.
Making = Callable[[Place, Mapping[str, object], Json], Json]
# Resources that are there by themselves, below the resources of some ids.
Provider = Callable[[tuple[str, ...]], list[Json]]

MOST: Final = 100_000


class ConflictError(Exception):
    """There is a resource already that has a value which no two may have."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.target for problem in problems))
        self.problems = problems


class FixedError(Exception):
    """A resource that is there by itself cannot be changed or deleted."""


class FullError(Exception):
    """The sandbox holds as much as it can."""

    def __init__(self) -> None:
        super().__init__(f"the sandbox holds at most {MOST} resources")


class Store:
    """Resources by collection and id, in the order in which they came. Safe to use from several threads.

    A resource is never changed but replaced, so that whoever has read it has what was there at one moment.

    Attributes:
        lock: Held while more than one step has to see the same.
        views: What is seen of the resources of a collection, where that depends on the time or on others.
        makings: What else becomes of new resources of a collection.
        providers: Resources that are there by themselves.
        removals: Called with the id of a resource of a collection that was deleted.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._collections: Final = catalogue.collections
        self._clock: Final = clock
        self.lock: Final = threading.RLock()
        self.views: dict[str, View] = {}
        self.makings: dict[str, Making] = {}
        self.providers: dict[str, Provider] = {}
        self.removals = defaultdict[str, list[Callable[[str], None]]](list)
        self._members: dict[Place, dict[str, Json]] = {}
        for path, collection in self._collections.items():
            found = [*collection.documented, *(self._complete(collection, each) for each in collection.summaries)]
            place = (path, tuple(map(catalogue.known_id, collection.below)))
            self._members[place] = {str(each[collection.id]): each for each in found}
        self._count = sum(map(len, self._members.values()))

    def all(self, place: Place) -> list[Json]:
        """Every resource of a collection."""
        collection = self._collections[place[0]]
        with self.lock:
            members = self._members.get(place, {})
            if collection.links_to is not None:
                # A link to what has been deleted leads nowhere.
                targets = ((collection.links_to, ()), list(members))
                found = [each for id_ in targets[1] if (each := self.find(targets[0], id_)) is not None]
                return found[::-1] if collection.newest_first else found
            provided = self.providers[place[0]](place[1]) if place[0] in self.providers else []
            found = [each for raw in members.values() if (each := self._seen(place, raw)) is not None]
            return [*provided, *(found[::-1] if collection.newest_first else found)]

    def find(self, place: Place, id_: str) -> Json | None:
        """A resource; None if there is none."""
        with self.lock:
            if (provided := self._provided(place, id_)) is not None:
                return provided
            raw = self._members.get(place, {}).get(id_)
            return None if raw is None else self._seen(place, raw)

    def has(self, collection: str | None, ids: tuple[str, ...]) -> bool:
        """Whether the last of the ids in a path is one of this collection. Without a collection every id is good."""
        if collection is None:
            return True
        upper = len(ids) - 1 - self._collections[collection].depth
        return self.find((collection, ids[upper:-1]), ids[-1]) is not None

    def linked(self, place: Place) -> list[str]:
        """The ids that a collection of links has, whatever it leads to."""
        with self.lock:
            return list(self._members.get(place, ()))

    def create(self, place: Place, given: Iterable[Mapping[str, object]]) -> list[Json]:
        """Add resources, all or none, with what the platform adds to them.

        Raises:
            ConflictError: There is one already with such an id, or with a value that no two may have.
            FullError: They are too many.
        """
        collection = self._collections[place[0]]
        unique = (*collection.unique, collection.id)
        with self.lock:
            members = self._members.setdefault(place, {})
            there = self.all(place) if collection.links_to is None else []
            taken = {name: {_hashable(each.get(name)) for each in there} for name in unique}
            created: list[Json] = []
            for each in given:
                resource = self._complete(collection, each)
                _check(resource, taken)
                for name in unique:
                    taken[name].add(_hashable(resource.get(name)))
                created.append(resource)
                if self._count + len(created) > MOST:
                    raise FullError
                if place[0] in self.makings:
                    created[-1] = self.makings[place[0]](place, each, resource)
            members.update({str(each[collection.id]): each for each in created})
            self._count += len(created)
            return [seen for raw in created if (seen := self._seen(place, raw)) is not None]

    def put(self, place: Place, id_: str, resource: Json) -> None:
        """Keep something below a resource, which goes with it. It need not be in a collection of an API."""
        with self.lock:
            self._members.setdefault(place, {})[id_] = resource

    def link(self, place: Place, id_: str) -> None:
        """Put a resource of another collection into this one too, as the last one.

        Raises:
            FullError: It is one too many.
        """
        collection = self._collections.get(place[0])
        with self.lock:
            members = self._members.setdefault(place, {})
            if self._count >= MOST and id_ not in members:
                raise FullError
            before = len(members)
            if collection and collection.newest_first:
                members.pop(id_, None)
            members[id_] = {}
            if collection and collection.most is not None:
                while len(members) > collection.most:
                    del members[next(iter(members))]
            self._count += len(members) - before

    def change(self, place: Place, id_: str, changes: Json, unique: Iterable[str] = ()) -> Json | None:
        """Replace properties of a resource and return it as it is then; None if there is none.

        Raises:
            ConflictError: Another one has a value already that no two may have.
            FixedError: It is there by itself.
        """
        collection = self._collections[place[0]]
        touched = {name for name, schema in collection.properties.items() if _is_last_change(name, schema)}
        with self.lock:
            if self.find(place, id_) is None:
                return None
            others = [each for each in self.all(place) if each[collection.id] != id_]
            _check(changes, {name: {_hashable(each.get(name)) for each in others} for name in unique})
            now = self._clock.written()
            known = {name: value for name, value in changes.items() if name in collection.properties}
            # Where nothing else says null, null removes.
            removed = {n for n, each in known.items() if each is None and not collection.properties[n].get("nullable")}

            def changed(raw: Json) -> Json:
                merged = {**raw, **dict.fromkeys(touched, now), **known}
                return {name: each for name, each in merged.items() if name not in removed}

            return self.replace(place, id_, changed)

    def replace(self, place: Place, id_: str, change: Callable[[Json], Json]) -> Json | None:
        """Put what `change` makes of a resource into its place, and return what is seen of it.

        Raises:
            FixedError: It is there by itself.
        """
        with self.lock:
            if self._provided(place, id_) is not None:
                raise FixedError
            members = self._members.get(place, {})
            if id_ not in members:
                return None
            members[id_] = change(members[id_])
            return self._seen(place, members[id_])

    def delete(self, place: Place, id_: str) -> bool:
        """Remove a resource with everything below it; whether there was one.

        Raises:
            FixedError: It is there by itself.
        """
        path, parents = place
        address = (*parents, id_)
        with self.lock:
            if self._provided(place, id_) is not None:
                raise FixedError
            for other, ids in list(self._members):
                if other.startswith(f"{path}/{{}}/") and ids[: len(address)] == address:
                    self._count -= len(self._members.pop((other, ids)))
            found = self._members.get(place, {}).pop(id_, None) is not None
            self._count -= found
            if found and path in self.removals:
                for removed in self.removals[path]:
                    removed(id_)
            return found

    def add(self, address: str, resources: Iterable[Mapping[str, object]]) -> list[Json]:
        """Add resources that a test needs: see `Sandbox.add`."""
        given = resources_of(address, resources)
        place = self._place(address)
        collection = self._collections[place[0]]
        for number, each in enumerate(given, 1):
            if found := [f"{problem.target} ({problem.code})" for problem in problems(collection.addable, each)]:
                raise ValueError(f"resource {number} for {address} is not valid: {', '.join(found)}")
        try:
            return [dict(each) for each in self.create(place, given)]
        except ConflictError as error:
            raise ValueError(f"{address} already has a resource with the same {error}") from None
        except FullError as error:
            raise ValueError(f"{address} cannot take all of them: {error}") from None

    def _place(self, address: str) -> Place:
        """The collection at an address, for instance `/itwins` or `/itwins/<id>/repositories`."""
        # Words before parameters: `/itwins/exports` is no iTwin.
        for path, collection in sorted(self._collections.items(), key=lambda each: each[0].count("{}")):
            pattern = "([^/]+)".join(map(re.escape, path.split("{}")))
            if collection.links_to is None and (found := re.fullmatch(pattern, address.rstrip("/"))):
                ids = found.groups()
                if not all(self.has(upper, ids[: depth + 1]) for depth, upper in enumerate(collection.below)):
                    raise ValueError(f"{address} is below a resource that does not exist")
                return path, ids
        known = [path for path, collection in self._collections.items() if collection.links_to is None]
        raise ValueError(f"there is no collection at {address}; there are {', '.join(known)}")

    def _seen(self, place: Place, raw: Json) -> Json | None:
        view = self.views.get(place[0])
        return view(place, raw) if view else raw

    def _provided(self, place: Place, id_: str) -> Json | None:
        if place[0] not in self.providers:
            return None
        name = self._collections[place[0]].id
        return next((each for each in self.providers[place[0]](place[1]) if each[name] == id_), None)

    def _complete(self, collection: Collection, given: Mapping[str, object]) -> Json:
        """A resource with what the platform adds to what was given.

        What can be given has a default, or else nothing is there. What the platform alone sets is as in the documented
        answer to a creation, but for ids and times.
        """
        schemas: Json = collection.addable["properties"]
        now = self._clock.written()
        resource: Json = {collection.id: str(uuid.uuid4())}
        for name in collection.properties:
            schema = schemas[name]
            may_be_null = bool(collection.properties[name].get("nullable"))
            if name in given:
                if given[name] is not None or may_be_null:
                    resource[name] = given[name]
            elif name in collection.given:
                if schema.get("default") is not None:
                    resource[name] = schema["default"]
                elif may_be_null:
                    resource[name] = None
            elif name in collection.created and name != collection.id:
                is_time = schema.get("format") == "date-time" and collection.created[name]
                resource[name] = now if is_time else collection.created[name]
        for name, schema in schemas.items():
            if "x-default-from" in schema and resource.get(name) is None:
                resource[name] = resource.get(schema["x-default-from"])
        return {name: resource[name] for name in collection.properties if name in resource}


def _check(resource: Mapping[str, object], taken: Mapping[str, Container[object]]) -> None:
    found = [
        Problem(INVALID, name)
        for name, values in taken.items()
        if resource.get(name) is not None and _hashable(resource[name]) in values
    ]
    if found:
        raise ConflictError(found)


def _hashable(value: object) -> object:
    return value if isinstance(value, (str, int, float, type(None))) else repr(value)


def _is_last_change(name: str, schema: Json) -> bool:
    return schema.get("format") == "date-time" and "modified" in name.lower()
