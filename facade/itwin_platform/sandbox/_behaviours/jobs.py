"""Jobs of the reality APIs: queued, active, successful or failed; cancelled on the way; gone after thirty days.

A job is kept with the times and the end that it will have. It shows what has happened by now.
"""

import re
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from .._actions import Actions, Answer
from .._asked import Asked
from .._bodies import body_of
from .._catalogue import Json, ServedOperation, is_list, is_object
from .._clock import read, written
from .._refusals import CHANGE, RefusedError, invalid
from .._schemas import INVALID, Problem
from .._store import Place
from .._world import World
from .results import Results

# Seconds in a queue, and at work.
_QUEUED: Final = 10.0
_ACTIVE: Final = 60.0
# Seconds at the end: a job that saves its data cannot be cancelled, and one that fails is already terminating.
_SAVING: Final = 5.0
# Seconds that it takes to cancel a job.
_CANCELLING: Final = 10.0
_KEPT: Final = timedelta(days=30)
_ITWIN = re.compile(r"\biTwinId\s+eq\s+'?([^\s')]+)")


def install(world: World, actions: Actions) -> None:
    """Register the jobs of every API that has some."""
    for path in [path for path in world.catalogue.collections if path.endswith("/jobs")]:
        api = path.strip("/").partition("/")[0]
        jobs = Jobs(world, actions, path)
        world.store.makings[path] = jobs.planned
        world.store.views[path] = jobs.seen
        actions.checks[f"{api}/jobs-create"] = jobs.check
        actions.checks[f"{api}/jobs-get-all"] = jobs.check_list
        actions.handlers[f"{api}/jobs-cancel"] = jobs.cancel
        actions.handlers[f"{api}/jobs-messages"] = jobs.messages
        actions.handlers[f"{api}/jobs-progress"] = jobs.progress


class Jobs:
    """The jobs of one API."""

    def __init__(self, world: World, actions: Actions, path: str) -> None:
        self._world = world
        self._actions = actions
        self._results = Results(world)
        self._place: Place = (path, ())

    def check(self, operation: ServedOperation, asked: Asked) -> Answer | None:
        """Refuse a job for an iTwin that does not exist.

        Raises:
            RefusedError: It is not.
        """
        body = body_of(operation, asked, None)
        if not self._world.store.has("/itwins", (body["iTwinId"],)):
            raise invalid(operation, [Problem(INVALID, "iTwinId")])
        return None

    def check_list(self, _: ServedOperation, asked: Asked) -> Answer | None:
        """Refuse to list the jobs of an iTwin that does not exist.

        Raises:
            RefusedError: It is not.
        """
        for found in _ITWIN.finditer(dict(asked.query).get("$filter", "")):
            # The iTwins of the documented jobs are there for their sake.
            has_jobs = any(each["iTwinId"] == found[1] for each in self._world.store.all(self._place))
            if not has_jobs and not self._world.store.has("/itwins", (found[1],)):
                raise RefusedError(404)
        return None

    def planned(self, _: Place, given: Mapping[str, object], job: Json) -> Json:
        """A new job with the times and the end that it will have."""
        outputs = _made(job, job["specifications"].get("outputs", {}))
        planned = {**job, "specifications": {**job["specifications"], "outputs": outputs}}
        now = self._world.clock.now()
        if "state" in given:
            self._world.agenda.add(now, lambda: self.end(job["id"]))
            return planned
        ends = now + timedelta(seconds=_QUEUED + _ACTIVE)
        self._world.agenda.add(ends, lambda: self.end(job["id"]))
        return {
            **planned,
            "state": "Failed" if self._world.demands.job_fails() else "Success",
            "executionInfo": {
                "createdDateTime": written(now),
                "startedDateTime": written(now + timedelta(seconds=_QUEUED)),
                "endedDateTime": written(ends),
                "processingUnits": 1.0,
            },
        }

    def end(self, id_: str) -> None:
        """Let the outputs of a job exist, if it has succeeded."""
        job = self._world.store.find(self._place, id_)
        if job is not None and job["state"] == "Success":
            self._results.deliver(job)

    def seen(self, _: Place, job: Json) -> Json | None:
        """What is seen of a job, now."""
        now, start = self._world.clock.now(), self._world.clock.start
        info: Json = job["executionInfo"]
        started, ended = read(info.get("startedDateTime")), read(info.get("endedDateTime"))
        last = ended or read(info.get("createdDateTime")) or start
        if now - max(last, start) > _KEPT:
            return None
        if ended is None or now >= ended:
            # It may have ended just now, after the agenda was looked at.
            self._world.agenda.run()
            return job
        hidden = {"endedDateTime", "processingUnits"}
        state = "Active"
        if job["state"] == "Cancelled":
            state = "TerminatingOnCancel"
        elif started is not None and now < started:
            state = "Queued"
            hidden.add("startedDateTime")
        elif job["state"] == "Failed" and ended - now <= timedelta(seconds=_SAVING):
            state = "TerminatingOnFailure"
        shown = {name: value for name, value in info.items() if name not in hidden}
        return {**job, "state": state, "executionInfo": shown}

    def cancel(self, operation: ServedOperation, asked: Asked) -> Answer:
        """Cancel a job that is queued or active."""
        (id_,) = asked.ids
        clock, job = self._world.clock, self._job(id_)

        def cancelled(kept: Json) -> Json:
            info: Json = kept["executionInfo"]
            started, ended = read(info.get("startedDateTime")), read(info.get("endedDateTime"))
            is_saving = ended is not None and ended - clock.now() <= timedelta(seconds=_SAVING)
            if job["state"] not in {"Queued", "Active"} or is_saving:
                raise invalid(operation, [Problem(CHANGE, "")])
            times = {"createdDateTime": info["createdDateTime"], "endedDateTime": clock.written(_CANCELLING)}
            if started is not None and started <= clock.now():
                times["startedDateTime"] = info["startedDateTime"]
            return {**kept, "state": "Cancelled", "executionInfo": times}

        return self._actions.holding(operation, self._world.store.replace(self._place, id_, cancelled))

    def messages(self, operation: ServedOperation, asked: Asked) -> Answer:
        """The documented messages for a job that has failed, and none for others."""
        documented: Json = operation.answers[operation.success]
        if self._job(asked.ids[0])["state"] == "Failed":
            return Answer(operation.success, documented)
        return Answer(operation.success, {"messages": {"errors": [], "warnings": []}})

    def progress(self, operation: ServedOperation, asked: Asked) -> Answer:
        """The progress of a job, from the time that it has been active."""
        job = self._job(asked.ids[0])
        documented: Json = operation.answers[operation.success]["progress"]
        progress = {"state": job["state"], "percentage": self._percentage(job, documented["percentage"])}
        return Answer(operation.success, {"progress": progress})

    def _percentage(self, job: Json, documented: int) -> int:
        info: Json = job["executionInfo"]
        started, ended = read(info.get("startedDateTime")), read(info.get("endedDateTime"))
        if job["state"] == "Success":
            return 100
        if started is None:
            # The documented job has been active forever.
            return documented if job["state"] == "Active" else 0
        passed = (ended or self._world.clock.now()) - started
        return max(0, min(99, int(100 * passed.total_seconds() / _ACTIVE)))

    def _job(self, id_: str) -> Json:
        if (job := self._world.store.find(self._place, id_)) is None:
            raise RefusedError(404)
        return job


def _made(job: Json, outputs: Any) -> Any:
    """What a job answers for the outputs that it was asked for: the id of reality data for each; for reports a path."""
    if is_list(outputs):
        names = [name[0].lower() + name[1:] for name in outputs if isinstance(name, str) and name]
        # Evaluations of objects spell the names with small letters alone.
        names = [name.lower() for name in names] if job["type"].startswith("EvalO") else names
        return {name: f"bkt:reports/{job['id']}.json" if name == "report" else str(uuid.uuid4()) for name in names}
    asked: Json = outputs if is_object(outputs) else {}
    return {name: _output(each) for name, each in asked.items() if each is not False}


def _output(asked: Any) -> Any:
    if asked is True:
        return {"location": str(uuid.uuid4())}
    return list(map(_export, asked)) if is_list(asked) else asked


def _export(asked: Any) -> Any:
    return {"location": str(uuid.uuid4()), **asked} if is_object(asked) else asked
