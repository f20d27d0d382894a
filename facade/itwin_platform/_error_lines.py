"""The lines that errors consist of: which request it was, what happened and what to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

# By the target of the detail. One request can exceed several quotas; the last of these takes longest to pass.
_QUOTAS = {
    "SimultaneousJobsQuota": "A user may have one unfinished export: platform.exports.list() lists it, "
    "platform.exports.wait(id) waits for it and platform.exports.records(id) reads it.",
    "MaxJobsPerHourQuota": "A user may create three exports an hour: platform.exports.list() lists those of the last 4 "
    "hours and platform.exports.records(id) reads one again; otherwise try again in an hour.",
}

# What else may be the reason where something is missing, by the error code.
_MISSING = {
    "AssociationNotFound": "The reality data does not belong to this iTwin: platform.reality_data.list_itwins(id) "
    "lists those that it belongs to.",
    "DetectorNotFound": "Check the name and the version; the detector of another user must be published.",
    "ImageNotFound": "The iTwin has no image: platform.itwins.upload_image(itwin_id, image) adds one.",
    "JobNotFound": "Check the id, and whether it is a job of reality analysis or of reality modeling. Finished jobs "
    "are kept for 30 days.",
    "JobProgressNotFound": "Check the id, and whether it is a job of reality analysis or of reality modeling. The "
    "progress of finished jobs is kept for 30 days.",
    "RealityDataNotFound": "Check the id and the environment; if the caller may read it only through an iTwin, pass "
    "itwin_id too.",
    "iTwinExportNotFound": "Check the id; an export is kept for 4 hours, and only the user who created it can see it.",
}
_OF_ITWIN = re.compile(r"/itwins/\{[^/]*\}(?:/|\Z)", re.IGNORECASE)

# What a 401 with the code HeaderNotFound may mean as well.
NO_HEADER = "The platform also reports this for a token that has expired or is wrong."


def named_request(operation: str | None, method: str | None, path: str | None) -> str:
    """The name of a request in messages: `get-itwin, GET /itwins/123`. Some operations have only method and path."""
    request = f"{method} {path[:200]}" if method and path else ""
    return ", ".join(dict.fromkeys(part for part in (operation, request) if part))


def said(code: str, message: str, target: str | None) -> str:
    """What an error, or one of its details, says."""
    return f"{code}: {message} [{target}]" if target else f"{code}: {message}"


def refused(said: str, causes: Iterable[str], request: str, request_id: str | None, advice: str) -> str:
    """The line for an error answer.

    Parameters:
        said: What the error says.
        causes: What its details say.
        request: The name of the request; empty if it has none.
        request_id: The platform's id of the request, or None.
        advice: What to do; empty if there is no advice.
    """
    behind = "; ".join(causes)
    where = ", ".join(part for part in (request, f"request id {request_id}" if request_id else "") if part)
    parts = (said, f"({behind})" if behind else "", f"({where})" if where else "", advice)
    return " ".join(part for part in parts if part)


def mismatched(
    problem: str, *, place: str, status: int, content_type: str | None, size: int, request: str, carried_out: bool
) -> str:
    """The line for a successful answer that does not match the specification.

    Parameters:
        problem: What is wrong with it.
        place: Where in the body; empty for the whole body.
        status: The HTTP status.
        content_type: The media type of the answer, if it names one.
        size: Size of the decoded body in bytes.
        request: The name of the request; empty if it has none.
        carried_out: Whether the request has changed something, so that it must not be sent again blindly.
    """
    advice = (
        "The request was carried out: look before you send it again, and update this package."
        if carried_out
        else "Try again, check whether something between you and the platform changes answers, or update this package."
    )
    return (
        f"The answer to {request or 'the request'} does not match its specification: {place or 'the body'} {problem} "
        f"(status {status}, {content_type or 'no content type'}, {size} bytes). {advice}"
    )


def quota_advice(targets: Collection[str]) -> str:
    """What to do when these quotas are used up."""
    known = [advice for target, advice in _QUOTAS.items() if target in targets]
    return known[-1] if known else "A quota is used up: try again later, or ask for a larger one."


def missing_advice(code: str, path: str) -> str | None:
    """What to do if something does not exist, or the caller may not see it; None if only general advice helps.

    Parameters:
        code: The error code.
        path: The path of the operation, with the names of its parameters in braces.
    """
    if code == "iTwinNotFound" or (code not in _MISSING and _OF_ITWIN.search(path)):
        return "Check the id, the environment, and that the caller is a member of the iTwin."
    return _MISSING.get(code)
