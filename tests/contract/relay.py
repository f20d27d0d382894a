"""A relay that changes requests on their way to a server: one more parameter in the query, one header less."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


@contextmanager
def relay(url: str, *, parameter: str, without: str) -> Iterator[str]:
    """Relay to the server at `url`; yields the address of the relay. Bodies must have a length."""
    ready = threading.Event()
    running = _Relay(url, parameter, without, ready)
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

    def __init__(self, target: str, parameter: str, without: str, ready: threading.Event) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname, parts.port
        self._parameter = parameter.encode()
        self._without = re.compile(rb"(?<=\n)%s:[^\n]*\n" % without.encode(), re.IGNORECASE)
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
                    length = re.search(rb"\r\ncontent-length: *(\d+)", request, re.IGNORECASE)
                    body = await client_in.readexactly(int(length[1]) if length else 0)
                    method, target, rest = request.split(b" ", 2)
                    target += (b"&" if b"?" in target else b"?") + self._parameter
                    server_out.write(b" ".join([method, target, self._without.sub(b"", rest)]) + body)
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
