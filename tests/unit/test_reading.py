"""Reading of models, which takes most properties without a call: it agrees with a slow reader that is plain to see."""

from __future__ import annotations

import copy
import datetime
import functools
import sys
import types
import typing
from enum import Enum
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itwin_platform.models import ITwin, Repository
from itwin_platform_api.itwins import models as itwins
from itwin_platform_api.reading import BodyError, date_time
from itwin_platform_api.reality_analysis import models as reality_analysis
from itwin_platform_api.writing import UNCHANGED, Model, Unchanged

MODELS: list[type[Any]] = [
    found
    for module in (itwins, reality_analysis)
    for found in (getattr(module, name) for name in module.__all__)
    if attrs.has(found)
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
moments = st.datetimes().map(lambda moment: moment.isoformat() + "Z")


class Property:
    """A property of a model, as its annotation describes it."""

    def __init__(self, attribute: Any, name: str, annotation: Any) -> None:
        kinds = set(typing.get_args(annotation)) if isinstance(annotation, types.UnionType) else {annotation}
        self.attribute, self.name = attribute.name, name
        self.required, self.default = attribute.default is attrs.NOTHING, attribute.default
        self.nullable = type(None) in kinds
        self.kinds = kinds - {type(None), Unchanged}


@functools.cache
def properties_of(model: Any) -> list[Property]:
    """The properties in the order in which they are read."""
    attributes = [each for each in attrs.fields(model) if each.name != "additional_properties"]
    hints = typing.get_type_hints(model)
    # A model writes whatever it holds: what it makes of the names of its attributes gives the names in JSON.
    written = model(**{each.alias: each.name for each in attributes}).to_dict()
    assert list(written.values()) == [each.name for each in attributes]
    return [Property(each, name, hints[each.name]) for name, each in zip(written, attributes, strict=True)]


def readable(kind: Any) -> bool:
    """Whether nothing in it is of one of several kinds: unions have tests of their own."""
    inner = [each.kinds for each in properties_of(kind)] if attrs.has(kind) else [set(typing.get_args(kind))]
    return all(len(kinds) <= 1 and all(map(readable, kinds)) for kinds in inner)


READABLE = [model for model in MODELS if readable(model)]


class WrongError(Exception):
    """A value is not what is documented; the text says where."""


def slowly(kind: Any, value: Any, path: str) -> Any:
    """What `kind` makes of a JSON value: class and attributes of a model, type and value of everything else."""
    if kind is Any:
        return shape(value)
    if typing.get_origin(kind) is list:
        require(isinstance(value, list), path)
        (inner,) = typing.get_args(kind)
        return [slowly(inner, item, f"{path}[{index}]") for index, item in enumerate(value)]
    if attrs.has(kind):
        require(isinstance(value, dict), path)
        return kind, slowly_all(kind, value, path)
    if kind is datetime.datetime:
        require(isinstance(value, str), path)
        try:
            return datetime.datetime, date_time(value)
        except BodyError:
            raise WrongError(path) from None
    if issubclass(kind, Enum):
        require(isinstance(value, str), path)
        try:
            return kind, kind(value)
        except ValueError:
            raise WrongError(path) from None
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {str: isinstance(value, str), bool: isinstance(value, bool), float: numeric, int: numeric}
    require(fits[kind], path)
    if kind is int:
        require(value == int(value), path)
        value = int(value)
    return type(value), value


def slowly_all(model: Any, body: dict[str, Any], path: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    left: set[str] = set()
    known = properties_of(model)
    for each in known:
        inside = f"{path}.{each.name}".lstrip(".")
        (kind,) = each.kinds
        value = body.get(each.name)
        # An optional object that requires something may be answered without any of its members. What it holds instead
        # stays where it is.
        demanding = attrs.has(kind) and any(inner.required for inner in properties_of(kind))
        held: dict[str, Any] | None = value if isinstance(value, dict) and not each.required and demanding else None
        if held is not None and all(held.get(inner.name) is None for inner in properties_of(kind)):
            left |= {each.name} if any(item is not None for item in held.values()) else set()
            value = None
        if each.name not in body:
            require(not each.required, inside)
            result[each.attribute] = type(each.default), each.default
        elif value is None:
            require(each.nullable, inside)
            result[each.attribute] = type(None), None
        else:
            result[each.attribute] = slowly(kind, value, inside)
    extra = {name: value for name, value in body.items() if name not in {each.name for each in known} - left}
    (_, inner) = typing.get_args(typing.get_type_hints(model)["additional_properties"])
    for name, value in extra.items():
        slowly(inner, value, f"{path}.{name}".lstrip("."))
    result["additional_properties"] = dict, extra
    return result


def require(fits: bool, path: str) -> None:
    if not fits:
        raise WrongError(path)


def shape(value: Any) -> Any:
    """A model in the form in which `slowly` returns it."""
    if isinstance(value, Model):
        attributes = attrs.fields(type(value))  # type: ignore[arg-type]
        return type(value), {each.name: shape(getattr(value, each.name)) for each in attributes}
    return [shape(item) for item in value] if isinstance(value, list) else (type(value), value)


def right(kind: Any) -> st.SearchStrategy[Any]:
    """Values that a property takes."""
    if kind is Any:
        return json_values
    if typing.get_origin(kind) is list:
        return st.lists(right(typing.get_args(kind)[0]), max_size=3)
    if attrs.has(kind):
        return bodies(kind)
    if issubclass(kind, Enum):
        return st.sampled_from([member.value for member in kind]) | st.text()
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(),
        bool: st.booleans(),
        int: st.integers() | st.integers(-9, 9).map(float),
        float: st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        datetime.datetime: moments | st.text(),
    }
    return simple[kind]


@st.composite
def bodies(draw: st.DrawFn, model: Any) -> dict[str, Any]:
    """JSON objects for a model: mostly right, with absent, null, wrong and unknown properties among them."""
    body: dict[str, Any] = draw(st.dictionaries(st.text(), json_values, max_size=2))
    for each in properties_of(model):
        (kind,) = each.kinds
        chance = draw(st.integers(0, 19))
        if chance < 15 or (each.required and chance < 18):
            body[each.name] = draw(right(kind))
        elif chance == 18:
            body[each.name] = draw(json_values)
        elif chance == 19:
            body[each.name] = None
    return body


def test_most_models_are_compared() -> None:
    assert len(READABLE) > len(MODELS) * 0.8


@pytest.mark.parametrize("model", READABLE, ids=lambda model: model.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_models_read_what_a_slow_reader_reads_and_refuse_it_in_the_same_place(
    model: type[Any], data: st.DataObject
) -> None:
    body = data.draw(bodies(model))
    before = copy.deepcopy(body)
    expected: Any
    try:
        expected = slowly(model, body, "")
    except WrongError as error:
        expected = str(error)
    try:
        found = shape(model.from_dict(body))
    except BodyError as error:
        found = error.where
    assert found == expected
    assert body == before


def test_strings_numbers_and_lists_of_other_classes_are_read_as_well() -> None:
    class Text(str):
        __slots__ = ()

    class Object(dict[str, Any]):
        pass

    body = types.MappingProxyType({"id": Text("1"), "displayName": "x", "class": Text("Thing"), "a": Object()})
    itwin = ITwin.from_dict(body)
    assert (itwin.id, itwin.class_) == ("1", itwins.ITwinClass.THING)
    assert ITwin.from_dict(Object(body)) == itwin


def test_a_subclass_with_attributes_of_its_own_is_made_by_its_constructor() -> None:
    @attrs.define
    class Marked(ITwin):
        mark: str = "none"
        length: int = attrs.field(init=False)

        def __attrs_post_init__(self) -> None:
            self.length = len(self.display_name)

    marked = Marked.from_dict({"id": "1", "displayName": "Bridge", "unknown": 1})
    assert type(marked) is Marked
    assert (marked.id, marked.mark, marked.length, marked["unknown"]) == ("1", "none", 6, 1)
    with pytest.raises(BodyError, match="displayName is missing"):
        Marked.from_dict({"id": "1"})


def test_a_model_that_was_read_equals_one_that_was_made() -> None:
    assert ITwin.from_dict({"id": "1", "displayName": "x", "new": 2}) == ITwin(
        "1", "x", additional_properties={"new": 2}
    )
    created = itwins.ITwinUpdate.from_dict({})
    assert created == itwins.ITwinUpdate()
    assert created.display_name is UNCHANGED


def test_nothing_is_shared_with_the_body() -> None:
    body = {"id": "1", "displayName": "x", "new": 2}
    itwin = ITwin.from_dict(body)
    itwin["new"] = 3
    assert body["new"] == 2


def test_a_model_keeps_no_room_for_the_properties_that_were_taken_out() -> None:
    body = {each.name: None for each in properties_of(Repository) if not each.required}
    extra = Repository.from_dict({**body, "id": "1"}).additional_properties
    assert sys.getsizeof(extra) == sys.getsizeof({})


def test_what_is_nested_too_deeply_is_no_json() -> None:
    """Code that takes any JSON catches the error of a value that is none; RecursionError would pass it by."""
    nested: dict[str, Any] = {}
    for _ in range(5000):
        nested = {"inside": nested}
    for model in (itwins.ITwin, itwins.ITwinUpdate):
        with pytest.raises(ValueError, match="nested too deeply") as caught:
            model.from_dict({"id": "i-1", "displayName": "North Bridge", "more": nested}).to_dict()
        assert caught.value.__context__ is None
