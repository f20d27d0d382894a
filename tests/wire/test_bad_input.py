"""Bad input of every method: a clear ValueError before anything is sent, made up from signatures and definitions."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from itwin_platform import ITwinPlatform
from tests.support.calls import FacadeCall, facade_calls, path_parameters
from tests.support.examples import operations
from tests.support.scripted import ScriptedServer, answer

_CLIENT = ITwinPlatform("token")


class Nothing:
    """A value of a type that nothing takes."""

    def __repr__(self) -> str:
        return "the-bad-value"


def parameters(call: FacadeCall) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(call.method_of(_CLIENT)).parameters)


def cases() -> Iterator[Any]:
    """Each method with each of its arguments spoilt."""
    for call in facade_calls():
        ids = path_parameters(call.operation).values()
        for name in parameters(call):
            bad: dict[str, Any] = {"another type": Nothing()}
            if name in ids:
                bad |= {"empty": "", "blank": " ", "too long": "x" * 513, "a way up": "a/../b", "a number": 5}
            for kind, value in bad.items():
                yield pytest.param(call, name, value, id=f"{call}-{name}-{kind}")


@pytest.mark.parametrize(("call", "name", "value"), list(cases()))
def test_a_bad_argument_is_a_value_error_before_anything_is_sent(call: FacadeCall, name: str, value: Any) -> None:
    with ScriptedServer(answer(500)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        given = {key: each for key, each in call.arguments.items() if key in parameters(call)}
        # A model and arguments exclude each other, and so do ids and links.
        if name not in given and any(hasattr(each, "to_dict") for each in given.values()):
            given = {key: each for key, each in given.items() if not hasattr(each, "to_dict")}
        with pytest.raises(ValueError, match=r".") as caught:
            call.method_of(platform)(**{**given, name: value})
        assert server.connections == 0
    assert "the-bad-value" not in str(caught.value)


def taken(call: FacadeCall) -> Iterator[tuple[str, str]]:
    """Each id of a path with each word that stands in its place in another path of the same API."""
    parts = call.operation.path.split("/")
    for position, part in enumerate(parts):
        name = path_parameters(call.operation).get(part.strip("{}"))
        for other in (each["path"].split("/") for each in operations().values() if name and each["api"] == call.api):
            word = other[position] if len(other) > position else ""
            if word and not word.startswith("{") and [*map(blank, other[:position])] == [*map(blank, parts[:position])]:
                yield str(name), word


def blank(part: str) -> str:
    return "{}" if part.startswith("{") else part


TAKEN = [(call, *each) for call in facade_calls() for each in sorted(set(taken(call)))]


@pytest.mark.parametrize(("call", "name", "word"), [pytest.param(*each, id=f"{each[0]}-{each[2]}") for each in TAKEN])
def test_an_id_cannot_be_the_name_of_what_stands_beside_it(call: FacadeCall, name: str, word: str) -> None:
    with ScriptedServer(answer(500)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        for spelling in (word, word.upper()):
            with pytest.raises(ValueError, match=f"{name} must be an id"):
                call.method_of(platform)(**{**call.arguments, name: spelling})
        assert server.connections == 0


def test_there_are_such_names() -> None:
    words = {word for call, _, word in TAKEN if str(call) == "itwins/get-itwin"}
    assert words == {"exports", "favorites", "recents", "repositories", "myprimaryaccount", "accountsettings"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda it: it.itwins.create("x" * 256, class_="Thing", sub_class="Asset"), "display_name .* 255 characters"),
        (lambda it: it.itwins.update("i-1", latitude=90.5), "latitude must be from -90 to 90"),
        (lambda it: it.itwins.list(page_size=0), "page_size must be from 1 to 1000"),
        (lambda it: it.itwins.list(page_size=1001), "page_size must be from 1 to 1000"),
        (lambda it: it.reality_data.list(page_size=-5), "page_size must be from 1 to 1000"),
        (lambda it: it.reality_modeling.jobs.list("i-1", page_size=0), "page_size must be"),
        (lambda it: it.reality_analysis.jobs.list("i-1", page_size=1001), "page_size must be"),
        (lambda it: it.itwins.list(status="Trial", include_inactive=True), "status and include_inactive exclude"),
        (lambda it: it.itwins.list(search="x", number="1"), "search and number exclude each other"),
        (lambda it: it.itwins.list(filter="x eq 1", parent_id="i-1"), "filter and parent_id exclude each other"),
        (lambda it: it.favorites.list(skip=-1), "skip must be at least 0"),
        (lambda it: it.favorites.list(page_size=True), "page_size must be a whole number"),
        (lambda it: it.favorites.list(limit=0), "limit"),
        (lambda it: it.favorites.list(status="Active", include_inactive=True), "exclude each other"),
        (lambda it: it.recents.list(status="Active", include_inactive=True), "exclude each other"),
        (lambda it: it.recents.list(include_inactive="yes"), "include_inactive must be True or False"),
        (lambda it: it.recents.list(detail="all"), "detail"),
        (lambda it: it.repositories.list("i-1", sub_class="ArcGIS"), "sub_class can only be used with class_"),
        (lambda it: it.global_repositories.list(sub_class="ArcGIS"), "sub_class can only be used with class_"),
        (lambda it: it.repositories.create("i-1", class_="Construction"), "uri is required"),
        (lambda it: it.repositories.create("i-1", uri="https://example.com"), "class_ is required"),
        (lambda it: it.repositories.create("i-1", class_="Construction", uri=""), "uri must not be empty"),
        (lambda it: it.repositories.create("i-1", class_="Construction", uri="x" * 2001), "uri .* 2000 characters"),
        (lambda it: it.repositories.update("i-1", "r-1"), "nothing to change"),
        (lambda it: it.repositories.update("i-1", "r-1", display_name=None), "display_name must not be None"),
        (lambda it: it.repositories.update("i-1", "r-1", display_name="x" * 201, merge=True), "display_name"),
        (lambda it: it.repositories.update("i-1", "r-1", uri="x" * 2001), "uri .* 2000 characters"),
        (lambda it: it.repositories.create_resource("i-1", "r-1", id="a"), "display_name is required"),
        (lambda it: it.repositories.create_resource("i-1", "r-1", id="", display_name="b"), "id must not be empty"),
        (
            lambda it: it.repositories.get_resource("i-1", "r-1"),
            "uri, or itwin_id, repository_id and resource_id",
        ),
        (lambda it: it.repositories.get_resource(), "either"),
        (lambda it: it.repositories.get_graphics("i-1", "r-1", "x", uri="/itwins/x"), "either"),
        (lambda it: it.repositories.list_resources("i-1", uri="/itwins/x"), "either"),
        (lambda it: it.repositories.list_resources(uri="itwins/x"), "uri must be an absolute URL or a path"),
        (lambda it: it.repositories.list_resources(uri="https://example.com/x"), "not a host of the platform"),
        (lambda it: it.repositories.get_graphics(uri="http://api.bentley.com/x"), "without https"),
        (lambda it: it.global_repositories.get_resource(uri="https://api.bentley.com.example.com/"), "not a host"),
        (lambda it: it.itwins.list(sub_class=5), "^sub_class must be a string or a list of strings$"),
        (lambda it: it.itwins.update("i-1", "x"), "^changes must be an ITwinUpdate, not a str$"),
        (lambda it: it.repositories.connection(None, allow_http="no"), "^allow_http must be True or False, not str$"),
        (lambda it: it.exports.download("e-1", "x", overwrite="no"), "^overwrite must be True or False, not str$"),
        (lambda it: it.exports.run(output_format="Csv", include_inactive="no"), "^include_inactive must be True or F"),
        (lambda it: it.reality_analysis.jobs.download("j-1", "x", overwrite=1), "^overwrite must be True or False"),
        (
            lambda it: it.reality_analysis.detectors.upload_version(
                "d-1", path="x", version_number="1", labels=["a"], publish="no"
            ),
            "^publish must be True or False",
        ),
        (lambda it: it.map(str, [1], ordered="no"), "^ordered must be True or False"),
        (lambda it: it.itwins.list().to_records(nested="no"), "^nested must be True or False"),
        (
            lambda it: it.exports.wait("e-1", timeout=-1),
            "^timeout must be a finite number of seconds, 0 or more, not -1",
        ),
        (lambda it: it.exports.create(), "output_format is required"),
        (lambda it: it.exports.create(output_format="Csv", select=["a,b"]), "select: a value in a list"),
    ],
)
def test_what_is_certain_to_be_refused_is_not_sent(call: Any, message: str) -> None:
    with ScriptedServer(answer(500)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        with pytest.raises(ValueError, match=message):
            call(platform)
        assert server.connections == 0


def test_a_model_and_arguments_exclude_each_other() -> None:
    from itwin_platform.models import ExportRequest, RepositoryCreate, ResourceCreate

    repository = RepositoryCreate.from_dict({"class": "Construction", "uri": "https://example.com"})
    export = ExportRequest.from_dict({"outputFormat": "Csv"})
    with ScriptedServer(answer(500)) as server, ITwinPlatform("token", api_url=server.url) as platform:
        with pytest.raises(ValueError, match="not both"):
            platform.repositories.create("i-1", repository, uri="https://example.com")
        with pytest.raises(ValueError, match="not both"):
            platform.repositories.create_resource("i-1", "r-1", ResourceCreate("a", "b"), type_="c")
        with pytest.raises(ValueError, match="not both"):
            platform.exports.create(export, include_inactive=False)
        with pytest.raises(ValueError, match=r"^export must be an ExportRequest, not a RepositoryCreate$"):
            platform.exports.create(repository)  # type: ignore[arg-type]
        assert server.connections == 0
