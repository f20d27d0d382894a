"""What a shipped SDK makes of the answers of a changed server: the client is generated from the old definition."""

from __future__ import annotations

import datetime
import types
import typing
import uuid
from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest
from apidrift.changes import Axis, Level

from .cases import BASES, Case, all_cases, base, changed
from .conftest import Outcome
from .packages import Client

PROBED = [case for case in all_cases() if case.probe]


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Client]:
    """The client of every base."""
    folder = tmp_path_factory.mktemp("clients")
    return {name: Client(base(name), folder / f"old_{name}") for name in BASES}


def example(document: Any, operation: str) -> Any:
    """The documented success answer of an operation."""
    for item in document["paths"].values():
        for node in item.values():
            if isinstance(node, dict) and node.get("operationId") == operation:
                response = next(answer for status, answer in node["responses"].items() if status.startswith("2"))
                return next(iter(response["content"].values()))["example"]
    raise LookupError(operation)


def observed(client: Client, case: Case) -> str:
    """Crash, wrong or fine."""
    assert case.probe is not None
    body = changed(example(case.old, case.probe["operation"]), case.probe["answer"])
    try:
        result = client.read(case.probe["operation"], body)
    except client.runtime.BodyError:
        return "crash"
    return "fine" if holds(result, type(result)) and keeps(body, client.runtime.to_json(result)) else "wrong"


def holds(value: Any, annotation: Any) -> bool:
    """Whether a value is of the type that the code promises, all the way down."""
    origin = typing.get_origin(annotation)
    if annotation is Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(holds(value, each) for each in typing.get_args(annotation))
    if origin is typing.Literal:
        return value in typing.get_args(annotation)
    if origin is list:
        return isinstance(value, list) and all(holds(each, typing.get_args(annotation)[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(holds(each, typing.get_args(annotation)[1]) for each in value.values())
    if annotation is None or annotation is types.NoneType:
        return value is None
    if annotation is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if not isinstance(value, annotation):
        return False
    if hasattr(annotation, "__attrs_attrs__"):
        return all(holds(getattr(value, name), hint) for name, hint in hints(annotation).items())
    return True


def hints(model: type) -> dict[str, Any]:
    """The annotations of a model, with the names that it imports for type checkers only."""
    module = __import__(model.__module__.rpartition(".")[0], fromlist=["models"])
    names = {name: getattr(module, name) for name in getattr(module, "__all__", ())} | {
        "datetime": datetime,
        "UUID": uuid.UUID,
    }
    return typing.get_type_hints(model, localns=names)


def keeps(sent: Any, read: Any) -> bool:
    """Whether what was read says what was sent. Absent and null are one thing, so are spellings of a date-time."""
    if isinstance(sent, dict):
        return isinstance(read, dict) and all(
            value is None or keeps(value, read.get(name)) for name, value in sent.items()
        )
    if isinstance(sent, list):
        return isinstance(read, list) and len(sent) == len(read) and all(map(keeps, sent, read))
    if isinstance(sent, str) and isinstance(read, str) and sent[:4].isdigit() and sent[4:5] == "-":
        return sent[:10] == read[:10]
    return bool(sent == (read.value if isinstance(read, Enum) else read))


@pytest.mark.parametrize("name", sorted(BASES))
def test_the_documented_answers_are_read(name: str, clients: dict[str, Client]) -> None:
    for item in base(name)["paths"].values():
        for node in item.values():
            if isinstance(node, dict) and "example" in str(node.get("responses")):
                result = clients[name].read(node["operationId"], example(base(name), node["operationId"]))
                assert holds(result, type(result))


@pytest.mark.parametrize("case", PROBED, ids=lambda case: case.name)
def test_what_becomes_of_the_answer(case: Case, clients: dict[str, Client]) -> None:
    assert case.probe is not None
    assert observed(clients[case.base], case) == case.probe["expect"]


@pytest.mark.parametrize("case", PROBED, ids=lambda case: case.name)
def test_what_the_report_says_fits(case: Case, outcomes: Mapping[str, Outcome]) -> None:
    """A crash is breaking, and a wrong value is no smaller matter than potentially breaking."""
    assert case.probe is not None
    level = outcomes[case.name].report.verdict(Axis.WIRE)
    assert level is not None
    worst = {"crash": Level.BREAKING, "wrong": Level.POTENTIAL, "fine": Level.NONE}[case.probe["expect"]]
    assert level.rank <= worst.rank
    assert case.probe["expect"] != "fine" or level is not Level.BREAKING
