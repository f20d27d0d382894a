"""What becomes of errors: one line on standard error, and the exit code."""

from __future__ import annotations

import re

import click

from .._error_lines import named_request
from ..errors import (
    ApiError,
    ConfigurationError,
    CredentialsError,
    ITwinPlatformError,
    NotFoundError,
    RateLimitError,
    StorageNotFoundError,
    TransportError,
    UnauthorizedError,
)
from ._wording import in_shell

DONE, REFUSED, USAGE, NOT_LOGGED_IN, NOT_FOUND, RATE_LIMIT, STOPPED, PIPE_CLOSED = 0, 1, 2, 3, 4, 5, 130, 141

# The first that fits.
_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (NotFoundError, NOT_FOUND),
    (StorageNotFoundError, NOT_FOUND),
    (RateLimitError, RATE_LIMIT),
    (UnauthorizedError, NOT_LOGGED_IN),
    (CredentialsError, NOT_LOGGED_IN),
    (ConfigurationError, USAGE),
    (ITwinPlatformError, REFUSED),
    (click.ClickException, USAGE),
    (ValueError, USAGE),
    (OSError, USAGE),
)


def code_of(error: BaseException) -> int | None:
    """The exit code for an error; None for one that is a fault of this program."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), None)


def line_of(error: BaseException, *, debug: bool) -> str:
    """An error in one line.

    Parameters:
        error: The error.
        debug: Whether to say which request it was, and the id that the platform has given it.
    """
    if isinstance(error, click.UsageError):
        where = f" Try: {error.ctx.command_path} --help" if error.ctx else ""
        return f"{_sentence(error.format_message())}{where}"
    if isinstance(error, click.ClickException):
        return _sentence(error.format_message())
    # Errors of the storage are OSErrors too, but have a text of their own.
    if isinstance(error, OSError) and not isinstance(error, ITwinPlatformError):
        about = f": {error.filename}" if error.filename else ""
        return _sentence(f"{error.strerror or type(error).__name__}{about}")
    text = in_shell(_sentence(str(error)))
    return text if debug else _without_request(text, error)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text.endswith((".", "!", "?", ".)", "?)")) else f"{text}."


def _without_request(text: str, error: BaseException) -> str:
    """The text of an error of the platform without the names of the request."""
    if not isinstance(error, (ApiError, TransportError)):
        return text
    request = named_request(error.operation, error.method, error.path)
    begin = request or f"request id {getattr(error, 'request_id', None)}"
    return re.sub(rf" \({re.escape(begin)}[^()]*\)", "", text, count=1)
