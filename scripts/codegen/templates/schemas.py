"""Models as pydantic knows them: in fields of its models, in TypeAdapter, and as bodies and answers of FastAPI.

pydantic need not be installed. This module is imported when pydantic asks a model for its schema.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import attrs
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError, core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

    from .writing import Model

_OPEN: ContextVar[frozenset[type]] = ContextVar("_OPEN", default=frozenset())


def core_schema_of(
    model: type[Model], names: Mapping[str, str], handler: GetCoreSchemaHandler, unset: type
) -> core_schema.CoreSchema:
    """How pydantic validates a model and serializes it. Its shape is there for the JSON schema alone.

    Parameters:
        model: The model.
        names: The names of its properties in JSON, by attribute.
        handler: Makes the schemas of other types.
        unset: The type of what stands for a property that is left out.
    """
    reference = f"{model.__module__}.{model.__qualname__}:{id(model)}"
    if model in _OPEN.get():  # a model that is a part of itself
        return core_schema.definition_reference_schema(reference)
    token = _OPEN.set(_OPEN.get() | {model})
    try:
        shape = _shape_of(model, names, handler, unset)
    finally:
        _OPEN.reset(token)
    validate = partial(_validated, model)
    validate.__name__ = model.__name__  # type: ignore[attr-defined]  # pydantic calls it by that in errors
    return core_schema.no_info_plain_validator_function(
        validate,
        ref=reference,
        json_schema_input_schema=shape,
        serialization=core_schema.plain_serializer_function_ser_schema(_serialized),
    )


def json_schema_of(schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """The JSON schema of a model, whatever way it is looked at: what is read and what is written look the same."""
    return handler(cast(Any, schema)["json_schema_input_schema"])


def _shape_of(
    model: type[Model], names: Mapping[str, str], handler: GetCoreSchemaHandler, unset: type
) -> core_schema.CoreSchema:
    hints = typing.get_type_hints(model)
    rest = hints.pop("additional_properties")
    attributes = {each.name: each for each in attrs.fields(cast(Any, model))}
    fields = {
        documented: core_schema.typed_dict_field(
            handler.generate_schema(_without(unset, hints[name])),
            required=attributes[name].default is attrs.NOTHING,
        )
        for name, documented in names.items()
    }
    extra = typing.get_args(rest)[1]
    return core_schema.typed_dict_schema(
        fields,
        cls_name=model.__name__,
        extra_behavior="allow",
        extras_schema=None if extra is Any else handler.generate_schema(extra),
    )


def _without(unset: type, hint: Any) -> Any:
    members = typing.get_args(hint)
    return typing.Union[tuple(member for member in members if member is not unset)] if unset in members else hint  # noqa: UP007


def _validated(model: type[Model], value: object) -> Model:
    if isinstance(value, model):
        return value
    if not isinstance(value, Mapping):
        raise _problem(model, (), f"should be an object, or an instance of {model.__name__}")
    try:
        return cast("Model", cast(Any, model).from_dict(value))
    except ValueError as error:  # a BodyError, which never holds the value
        path, text = getattr(error, "path", ()), getattr(error, "problem", str(error))
    raise _problem(model, path, text)


def _problem(model: type[Model], path: tuple[str | int, ...], problem: str) -> ValidationError:
    # pydantic shows the input of an error. It may hold secrets, so it is told of another one.
    kind = PydanticCustomError("itwin_platform", "{problem}", {"problem": problem})
    details = InitErrorDetails(type=kind, loc=path, input=f"a value for {model.__name__}")
    return ValidationError.from_exception_data(model.__name__, [details])


def _serialized(model: Model) -> dict[str, Any]:
    return model.to_dict()
