"""A relay that puts one more header line into every request on its way to a server."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


@contextmanager
def relay(url: str, header: str) -> Iterator[str]:
    """Relay to the server at `url`; yields the address of the relay. Requests must have no body."""
    ready = threading.Event()
    running = _Relay(url, header, ready)
    thread = threading.Thread(target=asyncio.run, args=(running.run(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield running.url
    finally:
        running.stop()
        thread.join(10)


class _Relay:
    url: str

    def __init__(self, target: str, header: str, ready: threading.Event) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname, parts.port
        self._line = header.encode() + b"\r\n"
        self._ready = ready

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stopped.wait()
        server.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        server_in, server_out = await asyncio.open_connection(self._host, self._port)
        answers = asyncio.create_task(_copy(server_in, client_out))
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    request = await client_in.readuntil(b"\r\n\r\n")
                    server_out.write(request[:-2] + self._line + b"\r\n")
                    await server_out.drain()
        finally:
            answers.cancel()
            server_out.close()
            client_out.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
        target.close()
