"""Who is logged in, with which iTwin, and the client for it.

Options take precedence over environment variables, and these over what `itwin login` and `itwin use` have saved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .._folders import state_folder
from ..credentials import AuthorizationCode, FileTokenStore, KeyringTokenStore
from ..errors import ConfigurationError, CredentialsError, ITwinPlatformError
from ._options import current
from ._shapes import is_object, object_in

if TYPE_CHECKING:
    from .. import ITwinPlatform
    from ..credentials._token_endpoint import TokenEndpoint

L = TypeVar("L", bound=AuthorizationCode)

ITWIN_VARIABLE = "ITP_ITWIN_ID"
_CREDENTIALS = ("ITP_ACCESS_TOKEN", "ITP_SERVICE_CLIENT_ID", "ITP_SERVICE_CLIENT_SECRET")
NO_ITWIN = f"No iTwin is given: pass --itwin-id, set {ITWIN_VARIABLE}, or run once: itwin use ITWIN_ID."
DEFAULT_ITWIN = f"By default {ITWIN_VARIABLE}, or the iTwin that was saved with: itwin use."
_ADDRESSES = ("ITP_API_URL", "ITP_ISSUER_URL")
_NOT_LOGGED_IN = (
    "You are not logged in. Run: itwin login (or set ITP_ACCESS_TOKEN, or ITP_SERVICE_CLIENT_ID and "
    "ITP_SERVICE_CLIENT_SECRET)."
)


class NotLoggedIn(CredentialsError):  # noqa: N818 (a state, not a fault)
    """There are no credentials."""


class _Checked(ITwinPlatformError):  # noqa: N818 (not an error: there is nothing to object to)
    """The first request is about to be sent."""


class NewLogin(AuthorizationCode):
    """A login that will be kept."""

    @property
    def is_kept(self) -> bool:
        """Whether there is a refresh token, without which it ends with this command."""
        return self._refresh_token is not None


class SavedLogin(AuthorizationCode):
    """The login of an earlier command. It opens no browser: only `itwin login` does."""

    def _log_in(self, service: TokenEndpoint) -> Mapping[str, Any]:  # noqa: ARG002 (as it is called)
        raise NotLoggedIn(_NOT_LOGGED_IN)


def _path() -> Path:
    try:
        return state_folder() / "command-line.json"
    except RuntimeError:
        raise ConfigurationError("This user has no home directory, where a login could be kept.") from None


def saved() -> dict[str, Any]:
    """What earlier commands have saved: `login` and `itwin_id`, but no secrets.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    path = _path()
    try:
        found = json.loads(path.read_text("utf-8"))
        if is_object(found):
            return dict(found)
        problem = "is not a JSON object"
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        problem = f"cannot be read ({type(error).__name__})"
    raise ConfigurationError(f"{str(path)!r}, where the command line keeps your login, {problem}. Delete it.")


def save(**changes: object) -> None:
    """Save something for later commands; None forgets it.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    path = _path()
    kept = {name: value for name, value in {**saved(), **changes}.items() if value is not None}
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.write_text(json.dumps(kept, indent=2), "utf-8")
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise ConfigurationError(f"Cannot write {str(path)!r}: {error.strerror or type(error).__name__}.") from None


def saved_itwin_id() -> str | None:
    """The iTwin of `itwin use`."""
    return saved().get("itwin_id")


def environment() -> str | None:
    """The environment to use: that of the option, or of the login. Addresses in variables win over the latter."""
    if chosen := current().environment:
        return chosen
    if any(os.environ.get(name) for name in _ADDRESSES) or from_variable():
        return None
    return object_in(saved(), "login").get("environment")


def from_variable() -> str | None:
    """The first variable that holds credentials."""
    return next((name for name in _CREDENTIALS if os.environ.get(name)), None)


def login_of(kind: type[L], login: Mapping[str, Any], *, open_browser: bool = False) -> L:
    """The credentials of a login as it is saved.

    Raises:
        ConfigurationError: Something in it cannot be used.
    """
    store = KeyringTokenStore() if login.get("store") == "keyring" else FileTokenStore()
    optional = {name: login[name] for name in ("scope", "redirect_uri") if login.get(name)}
    return kind(login.get("client_id", ""), store=store, open_browser=open_browser, **optional)


def credentials() -> AuthorizationCode | None:
    """The saved login; None where variables hold credentials.

    Raises:
        NotLoggedIn: There is neither.
    """
    if from_variable():
        return None
    login = object_in(saved(), "login")
    if not login:
        raise NotLoggedIn(_NOT_LOGGED_IN)
    return login_of(SavedLogin, login)


def client(of: AuthorizationCode | None = None) -> ITwinPlatform:
    """A client with the credentials of this user.

    Parameters:
        of: The credentials of a login that begins or ends, which nothing saved has a say in.
    """
    from .. import ITwinPlatform

    named = environment() if of is None else current().environment
    return ITwinPlatform(of or credentials(), environment=named, user_agent="itwin-cli")


def check(work: Callable[[ITwinPlatform], object]) -> None:
    """Do all of some work that comes before its first request, if the user will be asked: it checks what was given.

    Parameters:
        work: What is to be done with a client.
    """
    if current().yes:
        return
    from .. import ITwinPlatform

    def stop() -> str:
        raise _Checked

    with suppress(_Checked), ITwinPlatform(stop, environment=environment()) as platform:
        work(platform)
