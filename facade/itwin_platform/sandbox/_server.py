"""The sandbox as a server: a thread of this process that listens on loopback."""

import os
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from ._actions import Actions
from ._agenda import Agenda
from ._behaviours import install
from ._calls import Calls, RecordedCall
from ._catalogue import CATALOGUE
from ._clock import Clock
from ._demands import Demands
from ._files import PERMISSIONS, Files
from ._own_data import read_own_data
from ._store import Store
from ._tokens import IssuedTokens
from ._world import World

if TYPE_CHECKING:
    import uvicorn

_HOST: Final = "127.0.0.1"
_MISSING: Final = 'the sandbox needs starlette and uvicorn: pip install "itwin-platform[sandbox]"'
_PATIENCE: Final = 10.0


class Sandbox:
    """A stand-in for the platform on a port of this machine, for as long as a `with` block lasts.

    The server runs in a thread, so the block may hold sync and async code. It listens on 127.0.0.1 only.

    Parameters:
        port: the TCP port; 0 takes a free one.
        token_lifetime: seconds for which an access token of the token endpoint is good, at least 1. `token` itself is
            good for as long as the sandbox exists.
        data: resources to begin with, beside the documented ones: a mapping as in
            `{"/itwins": [{"displayName": ...}], "/itwins/<id>/repositories": [...]}`, or the path of a JSON or YAML
            file with one. Each of them is as for `add`.
        speed: how fast the clock runs: 60 makes an hour of a minute. Jobs, exports and the links with a signature go
            by it, tokens do not.
        latency: seconds before each answer of the APIs, at most 600. It can be set later, too.
        storage_limit: bytes that its storage takes; 4 GiB if not given. More is refused with the status 507. What does
            not fit into 64 MiB of memory is in a temporary folder, which is deleted with the sandbox.
        bucket_permissions: what the SAS URL of a bucket permits, in the letters of Azure. The documentation shows one
            with `rw` alone; with that, nothing can be listed or deleted.

    Attributes:
        token: an access token.
        client_id: the client that the token endpoint knows.
        client_secret: its secret.
        control_token: the token for `POST /sandbox/rate-limit`, which other tokens cannot use.
        itwin_id: the iTwin that every operation finds.
        repository_id: the repository that is found in it.
        resource_id: the resource that is found in the repository.

    Raises:
        ValueError: the port is not within 0 and 65535, the lifetime or the limit is below 1, the speed or the latency
            is not what a clock can do, the permissions are none, or the data cannot be read or used. The message says
            what is wrong with it.
    """

    itwin_id: Final = CATALOGUE.known_id("/itwins")
    repository_id: Final = CATALOGUE.known_id("/itwins/{}/repositories")
    resource_id: Final = CATALOGUE.known_id("/itwins/{}/repositories/{}/resources")

    def __init__(
        self,
        *,
        port: int = 0,
        token_lifetime: int = 3600,
        data: Mapping[str, Iterable[Mapping[str, object]]] | str | os.PathLike[str] | None = None,
        speed: float = 1.0,
        latency: float = 0.0,
        storage_limit: int = 4 * 1024**3,
        bucket_permissions: str = "rwdl",
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"port must be within 0 and 65535, not {port}")
        if token_lifetime < 1:
            raise ValueError(f"token_lifetime must be at least 1 second, not {token_lifetime}")
        if storage_limit < 1:
            raise ValueError(f"storage_limit must be at least 1 byte, not {storage_limit}")
        if not bucket_permissions or set(bucket_permissions) - set(PERMISSIONS):
            raise ValueError(f"bucket_permissions must be letters of {PERMISSIONS!r}, not {bucket_permissions!r}")
        self._port = port
        self._tokens = IssuedTokens(token_lifetime)
        clock = Clock(speed)
        store = Store(CATALOGUE, clock)
        self._world = World(
            catalogue=CATALOGUE,
            store=store,
            clock=clock,
            files=Files(clock, storage_limit, bucket_permissions),
            demands=Demands(CATALOGUE.operations, latency),
            agenda=Agenda(clock, store),
            calls=Calls(),
        )
        self._actions = Actions(self._world)
        install(self._world, self._actions)
        self._url: str | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.token: Final = self._tokens.token
        self.client_id: Final = self._tokens.client_id
        self.client_secret: Final = self._tokens.client_secret
        self.control_token: Final = self._tokens.control_token
        own = read_own_data(Path(data)) if isinstance(data, (str, os.PathLike)) else data or {}
        for address, resources in own.items():
            self.add(address, resources)

    @property
    def url(self) -> str:
        """The address of the running sandbox, without a slash at the end. It is the issuer as well.

        Raises:
            RuntimeError: the sandbox is not running.
        """
        if self._url is None:
            raise RuntimeError("the sandbox is not running: use it in a with block, or call start()")
        return self._url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that point `itwin_platform` at the running sandbox, and ids for scripts to ask for.

        They hold secrets. `ITP_ITWIN_ID`, `ITP_REPOSITORY_ID` and `ITP_RESOURCE_ID` are what the project's examples
        read; the package itself does not.
        """
        return {
            "ITP_API_URL": self.url,
            "ITP_ISSUER_URL": self.url,
            "ITP_ACCESS_TOKEN": self.token,
            "ITP_SERVICE_CLIENT_ID": self.client_id,
            "ITP_SERVICE_CLIENT_SECRET": self.client_secret,
            "ITP_ITWIN_ID": self.itwin_id,
            "ITP_REPOSITORY_ID": self.repository_id,
            "ITP_RESOURCE_ID": self.resource_id,
        }

    def add(self, collection: str, resources: Iterable[Mapping[str, object]]) -> list[dict[str, Any]]:
        """Add resources, as many as a test needs, without a request for each.

            sandbox.add("/itwins", [
                {"displayName": f"Bridge {n}", "class": "Endeavor", "subClass": "Project"} for n in range(2500)
            ])

        They are checked like the body of a request to create one. What the platform sets itself may be given too, the
        id for instance, and is made up otherwise.

        Parameters:
            collection: The path of the collection in the API: `/itwins`, `/itwins/<id>/repositories`.
            resources: The resources with their documented properties.

        Returns:
            The resources as they are now.

        Raises:
            ValueError: There is no such collection, or a resource is not as documented or exists already. None was
                added.
        """
        return self._world.store.add(collection, resources)

    def rate_limit(self, times: int = 1, *, retry_after: int = 1) -> None:
        """Answer the next requests to the API with 429. It replaces what is left of an earlier call.

        Only requests that carry a good access token are counted.

        Parameters:
            times: how many requests; 0 answers again as usual.
            retry_after: seconds, sent as `retry-after`.

        Raises:
            ValueError: one of them is negative, or over a thousand million.
        """
        self._world.demands.limit(times, retry_after)

    def fail(self, status: int, times: int = 1, operation: str | None = None) -> None:
        """Answer the next requests with a documented error. Nothing else happens.

            sandbox.fail(403, operation="itwins/create-itwin")

        Only requests that carry a good access token are counted.

        Parameters:
            status: the HTTP status, one that the operation documents.
            times: how many requests; 0 answers again as usual. It replaces what is left of an earlier call.
            operation: the API and the id of the operation, for instance `itwins/get-itwin`. Without it, the requests
                for any operation that documents the status are meant.

        Raises:
            ValueError: There is no such operation, it documents no such error, or `times` is negative.
        """
        self._world.demands.fail(status, times, operation)

    def fail_jobs(self, times: int = 1) -> None:
        """Let the next jobs that are created fail, after the time that they would have taken.

        Parameters:
            times: how many jobs; 0 lets them succeed again.

        Raises:
            ValueError: `times` is negative.
        """
        self._world.demands.fail_jobs(times)

    def advance(self, seconds: float) -> None:
        """Put the clock of the sandbox forward, by which jobs, exports and links with a signature go.

        Parameters:
            seconds: by how much; not negative.

        Raises:
            ValueError: it is negative, or more than about a hundred years.
        """
        self._world.clock.advance(seconds)

    @property
    def latency(self) -> float:
        """Seconds before each answer of the APIs. Setting it applies to the next requests."""
        return self._world.demands.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._world.demands.latency = seconds

    @property
    def calls(self) -> list[RecordedCall]:
        """The requests for operations that were answered, refused ones included, in their order; the last 10,000.

        Requests for tokens and files are not among them.
        """
        return self._world.calls.all()

    def start(self) -> None:
        """Start to listen. Returns once requests are answered.

        Raises:
            RuntimeError: it runs already.
            ImportError: starlette or uvicorn is missing.
            OSError: the port is in use.
        """
        if self._server is not None:
            raise RuntimeError("the sandbox is running already")
        try:
            import uvicorn

            from ._app import make_app
            from ._protocol import SilentProtocol
        except ModuleNotFoundError as error:
            raise ImportError(_MISSING, name=error.name) from None
        listener = _listener(self._port)
        # The platform's storage is on another host.
        listeners = [listener, _listener(0)]
        files = self._world.files
        files.origin, files.storage = (f"http://{_HOST}:{each.getsockname()[1]}" for each in listeners)
        config = uvicorn.Config(
            make_app(self._world, self._actions, self._tokens),
            log_config=None,
            access_log=False,
            server_header=False,
            loop="asyncio",
            http=SilentProtocol,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=(listeners,), name="itwin-platform-sandbox", daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                for each in listeners:
                    each.close()
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.002)
        self._server, self._thread, self._url = server, thread, files.origin

    def stop(self) -> None:
        """Stop listening and close every connection. Does nothing where the sandbox is not running."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        server.should_exit = True
        thread.join(_PATIENCE)
        self._server = self._thread = self._url = None

    @property
    def is_running(self) -> bool:
        """Whether requests are answered."""
        return self._thread is not None and self._thread.is_alive()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Sandbox(url={self._url!r}, client_id={self.client_id!r}, token='***', client_secret='***')"


def _listener(port: int) -> socket.socket:
    """Bind a socket as `socket.create_server` does, but with its protocol named.

    Only for such sockets does asyncio turn off Nagle's algorithm, which would hold back each answer for 40 ms.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Elsewhere it would let two processes listen on the same port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
