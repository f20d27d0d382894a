"""Controls of a sandbox, besides the APIs: documented failures, jobs that fail, slow answers."""

import threading
from collections.abc import Mapping
from typing import Final

from ._arguments import check_number, check_whole
from ._catalogue import ServedOperation

MOST: Final = 1_000_000_000
_LONGEST: Final = 600.0


class Demands:
    """How the next requests are answered. Safe to use from several threads."""

    def __init__(self, operations: tuple[ServedOperation, ...], latency: float) -> None:
        self._operations: Final[Mapping[str, ServedOperation]] = {each.key: each for each in operations}
        self._lock = threading.Lock()
        self._times = 0
        self._retry_after = 0
        self._failures: dict[tuple[str | None, int], int] = {}
        self._failing_jobs = 0
        self.latency = latency

    @property
    def latency(self) -> float:
        """Seconds before each answer."""
        return self._latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        check_number("latency", seconds, _LONGEST)
        self._latency = seconds

    def limit(self, times: int, retry_after: int) -> None:
        """Refuse the next `times` requests with 429 and tell them to wait `retry_after` seconds."""
        check_whole("times", times, 0, MOST)
        check_whole("retry_after", retry_after, 0, MOST)
        with self._lock:
            self._times, self._retry_after = times, retry_after

    def fail(self, status: int, times: int, operation: object) -> None:
        """Answer the next `times` requests for an operation, or for any that documents it, with an error."""
        check_whole("times", times, 0, MOST)
        if operation is not None and (not isinstance(operation, str) or operation not in self._operations):
            raise ValueError(f"the sandbox has no operation {operation!r}; a name is for instance itwins/get-itwin")
        asked = list(self._operations.values()) if operation is None else [self._operations[operation]]
        known = sorted({each for one in asked for each in one.answers if each >= 400})
        if status not in known:
            what = f"{operation} documents" if operation else "the operations document"
            raise ValueError(f"{what} no error {status!r:.100}; status must be one of {', '.join(map(str, known))}")
        with self._lock:
            self._failures[operation, status] = times

    def fail_jobs(self, times: int) -> None:
        """Let the next `times` jobs that are created fail."""
        check_whole("times", times, 0, MOST)
        with self._lock:
            self._failing_jobs = times

    def refusal(self, operation: ServedOperation) -> tuple[int, dict[str, str]] | None:
        """Count one request; the error that it is refused with and its headers, or None."""
        with self._lock:
            if self._times:
                self._times -= 1
                return 429, {"retry-after": str(self._retry_after)}
            for (name, status), times in self._failures.items():
                if times and name in (None, operation.key) and status in operation.answers:
                    self._failures[name, status] -= 1
                    return status, {"retry-after": "1"} if status == 429 else {}
        return None

    def job_fails(self) -> bool:
        """Count one new job; whether it is to fail."""
        with self._lock:
            if not self._failing_jobs:
                return False
            self._failing_jobs -= 1
            return True
