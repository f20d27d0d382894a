"""Maps: a FeatureCollection of GeoJSON (RFC 7946), in the making like other tables."""

from __future__ import annotations

from datetime import date
from typing import Any

from itwin_platform_api.runtime import Request

from ._columns import records_of
from ._tables import Table

_PLACE = {"latitude", "longitude"}


def check_asked(request: Request[Any]) -> None:
    """Raise ValueError if the request for a list leaves out the coordinates, so that a map would be empty."""
    selected = dict(request.query).get("$select", "").split(",")
    if ("Prefer", "return=minimal") in request.headers and not _PLACE.issubset(selected):
        raise ValueError(
            'the list does not ask for coordinates: do so with detail="full" or select=["latitude", "longitude"]'
        )


def check_exported(select: object) -> None:
    """Raise ValueError if an export has no coordinates, because its properties were selected without them."""
    if not isinstance(select, str) or not _PLACE.issubset(map(str.strip, select.split(","))):
        raise ValueError('the export has no coordinates: export them with select=["latitude", "longitude"]')


class Features(Table["dict[str, Any]"]):
    """A FeatureCollection of GeoJSON, with a point for each item that has coordinates.

    Raises:
        TypeError: Items of this class have no coordinates.
    """

    def __init__(self, model: type) -> None:
        super().__init__(model)
        names = {column.name for column in self._columns}
        if not {"id", *_PLACE} <= names:
            raise TypeError(f"{model.__name__} has no coordinates; only iTwins have")
        self._features: list[dict[str, Any]] = []

    def _add(self, items: list[Any]) -> None:
        for record in records_of(self._columns, items):
            place = [record.pop("longitude"), record.pop("latitude")]
            if None not in place:
                self._features.append(
                    {
                        "type": "Feature",
                        "id": record["id"],
                        "geometry": {"type": "Point", "coordinates": place},
                        "properties": {
                            name: value.isoformat() if isinstance(value, date) else value
                            for name, value in record.items()
                        },
                    }
                )

    def result(self) -> dict[str, Any]:
        return {"type": "FeatureCollection", "features": self._features}
