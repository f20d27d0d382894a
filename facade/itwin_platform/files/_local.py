"""Local files that appear under their name once they are complete."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..errors import StorageError


def write_whole(
    target: Path, fetch: Callable[[Callable[[bytes], object]], None], sha256: str | None, name: str
) -> None:
    """Write a file under another name, and rename it.

    Parameters:
        target: The file. Folders that it needs are made.
        fetch: Calls its argument with the bytes, one piece after another.
        sha256: The hash that they must have; None if it is unknown.
        name: What is fetched, for the message.

    Raises:
        StorageError: They do not have the hash.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".itp-{secrets.token_hex(8)}.part")
    digest = hashlib.sha256()
    try:
        with part.open("xb") as file:

            def write(chunk: bytes) -> None:
                digest.update(chunk)
                file.write(chunk)

            fetch(write)
        if sha256 is not None and digest.hexdigest() != sha256:
            raise StorageError(f"{name!r} does not match the hash that is stored with it. Upload it again.")
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
