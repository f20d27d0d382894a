"""What every request has to pass: it must be meant for this server, and its body must end.

Every web page that the user has open can send requests to a port of this machine. Its `Origin` gives it away, or a
`Host` of its own whose name leads here (DNS rebinding).
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ._api import error_response

# What this machine is called. A port may be forwarded, so that it says nothing.
_NAMES: Final = ("127.0.0.1", "localhost")
# Bytes. The largest body that an operation takes is an image of 5 MB.
_LARGEST_BODY: Final = 8 * 1024 * 1024


def guarded(urls: Sequence[str], app: ASGIApp) -> ASGIApp:
    """The application, for requests that are meant for one of `urls`."""
    ports = [urlsplit(url).port for url in urls]
    origins = {f"http://{name}{'' if port == 80 else f':{port}'}" for name in _NAMES for port in ports}

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            named = [host.lower().partition(":")[0] for host in headers.getlist("host")]
            if len(named) != 1 or named[0] not in _NAMES or set(headers.getlist("origin")) - origins:
                message = f"The sandbox answers requests for {urls[0]} only, and none of a web page from elsewhere."
                refusal = error_response(403, "ForeignRequest", message, headers={"connection": "close"})
                await refusal(scope, receive, send)
                return
        await app(scope, receive, send)

    return wrapped


def bounded(app: ASGIApp) -> ASGIApp:
    """The application, for requests whose bodies are not too large."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, _bounded(receive), send)

    return wrapped


def _bounded(receive: Receive) -> Receive:
    size = 0

    async def wrapped() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > _LARGEST_BODY:
            raise HTTPException(413)
        return message

    return wrapped
