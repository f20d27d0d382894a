"""Ctrl-C at a chosen line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def interrupted_at(point: int, call: Callable[[], object], parts: tuple[str, ...] = ("itwin_platform",)) -> bool:
    """Call something, with a KeyboardInterrupt at one of its lines and returns; False if it has not so many.

    Parameters:
        point: Where, from 1.
        call: What to call.
        parts: Only files count that have one of these in their path. Destructors do not: Python drops what they raise.
    """
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        code = frame.f_code
        if code.co_name == "__del__" or not any(part in code.co_filename for part in parts):
            return None
        if event in {"line", "return"}:
            count += 1
            if count == point:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    # Python drops an interrupt that comes while a generator is cleared away.
    return count >= point
