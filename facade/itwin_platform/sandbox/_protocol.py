"""HTTP as uvicorn speaks it, without a log of requests: their URLs have signatures in them."""

import logging
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

_NOBODY: Final = logging.Logger("nobody")
_NOBODY.disabled = True


class SilentProtocol(H11Protocol):
    """Logs no request, whatever handlers there are. Uvicorn's own setting only takes away those that it finds."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.access_log = False

    def shutdown(self) -> None:
        """Begin to close the connection, when the server stops. A request that is cut off then is no error."""
        if self.cycle:
            self.cycle.logger = _NOBODY
        super().shutdown()
