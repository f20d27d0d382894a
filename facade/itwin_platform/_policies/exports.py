"""Exports of iTwins: their request, which of them can be reused, and how they end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .._flags import check_flags
from ..errors import ExportFailedError
from .arguments import any_given, choice, filter_text, joined, one_body, selected

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import Export, ExportRequest

    from ..filters import Expression

# Seconds between looks. Most exports take seconds.
INTERVALS = (2, 5, 10, 30)

_UNFINISHED = frozenset({"Queued", "InProgress"})


def export_request(
    export: ExportRequest | None,
    *,
    output_format: str | None,
    query_scope: str | None,
    sub_class: str | Iterable[str] | None,
    select: str | Iterable[str] | None,
    filter: str | Expression | None,  # noqa: A002 (the word of the field)
    include_inactive: bool | None,
) -> ExportRequest:
    """What to export, which comes either as a model or as arguments.

    Raises:
        ValueError: There are both, an argument is missing, or one cannot be sent.
    """
    from itwin_platform_api.itwins.models import ExportOutputFormat, ExportRequest, QueryScope

    if include_inactive is not None:
        check_flags(include_inactive=include_inactive)

    def named() -> ExportRequest:
        return ExportRequest(
            output_format=choice("output_format", ExportOutputFormat, output_format),
            query_scope=None if query_scope is None else choice("query_scope", QueryScope, query_scope),
            sub_class=joined("sub_class", sub_class),
            select=joined("select", select),
            filter_=filter_text(filter, "property-first"),
            include_inactive=include_inactive,
        )

    others = any_given(output_format, query_scope, sub_class, select, filter, include_inactive)
    return one_body("export", export, ExportRequest, named, given=others)


def readable_select(select: str | Iterable[str] | None) -> str | None:
    """The properties to export, with those that an iTwin cannot be read without."""
    return selected(select, "minimal")


def reusable(exports: Iterable[Export], request: ExportRequest, max_age: float | None) -> Export | None:
    """The first export with the same arguments that is unfinished, or was started at most `max_age` seconds ago."""
    return next((each for each in exports if _same(each.request, request) and _is_fresh(each, max_age)), None)


def _same(one: ExportRequest, other: ExportRequest) -> bool:
    return _with_defaults(one) == _with_defaults(other)


def _with_defaults(request: ExportRequest) -> tuple[object, ...]:
    # The platform echoes its defaults.
    scope = "MemberOfiTwin" if request.query_scope is None else str(request.query_scope.value)
    texts = (request.sub_class or None, request.select or None, request.filter_ or None)
    return (str(request.output_format.value), scope, bool(request.include_inactive), *texts)


def _is_fresh(export: Export, max_age: float | None) -> bool:
    if export.status.value in _UNFINISHED:
        return True
    if export.status.value != "Completed" or max_age is None or export.started_date_time is None:
        return False
    return datetime.now(UTC) - export.started_date_time <= timedelta(seconds=max_age)


def checked_age(max_age: object) -> float | None:
    """The age up to which an export can be reused.

    Raises:
        ValueError: It is not a number of seconds up to the 4 hours that the platform keeps exports.
    """
    if max_age is None or (
        isinstance(max_age, int | float) and not isinstance(max_age, bool) and 0 <= max_age <= 4 * 3600
    ):
        return max_age
    raise ValueError("max_age must be a number of seconds from 0 to 14400: the platform keeps exports for 4 hours")


def completed(export: Export) -> Export | None:
    """An export that is completed; None as long as it is not finished.

    Raises:
        ExportFailedError: It has failed.
    """
    if export.status.value == "Failed":
        raise ExportFailedError(
            f"Export {export.id} has failed. Create it again; if it keeps failing, narrow it down.", export=export
        )
    return export if export.status.value == "Completed" else None
