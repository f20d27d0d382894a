"""What all parts of the file systems share: the client, the containers, and work on many files at the same time."""

# What is inherited from fsspec has no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar, TypeVar, cast

from .._sync.client import ITwinPlatform
from ..errors import NotFoundError, PermissionDeniedError, StorageNotFoundError, StoragePermissionError
from ..storage._names import listed_name
from ..storage._run import check_concurrency
from ..storage._single_blobs import SingleBlobs
from ._cache import ListingsCache
from ._containers import LISTINGS_EXPIRY, Containers, containers_of, default_client
from ._fsspec import AbstractFileSystem, tokenize
from ._paths import one_path

T = TypeVar("T")
R = TypeVar("R")


class ContainerFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A file system of containers; see `BucketFileSystem`."""

    # Those of fsspec's cache would share instances by the repr of their options, which is the same for two clients.
    # What is worth sharing, containers and listings, the file systems of a client share anyway.
    cachable = False
    protocol: str
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
        self._own_listings: ListingsCache | None = (
            None
            if use_listings_cache and listings_expiry_time == LISTINGS_EXPIRY
            else ListingsCache(self.protocol, used=use_listings_cache, seconds=listings_expiry_time)
        )
        del self.dircache

    @cached_property
    def platform(self) -> ITwinPlatform:
        """The client: the one that was passed, or one with the credentials of the environment."""
        return self._given or default_client()

    @cached_property
    def _containers(self) -> Containers:
        return containers_of(self.platform)

    @cached_property
    def dircache(self) -> ListingsCache:
        """The cached listings. Changes that this process makes through a file system are removed from them."""
        known = self._own_listings
        return self._containers.listings_of(self.protocol) if known is None else known

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self._given is None else f'platform={self._given!r}'})"

    @property
    def _fs_token(self) -> str:
        """Identifies a file system by its client. Pickles of the same settings have equal ones."""
        client = self._given
        if client is not None:
            with suppress(TypeError):
                client = pickle.loads(pickle.dumps(client))  # noqa: S301 (our own)
        return tokenize(type(self).__qualname__, client and id(client))

    # Where a path leads to

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._stripped(each) for each in cast("list[object]", path)]
        return cls._stripped(path)

    @classmethod
    def _stripped(cls, path: object) -> str:
        """The path of a file or folder, without the protocol.

        Raises:
            ValueError: It is not a path.
        """
        return str(super()._strip_protocol(one_path(path)))

    @classmethod
    def _parent(cls, path: str) -> str:
        path = cls._stripped(path)
        return str(path.rpartition("/")[0].rstrip("/"))

    def _container(self, container_id: str, *, change: bool) -> SingleBlobs:
        raise NotImplementedError

    def _at(self, path: str, *, change: bool = False, file: bool = False) -> tuple[SingleBlobs, str]:
        """The container of a path, and the name in it, which is empty if the path is that of the container.

        Parameters:
            path: The path.
            change: Whether something is to be changed.
            file: Whether it must be the path of a file.

        Raises:
            ValueError: The path does not begin with an id, or no file can have it.
            StorageNotFoundError: There is no such container; or it is the path of one, and a file is to be read.
            StoragePermissionError: The caller may not use it.
        """
        container_id, _, name = self._stripped(path).partition("/")
        if not container_id or container_id.endswith(":"):  # with a colon, it is an address of another kind
            raise ValueError(f"{path!r} names no container: write {self.protocol}://<{self._of_what} id>/path")
        if name:
            listed_name("the path", name)
        elif file and change:
            raise ValueError(f"{path!r} names no file: write {self.protocol}://<{self._of_what} id>/path")
        elif file:
            raise StorageNotFoundError(f"{path!r} is a folder.")
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
