"""The iTwins API: the images of iTwins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Literal

from itwin_platform_api.itwins.models import ITwinImage

from ..._concurrency import asynchronous as concurrency
from .group import Group


class ITwinImages(Group):
    """The part of `platform.itwins` that deals with images."""

    async def get_image(self, itwin_id: str) -> ITwinImage:
        """Get the names of an iTwin's image and links to download it.

        The name of an image changes only if the image does, so it can serve as a cache key.

        `GET /itwins/{iTwinId}/image`, https://developer.bentley.com/apis/itwins/operations/get-itwin-image/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Returns:
            Names and links of the thumbnail and of the image as uploaded. The links work for at least an hour and need
            no token; do not send one.

        Raises:
            NotFoundError: The iTwin has no image, or there is no such iTwin (`ImageNotFound`).
        """
        from itwin_platform_api.itwins.api.images import get_itwin_image

        return (await self._pipeline.call(get_itwin_image.request(itwin_id=itwin_id))).image

    async def upload_image(
        self, itwin_id: str, image: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
    ) -> ITwinImage:
        """Upload the image of an iTwin, replacing an earlier one. The platform creates a thumbnail of it.

        `PUT /itwins/{iTwinId}/image`, https://developer.bentley.com/apis/itwins/operations/upload-itwin-image/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            image: PNG or JPEG of at most 5 MB and an aspect ratio of at most 5:1: a path, bytes, or an open binary
                file, which is read to its end.

        Returns:
            Names and links of the thumbnail and of the image as uploaded.

        Raises:
            ValueError: It is not such an image. Nothing was sent.
            StorageError: The file cannot be read; StorageNotFoundError if there is none. Nothing was sent.
            NotFoundError: There is no such iTwin, or the caller is not a member of it (`iTwinNotFound`).
            InvalidRequestError: The platform does not accept the image (`InvalidiTwinsRequest`).
            ApiError: The platform finds the image too large (`RequestTooLarge`, status 413).
        """
        from itwin_platform_api.itwins.api.images import upload_itwin_image

        from ...storage import _pictures as pictures

        content = await concurrency.in_thread(lambda: pictures.content_of(image))
        request = upload_itwin_image.request(
            itwin_id=itwin_id, body=content, content_type=pictures.media_type_of(content)
        )
        return (await self._pipeline.call(request)).image

    async def delete_image(self, itwin_id: str) -> None:
        """Delete the image of an iTwin and its thumbnail.

        `DELETE /itwins/{iTwinId}/image`, https://developer.bentley.com/apis/itwins/operations/delete-itwin-image/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.

        Raises:
            NotFoundError: The iTwin has no image, or there is no such iTwin (`ImageNotFound`).
            PermissionDeniedError: The caller may not change the iTwin (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.images import delete_itwin_image

        await self._pipeline.call(delete_itwin_image.request(itwin_id=itwin_id))

    async def download_image(
        self,
        itwin_id: str,
        *,
        size: Literal["small", "large"] = "small",
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> Path:
        """Download the image of an iTwin into a cache, unless it is there and has not changed.

        The name of the image says whether it has changed: an unchanged one costs one call to the platform and no
        download. The download itself is sent without a token.

        `GET /itwins/{iTwinId}/image`, https://developer.bentley.com/apis/itwins/operations/get-itwin-image/

        Parameters:
            itwin_id: Id of the iTwin, a GUID.
            size: `"small"` for the thumbnail, `"large"` for the image as uploaded.
            cache_dir: Folder for the images; by default the folder `itwin-platform/images` in the user's cache.

        Returns:
            The path of the image. Do not change the file, because it is the cache. It is written completely or not at
            all.

        Raises:
            ValueError: The size is neither of these, or the id cannot be part of a path. Nothing was sent.
            ConfigurationError: No `cache_dir` is given and this user has no home folder. Nothing was sent.
            NotFoundError: The iTwin has no image, or there is no such iTwin (`ImageNotFound`).
            StorageError: The download is not an image, or is larger than `max_body_bytes`; the folder cannot be written
                to; or the host of the images has refused the link twice.
        """
        from ...storage import _images as images
        from ...storage._places import check_folder

        images.check_size(size)
        folder = images.folder(cache_dir)
        await concurrency.in_thread(lambda: check_folder(folder))
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
