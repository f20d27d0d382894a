"""Repositories: those that exist automatically, resources that live on another host, and graphics."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from .._actions import Actions, Answer
from .._asked import ELSEWHERE, Asked
from .._catalogue import Json, ServedOperation
from .._refusals import RefusedError
from .._store import Place
from .._world import World
from . import reality_data

_PATH: Final = "/itwins/{}/repositories"
_RESOURCES: Final = "/itwins/{}/repositories/{}/resources"
_GLOBAL: Final = "/itwins/repositories"
_CURATED: Final = "cesiumcuratedcontent"
_REALITY_DATA: Final = "realitydata"
# Resources can be added to repositories of this class alone.
_OPEN_CLASS: Final = "GeographicInformationSystem"
_FROM_REPOSITORY: Final = frozenset({"class", "subClass"})


def install(world: World, actions: Actions) -> None:
    """Register the repositories of iTwins and what is below them."""
    if _PATH not in world.catalogue.collections:
        return
    repositories = Repositories(world)
    store = world.store
    place = (_PATH, (world.catalogue.known_id("/itwins"),))
    for each in repositories.automatic:
        store.delete(place, each)
    store.providers |= {_PATH: repositories.provided, _RESOURCES: repositories.provided_resources}
    store.views |= {_PATH: repositories.seen, _RESOURCES: repositories.seen_resource}
    store.views |= {_GLOBAL: repositories.seen, f"{_GLOBAL}/{{}}/resources": repositories.seen_resource}
    store.makings[_RESOURCES] = repositories.made_resource
    actions.checks |= {
        "itwins/create-repository-resource": repositories.check_open,
        "itwins/get-repository-resources": repositories.elsewhere,
        "itwins/get-repository-resource": repositories.elsewhere,
        "itwins/get-resource-graphics": repositories.elsewhere,
    }
    actions.handlers |= {
        "itwins/get-resource-graphics": repositories.graphics,
        "itwins/get-global-resource-graphics": repositories.graphics,
    }


class Repositories:
    """The repositories of one sandbox.

    Attributes:
        automatic: The documented repositories that exist automatically. Their ids are their classes.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        repositories, resources = (world.catalogue.collections[path] for path in (_PATH, _RESOURCES))
        self.automatic = {each["id"]: each for each in repositories.summaries if each["id"] == each["class"].lower()}
        self._curated = [*resources.documented, *resources.summaries]

    def provided(self, parents: tuple[str, ...]) -> list[Json]:
        """The repositories that an iTwin has automatically: curated content, and its reality data if there is some."""
        has_data = bool(reality_data.of_itwin(self._world, parents[0]))
        found = [each for id_, each in self.automatic.items() if id_ != _REALITY_DATA or has_data]
        return [self.seen((_PATH, parents), each) for each in found]

    def provided_resources(self, parents: tuple[str, ...]) -> list[Json]:
        """The resources of such a repository."""
        place = (_RESOURCES, parents)
        if parents[1] == _CURATED:
            return [self.seen_resource(place, each) for each in self._curated]
        if parents[1] != _REALITY_DATA:
            return []
        found = reality_data.of_itwin(self._world, parents[0])
        return [self.seen_resource(place, _resource_of(each)) for each in found]

    def seen(self, place: Place, repository: Json) -> Json:
        """A repository with a link that leads to its resources."""
        if "capabilities" not in repository:
            return repository
        link = f"{self._address(place, repository['id'])}/resources"
        return {**repository, "capabilities": {"resources": {"uri": link}}}

    def seen_resource(self, place: Place, resource: Json) -> Json:
        """A resource with what its repository knows of it, and a link that leads to its graphics."""
        seen = {**resource, "properties": {"id": resource["id"], "name": resource["displayName"]}}
        if "capabilities" in resource:
            seen["capabilities"] = {"graphics": {"uri": f"{self._address(place, resource['id'])}/graphics"}}
        return seen

    def made_resource(self, place: Place, given: Mapping[str, object], resource: Json) -> Json:
        """A new resource, which has class and subclass of its repository."""
        itwin_id, repository_id = place[1]
        repository = self._world.store.find((_PATH, (itwin_id,)), repository_id) or {}
        kept = {name: value for name, value in resource.items() if name in given or name not in _FROM_REPOSITORY}
        return kept | {name: repository[name] for name in _FROM_REPOSITORY - given.keys() if name in repository}

    def check_open(self, _: ServedOperation, asked: Asked) -> Answer | None:
        """Refuse a resource for a repository that takes none.

        Raises:
            RefusedError: It takes none.
        """
        itwin_id, repository_id = asked.ids
        repository = self._world.store.find((_PATH, (itwin_id,)), repository_id) or {}
        if repository.get("class") != _OPEN_CLASS:
            raise RefusedError(403)
        return None

    def elsewhere(self, _: ServedOperation, asked: Asked) -> Answer | None:
        """Send a request for curated content to where it is."""
        path = asked.url.removeprefix(asked.origin)
        if asked.ids[1] != _CURATED or path.startswith(f"{ELSEWHERE}/"):
            return None
        query = f"?{urlencode(asked.query, safe='$')}" if asked.query else ""
        return Answer(302, headers={"location": f"{asked.origin}{ELSEWHERE}{path}{query}"})

    def graphics(self, operation: ServedOperation, asked: Asked) -> Answer:
        """The documented graphics for a resource that can be drawn, and none for others."""
        path = _RESOURCES if len(asked.ids) == 3 else f"{_GLOBAL}/{{}}/resources"
        resource = self._world.store.find((path, asked.ids[:-1]), asked.ids[-1]) or {}
        if "graphics" in resource.get("capabilities", {}):
            return Answer(operation.success, operation.answers[operation.success])
        return Answer(operation.success, {"graphics": []})

    def _address(self, place: Place, id_: str) -> str:
        path = place[0]
        for each in place[1]:
            path = path.replace("{}", quote(each, safe=""), 1)
        return f"{self._world.files.origin}{path}/{quote(id_, safe='')}"


def _resource_of(data: Json) -> Json:
    """Reality data as a resource of its repository."""
    own: Json = {name: data[name] for name in ("id", "displayName", "type") if name in data}
    return {**own, "class": "RealityData", "capabilities": {"graphics": {}}}
