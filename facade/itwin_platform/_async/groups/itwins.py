"""The iTwins API: iTwins and their images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..._concurrency import asynchronous as concurrency

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import ITwin, ITwinImage

    from ..pipeline import Pipeline


class ITwins:
    """iTwins and their images: `platform.itwins`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def get(self, itwin_id: str) -> ITwin:
        """Get the metadata of an iTwin.

        `GET /itwins/{id}`, https://developer.bentley.com/apis/itwins/operations/get-itwin/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Returns:
            The iTwin. Dates are aware; `image` is a link that works for at least an hour.

        Raises:
            ValueError: The id cannot be part of a path. Nothing was sent.
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
            UnauthorizedError: The token is missing, expired or not accepted.
            RateLimitError: Too many requests; `retry_after` says how long to wait.
            ApiError: The platform refused or failed in another way; see its subclasses.
            ResponseError: The answer is not what the specification says.
            CredentialsError: No token could be had.
            RedirectError: The answer leads to a host that the token must not go to.
            TransportError: Nothing usable came back, `DeadlineExceeded` if the time was over.
        """
        from itwin_platform_api.itwins.api.itwins import get_itwin

        answer = await self._pipeline.call(get_itwin.OPERATION, itwin_id=itwin_id)
        return answer.itwin

    async def get_image(self, itwin_id: str) -> ITwinImage:
        """Get the names of an iTwin's image and links to download it.

        The name of an image changes only when the image does, so it can serve as a cache key.

        `GET /itwins/{iTwinId}/image`, https://developer.bentley.com/apis/itwins/operations/get-itwin-image/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Returns:
            Names and links of the thumbnail and of the image as uploaded. The links work for at least an hour and
            need no token; none must be sent with them.

        Raises:
            ValueError: The id cannot be part of a path. Nothing was sent.
            NotFoundError: The iTwin has no image, or there is no such iTwin (`ImageNotFound`).
            UnauthorizedError: The token is missing, expired or not accepted.
            RateLimitError: Too many requests; `retry_after` says how long to wait.
            ApiError: The platform refused or failed in another way; see its subclasses.
            ResponseError: The answer is not what the specification says.
            CredentialsError: No token could be had.
            RedirectError: The answer leads to a host that the token must not go to.
            TransportError: Nothing usable came back, `DeadlineExceeded` if the time was over.
        """
        from itwin_platform_api.itwins.api.images import get_itwin_image

        answer = await self._pipeline.call(get_itwin_image.OPERATION, itwin_id=itwin_id)
        return answer.image

    async def download_image(
        self, itwin_id: str, size: Literal["small", "large"] = "small", cache_dir: str | Path | None = None
    ) -> Path:
        """Get the image of an iTwin as a file, from the cache if it has not changed.

        The name of the image says whether it has: an unchanged one costs one call of the platform and no download.
        The download itself needs no token and is sent none.

        `GET /itwins/{iTwinId}/image`, https://developer.bentley.com/apis/itwins/operations/get-itwin-image/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            size: `"small"` for the thumbnail, `"large"` for the image as uploaded.
            cache_dir: Folder for the images; by default the folder `itwin-platform/images` in the user's cache.

        Returns:
            Where the image is. The file is to be read only; it is written whole or not at all.

        Raises:
            ValueError: The id cannot be part of a path, or the size is neither of both. Nothing was sent.
            ConfigurationError: No `cache_dir` is given and this user has no home folder. Nothing was sent.
            NotFoundError: The iTwin has no image, or there is no such iTwin (`ImageNotFound`).
            StorageError: What came is no image or larger than `max_body_bytes`, or it cannot be written to the folder;
                or the host of the images has refused the link twice.
            UnauthorizedError: The token is missing, expired or not accepted.
            RateLimitError: Too many requests; `retry_after` says how long to wait.
            ApiError: The platform refused or failed in another way; see its subclasses.
            ResponseError: The answer about the image is not what the specification says, or too large.
            CredentialsError: No token could be had.
            RedirectError: The answer leads to a host that the token must not go to.
            TransportError: Nothing usable came back, `DeadlineExceeded` if the time for all of it was over.
        """
        from ...storage import _images as images

        images.check_size(size)
        folder = images.folder(cache_dir)
        return await self._pipeline.within_deadline("download-image", lambda: self._download(itwin_id, size, folder))

    async def _download(self, itwin_id: str, size: str, folder: Path) -> Path:
        from ...storage import _images as images

        for last in (False, True):
            image = images.chosen(await self.get_image(itwin_id), size)
            path = folder / images.file_name(image.name)
            if await concurrency.in_thread(lambda path=path: images.is_cached(path)):  # type: ignore[misc]
                return path
            answer = await self._pipeline.fetch(images.target_of(image.url), "download-image")
            if last or answer.status not in images.EXPIRED:
                break
        content = images.content_of(answer)
        await concurrency.in_thread(lambda: images.store(path, content))
        return path
