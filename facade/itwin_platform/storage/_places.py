"""Files and folders on this machine that a caller has named: what is wrong with them, before anything is sent."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR

from ..errors import StorageError, StorageNotFoundError
from ._problems import one_problem


def unreadable(path: Path, error: OSError, expected: str = "a file") -> StorageError:
    """The error for a file that cannot be read.

    Parameters:
        path: Its path.
        error: What the system said.
        expected: What should be there, with an article.
    """
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return StorageNotFoundError(f"There is no file {str(path)!r}. Check the path.")
    if _is_folder(path):  # Windows says that it is not permitted
        return StorageError(f"{str(path)!r} is a folder, not {expected}.")
    return StorageError(f"{str(path)!r} {one_problem(error).text}.")


def check_folder(folder: Path) -> None:
    """Check that a path is that of a folder, or that nothing is in the way of creating one.

    Raises:
        StorageError: It, or a path above it, is a file, a link to nothing, or cannot be looked at.
    """
    for place in (folder, *folder.parents):
        try:
            status = place.stat()
        except (FileNotFoundError, NotADirectoryError):
            if not place.is_symlink():
                continue
            problem = "is a link to nothing on this machine"
        except OSError as error:
            problem = one_problem(error).text
        else:
            if S_ISDIR(status.st_mode):
                return
            problem = "is a file, not a folder"
        raise StorageError(f"{str(place)!r} {problem}.")


def check_target(path: Path) -> None:
    """Check that a file can be written to a path, as far as that can be seen without writing.

    Raises:
        StorageError: It is the path of a folder, or its folder cannot be used.
    """
    if _is_folder(path):
        raise StorageError(f"{str(path)!r} is a folder. Add the name of the file to write.")
    check_folder(path.parent)


def _is_folder(path: Path) -> bool:
    with suppress(OSError):
        return path.is_dir()
    return False
