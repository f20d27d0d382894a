"""Prism, an independent mock server that answers from our specifications with the examples in them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.contract.relay import relay
from tests.support import node

_HOME = Path(__file__).parent / "node"


class Prism:
    """A running Prism."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def answering(self, status: int) -> Iterator[str]:
        """The address at which the documented answer of this status is given to every request.

        Prism chooses it by a parameter of the request, which has to come from somewhere other than the client under
        test. It looks for that only where there is no header `Prefer`, of which lists have a use of their own.
        """
        with relay(self.url, parameter=f"__code={status}", without="prefer") as url:
            yield url


@contextmanager
def running(document: object, folder: Path) -> Iterator[Prism]:
    """Run Prism on a free port with an OpenAPI document; `folder` takes the document and the log."""
    source = folder / "openapi.json"
    source.write_text(json.dumps(document), "utf-8")
    with node.running(
        _HOME,
        "node_modules/@stoplight/prism-cli/dist/index.js",
        ["mock", "-h", "127.0.0.1", "-p", "0", str(source)],
        folder / "prism.log",
        listening=r"Prism is listening on (http://\S+)",
    ) as address:
        yield Prism(address)
