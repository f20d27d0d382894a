"""The Reality Analysis API: detectors and their versions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from itwin_platform_api.reality_analysis.models import Detector, DetectorSummary, DetectorUpdate, DetectorVersion
from itwin_platform_api.runtime import UNCHANGED, Unchanged

from ..._detector_versions import DetectorVersionUpload, version_upload_of
from ..._flags import check_flags
from ..._policies.arguments import filter_text, given, one_change, text, texts
from ..._policies.redaction import interrupts_show_nothing
from ...filters import Expression
from ...storage._report import Progress
from ..detector_uploads import VersionUpload
from ..pages import AsyncPages
from .group import Group


class Detectors(Group):
    """Detectors and their versions: `platform.reality_analysis.detectors`.

    A detector is a trained model, which jobs refer to by its name and version. Names may contain a slash, as in
    `@bentley/cracks-ortho`.
    """

    def list(
        self,
        *,
        filter: str | Expression | None = None,  # noqa: A002 (the word of the field)
        limit: int | None = None,
    ) -> AsyncPages[DetectorSummary]:
        """List the detectors that the caller can use: their own, and those of the public library.

        The operation is a technical preview: for trying out, not for production.

        `GET /reality-analysis/detectors`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-get-all/

        Parameters:
            filter: Conditions on `labels` and `exports`, with `in`, `not`, `and` and `or`: an expression of
                `itwin_platform.filters`, or text, for instance
                `"exports in ('Polygons', 'Lines') and labels in ('crack')"`.
            limit: The maximum number of detectors to return; by default all.

        Returns:
            The detectors without their versions, all on one page. Nothing is sent before you iterate over them.

        Raises:
            ValueError: An argument cannot be sent. Nothing was sent.
            InvalidRequestError: The platform does not accept the filter (`InvalidModelingRequest`).
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_get_all

        request = detectors_get_all.request(filter=filter_text(filter, brackets="()"))
        return AsyncPages(self._pipeline, request, lambda page: page.detectors, limit=limit)

    async def get(self, detector_name: str) -> Detector:
        """Get a detector with its versions.

        The operation is a technical preview: for trying out, not for production.

        `GET /reality-analysis/detectors/{detectorName}`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-get/

        Parameters:
            detector_name: Name of the detector, for instance `"@bentley/cracks-ortho"`.

        Returns:
            The detector. Versions that are ready have a `download_url`, which needs no token and is masked in `repr()`.

        Raises:
            NotFoundError: There is no such detector, or the caller may not see it (`DetectorNotFound`).
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_get

        return (await self._pipeline.call(detectors_get.request(detector_name=detector_name))).detector

    async def create(
        self,
        name: str,
        *,
        type_: str,
        description: str | None = None,
        display_name: str | None = None,
        documentation_url: str | None = None,
    ) -> Detector:
        """Create a detector, without any versions yet.

        The operation is a technical preview: for trying out, not for production.

        `POST /reality-analysis/detectors`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-create/

        Parameters:
            name: Name of the detector, by which jobs and other calls refer to it.
            type_: `"PhotoObjectDetector"`, `"PhotoSegmentationDetector"`, `"OrthophotoSegmentationDetector"` or
                `"PointCloudSegmentationDetector"`.
            description: What the detector finds, in words.
            display_name: The name shown to users.
            documentation_url: Where the detector is documented.

        Returns:
            The detector as it was created.

        Raises:
            ValueError: The name or the type is missing. Nothing was sent.
            InvalidRequestError: A value is not allowed (`InvalidRealityAnalysisRequest`); `details` say which.
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_create
        from itwin_platform_api.reality_analysis.models import DetectorCreate, DetectorType

        body = DetectorCreate(
            name=text("name", name),
            type_=DetectorType(text("type_", type_)),
            description=given(description),
            display_name=given(display_name),
            documentation_url=given(documentation_url),
        )
        return (await self._pipeline.call(detectors_create.request(body=body))).detector

    async def update(
        self,
        detector_name: str,
        changes: DetectorUpdate | None = None,
        *,
        description: str | Unchanged | None = UNCHANGED,
        display_name: str | Unchanged | None = UNCHANGED,
        documentation_url: str | Unchanged | None = UNCHANGED,
    ) -> Detector:
        """Change a detector. Properties that are not named stay as they are; None clears one.

        The operation is a technical preview: for trying out, not for production.

        `PATCH /reality-analysis/detectors/{detectorName}`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-patch/

        Parameters:
            detector_name: Name of the detector, for instance `"my-detector"`.
            changes: The changes as a model, instead of the arguments below; only the properties that were set are sent.
            description: What the detector finds, in words, or None.
            display_name: The name shown to users, or None.
            documentation_url: Where the detector is documented, or None.

        Returns:
            The detector as it is now.

        Raises:
            ValueError: No changes are given. Nothing was sent.
            InvalidRequestError: A value is not allowed (`InvalidRealityAnalysisRequest`); `details` say which.
            PermissionDeniedError: The caller may not change the detector (`InsufficientPermissions`).
            NotFoundError: There is no such detector, or the caller may not see it (`DetectorNotFound`).
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_patch

        named = DetectorUpdate(description=description, display_name=display_name, documentation_url=documentation_url)
        request = detectors_patch.request(detector_name=detector_name, body=one_change(changes, named))
        return (await self._pipeline.call(request)).detector

    async def delete(self, detector_name: str) -> None:
        """Delete a detector with all of its versions.

        The operation is a technical preview: for trying out, not for production.

        `DELETE /reality-analysis/detectors/{detectorName}`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-delete/

        Parameters:
            detector_name: Name of the detector, for instance `"my-detector"`.

        Raises:
            InvalidRequestError: The detector cannot be deleted (`InvalidRealityAnalysisRequest`); `details` say why.
            NotFoundError: There is no such detector, or the caller may not see it (`DetectorNotFound`).
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_delete

        await self._pipeline.call(detectors_delete.request(detector_name=detector_name))

    async def create_version(
        self, detector_name: str, version_number: str, *, labels: Iterable[str], exports: Iterable[str] | None = None
    ) -> DetectorVersionUpload:
        """Create a version of a detector. It waits for its file, a zip archive.

        Upload the file to the URL that it returns, then call `complete_version`.

        The operation is a technical preview: for trying out, not for production.

        `POST /reality-analysis/detectors/{detectorName}/versions`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-version-create/

        Parameters:
            detector_name: Name of the detector, for instance `"my-detector"`.
            version_number: Number of the version, for instance `"1.0"`.
            labels: What the version can find, for instance `["crack"]`.
            exports: The kinds of results that it can produce: `"Objects"`, `"Lines"`, `"Polygons"`, `"Locations"`.

        Returns:
            The version and the SAS URL to upload its file to, which needs no token and is masked in `repr()`.

        Raises:
            ValueError: The number is missing, or a label is not text. Nothing was sent.
            InvalidRequestError: A value is not allowed (`InvalidRealityAnalysisRequest`); `details` say which.
            ConflictError: The detector has this version already (`DetectorVersionExists`).
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_version_create
        from itwin_platform_api.reality_analysis.models import DetectorExportType as Export
        from itwin_platform_api.reality_analysis.models import DetectorVersionCapabilities, DetectorVersionCreate

        results = None if exports is None else [Export(each) for each in texts("exports", exports)]
        able = DetectorVersionCapabilities(labels=texts("labels", labels), exports=results)
        body = DetectorVersionCreate(version_number=text("version_number", version_number), capabilities=able)
        request = detectors_version_create.request(detector_name=detector_name, body=body)
        with interrupts_show_nothing:
            return version_upload_of(await self._pipeline.call(request))

    async def upload_version(
        self,
        detector_name: str,
        version_number: str,
        path: str | os.PathLike[str],
        *,
        labels: Iterable[str],
        exports: Iterable[str] | None = None,
        publish: bool = False,
        progress: bool | Callable[[Progress], object] = False,
    ) -> DetectorVersion:
        """Create a version of a detector, upload its file, declare the upload complete, and publish it on request.

        It can be run again after an interruption, and resumes where it stopped. A version that waits for its file is
        created again, because only that returns a URL to upload to. Of the file, only the 8 MiB parts that have not
        arrived yet are sent; the user's state folder records which have arrived, without the SAS of the URL. A version
        that is ready with this file is left as it is.

        The operations are technical previews: for trying out, not for production.

        Parameters:
            detector_name: Name of the detector, for instance `"my-detector"`.
            version_number: Number of the version, for instance `"1.0"`.
            path: The file, a zip archive.
            labels: What the version can find, for instance `["crack"]`.
            exports: The kinds of results that it can produce: `"Objects"`, `"Lines"`, `"Polygons"`, `"Locations"`.
            publish: Whether to add the version to the public library as well.
            progress: True draws a progress bar (extra `[progress]`). A function is called with `Progress`, from
                worker threads, one at a time. If it returns False, the upload is cancelled.

        Returns:
            The version, which is ready.

        Raises:
            ValueError: An argument cannot be sent, or the file is not a zip archive. Nothing was sent.
            StorageNotFoundError: There is no such file. Nothing was sent.
            StorageError: The file cannot be read; the version exists already with another file, other labels or
                exports, or in a state that accepts no file; or it is not ready although its file has arrived.
            TransferError: The file could not be uploaded, for instance because the URL, which works for 20 minutes, has
                expired. Run it again.
            TransferCancelled: The progress function asked to stop.
            InvalidRequestError: A value is not allowed (`InvalidRealityAnalysisRequest`); `details` say which.
            PermissionDeniedError: The caller may not publish the version (`InsufficientPermissions`). The version is
                ready nevertheless.
            NotFoundError: There is no such detector, or the caller may not see it (`DetectorNotFound`).
            ConflictError: Another program has created the version meanwhile, or it is already in the library
                (`DetectorVersionExists`).
        """
        check_flags(publish=publish)
        upload = VersionUpload(
            self, self._pipeline, name=detector_name, number=version_number, labels=labels, exports=exports
        )
        return await upload.carry_out(path, publish=publish, progress=progress)

    async def complete_version(self, detector_name: str, version_number: str) -> None:
        """Declare the upload of a version complete, so that the version becomes ready.

        The operation is a technical preview: for trying out, not for production.

        `POST /reality-analysis/detectors/{detectorName}/versions/{versionNumber}/complete`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-complete-version-upload/

        Parameters:
            detector_name: Name of the detector, for instance `"my-detector"`.
            version_number: Number of the version, for instance `"1.0"`.

        Raises:
            InvalidRequestError: The version does not wait for a file (`InvalidRealityAnalysisRequest`); `details` say
                more.
            NotFoundError: There is no such detector, or the caller may not see it (`DetectorNotFound`).
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_complete_version_upload

        request = detectors_complete_version_upload.request(detector_name=detector_name, version_number=version_number)
        await self._pipeline.call(request)

    async def publish_version(self, detector_name: str, version_number: str) -> None:
        """Add a version that is ready to the public library of detectors.

        The operation is a technical preview: for trying out, not for production.

        `POST /reality-analysis/detectors/{detectorName}/versions/{versionNumber}/publish`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-publish-version/

        Parameters:
            detector_name: Name of the detector, for instance `"my-detector"`.
            version_number: Number of the version, for instance `"1.0"`.

        Raises:
            InvalidRequestError: The version is not ready (`InvalidRealityAnalysisRequest`); `details` say more.
            PermissionDeniedError: The caller may not publish the version (`InsufficientPermissions`).
            NotFoundError: There is no such detector, or the caller may not see it (`DetectorNotFound`).
            ConflictError: The library has this version already (`DetectorVersionExists`).
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_publish_version

        request = detectors_publish_version.request(detector_name=detector_name, version_number=version_number)
        await self._pipeline.call(request)

    async def unpublish_version(self, detector_name: str, version_number: str) -> None:
        """Remove a version from the public library of detectors.

        The operation is a technical preview: for trying out, not for production.

        `POST /reality-analysis/detectors/{detectorName}/versions/{versionNumber}/unpublish`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-unpublish-version/

        Parameters:
            detector_name: Name of the detector, for instance `"my-detector"`.
            version_number: Number of the version, for instance `"1.0"`.

        Raises:
            InvalidRequestError: The version cannot be withdrawn (`InvalidRealityDataAnalysisRequest`); `details` say
                why.
            PermissionDeniedError: The caller may not withdraw the version (`InsufficientPermissions`).
            NotFoundError: There is no such detector, or the caller may not see it (`DetectorNotFound`).
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_unpublish_version

        request = detectors_unpublish_version.request(detector_name=detector_name, version_number=version_number)
        await self._pipeline.call(request)

    async def delete_version(self, detector_name: str, version_number: str) -> None:
        """Delete a version of a detector. The detector and its other versions stay.

        The operation is a technical preview: for trying out, not for production.

        `DELETE /reality-analysis/detectors/{detectorName}/versions/{versionNumber}`,
        https://developer.bentley.com/apis/reality-analysis/operations/detectors-delete-version/

        Parameters:
            detector_name: Name of the detector, for instance `"my-detector"`.
            version_number: Number of the version, for instance `"1.0"`.

        Raises:
            InvalidRequestError: The version cannot be deleted (`InvalidRealityAnalysisRequest`); `details` say why.
            NotFoundError: There is no such detector, or the caller may not see it (`DetectorNotFound`).
        """
        from itwin_platform_api.reality_analysis.api.detectors import detectors_delete_version

        request = detectors_delete_version.request(detector_name=detector_name, version_number=version_number)
        await self._pipeline.call(request)
