"""Uploads of tiny files with obstore, which sends them several times as fast as Python code can.

It is used only in the simple case: a direct connection with the usual certificates, once the service has reached the
storage. Uploads that fail are sent again by the service, so that one rule decides about retries, renewals and messages.
"""

from __future__ import annotations

import os
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from .. import _http
from ..errors import ConfigurationError
from ._problems import RequestFailed

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import AzureSASToken, AzureStore

    from ._access import Access

# Files up to this size. obstore cannot be interrupted: with larger ones, stopping a transfer would take long.
TINY = 128 * 1024

_TIMEOUT = timedelta(minutes=10)

# The process in which obstore has started its threads, which a forked one does not have: there it would wait forever.
_home: int | None = None


def _survives() -> bool:
    """Whether obstore works in this process."""
    global _home  # noqa: PLW0603 (its threads are global as well)
    if _home is None:
        _home = os.getpid()
    return _home == os.getpid()


if "obstore" in sys.modules:
    _survives()


def check_installed() -> None:
    """Check that the extra `[storage]` is installed.

    Raises:
        ConfigurationError: It is not.
    """
    if not _http.is_installed("obstore"):
        raise ConfigurationError('Transfers need obstore. Install it: pip install "itwin-platform[storage]"')


class QuickPut:
    """Sends tiny files as long as that works."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._store: AzureStore | None = None
        self._sas = ""
        options = access.options
        self._possible = (
            options.verify is None
            and _http.proxy_for(access.origin, options) is None
            and ":" not in access.host  # exceptions from a proxy are not reliable for such addresses
        )
        # Set once the service has got through, and unset when obstore has not.
        self.open = False

    def put(self, name: str, content: bytes, digest: str, condition: dict[str, str]) -> bool:
        """Write a blob. Returns False if it was perhaps not written and must be sent another way.

        Raises:
            RequestFailed: The condition is not met.
        """
        if not (self.open and self._possible and _survives()):
            return False
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        etag = condition.get("If-Match")
        mode: PutMode = {"e_tag": etag} if etag else "create" if condition else "overwrite"
        store = self._store_now()
        try:
            obstore.put(store, name, content, attributes={"sha256": digest}, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError):
            pass
        except Exception:  # noqa: BLE001 (obstore raises various types; the service finds out what they mean)
            self.open = False
            return False
        else:
            return True
        raise RequestFailed(412, "ConditionNotMet")

    def _store_now(self) -> AzureStore:
        """The store with the current SAS."""
        sas = self._access.sas()
        with self._lock:
            if self._store is None or self._sas != sas:
                self._store, self._sas = self._make(sas), sas
            return self._store

    def _make(self, sas: str) -> AzureStore:
        from obstore.store import AzureStore

        access = self._access
        token: AzureSASToken = {"sas_token": sas, "expires_at": None}
        # All is set here, because obstore would take what is missing from AZURE_* variables. Once a proxy is set, those
        # in HTTP_PROXY and others count for nothing; this one leads nowhere, and is for every host but the storage's.
        return AzureStore(
            container_name=access.container,
            account_name=access.host,
            endpoint=access.endpoint,
            use_emulator=False,
            skip_signature=False,
            use_fabric_endpoint=False,
            credential_provider=lambda: token,
            client_options={
                "allow_http": access.origin.startswith("http:"),
                "connect_timeout": timedelta(seconds=access.options.timeout[0]),
                "timeout": _TIMEOUT,
                "proxy_url": "http://127.0.0.1:0",
                "proxy_excludes": access.host,
            },
            retry_config={"max_retries": 0, "retry_timeout": _TIMEOUT},
        )
