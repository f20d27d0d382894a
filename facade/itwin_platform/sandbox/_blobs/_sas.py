"""SAS tokens of the service, signed and checked as Azure does it: over the permissions, the times and the resource."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from ._errors import BlobError

_VERSION: Final = "2024-08-04"
# Since this version, the signature is over these fields in this order, with the resource after the third.
_OLDEST: Final = "2020-12-06"
_BEFORE, _AFTER = ("sp", "st", "se"), ("si", "sip", "spr", "sv", "sr", "snapshot", "ses")
_OVERRIDES: Final = ("rscc", "rscd", "rsce", "rscl", "rsct")
# What restricts a token, and is not looked at here: better to refuse it than to allow too much.
_UNKNOWN: Final = ("si", "sip", "snapshot", "ses", "skoid", "sdd", "saoid", "suoid", "ss", "srt", *_OVERRIDES)


class Signer:
    """Makes and checks the tokens of one account.

    Attributes:
        account: The name of the account.
        key: Its key, in base64.
    """

    def __init__(self, account: str, now: Callable[[], datetime]) -> None:
        self.account: Final = account
        self.key: Final = base64.b64encode(secrets.token_bytes(64)).decode()
        self._now: Final = now

    def token(self, permissions: str, seconds: float, container: str, blob: str | None = None) -> str:
        """A token for a container, or for one blob, as a query."""
        fields = {
            "sv": _VERSION,
            "se": _written(self._now() + timedelta(seconds=seconds)),
            "sr": "c" if blob is None else "b",
            "sp": permissions,
        }
        return urlencode({**fields, "sig": self._signature(fields, container, blob)})

    def check(self, fields: Mapping[str, str], container: str, blob: str | None, permissions: str) -> str:
        """Check the token in a query, and return what it permits.

        Parameters:
            fields: The query.
            container: The container that is asked for.
            blob: The blob that is asked for; None for the container itself.
            permissions: The letters one of which it needs; none if no token permits it.

        Raises:
            BlobError: It is not good, or not for this.
        """
        if "sig" not in fields:
            raise BlobError(401, "NoAuthenticationInformation", headers={"www-authenticate": "Bearer"})
        if unknown := [name for name in _UNKNOWN if name in fields]:
            raise _failed(f"The sandbox takes no SAS with {unknown[0]}.")
        if fields.get("sv", "") < _OLDEST or fields.get("sr") not in {"b", "c"} or not fields.get("sp"):
            raise _failed("sv, sr or sp is missing or cannot be used.")
        signed = blob if fields["sr"] == "b" else None
        if not hmac.compare_digest(self._signature(fields, container, signed).encode(), fields["sig"].encode()):
            raise _failed("Signature did not match.")
        if fields["sr"] == "b" and blob is None:
            raise BlobError(403, "AuthorizationPermissionMismatch")
        start, expiry, now = fields.get("st", ""), fields.get("se", ""), self._now()
        begins, ends = _read(start), _read(expiry)
        if ends is None or now >= ends or (start and (begins is None or now < begins)):
            times = f"Start [{start}] - Expiry [{expiry}] - Current [{_written(now)}]"
            raise _failed(f"Signature not valid in the specified time frame: {times}")
        if not set(permissions) & set(fields["sp"]):
            raise BlobError(403, "AuthorizationPermissionMismatch")
        if fields.get("spr") == "https":
            raise _failed("The SAS is for https alone, and the sandbox has none.")
        return fields["sp"]

    def _signature(self, fields: Mapping[str, str], container: str, blob: str | None) -> str:
        resource = f"/blob/{self.account}/{container}" + ("" if blob is None else f"/{blob}")
        before = [fields.get(name, "") for name in _BEFORE]
        after = [fields.get(name, "") for name in (*_AFTER, *_OVERRIDES)]
        text = "\n".join((*before, resource, *after))
        digest = hmac.new(base64.b64decode(self.key), text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()


def _failed(detail: str) -> BlobError:
    return BlobError(403, "AuthenticationFailed", detail)


def _written(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
