"""One request to the storage and its answer as a stream. It decides nothing: no retry, no redirect.

Proxies, certificates and time limits are those of the client's calls, because the engine is the same.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .. import _http
from .._http import pools
from .._http.failures import NoAnswer, failure_of
from .._policies.redaction import chain_of
from ._problems import FEWER_FILES

if TYPE_CHECKING:
    from .._policies.addresses import Target
    from .._policies.calls import Headers

_VERIFY = "Name its authorities with verify= or SSL_CERT_FILE"
_PROXY_LOGIN = "Put them into its URL, http://user:password@host:port, in proxy= or the environment"


class Wire:
    """Connections to the storage, shared by all threads of an operation. A forked process opens its own."""

    def __init__(self, options: _http.TransportOptions) -> None:
        self._options = options
        self._origins: dict[tuple[int, str], pools.Connections[pools.Engine]] = {}
        self._closed = False

    def close(self) -> None:
        """Close the connections. Other threads may be using them; their requests fail."""
        self._closed = True
        for (process, _), connections in list(self._origins.items()):
            if process == os.getpid():
                for engine in list(connections.all):
                    engine.close()

    @contextmanager
    def exchange(
        self, method: str, target: Target, headers: Headers, body: bytes | Iterable[bytes] | None
    ) -> Generator[pools.Response]:
        """Send a request; inside the context, its answer can be read with `chunks_of`.

        Raises:
            NoAnswer: No answer came.
            TimeoutError: The time limit in force is over.
            ConfigurationError: The proxy or the certificate authorities cannot be used.
        """
        connections = self._connections_to(target.origin)
        engine = connections.take()
        unharmed = False
        try:
            response = self._send(engine, method, target, headers, body)
            try:
                yield response
            finally:
                response.close()
            unharmed = not self._closed
        finally:
            # An engine that was broken off is used no more: nobody knows what is left on its connection.
            if (unwanted := connections.give_back(engine, unharmed=unharmed)) is not None:
                unwanted.close()

    def chunks_of(self, response: pools.Response) -> Generator[bytes]:
        """The body of an answer as it arrives, without decoding it.

        Raises:
            NoAnswer: The connection broke.
            TimeoutError: The time limit in force is over.
        """
        stream = iter(response)
        while True:
            try:
                chunk = next(stream, None)
            except TimeoutError:
                raise
            except Exception:  # noqa: BLE001 (whatever an engine raises is its failure)
                break
            if chunk is None:
                return
            yield chunk
        raise NoAnswer(_http.Failure("body", "broke off in the middle of the answer", dropped=True))

    def _send(
        self, engine: pools.Engine, method: str, target: Target, headers: Headers, body: bytes | Iterable[bytes] | None
    ) -> pools.Response:
        try:
            return engine.send(method, target, headers, body)
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever an engine raises is its failure)
            failure = self._failure_of(error, target.origin)
        raise NoAnswer(failure)

    def _connections_to(self, origin: str) -> pools.Connections[pools.Engine]:
        if self._closed:
            raise NoAnswer(_http.Failure("connect", "is no longer used: the operation has ended", final=True))
        key = os.getpid(), origin
        if (connections := self._origins.get(key)) is None:
            # Another thread may have been quicker; then there must be only one of them.
            connections = self._origins.setdefault(key, pools.open_engines(origin, self._options))
        return connections

    def _failure_of(self, error: Exception, origin: str) -> _http.Failure:
        """The failure behind an exception, with its cause as far as it can be told."""
        failure = failure_of(error)
        if failure.phase == "tls" and failure.final:
            return _http.Failure("tls", f"{failure.text}. {_VERIFY}", unsent=True, final=True)
        if failure.phase != "connect":
            return failure
        proxy = _http.proxy_for(origin, self._options)
        if proxy is not None and "407" in str(error):
            return wants_login(proxy)
        return _http.Failure(
            failure.phase,
            f"{failure.text}{_detail(error)}" + (f" through {named(proxy)}" if proxy else ""),
            unsent=failure.unsent,
            final=failure.final,
        )


def wants_login(proxy: str) -> _http.Failure:
    """The failure of a proxy that asks for a name and a password, or refuses those it has got."""
    text = f"cannot be reached: {named(proxy)} requires a user and a password (status 407). {_PROXY_LOGIN}"
    return _http.Failure("connect", text, unsent=True, final=True)


def named(proxy: str) -> str:
    """The name of a proxy in a message, without its password."""
    try:
        parts, port = urlsplit(proxy), urlsplit(proxy).port
    except ValueError:
        return "the proxy"
    return f"the proxy {parts.hostname}" + (f":{port}" if port else "")


def _detail(error: BaseException) -> str:
    """Why no connection could be made, in brackets; empty if nobody knows."""
    for each in chain_of(error):
        if isinstance(each, ConnectionRefusedError):
            return " (connection refused)"
        if isinstance(each, OSError) and each.errno in {errno.EMFILE, errno.ENFILE}:
            return f" (this machine allows no more open files: {FEWER_FILES})"
        # A resolver that itself could not work says nothing about the name.
        if isinstance(each, (socket.gaierror, UnicodeError)) and each.args[0] != getattr(socket, "EAI_SYSTEM", None):
            return " (its name cannot be looked up)"
    return ""
