"""What went wrong with a file, in words for an error message: no URL, no SAS, no XML."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

from .._policies.attempts import Failure
from ..errors import ITwinPlatformError

_STATUS = re.compile(r"status code: (\d{3})|\(code: (\d{3})\)")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")

_RIVAL_CODES = frozenset({"BlobAlreadyExists", "ConditionNotMet", "InvalidBlobOrBlock", "InvalidBlockList"})


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with one file.

    Attributes:
        text: The problem, as a predicate: "is not in the bucket".
        refused: The storage refused the SAS, or this use of it.
        missing: There is no such file in the bucket.
        everywhere: Every other file would fail in the same way.
        broken: The connection broke, or could not be made.
        code: The storage's error code, if there is one.
        status: The HTTP status, if there is one.
        is_rival: The blob has changed in the bucket meanwhile: another program writes it too.
    """

    text: str
    refused: bool = False
    missing: bool = False
    everywhere: bool = False
    broken: bool = False
    code: str = ""
    status: int | None = None
    is_rival: bool = False

    @property
    def may_pass(self) -> bool:
        """Whether a later transfer may succeed, because the network, the storage or the disk is the cause."""
        return self.broken or (self.everywhere and not self.refused and not self.missing)

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


def _status_and_code(error: BaseException) -> tuple[int | None, str]:
    if isinstance(error, RequestFailed):
        return error.status, error.code
    text = str(error)
    found_status, found_code = _STATUS.search(text), _CODE.search(text)
    return int(found_status[1] or found_status[2]) if found_status else None, found_code[1] if found_code else ""


def one_problem(error: BaseException) -> Problem:
    """What an exception of obstore, of a request or of the operating system means. obstore's own text is left out."""
    if isinstance(error, ITwinPlatformError):
        return Problem(str(error).rstrip("."), everywhere=True)
    if isinstance(error, OSError) and error.errno is not None:
        return _local_problem(error)
    if isinstance(error, RequestFailed) and error.problem is not None:
        return Problem(f"was answered with something that {error.problem}", everywhere=True)
    status, code = _status_and_code(error)
    detail = f"status {status}" + (f", {code}" if code else "") if status else ""
    if isinstance(error, FileNotFoundError) or status == 404:
        gone = code == "ContainerNotFound"
        return Problem(
            "cannot be found, because the container does not exist" if gone else "is not in the bucket",
            missing=True,
            everywhere=gone,
            code=code,
            status=404,
        )
    if status in {401, 403} or type(error).__name__ in {"PermissionDeniedError", "UnauthenticatedError"}:
        return Problem(_refusal(code, detail), refused=True, everywhere=True, code=code, status=status)
    if code in _RIVAL_CODES or (not code and type(error).__name__ in {"AlreadyExistsError", "PreconditionError"}):
        return Problem("was written by another program at the same time", code=code, status=status, is_rival=True)
    if status is not None:
        return Problem(f"was refused by the storage ({detail})", everywhere=status >= 500, code=code, status=status)
    if type(error).__name__ in {"InvalidPathError", "ValueError"}:
        return Problem("has a name that obstore cannot handle, or is listed with one")
    if isinstance(error, RequestFailed) or type(error).__name__ == "GenericError":
        text = "could not be transferred: the storage cannot be reached, or the connection broke"
        return Problem(text, everywhere=True, broken=True)
    return Problem(f"could not be transferred ({type(error).__name__})")


def _refusal(code: str, detail: str) -> str:
    if code == "AuthorizationPermissionMismatch":
        return f"is not permitted by the SAS URL ({detail})"
    return f"was refused: the SAS URL has expired, is not valid, or does not permit it ({detail or 'no status'})"


def _local_problem(error: OSError) -> Problem:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Problem("does not fit: the disk is full", everywhere=True)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Problem("is not permitted on this machine")
    if error.errno == errno.ENOENT:
        return Problem("no longer exists")
    if error.errno == errno.ENAMETOOLONG:
        return Problem("has a name that is too long for this machine")
    if error.errno in {errno.EISDIR, errno.ENOTDIR, errno.EEXIST}:
        return Problem("clashes with a folder of the same name, or with a file where it needs a folder")
    reason = errno.errorcode.get(error.errno or 0, "error")
    return Problem(f"cannot be read or written on this machine ({reason})")
