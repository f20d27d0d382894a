"""Access to a container: its SAS URL, what that permits, and its renewal before it expires."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .. import _http
from .._bucket import expiry_of
from .._policies.addresses import Target, signed_target
from ..errors import ConfigurationError, ITwinPlatformError, StorageError, StoragePermissionError
from ._problems import one_problem

if TYPE_CHECKING:
    from obstore.store import AzureSASToken, AzureStore, ClientConfig

# A SAS URL is renewed this many seconds before it expires, or when a quarter of its time is left; whichever is later.
_MARGIN = 300.0
_VERBS = {"r": "read", "w": "write", "l": "list", "d": "delete"}
# A request carries a few MiB at most, so only a dead connection takes this long.
_REQUEST_TIMEOUT = timedelta(minutes=10)
_READ_TIMEOUT = timedelta(minutes=5)
_RETRIES = 6


@dataclass(frozen=True, slots=True)
class _Container:
    """A SAS URL in parts."""

    origin: str
    path: str
    sas: str

    @property
    def endpoint(self) -> str:
        return self.origin + self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return unquote(self.path.rpartition("/")[2])

    @property
    def account(self) -> str:
        return urlsplit(self.origin).hostname or ""


def _container(url: str) -> _Container:
    target = signed_target(url)
    path, _, sas = target.path.partition("?") if target is not None else ("", "", "")
    path = path.rstrip("/")
    if target is None or not path or not sas:
        raise StorageError("The bucket's URL is not the https URL of a container with a SAS. Get the bucket again.")
    return _Container(target.origin, path, sas)


class Access:
    """Access to one container, shared by all transfers of a bucket, in any thread."""

    def __init__(self, url: str, options: _http.TransportOptions) -> None:
        self.options = options
        self._lock = threading.Lock()
        self._store: AzureStore | None = None
        self._store_sas = ""
        self._take(url)
        # What gets a new URL: from each operation in progress, and from the latest one. None without a platform.
        self._renewals: list[Callable[[], str]] = []
        self._last_renewal: Callable[[], str] | None = None
        # Why the last renewal failed.
        self.problem: ITwinPlatformError | None = None

    @contextmanager
    def renewed_by(self, renew: Callable[[], str]) -> Generator[None]:
        """Use `renew` to get a new URL during an operation, and after it until another operation brings its own.

        Each operation brings its own, because it runs on the operation's event loop, which may end.
        """
        self._last_renewal = renew
        self._renewals.append(renew)
        try:
            yield
        finally:
            self._renewals.remove(renew)

    def _ask(self) -> str:
        """A new URL.

        Raises:
            ITwinPlatformError: None could be obtained.
        """
        problem = StorageError("The bucket's SAS URL cannot be renewed. Get the bucket again.")
        for renew in (*reversed(self._renewals), self._last_renewal):
            try:
                if renew is not None:
                    return renew()
            except ITwinPlatformError:
                raise
            except Exception as error:  # noqa: BLE001 (its event loop may have ended)
                problem = StorageError(
                    f"The bucket's SAS URL could not be renewed ({type(error).__name__}). Get the bucket again."
                )
        raise problem

    def _take(self, url: str) -> None:
        self._container = _container(url)
        self._expires_at = expiry_of(url)
        left = self._seconds_left()
        self._margin = 0.0 if left is None else max(0.0, min(_MARGIN, left / 4))
        self._fresh_until = float("inf") if left is None else time.time() + left - self._margin
        self._tried = float("-inf")

    def _seconds_left(self) -> float | None:
        return None if self._expires_at is None else (self._expires_at - datetime.now(UTC)).total_seconds()

    def permits(self, right: str) -> bool:
        """Whether the URL permits this, as far as it says."""
        granted = parse_qs(self._container.sas).get("sp")
        return granted is None or right in granted[0]

    def need(self, rights: str, purpose: str, advice: str = "") -> None:
        """Check the permissions that the URL names, without a request.

        Parameters:
            rights: Letters of the permissions, as in `sp`.
            purpose: What needs them, for the message.
            advice: An alternative, for the message.

        Raises:
            StoragePermissionError: One is missing.
        """
        for right in rights:
            if not self.permits(right):
                given = parse_qs(self._container.sas)["sp"][0][:20]
                raise _not_permitted(purpose, right, f" (sp={given}).{advice}")

    def sas(self, *, refused: str | None = None) -> str:
        """The current SAS, renewed if it expires soon or is the one that was refused.

        Raises:
            ITwinPlatformError: It has expired and cannot be renewed.
        """
        if refused is None and time.time() < self._fresh_until:
            return self._container.sas  # without the lock, for which many threads would queue
        with self._lock:
            left = self._seconds_left()
            ends_soon = left is not None and left <= self._margin
            if (ends_soon or refused == self._container.sas) and self._last_renewal is not None:
                self._try_to_renew(must=refused is not None or (left is not None and left <= 0))
            left = self._seconds_left()
            if left is not None and left <= 0:
                advice = (
                    "Get the bucket again"
                    if self._last_renewal is None
                    else "So has its replacement: check the clock of this machine"
                )
                raise StorageError(f"The bucket's SAS URL has expired. {advice}.")
            return self._container.sas

    def _try_to_renew(self, *, must: bool) -> None:
        # While the URL still works, a platform that is down is not asked again for every file.
        if not must and time.monotonic() - self._tried < self._margin / 4:
            return
        self._tried = time.monotonic()
        try:
            url = self._ask()
            where = self._container.origin + self._container.path
            self._take(url)
        except ITwinPlatformError as error:
            self.problem = error
            if must:
                raise
            return
        self.problem = None
        if where != self._container.origin + self._container.path:
            self._store = None

    def again(self, refused: str) -> bool:
        """After a refusal: whether there is another SAS to try."""
        try:
            if self._last_renewal is None or self.sas(refused=refused) == refused:
                return False
        except ITwinPlatformError:
            return False
        with self._lock:
            if self._store_sas == refused:
                self._store = None  # it has cached the refused one
        return True

    def store(self) -> AzureStore:
        """The store for obstore, which asks for the SAS whenever it needs it.

        Raises:
            ConfigurationError: obstore is not installed.
        """
        self.sas()
        if (store := self._store) is not None:
            return store
        with self._lock:
            if self._store is None:
                self._store = self._open()
            return self._store

    def _open(self) -> AzureStore:
        try:
            from obstore.store import AzureStore
        except ImportError:
            pass
        else:
            container = self._container
            # All is set here, because obstore would take what is missing from AZURE_* variables.
            return AzureStore(
                container_name=container.name,
                account_name=container.account,
                endpoint=container.endpoint,
                use_emulator=False,
                skip_signature=False,
                use_fabric_endpoint=False,
                credential_provider=self._credential,
                client_options=_client_options(container.origin, self.options),
                retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(minutes=2)},
            )
        raise ConfigurationError('Transfers need obstore. Install it: pip install "itwin-platform[storage]"')

    def _credential(self) -> AzureSASToken:
        self._store_sas = sas = self.sas()
        left = self._seconds_left()
        # obstore asks again some minutes before this time.
        until = None if left is None else datetime.now(UTC) + timedelta(seconds=left)
        return {"sas_token": sas, "expires_at": until}

    def target(self, query: str, name: str | None, sas: str) -> Target:
        """Where a request goes.

        Parameters:
            query: The query without the SAS.
            name: The blob; None for the container.
            sas: The SAS.
        """
        path = self._container.path + ("" if name is None else f"/{quote(name)}")
        return Target(self._container.origin, f"{path}?{query}{query and '&'}{sas}")

    def error_for(self, error: Exception, purpose: str, right: str) -> ITwinPlatformError:
        """The public error for an error of obstore in a single operation.

        Parameters:
            error: The error.
            purpose: What was attempted, for the message.
            right: The permission that it needs.
        """
        if isinstance(error, ITwinPlatformError):
            return error
        problem = one_problem(error)
        if problem.refused and self.problem is not None:
            return self.problem
        if problem.code == "AuthorizationPermissionMismatch":
            return _not_permitted(purpose, right, ".")
        return StorageError(f"{purpose} failed: it {problem.text}.")


def _not_permitted(purpose: str, right: str, end: str) -> StoragePermissionError:
    return StoragePermissionError(
        f"{purpose} needs the permission to {_VERBS[right]} ({right}); the bucket's SAS URL does not grant it{end}",
        permission=right,
    )


def _client_options(origin: str, options: _http.TransportOptions) -> ClientConfig:
    connect, each = options.timeout
    config: dict[str, Any] = {
        "allow_http": origin.startswith("http:"),
        "connect_timeout": timedelta(seconds=connect),
        "timeout": _REQUEST_TIMEOUT,
        "read_timeout": max(_READ_TIMEOUT, timedelta(seconds=each)),
    }
    if proxy := _http.proxy_for(origin, options):
        config["proxy_url"] = proxy
    if options.verify is not None:
        context = options.ssl_context()
        if context.verify_mode == ssl.CERT_NONE:
            config["allow_invalid_certificates"] = True
        elif authorities := _pem(options.verify, context):
            config["root_certificate"] = authorities
    return config  # type: ignore[return-value]  # the keys match


def _pem(verify: ssl.SSLContext | str, context: ssl.SSLContext) -> str:
    """The trusted certificate authorities as PEM, the format obstore takes."""
    if isinstance(verify, str) and Path(verify).is_file():
        return Path(verify).read_text("ascii", "ignore")
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in context.get_ca_certs(binary_form=True))
