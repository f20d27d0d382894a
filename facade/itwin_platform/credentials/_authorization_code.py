"""People: the authorization code flow with PKCE, through a browser (RFC 6749, 7636, 8252)."""

from __future__ import annotations

import copy
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from typing import Any

from .._concurrency.forks import ProcessLock
from .._policies.redaction import Secret
from ..errors import ConfigurationError, CredentialsError
from ._cache import Token
from ._provider import where
from ._renewed import RenewedCredentials
from ._stores import TokenStore
from ._token_endpoint import TokenEndpoint, refresh_token_of, token_of

logger = logging.getLogger("itwin_platform")

# Seconds after a failed login in which calls fail too, rather than open another window: they may come from a loop.
_PAUSE = 5.0
# Without a refresh token, a token refused within this many seconds of its login is returned again: another login
# would open a window for every call and bring no better token.
_SETTLED = 60.0
# Seconds that a refresh in another process may take.
_REFRESH = 60.0


def _positive(login_timeout: object) -> float:
    if isinstance(login_timeout, (int, float)) and not isinstance(login_timeout, bool) and login_timeout > 0:
        return float(min(login_timeout, threading.TIMEOUT_MAX))
    raise ConfigurationError("login_timeout must be a positive number.")


def _checked_store(store: object) -> TokenStore | None:
    if store is None or (isinstance(store, TokenStore) and not isinstance(store, type)):
        return store
    raise ConfigurationError("store must be a FileTokenStore, a KeyringTokenStore or another TokenStore.")


class AuthorizationCode(RenewedCredentials):
    """A person who logs in with a browser.

    The first call that needs a token opens the browser and waits until the person has logged in. Any number of
    threads, tasks and event loops wait for the same login, and no event loop is blocked meanwhile. After that the
    token is renewed with a refresh token; the browser is needed again only when the identity service no longer accepts
    that.

    The identity service sends the browser back to a port of this machine. Exactly that address must be registered for
    the app.

    Login: `GET {issuer_url}/connect/authorize`. Token request: `POST {issuer_url}/connect/token`.
    Documentation: https://developer.bentley.com/apis/overview/authorization/native/

    Parameters:
        client_id: Id of the app.
        client_secret: Its secret, if it is a web app; native apps have none.
        scope: The scopes to request, separated by spaces.
        redirect_uri: Where the browser returns to: http, one of the hosts localhost, 127.0.0.1 and [::1], a port and
            a path. Port 0 uses any free port, for identity services that allow it.
        open_browser: Whether to open the browser, unless it is one that runs in the terminal. The login address is
            printed on standard error in either case. A callable is called with the address instead, and nothing is
            printed.
        login_timeout: Seconds within which a login must be complete.
        offline_access: Whether to request a refresh token.
        store: Keeps the refresh token after the program ends: a `FileTokenStore`, a `KeyringTokenStore` or any other
            `TokenStore`. By default it is not stored.
        issuer_url: Address of the identity service; by default that of the client's environment. Without a client it
            is `ITP_ISSUER_URL`, or else that of prod.

    Raises:
        ConfigurationError: An argument cannot be used; the message names it.
    """

    def __init__(
        self,
        client_id: str,
        *,
        client_secret: str | None = None,
        scope: str = "itwin-platform",
        redirect_uri: str = "http://localhost:3000/signin-callback",
        open_browser: bool | Callable[[str], object] = True,
        login_timeout: float = 300.0,
        offline_access: bool = True,
        store: TokenStore | None = None,
        issuer_url: str | None = None,
    ) -> None:
        secret = None if client_secret is None else Secret(client_secret)
        del client_secret  # a traceback with locals would show it
        if not isinstance(offline_access, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("offline_access must be True or False.")
        if not isinstance(open_browser, bool) and not callable(open_browser):
            raise ConfigurationError("open_browser must be True, False or a function.")
        super().__init__(client_id, secret, scope, issuer_url)
        if offline_access and "offline_access" not in scope.split():
            self._scope = f"{scope} offline_access"
        # Deferred: it imports an HTTP server, which is needed only for logins.
        from ._login import redirect_of

        self._redirect = redirect_of(redirect_uri)
        self._open_browser = open_browser
        self._login_timeout = _positive(login_timeout)
        self._store = _checked_store(store)
        self._refresh_token: Secret | None = None
        self._unsaved = False
        self._turn = ProcessLock()
        self._failed: tuple[float, CredentialsError] | None = None
        self._gained: tuple[float, Token] | None = None

    def log_out(self) -> None:
        """Forget all tokens, delete the stored refresh token and revoke it. The next call needs a new login.

        It waits for a login or renewal in progress. `POST {issuer_url}/connect/revocation`.

        Raises:
            CredentialsError: The store cannot be used, or the identity service did not confirm the revocation. The
                tokens are forgotten nevertheless.
        """
        failed: CredentialsError | None = None
        try:
            self._log_out()
        except CredentialsError as error:
            failed = copy.copy(error)
        except Exception as error:  # noqa: BLE001 (whatever a user's store raises)
            failed = CredentialsError(f"The stored login could not be deleted: {where(error)}.")
        if failed is not None:
            raise failed  # here, because the frames where it happened hold the refresh token

    def _log_out(self) -> None:
        service = self._service()
        with self._turn.here:
            token, self._refresh_token = self._refresh_token, None
            self._gained = None
            self._cache.clear()
            if self._store is not None:
                with self._locked(service):
                    try:
                        token = self._stored(self._store, service) or token
                    finally:
                        self._store.delete(self._key(service))
        if token is not None:
            service.revoke(token.reveal())

    def _fetch(self, ahead: bool) -> Token:
        service = self._service()
        with self._turn.here, self._locked(service):
            refresh_token = self._known(service)
            if refresh_token is not None:
                token = self._refreshed(service, refresh_token)
                if token is not None:
                    return token
            if ahead:
                raise CredentialsError("The refresh token is no longer accepted; the next token needs a new login.")
            return self._logged_in(service)

    def _refreshed(self, service: TokenEndpoint, refresh_token: Secret) -> Token | None:
        """A new token in exchange for the refresh token; None if that is refused or malformed."""
        try:
            fields = service.request(
                {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()},
                "Check the client id and, if the app has one, its secret.",
                repeatable=False,
            )
        except CredentialsError as error:
            if error.code not in {"invalid_grant", "invalid_request"}:
                raise
        else:
            return self._accepted(service, fields, refresh_token)
        self._refresh_token = None
        if self._store is not None:
            self._store.delete(self._key(service))
        return None

    def _logged_in(self, service: TokenEndpoint) -> Token:
        now = time.monotonic()
        if self._failed is not None and now < self._failed[0] + _PAUSE:
            raise copy.copy(self._failed[1])
        if self._gained is not None and now < self._gained[0] + _SETTLED and self._gained[1].usable:
            return self._gained[1]
        try:
            fields = self._log_in(service)
        except CredentialsError as error:
            self._failed = time.monotonic(), copy.copy(error)
            raise
        token = self._accepted(service, fields, None)
        self._failed = None
        self._gained = None if self._refresh_token is not None else (time.monotonic(), token)
        return token

    def _log_in(self, service: TokenEndpoint) -> Mapping[str, Any]:
        from ._login import listening

        with listening(self._redirect, service.issuer_url) as login:
            url = service.authorize_url({**login.query, "scope": self._scope})
            threading.Thread(
                target=self._show, args=(url, login.give_up), name="itwin-platform-browser", daemon=True
            ).start()
            problem: str | None = "Something unexpected happened. See the output of your program."
            try:
                fields = service.request(
                    login.form(login.wait(self._login_timeout)),
                    "Check the client id, redirect_uri and, if the app has one, its secret.",
                    repeatable=False,
                )
                problem = None
            except CredentialsError as error:
                problem = str(error)
                raise
            finally:
                login.finish(problem)
        return fields

    def _show(self, url: str, give_up: Callable[[CredentialsError], object]) -> None:
        """Show the address to the person. Runs in its own thread, since some browsers return only when closed."""
        try:
            if callable(self._open_browser):
                self._open_browser(url)
                return
            if sys.stderr is not None:
                sys.stderr.write(f"To log in to the iTwin Platform, open this address:\n{url}\n")
                sys.stderr.flush()
            if self._open_browser:
                from ._browser import open_window

                open_window(url)
        except Exception as error:  # noqa: BLE001 (whatever a user's function or a browser raises)
            give_up(CredentialsError(f"The browser could not be opened: {where(error)}."))

    def _accepted(self, service: TokenEndpoint, fields: Mapping[str, Any], earlier: Secret | None) -> Token:
        """Keep the refresh token of an answer: each use may bring a new one."""
        new = refresh_token_of(fields) or earlier
        changed = new is not None and (earlier is None or new.reveal() != earlier.reveal())
        self._refresh_token = new
        if new is not None and changed and self._store is not None:
            try:
                self._store.save(self._key(service), new.reveal())
                self._unsaved = False
            except CredentialsError as error:
                # The access token is valid, so the program can go on.
                self._unsaved = True
                logger.warning("the refresh token could not be stored, so the next run may need a new login: %s", error)
        return token_of(fields, renewable=new is not None)

    def _known(self, service: TokenEndpoint) -> Secret | None:
        """The refresh token to use. Another process may have stored a newer one."""
        if self._store is None or self._unsaved:
            return self._refresh_token
        return self._stored(self._store, service)

    def _stored(self, store: TokenStore, service: TokenEndpoint) -> Secret | None:
        token = store.load(self._key(service))
        return None if token is None else Secret(token)

    def _locked(self, service: TokenEndpoint) -> AbstractContextManager[object]:
        if self._store is None:
            return nullcontext()
        return self._store.lock(self._key(service), self._login_timeout + _REFRESH)

    def _key(self, service: TokenEndpoint) -> str:
        """Identifies service, app and scope, so that no refresh token is sent to another service."""
        text = "\n".join((service.issuer_url, self._client_id, " ".join(sorted(self._scope.split()))))
        return sha256(text.encode()).hexdigest()[:40]

    def __repr__(self) -> str:
        return f"AuthorizationCode({self._client_id!r}, scope={self._scope!r})"
