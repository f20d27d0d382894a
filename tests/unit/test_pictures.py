"""Which images are accepted for an iTwin, and what is read out of their first bytes."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itwin_platform.errors import StorageError, StorageNotFoundError
from itwin_platform.storage._pictures import MAX_BYTES, content_of, media_type_of, size_of
from tests.support.pictures import jpeg, picture, segment

SIDES = st.integers(1, 65_535)
# Everything but frames, what has no length, the end, and fill bytes.
SEGMENTS = st.lists(st.tuples(st.sampled_from([0xE0, 0xE1, 0xC4, 0xDB, 0xFE, 0xC8, 0xCC]), st.binary(max_size=300)))
FRAMES = st.sampled_from([each for each in range(0xC0, 0xD0) if each not in {0xC4, 0xC8, 0xCC}])


@given(SIDES, SIDES)
def test_a_png_says_its_size(width: int, height: int) -> None:
    assert size_of(picture(width, height)) == (width, height)


@given(SIDES, SIDES, FRAMES, SEGMENTS, st.integers(0, 3))
def test_a_jpeg_says_its_size_behind_whatever_comes_before(
    width: int, height: int, frame: int, before: list[tuple[int, bytes]], fill: int
) -> None:
    segments = b"".join(b"\xff" * fill + segment(marker, content) for marker, content in before)
    # A thumbnail in a segment has a frame of its own, which is not that of the image.
    segments += segment(0xE1, jpeg(7, 9))
    assert size_of(jpeg(width, height, frame=frame, before=segments)) == (width, height)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"\xff\xd8\xff" + rest))
def test_whatever_the_bytes_are_there_is_a_size_or_none(content: bytes) -> None:
    size = size_of(content)
    assert size is None or min(size) > 0


@pytest.mark.parametrize("cut", range(24))
def test_a_png_that_is_cut_off_is_no_image(cut: int) -> None:
    with pytest.raises(ValueError, match="empty" if not cut else "neither PNG nor JPEG"):
        media_type_of(picture(300, 200)[:cut])


@pytest.mark.parametrize(
    "content",
    [
        b"GIF89a" + bytes(20),
        b"<svg/>",
        b"RIFF0000WEBPVP8 ",
        picture(0, 5),
        jpeg(5, 0),
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xda",
    ],
)
def test_what_is_neither_png_nor_jpeg_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="neither PNG nor JPEG"):
        media_type_of(content)


@pytest.mark.parametrize(("width", "height"), [(5, 1), (1, 5), (500, 100), (1, 1)])
def test_sides_of_five_to_one_are_accepted(width: int, height: int) -> None:
    assert media_type_of(picture(width, height)) == "image/png"
    assert media_type_of(jpeg(width, height)) == "image/jpeg"


@pytest.mark.parametrize(("width", "height"), [(501, 100), (100, 501), (6, 1)])
def test_sides_of_more_than_five_to_one_are_refused(width: int, height: int) -> None:
    for content in (picture(width, height), jpeg(width, height)):
        with pytest.raises(ValueError, match=f"{width} x {height} pixels"):
            media_type_of(content)


class OneByOne(io.RawIOBase):
    """A file that gives less than it is asked for."""

    def __init__(self, content: bytes) -> None:
        self._rest = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._rest.read(min(size, 7))


def test_an_image_can_be_a_path_bytes_or_a_file(tmp_path: Path) -> None:
    content = picture(3, 2, 100)
    path = tmp_path / "image.jpg"  # the name says nothing
    path.write_bytes(content)
    with path.open("rb") as file:
        every: list[Any] = [path, str(path), content, bytearray(content), memoryview(content), file, OneByOne(content)]
        assert {content_of(each) for each in every} == {content}
    begun = io.BytesIO(b"before" + content)
    begun.seek(6)
    assert content_of(begun) == content


def test_a_path_is_closed_again(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(picture(1, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content_of(tmp_path / "image")


def test_five_megabytes_are_the_most(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    for size, works in ((MAX_BYTES, True), (MAX_BYTES + 1, False)):
        content = picture(3, 2, size)
        path.write_bytes(content)
        for each in (content, path, io.BytesIO(content)):
            if works:
                assert len(content_of(each)) == size
            else:
                with pytest.raises(ValueError, match="larger than 5 MB"):
                    content_of(each)


def test_an_endless_file_is_not_read_to_its_end() -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"x" * size

    with pytest.raises(ValueError, match="larger than 5 MB"):
        content_of(Endless())  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [None, 5, [b"x"], io.StringIO("text"), object()])
def test_what_holds_no_bytes_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="image must be"):
        content_of(bad)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageNotFoundError, match=r"nowhere\.png"):
        content_of(tmp_path / "nowhere.png")
    with pytest.raises(StorageError, match=f"{tmp_path.name}' is a folder, not an image"):
        content_of(tmp_path)
