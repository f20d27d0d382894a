"""What a document remembers of its overlays: the wire axis compares definitions as documented, without them."""

from __future__ import annotations

from typing import Final

# Set on a union to which an overlay adds a variant that takes everything else.
OPEN_UNION: Final = "x-drift-open-union"
# The properties on which the SDK insists because an overlay requires them.
SDK_REQUIRED: Final = "x-drift-sdk-required"
