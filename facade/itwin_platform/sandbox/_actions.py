"""What an operation does: the answer to a request that may be made, from the store or from the examples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from ._asked import Asked, values_of
from ._bodies import body_of
from ._catalogue import Collection, InPath, Json, ServedOperation
from ._lists import list_page
from ._refusals import RefusedError, invalid
from ._schemas import INVALID, Problem, is_guid
from ._store import ConflictError, FixedError, Place
from ._world import World


@dataclass(frozen=True)
class Answer:
    """A success, or a redirect. Its body is JSON, or None."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


# What carries out an operation where its method, path and answer do not say it all.
Handler = Callable[[ServedOperation, Asked], Answer]


class Actions:
    """Carries out operations on one store.

    Attributes:
        handlers: What carries out an operation of this key instead.
        checks: What has to be all right before an operation of this key is carried out.
    """

    def __init__(self, world: World) -> None:
        self._collections: Final = world.catalogue.collections
        self._reads: Final = world.catalogue.reads
        self._lists: Final = world.catalogue.lists
        self._store: Final = world.store
        self._agenda: Final = world.agenda
        self.handlers: dict[str, Handler] = {}
        self.checks: dict[str, Callable[[ServedOperation, Asked], Answer | None]] = {}

    def answer(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Carry out an operation, as one step.

        Raises:
            RefusedError: One of its documented errors is the answer.
            FullError: The sandbox holds as much as it can.
        """
        with self._store.lock:
            self._agenda.run()
            try:
                self.check_path(operation, asked.ids)
                if operation.does != "list":
                    _check_parameters(operation, asked)
                check = self.checks.get(operation.key)
                if check and (answer := check(operation, asked)) is not None:
                    return answer
                handler = self.handlers.get(operation.key, self.plain)
                return handler(operation, asked)
            except ConflictError as error:
                status = 409 if 409 in operation.answers else operation.invalid or 409
                raise RefusedError(status, error.problems if _has_details(operation, status) else ()) from None
            except FixedError:
                raise RefusedError(403) from None

    def plain(self, operation: ServedOperation, asked: Asked) -> Answer:
        """What an operation does by its method, path and answer."""
        if operation.follows is not None:
            return self._followed(operation, asked)
        if operation.collection is None:
            return Answer(operation.success, operation.answers[operation.success])
        collection = self._collections[operation.collection]
        if operation.does == "list":
            body, headers = list_page(operation, collection, self._store.all((collection.path, asked.ids)), asked)
            return Answer(operation.success, body, headers)
        if operation.does == "create":
            body = body_of(operation, asked, collection)
            return self.created(operation, (collection.path, asked.ids), body)
        place, id_ = (collection.path, asked.ids[:-1]), asked.ids[-1]
        match operation.does:
            case "put":
                body = body_of(operation, asked, collection)
                self._store.delete(place, id_)
                return self.created(operation, place, {**body, collection.id: id_})
            case "change":
                return self._changed(operation, collection, place, asked)
            case "link":
                self._store.link(place, id_)
                return Answer(operation.success)
            case "delete":
                if not self._store.delete(place, id_):
                    raise RefusedError(404)
                return Answer(operation.success)
            case _:
                return self.holding(operation, self._store.find(place, id_), asked)

    def created(self, operation: ServedOperation, place: Place, body: Json) -> Answer:
        """Create a resource, and answer with it."""
        given = {operation.body_in: body} if operation.body_in else body
        (resource,) = self._store.create(place, [given])
        return self.holding(operation, resource)

    def holding(self, operation: ServedOperation, resource: Json | None, asked: Asked | None = None) -> Answer:
        """The documented success with this resource in it.

        Raises:
            RefusedError: There is none.
        """
        if resource is None:
            raise RefusedError(404)
        documented: Json = operation.answers[operation.success] or {}
        names = self._names(operation, asked)
        shown = {name: value for name, value in resource.items() if name in names}
        return Answer(operation.success, {**documented, str(operation.member): shown})

    def check_path(self, operation: ServedOperation, ids: tuple[str, ...]) -> None:
        """Refuse a request whose path names a resource that does not exist.

        Raises:
            RefusedError: With the documented error, or that of the operation that reads such a resource.
        """
        example = operation.answers.get(operation.success) if operation.collection is None else None
        for position, parameter in enumerate(operation.in_path):
            if self._is_known(parameter, ids[: position + 1]):
                continue
            if operation.key not in self.handlers and ids[position] in _values_named(parameter.name, example):
                continue
            if parameter.is_guid and not is_guid(ids[position]):
                raise invalid(operation, [Problem(INVALID, parameter.name, value=ids[position])])
            raise RefusedError(404, by=None if parameter.own_404 else self._reads.get(parameter.collection or ""))

    def _is_known(self, parameter: InPath, ids: tuple[str, ...]) -> bool:
        if not self._store.has(parameter.collection, ids):
            return False
        if not parameter.where or parameter.collection is None:
            return True
        resource = self._store.find((parameter.collection, ids[:-1]), ids[-1]) or {}
        return parameter.where.items() <= resource.items()

    def _followed(self, operation: ServedOperation, asked: Asked) -> Answer:
        rules = operation.follows or {}
        id_: Any = operation.answers[operation.success][operation.member]["id"]
        if "property" in rules:
            through = self._store.find((rules["in"], ()), asked.ids[0]) or {}
            id_ = through.get(rules["property"])
        return self.holding(operation, self._store.find((rules["in"], ()), str(id_)), asked)

    def _changed(self, operation: ServedOperation, collection: Collection, place: Place, asked: Asked) -> Answer:
        id_ = asked.ids[-1]
        body = body_of(operation, asked, collection, self._store.find(place, id_))
        # Not every operation that changes something documents a conflict.
        unique = collection.unique if 409 in operation.answers else ()
        return self.holding(operation, self._store.change(place, id_, body, unique))

    def _names(self, operation: ServedOperation, asked: Asked | None) -> set[str]:
        """The properties that an answer with one resource shows."""
        preference = asked.headers.get("prefer", "") if asked else ""
        takes_it = any(parameter["name"] == "Prefer" for parameter in operation.parameters)
        whole = self._reads.get((operation.follows or {}).get("in", operation.collection or ""), operation)
        if takes_it and preference == "return=representation":
            return set(whole.shown)
        if takes_it and preference == "return=minimal":
            brief = self._lists.get(operation.collection or "", operation)
            return set(brief.shown) - brief.on_request
        return set(operation.shown) - operation.on_request


def _has_details(operation: ServedOperation, status: int) -> bool:
    documented: Json = operation.answers.get(status) or {}
    return status != 409 or "details" in documented.get("error", {})


def _check_parameters(operation: ServedOperation, asked: Asked) -> None:
    found: list[Problem] = []
    values_of(operation, asked, found)
    if found and operation.invalid:
        raise invalid(operation, found)


def _values_named(name: str, node: Any) -> set[str]:
    """The values that an example has under the name of a parameter. With these it is found too."""
    found: set[str] = set()
    if isinstance(node, dict):
        for key, value in cast(Json, node).items():
            found |= {value} if key == name and isinstance(value, str) else _values_named(name, value)
    return found
