"""Local files: finding them, reading them consistently, and the names of unfinished ones."""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from ..errors import StorageError, StorageNotFoundError
from ._names import blob_name, name_problem
from ._outcomes import Refusal
from ._places import unreadable
from ._report import FileOutcome
from ._tree import Tree

PART_PREFIX, PART_SUFFIX = ".itp-", ".part"

_TRIES = 3
_BLOCK = 1024 * 1024


@dataclass(slots=True)
class Found:
    """The contents of a path: files to upload, and what is not a regular file or cannot be read."""

    files: list[FileOutcome] = field(default_factory=list[FileOutcome])
    skipped: list[FileOutcome] = field(default_factory=list[FileOutcome])
    failed: list[FileOutcome] = field(default_factory=list[FileOutcome])


def find_files(tree: Tree, prefix: str) -> Found:
    """What to upload from a file or a folder. Links below the path are not followed; the path itself may be one.

    Raises:
        StorageNotFoundError: The path does not exist.
        StorageError: It is neither that of a regular file nor of a folder, or cannot be used.
    """
    source, found = tree.root, Found()
    status = _status_of(source)
    if S_ISDIR(status.st_mode):
        _walk(tree, prefix, found)
    elif S_ISREG(status.st_mode):
        _add(found, blob_name(prefix, (source.resolve().name if source.name == "" else source.name,)), source, status)
    else:
        raise StorageError(f"{str(source)!r} is neither a regular file nor a folder.")
    return found


def _status_of(source: Path) -> os.stat_result:
    try:
        return source.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        problem: StorageError = StorageNotFoundError(f"There is no file or folder {str(source)!r}. Check the path.")
    except OSError as error:
        problem = unreadable(source, error)
    raise problem


def _walk(tree: Tree, prefix: str, found: Found) -> None:
    pending: list[tuple[str, ...]] = [()]
    while pending:
        parts = pending.pop()
        folder = tree.root.joinpath(*parts)
        try:
            with tree.folder_of(folder / "any") as held, held.entries() as entries:
                for entry in entries:
                    below = (*parts, entry.name)
                    if _is_plain_folder(entry):
                        pending.append(below)
                    else:
                        _take_entry(entry, folder / entry.name, blob_name(prefix, below), found)
        except Refusal as refusal:  # it was no link when it was found
            found.failed.append(FileOutcome(blob_name(prefix, parts) or str(folder), folder, 0, str(refusal)))
        except OSError:
            name = blob_name(prefix, parts) or str(folder)
            found.failed.append(FileOutcome(name, folder, 0, "is a folder that cannot be read"))


def _is_plain_folder(entry: os.DirEntry[str]) -> bool:
    # Junctions are another kind of link on Windows.
    return entry.is_dir(follow_symlinks=False) and not _is_junction(entry)


def _is_junction(entry: os.DirEntry[str]) -> bool:
    return bool(getattr(entry, "is_junction", bool)())


def _take_entry(entry: os.DirEntry[str], path: Path, name: str, found: Found) -> None:
    if entry.is_symlink() or _is_junction(entry):
        found.skipped.append(FileOutcome(name, path, 0, "is a link, which is not followed"))
    elif not entry.is_file(follow_symlinks=False):
        found.skipped.append(FileOutcome(name, path, 0, "is not a regular file"))
    elif is_temporary(entry.name):
        found.skipped.append(FileOutcome(name, path, 0, "is an unfinished download"))
    else:
        _add(found, name, path, entry.stat(follow_symlinks=False))


def _add(found: Found, name: str, path: Path, status: os.stat_result) -> None:
    if problem := name_problem(name):
        reason = f"has a name that is not allowed for a blob: it {problem}"
        found.failed.append(FileOutcome(name, path, status.st_size, reason))
    else:
        found.files.append(FileOutcome(name, path, status.st_size))


def _unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    # st_ctime reveals a change even if st_mtime was set back. (On Windows it is the time of creation.)
    return all(getattr(before, name) == getattr(after, name) for name in ("st_size", "st_mtime_ns", "st_ctime_ns"))


def read_whole(tree: Tree, path: Path, limit: int) -> bytes:
    """The content of a small file at one moment.

    Raises:
        Refusal: It keeps changing, has grown beyond the limit in bytes, or has become something else.
    """
    for _ in range(_TRIES):
        # Bare descriptors: with thousands of small files, file objects cost more than reading them.
        file = tree.open(path)
        try:
            before = os.fstat(file)
            if before.st_size > limit:
                break
            content = os.read(file, before.st_size + 1)
            if len(content) == before.st_size and _unchanged(before, os.fstat(file)):
                return content
        finally:
            os.close(file)
    raise Refusal("kept changing while it was read; nothing was sent")


class Buffers:
    """Memory for the parts of a file, which is used again: to get new memory takes longer than to read into it.

    Parameters:
        size: The number of bytes of a part.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        # The last one in is the first one out. Its operations are atomic, so threads need no lock.
        self._idle: deque[memoryview] = deque()

    def read(self, file: FileIO, size: int) -> memoryview:
        """Exactly `size` bytes, which are a part or less; fewer at the end of the file."""
        try:
            buffer = self._idle.pop()
        except IndexError:
            buffer = _new_memory(self.size)
        view, length = buffer[:size], 0
        while length < size and (count := file.readinto(view[length:])):
            length += count
        return view[:length]

    def give_back(self, part: memoryview) -> None:
        """Use the memory of a part for another one."""
        self._idle.append(memoryview(part.obj))


def _new_memory(size: int) -> memoryview:
    """Memory for a part, in large pages where the system has them: thousands of small ones take longer to get."""
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return memoryview(bytearray(size))
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel without them
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)


def read_in_parts(tree: Tree, path: Path, buffers: Buffers, expect: Callable[[int], None]) -> Generator[memoryview]:
    """The content of a large file, part by part. `expect` is called with its size.

    Raises:
        Refusal: The file has changed meanwhile. This is raised in place of the last part, so that the blob is not
            created.
    """
    with os.fdopen(tree.open(path), "rb", buffering=0) as file:
        before = os.fstat(file.fileno())
        left = before.st_size
        expect(left)
        while left > 0 and (part := buffers.read(file, min(buffers.size, left))):
            left -= len(part)
            if left == 0 and not _unchanged(before, os.fstat(file.fileno())):
                break
            yield part
        else:
            if left == 0 and _unchanged(before, os.fstat(file.fileno())):
                return
    raise Refusal("changed while it was sent; the container was left unchanged")


def sha256_of(tree: Tree, path: Path, check: Callable[[], None]) -> str:
    """The hash of a file, in hexadecimal. `check` is called repeatedly, and may raise to stop."""
    sha256 = hashlib.sha256()
    with os.fdopen(tree.open(path), "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
            check()
    return sha256.hexdigest()


def size_of(tree: Tree, path: Path) -> int:
    """The size of a file."""
    file = tree.open(path)
    try:
        return os.fstat(file).st_size
    finally:
        os.close(file)


def ignores_case(folder: Path) -> bool:
    """Whether `A` and `a` are the same name in a folder."""
    with tempfile.NamedTemporaryFile(prefix=PART_PREFIX + "CASE", suffix=PART_SUFFIX, dir=folder) as probe:
        path = Path(probe.name)
        return path.with_name(path.name.swapcase()).exists()


def is_temporary(name: str) -> bool:
    """Whether a file is an unfinished download."""
    return name.startswith(PART_PREFIX) and name.endswith(PART_SUFFIX)


def part_name(name: str, etag: str) -> str:
    """The temporary name for a download: the same in a rerun, so that it can resume, unless the blob has changed."""
    return f"{_part_stem(name)}{_short(etag)}{PART_SUFFIX}"


def belongs_to(temporary: str, name: str) -> bool:
    """Whether a file is an unfinished download of that blob, of its current content or of an earlier one."""
    return temporary.startswith(_part_stem(name))


def _part_stem(name: str) -> str:
    return f"{PART_PREFIX}{_short(name)}-"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
