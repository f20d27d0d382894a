"""Versions of detectors: awaiting data, ready, published."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from .._actions import Actions, Answer, Handler
from .._asked import Asked
from .._bodies import body_of
from .._catalogue import Json, ServedOperation
from .._refusals import CHANGE, PARAMETER, RefusedError, invalid
from .._schemas import Problem
from .._store import FullError, Place
from .._world import World

_PATH: Final = "/reality-analysis/detectors"
_PLACE: Final[Place] = (_PATH, ())
_CONTAINER: Final = "detectors"
_ZIP: Final = "application/zip"
_MOST: Final = 1000


def install(world: World, actions: Actions) -> None:
    """Register the operations on versions of detectors."""
    if _PATH not in world.catalogue.collections:
        return
    detectors = Detectors(world)
    world.store.views[_PATH] = detectors.seen
    world.store.removals[_PATH].append(detectors.forget)
    operations: dict[str, Handler] = {
        "version-create": detectors.create,
        "delete-version": detectors.delete,
        "complete-version-upload": detectors.complete,
        "publish-version": detectors.publish,
        "unpublish-version": detectors.unpublish,
    }

    def change(operation: ServedOperation, asked: Asked) -> Answer:
        answer = actions.plain(operation, asked)
        detector: Json = answer.body["detector"]
        versions = [{name: each[name] for name in each if name != "downloadUrl"} for each in detector["versions"]]
        return replace(answer, body={"detector": {**detector, "versions": versions}})

    # A change answers with less of each version.
    operations["patch"] = change
    actions.handlers |= {f"reality-analysis/detectors-{name}": handler for name, handler in operations.items()}


def _file(name: str, version: Json) -> str:
    """The name of the file of a version, which is the same if the version is deleted and made again, as documented."""
    return f"{_folder(name)}{version['versionNumber']}.zip"


def _folder(name: str) -> str:
    """The folder of the files of a detector, whose name may have slashes in it."""
    return f"{quote(name, safe='')}/"


def _order(number: str) -> list[int]:
    return [int(part) if part.isdecimal() else 0 for part in number.split(".")]


class Detectors:
    """The versions of the detectors of one sandbox. A version is in the list of its detector."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.files.blobs.create(_CONTAINER)
        # No answer says what is published. With its date, a version that was deleted and made again is another one.
        self._published: set[tuple[str, str, str]] = set()
        collection = world.catalogue.collections[_PATH]
        versions: list[Json] = [each for one in collection.documented for each in one.get("versions", [])]
        self._creator: Any = next((each.get("creatorId") for each in versions), None)
        # Nobody has a link to upload the data of those that wait for it from the beginning.
        for detector in collection.documented:
            for version in detector.get("versions", []):
                if version["status"] == "AwaitingData":
                    world.files.put(_CONTAINER, _file(detector["name"], version), b"", _ZIP)
        for each in collection.summaries:
            if number := each.get("latestVersionNumber"):
                ready = self._new({"versionNumber": number, "capabilities": {"labels": []}}) | {"status": "Ready"}
                self._replace(each["name"], lambda _, ready=ready: [ready])  # type: ignore[misc]

    def seen(self, _: Place, detector: Json) -> Json:
        """A detector with links to the files of its versions, and its latest version that can be used."""
        kept: list[Json] = detector.get("versions") or []
        versions = [self._with_link(detector["name"], each) for each in kept]
        ready: list[str] = [each["versionNumber"] for each in versions if each["status"] == "Ready"]
        seen = {**detector, "versions": versions} if versions else detector
        return {**seen, "latestVersionNumber": max(ready, key=_order)} if ready else seen

    def forget(self, name: str) -> None:
        """Delete the files of a detector that was deleted."""
        for file in self._world.files.names(_CONTAINER):
            if file.startswith(_folder(name)):
                self._world.files.remove(_CONTAINER, file)

    def _with_link(self, name: str, version: Json) -> Json:
        file = _file(name, version)
        if version["status"] != "Ready" or not self._world.files.has(_CONTAINER, file):
            return version
        return {**version, "downloadUrl": self._world.files.blob(_CONTAINER, file)}

    def create(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Create a version, with a link to upload its files to."""
        (name,) = asked.ids
        body = body_of(operation, asked, None)
        version = self._new(body)

        def added(versions: list[Json]) -> list[Json]:
            if any(each["versionNumber"] == version["versionNumber"] for each in versions):
                raise RefusedError(409)
            if len(versions) >= _MOST:
                raise FullError
            return [version, *versions]

        self._replace(name, added)
        links = {
            # As relative and as wrong as the platform has it.
            "completeUrl": {"href": f"detectors/{quote(name)}/version/{version['versionNumber']}/complete"},
            "uploadUrl": {"href": self._world.files.blob(_CONTAINER, _file(name, version), "w", 1200)},
        }
        return Answer(operation.success, {"version": version, "_links": links})

    def delete(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Delete a version."""
        name, number = asked.ids
        self._world.files.remove(_CONTAINER, _file(name, self._version(name, number)))
        self._replace(name, lambda versions: [each for each in versions if each["versionNumber"] != number])
        return Answer(operation.success)

    def complete(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Make a version ready whose files were uploaded."""
        name, number = asked.ids
        version = self._version(name, number)
        if version["status"] != "AwaitingData" or not self._world.files.has(_CONTAINER, _file(name, version)):
            raise invalid(operation, [Problem(CHANGE, "")])
        ready = {"status": "Ready"}
        self._replace(name, lambda all_: [each | ready if each["versionNumber"] == number else each for each in all_])
        return Answer(operation.success)

    def publish(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Publish a version that is ready, once."""
        version = self._version(*asked.ids)
        if version["status"] != "Ready":
            raise invalid(operation, [Problem(CHANGE, "")])
        if self._key(asked, version) in self._published:
            raise RefusedError(409)
        self._published.add(self._key(asked, version))
        return Answer(operation.success)

    def unpublish(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Take back a version that was published."""
        key = self._key(asked, self._version(*asked.ids))
        if key not in self._published:
            raise invalid(operation, [Problem(PARAMETER, "")])
        self._published.remove(key)
        return Answer(operation.success)

    def _new(self, given: Json) -> Json:
        return {
            "creationDate": self._world.clock.written(),
            "versionNumber": given["versionNumber"],
            "status": "AwaitingData",
            "creatorId": self._creator,
            "capabilities": given["capabilities"],
        }

    def _key(self, asked: Asked, version: Json) -> tuple[str, str, str]:
        return asked.ids[0], version["versionNumber"], version["creationDate"]

    def _version(self, name: str, number: str) -> Json:
        versions: list[Json] = (self._world.store.find(_PLACE, name) or {}).get("versions") or []
        if (found := next((each for each in versions if each["versionNumber"] == number), None)) is None:
            raise RefusedError(404)
        return found

    def _replace(self, name: str, change: Callable[[list[Json]], list[Json]]) -> None:
        self._world.store.replace(_PLACE, name, lambda kept: {**kept, "versions": change(kept.get("versions") or [])})
