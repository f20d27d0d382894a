"""`itwin bucket`: files in the bucket of an iTwin, or in the container of reality data."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from ..errors import StorageNotFoundError
from . import _session
from ._command import Group
from ._options import confirm, current, with_common_options
from ._output import draw_on_standard_error, emit, note
from ._transfers import show_transfer
from ._wording import in_words

if TYPE_CHECKING:
    from ..storage import BlobReader, TransferBucket, TransferContainer

F = TypeVar("F", bound=Callable[..., Any])

# How the platform writes a path in a bucket, for instance in the specifications of jobs.
_MARK = "bkt:"
# What stands for the parameters of the methods here.
_WORDS = {
    "prefix": "the path in the container",
    "name": "the path in the container",
    "itwin_id": "--itwin-id",
    "reality_data_id": "--reality-data",
}


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
        try:
            if reality_data:
                yield platform.reality_data.container(reality_data, access=access, itwin_id=itwin_id)
            else:
                yield platform.reality_analysis.get_bucket(str(owner))
        except ValueError as error:
            raise click.UsageError(in_words(str(error), _WORDS), click.get_current_context()) from None


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
    if up and not Path(source).exists():
        raise StorageNotFoundError(f"There is no file or folder {source!r}. Check the path.")
    if up and overwrite:
        confirm(f"Copy {source} to {target}, and overwrite what differs there?")
    watched = sys.stderr.isatty()
    if watched:
        draw_on_standard_error()
    settings: Any = {"overwrite": overwrite, "concurrency": concurrency, "progress": watched}
    with _container(itwin_id, reality_data, "write" if up else "read") as container:
        if up:
            show_transfer(lambda: container.upload(source, target.removeprefix(_MARK), **settings))
        else:
            show_transfer(lambda: container.download(source.removeprefix(_MARK), target, **settings))


@bucket.command("rm")
@click.argument("names", nargs=-1, required=True)
@click.option("-r", "--recursive", is_flag=True, help="The names are folders: delete all files below them.")
@_with_container
@with_common_options(results=False, changes=True)
def rm(names: tuple[str, ...], recursive: bool, itwin_id: str | None, reality_data: str | None) -> None:
    """Delete files by their full names, or folders. Nothing is deleted if one of them does not exist."""
    chosen = [name.removeprefix(_MARK) for name in names]
    if recursive and not all(chosen):
        raise click.UsageError("An empty name would delete everything. Name the folders.", click.get_current_context())
    with _container(itwin_id, reality_data, "write") as container:
        if recursive:
            found = list(dict.fromkeys(file for name in chosen for file in _below(container, name)))
        else:
            found = chosen
            for name in chosen:
                _open(container, name, "add -r").close()
        confirm(f"Delete {', '.join(names)}{f' ({len(found)} files)' if recursive else ''}?")
        container.delete(found)
    note(f"{len(found)} deleted.")


@bucket.command("cat")
@click.argument("name")
@_with_container
@with_common_options(results=False)
def cat(name: str, itwin_id: str | None, reality_data: str | None) -> None:
    """Write a file to standard output."""
    name, advice = name.removeprefix(_MARK), "name one of its files"
    with _container(itwin_id, reality_data, "read") as container, _open(container, name, advice) as reader:
        shutil.copyfileobj(reader, sys.stdout.buffer, 4 * 1024 * 1024)
        sys.stdout.buffer.flush()


def _open(container: TransferBucket | TransferContainer, name: str, advice: str) -> BlobReader:
    """Open a file.

    Raises:
        click.UsageError: It is a folder; the advice says what to do about that.
        StorageNotFoundError: It is not there.
    """
    try:
        return container.open(name)
    except StorageNotFoundError:
        is_folder = bool(container.list(name))
    if is_folder:
        raise click.UsageError(f"{name!r} is a folder: {advice}.", click.get_current_context())
    raise StorageNotFoundError(f"There is no file {name!r} in the container.")


def _below(container: TransferBucket | TransferContainer, name: str) -> list[str]:
    """The names of the files below a folder, or of the file itself.

    Raises:
        StorageNotFoundError: There are none.
    """
    found = [blob.name for blob in container.list(name)]
    if not found:
        raise StorageNotFoundError(f"There is no folder and no file {name!r} in the container.")
    return found
