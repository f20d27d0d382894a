"""Deleting blobs."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from pathlib import Path

from ._access import Access
from ._problems import RequestFailed, one_problem
from ._report import FileOutcome
from ._run import Lane, Run
from ._service import BlobService

# Without it, a blob that has snapshots is not deleted.
_HEADERS = {"x-ms-delete-snapshots": "include"}


def delete(access: Access, names: list[str], run: Run) -> None:
    """Delete the blobs named; see the method of the container."""
    access.need("d", "Deleting")
    with closing(BlobService(access, run.pause)) as service:

        def delete_one(job: FileOutcome) -> FileOutcome:
            try:
                service.send("DELETE", "", name=job.name, headers=_HEADERS)
            except RequestFailed as failed:
                if not one_problem(failed).is_absence:
                    raise
            return job

        jobs = deque(FileOutcome(name, Path(name), 0) for name in names)
        run.carry_out((Lane(jobs, 8),), delete_one, verb="deleted", abort=service.close)
