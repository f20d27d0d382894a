"""Sends one request and reads its answer, bounded in size and time. It decides nothing: no redirect, no retry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import _http
from .._concurrency import asynchronous as concurrency
from .._concurrency.forks import on_fork
from .._http import pools
from .._http.failures import NoAnswer, failure_of
from .._policies.addresses import Target
from .._policies.answers import Answer
from .._policies.bodies import BodyReader

if TYPE_CHECKING:
    from .._policies.calls import Headers

# Objects of a parent process that must not be destroyed in a child: that would close what the parent uses.
_of_the_parent: list[object] = []


class _Home:
    """What is connected on one event loop, or by all threads."""

    def __init__(self) -> None:
        self.origins: dict[str, pools.Connections[pools.AsyncEngine]] = {}
        # Closes all of it before the loop ends.
        self.end: concurrency.LoopEnd | None = None

    async def aclose(self) -> None:
        """Close all connections."""
        for connections in list(self.origins.values()):
            for engine in list(connections.all):
                await engine.aclose()


class Transport:
    """Connections to the platform, kept for each origin. Shared by all threads, or by the tasks of event loops."""

    def __init__(self, options: _http.TransportOptions) -> None:
        self._options = options
        # Connections of an event loop are of no use on another: every loop has its own. The sync client has no loop.
        self._homes: dict[object, _Home] = {}
        self._closed = False
        on_fork(self)

    async def send(self, method: str, target: Target, headers: Headers, body: bytes | None = None) -> Answer:
        """Send a request and read the answer.

        Raises:
            NoAnswer: No usable answer arrived.
            TimeoutError: The time limit in force is over.
            ConfigurationError: The client is closed, or its proxy cannot be used.
        """
        home = self._homes.get(concurrency.home())
        connections = home.origins.get(target.origin) if home is not None else None
        if connections is None or self._closed:
            connections = await self._open(target.origin)
        engine = connections.take()
        unharmed = False
        try:
            answer = await self._exchange(engine, method, target, headers, body)
            unharmed = not self._closed
        finally:
            # An engine that was broken off is used no more: nobody knows what is left on its connection.
            if (unwanted := connections.give_back(engine, unharmed=unharmed)) is not None:
                await unwanted.aclose()
        return answer

    async def _exchange(
        self,
        engine: pools.AsyncEngine,
        method: str,
        target: Target,
        headers: Headers,
        body: bytes | None,
    ) -> Answer:
        try:
            response = await engine.send(method, target, headers, body)
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever an engine raises is its failure)
            failure = failure_of(error)
        else:
            return await self._read(response)
        raise NoAnswer(failure)

    async def aclose(self) -> None:
        """Close the connections; called again, those that were just being opened. Other event loops' are left alone."""
        self._closed = True
        place = concurrency.home()
        home = self._homes.get(place)
        self._homes = {} if home is None else {place: home}
        if home is not None:
            await home.aclose()
            if home.end is not None:
                await home.end.aclose()

    def after_fork(self) -> None:
        """Begin anew in a child process. Nothing is closed: the connections are the parent's."""
        homes, self._homes = self._homes, {}
        for home in homes.values():
            for connections in home.origins.values():
                for engine in list(connections.all):
                    engine.forget()
            _of_the_parent.append(home)

    async def _open(self, origin: str) -> pools.Connections[pools.AsyncEngine]:
        self.check_open()
        connections = await concurrency.in_thread(lambda: pools.open_async_engines(origin, self._options))
        self.check_open()
        for place in [place for place in self._homes if concurrency.is_over(place)]:
            self._homes.pop(place, None)
        # Another caller may have been quicker; then there must be only one of them.
        home = self._homes.setdefault(concurrency.home(), _Home())
        if home.end is None:
            home.end = await concurrency.when_loop_ends(home.aclose)
        return home.origins.setdefault(origin, connections)

    def check_open(self) -> None:
        """Raise ConfigurationError if the client is closed."""
        if self._closed:
            from .._policies.messages import client_closed

            raise client_closed()

    async def _read(self, response: pools.AsyncResponse) -> Answer:
        answer = Answer(response.status, response.headers, locations=response.locations)
        if answer.status < 200:
            await response.aclose()
            raise NoAnswer(_http.Failure("headers", "uses another protocol", final=True))
        failure: _http.Failure | None = None
        try:
            # The body of a redirect is of no interest and may be endless; an empty one costs nothing to read.
            if not 300 <= answer.status < 400 or response.headers.get("content-length") == "0":
                await self._collect(response, answer)
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever an engine raises is its failure)
            failure = failure_of(error)
        finally:
            await response.aclose()
        if failure is not None:
            answer.problem = "was cut off"
            if answer.status < 300:
                raise NoAnswer(_http.Failure("body", "broke off in the middle of the answer"))
        return answer

    async def _collect(self, response: pools.AsyncResponse, answer: Answer) -> None:
        """Read the body into the answer, or note what is wrong with it."""
        reader = BodyReader(response.headers.get("content-encoding", ""), self._options.max_body_bytes)
        if reader.goes_on:
            async for chunk in response:
                if not reader.feed(chunk):
                    break
        answer.body = reader.finish()
        answer.problem = reader.problem
