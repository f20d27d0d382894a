"""What signatures have in common over all API groups and containers, so that a user of one can guess the others."""

from __future__ import annotations

import inspect
import itertools
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from itwin_platform import AsyncITwinPlatform, ITwinPlatform, credentials, storage
from itwin_platform_api.runtime import Model
from tests.support.calls import FacadeCall, facade_calls, groups, path_parameters

PATH = "str | os.PathLike[str]"
# What is the same wherever there is one.
OPTIONS = {"detail", "limit", "overwrite", "page_size", "skip"}
# A folder in a container is as much an address as an id is, and the empty one is the whole container.
ADDRESSES = {"prefix"}


def owners() -> Iterator[tuple[str, type]]:
    """The classes of all groups and containers, with what they are called."""
    for kind in (ITwinPlatform, AsyncITwinPlatform):
        yield kind.__name__, kind
        for path, group in groups(kind("token")):
            yield f"{kind.__name__}.{'.'.join(path)}", type(group)
    for name in ("TransferBucket", "TransferContainer", "AsyncTransferBucket", "AsyncTransferContainer"):
        yield name, getattr(storage, name)


def methods() -> Iterator[tuple[str, Any, list[inspect.Parameter]]]:
    """The public methods of all groups and containers, with their parameters."""
    for owner, kind in owners():
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{owner}.{name}", method, list(inspect.signature(method).parameters.values())[1:]


def is_optional(parameter: inspect.Parameter) -> bool:
    return parameter.default is not parameter.empty


def can_be_replaced(parameter: inspect.Parameter, method: Any) -> bool:
    """Whether a parameter is positional although it is optional, because other arguments can take its place."""
    others = inspect.signature(method).parameters
    if parameter.name in ADDRESSES:
        return True
    if parameter.name.endswith("_id"):
        return "uri" in others or (method.__name__ == "list" and parameter.name == "itwin_id")
    kinds = typing.get_args(typing.get_type_hints(method)[parameter.name])
    return any(inspect.isclass(kind) and issubclass(kind, Model) for kind in kinds)


def test_what_is_optional_is_passed_by_keyword() -> None:
    found = [
        f"{name}: {parameter.name}"
        for name, method, parameters in methods()
        for parameter in parameters
        if parameter.kind is not parameter.KEYWORD_ONLY
        and is_optional(parameter)
        and not can_be_replaced(parameter, method)
    ]
    assert found == []


@pytest.mark.parametrize("call", facade_calls(), ids=str)
def test_ids_come_first_in_the_order_of_the_path(call: FacadeCall) -> None:
    ids = list(path_parameters(call.operation).values())
    for platform in (ITwinPlatform("token"), AsyncITwinPlatform("token")):
        parameters = inspect.signature(call.method_of(platform)).parameters.values()
        positional = [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]
        assert positional[: len(ids)] == ids


def test_a_group_takes_the_same_thing_in_the_same_way() -> None:
    """What one method of a group takes by position, no other demands by keyword."""
    found = []
    for owner, named in itertools.groupby(methods(), lambda each: each[0].rpartition(".")[0]):
        required = [each for _, _, parameters in named for each in parameters if not is_optional(each)]
        by_keyword = {each.name for each in required if each.kind is each.KEYWORD_ONLY}
        found += [
            f"{owner}: {each.name}"
            for each in required
            if each.kind is not each.KEYWORD_ONLY and each.name in by_keyword
        ]
    assert found == []


def test_options_of_the_same_name_are_the_same() -> None:
    found = {
        (parameter.name, str(parameter.annotation), str(parameter.default))
        for _, _, parameters in methods()
        for parameter in parameters
        if parameter.name in OPTIONS
    }
    assert sorted(name for name, _, _ in found) == sorted(OPTIONS)


def test_local_paths_are_anything_that_stands_for_one() -> None:
    functions = [
        *methods(),
        ("FileTokenStore", None, inspect.signature(credentials.FileTokenStore).parameters.values()),
    ]
    paths = {
        f"{name}: {parameter.name}": str(parameter.annotation)
        for name, _, parameters in functions
        for parameter in parameters
        if "Path" in str(parameter.annotation) or parameter.name in {"path", "folder", "source"}
    }
    assert len(paths) > 10
    assert {place: annotation for place, annotation in paths.items() if PATH not in annotation} == {}


def test_annotations_name_what_users_can_import() -> None:
    """`help()` shows them as they are written."""
    found = [
        f"{name}: {annotation}"
        for name, method, _ in methods()
        for annotation in map(str, method.__annotations__.values())
        if any(part.startswith("_") for part in annotation.replace("[", ".").replace(" ", ".").split("."))
    ]
    assert found == []


@pytest.mark.parametrize(
    "kind", [credentials.ClientCredentials, credentials.AuthorizationCode, credentials.StaticToken]
)
def test_credentials_show_what_users_call_and_nothing_else(kind: type) -> None:
    shown = {name for name in dir(kind) if not name.startswith("_")}
    assert shown - {"log_out"} == {"aget_token", "get_token", "invalidate"}
