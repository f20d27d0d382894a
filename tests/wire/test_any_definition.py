"""Every operation of every definition, called over a socket: what goes out and what comes back is what is documented.

The definitions are those of the project and the ones in `tests/support/definitions`, which are as hard as it gets.
"""

from __future__ import annotations

import importlib
import json
import re
import typing
from typing import Any
from urllib.parse import parse_qsl

import pytest

from itwin_platform import ITwinPlatform
from tests.support import called
from tests.support.called import Documented, module_of
from tests.support.examples import resolved
from tests.support.scripted import Received, ScriptedServer, answer

FILE = b"\x89PNG \xff\x00"


@pytest.fixture(scope="module", autouse=True)
def _packages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("hard")
    called.write_hard(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield


def values_of(operation: Documented) -> dict[tuple[str, str], Any]:
    """A value for every parameter, by place and name."""
    found: dict[tuple[str, str], Any] = {}
    for index, parameter in enumerate(operation.parameters):
        content = next(iter(parameter.get("content", {}).values()), parameter)
        found[parameter["in"], parameter["name"]] = called.sample(
            operation.document, content.get("schema", {}), index * 10
        )
    return found


def arguments_of(operation: Documented, values: dict[tuple[str, str], Any]) -> dict[str, Any]:
    """The same as arguments; objects that are spread have the name of the argument alone."""
    module = module_of(operation)
    names = called.argument_names(module)
    spread = [name for place, name in names if place == "query" and ("query", name) not in values]
    found: dict[str, Any] = {}
    for (place, name), value in values.items():
        found[names[place, name] if (place, name) in names else spread.pop()] = value
    return found


def body_of(operation: Documented) -> tuple[dict[str, Any], Any, str | None]:
    """Arguments for a body, what the server has to get, and as which type."""
    module = module_of(operation)
    hints = typing.get_type_hints(module.request)
    if "body" not in hints:
        return {}, None, None
    kinds = {kind: kind for kind in operation.body}
    chosen = next((kind for kind in kinds if called.IS_JSON.fullmatch(kind)), next(iter(kinds)))
    if called.IS_JSON.fullmatch(chosen):
        value = called.example_of(operation.document, operation.body[chosen])
        models = [each for each in (hints["body"], *typing.get_args(hints["body"])) if hasattr(each, "from_dict")]
        return {"body": models[0].from_dict(value) if models and isinstance(value, dict) else value}, value, chosen
    if chosen == "application/x-www-form-urlencoded":
        value = called.example_of(operation.document, operation.body[chosen])
        return {"body": hints["body"].from_dict(value)}, value, chosen
    if chosen.startswith("multipart/"):
        return {"body": {"file": FILE, "meta": {"a": 1}}}, None, chosen
    chosen = "image/png" if "*" in chosen else chosen
    choice = {"content_type": chosen} if "content_type" in hints else {}
    return {"body": FILE, **choice}, FILE, chosen


def success_of(operation: Documented) -> tuple[bytes, Any]:
    """A documented success as bytes, and what its body is: JSON, bytes, or None."""
    undocumented: tuple[str, dict[str, Any]] = ("200", {"application/octet-stream": {}})
    status, content = next(iter(operation.successes.items()), undocumented)
    code = int(status.replace("XX", "00"))
    kinds = [kind for kind in content if called.IS_JSON.fullmatch(kind) or "*" in kind]
    if not content or operation.method == "head":
        return answer(code, media_type=None), None
    if not kinds or content[kinds[0]].get("schema", {}).get("format") == "binary":
        return answer(code, FILE, media_type=next(iter(content))), FILE
    body = called.example_of(operation.document, content[kinds[0]])
    return answer(code, body, media_type=kinds[0].replace("*/*", "application/json")), body


def accepted(operation: Documented) -> set[str]:
    """The media types that an answer can have; JSON alone where a success can be JSON."""
    found: set[str] = set()
    for content in operation.successes.values():
        kinds = [kind for kind in content if called.IS_JSON.fullmatch(kind) or "*" in kind]
        found |= set(kinds[:1] or list(content)[:1])
    return found


@pytest.mark.parametrize("operation", [*called.adopted(), *called.hard()], ids=str)
def test_a_call_is_what_the_definition_says(operation: Documented) -> None:
    module = module_of(operation)
    values = values_of(operation)
    body, sent, content_type = body_of(operation)
    response, expected = success_of(operation)
    with ScriptedServer(response) as server, ITwinPlatform("token", api_url=server.url) as platform:
        result = platform.call(module.request(**arguments_of(operation, values), **body))
    (received,) = server.received
    assert received.method == operation.method.upper()
    assert called.path_in(received.path) == called.filled(
        operation.path, {name: value for (place, name), value in values.items() if place == "path"}
    )
    in_query = {each["name"]: each for each in operation.parameters if each["in"] == "query"}
    fixed = parse_qsl(operation.path.partition("?")[2])
    assert called.query_in(received.path) == [
        *fixed,
        *(pair for name, each in in_query.items() for pair in called.pairs(each, values["query", name])),
    ]
    headers = {name.lower(): called.joined(value) for (place, name), value in values.items() if place == "header"}
    assert {name: received.headers.get(name) for name in headers} == headers
    cookies = [f"{name}={called.text(value)}" for (place, name), value in values.items() if place == "cookie"]
    assert received.headers.get("cookie", "") == "; ".join(cookies)
    assert_accept(operation, received)
    assert_body(received, sent, content_type)
    if isinstance(expected, bytes) or expected is None:
        assert result == expected
    else:
        assert called.plain(to_json(module, result)) == called.plain(expected)


def to_json(module: Any, value: Any) -> Any:
    """What a value is as JSON, by the code that comes with its package."""
    return importlib.import_module(f"{module.__name__.partition('.')[0]}.runtime").to_json(value)


def assert_accept(operation: Documented, received: Received) -> None:
    types = set(received.headers["accept"].split(", "))
    documented = accepted(operation)
    if documented:
        assert types == documented
    else:
        answers = operation.node["responses"].values()
        known = {kind for each in answers for kind in resolved(operation.document, each).get("content", {})}
        assert types <= known | {"application/json", "*/*"}


def assert_body(received: Received, sent: Any, content_type: str | None) -> None:
    if content_type is None:
        assert received.body == b""
        return
    assert received.headers["content-type"].partition(";")[0] == content_type
    if isinstance(sent, bytes):
        assert received.body == sent
    elif called.IS_JSON.fullmatch(content_type):
        assert called.plain(json.loads(received.body), nulls=True) == called.plain(sent, nulls=True)
    elif content_type.startswith("multipart/"):
        boundary = received.headers["content-type"].partition("boundary=")[2].encode()
        first, second, end = received.body.removeprefix(b"--" + boundary + b"\r\n").split(b"--" + boundary)
        assert re.fullmatch(
            rb'Content-Disposition: form-data; name="file"; filename="file"\r\n.*',
            first.partition(b"\r\n\r\n")[0],
            re.S,
        )
        assert first.partition(b"\r\n\r\n")[2] == FILE + b"\r\n"
        assert json.loads(second.partition(b"\r\n\r\n")[2]) == {"a": 1}
        assert end == b"--\r\n"
    else:
        wanted = [
            (key, called.text(each))
            for key, value in sent.items()
            for each in (value if isinstance(value, list) else [value])
        ]
        assert parse_qsl(received.body.decode()) == wanted
