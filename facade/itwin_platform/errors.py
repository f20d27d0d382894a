"""Everything that a call can raise, in one family. `str()` of each is one line that says what to do.

No error holds a request, a response, a token or a full URL, so that it can be logged, pickled and sent to an error
tracker as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .storage._report import TransferReport

__all__ = [
    "ApiError",
    "ConfigurationError",
    "ConflictError",
    "CredentialsError",
    "DeadlineExceeded",
    "ErrorDetail",
    "ITwinPlatformError",
    "IncompleteListError",
    "InvalidRequestError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RedirectError",
    "ResponseError",
    "ServerError",
    "StorageError",
    "StoragePermissionError",
    "TransferCancelled",
    "TransferError",
    "TransportError",
    "UnauthorizedError",
]


def _rebuild(cls: type[ITwinPlatformError], text: tuple[Any, ...], state: dict[str, Any]) -> ITwinPlatformError:
    error = cls.__new__(cls)
    error.args = text
    error.__dict__.update(state)
    return error


class ITwinPlatformError(Exception):
    """The base of all errors of this package."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling and copying although the constructors take keywords."""
        return _rebuild, (type(self), self.args, dict(self.__dict__))


class ConfigurationError(ITwinPlatformError):
    """The client cannot be made or used as it is configured. Nothing was sent."""


class CredentialsError(ITwinPlatformError):
    """No access token could be had, or what there is cannot be one.

    Attributes:
        code: The identity service's error code, for instance `"invalid_client"`, if it gave one of the standard ones.
    """

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class TransportError(ITwinPlatformError):
    """Nothing usable came back: no connection, a broken one, or bytes that are not HTTP.

    Attributes:
        phase: How far it came: `"connect"`, `"tls"`, `"send"`, `"headers"` or `"body"`; `"deadline"` if
            the time for the whole call was over.
        operation: Id of the operation, for instance `"get-itwin"`.
        may_have_happened: Whether a request that creates or changes something may have been carried out all the same.
    """

    may_have_happened = False

    def __init__(self, message: str, *, phase: str, operation: str | None = None) -> None:
        super().__init__(message)
        self.phase = phase
        self.operation = operation


class DeadlineExceeded(TransportError):  # noqa: N818 (its name is the term of the field)
    """The call took longer than `deadline`, everything included: token, redirects, retries and body."""


class RedirectError(ITwinPlatformError):
    """The platform answered with a redirect that is not followed, because the token must not go there.

    Attributes:
        operation: Id of the operation.
    """

    def __init__(self, message: str, *, operation: str | None = None) -> None:
        super().__init__(message)
        self.operation = operation


class IncompleteListError(ITwinPlatformError):
    """A list is longer than what the platform lists; what was iterated over is its beginning.

    Attributes:
        operation: Id of the operation.
        count: How many items were listed.
    """

    def __init__(self, message: str, *, operation: str, count: int) -> None:
        super().__init__(message)
        self.operation = operation
        self.count = count


class ResponseError(ITwinPlatformError):
    """A success answer is not what the specification says.

    Attributes:
        path: Where in the body, for instance `"repository.options.minimumLevel"`; empty for the body as a whole.
        status: The HTTP status.
        content_type: The media type of the answer, if it named one.
        size: Bytes of the body, decoded.
        operation: Id of the operation.
        request_id: The platform's id of the request, if it sent one.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: str = "",
        status: int,
        content_type: str | None = None,
        size: int = 0,
        operation: str | None = None,
        request_id: str | None = None,
        carried_out: bool = False,
    ) -> None:
        kind = content_type or "no content type"
        advice = (
            "The request was carried out: look before you send it again, and update this package."
            if carried_out
            else "Try again, look whether something between you and the platform changes answers, or update this "
            "package."
        )
        super().__init__(
            f"The answer to {operation or 'the request'} is not what its specification says: {path or 'the body'} "
            f"{problem} (status {status}, {kind}, {size} bytes). {advice}"
        )
        self.path = path
        self.status = status
        self.content_type = content_type
        self.size = size
        self.operation = operation
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One of the errors behind an error: its code, its message and what it is about."""

    code: str
    message: str
    target: str | None = None


class ApiError(ITwinPlatformError):
    """The platform refused or failed. There is a subclass for each status that calls for another reaction.

    Attributes:
        status: The HTTP status.
        code: The platform's error code, for instance `"iTwinNotFound"`; `"Unknown"` where the answer names none.
        message: The platform's message.
        target: What the error is about, or None.
        details: The errors behind it, if any.
        request_id: The platform's id of the request, if it sent one. Quote it when asking for support.
        retry_after: Seconds to wait before the next try, if the answer says so.
        operation: Id of the operation, for instance `"get-itwin"`.
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
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = details
        self.request_id = request_id
        self.retry_after = retry_after
        self.operation = operation
        super().__init__(self._line())

    def _line(self) -> str:
        behind = "; ".join(f"{detail.code}: {detail.message}" for detail in self.details)
        about = f" [{self.target}]" if self.target else ""
        where = ", ".join(
            part for part in (self.operation, f"request id {self.request_id}" if self.request_id else None) if part
        )
        line = f"{self.status} {self.code}: {self.message}{about}"
        line += f" ({behind})" if behind else ""
        line += f" ({where})" if where else ""
        return f"{line} {self._advice()}".rstrip()

    def _advice(self) -> str:
        return self.advice


class InvalidRequestError(ApiError):
    """400 or 422: the platform cannot process the request as it is."""

    advice = "Correct what the message names; the same request will fail again."


class UnauthorizedError(ApiError):
    """401: the access token is missing, expired or not accepted."""

    advice = (
        "Check that the token is current, was issued for this environment (prod, qa or dev) and has the scope "
        "itwin-platform."
    )


class PermissionDeniedError(ApiError):
    """403: the caller may not do this."""

    advice = "Ask an administrator of the iTwin for the permission; a service app has to be a member of it."


class NotFoundError(ApiError):
    """404: there is no such thing, or the caller may not see it."""

    advice = "Check the id, the environment, and that the caller is a member of the iTwin."


class ConflictError(ApiError):
    """409: it clashes with what is there already."""

    advice = "Read the current state and decide again."


class RateLimitError(ApiError):
    """429: too many requests for the subscription. `retry_after` says how many seconds to wait, if known."""

    def _advice(self) -> str:
        if self.retry_after is None:
            return "Wait before the next request; the answer does not say how long."
        if self.retry_after == 0:
            return "Send requests more slowly."
        return f"Wait {self.retry_after:g} seconds before the next request."


class ServerError(ApiError):
    """5xx: the platform, or something in front of it, failed."""

    advice = "Try again later; if it stays, report it with the request id."


class StorageError(ITwinPlatformError):
    """A file of a bucket, or an image, could not be read or written."""


class StoragePermissionError(StorageError):
    """The SAS URL of the bucket does not permit it.

    Attributes:
        permission: The letter of the permission that is missing, as in the `sp` of the URL: `"r"` to read, `"w"` to
            write, `"l"` to list, `"d"` to delete; `"?"` if the storage does not say which.
    """

    def __init__(self, message: str, *, permission: str) -> None:
        super().__init__(message)
        self.permission = permission


class TransferError(StorageError):
    """Some files were not transferred; the message names the first, a traceback lists more, `report.failed` has all.

    Attributes:
        report: What was sent, what was skipped and what failed.
    """

    def __init__(self, message: str, *, report: TransferReport) -> None:
        super().__init__(message)
        self.report = report


class TransferCancelled(TransferError):  # noqa: N818 (it is an outcome that was asked for)
    """The progress callback has asked to stop. Rerunning the transfer goes on where it stopped."""
