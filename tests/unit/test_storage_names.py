"""Names of blobs and files: nothing leads out of a folder, and nothing is written over by accident."""

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from itwin_platform.storage import _names as names

PIECES = st.sampled_from(
    ["..", ".", "", "a", "C:", "c:", "nul", "COM1.txt", "x ", "y.", "a:b", "~", "\u00e4", "a\\b", "\n"]
)
NAMES = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=6).map("/".join))


@given(NAMES)
@example("../evil")
@example("/etc/passwd")
@example("C:/Windows")
@example("a/../../evil")
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    if names.target_problem(name, windows=False) is None:
        folder = Path("/base/folder")
        target = folder.joinpath(*name.split("/"))
        assert target.is_relative_to(folder)
        assert ".." not in target.parts
    if names.target_problem(name, windows=True) is None:
        there = PureWindowsPath("D:/base/folder").joinpath(*name.split("/"))
        assert there.is_relative_to("D:/base/folder")
        assert ".." not in there.parts
        assert ":" not in there.relative_to("D:/base/folder").as_posix()


@pytest.mark.parametrize(
    "name", ["nul", "a/CON", "COM1.txt", "lpt9", "a/trailing.", "trailing ", "report:b", "what?", "<x>"]
)
def test_what_windows_cannot_hold_is_refused_there_only(name: str) -> None:
    assert names.target_problem(name, windows=True) is not None
    assert names.target_problem(name, windows=False) is None


@given(st.text(max_size=20), NAMES)
def test_where_a_blob_belongs_and_what_a_file_is_called_fit_together(prefix: str, name: str) -> None:
    if names.name_problem(name) or (prefix and names.name_problem(prefix)):
        return
    parts = tuple(name.split("/"))
    assert names.relative_to(names.blob_name(prefix, parts), prefix) == name


def test_names_that_a_folder_would_mix_up() -> None:
    assert names.clashes(["a", "b", "a/b"]) == set()
    assert names.clashes(["A.txt", "a.txt", "b"]) == {"a.txt"}
    assert names.clashes(["\u00e4", "a\u0308"]) == {"a\u0308"}


@pytest.mark.parametrize("name", ["", "a" * 1025, "a\\b", "a\nb", "\udcff", "a/./b", "a//b", "/a", "a/", 5, None])
def test_names_that_no_blob_has(name: object) -> None:
    with pytest.raises(ValueError, match=r"^a name must"):
        names.checked_name("a name", name)


def test_prefixes() -> None:
    assert names.checked_prefix("a/b/") == "a/b"
    assert names.checked_prefix("") == names.checked_prefix("/") == ""
