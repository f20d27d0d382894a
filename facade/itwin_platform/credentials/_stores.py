"""Stores that keep refresh tokens after the program ends: private files of the user, or the keyring of the system.

A refresh token is as powerful as a password. It is stored only if the user asks for it, and nothing else is stored.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from .._folders import state_folder
from .._locks import try_lock, unlock
from .._paths import local_path
from .._policies.redaction import Secret
from ..errors import ConfigurationError, CredentialsError

if TYPE_CHECKING:
    from types import ModuleType

T = TypeVar("T")

# What a refresh token consists of (RFC 6749, A.17), on one line.
_TOKEN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,16382}[\x21-\x7e])?", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_MAX_SIZE = 64 * 1024
# Bytes in a path and in each name of it: the least that the common systems allow, with room for the names of files.
_MAX_PATH, _MAX_NAME = 900, 255
# Seconds between attempts to take a lock that another process holds.
_INTERVAL = 0.05
_POSIX = os.name == "posix"


@runtime_checkable
class TokenStore(Protocol):
    """Keeps refresh tokens, each under a key that identifies identity service, app and scope.

    Methods are called by one thread of a process at a time. They raise CredentialsError if they fail.
    """

    def lock(self, key: str, seconds: float) -> AbstractContextManager[object]:
        """Lock a refresh token against other processes, because many refresh tokens can be used only once.

        Parameters:
            key: Which refresh token.
            seconds: How long to wait for another process.
        """
        ...

    def load(self, key: str) -> str | None:
        """The refresh token, or None."""
        ...

    def save(self, key: str, refresh_token: str) -> None:
        """Store the refresh token, replacing an earlier one."""
        ...

    def delete(self, key: str) -> None:
        """Delete the refresh token, if there is one."""
        ...


class FileTokenStore:
    """Refresh tokens in files that only their owner can read, one for each identity service, app and scope.

    The tokens are not encrypted: a key stored next to them would add nothing. On Linux and macOS, a file or folder is
    refused if other users have access to it or own it, or if it is a symbolic link. On Windows files are as private as
    their folder; the default one belongs to the user alone.

    Parameters:
        folder: Where to keep the files. By default `~/.local/state/itwin-platform` (or below `XDG_STATE_HOME`), on
            macOS `~/Library/Application Support/itwin-platform`, on Windows `%LOCALAPPDATA%/itwin-platform`.

    Raises:
        ConfigurationError: The folder is not usable, or none is given and the user has no home directory.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        try:
            path = state_folder() if folder is None else local_path("folder", folder)
        except RuntimeError:
            problem = "This user has no home directory. Pass a folder to FileTokenStore."
        except ValueError as error:
            problem = f"{error}."
        else:
            problem = "folder must not be empty." if folder == "" else _problem_of_path(path)
            if not problem:
                self._folder = path
                return
        raise ConfigurationError(problem)

    def lock(self, key: str, seconds: float) -> AbstractContextManager[object]:
        """Lock the refresh token against other processes.

        Raises:
            CredentialsError: Another process has held the lock for too long, or the folder cannot be used.
        """
        return _locked(self._own_folder() / f"{_checked(key)}.lock", seconds)

    def load(self, key: str) -> str | None:
        """The refresh token; None if there is none, or if the file is damaged.

        Raises:
            CredentialsError: The file is not private, or cannot be read.
        """
        path = self._own_folder() / _checked(key)
        flags = os.O_RDONLY | _flags("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
        with _clear_errors("read", path):
            try:
                handle = os.open(path, flags)
            except FileNotFoundError:
                return None
            except PermissionError:
                if path.is_dir():  # as Windows has it
                    return None
                raise
            try:
                status = os.fstat(handle)
                if stat.S_ISDIR(status.st_mode):
                    return None
                _check_private(status, path, stat.S_ISREG)
                content = os.read(handle, _MAX_SIZE + 1)
            finally:
                os.close(handle)
        return _token_in(content.decode("utf-8-sig", "replace"))

    def save(self, key: str, refresh_token: str) -> None:
        """Store the refresh token, replacing an earlier one in a single step.

        Raises:
            CredentialsError: It cannot be written.
        """
        path = self._own_folder() / _checked(key)
        token = Secret(refresh_token)
        del refresh_token  # a traceback with locals would show it
        with _clear_errors("write", path):
            handle, temporary = tempfile.mkstemp(prefix=".", dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(token.reveal().encode("ascii"))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, path)  # noqa: PTH105 (says what it does)
            except BaseException:
                with suppress(OSError):
                    Path(temporary).unlink()
                raise

    def delete(self, key: str) -> None:
        """Delete the refresh token, if there is one.

        Raises:
            CredentialsError: It cannot be deleted.
        """
        path = self._own_folder() / _checked(key)
        with _clear_errors("delete", path):
            path.unlink(missing_ok=True)

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._folder)!r})"

    def _own_folder(self) -> Path:
        folder = self._folder
        with _clear_errors("use", folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_private(folder.lstat(), folder, stat.S_ISDIR)
        return folder


class KeyringTokenStore:
    """Refresh tokens in the keyring of the system: Keychain, Credential Manager, Secret Service or KWallet.

    It needs the package keyring: `pip install "itwin-platform[keyring]"`. A Linux machine without a desktop has no
    keyring; use `FileTokenStore` there.

    Parameters:
        service: The name shown in the keyring.

    Raises:
        ConfigurationError: The package keyring is not installed.
    """

    def __init__(self, service: str = "itwin-platform") -> None:
        try:
            import keyring
        except ImportError:
            raise ConfigurationError(
                'KeyringTokenStore needs the package keyring: pip install "itwin-platform[keyring]"'
            ) from None
        self._keyring: ModuleType = keyring
        self._service = service
        # Keyrings have no locks; lock files hold no secrets.
        self._locks = FileTokenStore()

    def lock(self, key: str, seconds: float) -> AbstractContextManager[object]:
        """Lock the refresh token against other processes.

        Raises:
            CredentialsError: Another process has held the lock for too long.
        """
        return self._locks.lock(key, seconds)

    def load(self, key: str) -> str | None:
        """The refresh token, or None.

        Raises:
            CredentialsError: The keyring cannot be used.
        """
        value: str | None = self._ask("read", lambda: self._keyring.get_password(self._service, key))
        return _token_in(value) if value else None

    def save(self, key: str, refresh_token: str) -> None:
        """Store the refresh token, replacing an earlier one.

        Raises:
            CredentialsError: The keyring cannot be used.
        """
        token = Secret(refresh_token)
        del refresh_token  # a traceback with locals would show it
        self._ask("write", lambda: self._keyring.set_password(self._service, key, token.reveal()))

    def delete(self, key: str) -> None:
        """Delete the refresh token, if there is one.

        Raises:
            CredentialsError: The keyring cannot be used.
        """
        if self._ask("read", lambda: self._keyring.get_password(self._service, key)) is not None:
            self._ask("delete from", lambda: self._keyring.delete_password(self._service, key))

    def __repr__(self) -> str:
        return f"KeyringTokenStore({self._service!r})"

    def _ask(self, what: str, question: Callable[[], T]) -> T:
        try:
            return question()
        except self._keyring.errors.NoKeyringError:
            problem = "this machine has none. Use FileTokenStore"
        except Exception as error:  # noqa: BLE001 (each backend has errors of its own)
            problem = f"it raised {type(error).__name__}. Unlock it, or use FileTokenStore"
        raise CredentialsError(f"Cannot {what} the keyring: {problem}.")


def _flags(*names: str) -> int:
    """The flags for opening a file that exist on this system."""
    return sum(getattr(os, name, 0) for name in names)


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError("a key must consist of letters, digits, - and _")
    return key


def _token_in(text: str) -> str | None:
    """The refresh token in a text; None if it cannot be one, such as the zeros that a crash leaves behind."""
    text = text.strip()
    return text if _TOKEN.fullmatch(text) else None


def _problem_of_path(path: Path) -> str:
    try:
        whole, names = os.fsencode(path), [os.fsencode(name) for name in path.parts]
    except UnicodeEncodeError:
        return "folder has characters that the names of files cannot have."
    if len(whole) > _MAX_PATH or any(len(name) > _MAX_NAME for name in names):
        return f"folder is too long: a path may have {_MAX_PATH} bytes, and each name in it {_MAX_NAME}."
    return ""


@contextmanager
def _clear_errors(what: str, path: Path) -> Generator[None]:
    """Turn an OSError into a CredentialsError that says what failed."""
    try:
        yield
    except OSError as error:
        problem = "it is a symbolic link" if path.is_symlink() else error.strerror or type(error).__name__
    else:
        return
    raise CredentialsError(
        f"Cannot {what} {str(path)!r}: {problem}. Correct that, or pass another folder to FileTokenStore."
    )


def _check_private(status: os.stat_result, path: Path, is_kind: Callable[[int], bool]) -> None:
    """Refuse a file or folder that other users can read or may have put there."""
    if not is_kind(status.st_mode):
        problem = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "of another kind"
        advice = "Delete it, or use another folder."
    elif not _POSIX:
        return
    elif status.st_uid != os.geteuid():
        problem, advice = "owned by another user", "Use a folder of your own."
    elif status.st_mode & 0o077:
        problem, advice = "open to other users", f"Close it: {_closing(path)}"
    else:
        return
    raise CredentialsError(f"{str(path)!r} is not used for refresh tokens, because it is {problem}. {advice}")


def _closing(path: Path) -> str:
    """The command that removes other users' rights on a file, ready to be copied."""
    return f"chmod go= {shlex.quote(str(path.absolute()))}"


@contextmanager
def _locked(path: Path, seconds: float) -> Generator[None]:
    """Hold a lock between processes. The system releases it if this one dies."""
    flags = os.O_RDWR | os.O_CREAT | _flags("O_NOFOLLOW")
    with _clear_errors("lock", path):
        handle = os.open(path, flags, 0o600)
    try:
        end = time.monotonic() + seconds
        while not _try_lock(handle, path):
            if time.monotonic() > end:
                raise CredentialsError(
                    f"Another process has held the lock {str(path)!r} for {seconds:.0f} s, perhaps for an unfinished "
                    "login. End it, or try again."
                )
            time.sleep(_INTERVAL)
        try:
            yield
        finally:
            unlock(handle)
    finally:
        os.close(handle)


def _try_lock(handle: int, path: Path) -> bool:
    with _clear_errors("lock", path):
        return try_lock(handle)
