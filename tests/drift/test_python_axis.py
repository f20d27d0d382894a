"""The Python axis on source, and the names of calls, apart from any definition."""

from __future__ import annotations

import pytest
from apidrift.changes import Axis, Level
from apidrift.compare import compare_sides
from apidrift.python import compare_packages
from apidrift.python.snapshot import annotation_text, snapshot
from apidrift.sources.sides import Side, worktree_facade, worktree_side
from codegen.facade_calls import facade_calls, one_spelling

from .cases import base, changed
from .packages import spec

MODULE = "api/things.py"


def found(old: str, new: str) -> set[tuple[str, Level]]:
    """Code and class of what differs between two modules."""
    before, after = (snapshot({MODULE: text})[0] for text in (old, new))
    return {(change.code, change.level) for change in compare_packages(before, after, lambda module: module.name)}


@pytest.mark.parametrize(
    ("old", "new", "code", "level"),
    [
        ("def f(a: int) -> int: ...", "def f(a: int, b: int) -> int: ...", "required-parameter-added", "breaking"),
        ("def f(a: int) -> int: ...", "def f(a: int, b: int = 1) -> int: ...", "optional-parameter-added", "additive"),
        ("def f(a: int) -> int: ...", "def f(b: int) -> int: ...", "parameter-renamed", "breaking"),
        ("def f(a: int) -> int: ...", "def f() -> int: ...", "parameter-removed", "breaking"),
        ("def f(a: int) -> int: ...", "def f(*, a: int) -> int: ...", "parameter-kind-changed", "breaking"),
        ("def f(a: int, b: str): ...", "def f(b: str, a: int): ...", "parameter-order-changed", "breaking"),
        ("def f(a: int): ...", "def f(a: int | str): ...", "parameter-type-widened", "additive"),
        ("def f(a: int | str): ...", "def f(a: int): ...", "parameter-type-narrowed", "breaking"),
        ("def f(a: int = 1): ...", "def f(a: int = 2): ...", "parameter-default-changed", "potentially-breaking"),
        ("def f() -> int: ...", "def f() -> int | None: ...", "return-type-widened", "breaking"),
        ("def f() -> int | None: ...", "def f() -> int: ...", "return-type-narrowed", "potentially-breaking"),
        ("def f() -> int: ...", "async def f() -> int: ...", "function-kind-changed", "breaking"),
        ("def f(): ...", "", "function-removed", "breaking"),
        ("", "def f(): ...", "function-added", "additive"),
        ("def f():\n  'A.'", "def f():\n  'B.'", "docstring-changed", "docs-only"),
        ("def f():\n  return 1", "def f():\n  return 2", "implementation-changed", "docs-only"),
        ("A = 1", "A = 2", "constant-changed", "potentially-breaking"),
        ("class A:\n  x: int", "class A:\n  x: str", "attribute-type-changed", "breaking"),
        ("class A:\n  x: float", "class A:\n  x: int", "attribute-type-narrowed", "potentially-breaking"),
        ("class A:\n  x: int", "class A:\n  x: 'int'", "implementation-changed", "docs-only"),
        ("class A:\n  x: Optional[int]", "class A:\n  x: int | None", "implementation-changed", "docs-only"),
        ("class A:\n  x: list[int]", "class A:\n  x: list[int | None]", "attribute-type-changed", "breaking"),
        (
            "class A:\n  def f(self): ...",
            "class A:\n  @property\n  def f(self): ...",
            "function-kind-changed",
            "breaking",
        ),
        ("class A(E): ...", "class A(F): ...", "class-base-changed", "potentially-breaking"),
        ("class A(Enum):\n  X = 'x'", "class A(Enum):\n  X = 'y'", "enum-member-value-changed", "breaking"),
        ("class A:\n  x: str = field(repr=mask_all)", "class A:\n  x: str", "secret-unmasked", "potentially-breaking"),
        ("class A:\n  x: int = 1", "class A:\n  x: int = 2", "attribute-default-changed", "potentially-breaking"),
        ("class _A:\n  x: int", "class _A:\n  y: int", "implementation-changed", "docs-only"),
    ],
)
def test_one_change_of_source(old: str, new: str, code: str, level: str) -> None:
    assert found(old, new) == {(code, Level(level))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Union[int, Optional[str]]", "int | str | None"),
        ("None | str | int", "int | str | None"),
        ("'list[Thing] | None'", "list[Thing] | None"),
        ("typing.Literal['b', 'a']", "typing.Literal['b', 'a']"),
    ],
)
def test_annotations_have_one_spelling(text: str, expected: str) -> None:
    import ast

    assert annotation_text(ast.parse(text, mode="eval").body) == expected


def test_source_that_is_not_valid_is_told_apart() -> None:
    api, invalid = snapshot({"a.py": "def f(:", "b.py": "f(a=1, a=2)", "c.py": "x = 1"})
    assert list(api) == ["c"]
    assert invalid == ["a.py", "b.py"]


ENDPOINT = """
OPERATION: Operation[{result}] = Operation(
    id="get-thing", method="GET", path="/things/{{id}}", accept="application/json", answers={answers}
)

def request(*, {parameters}) -> Request[{result}]:
    return OPERATION.request(path={{"id": thing_id}})
"""


def endpoint(parameters: str = "thing_id: str", result: str = "Thing", answers: str = "") -> str:
    """A generated module of an operation."""
    answers = answers or f"{{200: {result}.from_dict}}"
    return ENDPOINT.format(parameters=parameters, result=result, answers=answers)


@pytest.mark.parametrize(
    ("change", "code", "level"),
    [
        ({"parameters": "thing_id: str, top: int | None = None"}, "optional-parameter-added", "additive"),
        ({"parameters": "thing_id: str, top: int"}, "required-parameter-added", "breaking"),
        ({"parameters": "id_: str"}, "parameter-renamed", "breaking"),
        ({"parameters": "thing_id: int"}, "parameter-type-changed", "breaking"),
        ({"parameters": "thing_id: str | int"}, "parameter-type-widened", "additive"),
        ({"parameters": "thing_id: str | None = None"}, "parameter-type-widened", "additive"),
    ],
)
def test_one_change_of_what_a_request_takes(change: dict[str, str], code: str, level: str) -> None:
    changes = found(endpoint(), endpoint(**change))
    assert (code, Level(level)) in changes
    assert max(changes, key=lambda each: -each[1].rank)[1] == level


@pytest.mark.parametrize(
    ("result", "answers", "expected"),
    [
        (
            "Other",
            "{200: Other.from_dict}",
            {("return-type-changed", Level.BREAKING), ("operation-result-changed", Level.BREAKING)},
        ),
        (
            "Thing | None",
            "{200: Thing.from_dict, 204: no_body}",
            {("return-type-widened", Level.BREAKING), ("operation-request-changed", Level.DOCS)},
        ),
        ("Thing", "{200: Thing.from_dict, 201: Thing.from_dict}", {("operation-request-changed", Level.DOCS)}),
        ("Thing", "{201: Thing.from_dict}", {("operation-request-changed", Level.DOCS)}),
    ],
)
def test_one_change_of_what_a_request_returns(result: str, answers: str, expected: set[tuple[str, Level]]) -> None:
    assert found(endpoint(), endpoint(result=result, answers=answers)) == expected


def test_a_request_that_may_return_less_is_no_reason_to_fail() -> None:
    old = endpoint(result="Thing | None", answers="{200: Thing.from_dict, 204: no_body}")
    assert ("return-type-narrowed", Level.POTENTIAL) in found(old, endpoint())


def test_the_order_of_what_is_given_by_name_means_nothing() -> None:
    two = endpoint("thing_id: str, top: int"), endpoint("top: int, thing_id: str")
    assert {level for _, level in found(*two)} <= {Level.DOCS}


WRITTEN = """
class Change:
    {attribute}
"""


@pytest.mark.parametrize(
    ("old", "new", "code", "level"),
    [
        ("a: str | Unchanged = UNCHANGED", "a: str | None | Unchanged = UNCHANGED", "type-widened-sent", "additive"),
        ("a: str | None | Unchanged = UNCHANGED", "a: str | Unchanged = UNCHANGED", "type-narrowed-sent", "breaking"),
        ("a: str", "a: str | Unchanged = UNCHANGED", "type-widened-sent", "additive"),
        ("a: str | Unchanged = UNCHANGED", "a: str", "type-narrowed-sent", "breaking"),
        ("a: str | None | Unchanged = UNCHANGED", "a: str | None = None", "type-narrowed-sent", "breaking"),
        ("a: str | Unchanged = UNCHANGED", "a: str | None = None", "type-changed", "breaking"),
    ],
)
def test_one_change_of_what_is_written(old: str, new: str, code: str, level: str) -> None:
    """None is a value there, and UNCHANGED says that there is none."""
    sides = (endpoint("body: Change") + WRITTEN.format(attribute=each) for each in (old, new))
    assert found(*sides) == {(f"attribute-{code}", Level(level))}


ORDERED = "{decorator}\nclass A:\n  x: int\n  y: int\n"
TURNED = "{decorator}\nclass A:\n  y: int\n  x: int\n"


def test_the_order_of_arguments_that_are_given_by_position() -> None:
    assert {code for code, _ in found(ORDERED.format(decorator="@define"), TURNED.format(decorator="@define"))} == {
        "constructor-order-changed"
    }
    keywords = "@define(kw_only=True)"
    changes = found(ORDERED.format(decorator=keywords), TURNED.format(decorator=keywords))
    assert {level for _, level in changes} <= {Level.DOCS}


def test_a_class_that_is_imported_from_two_places_is_reordered_once() -> None:
    old, new = (
        snapshot({"a/__init__.py": text.format(decorator="@define"), "a/b.py": text.format(decorator="@define")})[0]
        for text in (ORDERED, TURNED)
    )
    changes = compare_packages(old, new, lambda module: module.name)
    assert [change.code for change in changes].count("constructor-order-changed") == 1


@pytest.mark.parametrize(
    "text",
    [
        "class NotThereError(Exception):\n  advice = 'Look {0} it up.'",
        "class NotThereError(Exception):\n  def __str__(self):\n    return f'It is {0} gone: {{self.x}}'",
        "class A:\n  def f(self):\n    raise ValueError('That {0} cannot be.')",
        "class A:\n  def f(self):\n    error = ConfigurationError(f'That {0} cannot be {{self}}.')\n    raise error",
        "_ADVICE = 'Export it {0} instead.'\nclass A:\n  def f(self):\n    return Pages(advice=_ADVICE)",
        "class A:\n  def f(self):\n    return Pages(self, advice='Export it {0} instead.')",
    ],
)
def test_what_errors_say_is_for_people(text: str) -> None:
    assert found(text.format("x"), text.format("rather y")) == set()


def test_what_errors_hold_is_not_only_for_people() -> None:
    code = "class NotThereError(Exception):\n  phase = '{0}'"
    assert found(code.format("send"), code.format("read")) == {("constant-changed", Level.POTENTIAL)}
    raised = "def f():\n  raise {0}('That cannot be.')"
    assert found(raised.format("ValueError"), raised.format("TypeError")) == {("implementation-changed", Level.DOCS)}


def test_values_of_a_class_are_no_members_of_an_enum() -> None:
    assert found("class A:\n  ...", "class A:\n  retry = True") == {("constant-added", Level.ADDITIVE)}
    assert found("class A:\n  retry = True", "class A:\n  ...") == {("constant-removed", Level.BREAKING)}


def test_what_a_constructor_sets_may_become_a_property() -> None:
    old = "class A:\n  def __init__(self):\n    self.things = Things(self)"
    new = "class A:\n  def __init__(self): ...\n  @cached_property\n  def things(self) -> Things: ..."
    assert found(old, new) == {("implementation-changed", Level.DOCS)}
    gone = "class A:\n  def __init__(self): ..."
    assert found(old, gone) == {("function-removed", Level.BREAKING)}


CLIENT = """
from functools import cached_property
from .groups.itwins import ITwins
from .groups.reality_analysis import RealityAnalysis

class AsyncClient:
    def __init__(self):
        self.itwins = ITwins(self)

    @cached_property
    def reality_analysis(self) -> RealityAnalysis:
        return RealityAnalysis(self)
"""
ITWINS = """
class ITwins:
    async def get(self, itwin_id):
        from itwin_platform_api.itwins.api.itwins import get_itwin
        return await self._pipeline.call(get_itwin.request(itwin_id=itwin_id))

    def list(self):
        from itwin_platform_api.itwins.api.itwins import get_my_itwins
        return AsyncPages(self._pipeline, get_my_itwins.request(), lambda page: page.itwins)

    async def get_image(self, itwin_id):
        from itwin_platform_api.itwins.api.images import get_itwin_image as image
        return await self._pipeline.call(image.request(itwin_id=itwin_id))

    async def download_image(self, itwin_id):
        return await self._download(itwin_id)

    async def upload_image(self, itwin_id):
        return await self._upload(itwin_id)

    async def _download(self, itwin_id):
        return await self.get_image(itwin_id)

    async def _upload(self, itwin_id):
        return await self._pipeline.call(_request_to_upload(itwin_id))

    async def other(self):
        return other.request()

def _request_to_upload(itwin_id):
    from itwin_platform_api.itwins.api.images import upload_itwin_image
    return upload_itwin_image.request(itwin_id=itwin_id)
"""
REALITY_ANALYSIS = """
from .jobs import Jobs

class RealityAnalysis:
    @cached_property
    def jobs(self) -> "Jobs":
        return Jobs(self._pipeline)

class _Buckets:
    pass
"""
JOBS = """
class Jobs:
    async def get(self, job_id):
        from itwin_platform_api.{package}.api.jobs import jobs_get
        return await self._pipeline.call(jobs_get.request(job_id=job_id))
"""


def test_calls_are_read_from_the_source_of_the_facade() -> None:
    sources = {
        "itwin_platform/_async/client.py": CLIENT,
        "itwin_platform/_async/groups/itwins.py": ITWINS,
        "itwin_platform/_async/groups/reality_analysis.py": REALITY_ANALYSIS,
        "itwin_platform/_async/groups/jobs.py": JOBS.format(package="reality_analysis"),
        "itwin_platform/_async/groups/synchronization.py": JOBS.format(package="synchronization"),
        "itwin_platform/other.py": ITWINS,
        "itwin_platform/_async/broken.py": "(",
    }
    assert facade_calls(sources) == {
        ("itwins", "getitwin"): "platform.itwins.get",
        ("itwins", "getmyitwins"): "platform.itwins.list",
        ("itwins", "getitwinimage"): "platform.itwins.get_image",
        ("itwins", "uploaditwinimage"): "platform.itwins.upload_image",
        ("reality_analysis", "jobsget"): "platform.reality_analysis.jobs.get",
        ("synchronization", "jobsget"): "platform.synchronization.get",
    }


def test_calls_are_read_from_older_sources_too() -> None:
    sources = {"itwin_platform/_async/itwins.py": ITWINS.replace(".request(itwin_id=itwin_id)", ".OPERATION")}
    assert facade_calls(sources)["itwins", "getitwin"] == "platform.itwins.get"


def test_an_id_that_several_apis_have_is_the_call_of_each() -> None:
    facade = {f"x/_async/groups/{name}.py": JOBS.format(package=name) for name in ("analysis", "synchronization")}
    old = changed(base("reader"), [{"set": "/paths/~1pumps~1{pumpId}/get/operationId", "to": "jobs-get"}])
    new = changed(old, [{"remove": "/components/schemas/Pump/required/1"}])
    one, two = (
        Side("side", {name: spec(document, name) for name in ("analysis", "synchronization")}, facade)
        for document in (old, new)
    )
    for axis in Axis:
        changes = [change for change in compare_sides(one, two, [axis]).changes if change.level is Level.BREAKING]
        found = {name for change in changes for name in change.operations}
        assert found == {"platform.analysis.get", "platform.synchronization.get"}


def test_every_call_is_an_operation_of_the_stored_definitions() -> None:
    operations = {
        (spec.package, one_spelling(operation["operationId"]))
        for spec in worktree_side().specs.values()
        for item in spec.document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    }
    found = facade_calls(worktree_facade()).keys()
    assert found
    assert found <= operations


def facade_changes(old: dict[str, str], new: dict[str, str]) -> set[tuple[str, str, Level]]:
    one, two = (
        Side("side", {}, {f"itwin_platform/{path}": text for path, text in each.items()}) for each in (old, new)
    )
    return {(change.code, change.where, change.level) for change in compare_sides(one, two).changes}


def test_groups_may_move_as_long_as_users_reach_them_as_before() -> None:
    more = ITWINS.replace("def other(self)", "def search(self, text: str) -> AsyncPages") + "class More:\n    ...\n"
    pages = {"_async/pages.py": "class AsyncPages:\n    def all(self) -> list[int]: ..."}
    assert facade_changes(
        {"_async/itwins.py": ITWINS, "_async/client.py": CLIENT, "_async/pipeline.py": "class Pipeline: ..."},
        {"_async/groups/itwins.py": more, "_async/client.py": CLIENT, **pages},
    ) == {
        ("class-added", "itwin_platform._async.itwins.More", Level.ADDITIVE),
        ("class-added", "itwin_platform._async.pages.AsyncPages", Level.ADDITIVE),
        ("function-added", "itwin_platform._async.itwins.ITwins.search", Level.ADDITIVE),
        ("function-removed", "itwin_platform._async.itwins.ITwins.other", Level.BREAKING),
    }


def test_what_a_module_exports_may_be_defined_anywhere() -> None:
    connection = "class Connection:\n    def url(self, path: str) -> str: ...\n"
    package = {
        "connections/__init__.py": "from ._shapes import Connection",
        "connections/_shapes.py": "from ._connection import Connection",
        "connections/_connection.py": connection,
    }
    assert facade_changes({"connections.py": connection}, package) <= {
        ("implementation-changed", "itwin_platform.connections", Level.DOCS)
    }
    less = package | {"connections/_connection.py": connection.replace(", path: str", "")}
    assert facade_changes(package, less) == {
        ("parameter-removed", "itwin_platform.connections.Connection.url", Level.BREAKING)
    }
    elsewhere = {"connections/__init__.py": "from itwin_platform_api.itwins.models import Connection"}
    assert facade_changes(package, elsewhere) == set()


def test_what_groups_return_is_compared_as_well() -> None:
    old = {
        "_async/groups/itwins.py": "class ITwins:\n    def list(self) -> AsyncPages[int]: ...",
        "_async/pages.py": "class AsyncPages:\n    def all(self) -> list[int]: ...",
    }
    new = old | {"_async/pages.py": "class AsyncPages:\n    ..."}
    code = ("function-removed", "itwin_platform._async.pages.AsyncPages.all", Level.BREAKING)
    assert facade_changes(old, new) == {code}
