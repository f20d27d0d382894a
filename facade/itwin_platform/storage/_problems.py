"""What went wrong with a file, in words for an error message: no URL, no SAS, no XML."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from .._policies.attempts import Failure
from ..errors import ITwinPlatformError

UNTRANSFERRED = "could not be transferred"
FEWER_FILES = "lower concurrency=, or raise the limit (ulimit -n)"
# Windows has no quotas of this kind.
_EDQUOT = getattr(errno, "EDQUOT", errno.ENOSPC)
_RIVAL_CODES = frozenset({"BlobAlreadyExists", "ConditionNotMet", "InvalidBlobOrBlock", "InvalidBlockList"})


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with one file.

    Attributes:
        text: The problem, as a predicate: "is not in the container".
        refused: The storage refused the SAS, or this use of it.
        missing: There is no such file in the container.
        everywhere: Every other file would fail in the same way.
        broken: The connection broke, or could not be made.
        code: The storage's error code, if there is one.
        status: The HTTP status, if there is one.
        is_rival: The blob has changed in the container meanwhile: another program writes it too.
        local: The cause is on this machine.
        lasting: Trying again would not help.
    """

    text: str
    refused: bool = False
    missing: bool = False
    everywhere: bool = False
    broken: bool = False
    code: str = ""
    status: int | None = None
    is_rival: bool = False
    local: bool = False
    lasting: bool = False

    @property
    def may_pass(self) -> bool:
        """Whether a later transfer may succeed, because the network, the storage or the disk is the cause."""
        return self.broken or (self.everywhere and not (self.refused or self.missing or self.lasting))

    @property
    def is_absence(self) -> bool:
        """Whether the container exists but the file does not."""
        return self.missing and not self.everywhere

    @property
    def is_of_sas(self) -> bool:
        """Whether another SAS may help: this one was refused, but not because of a missing permission."""
        return self.refused and self.code != "AuthorizationPermissionMismatch"


class RequestFailed(Exception):  # noqa: N818 (an outcome, which becomes the public error)
    """The storage has refused a request, has not answered (no status), or has sent an unreadable answer."""

    def __init__(
        self,
        status: int | None,
        code: str = "",
        problem: str | None = None,
        *,
        failure: Failure | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.code = code
        self.problem = problem
        self.failure = failure
        self.retry_after = retry_after


def one_problem(error: BaseException) -> Problem:
    """What an exception of a request or of the operating system means."""
    if isinstance(error, ITwinPlatformError):
        return Problem(str(error).rstrip("."), everywhere=True)
    if isinstance(error, RequestFailed):
        return _request_problem(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _local_problem(error.errno)
    return Problem(f"{UNTRANSFERRED} ({type(error).__name__})")


def _request_problem(error: RequestFailed) -> Problem:
    if error.problem is not None:
        return Problem(f"was answered with something that {error.problem}", everywhere=True)
    status, code = error.status, error.code
    if status is None:
        failure = error.failure or Failure("headers", "sent an unreadable answer")
        text = f"{UNTRANSFERRED}: the storage {failure.text}"
        return Problem(text, everywhere=True, broken=not failure.final, lasting=failure.final)
    detail = f"status {status}" + (f", {code}" if code else "")
    if status == 404:
        gone = code == "ContainerNotFound"
        return Problem(
            "cannot be found, because the container does not exist" if gone else "is not in the container",
            missing=True,
            everywhere=gone,
            code=code,
            status=404,
        )
    if status in {401, 403}:
        return Problem(_refusal(code, detail), refused=True, everywhere=True, code=code, status=status)
    if code in _RIVAL_CODES or (not code and status in {409, 412}):
        return Problem("was written by another program at the same time", code=code, status=status, is_rival=True)
    return Problem(
        f"was refused by the storage ({detail})", everywhere=status >= 500 or status == 429, code=code, status=status
    )


def _refusal(code: str, detail: str) -> str:
    if code == "AuthorizationPermissionMismatch":
        return f"is not permitted by the SAS URL ({detail})"
    return f"was refused: the SAS URL has expired, is not valid, or does not permit it ({detail or 'no status'})"


def _local_problem(number: int) -> Problem:
    if number in {errno.ENOSPC, _EDQUOT}:
        return Problem("does not fit: the disk is full", everywhere=True, local=True)
    if number in {errno.EMFILE, errno.ENFILE}:
        return Problem(f"needs more open files than this machine allows; {FEWER_FILES}", everywhere=True, local=True)
    unknown = f"cannot be read or written on this machine ({errno.errorcode.get(number, 'error')})"
    return Problem(_LOCAL.get(number, unknown), local=True)


_LOCAL = {
    errno.EACCES: "is not permitted on this machine",
    errno.EPERM: "is not permitted on this machine",
    errno.EROFS: "cannot be written on this machine, because the file system is read-only",
    errno.ENOENT: "does not exist on this machine, or cannot be created there",
    errno.ENAMETOOLONG: "has a name that is too long for this machine",
    errno.ELOOP: "is behind links on this machine that lead in a circle",
    **dict.fromkeys(
        (errno.EISDIR, errno.ENOTDIR, errno.EEXIST),
        "clashes with a folder of the same name on this machine, or with a file where it needs a folder",
    ),
}
