"""`itwin login`, `logout`, `whoami` and `use`: who the user is, and which iTwin commands use."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from ..errors import InvalidRequestError, NotFoundError, PermissionDeniedError
from . import _session
from ._arguments import Argument
from ._command import Command
from ._options import current, with_common_options
from ._output import emit, note
from ._shapes import object_in

_REDIRECT = "http://localhost:3000/signin-callback"
_NOT_KEPT = (
    "The identity service gave no refresh token, so that the login cannot be kept. Allow your app the scope "
    "offline_access, or use ITP_ACCESS_TOKEN."
)


@click.command("login", cls=Command)
@click.option("--client-id", envvar="ITP_CLIENT_ID", help="Id of a native app. In a terminal, you are asked for it.")
@click.option("--redirect-uri", default=_REDIRECT, show_default=True, help="Its redirect, as it is registered.")
@click.option("--scope", default="itwin-platform", show_default=True, help="The scopes to request.")
@click.option(
    "--store",
    type=click.Choice(["file", "keyring"]),
    default="file",
    show_default=True,
    help="Where the refresh token is kept: a file that only you can read, or the keyring of the system.",
)
@click.option("--browser/--no-browser", default=True, help="Open the browser, or only print the address.")
@with_common_options(results=False)
def login(client_id: str | None, browser: bool, **login: Any) -> None:
    """Log in with the browser, and stay logged in.

    Register the app as native at https://developer.bentley.com/my-apps, with the redirect below. Service apps need no
    login: set ITP_SERVICE_CLIENT_ID and ITP_SERVICE_CLIENT_SECRET.

    A stored login is renewed without the browser. Log out to log in as somebody else.
    """
    if client_id is None and not sys.stdin.isatty():
        raise click.UsageError("No app is given: pass --client-id, or set ITP_CLIENT_ID.", click.get_current_context())
    login["client_id"] = client_id or click.prompt("Client id of your native app", err=True)
    credentials = _session.login_of(_session.NewLogin, login, open_browser=browser)
    # The client names the identity service of the environment.
    with _session.client(credentials):
        credentials.get_token()
    if not credentials.is_kept:
        raise _session.NotLoggedIn(_NOT_KEPT)
    _session.save(login={**login, "environment": current().environment})
    note("You are logged in.")
    if variable := _session.from_variable():
        note(f"{variable} is set, and takes precedence over this login.")


@click.command("logout", cls=Command)
@with_common_options(results=False)
def logout() -> None:
    """Log out: the refresh token is deleted here and revoked at the identity service."""
    login = object_in(_session.saved(), "login")
    if not login:
        note("You were not logged in.")
        return
    current().environment = current().environment or login.get("environment")
    credentials = _session.login_of(_session.SavedLogin, login)
    try:
        with _session.client(credentials):
            credentials.log_out()
    finally:
        _session.save(login=None)
    note("You are logged out.")


@click.command("whoami", cls=Command)
@with_common_options()
def whoami() -> None:
    """Show who is logged in, to which environment, and which iTwin is saved.

    It gets a token and asks the platform for its user, which is null for service apps.

    \b
    GET /users/me
    """  # noqa: D301 (the mark of click for lines that stay as they are)
    with _session.client() as platform:
        try:
            user: Mapping[str, Any] = object_in(platform.get("/users/me"), "user")
        except (InvalidRequestError, NotFoundError, PermissionDeniedError):
            user = {}
        settings: dict[str, Any] = {
            "user": {name: user.get(name) for name in ("id", "displayName", "email")} if user else None,
            "login": _credentials(),
            "apiUrl": _address(platform),
            "iTwinId": os.environ.get(_session.ITWIN_VARIABLE) or _session.saved_itwin_id(),
        }
    emit(settings, current())


@click.command("use", cls=Command)
@click.argument(
    "itwin_id", cls=Argument, option=["-i", "--itwin-id"], text="Id of the iTwin.", required=False, metavar="[ITWIN_ID]"
)
@click.option("--clear", is_flag=True, help="Forget the saved iTwin.")
@with_common_options()
def use(itwin_id: str | None, clear: bool) -> None:
    """Save the iTwin that commands use by default.

    In them, --itwin-id and ITP_ITWIN_ID take precedence over it. Without an id, the saved iTwin is shown. The id is not
    saved if there is no such iTwin or you are not a member of it.
    """
    if clear:
        _session.save(itwin_id=None)
        note("No iTwin is saved now.")
        return
    known = itwin_id or _session.saved_itwin_id()
    if known is None:
        raise click.UsageError("No iTwin is saved. Save one with: itwin use ITWIN_ID.", click.get_current_context())
    with _session.client() as platform:
        itwin = platform.itwins.get(known)
    if itwin_id:
        _session.save(itwin_id=itwin_id)
    emit(itwin, current())


def _credentials() -> str:
    variable = _session.from_variable()
    if variable == "ITP_SERVICE_CLIENT_ID":
        return f"service app {os.environ[variable]}"
    if variable is not None:
        return f"token in {variable}"
    return f"login with app {_session.saved()['login']['client_id']}"


def _address(platform: Any) -> str:
    return str(platform._api_url)  # noqa: SLF001 (the client shows it in its repr)
