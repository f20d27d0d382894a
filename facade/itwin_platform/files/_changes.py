"""The part of the file systems that copies, uploads, downloads and deletes files."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import StorageError
from ..storage._ranges import Reading, Remote
from ..storage._single_blobs import SingleBlobs
from ._contents import SMALL, Contents, opening_mode
from ._fsspec import DEFAULT_CALLBACK, is_file
from ._local import write_whole
from ._pairs import Pairs
from ._paths import check_local, check_locals, one_or_several, one_path


class Changes(Contents):
    """Copies and deletes files."""

    def get_file(
        self, rpath: str, lpath: Any, callback: Any = DEFAULT_CALLBACK, outfile: Any = None, **_: object
    ) -> None:
        """Download a file. It appears under its name once it is complete and matches its hash, if that is known."""
        check_local(lpath)
        outfile = lpath if outfile is None and is_file(lpath) else outfile
        try:
            blobs, name = self._at(rpath, file=True)
            remote = self._look(blobs, name)
        except FileNotFoundError:
            if outfile is not None or not self.isdir(rpath):
                raise
            Path(lpath).mkdir(parents=True, exist_ok=True)
            return
        callback.set_size(remote.size)

        def fetch(write: Callable[[bytes], object]) -> None:
            def take(_: Remote, chunk: bytes) -> None:
                write(chunk)
                callback.relative_update(len(chunk))

            blobs.fetch(name, Reading(take, remote))

        if outfile is not None:
            fetch(outfile.write)
        else:
            write_whole(Path(lpath), fetch, remote.sha256, name)

    def put_file(
        self, lpath: Any, rpath: str, callback: Any = DEFAULT_CALLBACK, mode: str = "overwrite", **_: object
    ) -> None:
        """Upload a file.

        Parameters:
            lpath: Its path on this machine.
            rpath: Its new path.
            callback: Shows progress.
            mode: `"overwrite"`, or `"create"` if the file must not exist.

        Raises:
            StorageExistsError: The file to create exists.
        """
        check_local(lpath)
        rpath, how, source = one_path(rpath), opening_mode(mode), Path(lpath)
        if source.is_dir():
            return
        with source.open("rb") as local:
            size = os.fstat(local.fileno()).st_size
            callback.set_size(size)
            if size <= SMALL:
                content = local.read()
                self.pipe_file(rpath, content, mode)
                callback.relative_update(len(content))
                return
            with self.open(rpath, how) as file:
                while content := local.read(file.blocksize):
                    callback.relative_update(file.write(content))

    def get(
        self,
        rpath: Any,
        lpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        maxdepth: int | None = None,
        **options: Any,
    ) -> None:
        """Download files, several at the same time: see fsspec.

        Raises:
            StorageError: Two files would become one, as `a//b` and `a/b` would. Nothing was downloaded.
        """
        check_locals(lpath)
        pairs = Pairs(self).of("get", rpath, lpath, recursive=recursive, maxdepth=maxdepth)
        _refuse_clashes(pairs, _local_place, self.isfile)
        self._transfer(self.get_file, pairs, callback, options)

    def put(
        self,
        lpath: Any,
        rpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        maxdepth: int | None = None,
        **options: Any,
    ) -> None:
        """Upload files, several at the same time: see fsspec.

        Raises:
            StorageError: Two files would become one. Nothing was uploaded.
        """
        check_locals(lpath)
        pairs = Pairs(self).of("put", lpath, one_or_several(rpath), recursive=recursive, maxdepth=maxdepth)
        _refuse_clashes(pairs, self._strip_protocol, os.path.isfile)
        self._transfer(self.put_file, pairs, callback, options)

    def _transfer(self, work: Any, pairs: list[tuple[Any, Any]], callback: Any, options: dict[str, Any]) -> None:
        lock = threading.Lock()  # callbacks are not made for threads
        callback.set_size(len(pairs))

        def one(pair: tuple[Any, Any]) -> None:
            with lock:
                child = callback.branched(*pair)
            try:
                work(*pair, callback=child, **options)
            finally:
                child.close()

        list(callback.wrap(self._together(one, pairs)))

    def cp_file(self, path1: str, path2: str, **_: object) -> None:
        """Copy a file, inside the storage if possible."""
        path1, path2 = one_path(path1), one_path(path2)
        try:
            source, source_name = self._at(path1, file=True)
            target, name = self._at(path2, change=True)
            if not target.copy(name, source, source_name):
                # Not at the end of a transaction: the storage does not wait for that either.
                with self.open(path1) as original, self.open(path2, "wb", autocommit=True) as copy:
                    shutil.copyfileobj(original, copy, copy.blocksize)
        except FileNotFoundError:
            if not self.isdir(path1):
                raise
        finally:
            self.invalidate_cache(path2)

    def copy(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        on_error: str | None = None,
        **_: object,
    ) -> None:
        """Copy files, several at the same time: see fsspec.

        Raises:
            StorageError: Two files would become one, or a file would replace another one that is to be copied as well.
                Nothing was copied.
        """
        pairs = Pairs(self).of("copy", path1, one_or_several(path2), recursive=recursive, maxdepth=maxdepth)
        _refuse_clashes(pairs, self._strip_protocol, self.isfile)
        _refuse_overlap(pairs, self._strip_protocol, self.isfile)
        ignore = on_error == "ignore" or (on_error is None and recursive)

        def one(pair: tuple[str, str]) -> None:
            with suppress(*([FileNotFoundError] if ignore else [])):
                self.cp_file(*pair)

        list(self._together(one, pairs))

    def mv(self, path1: Any, path2: Any, recursive: bool = False, maxdepth: int | None = None, **_: object) -> None:
        """Move files: all are copied, and then the originals are deleted. A file that is moved onto itself stays.

        Parameters:
            path1: The path, or a list of paths; patterns such as `*` match several.
            path2: Where to move it, by the rules of `copy`.
            recursive: Whether to move folders.
            maxdepth: How many levels to go down; None for all. What is below them stays.

        Raises:
            StorageNotFoundError: There is no such file or folder.
            StorageError: It is a folder, but `recursive` is False; or two files would become one; or a file would
                replace another one that is to be moved as well. Nothing was changed.
        """
        if self._strip_protocol(path1) == self._strip_protocol(path2):
            return
        pairs = Pairs(self).of("copy", path1, one_or_several(path2), recursive=recursive, maxdepth=maxdepth)
        if not pairs:
            raise StorageError(f"{path1!r} is a folder: move it with recursive=True.")
        folders = {source for source, _ in pairs if self.isdir(source)}
        moves = [
            (source, target)
            for source, target in pairs
            if source not in folders and self._place(source) != self._place(target)
        ]
        _refuse_clashes(moves, self._place, lambda _: True)
        _refuse_overlap(moves, self._place, lambda _: True)
        list(self._together(lambda pair: self.cp_file(*pair), moves))
        list(self._together(self.rm_file, [source for source, _ in moves]))
        for folder in folders if maxdepth is None else ():
            self._rm_marker(folder)

    def _place(self, path: str) -> tuple[str, str]:
        """Identifies the file of a path, however the path is written."""
        blobs, name = self._at(path, change=True, file=True)
        return blobs.address, name

    def _rm_marker(self, path: str) -> None:
        """Delete the blob that marks a folder, if there is one."""
        blobs, name = self._at(path, change=True)
        if name:
            with suppress(FileNotFoundError):
                self._look(blobs, f"{name}/")
                blobs.delete(f"{name}/")
                self.invalidate_cache(path)

    def rm_file(self, path: str) -> None:
        """Delete a file.

        Raises:
            StorageNotFoundError: There is no such file.
        """
        blobs, name = self._at(path, change=True, file=True)
        try:
            blobs.delete(name)
        finally:
            self.invalidate_cache(path)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Delete files, or folders with `recursive`.

        Parameters:
            path: The path, or a list of paths; patterns such as `*` match several.
            recursive: Whether to delete folders with everything in them.
            maxdepth: How many levels to go down; None for all.

        Raises:
            StorageNotFoundError: There is no such file or folder.
            StorageError: It is a folder, but `recursive` is False.
        """
        paths: list[str] = self.expand_path(path, recursive=recursive and maxdepth is not None, maxdepth=maxdepth)
        named = set(self._strip_protocol([path] if isinstance(path, str) else list(path)))
        doomed: list[tuple[SingleBlobs, str, str]] = []
        for each in paths:
            blobs, name = self._at(each, change=True)
            if recursive and maxdepth is None:
                prefix = f"{name}/" if name else ""
                inside = [(blobs, blob.name, each) for blob, _ in blobs.all(prefix)]
                doomed += inside
                if not name or (inside and not self.isfile(each)):
                    continue
            elif self.isdir(each):
                if recursive or each not in named:  # a pattern fits folders as well
                    continue
                raise StorageError(f"{each!r} is a folder: delete it with recursive=True.")
            doomed.append((blobs, name, each))
        ignored = [FileNotFoundError] if recursive and len(doomed) > 1 else []

        def delete(item: tuple[SingleBlobs, str, str]) -> None:
            with suppress(*ignored):  # another program deletes as well
                item[0].delete(item[1])

        try:
            list(self._together(delete, doomed))
        finally:
            for each in paths:
                self.invalidate_cache(each)


def _local_place(path: Any) -> Any:
    return path if is_file(path) else os.path.normcase(os.path.normpath(path))


def _refuse_clashes(
    pairs: Iterable[tuple[Any, Any]], place: Callable[[Any], Any], is_a_file: Callable[[Any], bool]
) -> None:
    """Raise StorageError if two files would become one.

    Parameters:
        pairs: What would become what.
        place: Identifies a target, however it is written.
        is_a_file: Whether a source is a file.
    """
    first: dict[Any, Any] = {}
    for source, target in pairs:
        other = first.setdefault(place(target), source)
        if other != source and is_a_file(other) and is_a_file(source):
            raise StorageError(f"{other!r} and {source!r} would both become {target!r}.")


def _refuse_overlap(
    pairs: list[tuple[str, str]], place: Callable[[str], Any], is_a_file: Callable[[str], bool]
) -> None:
    """Raise StorageError if a file would replace another one that has to be read as well; see `_refuse_clashes`."""
    sources = {place(source) for source, _ in pairs}
    for source, target in pairs:
        if place(target) in sources and place(target) != place(source) and is_a_file(source) and is_a_file(target):
            raise StorageError(
                f"{source!r} would replace {target!r}, which is to be copied as well. Do it in two steps."
            )
