"""Deleting blobs."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from ._access import Access
from ._names import Names, checked_names
from ._problems import RequestFailed
from ._report import FileOutcome
from ._requests import Requests
from ._run import Lane, Run

# Earlier versions of a blob do not keep it from being deleted.
_HEADERS = {"x-ms-delete-snapshots": "include"}


def delete(access: Access, names: Names) -> None:
    """Delete the blobs named; see the method of the bucket."""
    chosen = checked_names([names] if isinstance(names, str) else names)
    access.need("d", "Deleting")
    run = Run(access, None)
    with Requests(access, run.pause) as requests:

        def delete_one(job: FileOutcome) -> FileOutcome:
            try:
                requests.send("DELETE", "", name=job.name, headers=_HEADERS)
            except RequestFailed as failed:
                if failed.status != 404 or failed.code == "ContainerNotFound":
                    raise
            return job

        jobs = deque(FileOutcome(name, Path(name), 0) for name in chosen)
        run.carry_out((Lane(jobs, 8),), delete_one, verb="deleted")
