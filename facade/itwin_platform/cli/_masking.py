"""Results as JSON. What `repr()` masks is masked here as well, unless the user asks for it."""

from __future__ import annotations

import ast
import copy
import dataclasses
import re
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any

import attrs

from itwin_platform_api.runtime import MASK, Model, to_json

from .._policies.redaction import MAX_LOGGED, redact
from ._shapes import is_array, is_object

# As in the models: properties that are secrets by their names, although no definition says so.
_SECRET = re.compile(
    r"(?:passw(?:or)?d|pwd|secret|token|key|signature|sas|credentials?|auth|authentication|authorization)$",
    re.IGNORECASE,
)


def is_one(value: object) -> bool:
    """Whether a result is one thing, and not several to be iterated over, such as pages."""
    return isinstance(value, (Model, str)) or is_object(value) or not isinstance(value, Iterable)


def json_of(value: Any, *, show_secrets: bool) -> Any:
    """A result of the SDK as JSON values.

    Parameters:
        value: A model, a dataclass such as a bucket, or what JSON consists of.
        show_secrets: Whether to leave secrets in it: keys and passwords of repositories, SAS URLs.
    """
    if isinstance(value, Model):
        return to_json(value if show_secrets else _masked_model(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            _camel_case(each.name): _of_field(value, each, show_secrets=show_secrets)
            for each in dataclasses.fields(value)
        }
    if isinstance(value, PurePath):
        return str(value)
    if is_object(value):
        return {str(name): _by_name(str(name), item, show_secrets) for name, item in value.items()}
    if is_array(value):
        return [json_of(item, show_secrets=show_secrets) for item in value]
    if isinstance(value, str) and not show_secrets:
        return _without_secrets(value)
    return to_json(value)


def _of_field(owner: object, field: dataclasses.Field[Any], *, show_secrets: bool) -> Any:
    """The value of a field, masked if its dataclass keeps it out of its repr."""
    value = json_of(getattr(owner, field.name), show_secrets=show_secrets)
    if show_secrets or field.repr:
        return value
    return _without_query(getattr(owner, field.name)) if isinstance(value, str) else _hidden(value)


def _masked_model(model: Model, *, about_secrets: bool = False) -> Model:
    """A copy of a model in which everything that its repr masks is masked.

    Of properties that no definition describes, those are that have the name of a secret, or are part of one.
    """
    result = copy.copy(model)
    fields: Any = attrs.fields(type(model))  # type: ignore[arg-type]  # the models are made with attrs
    for each in fields:
        value: Any = getattr(model, each.name)
        if each.name == "additional_properties":
            masked = _hidden(value) if about_secrets else json_of(value, show_secrets=False)
        elif callable(each.repr):
            masked = _masked(value, each.repr)
        else:
            masked = _masked_inside(value, about_secrets=about_secrets or bool(_SECRET.search(each.name)))
        object.__setattr__(result, each.name, masked)
    return result


def _masked_inside(value: Any, *, about_secrets: bool) -> Any:
    if isinstance(value, Model):
        return _masked_model(value, about_secrets=about_secrets)
    if is_array(value):
        return [_masked_inside(item, about_secrets=about_secrets) for item in value]
    return value


def _masked(value: Any, mask: Callable[[Any], object]) -> Any:
    """The value with the mask of its field."""
    if isinstance(value, str):
        return ast.literal_eval(str(mask(value)))
    return _hidden(to_json(value)) if isinstance(value, Model) or is_object(value) or is_array(value) else value


def _hidden(value: Any) -> Any:
    """The shape of something, without its values."""
    if is_object(value):
        return {name: _hidden(item) for name, item in value.items()}
    if is_array(value):
        return [_hidden(item) for item in value]
    return None if value is None else MASK


def _by_name(name: str, value: Any, show_secrets: bool) -> Any:
    if not show_secrets and _SECRET.search(name):
        return _hidden(json_of(value, show_secrets=True))
    return json_of(value, show_secrets=show_secrets)


def _without_secrets(text: str) -> str:
    if len(text) <= MAX_LOGGED:
        return redact(text)
    # Too long to be looked at: only what may hold a URL is a risk.
    return MASK if "://" in text else text


def _without_query(url: str) -> str:
    address, mark, _ = url.partition("?")
    return f"{address}?{MASK}" if mark else address


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return ("iTwin" if first == "itwin" else first) + "".join(each.capitalize() for each in others)
