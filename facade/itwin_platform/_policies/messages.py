"""The errors of the pipeline, with the advice that belongs to each."""

from __future__ import annotations

from ..errors import (
    ApiError,
    ConfigurationError,
    CredentialsError,
    DeadlineExceeded,
    RedirectError,
    TransportError,
)
from .attempts import Failure
from .calls import Call

MAY_HAVE_HAPPENED = "The request may have been carried out: look before you send it again."

NO_PLACE = (
    "This client cannot be pickled, because other processes cannot find its credentials, and a pickle must not hold "
    'them. Say where they are: ITwinPlatform(credentials.CredentialsAt("env:MY_TOKEN")) for a variable that every '
    'process has, or CredentialsAt("package.module:name") for a function or credentials object that every process can '
    "import. A client without credentials takes the ITP_ variables of the process that it is in."
)


def not_answered(call: Call, host: str, failure: Failure) -> TransportError:
    """No usable answer arrived."""
    unsure = not failure.unsent and not call.attempts.repeatable
    if failure.phase == "tls":
        advice = "Check the certificate authorities of this machine, SSL_CERT_FILE and verify."
    elif unsure:
        advice = f"Check the network and the proxy settings. {MAY_HAVE_HAPPENED}"
    else:
        advice = "Check the network and the proxy settings, then try again."
    error = TransportError(
        f"{host} {failure.text} ({call.named}, attempt {call.attempts.count}). {advice}",
        phase=failure.phase,
        operation=call.operation,
        method=call.method,
        path=call.path or None,
    )
    error.may_have_happened = unsure
    error.final = failure.final
    return error


def refused_in_doubt(error: ApiError) -> ApiError:
    """The same error for a request that may have been carried out despite this answer."""
    error.may_have_happened = True
    error.args = (f"{error} {MAY_HAVE_HAPPENED}",)
    return error


def not_followed(call: Call, problem: str) -> RedirectError:
    """A redirect leads to a host that must not get the token."""
    return RedirectError(
        f"{call.operation} was answered with a redirect that is not followed, to keep the token safe: {problem}. "
        "Check api_url and what stands between this machine and the platform.",
        operation=call.operation,
        method=call.method,
        path=call.path or None,
    )


def call_too_late(call: Call, deadline: float) -> DeadlineExceeded:
    """The time for a call is over."""
    unsure = call.sent > 0 and not call.attempts.repeatable
    advice = f"Give the client a longer deadline. {MAY_HAVE_HAPPENED}" if unsure else _TRY_AGAIN
    error = _overdue(call, _too_late(call.named, deadline, f" (in attempt {call.attempts.count})", advice))
    error.may_have_happened = unsure
    return error


def read_too_late(call: Call) -> DeadlineExceeded:
    """The time for a call was over when its answer, which had come in time, was read."""
    unsure = not call.attempts.repeatable
    advice = (
        f"Give the client a longer deadline. {MAY_HAVE_HAPPENED}" if unsure else "Give the client a longer deadline."
    )
    error = _overdue(
        call, f"The answer to {call.named} took longer to read than what was left of the deadline. {advice}"
    )
    error.may_have_happened = unsure
    return error


def work_too_late(operation: str, deadline: float) -> DeadlineExceeded:
    """The time for work that consists of several calls is over."""
    return DeadlineExceeded(_too_late(operation, deadline, "", _TRY_AGAIN), phase="deadline", operation=operation)


def _too_late(what: str, deadline: float, where: str, advice: str) -> str:
    return f"{what} took longer than its deadline of {deadline:g} seconds{where}. {advice}"


_TRY_AGAIN = "Try again, or give the client a longer deadline."


def pause_too_long(call: Call, host: str, seconds: float) -> DeadlineExceeded:
    """The platform wants a longer pause than there is time left."""
    return _overdue(
        call,
        f"{host} has asked for a pause of {seconds:.0f} more seconds, which is longer than what is left of "
        f"the deadline of {call.named}. Wait, or give the client a longer deadline.",
    )


def _overdue(call: Call, line: str) -> DeadlineExceeded:
    return DeadlineExceeded(
        line, phase="deadline", operation=call.operation, method=call.method, path=call.path or None
    )


def unusable_token() -> CredentialsError:
    """An unusable token from the user's own credentials."""
    return CredentialsError("The credentials object returned something that cannot be an access token.")


def client_closed() -> ConfigurationError:
    """A call after the client was closed."""
    return ConfigurationError("The client is closed. Make a new one, or keep it open until the last call.")
