"""The iTwins that reality data belongs to: its own, and those that it is associated with."""

from collections.abc import Mapping
from typing import Final

from .._actions import Actions, Answer
from .._asked import Asked
from .._bodies import body_of
from .._catalogue import Json, ServedOperation
from .._lists import list_page
from .._refusals import RefusedError, invalid
from .._schemas import INVALID, Problem, is_guid
from .._store import Place
from .._world import World

PATH: Final = "/reality-management/reality-data"
_API: Final = "reality-management"


def install(world: World, actions: Actions) -> None:
    """Register the operations on reality data that are about iTwins."""
    if PATH not in world.catalogue.collections:
        return
    data = RealityData(world)
    world.store.makings[PATH] = data.made
    for each in world.catalogue.collections[PATH].documented:
        world.store.link(_associations(each["id"]), world.catalogue.known_id("/itwins"))
    actions.checks[f"{_API}/create-reality-data"] = data.check
    actions.handlers |= {
        f"{_API}/get-all-reality-data": data.list,
        f"{_API}/get-reality-data-iTwins": data.itwins,
        f"{_API}/associate-to-iTwin": data.associate,
        f"{_API}/dissociate-from-iTwin": data.dissociate,
        f"{_API}/move-reality-data": data.move,
    }
    for operation in world.catalogue.operations:
        if operation.path.startswith(PATH) and operation.in_path and operation.method == "GET":
            actions.checks[operation.key] = data.check_itwin


def of_itwin(world: World, itwin_id: str) -> list[Json]:
    """The reality data of an iTwin."""
    if PATH not in world.catalogue.collections:
        return []
    store = world.store
    return [each for each in store.all((PATH, ())) if itwin_id in store.linked(_associations(each["id"]))]


def _associations(id_: str) -> Place:
    """Where the iTwins of reality data are kept. The first one owns it."""
    return f"{PATH}/{{}}/itwins", (id_,)


class RealityData:
    """The reality data of one sandbox."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def made(self, _: Place, given: Mapping[str, object], data: Json) -> Json:
        """New reality data: without files, in the data center of its iTwin."""
        itwin_id = str(given["iTwinId"])
        self._store.link(_associations(data["id"]), itwin_id)
        itwin = self._store.find(("/itwins", ()), itwin_id) or {}
        own = {
            "size": 0,
            "dataCenterLocation": itwin.get("dataCenterLocation", data.get("dataCenterLocation")),
            "ownerId": self._world.catalogue.collections[PATH].created.get("ownerId"),
        }
        return {**data, **{name: value for name, value in own.items() if name not in given}}

    def check(self, operation: ServedOperation, asked: Asked) -> Answer | None:
        """Refuse reality data for an iTwin that does not exist.

        Raises:
            RefusedError: It is not.
        """
        self._check_known(operation, body_of(operation, asked, None)["iTwinId"])
        return None

    def check_itwin(self, _: ServedOperation, asked: Asked) -> Answer | None:
        """Refuse to look for reality data in an iTwin that it does not belong to.

        Raises:
            RefusedError: It does not.
        """
        itwin_id = dict(asked.query).get("iTwinId")
        if itwin_id is not None and itwin_id not in self._store.linked(_associations(asked.ids[0])):
            raise RefusedError(404)
        return None

    def list(self, operation: ServedOperation, asked: Asked) -> Answer:
        """All reality data, or that of one iTwin."""
        itwin_id = dict(asked.query).get("iTwinId")
        found = self._store.all((PATH, ()))
        if itwin_id is not None and is_guid(itwin_id):
            if not self._store.has("/itwins", (itwin_id,)):
                raise RefusedError(404)
            found = of_itwin(self._world, itwin_id)
        body, headers = list_page(operation, self._world.catalogue.collections[PATH], found, asked)
        return Answer(operation.success, body, headers)

    def itwins(self, operation: ServedOperation, asked: Asked) -> Answer:
        """The ids of the iTwins that reality data belongs to."""
        return Answer(operation.success, {"iTwins": self._store.linked(_associations(asked.ids[0]))})

    def associate(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Add reality data to another iTwin."""
        id_, itwin_id = asked.ids
        if itwin_id in self._store.linked(_associations(id_)):
            raise RefusedError(409)
        self._store.link(_associations(id_), itwin_id)
        return Answer(operation.success, {"iTwinAssociation": {"id": id_, "iTwinId": itwin_id}})

    def dissociate(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Remove reality data from an iTwin."""
        id_, itwin_id = asked.ids
        if not self._store.delete(_associations(id_), itwin_id):
            raise RefusedError(404)
        return Answer(operation.success)

    def move(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Give reality data to another iTwin. The other associations stay."""
        (id_,) = asked.ids
        itwin_id = body_of(operation, asked, None)["iTwinId"]
        self._check_known(operation, itwin_id)
        before = self._store.linked(_associations(id_))
        if before[:1] == [itwin_id]:
            raise RefusedError(409)
        for each in before:
            self._store.delete(_associations(id_), each)
        for each in [itwin_id, *(each for each in before[1:] if each != itwin_id)]:
            self._store.link(_associations(id_), each)
        return Answer(operation.success)

    def _check_known(self, operation: ServedOperation, itwin_id: str) -> None:
        if not self._store.has("/itwins", (itwin_id,)):
            raise invalid(operation, [Problem(INVALID, "iTwinId")])
