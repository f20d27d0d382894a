"""An independent identity service, oidc-provider, and a robot that logs in to it as a person would with a browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx

from tests.support import node

# Every character of it is changed or misread by who does not encode it as RFC 6749 says.
SECRET = "a+b/c=%41:& secret"

_HOME = Path(__file__).parent / "node"


class IdentityService:
    """A running identity service."""

    def __init__(self, url: str) -> None:
        self.url = url

    def is_active(self, token: str) -> bool:
        """Whether the service itself says that a token is good."""
        return bool(self._post("introspect", token).json()["active"])

    def revoke(self, token: str) -> None:
        """Withdraw a token behind the back of who holds it."""
        assert self._post("revocation", token).status_code == 200

    def _post(self, endpoint: str, token: str) -> httpx.Response:
        auth = ("service-app", SECRET)
        # Basic with both halves encoded, which httpx does not do.
        quoted = [str(httpx.QueryParams({"": half}))[1:] for half in auth]
        return httpx.post(f"{self.url}/connect/{endpoint}", data={"token": token}, auth=(quoted[0], quoted[1]))


class Robot:
    """Goes where a browser would be sent, and fills in the forms."""

    def __init__(self, *, agrees: bool = True) -> None:
        self.agrees = agrees
        self.addresses: list[str] = []
        self._page = ""
        self._finished = threading.Event()

    @property
    def page(self) -> str:
        """The page at the end. The program may have its token before the browser has shown it."""
        assert self._finished.wait(30)
        return self._page

    def __call__(self, url: str) -> None:
        self.addresses.append(url)
        with httpx.Client(follow_redirects=True, timeout=30.0) as browser:
            answer = browser.get(url)
            while (form := _Form.of(answer)).action:
                if form.fields.get("prompt") == "consent" and not self.agrees:
                    answer = browser.get(urljoin(str(answer.url), form.abort))
                    continue
                fields = {**form.fields, "login": "ada", "password": "any"}
                answer = browser.post(urljoin(str(answer.url), form.action), data=fields)
            self._page = answer.text
            self._finished.set()


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = self.abort = ""
        self.fields: dict[str, str] = {}

    @classmethod
    def of(cls, answer: httpx.Response) -> "_Form":
        form = cls()
        form.feed(answer.text)
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values.get("action", "")
        elif tag == "input" and "name" in values:
            self.fields[values["name"]] = values.get("value", "")
        elif tag == "a" and values.get("href", "").endswith("/abort"):
            self.abort = values["href"]


@contextmanager
def running(folder: Path) -> Iterator[IdentityService]:
    """Run the identity service on a free port; `folder` takes its log."""
    with node.running(
        _HOME,
        "server.mjs",
        [],
        folder / "oidc-provider.log",
        listening=r"listening on (http://\S+)",
        env={"SERVICE_SECRET": SECRET},
    ) as address:
        yield IdentityService(address)
