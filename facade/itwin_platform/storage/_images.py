"""The cache of iTwin images: where it is, which images it accepts, and how they are written."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from .._folders import cache_folder
from .._paths import local_path
from .._policies.addresses import Target, signed_target
from .._policies.answers import Answer
from ..errors import ConfigurationError, StorageError
from ._names import target_problem
from ._problems import one_problem

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import ITwinImage

# Statuses by which blob storage says that a link has expired.
EXPIRED = frozenset({401, 403, 404, 410})


@dataclass(frozen=True, slots=True)
class ImageLink:
    """The name of an image, which is its key in the cache, and its link, which expires."""

    name: str
    url: str = field(repr=False)


def check_size(size: str) -> None:
    """Raise ValueError if there are no images of that size."""
    if size not in ("small", "large"):  # not a set: what cannot be hashed is refused as well
        raise ValueError('size must be "small" or "large"')


def chosen(image: ITwinImage, size: str) -> ImageLink:
    """The image in the requested size.

    Raises:
        StorageError: The platform gives no name or no link for it.
    """
    name = image.small_image_name if size == "small" else image.large_image_name
    url = image.small_image_url if size == "small" else image.large_image_url
    if not name or not url:
        raise StorageError("The platform's answer has no name or no link for the image.")
    return ImageLink(name, url)


def folder(cache_dir: str | os.PathLike[str] | None) -> Path:
    """The folder of the cache.

    Raises:
        ConfigurationError: No folder is given and the user has no home directory.
        ValueError: It is not a path.
    """
    if cache_dir is None:
        try:
            return cache_folder() / "images"
        except RuntimeError:
            pass
        raise ConfigurationError("This user has no home directory for images. Pass a folder as cache_dir.")
    return local_path("cache_dir", cache_dir)


def file_name(name: str) -> str:
    """The file name for an image: its own name, or a hash if that is no safe file name."""
    if "/" in name or target_problem(name, windows=True) or len(name.encode("utf-8")) > 150:
        return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return name


def is_cached(path: Path) -> bool:
    """Whether the image is in the cache.

    Raises:
        StorageError: The folder cannot be used.
    """
    try:
        return path.stat().st_size > 0 and path.is_file()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        problem = one_problem(error).text
    raise _unusable(path, problem)


def target_of(url: str) -> Target:
    """The address of an image.

    Raises:
        StorageError: It is neither https, nor http to this machine.
    """
    target = signed_target(url)
    if target is None:
        raise StorageError("The platform's link to the image is not an https link.")
    return target


def content_of(answer: Answer) -> bytes:
    """The image in the answer of its host.

    Raises:
        StorageError: The answer holds no image.
    """
    kind = (answer.content_type or "no content type").lower()
    if answer.status in EXPIRED:
        raise StorageError(f"The host of the image refused its link (status {answer.status}). Try again later.")
    if answer.status != 200:
        advice = "Redirects are not followed" if 300 <= answer.status < 400 else "Try again later"
        raise StorageError(f"The host of the image answered with status {answer.status}. {advice}.")
    if answer.problem is not None:
        raise StorageError(f"The image {answer.problem}.")
    if not kind.startswith("image/"):
        raise StorageError(f"The link to the image leads to something that is not an image ({kind}).")
    if not answer.body:
        raise StorageError("The image is empty.")
    return answer.body


def store(path: Path, content: bytes) -> None:
    """Write an image under a temporary name, then rename it.

    Raises:
        StorageError: It cannot be written.
    """
    temporary = path.with_name(f".itp-{uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        problem = one_problem(error).text
    else:
        return
    with suppress(OSError):
        temporary.unlink()
    raise _unusable(path, problem)


def _unusable(path: Path, problem: str) -> StorageError:
    return StorageError(f"The image {path.name!r} {problem} in {str(path.parent)!r}.")
