"""The part of the file systems that reads and writes the contents of files."""

# What is inherited from fsspec has no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..errors import StorageExistsError
from ..storage._names import checked_name
from ..storage._ranges import Remote
from ..storage._single_blobs import CREATE_ONLY
from ._entries import file_entry
from ._file import ReadFile, WriteFile
from ._fsspec import COMPRESSIONS, compression_of
from ._listings import Listings

T = TypeVar("T")
R = TypeVar("R")

_MODES = {"rb", "wb", "xb"}
# Files up to this size are sent in one request.
SMALL = 2 * 1024 * 1024


class Contents(Listings):
    """Reads and writes files."""

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> ReadFile | WriteFile:
        if mode not in _MODES:
            raise io.UnsupportedOperation(
                f"mode must be r, w or x, with b or t, not {mode!r}: a file in a container is replaced as a whole"
            )
        blobs, name = self._at(path, change=mode != "rb", file=True)
        if mode != "rb":
            checked_name("the path", name)
        options.update(block_size=block_size, autocommit=autocommit, cache_options=cache_options)
        if mode == "rb":
            remote = self._look(blobs, name)
            return ReadFile(self, path, file_entry(path, remote), blobs, name, remote, **options)
        if mode == "xb":
            self._refuse_existing(path)
        return WriteFile(self, path, mode, blobs, name, **options)

    def open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        cache_options: dict[str, Any] | None = None,
        compression: str | None = None,
        **options: Any,
    ) -> Any:
        """Open a file, for reading (`r`), writing (`w`) or creating (`x`), as bytes (`b`) or text.

        A file is read in one version: if it is replaced meanwhile, further reads raise StorageError. A written file
        appears, complete, when it is closed; nothing is written if an exception leaves the `with` block.

        Parameters:
            path: The file.
            mode: See above. Appending is not supported.
            block_size: Bytes to read at a time, 4 MiB by default. Files are written in parts of 8 MiB or more.
            cache_options: Options of fsspec's read cache; `cache_type` chooses the cache.
            compression: `"gzip"` and so on; `"infer"` chooses by the name.
            options: `encoding`, `errors` and `newline` for text.

        Raises:
            io.UnsupportedOperation: The mode is not supported; this is also a ValueError. Nothing was sent.
            StorageNotFoundError: The file to read does not exist.
            StorageExistsError: The file to create exists.
            StoragePermissionError: The SAS URL does not permit it.
        """
        if not isinstance(mode, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"mode must be a string, not {type(mode).__name__}")  # noqa: TRY004 (as for all arguments)
        if "b" in mode and compression is not None:
            known = compression_of(path, compression)
            file: Any = super().open(path, mode, block_size, cache_options, **options)
            return _compressed(file, known, mode)
        text: Any = super().open(path, mode, block_size, cache_options, compression, **options)
        return text

    def _refuse_existing(self, path: str) -> None:
        if self.exists(path, refresh=True):
            raise StorageExistsError(f"{path!r} already exists.")

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: object) -> bytes:
        """The bytes of a file, or a part of them; positions are those of a slice.

        Raises:
            StorageNotFoundError: There is no such file.
        """
        blobs, name = self._at(path, file=True)
        return blobs.read(name, start, end)

    def cat(self, path: Any, recursive: bool = False, on_error: str = "raise", **options: Any) -> Any:
        """The bytes of a file, or of several files by their paths: see fsspec."""
        paths = self.expand_path(path, recursive=recursive)
        if recursive:
            paths = [each for each in paths if not self.isdir(each)]
        if isinstance(path, str) and paths == [self._strip_protocol(path)]:
            return self.cat_file(paths[0], **options)
        found = zip(
            paths, self._together(_caught(lambda each: self.cat_file(each, **options), on_error), paths), strict=True
        )
        return {each: content for each, content in found if on_error != "omit" or not isinstance(content, Exception)}

    def cat_ranges(
        self,
        paths: list[str],
        starts: Any,
        ends: Any,
        max_gap: int | None = None,
        on_error: str = "return",
        **_: object,
    ) -> list[Any]:
        """Read ranges of files at the same time. All ranges of a file are of the same version.

        Parameters:
            paths: The files.
            starts: The first bytes, or one for all.
            ends: The bytes after the last ones, or one for all.
            max_gap: Not supported.
            on_error: `"return"` returns an exception in the place of a range, `"raise"` raises the first.
        """
        if not isinstance(paths, list):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError("paths must be a list")  # noqa: TRY004 (as for all arguments)
        if max_gap is not None:
            raise NotImplementedError("max_gap is not supported")
        firsts: list[Any] = starts if isinstance(starts, list) else [starts] * len(paths)
        lasts: list[Any] = ends if isinstance(ends, list) else [ends] * len(paths)
        if not len(paths) == len(firsts) == len(lasts):
            raise ValueError("paths, starts and ends must have the same length")
        several = [path for path, count in Counter(paths).items() if count > 1]

        def look(path: str) -> Remote:
            blobs, name = self._at(path, file=True)
            return blobs.look(name)

        versions = dict(zip(several, self._together(_caught(look, on_error), several), strict=True))

        def read(part: tuple[str, int | None, int | None]) -> Any:
            path, start, end = part
            remote = versions.get(path)
            if isinstance(remote, Exception):
                return remote
            blobs, name = self._at(path, file=True)
            return blobs.read(name, start, end, remote=remote)

        return list(self._together(_caught(read, on_error), list(zip(paths, firsts, lasts, strict=True))))

    def pipe_file(self, path: str, value: Any, mode: str = "overwrite", **_: object) -> None:
        """Write a file.

        Parameters:
            path: The file.
            value: Its bytes.
            mode: `"overwrite"`, or `"create"` if the file must not exist.

        Raises:
            StorageExistsError: The file to create exists.
        """
        how = opening_mode(mode)
        try:
            content = value if isinstance(value, bytes) else bytes(memoryview(value).cast("B"))
        except TypeError:
            content = None
        if content is None:
            raise ValueError(f"value must be bytes, not {type(value).__name__}")
        if len(content) > SMALL or self._intrans:
            with self.open(path, how) as file:
                file.write(content)
            return
        blobs, name = self._at(path, change=True, file=True)
        try:
            blobs.put(name, content, CREATE_ONLY if how == "xb" else {})
        finally:  # an error does not always mean that nothing has changed
            self.invalidate_cache(path)

    def pipe(self, path: Any, value: Any = None, **options: Any) -> None:
        """Write a file, or several, if `path` is a dictionary from paths to bytes."""
        contents: list[tuple[Any, Any]] = [(path, value)]
        if isinstance(path, Mapping):
            several: Mapping[Any, Any] = path
            contents = list(several.items())
        list(self._together(lambda item: self.pipe_file(item[0], item[1], **options), contents))


def opening_mode(mode: str) -> str:
    """The mode of `open` for that of `pipe_file` and `put_file`.

    Raises:
        ValueError: There is no such mode.
    """
    known = {"overwrite": "wb", "create": "xb"}
    if mode not in known:
        raise ValueError(f"mode must be 'overwrite' or 'create', not {mode!r}")
    return known[mode]


def _caught(work: Callable[[T], R], on_error: str) -> Callable[[T], R | Exception]:
    """The same work, which returns exceptions unless they should be raised."""

    def caught(item: T) -> R | Exception:
        try:
            return work(item)
        except Exception as error:
            if on_error == "raise":
                raise
            return error

    return caught


def _compressed(file: Any, compression: str | None, mode: str) -> Any:
    """A file that compresses or decompresses; closing it closes the file below as well."""
    if compression is None:
        return file
    outer: Any = COMPRESSIONS[compression](file, mode=mode[0])
    close = outer.close

    def close_both() -> None:
        try:
            close()
        except BaseException:
            if isinstance(file, WriteFile):
                file.discard()
            raise
        finally:
            file.close()

    outer.close = close_both
    return outer
