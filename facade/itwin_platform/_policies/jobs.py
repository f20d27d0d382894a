"""Jobs of the reality APIs: filters of their lists, and which type belongs to which specifications."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

from itwin_platform_api.runtime import Model, OpenEnum

from ..filters import Expression
from .arguments import filter_text, text

T = TypeVar("T", bound=OpenEnum)

_ID: Final = re.compile(r"[\w.~-]+", re.ASCII)
_TYPED: Final = "SpecificationsCreate"
_UNTYPED: Final = "JobSpecifications"
# Types that are not called like the class of their specifications.
_OTHER_NAMES: Final = {"Clearance": "ClearanceCalculation"}


def job_filter(itwin_id: object, filter: str | Expression | None) -> str:  # noqa: A002 (the word of the field)
    """The filter that a list of jobs needs.

    Raises:
        ValueError: There are both or neither, or the id could not stand in a filter.
    """
    if itwin_id is None and filter is None:
        raise ValueError("name the iTwin, or give a filter: the platform lists no jobs without either")
    if itwin_id is None:
        return text("filter", filter_text(filter, quoted_guids=False))
    if filter is not None:
        raise ValueError("itwin_id and filter exclude each other: a filter can name the iTwin, with iTwinId eq ...")
    # Ids stand without quotes, so nothing in them may be read as anything else.
    if not isinstance(itwin_id, str) or not _ID.fullmatch(itwin_id):
        raise ValueError("itwin_id must be an id of letters, digits and hyphens, such as a GUID")
    return f"iTwinId eq {itwin_id}"


def job_of(
    kind: type[T], untyped: Callable[[Mapping[str, Any]], Model], type_: object, specifications: object
) -> tuple[T, Any]:
    """The type of a new job and its specifications.

    Parameters:
        kind: The types of jobs that the API knows.
        untyped: Creates a model of specifications that no class describes.
        type_: The type, which the class of the specifications may tell as well.
        specifications: A model or a mapping.

    Raises:
        ValueError: The type is missing or belongs to other specifications, or these are nothing to send.
    """
    if isinstance(specifications, Mapping):
        # Whatever is in it goes out as it is.
        specifications = untyped(cast(Mapping[str, Any], specifications))
    told = _type_told_by(specifications, kind)
    if told is None and type_ is None:
        raise ValueError("type_ must be given, because the specifications do not tell it")
    if told is not None and type_ is not None and type_ != told:
        raise ValueError(f"{type(specifications).__name__} is for jobs of the type {told}, not {type_}")
    return kind(text("type_", told or type_)), specifications


def _type_told_by(specifications: object, kind: type[OpenEnum]) -> str | None:
    """The type of job that the class of the specifications belongs to; None if they are of any type.

    Raises:
        ValueError: They belong to no type of this API, or are empty.
    """
    name = type(specifications).__name__
    stem = name.removesuffix(_TYPED)
    told = kind(_OTHER_NAMES.get(stem, stem))
    if isinstance(specifications, Model) and name != stem and told.is_known:
        return str(told)
    if not isinstance(specifications, Model) or name != _UNTYPED:
        raise ValueError(
            f"specifications must be a mapping, or an object of a class of this API whose name ends in {_TYPED}, "
            f"not {name}"
        )
    if not specifications.to_dict():
        raise ValueError("specifications must not be empty")
    return None
