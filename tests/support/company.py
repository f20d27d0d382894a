"""The network of a company: a proxy that wants a password and reads along, with certificates of the company's own.

Behind it a sandbox stands for the platform, the identity service and the storage, under their real names.
"""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import trustme

from itwin_platform import ITwinPlatform
from itwin_platform.sandbox import Sandbox
from tests.support.proxies import RecordingProxy

API, IDENTITY, STORAGE = "api.bentley.com", "ims.bentley.com", "account.blob.core.windows.net"
QA_API, QA_IDENTITY = "qa-api.bentley.com", "qa-ims.bentley.com"
USER, PASSWORD = "me", "proxy-MARK"


@dataclass(frozen=True)
class Company:
    """How to get out of it.

    Attributes:
        proxy: URL of the proxy, with user and password.
        authority: File with the certificate authority of the company.
        heads: The heads of the requests to the proxy.
        environment: What is set on a machine of the company, with the credentials of a service app.
    """

    proxy: str
    authority: Path
    heads: list[str]
    environment: dict[str, str]


@contextmanager
def company(sandbox: Sandbox, folder: Path, identity: str | None = None) -> Iterator[Company]:
    """The network around a sandbox, until the end of the block.

    Parameters:
        sandbox: What stands for the platform.
        folder: Where the certificate is written to.
        identity: The URL of what stands for the identity service, if that is not the sandbox. The hosts of the
            environment qa can then be reached too.
    """
    authority, file = trustme.CA(), folder / "company.pem"
    authority.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with ITwinPlatform(sandbox.token, api_url=sandbox.url) as platform:
        storage = platform.reality_analysis.get_bucket(sandbox.itwin_id).container_url
    places = {API: sandbox.url, IDENTITY: identity or sandbox.url, STORAGE: storage}
    if identity:
        places |= {QA_API: sandbox.url, QA_IDENTITY: identity}
    authority.issue_cert(*places).configure_cert(context)
    server = _Outside({host: urlsplit(url).netloc for host, url in places.items()}, context)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    ports = dict.fromkeys(places, server.server_port)
    try:
        with RecordingProxy(ports, demands=f"Proxy-Authorization: Basic {basic}") as proxy:
            url = proxy.url.replace("//", f"//{USER}:{PASSWORD}@")
            unset = dict.fromkeys(("NO_PROXY", "no_proxy", "ITP_API_URL", "ITP_ISSUER_URL", "ITP_ACCESS_TOKEN"), "")
            yield Company(
                url,
                file,
                proxy.heads,
                {
                    **sandbox.environment,
                    **unset,
                    "HTTPS_PROXY": url,
                    "https_proxy": url,  # goes before the other
                    "SSL_CERT_FILE": str(file),
                },
            )
    finally:
        server.shutdown()
        server.server_close()


class _Outside(ThreadingHTTPServer):
    """What is outside of the company: requests for a host go on to the place that stands for it."""

    daemon_threads = True

    def __init__(self, places: dict[str, str], context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Forwarding)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.places = places

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: some clients do not trust the certificate, and leave."""


class _Forwarding(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _forward(self) -> None:
        outside = cast(_Outside, self.server)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection = HTTPConnection(outside.places[self.headers["host"]])
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        # Links to files lead to the storage by its name out there.
        content = answer.read().replace(f"http://{outside.places[STORAGE]}".encode(), f"https://{STORAGE}".encode())
        connection.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        size = answer.getheader("content-length") if self.command == "HEAD" else None
        self.send_header("content-length", size or str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _forward  # noqa: N815 (what http.server calls)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as http.server has it)
        """Print nothing."""
