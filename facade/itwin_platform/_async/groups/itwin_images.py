"""The iTwins API: the images of iTwins."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from itwin_platform_api.itwins.models import ITwinImage

from ..._concurrency import asynchronous as concurrency
from ..pipeline import Pipeline


class ITwinImages:
    """The part of `platform.itwins` that deals with images."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

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
            NotFoundError: The iTwin has no image, or there is no such iTwin (`ImageNotFound`).
        """
        from itwin_platform_api.itwins.api.images import get_itwin_image

        return (await self._pipeline.call(get_itwin_image.request(itwin_id=itwin_id))).image

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
            Where the image is. Do not change the file: it is the cache. It is written whole or not at all.

        Raises:
            ValueError: The size is neither of both, or the id cannot be part of a path. Nothing was sent.
            ConfigurationError: No `cache_dir` is given and this user has no home folder. Nothing was sent.
            NotFoundError: The iTwin has no image, or there is no such iTwin (`ImageNotFound`).
            StorageError: What came is not an image or is larger than `max_body_bytes`; the folder cannot be written
                to; or the host of the images has refused the link twice.
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
