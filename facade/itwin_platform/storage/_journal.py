"""What a program remembers of an upload to a URL that permits writing alone, where nobody can ask what has arrived.

It holds no secret: the path of the URL without its SAS, and hashes. Each line is written at once, so that a program
that is killed loses the last one at most. Where nothing can be written, nothing is remembered, and the upload begins
again.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from .._folders import state_folder

_BEGUN, _PART, _WHOLE = "begun", "part", "whole"


class Journal:
    """The memory of one upload.

    Attributes:
        begun: What the upload was begun for.
        parts: Names of the parts that have arrived, and their sizes.
        whole: Hash of the file, once all of it has arrived.
    """

    def __init__(self, *key: str) -> None:
        """Read it.

        Parameters:
            key: What tells this upload from others.
        """
        self._lock = threading.Lock()
        self._path: Path | None = None
        self.begun: tuple[str, ...] = ()
        self.parts: dict[bytes, int] = {}
        self.whole = ""
        name = hashlib.sha256("\n".join(key).encode("utf-8", "surrogatepass")).hexdigest()
        with suppress(RuntimeError, OSError, ValueError):
            self._path = state_folder() / "uploads" / name
            self._read(self._path.read_text("utf-8"))

    def _read(self, text: str) -> None:
        for line in text.split("\n")[:-1]:
            kind, *values = line.split("\t")
            if kind == _BEGUN:
                self.begun = tuple(values)
            elif kind == _PART and len(values) == 2:
                self.parts[bytes.fromhex(values[0])] = int(values[1])
            elif kind == _WHOLE and len(values) == 1:
                self.whole = values[0]

    def begin(self, url: str, moment: str) -> None:
        """Begin an upload. What an earlier one to the same place has sent is still there.

        Parameters:
            url: The SAS URL.
            moment: When what the file belongs to was made.
        """
        place = "{0.netloc}{0.path}".format(urlsplit(url))
        kept = self.parts if self.begun[:1] == (place,) else {}
        self.begun, self.parts, self.whole = (place, moment), kept, ""
        self._rewrite()

    def forget_parts(self) -> None:
        """Forget what has arrived: the storage has done so as well."""
        self.parts = {}
        self._rewrite()

    def note_part(self, name: bytes, size: int) -> None:
        """Note a part that has arrived, from any thread."""
        self._append(_PART, name.hex(), str(size))

    def note_whole(self, digest: str) -> None:
        """Note that the whole file has arrived."""
        self.whole = digest
        self._append(_WHOLE, digest)

    def forget(self) -> None:
        """Forget all."""
        with suppress(OSError):
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def _rewrite(self) -> None:
        if self._path is None:
            return
        parts = (_line(_PART, name.hex(), str(size)) for name, size in self.parts.items())
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Under another name first: a program that is killed here must not forget what has arrived.
            new = self._path.with_suffix(".new")
            new.write_text("".join((_line(_BEGUN, *self.begun), *parts)), "utf-8", newline="\n")
            new.replace(self._path)
        except OSError:
            self.forget()  # what it has said so far is no longer true

    def _append(self, *values: str) -> None:
        if self._path is None:
            return
        with self._lock, suppress(OSError), self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(_line(*values))


def _line(*values: str) -> str:
    return "\t".join(values) + "\n"
