"""Waits for long work. The rules are in `_policies.waiting`; this module polls and sleeps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TypeVar

from .._concurrency import asynchronous as concurrency
from .._policies.waiting import Look, Polling
from ..errors import DeadlineExceeded, ITwinPlatformError

S = TypeVar("S")
R = TypeVar("R")


async def wait_until(
    look: Callable[[], Awaitable[Look[S, R]]], polling: Polling, progress: Callable[[S], object] | None = None
) -> R:
    """Poll until there is a result.

    Each poll consists of separate calls: between polls, nothing is held and no deadline runs.

    Parameters:
        look: Polls, by calls of the pipeline.
        polling: When to poll again.
        progress: Called with the state at each poll. If it returns False, the wait ends.

    Returns:
        The result.

    Raises:
        WaitTimeout: The time is over.
        WaitCancelled: The progress function asked to end the wait.
        ITwinPlatformError: A poll failed with an error that waiting does not help against.
    """
    try:
        while True:
            found: Look[S, R] | ITwinPlatformError
            limit = polling.time_to_poll()
            try:
                with nullcontext() if limit is None else concurrency.time_limit(limit):
                    found = await look()
            except ITwinPlatformError as error:
                found = error
            except TimeoutError:
                found = DeadlineExceeded("The poll took too long.", phase="deadline")
            if isinstance(found, ITwinPlatformError):
                pause = polling.after_problem(found)
            else:
                wanted = progress is None or progress(found.seen) is not False
                if found.result is not None:
                    return found.result
                if not wanted:
                    raise polling.cancelled(found.seen)
                pause = polling.after(found)
            await concurrency.sleep(pause)
    except Exception:
        raise
    except BaseException as end:
        # Ctrl-C, or the task was cancelled: whoever reads the traceback learns that nothing is lost.
        end.add_note(polling.awaited.goes_on)
        raise
