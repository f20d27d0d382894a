"""The sandbox as a server: a thread of this process that listens on loopback."""

import os
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from .._paths import local_path
from ._actions import Actions
from ._agenda import Agenda
from ._arguments import check_letters, check_whole
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
# Bytes: room for the files of the documented resources.
_LEAST_STORAGE: Final = 16 * 1024


class Sandbox:
    """A stand-in for the platform on a port of this machine, for the duration of a `with` block.

    The server runs in a thread, so the block may contain sync and async code. It listens only on 127.0.0.1.

    Parameters:
        port: The TCP port; 0 uses a free one.
        token_lifetime: Seconds for which an access token of the token endpoint is valid, at least 1. `token` itself is
            valid for as long as the sandbox exists.
        data: Resources to begin with, in addition to the documented ones: a mapping such as `{"/itwins":
            [{"displayName": ...}], "/itwins/<id>/repositories": [...]}`, or the path of a JSON or YAML file that
            contains one. Each resource is as for `add`.
        speed: How fast the clock runs; with 60, a minute counts as an hour. It applies to jobs, exports and signed
            links, not to tokens.
        latency: Seconds before each answer of the APIs, at most 600. It can be changed later.
        storage_limit: Capacity of its storage in bytes, 4 GiB by default and at least 16 KiB. Beyond it, uploads are
            refused with the status 507. What does not fit into 64 MiB of memory is in a temporary folder, which is
            deleted with the sandbox.
        bucket_permissions: The permissions of the SAS URL of a bucket, as Azure's letters. The documented URL has only
            `rw`, with which nothing can be listed or deleted.

    Attributes:
        token: An access token.
        client_id: The client that the token endpoint accepts.
        client_secret: Its secret.
        control_token: The token for `POST /sandbox/rate-limit`, which accepts no other.
        itwin_id: The iTwin of the documented examples.
        repository_id: A repository in it.
        resource_id: A resource in that repository.

    Raises:
        ValueError: An argument is out of its range, or the data cannot be read or used. The message says what is wrong.
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
        check_whole("port", port, 0, 65535)
        check_whole("token_lifetime", token_lifetime, 1)
        check_whole("storage_limit", storage_limit, _LEAST_STORAGE)
        check_letters("bucket_permissions", bucket_permissions, PERMISSIONS)
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
        own = read_own_data(local_path("data", data)) if isinstance(data, (str, os.PathLike)) else data
        if own is not None and not isinstance(own, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"data must be a mapping or the path of a file, not {type(own).__name__}")
        for address, resources in (own or {}).items():
            self.add(address, resources)

    @property
    def url(self) -> str:
        """The address of the running sandbox, without a trailing slash. It is the issuer as well.

        Raises:
            RuntimeError: The sandbox is not running.
        """
        if self._url is None:
            raise RuntimeError("the sandbox is not running: use it in a with block, or call start()")
        return self._url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that point `itwin_platform` at the running sandbox, and ids for scripts.

        They contain secrets. `ITP_ITWIN_ID`, `ITP_REPOSITORY_ID` and `ITP_RESOURCE_ID` are for the examples of the
        project; the client does not read them.
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

        They are checked like the body of a request that creates one. Properties that the platform sets, such as the id,
        may be given too, and are made up otherwise.

        Parameters:
            collection: The path of the collection in the API: `/itwins`, `/itwins/<id>/repositories`.
            resources: The resources with their documented properties.

        Returns:
            The resources as they were added.

        Raises:
            ValueError: There is no such collection, or a resource is not valid or exists already. None was added.
        """
        return self._world.store.add(collection, resources)

    def rate_limit(self, *, times: int = 1, retry_after: int = 1) -> None:
        """Answer the next requests to the API with 429. This replaces an earlier call.

        Only requests with a valid access token count.

        Parameters:
            times: How many requests; with 0, they are answered normally again.
            retry_after: Seconds, sent as `retry-after`.

        Raises:
            ValueError: One of them is negative or over 1,000,000,000.
        """
        self._world.demands.limit(times, retry_after)

    def fail(self, status: int, *, times: int = 1, operation: str | None = None) -> None:
        """Answer the next requests with a documented error. The requests have no other effect.

            sandbox.fail(403, operation="itwins/create-itwin")

        Only requests with a valid access token count.

        Parameters:
            status: The HTTP status, one that the operation documents.
            times: How many requests; with 0, they are answered normally again. This replaces an earlier call.
            operation: The API and the id of the operation, for instance `itwins/get-itwin`. Without it, this applies to
                every operation that documents the status.

        Raises:
            ValueError: There is no such operation, it documents no such error, or `times` is negative.
        """
        self._world.demands.fail(status, times, operation)

    def fail_jobs(self, *, times: int = 1) -> None:
        """Let the next jobs that are created fail, after the time that they would have taken.

        Parameters:
            times: How many jobs; with 0, they succeed again.

        Raises:
            ValueError: `times` is negative.
        """
        self._world.demands.fail_jobs(times)

    def advance(self, seconds: float) -> None:
        """Advance the clock of the sandbox, which applies to jobs, exports and signed links.

        Parameters:
            seconds: By how much; not negative.

        Raises:
            ValueError: It is negative, or more than about a hundred years.
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
        """The last 10,000 requests for operations, in order, including those that were refused.

        Requests for tokens and files are not included. There are fewer if their bodies take more than 64 MiB.
        """
        return self._world.calls.all()

    def start(self) -> None:
        """Start the server. Returns once it answers requests.

        Raises:
            RuntimeError: It is already running.
            ImportError: starlette or uvicorn is not installed.
            OSError: The port is in use.
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
        """Stop the server and close every connection. Does nothing if it is not running."""
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
