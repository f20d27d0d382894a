"""A folder and what is below it, reached without following links, even those that appear while a transfer runs.

Where the platform can, folders are held open and everything below is opened relative to them, so that what is swapped
for a link is not followed. On Windows, where links need privileges, each part of a path is checked before its use.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

from ._outcomes import Refusal
from ._problems import one_problem

LINK = "is reached through a link below the folder, which is not followed"

_RELATIVE = {os.open, os.mkdir, os.stat, os.unlink, os.rename} <= os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
# A folder that may only be entered can be held open as well, where the platform knows that.
_HELD = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
# A pipe in place of a file must not block. Windows would change line ends.
_FILE = _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that files are opened in. `held` is its descriptor; None if it is known by its path alone."""

    held: int | None
    path: Path

    def _at(self, name: str) -> str | Path:
        return self.path / name if self.held is None else name

    def open(self, name: str, flags: int) -> int:
        """Open a regular file that belongs to nothing else, and return its descriptor.

        Raises:
            Refusal: It is a link, or not a regular file.
            OSError: It cannot be opened.
        """
        if not _NOFOLLOW and _is_link(self.status(name)):
            raise Refusal(LINK)
        try:
            return _regular(os.open(self._at(name), flags | _FILE, 0o666, dir_fd=self.held))
        except OSError as error:
            problem = error
        if _is_link(self.status(name)):
            raise Refusal(LINK)
        raise problem

    def status(self, name: str) -> os.stat_result | None:
        """The status of what has that name, links not followed; None if there is nothing."""
        try:
            return os.stat(self._at(name), dir_fd=self.held, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def unlink(self, name: str) -> None:
        """Delete a file, if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self.held)

    def replace(self, old: str, new: str) -> None:
        """Rename a file."""
        os.replace(self._at(old), self._at(new), src_dir_fd=self.held, dst_dir_fd=self.held)

    @contextmanager
    def entries(self) -> Generator[Iterator[os.DirEntry[str]]]:
        """What is in the folder."""
        if self.held is None:
            with os.scandir(self.path) as found:
                yield found
            return
        readable = os.open(".", os.O_RDONLY, dir_fd=self.held)
        try:
            with os.scandir(readable) as found:
                yield found
        finally:
            os.close(readable)


class Tree:
    """A folder, or a file. It may be a link itself; nothing below it is."""

    def __init__(self, root: Path) -> None:
        self.root = root
        # Every path that is asked for begins with the root, and comparing thousands of them takes a while.
        self._depth = len(root.parts)
        self._lock = threading.Lock()
        # Where the root was at first, and its descriptor where it can be held open.
        self._home: Path | None = None
        self._top = -1

    def close(self) -> None:
        """Let go of the folder."""
        if self._top >= 0:
            os.close(self._top)
            self._top = -1

    @contextmanager
    def folder_of(self, path: Path, *, create: bool = False) -> Generator[Folder]:
        """The folder that a path below the root is in.

        Raises:
            Refusal: The root cannot be used, or the path leads through a link.
            OSError: There is no such folder, or it cannot be created.
        """
        between = path.parts[self._depth : -1]
        self._begin(create=create)
        if not _RELATIVE:
            yield Folder(None, self._walked(between, create=create))
            return
        held = top = self._top
        try:
            for name in between:
                inner = _enter(held, name, create=create)
                if held != top:
                    os.close(held)
                held = inner
            yield Folder(held, path.parent)
        finally:
            if held != top:
                os.close(held)

    def open(self, path: Path) -> int:
        """Open a file for reading, and return its descriptor.

        Raises:
            Refusal: It is a link, reached through one, or not a regular file; or the root cannot be used.
            OSError: It cannot be opened.
        """
        if len(path.parts) == self._depth:
            return _regular(os.open(path, os.O_RDONLY | (_FILE & ~_NOFOLLOW)))
        with self.folder_of(path) as folder:
            return folder.open(path.name, os.O_RDONLY)

    def _begin(self, *, create: bool) -> None:
        """Get hold of the root, once."""
        with self._lock:
            if self._home is not None:
                return
            try:
                self._find_root(create=create)
                if _RELATIVE:
                    self._top = os.open(self.root, _HELD)
                self._home = self.root.resolve()
            except OSError as error:
                problem = one_problem(error).text
            else:
                return
        raise Refusal(f"needs the folder {str(self.root)!r}, which {problem}")

    def _find_root(self, *, create: bool) -> None:
        try:
            status = self.root.stat()
        except FileNotFoundError:
            if not create:
                raise
        else:
            if not S_ISDIR(status.st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "not a folder")
            return
        self.root.mkdir(parents=True, exist_ok=True)

    def _walked(self, names: tuple[str, ...], *, create: bool) -> Path:
        path, expected = self.root, self._home or self.root
        _check_place(path, expected)
        for name in names:
            path, expected = path / name, expected / name
            if create:
                path.mkdir(exist_ok=True)
            _check_place(path, expected)
        return path


def _check_place(path: Path, expected: Path) -> None:
    # Junctions are links as well, and only this finds them everywhere.
    if os.path.normcase(path.resolve()) != os.path.normcase(expected):
        raise Refusal(LINK)


def _enter(held: int, name: str, *, create: bool) -> int:
    """The descriptor of a folder in a folder."""
    if create:
        with suppress(FileExistsError):
            # Asking first costs less: most folders are there already.
            if not _exists(held, name):
                os.mkdir(name, dir_fd=held)
    try:
        return os.open(name, _HELD | _NOFOLLOW, dir_fd=held)
    except OSError as error:
        problem = error
    if problem.errno in {errno.ELOOP, errno.ENOTDIR, errno.EMLINK}:
        with suppress(OSError):
            if S_ISLNK(os.stat(name, dir_fd=held, follow_symlinks=False).st_mode):
                raise Refusal(LINK)
    raise problem


def _exists(held: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=held, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_link(status: os.stat_result | None) -> bool:
    return status is not None and S_ISLNK(status.st_mode)


def _regular(file: int) -> int:
    if S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise Refusal("is not a regular file")
