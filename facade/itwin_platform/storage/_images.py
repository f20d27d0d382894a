"""Images of iTwins in a cache: where they are kept, what is accepted as one, and writing it whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .._policies.answers import Answer
from .._policies.redirects import Target
from ..environments import is_loopback
from ..errors import StorageError
from ._names import target_problem
from ._problems import one_problem

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import ITwinImage

# How a host of blobs says that a link has expired.
EXPIRED = frozenset({401, 403, 404, 410})


@dataclass(frozen=True, slots=True)
class ImageLink:
    """The name of an image, which is its key in the cache, and where it is for a while."""

    name: str
    url: str = field(repr=False)


def chosen(image: ITwinImage, size: str) -> ImageLink:
    """The image in the size that is asked for.

    Raises:
        ValueError: There is no such size.
    """
    if size == "small":
        return ImageLink(image.small_image_name, image.small_image_url)
    if size == "large":
        return ImageLink(image.large_image_name, image.large_image_url)
    raise ValueError('size must be "small" or "large"')


def cache_path(name: str, cache_dir: str | Path | None) -> Path:
    """Where the image of that name is kept."""
    folder = Path(cache_dir) if cache_dir is not None else _user_cache() / "itwin-platform" / "images"
    if "/" in name or len(name) > 150 or target_problem(name, windows=True):
        name = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return folder / name


def _user_cache() -> Path:
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def is_cached(path: Path) -> bool:
    """Whether the image is there."""
    return path.is_file() and path.stat().st_size > 0


def target_of(url: str) -> Target:
    """Where the link of an image leads.

    Raises:
        StorageError: It is no https link, or http to this very machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not host or not secure or "@" in parts.netloc or not url.isascii() or any(sign <= " " for sign in url):
        raise StorageError("The platform's link to the image is no https link.")
    return Target(f"{parts.scheme}://{parts.netloc}", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def content_of(answer: Answer) -> bytes:
    """The image out of the answer of the host that it is on.

    Raises:
        StorageError: There is none in it.
    """
    kind = (answer.content_type or "no content type").lower()
    if answer.status in EXPIRED:
        raise StorageError(f"The host of the image has refused its link (status {answer.status}). Try again later.")
    if answer.status != 200:
        raise StorageError(f"The host of the image answers with status {answer.status}. Try again later.")
    if answer.problem is not None:
        raise StorageError(f"The image {answer.problem}.")
    if not kind.startswith("image/"):
        raise StorageError(f"What the link of the image leads to is no image ({kind}).")
    if not answer.body:
        raise StorageError("The image is empty.")
    return answer.body


def store(path: Path, content: bytes) -> None:
    """Write an image under a temporary name, then give it its own.

    Raises:
        StorageError: It cannot be written.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".itp-", suffix=".part", dir=path.parent, delete=False) as file:
            temporary = file.name
            file.write(content)
        Path(temporary).replace(path)
    except OSError as error:
        problem = one_problem(error).text
    else:
        return
    if temporary is not None:
        Path(temporary).unlink(missing_ok=True)
    raise StorageError(f"The image {path.name!r} {problem} in {str(path.parent)!r}.")
