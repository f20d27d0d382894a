"""The iTwins API: exports of many iTwins to one file."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from itwin_platform_api.itwins.models import Export, ExportRequest

from ..._bars import Bar, shown
from ..._flags import check_flags
from ..._paths import local_file
from ..._policies.exports import (
    INTERVALS,
    checked_age,
    completed,
    export_request,
    readable_select,
    reusable,
)
from ..._policies.waiting import Awaited, Look, Polling, check_id, checked_intervals, id_of
from ...filters import Expression
from ...storage._report import Progress
from ..exports import AsyncExportRecords, check_download, download_export
from ..pages import AsyncPages
from ..waiting import wait_until
from .group import Group


def _columns(bars: Any) -> tuple[Any, ...]:
    return bars.SpinnerColumn(), bars.TextColumn("{task.description}"), bars.TimeElapsedColumn()


def _fields(export: Export) -> Mapping[str, Any]:
    return {"description": f"Exporting: {export.status.value}"}


class Exports(Group):
    """Exports of iTwins: `platform.exports`."""

    def list(self, *, limit: int | None = None) -> AsyncPages[Export]:
        """List the exports that the caller has created in the last 4 hours, newest first.

        `GET /itwins/exports`, https://developer.bentley.com/apis/itwins/operations/get-my-exports/

        Parameters:
            limit: The maximum number of exports to return; by default all.

        Returns:
            The exports. Nothing is sent before you iterate over them. The platform returns all at once.
        """
        from itwin_platform_api.itwins.api.exports import get_my_exports

        return AsyncPages(self._pipeline, get_my_exports.request(), lambda page: page.exports, limit=limit)

    async def get(self, export_id: str) -> Export:
        """Get the state of an export and, once it is completed, a link to its file.

        Only the user who created the export can see it, and only with the same client application.

        `GET /itwins/exports/{id}`, https://developer.bentley.com/apis/itwins/operations/get-export/

        Parameters:
            export_id: Id of the export, a GUID.

        Returns:
            The export. `output_url` is a link that works for 60 minutes and needs no token. It is None before the
            export is completed, and if nothing was found.

        Raises:
            NotFoundError: There is no such export, or the caller may not see it (`iTwinExportNotFound`).
        """
        from itwin_platform_api.itwins.api.exports import get_export

        return (await self._pipeline.call(get_export.request(export_id=export_id))).export

    async def create(
        self,
        export: ExportRequest | None = None,
        *,
        output_format: str | None = None,
        query_scope: str | None = None,
        sub_class: str | Iterable[str] | None = None,
        select: str | Iterable[str] | None = None,
        filter: str | Expression | None = None,  # noqa: A002 (the word of the field)
        include_inactive: bool | None = None,
    ) -> Export:
        """Queue an export of iTwins to one file, which the platform keeps for 4 hours.

        A user may have one unfinished export at a time, and create three per hour.

        `POST /itwins/exports`, https://developer.bentley.com/apis/itwins/operations/create-export/

        Parameters:
            export: What to export as a model, instead of the arguments below.
            output_format: `"JsonGZip"`, `"JsonZipArchive"`, `"CsvGZip"` or `"Csv"`. Required without `export`.
            query_scope: `"MemberOfiTwin"`, the platform's default, exports the iTwins that the caller is a member of;
                `"OrganizationAdmin"`, for administrators, those of the whole organization.
            sub_class: One subclass or several, for instance `["Asset", "Project"]`; by default all.
            select: Names of the properties to export, as documented; by default id, class, subClass, type, number and
                displayName. Fewer properties are faster.
            filter: An OData filter: an expression of `itwin_platform.filters`, or text, for instance
                `"contains(number,'abc')"`.
                Text is compared ignoring case.
            include_inactive: Whether to export inactive iTwins too. Cannot be combined with a filter of the status.

        Returns:
            The export as it was queued.

        Raises:
            ValueError: Something is missing, or cannot be sent. Nothing was sent.
            InvalidRequestError: A value is not allowed, or there are too many exports (`InvalidiTwinsRequest`);
                `details` say which, for instance `ResourceQuotaExceeded`.
            PermissionDeniedError: The caller is not an administrator of the organization (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.exports import create_export

        body = export_request(
            export,
            output_format=output_format,
            query_scope=query_scope,
            sub_class=sub_class,
            select=select,
            filter=filter,
            include_inactive=include_inactive,
        )
        return (await self._pipeline.call(create_export.request(body=body))).export

    async def run(
        self,
        export: ExportRequest | None = None,
        *,
        output_format: str | None = None,
        query_scope: str | None = None,
        sub_class: str | Iterable[str] | None = None,
        select: str | Iterable[str] | None = None,
        filter: str | Expression | None = None,  # noqa: A002 (the word of the field)
        include_inactive: bool | None = None,
        max_age: float | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (it ends with advice)
        intervals: Iterable[float] = INTERVALS,
        progress: bool | Callable[[Export], object] = False,
    ) -> AsyncExportRecords:
        """Export iTwins and read them: create the export, wait for it, and iterate over its iTwins.

        It can be run again after an interruption: it then waits for the unfinished export with the same arguments, and
        creates no other one. With `max_age`, it also reuses a completed export.

        Parameters:
            export: What to export as a model, instead of the arguments up to `include_inactive`.
            output_format: As for `create`; by default `"JsonGZip"`. The iTwins are the same in every format.
            query_scope: As for `create`.
            sub_class: As for `create`.
            select: As for `create`; `id` and `displayName` are always exported.
            filter: As for `create`.
            include_inactive: As for `create`.
            max_age: Seconds, at most 14,400: an export with the same arguments that was started at most this long ago
                is reused, which saves quota.
            timeout: As for `wait`.
            intervals: As for `wait`.
            progress: As for `wait`.

        Returns:
            The iTwins, to iterate over; the export is their attribute `export`. The file is read during the iteration.

        Raises:
            ValueError: Something is missing, or cannot be sent. Nothing was sent.
            InvalidRequestError: As for `create`.
            PermissionDeniedError: As for `create`.
            ExportFailedError: The export has failed.
            WaitTimeout: It has not finished in time. It continues: `wait` and `records` take its id.
            WaitCancelled: The progress function asked to end the wait.
        """
        if export is None:
            output_format, select = output_format or "JsonGZip", readable_select(select)
        request = export_request(
            export,
            output_format=output_format,
            query_scope=query_scope,
            sub_class=sub_class,
            select=select,
            filter=filter,
            include_inactive=include_inactive,
        )
        intervals, max_age = checked_intervals(intervals), checked_age(max_age)
        # A timeout that cannot be used is refused before anything is sent as well.
        Polling(Awaited("The export", "", ""), timeout=timeout, intervals=intervals)
        with shown(progress, Bar("Exporting", _columns, _fields)) as on_progress:
            found = reusable(await self.list().to_list(), request, max_age) or await self.create(request)
            done = await self.wait(found.id, timeout=timeout, intervals=intervals, progress=on_progress or False)
        return await self.records(done)

    async def wait(
        self,
        export: str | Export,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 (it ends with advice)
        intervals: Iterable[float] = INTERVALS,
        progress: bool | Callable[[Export], object] = False,
    ) -> Export:
        """Wait until an export is completed. Most take seconds; one of more than 100,000 iTwins can take minutes.

        Temporary failures do not end the wait. If the wait is interrupted, the export continues; any program with the
        same credentials can wait again with its id.

        Parameters:
            export: The export, or its id.
            timeout: Seconds after which to give up; by default it waits forever. A last poll at the end may
                take 10 seconds more.
            intervals: Seconds between polls. The last one is repeated; they start over when something has changed.
            progress: True shows the state (extra `[progress]`). A function is called with the export at each poll. If
                it returns False, the wait ends; the export continues.

        Returns:
            The completed export.

        Raises:
            ExportFailedError: The export has failed.
            NotFoundError: There is no such export, or the caller may not see it (`iTwinExportNotFound`).
            WaitTimeout: It has not finished in time. It continues.
            WaitCancelled: The progress function asked to end the wait.
            ConfigurationError: rich is not installed.
        """
        export_id = id_of("export", export, Export)

        async def look() -> Look[Export, Export]:
            found = await self.get(export_id)
            check_id(found.id, export_id, "export.id")
            return Look(found, found.status, completed(found))

        awaited = Awaited(f"Export {export_id}", export_id, f"platform.exports.wait({export_id!r})")
        polling = Polling(awaited, timeout=timeout, intervals=intervals)
        with shown(progress, Bar("Exporting", _columns, _fields)) as on_progress:
            return await wait_until(look, polling, on_progress)

    async def records(self, export: str | Export) -> AsyncExportRecords:
        """Read the iTwins of a completed export from its file, which the platform keeps for 4 hours.

        Parameters:
            export: Id of the export, or the export.

        Returns:
            The iTwins, to iterate over; none if nothing was found. The file is read during the iteration.

        Raises:
            StorageError: The export is not completed; `wait` for it first.
            NotFoundError: There is no such export, or the caller may not see it (`iTwinExportNotFound`).
        """
        return AsyncExportRecords(
            await self._completed(export), self._pipeline.transport_options, self._renewal(export)
        )

    async def download(
        self,
        export: str | Export,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        progress: bool | Callable[[Progress], object] = False,
    ) -> Path:
        """Download the file of a completed export, unchanged.

        It is written under a temporary name (`.itp-*.part`) and renamed once it is complete. An existing file with the
        same content is kept. A broken connection is resumed, and an expired link is renewed.

        Parameters:
            export: Id of the export, or the export.
            path: Where to put the file. Missing folders are created.
            overwrite: Replace an existing file whose content differs.
            progress: As for transfers of a bucket: True draws a bar (extra `[progress]`); a function is called with
                `Progress`.

        Returns:
            The path.

        Raises:
            ValueError: `path` cannot be the path of a file. Nothing was sent.
            StorageError: `path` is a folder or below a file, the export is not completed, or it has no file because
                nothing was found.
            TransferError: The file could not be downloaded, or a different one exists.
            TransferCancelled: The progress function asked to stop.
            NotFoundError: There is no such export, or the caller may not see it (`iTwinExportNotFound`).
        """
        check_flags(overwrite=overwrite)
        target = local_file("path", path)
        await check_download(target)
        found, options = await self._completed(export), self._pipeline.transport_options
        renew = self._renewal(export)
        return await download_export(found, target, options, renew, overwrite=overwrite, progress=progress)

    async def _completed(self, export: str | Export) -> Export:
        from ...storage._export_file import check_completed

        found = await self.get(export) if isinstance(export, str) else export
        check_completed(found)
        return found

    def _renewal(self, export: str | Export) -> Callable[[], Awaitable[str]]:
        """A function that requests the link to the file of an export again."""

        async def renew() -> str:
            from ...storage._export_file import url_of

            return url_of(await self.get(export if isinstance(export, str) else export.id))

        return renew
