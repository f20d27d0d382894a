"""A platform that answers every request with a bucket, whose SAS URL is made when it is asked for."""

from collections.abc import Callable
from typing import Self

from tests.support.scripted import Received, ScriptedServer, answer


class BucketServer:
    """Serves buckets; `asked` counts how often."""

    def __init__(self, make_url: Callable[[], str]) -> None:
        self._make_url = make_url
        self._server = ScriptedServer(self._answer)
        self.asked = 0

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def _answer(self, request: Received) -> bytes:
        self.asked += 1
        itwin_id = request.path.split("/")[3]
        body = {"bucket": {"iTwinId": itwin_id}, "_links": {"containerUrl": {"href": self._make_url()}}}
        return answer(200, body, media_type="application/vnd.bentley.itwin-platform.v2+json")
