"""The file systems of fsspec: containers as `itwin://` and `itwin-reality://`."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.compression import compr
from fsspec.core import get_compression
from fsspec.dircache import DirCache
from fsspec.spec import AbstractFileSystem
from fsspec.utils import isfilelike, tokenize

from .._sync.client import ITwinPlatform
from .._sync.containers import Transfers
from ..errors import NotFoundError, PermissionDeniedError, StorageError, StorageNotFoundError, StoragePermissionError
from ..storage._ranges import Reading, Remote
from ..storage._run import check_concurrency
from ..storage._single import CREATE_ONLY, SingleBlobs
from ._containers import LISTINGS_EXPIRY, Containers, containers_of, default_client
from ._entries import Entry, directory, entries_below, file_entry, level_entries
from ._file import ReadFile, WriteFile
from ._local import write_whole
from ._pairs import Pairs

T = TypeVar("T")
R = TypeVar("R")

_MODES = {"rb", "wb", "xb"}
# Files up to this size are sent in one request.
_SMALL = 2 * 1024 * 1024


class ContainerFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """What both file systems have in common: see `BucketFileSystem`."""

    # Those of fsspec's cache would share instances by the repr of their options, which is the same for two clients.
    # What is worth sharing, containers and listings, the file systems of a client share anyway.
    cachable = False
    _of_what: ClassVar[str]

    def __init__(
        self,
        platform: ITwinPlatform | None = None,
        *,
        concurrency: int = 16,
        use_listings_cache: bool = True,
        listings_expiry_time: float = LISTINGS_EXPIRY,
        asynchronous: bool = False,  # noqa: ARG002 (callers give it to every file system, also to those that are not)
        loop: object = None,  # noqa: ARG002 (likewise)
    ) -> None:
        if not (platform is None or isinstance(platform, ITwinPlatform)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"platform must be an ITwinPlatform, not {type(platform).__name__}")
        check_concurrency(concurrency)
        super().__init__()
        self._given = platform
        self._concurrency = concurrency
        self._own_listings = (
            None
            if use_listings_cache and listings_expiry_time == LISTINGS_EXPIRY
            else DirCache(use_listings_cache=use_listings_cache, listings_expiry_time=listings_expiry_time)
        )
        del self.dircache

    @cached_property
    def platform(self) -> ITwinPlatform:
        """The client: the given one, or one with the credentials of the environment."""
        return self._given or default_client()

    @cached_property
    def _containers(self) -> Containers:
        return containers_of(self.platform)

    @cached_property
    def dircache(self) -> DirCache:
        """The listings that are remembered. They forget what this process changes through a file system."""
        return self._own_listings or self._containers.listings_of(str(self.protocol))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self._given is None else f'platform={self._given!r}'})"

    @property
    def _fs_token(self) -> str:
        """What tells file systems apart: their client, and no secret."""
        client = "environment" if self._given is None else str(id(self._given))
        return str(tokenize(type(self).__qualname__, client))

    def __getstate__(self) -> object:  # pickles hold the options; see AbstractFileSystem.__reduce__
        raise TypeError("a file system is pickled by its options")

    # Where a path leads to

    @classmethod
    def _parent(cls, path: str) -> str:
        path = cls._strip_protocol(path)
        return str(path.rpartition("/")[0].rstrip("/"))

    def _container(self, container_id: str, *, change: bool) -> SingleBlobs:
        raise NotImplementedError

    def _at(self, path: str, *, change: bool = False) -> tuple[SingleBlobs, str]:
        """The container that a path leads to, and the name of the blob in it.

        Raises:
            ValueError: The path does not begin with an id.
            StorageNotFoundError: There is no such container.
            StoragePermissionError: The caller may not use it.
        """
        container_id, _, name = self._strip_protocol(path).partition("/")
        if not container_id:
            raise ValueError(f"{path!r} names no container: write {self.protocol}://<{self._of_what} id>/path")
        try:
            return self._container(container_id, change=change), name
        except NotFoundError as error:
            raise StorageNotFoundError(str(error)) from error
        except PermissionDeniedError as error:
            raise StoragePermissionError(str(error), permission="w" if change else "r") from error

    def _together(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Do something with many files at the same time. The results come in order."""
        if len(items) < 2:
            yield from map(work, items)
            return
        with ThreadPoolExecutor(min(self._concurrency, len(items)), thread_name_prefix="itwin-files") as pool:
            try:
                yield from pool.map(work, items)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    # Listings

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forget listings: of a path, what is below and the folders that it is in; or all of them.

        Parameters:
            path: The path; None for all.
        """
        super().invalidate_cache(path)
        if path is None:
            self.dircache.clear()
            return
        path = self._strip_protocol(path)
        for known in list(self.dircache):
            if known == path or known.startswith(f"{path}/") or path.startswith(f"{known}/"):
                self.dircache.pop(known, None)

    def ls(self, path: str, detail: bool = True, refresh: bool = False, **_: object) -> Any:  # noqa: FBT001, FBT002
        """What is directly in a folder.

        Parameters:
            path: The folder, or a file.
            detail: Whether to return entries like those of `info`, or paths.
            refresh: Whether to ask the storage even if the listing is remembered.

        Raises:
            StorageNotFoundError: There is no such folder or file.
            StoragePermissionError: The SAS URL does not permit listing. The documented one of a bucket does not.
        """
        path = self._strip_protocol(path)
        found: list[Entry] | None = None if refresh else self.dircache.get(path)
        if found is None:
            blobs, name = self._at(path)
            level = blobs.level(f"{name}/" if name else "")
            if name and not level:
                found = [file_entry(path, self._look(blobs, name))]
            else:
                found = level_entries(path, name, level)
                self.dircache[path] = found
        return list(found) if detail else sorted(entry["name"] for entry in found)

    def _look(self, blobs: SingleBlobs, name: str) -> Remote:
        remote = blobs.look(name)
        if remote.is_folder:
            raise StorageNotFoundError(f"{name!r} is a folder.")
        return remote

    def info(self, path: str, refresh: bool = False, **_: object) -> Entry:  # noqa: FBT001, FBT002
        """What is at a path: name, size, type; and last_modified, etag and sha256 of a file, as far as known.

        Parameters:
            path: The path.
            refresh: Whether to ask the storage even if a listing is remembered.

        Raises:
            StorageNotFoundError: There is nothing.
        """
        path = self._strip_protocol(path)
        known = () if refresh else self.dircache.get(self._parent(path), ())
        for entry in known:
            if entry["name"] == path:
                return dict(entry)
        if not path:
            return directory(path)
        blobs, name = self._at(path)
        if not name:
            return directory(path)
        try:
            return file_entry(path, self._look(blobs, name))
        except StorageNotFoundError:
            if not blobs.has_any(f"{name}/"):
                raise
        return directory(path)

    def exists(self, path: str, **options: Any) -> bool:
        """Whether there is a file or a folder. An answer that cannot be had is an error, not a no."""
        try:
            self.info(path, **options)
        except FileNotFoundError:
            return False
        return True

    def isdir(self, path: str) -> bool:
        """Whether a path is a folder."""
        return self._is_a("directory", path)

    def isfile(self, path: str) -> bool:
        """Whether a path is a file."""
        return self._is_a("file", path)

    def _is_a(self, kind: str, path: str) -> bool:
        try:
            return bool(self.info(path)["type"] == kind)
        except FileNotFoundError:
            return False

    def modified(self, path: str) -> datetime | None:
        """When a file was last written, in UTC."""
        moment: datetime | None = self.info(path).get("last_modified")
        return moment

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **_: object  # noqa: FBT001, FBT002
    ) -> Any:
        """All files below a folder, however deep. One list of the storage tells, unless there is a `maxdepth`.

        Parameters:
            path: The folder, or a file.
            maxdepth: How many levels to go down; None for all.
            withdirs: Whether to return folders as well.
            detail: Whether to return entries by their paths, or sorted paths.
        """
        path = self._strip_protocol(path)
        if maxdepth is not None and maxdepth < 1:
            raise ValueError("maxdepth must be at least 1")
        blobs, name = self._at(path)
        found = self._down(path, maxdepth) if maxdepth else self._all_below(path, blobs, name)
        if found and withdirs:
            found[path] = directory(path)
        elif not found and name:
            with suppress(FileNotFoundError):
                found[path] = self.info(path)
        chosen = {key: found[key] for key in sorted(found) if withdirs or found[key]["type"] == "file"}
        return chosen if detail else list(chosen)

    def _all_below(self, path: str, blobs: SingleBlobs, name: str) -> dict[str, Entry]:
        prefix = f"{name}/" if name else ""
        found, folders = entries_below(path, prefix, blobs.list_with_state(prefix))
        if found:
            for folder, entries in folders.items():
                self.dircache[folder] = entries
        return found

    def _down(self, path: str, depth: int) -> dict[str, Entry]:
        try:
            level = {entry["name"]: entry for entry in self.ls(path) if entry["name"] != path}
        except FileNotFoundError:
            return {}
        folders = [key for key, entry in level.items() if entry["type"] == "directory"] if depth > 1 else []
        for folder in folders:
            level.update(self._down(folder, depth - 1))
        return level

    # Contents

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,  # noqa: FBT001, FBT002
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> ReadFile | WriteFile:
        if mode not in _MODES:
            raise io.UnsupportedOperation(
                f"mode must be r, w or x, with b or t, not {mode!r}: a file in a container is replaced as a whole"
            )
        blobs, name = self._at(path, change=mode != "rb")
        options.update(block_size=block_size, autocommit=autocommit, cache_options=cache_options)
        if mode == "rb":
            remote = self._look(blobs, name)
            return ReadFile(self, path, file_entry(path, remote), blobs, name, remote, **options)
        if mode == "xb":
            self._refuse_existing(path)
        blobs.check_name(name)
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

        A file that is read is one version: if it is replaced meanwhile, reading on raises StorageError. A file that is
        written appears when it is closed, complete; nothing appears if an exception leaves the `with` block.

        Parameters:
            path: The file.
            mode: See above. There is no appending.
            block_size: Bytes to read at a time, 4 MiB by default. Files are written in parts of 8 MiB or more.
            cache_options: Of fsspec's cache for reading; `cache_type` chooses it.
            compression: `"gzip"` and so on; `"infer"` goes by the name.
            options: `encoding`, `errors` and `newline` of text.

        Raises:
            io.UnsupportedOperation: The mode is another one, which is a ValueError. Nothing was sent.
            StorageNotFoundError: The file to read does not exist.
            StorageExistsError: The file to create exists.
            StoragePermissionError: The SAS URL does not permit it.
        """
        if "b" in mode and compression is not None:
            file = super().open(path, mode, block_size, cache_options, **options)
            return _compressed(file, get_compression(path, compression), mode)
        return super().open(path, mode, block_size, cache_options, compression, **options)

    def _refuse_existing(self, path: str) -> None:
        from ..errors import StorageExistsError

        if self.exists(path, refresh=True):
            raise StorageExistsError(f"{path!r} already exists.")

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: object) -> bytes:
        """The bytes of a file, or some of them; positions count like those of a slice.

        Raises:
            StorageNotFoundError: There is no such file.
        """
        blobs, name = self._at(path)
        return blobs.read(name, start, end)

    def cat(self, path: Any, recursive: bool = False, on_error: str = "raise", **options: Any) -> Any:  # noqa: FBT001, FBT002
        """The bytes of a file; or of several at the same time, by their paths: see fsspec."""
        paths = self.expand_path(path, recursive=recursive)
        if recursive:
            paths = [each for each in paths if not self.isdir(each)]
        if isinstance(path, str) and paths == [self._strip_protocol(path)]:
            return self.cat_file(paths[0], **options)
        found = zip(paths, self._together(_caught(lambda each: self.cat_file(each, **options), on_error), paths), strict=True)
        return {each: content for each, content in found if on_error != "omit" or not isinstance(content, Exception)}

    def cat_ranges(
        self, paths: list[str], starts: Any, ends: Any, max_gap: int | None = None, on_error: str = "return", **_: object
    ) -> list[Any]:
        """Ranges of files at the same time. All ranges of a file are of the same version.

        Parameters:
            paths: The files.
            starts: The first bytes, or one for all.
            ends: The bytes after the last ones, or one for all.
            max_gap: Not supported.
            on_error: `"return"` returns an exception in the place of a range, `"raise"` raises the first.
        """
        if max_gap is not None:
            raise NotImplementedError("max_gap is not supported")
        starts = starts if isinstance(starts, list) else [starts] * len(paths)
        ends = ends if isinstance(ends, list) else [ends] * len(paths)
        if not len(paths) == len(starts) == len(ends):
            raise ValueError("paths, starts and ends must have the same length")
        places = {path: self._at(path) for path in dict.fromkeys(paths)}
        several = [path for path in places if paths.count(path) > 1] if len(places) < len(paths) else []
        look = _caught(lambda path: places[path][0].look(places[path][1]), on_error)
        versions = dict(zip(several, self._together(look, several), strict=True))

        def read(part: tuple[str, int | None, int | None]) -> Any:
            (blobs, name), remote = places[part[0]], versions.get(part[0])
            return remote if isinstance(remote, Exception) else blobs.read(name, part[1], part[2], remote=remote)

        return list(self._together(_caught(read, on_error), list(zip(paths, starts, ends, strict=True))))

    def pipe_file(self, path: str, value: Any, mode: str = "overwrite", **_: object) -> None:
        """Write a file.

        Parameters:
            path: The file.
            value: Its bytes.
            mode: `"overwrite"`, or `"create"` if there must be none.
        """
        content = bytes(memoryview(value).cast("B")) if not isinstance(value, bytes) else value
        if len(content) > _SMALL:
            with self.open(path, "xb" if mode == "create" else "wb") as file:
                file.write(content)
            return
        blobs, name = self._at(path, change=True)
        blobs.put(name, content, CREATE_ONLY if mode == "create" else {})
        self.invalidate_cache(path)

    def pipe(self, path: Any, value: Any = None, **options: Any) -> None:
        """Write a file; or several at the same time, if `path` is a dictionary of their bytes."""
        contents = path if isinstance(path, dict) else {path: value}
        for _ in self._together(lambda item: self.pipe_file(item[0], item[1], **options), list(contents.items())):
            pass

    # From and to local files

    def get_file(self, rpath: str, lpath: Any, callback: Any = DEFAULT_CALLBACK, outfile: Any = None, **_: object) -> None:
        """Download a file. It gets its name once it is complete and matches its hash, if that is known."""
        outfile = lpath if outfile is None and isfilelike(lpath) else outfile
        blobs, name = self._at(rpath)
        try:
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
        """Upload a file."""
        source = Path(lpath)
        if source.is_dir():
            return
        with source.open("rb") as local:
            size = os.fstat(local.fileno()).st_size
            callback.set_size(size)
            if size <= _SMALL:
                content = local.read()
                self.pipe_file(rpath, content, mode)
                callback.relative_update(len(content))
                return
            with self.open(rpath, "xb" if mode == "create" else "wb") as file:
                while content := local.read(file.blocksize):
                    callback.relative_update(file.write(content))

    def get(
        self, rpath: Any, lpath: Any, recursive: bool = False, callback: Any = DEFAULT_CALLBACK,  # noqa: FBT001, FBT002
        maxdepth: int | None = None, **options: Any,
    ) -> None:
        """Download files, several at the same time: see fsspec."""
        pairs = Pairs(self).of("get", rpath, lpath, recursive=recursive, maxdepth=maxdepth)
        self._transfer(self.get_file, pairs, callback, options)

    def put(
        self, lpath: Any, rpath: Any, recursive: bool = False, callback: Any = DEFAULT_CALLBACK,  # noqa: FBT001, FBT002
        maxdepth: int | None = None, **options: Any,
    ) -> None:
        """Upload files, several at the same time: see fsspec."""
        pairs = Pairs(self).of("put", lpath, rpath, recursive=recursive, maxdepth=maxdepth)
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

        for _ in callback.wrap(self._together(one, pairs)):
            pass

    # Changes

    def cp_file(self, path1: str, path2: str, **_: object) -> None:
        """Copy a file. The storage does it, without sending the bytes here."""
        source, source_name = self._at(path1)
        target, name = self._at(path2, change=True)
        try:
            target.copy(name, source, source_name)
        except FileNotFoundError:
            if not self.isdir(path1):
                raise
        self.invalidate_cache(path2)

    def copy(
        self, path1: Any, path2: Any, recursive: bool = False, maxdepth: int | None = None,  # noqa: FBT001, FBT002
        on_error: str | None = None, **_: object,
    ) -> None:
        """Copy files, several at the same time: see fsspec."""
        pairs = Pairs(self).of("copy", path1, path2, recursive=recursive, maxdepth=maxdepth)
        ignore = on_error == "ignore" or (on_error is None and recursive)

        def one(pair: tuple[str, str]) -> None:
            with suppress(*([FileNotFoundError] if ignore else [])):
                self.cp_file(*pair)

        for _ in self._together(one, pairs):
            pass

    def rm_file(self, path: str) -> None:
        """Delete a file.

        Raises:
            StorageNotFoundError: There is no such file.
        """
        blobs, name = self._at(path, change=True)
        try:
            blobs.delete(name)
        finally:
            self.invalidate_cache(path)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:  # noqa: FBT001, FBT002
        """Delete files, or folders with `recursive`.

        Parameters:
            path: The path, or a list; with `*` and so on for several.
            recursive: Whether to delete folders with all that is in them.
            maxdepth: How many levels to go down; None for all.

        Raises:
            StorageNotFoundError: There is no such file or folder.
            StorageError: It is a folder, but `recursive` is False.
        """
        paths: list[str] = self.expand_path(path, recursive=recursive and maxdepth is not None, maxdepth=maxdepth)
        doomed: list[tuple[SingleBlobs, str, str]] = []
        for each in paths:
            blobs, name = self._at(each, change=True)
            if recursive and maxdepth is None:
                prefix = f"{name}/" if name else ""
                inside = [(blobs, blob.name, each) for blob in blobs.list(prefix)]
                doomed += inside
                if inside and not (name and self.isfile(each)):
                    continue
            elif self.isdir(each):
                if recursive or each != path:
                    continue
                raise StorageError(f"{each!r} is a folder: delete it with recursive=True.")
            doomed.append((blobs, name, each))
        try:
            for _ in self._together(lambda item: item[0].delete(item[1]), doomed):
                pass
        finally:
            for each in paths:
                self.invalidate_cache(each)


class BucketFileSystem(ContainerFileSystem):
    """The buckets of iTwins as a file system of fsspec: `itwin://<iTwin id>/<path>`.

    Folders are not made: they are there when a file is in them. Files and listings that other programs change are
    seen after 30 seconds at the latest; `invalidate_cache()` forgets all listings at once. What is read is never older
    than its opening.

    Threads can share a file system, and so can forked processes. It is pickled with its options, so its client must be
    one that can be pickled, or there must be none.

    Parameters:
        platform: The client; None makes one with the credentials of the environment.
        concurrency: How many files are transferred at the same time, 1 to 256.
        use_listings_cache: Whether to remember listings.
        listings_expiry_time: For how many seconds.
        asynchronous: Not used.
        loop: Not used.

    Raises:
        TypeError: The client is of another kind, or an option is unknown.
        ValueError: The number cannot be used.
    """

    protocol = "itwin"
    _of_what = "iTwin"

    def _container(self, container_id: str, *, change: bool) -> SingleBlobs:  # noqa: ARG002 (one SAS URL is for both)
        def get() -> Transfers:
            return self.platform.reality_analysis.get_bucket(container_id)

        return self._containers.open((self.protocol, container_id), get)


class RealityDataFileSystem(ContainerFileSystem):
    """The containers of reality data as a file system of fsspec: `itwin-reality://<reality data id>/<path>`.

    It is like the file system of buckets. The container is asked for with `access="write"` once something is changed.

    Parameters:
        platform: The client; None makes one with the credentials of the environment.
        itwin_id: Id of the iTwin whose permissions count.
        options: Those of `BucketFileSystem`.
    """

    protocol = "itwin-reality"
    _of_what = "reality data"

    def __init__(self, platform: ITwinPlatform | None = None, *, itwin_id: str | None = None, **options: Any) -> None:
        super().__init__(platform, **options)
        self._itwin_id = itwin_id

    @property
    def _fs_token(self) -> str:
        return str(tokenize(super()._fs_token, self._itwin_id))

    def _container(self, container_id: str, *, change: bool) -> SingleBlobs:
        def get() -> Transfers:
            return self.platform.reality_data.container(
                container_id, access="write" if change else "read", itwin_id=self._itwin_id
            )

        access = "write" if change else "read"
        return self._containers.open((self.protocol, container_id, access, self._itwin_id or ""), get)


def _caught(work: Callable[[T], R], on_error: str) -> Callable[[T], R | Exception]:
    """The same work, whose exceptions are returned unless they are to be raised."""

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
    outer: Any = compr[compression](file, mode=mode[0])
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
