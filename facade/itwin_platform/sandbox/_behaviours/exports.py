"""Exports of iTwins: queued, in progress, completed, and gone after four hours.

An export is kept with the times that it will have. It shows what has happened by now.
"""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from .._actions import Actions, Answer
from .._asked import Asked
from .._bodies import body_of
from .._catalogue import Json, ServedOperation
from .._clock import read, written
from .._filters import Dialect, FilterError, Test, UnknownPropertyError, compile_filter
from .._refusals import PARAMETER, QUOTA, invalid
from .._schemas import INVALID, Problem
from .._store import Place
from .._world import World

_PATH: Final = "/itwins/exports"
_PLACE: Final[Place] = (_PATH, ())
_CONTAINER: Final = "exports"
# Seconds until an export starts, and until it is completed.
_STARTS: Final = 5.0
_ENDS: Final = 20.0
_KEPT: Final = timedelta(hours=4)
# How many may be unfinished, and how many may be created in an hour.
_AT_ONCE: Final = 1
_AN_HOUR: Final = 3
_DEFAULTS: Final[Json] = {"queryScope": "MemberOfiTwin", "filter": None, "includeInactive": False}
_DEFAULT_SELECT: Final = "id,class,subClass,type,number,displayName"
_ENDINGS: Final = {"JsonGZip": "json.gz", "JsonZipArchive": "zip", "CsvGZip": "csv.gz", "Csv": "csv"}


def install(world: World, actions: Actions) -> None:
    """Register the operations and the collection of exports."""
    if _PATH not in world.catalogue.collections:
        return
    exports = Exports(world)
    world.store.makings[_PATH] = exports.planned
    world.store.views[_PATH] = exports.seen
    actions.checks["itwins/create-export"] = exports.check


class Exports:
    """The exports of one sandbox."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._user = world.catalogue.collections[_PATH].created.get("createdBy")
        self._names = {name: name for name in world.catalogue.collections["/itwins"].properties}

    def check(self, operation: ServedOperation, asked: Asked) -> Answer | None:
        """Refuse an export that cannot be made, or that is one too many.

        Raises:
            RefusedError: It is.
        """
        request = body_of(operation, asked, None)
        found: list[Problem] = []
        if set(_columns(request)) - self._names.keys():
            found.append(Problem(INVALID, "$select"))
        try:
            self._filter(request)
        except UnknownPropertyError:
            found.append(Problem(INVALID, "$filter"))
        except FilterError:
            found.append(Problem(PARAMETER, "$filter"))
        found = found or self._exceeded()
        if found:
            raise invalid(operation, found)
        return None

    def planned(self, _: Place, given: Mapping[str, object], export: Json) -> Json:
        """A new export with the times that it will have."""
        request = {**_DEFAULTS, **export["request"]}
        clock, agenda = self._world.clock, self._world.agenda
        if "status" in given:
            added = {**export, "request": request}
            if given["status"] == "Completed" and not given.get("outputUrl"):
                agenda.add(clock.now(), lambda: self.write(added))
            return added
        ends = clock.now() + timedelta(seconds=_ENDS)
        planned = {
            **export,
            "request": request,
            "status": "Completed",
            "createdDateTime": clock.written(),
            "startedDateTime": clock.written(_STARTS),
            "completedDateTime": written(ends),
        }
        agenda.add(ends, lambda: self.write(planned))
        return planned

    def seen(self, _: Place, export: Json) -> Json | None:
        """What is seen of an export by its user, now."""
        now, start = self._world.clock.now(), self._world.clock.start
        if export.get("createdBy") != self._user:
            return None
        started, completed = read(export.get("startedDateTime")), read(export.get("completedDateTime"))
        last = completed or read(export["createdDateTime"]) or start
        if now - max(last, start) > _KEPT:
            return None
        if started is None or completed is None:
            return export
        if now < started:
            nothing = {"startedDateTime": None, "completedDateTime": None, "outputUrl": None}
            return {**export, "status": "Queued", **nothing}
        if now < completed:
            return {**export, "status": "InProgress", "completedDateTime": None, "outputUrl": None}
        # It may have been completed just now, after the agenda was looked at.
        self._world.agenda.run()
        return {**export, "outputUrl": export.get("outputUrl") or self._link(export)}

    def write(self, export: Json) -> None:
        """Write the file of an export that is completed now. What has nothing in it has none."""
        if rows := self._rows(export["request"]):
            content, media_type = _content(export["request"], rows, export["id"])
            self._world.files.put(_CONTAINER, _name_of(export), content, media_type)
            end = self._world.clock.now() + _KEPT
            self._world.agenda.add(end, lambda: self._world.files.remove(_CONTAINER, _name_of(export)))

    def _exceeded(self) -> list[Problem]:
        """The quotas that one more export would exceed. Those that were there from the beginning do not count."""
        clock = self._world.clock
        times = [(each, read(each["createdDateTime"])) for each in self._world.store.all(_PLACE)]
        own = [(each, created) for each, created in times if created is not None and created >= clock.start]
        found: list[Problem] = []
        if sum(each["status"] in {"Queued", "InProgress"} for each, _ in own) >= _AT_ONCE:
            found.append(Problem(QUOTA, "SimultaneousJobsQuota"))
        if sum(created > clock.now() - timedelta(hours=1) for _, created in own) >= _AN_HOUR:
            found.append(Problem(QUOTA, "MaxJobsPerHourQuota"))
        return found

    def _link(self, export: Json) -> str | None:
        """A new link to the file, which works for an hour."""
        name = _name_of(export)
        return self._world.files.blob(_CONTAINER, name) if self._world.files.has(_CONTAINER, name) else None

    def _filter(self, request: Json) -> Test:
        # In a body too, the documentation writes blanks as in a query.
        text = (request.get("filter") or "").replace("+", " ")
        return compile_filter(text, Dialect(self._names, property_first=True)) if text else lambda _: True

    def _rows(self, request: Json) -> list[Json]:
        sub_classes = {each.strip() for each in request.get("subClass", "").split(",") if each.strip()}
        test = self._filter(request)
        return [
            {name: itwin.get(name) for name in _columns(request)}
            for itwin in self._world.store.all(("/itwins", ()))
            if (not sub_classes or itwin.get("subClass") in sub_classes)
            and (request.get("includeInactive") or itwin.get("status") != "Inactive")
            and test(itwin)
        ]


def _name_of(export: Json) -> str:
    return f"{export['id']}.{_ENDINGS[export['request']['outputFormat']]}"


def _columns(request: Json) -> list[str]:
    return [name.strip() for name in (request.get("select") or _DEFAULT_SELECT).split(",")]


def _content(request: Json, rows: list[Json], name: str) -> tuple[bytes, str]:
    """The rows in the format that was asked for, and its media type."""
    kind: Any = request["outputFormat"]
    if kind.startswith("Json"):
        content = json.dumps(rows, ensure_ascii=False).encode()
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, _columns(request))
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue().encode()
    if kind == "Csv":
        return content, "text/csv"
    if kind == "JsonZipArchive":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}.json", content)
        return packed.getvalue(), "application/zip"
    return gzip.compress(content, mtime=0), "application/gzip"
