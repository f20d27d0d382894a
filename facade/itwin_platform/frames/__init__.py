"""Models as records, frames and maps.

Lists have methods that do the same, page by page: `platform.itwins.list().to_pandas()`. These functions take models
that you already have:

    frames.to_pandas([platform.itwins.get(itwin_id) for itwin_id in ids])

Each property that is a plain value, or a list of plain values, is a column with the name of the attribute, without a
trailing underscore: `display_name`, `class`. Enums become text, times have a time zone, and values of no fixed type
become JSON text. Names and types follow from the class of the models, so an empty list has the same columns as a full
one.

`nested=True` adds the properties of nested objects: `extent.south_west.latitude`, or a column of lists of records.

Secrets are masked as in `repr()`: passwords and keys, and the query values of URLs with a signature. `secrets=True`
shows them, and adds the column `additional_properties`: JSON text of the properties that the definition does not
describe, which may be anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, TypeVar

from .._late import pandas, pyarrow, runtime
from ._geojson import Features
from ._tables import ArrowTable, Frame, Records, Table

__all__ = ["to_arrow", "to_geojson", "to_pandas", "to_records"]

R = TypeVar("R")

_AT_ONCE = 1000


def __dir__() -> list[str]:
    return list(__all__)


def to_records(models: Iterable[runtime.Model], *, nested: bool = False, secrets: bool = False) -> list[dict[str, Any]]:
    """Convert models to dictionaries.

    Parameters:
        models: Models of one class.
        nested: Whether to include nested objects.
        secrets: Whether to show secrets, and properties that the definition does not describe.

    Raises:
        TypeError: They are not models of one class.
    """
    found = list(models)
    return _filled(Records(type(found[0]), nested=nested, secrets=secrets), iter(found)) if found else []


def to_pandas(
    models: Iterable[runtime.Model],
    *,
    model: type[runtime.Model] | None = None,
    nested: bool = False,
    secrets: bool = False,
) -> pandas.DataFrame:
    """Convert models to a DataFrame. This needs the extra `[pandas]`.

    The types are `string` for text, `float64` for numbers, `Int64` for whole numbers, `boolean`, `datetime64[us, UTC]`
    for times, and `object` for lists.

    Parameters:
        models: Models of one class.
        model: Their class; by default that of the first. Required if there may be no models.
        nested: Whether to include nested objects.
        secrets: Whether to show secrets, and properties that the definition does not describe.

    Raises:
        ConfigurationError: pandas is not installed.
        TypeError: They are not models of one class.
        ValueError: There are no models, and `model` is missing.
    """
    kind, found = _begun(models, model)
    return _filled(Frame(kind, nested=nested, secrets=secrets), found)


def to_arrow(
    models: Iterable[runtime.Model],
    *,
    model: type[runtime.Model] | None = None,
    nested: bool = False,
    secrets: bool = False,
) -> pyarrow.Table:
    """Convert models to an Arrow table. This needs the extra `[arrow]`.

    Times are `timestamp[us, tz=UTC]`.

    Parameters:
        models: Models of one class.
        model: Their class; by default that of the first. Required if there may be no models.
        nested: Whether to include nested objects.
        secrets: Whether to show secrets, and properties that the definition does not describe.

    Raises:
        ConfigurationError: pyarrow is not installed.
        TypeError: They are not models of one class.
        ValueError: There are no models, and `model` is missing.
    """
    kind, found = _begun(models, model)
    return _filled(ArrowTable(kind, nested=nested, secrets=secrets), found)


def to_geojson(models: Iterable[runtime.Model]) -> dict[str, Any]:
    """Convert iTwins to a FeatureCollection (RFC 7946), with a point for each that has coordinates.

    Coordinates are `[longitude, latitude]` in degrees. The other properties are as in `to_records`, times as text.

    Parameters:
        models: The iTwins. Those without coordinates are left out.

    Raises:
        TypeError: They are not of one class, or of one without coordinates.
    """
    found = list(models)
    return _filled(Features(type(found[0])), iter(found)) if found else {"type": "FeatureCollection", "features": []}


def _begun(models: Iterable[runtime.Model], model: type[runtime.Model] | None) -> tuple[type, Iterator[runtime.Model]]:
    """The class of the models, and an iterator over all of them."""
    found = iter(models)
    if model is not None:
        if not isinstance(model, type):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError("model must be the class of the models, not one of them")
        return model, found
    for first in found:
        return type(first), chain((first,), found)
    raise ValueError("there are no models: pass model= to say which columns the table has")


def _filled(table: Table[R], models: Iterator[runtime.Model]) -> R:
    while some := list(islice(models, _AT_ONCE)):
        table.add(some)
    return table.result()
