"""HTTP as uvicorn speaks it, without a log of requests: their URLs have signatures in them."""

from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class SilentProtocol(H11Protocol):
    """Logs no request, whatever handlers there are. Uvicorn's own setting only takes away those that it finds."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.access_log = False
