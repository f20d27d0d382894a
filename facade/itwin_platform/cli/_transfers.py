"""The files of transfers: the same list for all commands, also if some of the files have failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from ..errors import TransferError
from ._options import current
from ._output import emit
from ._wording import in_shell

if TYPE_CHECKING:
    from ..storage import TransferReport


def show_transfer(transfer: Callable[[], TransferReport]) -> None:
    """Carry out a transfer and show what came of each file."""
    try:
        report, failure = transfer(), None
    except TransferError as error:
        report, failure = error.report, error
    outcomes = (("sent", report.sent), ("skipped", report.skipped), ("failed", report.failed))
    rows = [
        {
            "name": each.name,
            "path": str(each.path),
            "size": each.size,
            "outcome": outcome,
            "reason": in_shell(each.reason) or None,
        }
        for outcome, files in outcomes
        for each in files
    ]
    emit(rows, current())
    click.echo(str(report), err=True)
    if failure is not None:
        raise failure
