"""Definitions of the platform as the developer portal serves them, and how they become the ones in openapi/.

`rules` turns the portal's form into ours, `stored` keeps what only the stored definition has: our own words, and what
is known from elsewhere.
"""

from __future__ import annotations

from pathlib import Path

from ..documents import Json
from ..overlays import apply_overlays
from .rules import RULES, Fired, Rule, from_portal
from .stored import Kept, as_stored

__all__ = ["RULES", "Fired", "Kept", "Rule", "as_stored", "edition_of", "from_portal"]


def edition_of(document: Json, stored: Path) -> tuple[Json, list[Fired]]:
    """A definition that was downloaded in our form, with what is known to be wrong in it corrected.

    Parameters:
        document: The definition.
        stored: Where the definition of this API is stored. Corrections are in `overlays/portal/` beside it.

    Raises:
        OverlayError: A correction no longer applies.
    """
    document, fired = from_portal(document)
    corrections = stored.parent / "overlays" / "portal" / stored.name
    return apply_overlays(document, [corrections] if corrections.is_file() else []), fired
