"""The request pipeline: what happens between a method of an API group and the wire.

Every call goes through here: path, token, attempt, redirect, retry, answer. The rules are in `_policies`; this module
only carries them out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .._concurrency import asynchronous as concurrency
from .._policies.addresses import Target, UntrustedError, trusted
from .._policies.answers import Answer, NotJsonError, api_error, read_json, where_and_what
from .._policies.attempts import IDEMPOTENT, NO_FAILURE, Attempts, Failure
from .._policies.paths import fill_path
from .._policies.redaction import Secret, one_line
from .._policies.redirects import MAX_HOPS, REDIRECTS, redirect_target
from .._policies.retries import THROTTLED, PauseGate, Retry, RetryBudget, RetryPolicy
from .._tracing import Tracing
from ..errors import (
    CredentialsError,
    DeadlineExceeded,
    ITwinPlatformError,
    RedirectError,
    ResponseError,
    TransportError,
)
from .transport import Headers, Transport, TransportFailure

if TYPE_CHECKING:
    from itwin_platform_api.runtime import Operation

    from .._http import TransportOptions
    from .._settings import Settings
    from ..credentials import TokenProvider

T = TypeVar("T")

logger = logging.getLogger("itwin_platform")


@dataclass(slots=True)
class _Call:
    """One call of a user, over all its attempts. `sent` counts its requests, `attempt` its attempts.

    Without `accept` it goes to a host that is not the platform's: without a token, and to no other host from there.
    """

    operation: str
    method: str
    template: str
    accept: bytes | None
    target: Target
    started: float
    ends: float
    attempt: int = 0
    sent: int = 0


@dataclass(slots=True)
class _Outcome:
    """What came of an attempt: an answer, an error where that is no success, and what is known about the cause."""

    host: str
    token: Secret | None
    answer: Answer | None = None
    error: ITwinPlatformError | None = None
    status: int | None = None
    retry_after: float | None = None
    failure: Failure = NO_FAILURE


class _HeaderList(list[tuple[bytes, bytes]]):
    """Headers with the token among them."""

    def __repr__(self) -> str:
        return f"<{len(self)} headers>"


class Pipeline:
    """Carries out operations. One belongs to each client; it is shared by threads, or by tasks."""

    def __init__(self, settings: Settings, credentials: TokenProvider) -> None:
        self._settings = settings
        self._credentials = credentials
        self._transport = Transport(settings.transport)
        self._policy = settings.retry or RetryPolicy(attempts=1)
        self._budget = RetryBudget()
        self._gate = PauseGate()
        self._tracing = Tracing()
        self._user_agent = settings.user_agent.encode("ascii")

    async def call(self, operation: Operation[T], **ids: str) -> T:
        """Carry out an operation and return the body of its answer as the type that the specification names.

        Parameters:
            operation: The operation.
            ids: Its path parameters in the order of the path, under the names to use in errors.

        Raises:
            ValueError: An id cannot be a path segment. Nothing was sent.
            ITwinPlatformError: Anything else; see the subclasses.
        """
        return await self.call_and_read(operation, operation.read, **ids)

    async def call_and_read(self, operation: Operation[Any], read: Callable[[Any], T], **ids: str) -> T:
        """Do the same, and read the body in another way than the specification alone says."""
        target = Target(self._settings.origin, self._settings.prefix + fill_path(operation.path, ids))
        call = self._new_call(operation.id, operation.method, operation.path, operation.accept, target)
        return _parsed(await self._successful(call), operation.id, read)

    async def get(self, url_or_path: str, accept: str) -> Any:
        """Get the JSON at an address of the platform that no operation describes.

        Parameters:
            url_or_path: A path with its query, or an absolute URL that the token may be sent to.
            accept: The media type to ask for.

        Raises:
            ValueError: The token must not be sent there, or it is no address. Nothing was sent.
            ITwinPlatformError: Anything else; see the subclasses.
        """
        base = self._settings.origin + self._settings.prefix if url_or_path.startswith("/") else ""
        call = self._new_call("get", "GET", "", accept, _trusted(base + url_or_path, self._settings.origin))
        return _parsed(await self._successful(call), call.operation, lambda body: body)

    async def fetch(self, target: Target, operation: str) -> Answer:
        """Get something from a host that is not the platform's, without the token. Redirects are not followed.

        Parameters:
            target: Where it is.
            operation: What to call it in errors.

        Returns:
            The answer, whatever its status.

        Raises:
            TransportError: Nothing usable came back, `DeadlineExceeded` if the time was over.
        """
        outcome = await self._carry_out(self._new_call(operation, "GET", "", None, target))
        if outcome.answer is None:
            raise outcome.error or ITwinPlatformError()
        return outcome.answer

    async def within_deadline(self, operation: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do what consists of several calls within the time that one may take.

        Raises:
            DeadlineExceeded: It took longer.
        """
        try:
            with concurrency.time_limit(self._settings.deadline):
                return await work()
        except TimeoutError:
            pass
        raise self._too_late(operation)

    @property
    def transport_options(self) -> TransportOptions:
        """How connections are made, for what goes to the storage directly."""
        return self._settings.transport

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _new_call(self, operation: str, method: str, template: str, accept: str | None, target: Target) -> _Call:
        return _Call(
            operation=operation,
            method=method,
            template=template,
            accept=accept.encode("ascii") if accept is not None else None,
            target=target,
            started=(now := time.monotonic()),
            ends=now + self._settings.deadline,
        )

    async def _successful(self, call: _Call) -> Answer:
        """The answer to a call, if it is a success."""
        outcome = await self._carry_out(call)
        if outcome.answer is None or outcome.error is not None:
            raise outcome.error or ITwinPlatformError()
        return outcome.answer

    async def _carry_out(self, call: _Call) -> _Outcome:
        """What comes of a call in the end."""
        try:
            with concurrency.time_limit(self._settings.deadline):
                return await self._attempts(call)
        except TimeoutError:
            pass
        raise self._too_late(call.operation, f" (in attempt {call.attempt})")

    def _too_late(self, operation: str, where: str = "") -> DeadlineExceeded:
        return DeadlineExceeded(
            f"{operation} took longer than its deadline of {self._settings.deadline:g} seconds{where}. "
            "Try again, or give the client a longer deadline.",
            phase="deadline",
            operation=operation,
        )

    async def _attempts(self, call: _Call) -> _Outcome:
        """Try until there is a success, or no reason to try again."""
        refused = False
        while True:
            call.attempt += 1
            outcome = await self._attempt(call)
            if outcome.error is None:
                self._budget.earn()
                return outcome
            if outcome.status == 401 and outcome.token is not None and not refused:
                # Only what was refused is dropped; a token that another call has renewed meanwhile stays. One that was
                # renewed for this very call stays as well: yet another would fare no better.
                self._credentials.invalidate(outcome.token.reveal())
                if call.attempt < self._policy.attempts and await self._has_another(outcome.token):
                    refused = True
                    continue
            delay = self._delay(call, outcome)
            if delay is None:
                return outcome
            await concurrency.sleep(delay)

    async def _attempt(self, call: _Call) -> _Outcome:
        """Send the request and follow its redirects, with a fresh token at each hop."""
        target, hops = call.target, 0
        while True:
            host = target.origin.partition("://")[2]
            await self._pass_gate(call, host)
            token = await self._token() if call.accept is not None else None
            try:
                answer = await self._send(call, target, host, token)
            except TransportFailure as caught:
                failure = caught.failure
                return _Outcome(
                    host, token, error=_not_answered(call.operation, call.attempt, host, failure), failure=failure
                )
            if answer.status < 300:
                return _Outcome(host, token, answer)
            if answer.status not in REDIRECTS or token is None:
                error = api_error(answer, call.operation)
                return _Outcome(host, token, answer, error, answer.status, error.retry_after)
            hops += 1
            try:
                if hops > MAX_HOPS:
                    raise UntrustedError(f"there are more than {MAX_HOPS} in a row")
                target = redirect_target(call.method, target, answer.locations, self._settings.origin)
            except UntrustedError as refusal:
                problem = one_line(refusal, token.reveal())
                return _Outcome(host, token, error=_not_followed(call, problem), status=answer.status)

    async def _send(self, call: _Call, target: Target, host: str, token: Secret | None) -> Answer:
        """Send one request, and leave a span and a log record of it."""
        began = time.monotonic()
        template = (call.template or None) if target is call.target else None
        with self._tracing.request(call.operation, call.method, target, template, call.sent) as span:
            call.sent += 1
            try:
                answer = await self._transport.send(call.method, target, self._headers(call, host, token))
            except TransportFailure as caught:
                span.failed(caught.failure.phase)
                self._log(call, host, began, f"no answer ({caught.failure.phase})", None)
                raise
            answer.secret = token.reveal() if token is not None else None
            span.answered(answer)
        self._log(call, host, began, f"status {answer.status}", answer)
        return answer

    async def _token(self) -> Secret:
        # Credentials of the user's own making are not bound to keep their promise.
        token = cast(object, await self._credentials.aget_token())
        if isinstance(token, str) and token and token.isascii() and token.isprintable():
            return Secret(token)
        del token
        raise CredentialsError("The credentials object returned something that cannot be an access token.")

    async def _has_another(self, refused: Secret) -> bool:
        return (await self._token()).reveal() != refused.reveal()

    def _headers(self, call: _Call, host: str, token: Secret | None) -> Headers:
        headers = _HeaderList(((b"Host", host.encode("ascii")), (b"User-Agent", self._user_agent)))
        if call.accept is not None and token is not None:
            headers += (
                (b"Accept", call.accept),
                (b"Accept-Encoding", b"gzip"),
                (b"Authorization", b"Bearer " + token.reveal().encode("ascii")),
            )
        return headers

    async def _pass_gate(self, call: _Call, host: str) -> None:
        """Wait while the host wants a pause from all callers."""
        while (wait := self._gate.wait(host)) > 0:
            if time.monotonic() + wait > call.ends:
                raise DeadlineExceeded(
                    f"{host} has asked for a pause of {wait:.0f} more seconds, which is longer than what is left of "
                    f"the deadline of {call.operation}. Wait, or give the client a longer deadline.",
                    phase="deadline",
                    operation=call.operation,
                )
            await concurrency.sleep(wait)

    def _delay(self, call: _Call, outcome: _Outcome) -> float | None:
        """Seconds until the next attempt, or None if there should be none."""
        asked, policy = outcome.retry_after, self._policy
        if (
            outcome.status == THROTTLED
            and asked is not None
            and policy.attempts > 1
            and asked <= policy.max_retry_after
        ):
            self._gate.close(outcome.host, asked)
        attempts = Attempts(policy, repeatable=call.method in IDEMPOTENT, count=call.attempt)
        delay = attempts.delay(outcome.status, outcome.failure, asked)
        if delay is None or time.monotonic() + delay > call.ends or not self._budget.spend(outcome.status):
            return None
        self._announce(Retry(call.operation, outcome.host, call.attempt, outcome.status, delay))
        return delay

    def _announce(self, retry: Retry) -> None:
        logger.info(
            "%s: trying again in %.2f s after %s from %s (attempt %d of %d)",
            retry.operation,
            retry.delay,
            f"status {retry.status}" if retry.status else "no answer",
            retry.host,
            retry.attempt,
            self._policy.attempts,
            extra={
                "operation": retry.operation,
                "host": retry.host,
                "status": retry.status,
                "attempt": retry.attempt,
                "delay": retry.delay,
            },
        )
        if self._policy.on_retry is not None:
            try:
                self._policy.on_retry(retry)
            except Exception as error:  # noqa: BLE001 (whatever a user's function raises)
                logger.warning("on_retry raised %s, which is ignored", type(error).__name__)

    def _log(self, call: _Call, host: str, began: float, what: str, answer: Answer | None) -> None:
        if not logger.isEnabledFor(logging.DEBUG):
            return
        duration = time.monotonic() - began
        logger.debug(
            "%s: %s from %s after %.3f s",
            call.operation,
            what,
            host,
            duration,
            extra={
                "operation": call.operation,
                "host": host,
                "status": answer.status if answer else None,
                "attempt": call.attempt,
                "duration": duration,
                "request_id": answer.request_id if answer else None,
            },
        )


def _trusted(url: str, configured: str) -> Target:
    try:
        return trusted(url, configured)
    except UntrustedError as refusal:
        problem = str(refusal)
    raise ValueError(f"The token goes to hosts of the platform and to api_url only: {problem}.")


def _not_answered(operation: str, attempt: int, host: str, failure: Failure) -> TransportError:
    advice = (
        "Check the certificate authorities of this machine."
        if failure.phase == "tls"
        else "Check the network and the proxy settings, then try again."
    )
    return TransportError(
        f"{host} {failure.text} ({operation}, attempt {attempt}). {advice}",
        phase=failure.phase,
        operation=operation,
    )


def _not_followed(call: _Call, problem: str) -> RedirectError:
    return RedirectError(
        f"{call.operation} was answered with a redirect that is not followed, to keep the token safe: {problem}. "
        "Check api_url and what stands between this machine and the platform.",
        operation=call.operation,
    )


def _parsed(answer: Answer, operation: str, read: Callable[[Any], T]) -> T:
    """The body of a success as its type. What cannot be read is an error that holds nothing of the body."""
    path, problem = "", answer.problem
    if problem is None:
        try:
            return read(read_json(answer.body))
        except NotJsonError as error:
            problem = str(error)
        except ValueError as error:
            path, problem = where_and_what(error, answer.secret)
    raise ResponseError(
        problem,
        path=path,
        status=answer.status,
        content_type=answer.content_type,
        size=len(answer.body),
        operation=operation,
        request_id=answer.request_id,
    )
