"""Jobs that have ended: the errors of those that failed, and the outputs of the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from .._jobs import Job, JobMessages, group_of
from ..errors import ITwinPlatformError, JobCancelledError, JobFailedError, StorageError, StorageNotFoundError
from .redaction import one_line

ENDED: Final = frozenset({"Success", "Failed", "Cancelled"})
_IN_BUCKET: Final = "bkt:"
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NO_FOLDER: Final = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Output:
    """Where an output of a job is.

    Attributes:
        name: Its name in the specifications, for instance `"scene"`; `"exports/3DTiles"` for one of several.
        reality_data_id: The id of the reality data that it is; None if it is in the bucket.
        path: The file or the folder in the bucket of the iTwin; empty if it is reality data.
    """

    name: str
    reality_data_id: str | None = None
    path: str = ""


def named(job: Job) -> str:
    """A job as messages name it, at the beginning of a sentence."""
    kind = one_line(job.type_)
    return (
        f"Job {one_line(job.id)} ({kind}, {one_line(job.name)!r})" if job.name else f"Job {one_line(job.id)} ({kind})"
    )


def job_error(job: Job, messages: JobMessages | None, problem: ITwinPlatformError | None = None) -> JobFailedError:
    """The error for a job that has ended without success.

    Parameters:
        job: The job.
        messages: Its messages; None if they are not known.
        problem: Why the messages could not be read, if that was tried.
    """
    if job.state == "Cancelled":
        return JobCancelledError(f"{named(job)} was cancelled.", job=job, messages=messages)
    said = (
        [f"{one_line(each.code)}: {_filled(each.message, each.params)}" for each in messages.errors] if messages else []
    )
    if said:
        reason = f": {said[0]}" + (f"; and {len(said) - 1} more, see error.messages." if len(said) > 1 else "")
    elif problem is not None:
        reason = f". Its messages could not be read: {problem}"
    else:
        reason = (
            ". It has no messages." if messages else f". Its messages say why: {group_of(job)}.get_messages({job.id!r})"
        )
    return JobFailedError(f"{named(job)} failed{reason}", job=job, messages=messages)


def _filled(message: str, params: Iterable[str]) -> str:
    """A message with its parameters in place of %1, %2 and so on."""
    values = list(params)

    def value(found: re.Match[str]) -> str:
        at = int(found[1]) - 1
        return values[at] if at < len(values) else found[0]

    return one_line(re.sub(r"%([1-9][0-9]?)", value, message))


def outputs_of(job: object, chosen: str | Iterable[str] | None) -> list[Output]:
    """Where the outputs of a job are.

    Parameters:
        job: The job.
        chosen: Names of the outputs to find, or the beginnings of names before a slash; None for all.

    Raises:
        ValueError: It is not a job.
        JobFailedError: It has ended without success.
        StorageError: It has not ended, or has no outputs; `StorageNotFoundError` if it has none of a chosen name.
    """
    if not isinstance(job, Job):
        raise ValueError(f"job must be the job or its id, not {type(job).__name__}")  # noqa: TRY004 (as for all arguments)
    if job.state != "Success":
        if job.state in ENDED:
            raise job_error(job, None)
        raise StorageError(
            f"{named(job)} has not ended, it is {one_line(job.state)}. Wait for it: {group_of(job)}.wait({job.id!r})"
        )
    found = list(_places("", job.specifications.to_dict().get("outputs"), told=False))
    if not found:
        raise StorageError(f"{named(job)} has no outputs that can be downloaded.")
    if chosen is None:
        return found
    names = [chosen] if isinstance(chosen, str) else list(chosen)
    for name in names:
        if not any(_is_part(each, name) for each in found):
            known = ", ".join(each.name for each in found)
            raise StorageNotFoundError(f"{named(job)} has no output {name!r}; it has {known}.")
    return [each for each in found if any(_is_part(each, name) for name in names)]


def _is_part(output: Output, name: str) -> bool:
    return f"{output.name}/".startswith(f"{name}/")


def _places(name: str, value: object, *, told: bool) -> Iterator[Output]:
    """The outputs in a value of the specifications.

    Parameters:
        name: What has led there.
        value: A place; a list of outputs; or an object that has a location, or outputs by their names.
        told: Whether text in it is a place in any case, and not just where it looks like one.
    """
    if isinstance(value, str) and name:
        if value.startswith(_IN_BUCKET):
            # An empty path would be the whole bucket.
            if path := value.removeprefix(_IN_BUCKET).strip("/"):
                yield Output(name, path=path)
        elif (told and value) or _GUID.fullmatch(value):
            yield Output(name, value)
    elif isinstance(value, list):
        for part, each in _folders(
            (_format(each) or str(at), each) for at, each in enumerate(cast(list[object], value), 1)
        ):
            yield from _places(f"{name}/{part}" if name else part, each, told=False)
    elif isinstance(value, Mapping):
        properties = cast(Mapping[str, object], value)
        if "location" in properties:
            yield from _places(name, properties["location"], told=True)
            return
        for part, each in _folders(properties.items()):
            yield from _places(f"{name}/{part}" if name else part, each, told=not name)


def _format(value: object) -> str:
    """The format that an output of a list says it has; empty if it says none."""
    kind = cast(Mapping[str, object], value).get("format") if isinstance(value, Mapping) else None
    return kind if isinstance(kind, str) else ""


def _folders(parts: Iterable[tuple[str, object]]) -> Iterator[tuple[str, object]]:
    """Parts with the names of their folders: numbered where another would have the same, at least on Windows."""
    uses: dict[str, int] = {}
    for told, value in parts:
        folder = plain = _NO_FOLDER.sub("_", told) or "_"
        while (used := uses.get(folder.casefold(), 0)) > 0:
            uses[folder.casefold()] = used + 1
            folder = f"{plain}-{used + 1}"
        uses[folder.casefold()] = 1
        yield folder, value
