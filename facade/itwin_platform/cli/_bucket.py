"""`itwin bucket`: files in the bucket of an iTwin, or in the container of reality data."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from . import _session
from ._command import Group
from ._options import confirm, current, with_common_options
from ._output import draw_on_standard_error, emit, note

if TYPE_CHECKING:
    from ..storage import TransferBucket, TransferContainer, TransferReport

F = TypeVar("F", bound=Callable[..., Any])

# How the platform writes a path in a bucket, for instance in the specifications of jobs.
_MARK = "bkt:"


def _with_container(function: F) -> F:
    """The options that say whose files are meant."""
    for option in (
        click.option("--reality-data", metavar="ID", help="Id of reality data, instead of the bucket of the iTwin."),
        click.option(
            "-i", "--itwin-id", envvar=_session.ITWIN_VARIABLE, help=f"Id of the iTwin. {_session.DEFAULT_ITWIN}"
        ),
    ):
        function = option(function)
    return function


@contextmanager
def _container(
    itwin_id: str | None, reality_data: str | None, access: Literal["read", "write"]
) -> Generator[TransferBucket | TransferContainer]:
    owner = itwin_id or (None if reality_data else _session.saved_itwin_id())
    if owner is None and reality_data is None:
        raise click.UsageError(_session.NO_ITWIN, click.get_current_context())
    with _session.client() as platform:
        if reality_data:
            yield platform.reality_data.container(reality_data, access=access, itwin_id=itwin_id)
        else:
            yield platform.reality_analysis.get_bucket(str(owner))


@click.group("bucket", cls=Group)
def bucket() -> None:
    """Files in the bucket of an iTwin, or in the container of reality data.

    Where a path could also be a file on this machine, paths in the container begin with bkt:, for instance
    bkt:site-a/photos.
    """


@bucket.command("ls")
@click.argument("prefix", default="")
@_with_container
@with_common_options()
def ls(prefix: str, itwin_id: str | None, reality_data: str | None) -> None:
    """List the files below a folder, or all files."""
    with _container(itwin_id, reality_data, "read") as container:
        emit(container.list(prefix.removeprefix(_MARK)), current())


@bucket.command("cp")
@click.argument("source")
@click.argument("target")
@click.option("--overwrite", is_flag=True, help="Replace files that differ, instead of refusing them.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=16, show_default=True, help="Files at a time.")
@_with_container
@with_common_options(changes=True)
def cp(
    source: str, target: str, overwrite: bool, concurrency: int, itwin_id: str | None, reality_data: str | None
) -> None:
    """Copy a file, or a folder with everything in it, in either direction.

    \b
    itwin bucket cp photos bkt:site-a
    itwin bucket cp bkt:results .

    Files that exist already are skipped, so an interrupted copy resumes. It asks only before it overwrites files in the
    container. Progress is shown on standard error.
    """  # noqa: D301 (the mark of click for lines that stay as they are)
    up, down = target.startswith(_MARK), source.startswith(_MARK)
    if up == down:
        raise click.UsageError("SOURCE or TARGET must begin with bkt:, but not both.", click.get_current_context())
    if up and overwrite:
        confirm(f"Copy {source} to {target}, and overwrite what differs there?")
    watched = sys.stderr.isatty()
    if watched:
        draw_on_standard_error()
    settings: Any = {"overwrite": overwrite, "concurrency": concurrency, "progress": watched}
    with _container(itwin_id, reality_data, "write" if up else "read") as container:
        if up:
            _report(lambda: container.upload(source, target.removeprefix(_MARK), **settings))
        else:
            _report(lambda: container.download(source.removeprefix(_MARK), target, **settings))


@bucket.command("rm")
@click.argument("names", nargs=-1, required=True)
@click.option("-r", "--recursive", is_flag=True, help="The names are folders: delete all files below them.")
@_with_container
@with_common_options(results=False, changes=True)
def rm(names: tuple[str, ...], recursive: bool, itwin_id: str | None, reality_data: str | None) -> None:
    """Delete files by their full names."""
    chosen = [name.removeprefix(_MARK) for name in names]
    if recursive and not all(chosen):
        raise click.UsageError("An empty name would delete everything. Name the folders.", click.get_current_context())
    confirm(f"Delete {', '.join(names)}{' with all that is below' if recursive else ''}?")
    with _container(itwin_id, reality_data, "write") as container:
        if recursive:
            chosen = [blob.name for name in chosen for blob in container.list(name)]
        container.delete(chosen)
    note(f"{len(chosen)} deleted.")


@bucket.command("cat")
@click.argument("name")
@_with_container
@with_common_options(results=False)
def cat(name: str, itwin_id: str | None, reality_data: str | None) -> None:
    """Write a file to standard output."""
    with _container(itwin_id, reality_data, "read") as container, container.open(name.removeprefix(_MARK)) as reader:
        shutil.copyfileobj(reader, sys.stdout.buffer, 4 * 1024 * 1024)
        sys.stdout.buffer.flush()


def _report(transfer: Callable[[], TransferReport]) -> None:
    """Carry out a transfer and show what came of each file, also if some have failed."""
    from ..errors import TransferError

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
            "reason": each.reason or None,
        }
        for outcome, files in outcomes
        for each in files
    ]
    emit(rows, current())
    click.echo(str(report), err=True)
    if failure is not None:
        raise failure
