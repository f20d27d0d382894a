"""What the benchmarks share: servers in processes of their own, comparisons in interleaved rounds, and peak memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024 * 1024
HEADERS = {"Authorization": "Bearer token", "Accept": "application/vnd.bentley.itwin-platform.v1+json"}


def documented_itwin() -> dict[str, Any]:
    """The answer with the iTwin of the documentation."""
    operations = json.loads((ROOT / "facade/itwin_platform/sandbox/operations.json").read_text("utf-8"))["operations"]
    answer: dict[str, Any] = next(known["answers"]["200"] for known in operations if known["id"] == "get-itwin")
    return answer


@contextmanager
def listening(*arguments: object) -> Iterator[str]:
    """The address of a Python process with these arguments, which prints its port once it listens."""
    with subprocess.Popen([sys.executable, *map(str, arguments)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None  # noqa: S101 (for type checkers)
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


@contextmanager
def answering(program: str, *arguments: object) -> Iterator[str]:
    """The address of a process that answers with the documented iTwin.

    Parameters:
        program: Its source. Its first argument is the answer, in hexadecimal digits.
        arguments: The others.
    """
    body = json.dumps(documented_itwin()).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {HEADERS['Accept']}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    with listening("-c", program, (head + body).hex(), *arguments) as address:
        yield address


class Comparison:
    """Interleaved rounds of something and of what it is compared with."""

    def __init__(self, name: str, unit: str) -> None:
        self.name, self.unit = name, unit
        self.rounds: list[tuple[float, float]] = []

    def add(self, base: float, ours: float) -> None:
        """Note a round."""
        self.rounds.append((base, ours))

    def medians(self) -> tuple[float, float]:
        """The medians of both."""
        base, ours = (statistics.median(column) for column in zip(*self.rounds, strict=True))
        return base, ours

    def line(self) -> str:
        """The medians, and the median of the ratios with their range."""
        base, ours = self.medians()
        ratios = sorted(ours / base for base, ours in self.rounds)
        middle = statistics.median(ratios)
        return (
            f"{self.name:<38} {base:>9.1f} {ours:>9.1f} {self.unit:<4} {middle:>6.2f}  "
            f"[{ratios[0]:.2f} to {ratios[-1]:.2f}]"
        )


def peak_memory() -> float | None:
    """The most memory that this process has had, in MiB; None where the platform does not tell."""
    status = Path("/proc/self/status")
    if status.exists():
        # Unlike getrusage, this does not count what the parent had when it forked.
        return int(status.read_text("ascii").partition("VmHWM:")[2].split()[0]) / 1024
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MIB if sys.platform == "darwin" else 1024)
