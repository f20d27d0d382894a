"""The Python axis on source, and the names of calls, apart from any definition."""

from __future__ import annotations

import pytest
from apidrift.changes import Level
from apidrift.facade import facade_calls
from apidrift.python import compare_packages
from apidrift.snapshot import annotation_text, snapshot

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


FACADE = """
from typing import TYPE_CHECKING

class ITwins:
    async def get(self, itwin_id):
        from itwin_platform_api.itwins.api.itwins import get_itwin
        return await self._pipeline.call(get_itwin.OPERATION, itwin_id=itwin_id)

    async def get_image(self, itwin_id):
        from itwin_platform_api.itwins.api.images import get_itwin_image as image
        return await self._pipeline.call(image.OPERATION, itwin_id=itwin_id)

    async def helper(self):
        return other.OPERATION
"""


def test_calls_are_read_from_the_source_of_the_facade() -> None:
    sources = {"itwin_platform/_async/itwins.py": FACADE, "itwin_platform/other.py": FACADE, "x/_async/broken.py": "("}
    assert facade_calls(sources) == {"getitwin": "platform.itwins.get", "getitwinimage": "platform.itwins.get_image"}


def test_every_operation_of_the_stored_definitions_has_a_call() -> None:
    from apidrift.sides import worktree_facade

    assert set(facade_calls(worktree_facade()).values()) == {
        "platform.itwins.get",
        "platform.itwins.get_image",
        "platform.repositories.get",
        "platform.repositories.get_resource",
        "platform.reality_analysis.get_bucket",
    }
