"""The iTwins API: exports of many iTwins to one file."""

from __future__ import annotations

from collections.abc import Iterable

from itwin_platform_api.itwins.models import Export, ExportRequest

from ..._policies.arguments import any_given, choice, joined, one_body
from ..pages import AsyncPages
from ..pipeline import Pipeline


class Exports:
    """Exports of iTwins: `platform.exports`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def list(self, *, limit: int | None = None) -> AsyncPages[Export]:
        """List the exports that the caller has created in the last 4 hours, newest first.

        `GET /itwins/exports`, https://developer.bentley.com/apis/itwins/operations/get-my-exports/

        Parameters:
            limit: The most exports to return; None for all.

        Returns:
            The exports, to be iterated over. Nothing is sent before. The platform returns all at once.
        """
        from itwin_platform_api.itwins.api.exports import get_my_exports

        return AsyncPages(self._pipeline, get_my_exports.request(), lambda page: page.exports, limit=limit)

    async def get(self, export_id: str) -> Export:
        """Get the state of an export and, once it is completed, a link to its file.

        Only the user who created the export sees it, and only through the same client application.

        `GET /itwins/exports/{id}`, https://developer.bentley.com/apis/itwins/operations/get-export/

        Parameters:
            export_id: Id of the export, a GUID.

        Returns:
            The export. `output_url` is a link that works for 60 minutes and needs no token; None before the export is
            completed, and where nothing was found.

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
        filter: str | None = None,  # noqa: A002 (the word of the field)
        include_inactive: bool | None = None,
    ) -> Export:
        """Queue an export of iTwins to one file, which the platform keeps for 4 hours.

        A user may have one unfinished export, and create three an hour.

        `POST /itwins/exports`, https://developer.bentley.com/apis/itwins/operations/create-export/

        Parameters:
            export: What to export as a model, in place of the arguments below.
            output_format: `"JsonGZip"`, `"JsonZipArchive"`, `"CsvGZip"` or `"Csv"`. Needed.
            query_scope: `"MemberOfiTwin"`, the platform's default, exports iTwins that the caller is a member of;
                `"OrganizationAdmin"` those of the whole organization, for its administrators.
            sub_class: One subclass or several, for instance `["Asset", "Project"]`; all without it.
            select: Names of the properties to export, as documented. Without it: id, class, subClass, type, number and
                displayName. Fewer are faster.
            filter: An OData filter, for instance `"contains(number,'abc')"`. Text is compared without regard to case.
            include_inactive: Whether to export inactive iTwins too. Not together with a filter of the status.

        Returns:
            The export as it was queued.

        Raises:
            ValueError: Something is missing, or cannot be sent. Nothing was sent.
            InvalidRequestError: A value is not allowed, or there are too many exports (`InvalidiTwinsRequest`);
                `details` say which, for instance `ResourceQuotaExceeded`.
            PermissionDeniedError: The caller is no administrator of the organization (`InsufficientPermissions`).
        """
        from itwin_platform_api.itwins.api.exports import create_export
        from itwin_platform_api.itwins.models import ExportOutputFormat, QueryScope

        def named() -> ExportRequest:
            return ExportRequest(
                output_format=choice("output_format", ExportOutputFormat, output_format),
                query_scope=None if query_scope is None else choice("query_scope", QueryScope, query_scope),
                sub_class=joined("sub_class", sub_class),
                select=joined("select", select),
                filter_=filter,
                include_inactive=include_inactive,
            )

        others = any_given(output_format, query_scope, sub_class, select, filter, include_inactive)
        body = one_body(export, ExportRequest, named, given=others)
        return (await self._pipeline.call(create_export.request(body=body))).export
