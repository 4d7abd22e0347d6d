"""Small texts: what is read, and each way in which a file is none, in the same words for every reader."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.messages import message, outcome
from tfsetup.errors import InvalidFileError
from tfsetup.ground.text import Lines, decoded, find, find_regular, read

HINT = "Write one."


def said(path: Path, most: int = 100) -> str:
    """Return the error for a file, its path as FILE."""
    with pytest.raises(InvalidFileError) as caught:
        read(path, "lock file", hint=HINT, most=most)
    return message(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_editors_and_powershell_write_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Prozeßor\r\nzwei\rdrei\n".encode(encoding))
    assert read(path, "text") == "Prozeßor\nzwei\ndrei\n"
    assert find(path, "text") == find_regular(path, "text") == "Prozeßor\nzwei\ndrei\n"


def test_nothing_there_is_none_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "none.txt"
    assert find(path, "lock file") is None
    assert find_regular(path, "lock file") is None
    assert said(path) == "invalid-file: There is no such lock file.\nat FILE\nhint: Write one.\n"


def test_a_file_in_the_place_of_a_folder_is_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert find(tmp_path / "file" / "a.txt", "lock file") is None


def test_a_link_to_what_is_gone_is_not_nothing(tmp_path: Path) -> None:
    link = tmp_path / "a.txt"
    link.symlink_to("gone.txt")
    for reader in (find, read):
        with pytest.raises(InvalidFileError, match=r"The lock file is a link to gone\.txt, which is gone\."):
            reader(link, "lock file")
    assert find_regular(link, "lock file") is None


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    assert said(tmp_path) == "invalid-file: The lock file is a folder.\nat FILE\nhint: Write one.\n"
    assert find_regular(tmp_path, "lock file") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_not_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("")
    path.chmod(0)
    assert said(path) == "invalid-file: The lock file cannot be read: Permission denied.\nat FILE\nhint: Write one.\n"


def test_a_circle_of_links_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert said(tmp_path / "a").startswith("invalid-file: The lock file cannot be read: Too many levels")


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    assert "cannot be read: embedded null byte" in said(tmp_path / "a\0b")
    assert find_regular(tmp_path / "a\0b", "lock file") is None


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b" " * 1_500_001)
    words = "invalid-file: The lock file is larger than 1.5 MB; it is not one.\nat FILE\nhint: Write one.\n"
    assert said(path, most=1_500_000) == words
    assert read(path, "lock file", most=1_500_001) == " " * 1_500_001
    with pytest.raises(InvalidFileError, match="larger"):
        find_regular(path, "lock file", most=1)


@pytest.mark.parametrize(
    ("raw", "where", "form"),
    [
        (b'{"os":\n  "\xe9t\xe9"}', "FILE:2:4", "UTF-8"),
        (b"\xe9", "FILE:1:1", "UTF-8"),
        (b"a\r\nb\xc3", "FILE:2:2", "UTF-8"),
        ("Proze\u00df: ".encode() + b"\xff", "FILE:1:9", "UTF-8"),  # columns are characters, not bytes
        (b"\xef\xbb\xbfab\xff", "FILE:1:3", "UTF-8"),  # the mark is none
        (b"\xff\xfea\x00\n\x00b", "FILE:2:1", "UTF-16"),
    ],
)
def test_bytes_that_are_no_text_have_a_place(tmp_path: Path, raw: bytes, where: str, form: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(raw)
    assert said(path) == f"invalid-file: The lock file is not {form} text.\nat {where}\nhint: Save it as UTF-8.\n"


def test_a_pipe_is_read_where_one_is_named_and_not_waited_for_where_one_lies(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert find_regular(path, "text") is None
    reader, writer = os.pipe()  # what a shell gives for <(command)
    os.write(writer, b"said")
    os.close(writer)
    assert read(Path(f"/dev/fd/{reader}"), "text") == "said"
    os.close(reader)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_text_or_have_a_place(raw: bytes) -> None:
    found = outcome(lambda: decoded(raw, "f", "file"))
    if isinstance(found, InvalidFileError):
        assert found.where
        assert (found.where.line, found.where.column) >= (1, 1)
    else:
        assert "\r" not in str(found)
        assert decoded(str(found).encode(), "f", "file") == str(found).removeprefix("\ufeff")


@given(st.text(alphabet="ab\n", max_size=40), st.data())
def test_an_offset_has_one_place(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    where = Lines(text, "f").where(offset)
    lines = text.split("\n")
    assert where.line
    assert where.column
    assert sum(len(line) + 1 for line in lines[: where.line - 1]) + where.column - 1 == offset
    assert where.column <= len(lines[where.line - 1]) + 1
