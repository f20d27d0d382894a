"""Logins in a browser: somebody who comes back with a code, and an identity service that takes it."""

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from itwin_platform.credentials import AuthorizationCode
from tests.support.token_server import Platform, Request, Server, respond

CODE = "c0de-of-the-login"
SECRET = "s3cret-of-the-app"


@dataclass
class Page:
    status: int
    text: str
    headers: dict[str, str]


class Visit:
    """The browser, or somebody who is not, once the login has begun."""

    def __init__(self, url: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.query = query
        self.redirect = urlsplit(query["redirect_uri"])
        self.port = self.redirect.port or 80

    def ask(
        self, path: str = "/signin-callback", *, method: str = "GET", hosts: list[str] | None = None, **query: str
    ) -> Page:
        return self.ask_raw(path + "?" + urlencode(query) if query else path, method=method, hosts=hosts)

    def ask_raw(self, target: str, *, method: str = "GET", hosts: list[str] | None = None, at: str = "") -> Page:
        connection = http.client.HTTPConnection(at or self.redirect.hostname or "", self.port, timeout=20)
        try:
            connection.putrequest(method, target, skip_host=True)
            for host in [self.redirect.netloc] if hosts is None else hosts:
                connection.putheader("Host", host)
            connection.endheaders()
            answer = connection.getresponse()
            return Page(answer.status, answer.read().decode(), dict(answer.getheaders()))
        finally:
            connection.close()

    def come_back(self, iss: str | None = None) -> Page:
        named = {} if iss is None else {"iss": iss}
        query = urlencode({"code": CODE, "state": self.query["state"], **named})
        return self.ask_raw(f"{self.redirect.path}?{query}")


@dataclass
class Identity(Platform):
    """An identity service that also gives refresh tokens, and tells what it was sent."""

    forms: list[dict[str, str]] = field(default_factory=list)
    refused: str | None = None
    token: str | None = None  # the access token, instead of `token-1`, `token-2`, ...

    def __init__(self) -> None:
        super().__init__()
        self.forms = []
        self.refresh_tokens = True

    def __call__(self, request: Request) -> bytes:
        self.forms.append(request.form)
        if self.refused is not None and request.form.get("grant_type") != "refresh_token":
            return respond({"error": self.refused}, "400 Bad Request")
        if self.refused is not None:
            return respond({"error": "invalid_grant"}, "400 Bad Request")
        with self._lock:
            self.issued += 1
            fields: dict[str, object] = {"access_token": self.token or f"token-{self.issued}", "expires_in": 3600}
            if self.refresh_tokens:
                fields["refresh_token"] = f"refresh-{self.issued}"
            return respond(fields)


class Welcome(Identity):
    """An identity service that sends everybody back with a code, and whose access token is always the same."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token

    def __call__(self, request: Request) -> bytes:
        address = urlsplit(request.path)
        if address.path != "/connect/authorize":
            return super().__call__(request)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        back = f"{query['redirect_uri']}?{urlencode({'code': CODE, 'state': query['state']})}"
        return respond(b"", "302 Found", f"Location: {back}\r\n")


Act = Callable[[Visit], object]


def person(server: Server, act: Act, **more: object) -> AuthorizationCode:
    arguments: dict[str, object] = {
        "redirect_uri": "http://127.0.0.1:0/signin-callback",
        "open_browser": lambda url: act(Visit(url)),
        "login_timeout": 20,
        "issuer_url": server.url,
    }
    return AuthorizationCode("app", **{**arguments, **more})  # type: ignore[arg-type]


def log_in(server: Server, act: Act, **more: object) -> str:
    """Get a token, and let whoever acts come to an end."""
    finished = threading.Event()

    def observed(visit: Visit) -> None:
        try:
            act(visit)
        finally:
            finished.set()

    try:
        return person(server, observed, **more).get_token()
    finally:
        assert finished.wait(20)
