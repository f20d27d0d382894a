"""Names: which file becomes which blob and vice versa, and that no name leads out of its folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast

from ._report import BlobInfo

Name: TypeAlias = str | BlobInfo
Names: TypeAlias = Name | Iterable[Name]

MAX_NAME = 1024

_DRIVE = re.compile(r"[A-Za-z]:")
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]|[. ]$')
_WINDOWS_DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\s*\.|\s*$)")
# Cc controls; Cs lone surrogates, which stand for bytes that are not valid text.
_NOT_TEXT = frozenset({"Cc", "Cs"})


def _kind_of(value: object) -> str:
    return type(value).__name__


def name_problem(name: object) -> str | None:
    """Why a name cannot be that of a blob which all clients and file systems can handle; None if it can."""
    if not isinstance(name, str):
        return f"must be a string, not {_kind_of(name)}"
    if not name:
        return "must not be empty"
    if len(name) > MAX_NAME:
        return f"must not be longer than {MAX_NAME} characters"
    if "\\" in name:
        return "must not contain a backslash, which storage turns into a slash"
    for character in name:
        if unicodedata.category(character) in _NOT_TEXT:
            return f"must not contain U+{ord(character):04X}, which is a control character or not valid text"
    for segment in name.split("/"):
        if segment in {"", ".", ".."}:
            return f"must not have {repr(segment) if segment else 'an empty part'} between its slashes"
    return None


def checked_name(what: str, name: object) -> str:
    """The name of a blob.

    Raises:
        ValueError: It is not a valid one.
    """
    if problem := name_problem(name):
        raise ValueError(f"{what} {problem}")
    return str(name)


def listed_name(what: str, name: object) -> str:
    """The name of a blob that is there already: any that a list may have, which is more than new ones may have.

    Raises:
        ValueError: No list has it.
    """
    if isinstance(name, BlobInfo):
        name = name.name
    if not isinstance(name, str):
        raise ValueError(f"{what} must be a string or a BlobInfo, not {_kind_of(name)}")  # noqa: TRY004 (as for ids)
    problem = name_problem(name)
    if problem and 0 < len(name) <= MAX_NAME:
        # Addresses would be resolved or changed on their way, and lead to another blob.
        astray = "\\" in name or {".", ".."} & set(name.split("/"))
        if not astray and all(unicodedata.category(each) != "Cs" and each != "\0" for each in name):
            return name
    if problem:
        raise ValueError(f"{what} {problem}")
    return name


def listed_names(names: object) -> list[str]:
    """Names of blobs that are there, from one name or several, without duplicates.

    Raises:
        ValueError: They are no names, or one of them is not valid.
    """
    if isinstance(names, (str, BlobInfo)):
        return [listed_name("the name", names)]
    kind = _kind_of(names)
    # A dict and bytes can be iterated over too, but do not consist of names.
    if isinstance(names, Iterable) and not isinstance(names, (bytes, bytearray, memoryview, Mapping)):
        return list(dict.fromkeys(listed_name("a name", name) for name in cast("Iterable[object]", names)))
    raise ValueError(f"names must be a string, a BlobInfo or several of them, not {kind}")


def checked_prefix(prefix: object, what: str = "prefix") -> str:
    """A prefix without a slash at its end; empty for the whole container.

    Raises:
        ValueError: No blob can have it.
    """
    if not isinstance(prefix, str):
        raise ValueError(f"{what} must be a string, not {_kind_of(prefix)}")  # noqa: TRY004 (as for ids)
    trimmed = prefix.removesuffix("/")
    return checked_name(what, trimmed) if trimmed else ""


def blob_name(prefix: str, parts: tuple[str, ...]) -> str:
    """The name of the blob for a file at `parts` below the uploaded folder."""
    return "/".join((prefix, *parts) if prefix else parts)


def relative_to(name: str, prefix: str) -> str:
    """The path of a blob below the folder that `prefix` is downloaded to."""
    if not prefix:
        return name
    return name.rpartition("/")[2] if name == prefix else name.removeprefix(prefix + "/")


def target_problem(relative: str, *, windows: bool) -> str | None:
    """Why a blob cannot be written to a folder under its name; None if it can."""
    if problem := name_problem(relative):
        return problem
    segments = relative.split("/")
    if _DRIVE.match(segments[0]):
        return "must not start with a drive letter"
    if windows:
        for segment in segments:
            if _NOT_ON_WINDOWS.search(segment) or _WINDOWS_DEVICES.match(segment):
                return f"has the part {segment!r}, which is not allowed on Windows"
    return None


def clashes(relatives: list[str]) -> set[str]:
    """The names that equal an earlier one in a folder which ignores case, or how accents are encoded."""
    seen: dict[str, str] = {}
    found: set[str] = set()
    for relative in relatives:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", relative).casefold())
        if seen.setdefault(key, relative) != relative:
            found.add(relative)
    return found
