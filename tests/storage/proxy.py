"""A TCP proxy that stands for a bad network: slow, and breaking connections in the middle."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Network:
    """What happens to bytes on their way; it can be changed while they flow."""

    latency: float = 0.0
    # Bytes per second in each direction of each connection; 0 is as fast as it goes.
    rate: float = 0.0
    # Connections are reset after so many bytes from the server or to it, as long as there are resets left.
    reset_after: int = 0
    resets: int = 0
    # The connection is reset once instead of the answer to what has this in it.
    cut_answer_to: bytes = b""
    holds_answers: bool = False
    to_server: int = 0
    from_server: int = 0
    address: str = field(default="")


@contextmanager
def between(server: str, network: Network) -> Iterator[str]:
    """The address at which a server is reached over a network."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stop = asyncio.Event()
    where = urlsplit(server)

    async def main() -> None:
        proxy = await asyncio.start_server(
            lambda reader, writer: _join(reader, writer, where.hostname or "", where.port or 0, network), "127.0.0.1", 0
        )
        network.address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        proxy.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield network.address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, network: Network
) -> None:
    up_reader, up_writer = await asyncio.open_connection(host, port)
    try:
        await asyncio.gather(
            _pump(reader, up_writer, network, "to_server"), _pump(up_reader, writer, network, "from_server")
        )
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        for end in (writer, up_writer):
            _reset(end)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, network: Network, way: str) -> None:
    passed = 0
    while data := await reader.read(65536):
        if network.latency or network.rate:
            await asyncio.sleep(network.latency + (len(data) / network.rate if network.rate else 0))
        passed += len(data)
        setattr(network, way, getattr(network, way) + len(data))
        if network.resets > 0 and passed > network.reset_after:
            network.resets -= 1
            raise ConnectionResetError
        if way == "from_server" and network.holds_answers:
            await asyncio.sleep(1)
        writer.write(data)
        await writer.drain()
        if way == "to_server" and network.cut_answer_to and network.cut_answer_to in data:
            # The server gets the time to do what it is asked to.
            network.holds_answers, network.cut_answer_to = True, b""
            await asyncio.sleep(0.5)
            network.holds_answers = False
            raise ConnectionResetError
    raise ConnectionResetError


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with RST, as a broken network does."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
