"""A platform that answers every request with a container, whose SAS URL is made when it is asked for."""

from collections.abc import Callable
from typing import Self

from tests.support.scripted import Received, ScriptedServer, answer


class BucketServer:
    """Serves buckets and containers of reality data; `asked` counts how often, `paths` says for what."""

    def __init__(self, make_url: Callable[[], str]) -> None:
        self._make_url = make_url
        self._server = ScriptedServer(self._answer)
        self.paths: list[str] = []

    @property
    def asked(self) -> int:
        return len(self.paths)

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def _answer(self, request: Received) -> bytes:
        self.paths.append(request.path)
        links = {"containerUrl": {"href": self._make_url()}}
        if request.path.startswith("/reality-management/"):
            return answer(200, {"type": "AzureBlobSasUrl", "_links": links})
        body = {"bucket": {"iTwinId": request.path.split("/")[3]}, "_links": links}
        return answer(200, body, media_type="application/vnd.bentley.itwin-platform.v2+json")
