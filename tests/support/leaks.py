"""Looks for secrets in all the places where an error or a log could show them."""

import copy
import pickle
import traceback
from collections.abc import Iterable
from pathlib import Path

import itwin_platform

_PACKAGE = str(Path(itwin_platform.__file__).parent)


def shown_by(error: BaseException) -> str:
    """Everything that the error shows: its text, its pickle, its traceback with the locals of this package."""
    parts = [str(error), repr(error), repr(error.__dict__), repr(pickle.dumps(error)), repr(copy.copy(error))]
    seen: list[BaseException] = [error]
    for one in seen:
        parts += ["".join(traceback.format_exception(one))]
        seen += [other for other in (one.__cause__, one.__context__) if other is not None and other not in seen]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_code.co_filename.startswith(_PACKAGE):
                parts += [f"{name} = {value!r}" for name, value in frame.f_locals.items()]
    return "\n".join(parts)


def assert_none(text: str, secrets: Iterable[str]) -> None:
    """Fail if one of the secrets is in the text, without showing it."""
    for number, secret in enumerate(secrets):
        assert secret not in text, f"secret number {number} is shown"
