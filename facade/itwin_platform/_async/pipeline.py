"""The request pipeline: what happens between a method of an API group and the wire.

Every call goes through here: token, attempt, redirect, retry, answer. The rules and the messages are in `_policies`;
this module only carries them out.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .._concurrency import asynchronous as concurrency
from .._concurrency.forks import on_fork
from .._http.failures import NoAnswer
from .._policies import messages
from .._policies.addresses import Target, UntrustedError
from .._policies.answers import Answer
from .._policies.attempts import IDEMPOTENT, Attempts
from .._policies.calls import Call, Outcome
from .._policies.paging import next_link, next_target
from .._policies.previews import PREVIEWS
from .._policies.records import announce, log_answer
from .._policies.redaction import Secret, interrupts_show_nothing, one_line, protect_logs
from .._policies.redirects import MAX_HOPS, REDIRECTS, redirect_target
from .._policies.refusals import api_error
from .._policies.requests import target_of, with_query
from .._policies.retries import THROTTLED, PauseGate, Retry, RetryBudget, RetryPolicy
from .._policies.success import link_error, read_body, read_success
from .._staying import Shared
from .._tracing import Tracing
from ..errors import ApiError
from .pacing import Pacing
from .transport import Transport

if TYPE_CHECKING:
    from itwin_platform_api.runtime import Request

    from .._http import TransportOptions
    from .._policies.paging import Walk
    from .._settings import Settings
    from ..credentials import TokenProvider

T = TypeVar("T")


class Pipeline(Shared):
    """Carries out requests. One belongs to each client; it is shared by threads, or by tasks.

    Parameters:
        settings: The settings of the client.
        credentials: Where tokens come from.
        place: Where other processes find the credentials; None if they cannot.
        shared: Whether it has come from another process and belongs to all that runs in this one.
    """

    def __init__(
        self, settings: Settings, credentials: TokenProvider, place: str | None = None, *, shared: bool = False
    ) -> None:
        self._place = place
        self._shared = shared
        self._settings = settings
        self._credentials = credentials
        self._transport = Transport(settings.transport)
        self._policy = settings.retry or RetryPolicy(attempts=1)
        self._budget = RetryBudget()
        self._gate = PauseGate()
        self._slots = concurrency.Slots(settings.max_in_flight)
        self._pacing = Pacing(settings.requests_per_minute)
        self._tracing = Tracing()
        self._user_agent = settings.user_agent.encode("ascii")
        on_fork(self)

    async def call(self, request: Request[T], uri: str | None = None) -> T:
        """Carry out a request and return what its answer holds, as the type that the definition names.

        Parameters:
            request: The request.
            uri: A link to follow, in place of the path of the request.

        Raises:
            ValueError: The token must not be sent to the link, or it is no address. Nothing was sent.
            ITwinPlatformError: See the subclasses.
        """
        call = self._new_call(request, at=None if uri is None else self.linked(request, uri))
        with interrupts_show_nothing:
            answer, _ = await self._successful(call)
            return read_success(answer, request.operation, call)

    async def page(
        self, request: Request[T], target: Target | None, walk: Walk, at: Target | None = None
    ) -> tuple[T, Callable[[], Target | None]]:
        """Get a page of a list.

        Parameters:
            request: The request for the first page.
            target: Where this page is; None for the first one.
            walk: Knows how far to go.
            at: Where the first page is, if a link leads to it.

        Returns:
            The page, and how to find out where the next one is: None after the last.

        Raises:
            ITwinPlatformError: See the subclasses.
        """
        call = self._new_call(request, target, at)
        with interrupts_show_nothing:
            answer, came_from = await self._successful(call)
            page = read_success(answer, request.operation, call)

        def find_next() -> Target | None:
            link = next_link(page)
            try:
                if not walk.goes_on(link) or link is None:
                    return None
                return next_target(link, came_from, self._settings.origin)
            except UntrustedError as refusal:
                problem = f"is not followed: {one_line(refusal, answer.secret)}"
            raise link_error(answer, call, problem)

        return page, find_next

    async def send(self, request: Request[Any], url_or_path: str, *, expects_body: bool) -> Any:
        """Send a request to an address of the platform that no definition describes, and return plain JSON.

        Parameters:
            request: Method, media type, query, headers and body.
            url_or_path: A path, or an absolute URL that the token may be sent to.
            expects_body: Whether an answer without a body is an error; otherwise it is None.

        Raises:
            ValueError: The token must not be sent there, or it is no address. Nothing was sent.
            ITwinPlatformError: See the subclasses.
        """
        call = self._new_call(request, at=self.linked(request, url_or_path, "url_or_path"))
        call.operation = f"{call.method} {call.path[:200]}"
        call.documented = False
        with interrupts_show_nothing:
            answer, _ = await self._successful(call)
            if not answer.body and answer.problem is None and not expects_body:
                return None
            return read_body(answer, call, lambda body: body)

    def linked(self, request: Request[Any], uri: str, name: str = "uri") -> Target:
        """Where a link leads, with the query of a request in place of what the link says of the same parameters.

        Parameters:
            request: The request.
            uri: A path, or an absolute URL that the token may be sent to.
            name: What to call it in errors.

        Raises:
            ValueError: The token must not be sent there, or it is no address.
        """
        target = target_of(uri, self._settings.origin, self._settings.prefix, name)
        return with_query(target, request.target.partition("?")[2])

    async def fetch(self, target: Target, operation: str) -> Answer:
        """Get something from a host that is not the platform's, without the token. Redirects are not followed.

        Parameters:
            target: Where it is.
            operation: What to call it in errors.

        Returns:
            The answer, whatever its status.

        Raises:
            TransportError: No usable answer arrived, `DeadlineExceeded` if the time was up.
        """
        call = Call(operation, "GET", "", target, self._ends(), Attempts(self._policy, repeatable=True), signed=False)
        with interrupts_show_nothing:
            outcome = await self._carry_out(call)
        if outcome.answer is None and outcome.error is not None:
            raise outcome.error
        return cast(Answer, outcome.answer)

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
        raise messages.work_too_late(operation, self._settings.deadline)

    @property
    def api_url(self) -> str:
        """The address of the platform."""
        return self._settings.api_url

    @property
    def transport_options(self) -> TransportOptions:
        """How connections are made, for what goes to the storage directly."""
        return self._settings.transport

    def check_open(self) -> None:
        """Raise ConfigurationError if the client is closed."""
        self._transport.check_open()

    async def aclose(self) -> None:
        """Close the connections, unless others in this process use them."""
        if not self._shared:
            await self.end()

    async def end(self) -> None:
        """Close the connections, whoever uses them."""
        await self._transport.aclose()

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as settings and the place of the credentials; the other process makes one pipeline of them."""
        if self._place is None:
            raise TypeError(messages.NO_PLACE)
        return shared_pipeline, (self._settings, self._place)

    def after_fork(self) -> None:
        """Free the slots, which threads of the parent process may have held."""
        self._slots = concurrency.Slots(self._settings.max_in_flight)
        self._pacing.after_fork()

    def _ends(self) -> float:
        return time.monotonic() + self._settings.deadline

    def _new_call(self, request: Request[Any], target: Target | None = None, at: Target | None = None) -> Call:
        operation = request.operation
        if operation.preview:
            PREVIEWS.tell(operation)
        path = self._settings.prefix + request.location if at is None else one_line(at.path.partition("?")[0])
        return Call(
            operation=operation.id,
            method=operation.method,
            template=operation.path if at is None else "",
            target=target or at or Target(self._settings.origin, self._settings.prefix + request.target),
            ends=self._ends(),
            attempts=Attempts(self._policy, repeatable=operation.method in IDEMPOTENT),
            accept=operation.accept,
            headers=request.headers,
            body=request.body,
            content_type=request.content_type,
            signed=request.signed,
            deletes=operation.method == "DELETE" and 204 in operation.answers,
            path=path,
        )

    async def _successful(self, call: Call) -> tuple[Answer, Target]:
        """The answer to a call, if it is a success, and where it came from."""
        async with self._slots.one():
            # Its time begins with its turn: those that wait for a slot wait for others, not for the platform.
            call.ends = self._ends()
            outcome = await self._carry_out(call)
        if outcome.error is not None:
            raise outcome.error
        return cast(Answer, outcome.answer), outcome.target

    async def _carry_out(self, call: Call) -> Outcome:
        """What comes of a call in the end."""
        try:
            with concurrency.time_limit(self._settings.deadline):
                return await self._attempts(call)
        except TimeoutError:
            pass
        raise messages.call_too_late(call, self._settings.deadline)

    async def _attempts(self, call: Call) -> Outcome:
        """Try until there is a success, or no reason to try again."""
        refused = False
        while True:
            call.attempts.begin()
            outcome = await self._attempt(call)
            if outcome.error is None:
                self._budget.earn()
                return outcome
            if outcome.status == 404 and call.deletes and call.attempts.unsure:
                # An earlier attempt, whose answer got lost, has deleted it.
                return Outcome(outcome.target, outcome.token, Answer(204, {}))
            if outcome.status == 401 and outcome.token is not None and not refused:
                # Only what was refused is dropped; a token that another call has renewed meanwhile stays. One that was
                # renewed for this very call stays as well: yet another would fare no better.
                self._credentials.invalidate(outcome.token.reveal())
                if call.attempts.count < self._policy.attempts and await self._has_another(outcome.token):
                    refused = True
                    continue
            delay = self._delay(call, outcome)
            if delay is None:
                if call.may_have_happened and isinstance(outcome.error, ApiError):
                    messages.refused_in_doubt(outcome.error)
                return outcome
            await concurrency.sleep(delay)

    async def _attempt(self, call: Call) -> Outcome:
        """Send the request and follow its redirects, with a fresh token at each hop."""
        target, hops = call.target, 0
        while True:
            await self._pass_gate(call, target.host)
            await self._pacing.wait(call)
            token = await self._token() if call.signed else None
            try:
                answer = await self._send(call, target, token)
            except NoAnswer as caught:
                failure = caught.failure
                return Outcome(target, token, error=messages.not_answered(call, target.host, failure), failure=failure)
            if answer.status < 300:
                return Outcome(target, token, answer)
            if answer.status not in REDIRECTS or token is None:
                error = api_error(answer, call)
                return Outcome(target, token, answer, error, answer.status, error.retry_after)
            hops += 1
            try:
                if hops > MAX_HOPS:
                    raise UntrustedError(f"there are more than {MAX_HOPS} in a row")
                target = redirect_target(call.method, target, answer.locations, self._settings.origin)
            except UntrustedError as refusal:
                problem = one_line(refusal, token.reveal())
                return Outcome(target, token, error=messages.not_followed(call, problem), status=answer.status)

    async def _send(self, call: Call, target: Target, token: Secret | None) -> Answer:
        """Send one request, and leave a span and a log record of it."""
        began = time.monotonic()
        redirected = target is not call.target
        headers = call.headers_for(target.host, self._user_agent, token, redirected=redirected)
        template = None if redirected else call.template or None
        with self._tracing.request(call.operation, call.method, target, template, call.sent, token) as span:
            call.sent += 1
            try:
                answer = await self._transport.send(call.method, target, headers, call.body)
            except NoAnswer as caught:
                self._pacing.answered(call, None)
                span.failed(caught.failure.phase)
                log_answer(call, target.host, time.monotonic() - began, f"no answer ({caught.failure.phase})", None)
                raise
            self._pacing.answered(call, answer.status)
            answer.secret = token.reveal() if token is not None else None
            span.answered(answer)
        log_answer(call, target.host, time.monotonic() - began, f"status {answer.status}", answer)
        return answer

    async def _token(self) -> Secret:
        # Credentials of the user's own making are not bound to keep their promise.
        token = cast(object, await self._credentials.aget_token())
        if isinstance(token, str) and token and token.isascii() and token.isprintable():
            return Secret(token)
        del token
        raise messages.unusable_token()

    async def _has_another(self, refused: Secret) -> bool:
        return (await self._token()).reveal() != refused.reveal()

    async def _pass_gate(self, call: Call, host: str) -> None:
        """Wait while the host wants a pause from all callers; once for each pause, whatever the clock says."""
        waited = 0.0
        while (until := self._gate.until(host)) > waited and (wait := self._gate.wait(host)) > 0:
            if not call.in_time(wait):
                raise messages.pause_too_long(call, host, wait)
            await concurrency.sleep(wait)
            waited = until

    def _delay(self, call: Call, outcome: Outcome) -> float | None:
        """Seconds until the next attempt, or None if there should be none."""
        asked, policy, host = outcome.retry_after, self._policy, outcome.target.host
        if (
            outcome.status == THROTTLED
            and asked is not None
            and policy.attempts > 1
            and asked <= policy.max_retry_after
        ):
            self._gate.close(host, asked)
        delay = call.attempts.delay(outcome.status, outcome.failure, asked)
        if delay is None or not call.in_time(delay) or not self._budget.spend(outcome.status):
            return None
        announce(
            Retry(call.operation, host, call.attempts.count, outcome.status, delay, call.method, call.path), policy
        )
        return delay


# Kept until the process ends: a task of a cluster drops its client, and the next one uses the same connections.
_shared: dict[tuple[Settings, str], Pipeline] = {}


def shared_pipeline(settings: Settings, place: str) -> Pipeline:
    """The one pipeline of this process with the settings of a pickled one. Pickles name this function."""
    from ..credentials._choice import LateCredentials

    found = _shared.get((settings, place))
    if found is None:
        protect_logs()
        credentials = LateCredentials(place, settings, for_async=True)
        # Another thread may have been quicker; then there must be only one of them.
        found = _shared.setdefault((settings, place), Pipeline(settings, credentials, place, shared=True))
        concurrency.at_exit(found.end)
    return found
