"""A login in the browser: PKCE (RFC 7636), and the redirect back to this machine (RFC 8252, 7.3).

A small HTTP server, which listens only on loopback addresses and only for one login, receives the redirect. It trusts
nothing it is sent: other programs, and every web page in the browser, can reach it.
"""

from __future__ import annotations

import errno
import hmac
import html
import os
import re
import secrets
import socket
import socketserver
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Generator, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import cast
from urllib.parse import parse_qs, urlsplit

from .._policies.redaction import Secret
from ..errors import ConfigurationError, CredentialsError
from ._token_endpoint import ERROR_CODES, advice_for

_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]*)*", re.ASCII)
_CODE = re.compile(r"[\x20-\x7e]{1,8192}", re.ASCII)
_HOSTS: Mapping[str, tuple[str, ...]] = {
    # A browser may resolve the name to either address, so both must be ours.
    "localhost": ("127.0.0.1", "::1"),
    "127.0.0.1": ("127.0.0.1",),
    "::1": ("::1",),
}
# Errors of a machine without IPv6, or without IPv4.
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})
# Seconds: for a silent connection, for the page to wait for the token, for the login to wait for the page.
_SILENCE, _VERDICT, _FAREWELL = 30.0, 60.0, 5.0
_FREE_PORT_TRIES = 20

_STYLE = (
    "body{font:17px/1.5 system-ui,sans-serif;color:#1c2733;background:#f4f6f8;margin:0;display:grid;"
    "place-items:center;min-height:100vh}main{background:#fff;border:1px solid #d9e0e6;border-radius:10px;"
    "padding:2.2em 2.6em;max-width:30em}h1{font-size:1.35em;margin:0 0 .4em}p{margin:0}"
)
_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>'
    + _STYLE.replace("{", "{{").replace("}", "}}")
    + "</style></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>\n"
)
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Connection", "close"),
)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the browser returns to."""

    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """Host and port as in a URL and in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 80 else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"http://{self.netloc}{self.path}"


def redirect_of(url: str) -> Redirect:
    """Parse a redirect URL.

    Raises:
        ConfigurationError: It is not a plain URL on this machine.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", 80 if parts.port is None else parts.port
        plain = parts.scheme == "http" and parts.username is None and not (parts.query or parts.fragment)
    except (ValueError, AttributeError, TypeError):
        plain = False
    else:
        if plain and host in _HOSTS and _PATH.fullmatch(parts.path) and not url.endswith(("?", "#")):
            return Redirect(host, port, parts.path)
    raise ConfigurationError(
        "redirect_uri must be http:// with localhost, 127.0.0.1 or [::1], a port (0 for any free one) and a plain "
        "path, for instance http://localhost:3000/signin-callback."
    )


@dataclass(frozen=True, slots=True)
class Page:
    """A page shown in the browser. `last`: the login is over after it."""

    status: int
    title: str
    text: str
    last: bool = False


class Login:
    """One login, with its own state and verifier. It accepts one code.

    Parameters:
        redirect: Where the browser returns to.
        issuer_url: The identity service that sends it there.
    """

    def __init__(self, redirect: Redirect, issuer_url: str) -> None:
        self.redirect = redirect
        self._issuer_url = issuer_url
        self._state = secrets.token_urlsafe(32)
        self._verifier = Secret(secrets.token_urlsafe(64))
        self._came: Future[Secret | CredentialsError] = Future()
        self._verdict: Future[str | None] = Future()
        self._taken = threading.Lock()  # held by the request that brought the code
        self._shown = threading.Event()

    @property
    def query(self) -> dict[str, str]:
        """The parameters that start this login at the identity service."""
        digest = sha256(self._verifier.reveal().encode("ascii")).digest()
        return {
            "response_type": "code",
            "redirect_uri": self.redirect.url,
            "state": self._state,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
        }

    def form(self, code: Secret) -> dict[str, str]:
        """The form that exchanges the code for tokens."""
        return {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": self.redirect.url,
            "code_verifier": self._verifier.reveal(),
        }

    def wait(self, seconds: float) -> Secret:
        """Wait for the code that the browser brings.

        Raises:
            CredentialsError: It brought a refusal, or nothing in time.
        """
        try:
            came = self._came.result(seconds)
        except TimeoutError:
            came = CredentialsError(f"Nobody logged in within {seconds:g} seconds. Try again.")
        if isinstance(came, CredentialsError):
            raise came
        return came

    def give_up(self, error: CredentialsError) -> None:
        """End the wait for the browser."""
        with suppress(InvalidStateError):
            self._came.set_result(error)

    def finish(self, problem: str | None) -> None:
        """Let the browser show how the login ended. `problem` is None if it succeeded."""
        with suppress(InvalidStateError):
            self._verdict.set_result(problem)
        if self._taken.locked():
            self._shown.wait(_FAREWELL)

    def shown(self) -> None:
        """Note that the browser has its last page."""
        self._shown.set()

    def receive(self, target: str, hosts: list[str]) -> Page:
        """The answer to a request. The one that brings the code waits until the token is there.

        Parameters:
            target: Path and query of the request.
            hosts: The values of its Host headers.
        """
        path, _, query = target.partition("?")
        # A web page reaches servers of this machine under a name of its own (DNS rebinding).
        if [host.lower() for host in hosts] != [self.redirect.netloc]:
            return Page(400, "Bad request", "This address does not belong to the login.")
        if path != (self.redirect.path or "/"):
            return Page(404, "Not found", "There is nothing here.")
        fields = _fields(query)
        state = fields.get("state", "").encode()
        if not hmac.compare_digest(state, self._state.encode()):
            return Page(400, "Bad request", "This is not the expected login. Start again in your program.")
        came = self._outcome(fields)
        if came is None:
            return Page(400, "Bad request", "The identity service sent no code.")
        if not self._taken.acquire(blocking=False):
            return Page(409, "Login is over", "This login has been used. Start again in your program.")
        with suppress(InvalidStateError):  # it may just have been given up
            self._came.set_result(came)
        return self._last_page()

    def _outcome(self, fields: Mapping[str, str]) -> Secret | CredentialsError | None:
        issuer = fields.get("iss")
        if issuer is not None and issuer.rstrip("/") != self._issuer_url:
            # RFC 9207: a code of one service must not be shown to another.
            return CredentialsError(
                "The login was answered by another identity service than expected. Check issuer_url."
            )
        if "error" in fields:
            code = fields["error"] if fields["error"] in ERROR_CODES else None
            advice = (
                "Log in again and consent." if code == "access_denied" else "Check client_id, scope and redirect_uri."
            )
            return CredentialsError(
                f"The identity service refused the login{f' ({code})' if code else ''}. {advice_for(code, advice)}",
                code=code,
            )
        code = fields.get("code", "")
        return Secret(code) if _CODE.fullmatch(code) else None

    def _last_page(self) -> Page:
        try:
            problem = self._verdict.result(_VERDICT)
        except TimeoutError:
            problem = "No token arrived in time."
        if problem is None:
            text = "You can close this window and go back to your program."
            return Page(200, "You are logged in", text, last=True)
        return Page(200, "The login failed", problem, last=True)


def _fields(query: str) -> dict[str, str]:
    """The parameters of a query; empty if one occurs twice or cannot be decoded."""
    try:
        values = parse_qs(query, keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        return {}
    return {name: found[0] for name, found in values.items()} if all(len(v) == 1 for v in values.values()) else {}


@contextmanager
def listening(redirect: Redirect, issuer_url: str) -> Generator[Login]:
    """Receive the redirect of one login on the loopback addresses of this machine.

    Raises:
        CredentialsError: The port is in use or not permitted.
    """
    with ExitStack() as stack:
        servers = _bound(redirect)
        for server in servers:
            stack.callback(server.server_close)
        login = Login(Redirect(redirect.host, servers[0].server_port, redirect.path), issuer_url)
        for server in servers:
            server.login = login
            thread = threading.Thread(
                target=server.serve_forever, args=(0.05,), name="itwin-platform-login", daemon=True
            )
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield login


def _bound(redirect: Redirect) -> list[_Server]:
    """One server for each address of the redirect's host that this machine has, all on the same port."""
    problem: str | None = None
    for _ in range(_FREE_PORT_TRIES if redirect.port == 0 else 1):
        servers, problem = _try_to_bind(redirect)
        if servers and problem is None:
            return servers
        for server in servers:
            server.server_close()
    raise CredentialsError(
        f"The login cannot be received on {redirect.netloc}: {problem or 'there is no such address'}. "
        "End the program that uses the port, or pass another redirect_uri that is registered for this app."
    )


def _try_to_bind(redirect: Redirect) -> tuple[list[_Server], str | None]:
    """The servers, and why there is not one for every address."""
    servers: list[_Server] = []
    port = redirect.port
    for address in _HOSTS[redirect.host]:
        try:
            server = _Server(address, port)
        except OSError as error:
            if error.errno in _NO_SUCH_ADDRESS:
                continue
            return servers, error.strerror or type(error).__name__
        servers.append(server)
        port = server.server_port
    return servers, None


class _Server(socketserver.ThreadingMixIn, HTTPServer):
    """Listens on one address, with a thread for each connection: browsers open some that they never use."""

    daemon_threads = True
    block_on_close = False
    # On Windows it would let another program take over the port.
    allow_reuse_address = os.name == "posix"
    login: Login

    def __init__(self, address: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's host name lookup, which may take long."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Do nothing: the default prints a traceback for whatever a stranger sends."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = _SILENCE

    def do_GET(self) -> None:
        """Answer the redirect, or any other request."""
        login = cast(_Server, self.server).login
        page = login.receive(self.path, self.headers.get_all("Host") or [])
        try:
            self._send(page)
        finally:
            if page.last:
                login.shown()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer an invalid request without echoing it."""
        del message, explain
        self.close_connection = True
        self._send(Page(code, "Bad request", "The request cannot be answered."))

    def _send(self, page: Page) -> None:
        body = _PAGE.format(title=html.escape(page.title), text=html.escape(page.text)).encode()
        self.send_response_only(page.status, HTTPStatus(page.status).phrase)
        for name, value in _HEADERS:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in http.server)
        """Do nothing: a request line holds the code."""
