"""Deleting blobs."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from ._access import Access
from ._names import Names, checked_names
from ._problems import one_problem
from ._report import FileOutcome
from ._run import Lane, Run


def delete(access: Access, names: Names) -> None:
    """Delete the blobs named; see the method of the bucket."""
    chosen = checked_names([names] if isinstance(names, str) else names)
    access.need("d", "Deleting")
    access.store()

    def delete_one(job: FileOutcome) -> FileOutcome:
        import obstore

        try:
            obstore.delete(access.store(), job.name)
        except Exception as error:
            if not one_problem(error).missing or one_problem(error).everywhere:
                raise
        return job

    jobs = deque(FileOutcome(name, Path(name), 0) for name in chosen)
    Run(access, None).carry_out((Lane(jobs, 8),), delete_one, verb="deleted")
