"""The errors that a call can raise. The text of each is one line that says what happened and what to do.

No error holds a request, a response, a token or a full URL. It is safe to log it, pickle it or send it to an error
tracker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from . import _error_lines
from ._late import models, reality_analysis, reality_modeling, storage

_E = TypeVar("_E", bound="ITwinPlatformError")

__all__ = [
    "ApiError",
    "ConfigurationError",
    "ConflictError",
    "CredentialsError",
    "DeadlineExceeded",
    "ErrorDetail",
    "ExportFailedError",
    "ITwinPlatformError",
    "IncompleteListError",
    "InvalidRequestError",
    "JobCancelledError",
    "JobFailedError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RedirectError",
    "ResponseError",
    "ServerError",
    "StorageError",
    "StorageExistsError",
    "StorageNotFoundError",
    "StoragePermissionError",
    "TransferCancelled",
    "TransferError",
    "TransportError",
    "UnauthorizedError",
    "WaitCancelled",
    "WaitError",
    "WaitTimeout",
]


def __dir__() -> list[str]:
    return list(__all__)


def _rebuild(cls: type[_E], text: tuple[Any, ...], state: dict[str, Any]) -> _E:
    error = cls.__new__(cls)
    error.args = text
    error.__dict__.update(state)
    return error


class ITwinPlatformError(Exception):
    """The base of all errors of this package."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Support pickling and copying, although the constructors take keywords."""
        return _rebuild, (type(self), self.args, dict(self.__dict__))

    def __copy__(self) -> Self:
        """Copy the error without its traceback.

        The frames may hold secrets; tblib, which Dask loads, makes all copies of exceptions keep them.
        """
        return _rebuild(type(self), self.args, dict(self.__dict__))


class ConfigurationError(ITwinPlatformError):
    """The client cannot be created or used with its configuration. Nothing was sent."""


class CredentialsError(ITwinPlatformError):
    """No access token could be obtained, or the token is not valid.

    Attributes:
        code: The identity service's error code, for instance `"invalid_client"`, if it is a standard one.
        may_pass: True if the identity service could not be reached or has failed, so that trying again later may help.
    """

    def __init__(self, message: str = "", *, code: str | None = None, may_pass: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.may_pass = may_pass


class TransportError(ITwinPlatformError):
    """There is no usable answer: the connection failed or broke, or the bytes are not HTTP.

    Attributes:
        phase: How far the request got: `"connect"`, `"tls"`, `"send"`, `"headers"` or `"body"`; `"deadline"` if the
            time for the whole call was up.
        operation: Id of the operation, for instance `"get-itwin"`.
        method: The HTTP method of the request.
        path: Its path, without the query; None where the request did not go to the platform.
        may_have_happened: Whether a request that creates or changes something may have been carried out all the same.
        final: Whether another attempt would fail as well, for instance because of a certificate.
    """

    may_have_happened = False
    final = False

    def __init__(
        self,
        message: str,
        *,
        phase: str,
        operation: str | None = None,
        method: str | None = None,
        path: str | None = None,
    ) -> None:
        super().__init__(message)
        self.phase = phase
        self.operation = operation
        self.method = method
        self.path = path


class DeadlineExceeded(TransportError):  # noqa: N818 (the established term)
    """The call took longer than `deadline`, including token, redirects, retries and body."""


class RedirectError(ITwinPlatformError):
    """The platform answered with a redirect that is not followed, because the token must not be sent there.

    Attributes:
        operation: Id of the operation.
        method: The HTTP method of the request.
        path: Its path, without the query.
    """

    def __init__(
        self, message: str, *, operation: str | None = None, method: str | None = None, path: str | None = None
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.method = method
        self.path = path


class IncompleteListError(ITwinPlatformError):
    """A list may be longer than what the platform lists. The items that were returned are its beginning.

    Attributes:
        operation: Id of the operation.
        count: How many items were listed.
    """

    def __init__(self, message: str, *, operation: str, count: int) -> None:
        super().__init__(message)
        self.operation = operation
        self.count = count


class WaitError(ITwinPlatformError):
    """A wait has ended early. The job or export continues, and the message says how to wait for it again.

    Attributes:
        id: Id of the job or export.
        seen: Its last known state, for instance the progress of a job; None if there is none.
    """

    def __init__(self, message: str, *, id: str, seen: Any = None) -> None:  # noqa: A002 (the word of the field)
        super().__init__(message)
        self.id = id
        self.seen = seen


class WaitTimeout(WaitError):  # noqa: N818 (the established term)
    """The `timeout` of a wait has passed."""


class WaitCancelled(WaitError):  # noqa: N818 (an outcome that was asked for)
    """The progress function asked to end a wait."""


class JobFailedError(ITwinPlatformError):
    """A job has ended without success. The message contains the first of its errors.

    Attributes:
        job: The job.
        messages: Its errors and warnings; None if they are not known.
    """

    def __init__(
        self,
        message: str,
        *,
        job: reality_analysis.Job | reality_modeling.Job,
        messages: reality_analysis.JobMessages | reality_modeling.JobMessages | None,
    ) -> None:
        super().__init__(message)
        self.job = job
        self.messages = messages


class JobCancelledError(JobFailedError):
    """A job was cancelled, by this program or by somebody else."""


class ResponseError(ITwinPlatformError):
    """A successful answer does not match the specification.

    Attributes:
        place: The place in the body, for instance `"repository.options.minimumLevel"`; empty for the whole body.
        status: The HTTP status.
        content_type: The media type of the answer, if it names one.
        size: Size of the decoded body in bytes.
        operation: Id of the operation.
        method: The HTTP method of the request.
        path: Its path, without the query.
        request_id: The platform's id of the request, if it sent one.
    """

    def __init__(
        self,
        problem: str,
        *,
        place: str = "",
        status: int,
        content_type: str | None = None,
        size: int = 0,
        operation: str | None = None,
        request_id: str | None = None,
        carried_out: bool = False,
        method: str | None = None,
        path: str | None = None,
    ) -> None:
        super().__init__(
            _error_lines.mismatched(
                problem,
                place=place,
                status=status,
                content_type=content_type,
                size=size,
                request=_error_lines.named_request(operation, method, path),
                carried_out=carried_out,
            )
        )
        self.place = place
        self.status = status
        self.content_type = content_type
        self.size = size
        self.operation = operation
        self.method = method
        self.path = path
        self.request_id = request_id


class ExportFailedError(ITwinPlatformError):
    """An export has failed.

    Attributes:
        export: The export.
    """

    def __init__(self, message: str, *, export: models.Export) -> None:
        super().__init__(message)
        self.export = export


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One of the causes of an error: its code, its message and what it is about."""

    code: str
    message: str
    target: str | None = None


class ApiError(ITwinPlatformError):
    """The platform refused the request or failed. Subclasses stand for statuses that need different reactions.

    Attributes:
        status: The HTTP status.
        code: The platform's error code, for instance `"iTwinNotFound"`; `"Unknown"` if the answer names none.
        message: The platform's message.
        target: What the error is about, or None.
        details: The errors that caused it, if any.
        request_id: The platform's id of the request, if it sent one. Quote it when asking for support.
        retry_after: Seconds to wait before the next attempt, if the answer names them, in a header or in its message.
        operation: Id of the operation, for instance `"get-itwin"`.
        method: The HTTP method of the request.
        path: Its path, without the query; None where the request did not go to the platform.
        may_have_happened: Whether a request that creates or changes something may have been carried out all the same.
    """

    advice = ""
    may_have_happened = False

    def __init__(
        self,
        *,
        status: int,
        code: str,
        message: str,
        target: str | None = None,
        details: tuple[ErrorDetail, ...] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
        operation: str | None = None,
        method: str | None = None,
        path: str | None = None,
        advice: str | None = None,
    ) -> None:
        if advice is not None:
            self.advice = advice
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = details
        self.request_id = request_id
        self.retry_after = retry_after
        self.operation = operation
        self.method = method
        self.path = path
        super().__init__(
            _error_lines.refused(
                _error_lines.said(f"{status} {code}", message, target),
                (_error_lines.said(detail.code, detail.message, detail.target) for detail in details),
                _error_lines.named_request(operation, method, path),
                request_id,
                self._advice(),
            )
        )

    def _advice(self) -> str:
        return self.advice


class InvalidRequestError(ApiError):
    """400 or 422: the platform cannot process the request."""

    advice = "Correct what the message names; the same request would fail again."

    def _advice(self) -> str:
        exceeded = [each.target or "" for each in self.details if each.code == "ResourceQuotaExceeded"]
        return _error_lines.quota_advice(exceeded) if exceeded else self.advice


class UnauthorizedError(ApiError):
    """401: the access token is missing, expired or not accepted."""

    advice = (
        "Check that the token is current, was issued for this environment (prod, qa or dev) and has the scope "
        "itwin-platform."
    )

    def _advice(self) -> str:
        return f"{self.advice} {_error_lines.NO_HEADER}" if self.code == "HeaderNotFound" else self.advice


class PermissionDeniedError(ApiError):
    """403: the caller may not do this."""

    advice = "Ask an administrator of the iTwin for the permission; a service app must be a member of it."

    def _advice(self) -> str:
        # Gateways say it like this when a quota is used up: the right to call is there again after a while.
        return self.advice if self.retry_after is None else f"Wait {self.retry_after:g} seconds and try again."


class NotFoundError(ApiError):
    """404: it does not exist, or the caller may not see it."""

    advice = "Check the id, the environment, and that the caller may see it."

    def _advice(self) -> str:
        if any(detail.code == "OperationNotFound" for detail in self.details):
            return "Check the path, and the version of the API that the request asks for."
        return self.advice


class ConflictError(ApiError):
    """409: it conflicts with what already exists."""

    advice = "Read the current state and decide again."


class RateLimitError(ApiError):
    """429: too many requests for the subscription. `retry_after` says how many seconds to wait, if known.

    Attributes:
        limits: What the platform says about the limit; any of `"tier"` of the subscription, `"api"`, `"operation"` and
            `"application"` that it applies to, and `"remainingcalls"`.
    """

    limits: Mapping[str, str] = {}

    def _advice(self) -> str:
        if self.retry_after is None:
            return "Wait before the next request. The answer does not say how long."
        if self.retry_after == 0:
            return "Send requests more slowly."
        return f"Wait {self.retry_after:g} seconds before the next request."


class ServerError(ApiError):
    """5xx: the platform, or something in front of it, failed."""

    advice = "Try again later; if it persists, report it with the request id."


class StorageError(ITwinPlatformError):
    """A file of a container, or an image, could not be read or written."""


class StorageNotFoundError(StorageError, FileNotFoundError):
    """There is no such file or container. This is a FileNotFoundError as well."""


class StorageExistsError(StorageError, FileExistsError):
    """The file to create exists already. This is a FileExistsError as well."""


class StoragePermissionError(StorageError, PermissionError):
    """The SAS URL of the container does not permit the operation. This is a PermissionError as well.

    Attributes:
        permission: The letter of the missing permission, as in the `sp` of the URL: `"r"` to read, `"w"` to write,
            `"l"` to list, `"d"` to delete.
    """

    def __init__(self, message: str, *, permission: str) -> None:
        super().__init__(message)
        self.permission = permission


class TransferError(StorageError):
    """Some files were not transferred. The message names the first, a traceback lists more, `report.failed` has all.

    Attributes:
        report: The files that were sent, that were skipped and that failed.
    """

    def __init__(self, message: str, *, report: storage.TransferReport) -> None:
        super().__init__(message)
        self.report = report


class TransferCancelled(TransferError):  # noqa: N818 (an outcome that was asked for)
    """The progress callback asked to stop. Rerunning the transfer continues where it stopped."""
