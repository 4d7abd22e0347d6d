"""Reading the portable form: what is accepted, and the exact words and line for what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.locks import origin, package, sha
from tfsetup.errors import Code, InvalidFileError
from tfsetup.locks.model import Lock
from tfsetup.locks.venv.portable import read_portable
from tfsetup.locks.venv.write import write_lock

A, B = "a" * 64, "b" * 64
GOOD = f"""\
# somebody's own file
Alpha.Beta==1.0 \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}

gamma[extra]==2.0 ; python_version < "3.13" --hash=sha256:{A}  # why
"""
WRITTEN = write_lock(
    (package("alpha", "1.0"), package("beta", "2.0", "cp312-cp312-win_amd64", "cp312-cp312-macosx_11_0_arm64")),
    origin(),
    "portable",
).text


def test_a_file_of_pip_compile_is_read() -> None:
    lock = read_portable(GOOD, file="f")
    assert [(p.name, p.version, p.marker) for p in lock.packages] == [
        ("alpha-beta", "1.0", None),
        ("gamma", "2.0", 'python_version < "3.13"'),
    ]
    assert [file.sha256 for file in lock.packages[0].wheels] == [A, B]
    assert {file.filename for file in lock.packages[0].wheels} == {""}
    assert lock.origin is None
    assert lock.form == "portable"


def test_names_and_sizes_come_from_the_comments_above() -> None:
    text = (
        f"# x-1.0-py3-none-any.whl 77\n# x-1.0-cp312-cp312-win_amd64.whl\nx==1.0 --hash=sha256:{A} --hash=sha256:{B}\n"
    )
    wheels = read_portable(text, file="f").packages[0].wheels
    assert [(w.filename, w.size, w.sha256) for w in wheels] == [
        ("x-1.0-py3-none-any.whl", 77, A),
        ("x-1.0-cp312-cp312-win_amd64.whl", None, B),
    ]


def test_comments_that_do_not_match_the_hashes_are_only_comments() -> None:
    text = f"# x-1.0-py3-none-any.whl 77\nx==1.0 --hash=sha256:{A} --hash=sha256:{B}\n"
    assert [w.filename for w in read_portable(text, file="f").packages[0].wheels] == ["", ""]


BAD = {
    "no hash": ("alpha==1.0\n", "`alpha` has no sha256.", "f:1"),
    "no version": (f"alpha --hash=sha256:{A}\n", "`alpha` is not a pin such as `name==1.0 --hash=sha256:…`.", "f:1"),
    "a range": (f"\nalpha>=1 --hash=sha256:{A}\n", "`alpha>=1` is not a pin such as", "f:2"),
    "a wildcard": (f"alpha==1.* --hash=sha256:{A}\n", "`alpha==1.*` is not a pin such as", "f:1"),
    "an address": (
        f"alpha @ https://a.io/a.whl --hash=sha256:{A}\n",
        "`alpha @ https://a.io/a.whl` is not a pin",
        "f:1",
    ),
    "a path": (f"../alpha-1.0-py3-none-any.whl --hash=sha256:{A}\n", "`../alpha-1.0-py3-none-any.whl` is not a", "f:1"),
    "an option": (
        "--index-url https://evil.example/simple\n",
        "`--index-url https://evil.example/simple` is not",
        "f:1",
    ),
    "another file": ("-r ../other.txt\n", "`-r ../other.txt` is not a pin such as", "f:1"),
    "an option after a pin": (
        f"alpha==1.0 --hash=sha256:{A} --no-binary=:all:\n",
        "`alpha==1.0 --no-binary=:all:`",
        "f:1",
    ),
    "an old hash": ("alpha==1.0 --hash=md5:abc\n", "`alpha` has a hash that is not a sha256: `md5:abc`.", "f:1"),
    "a short hash": ("alpha==1.0 --hash=sha256:abc\n", "`alpha` has a hash that is not a sha256", "f:1"),
    "cut off after a backslash": ("alpha==1.0 \\\n", "This requirement is cut off", "f:1"),
    "a gap after a backslash": (f"alpha==1.0 \\\n\n --hash=sha256:{A}\n", "This requirement is cut off", "f:1"),
    "twice": (
        f"alpha==1.0 --hash=sha256:{A}\nAlpha==1.1 --hash=sha256:{A}\n",
        "`alpha` stands here a second time, first at line 1.",
        "f:2",
    ),
    "no marker": (f"alpha==1.0 ; nonsense --hash=sha256:{A}\n", "`nonsense` is not an environment marker.", "f:1"),
    "a source distribution": (
        f"# alpha-1.0.tar.gz 5\nalpha==1.0 --hash=sha256:{A}\n",
        "`alpha` is not locked to wheels; nothing is built from source out of a lock file.",
        "f:2",
    ),
    "a damaged note": ("#: row = \n", "The note of tfsetup in this lock is damaged", "f:1"),
    "a note of another tfsetup": (
        '#: schema = 2\n#: row = "x"\n',
        "This lock is of schema 2; this tfsetup reads",
        "f:1",
    ),
    "a note with a key twice": ("#: schema = 1\n#: schema = 1\n", "The note of tfsetup in this lock is damaged", "f:1"),
    "a note without a row": (
        "#: schema = 1\n",
        "The note of tfsetup in this lock is damaged: `row` is missing.",
        "f:1",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_their_line(name: str) -> None:
    text, message, where = BAD[name]
    with pytest.raises(InvalidFileError) as caught:
        read_portable(text, file="f")
    assert caught.value.message.startswith(message)
    assert str(caught.value.where) == where
    assert caught.value.code is Code.INVALID_FILE


EDITED = {
    "another version": ("beta==2.0", "beta==2.1", "beta"),
    "another hash": (sha("alpha-1.0-py3-none-any.whl"), A, "alpha"),
    "another file name": ("# beta-2.0-cp312-cp312-win_amd64.whl", "# beta-2.0-cp313-cp313-win_amd64.whl", "beta"),
    "another size": ("win_amd64.whl 10", "win_amd64.whl 11", "beta"),
    "a marker": ("beta==2.0", "beta==2.0 ; python_version < '3'", "beta"),
    "another fingerprint": ('#: sums.beta = "', '#: sums.beta = "0', "beta"),
}


@pytest.mark.parametrize("name", EDITED)
def test_an_edit_by_hand_is_found_and_its_line_named(name: str) -> None:
    before, after, package_name = EDITED[name]
    text = WRITTEN.replace(before, after, 1)
    assert text != WRITTEN
    with pytest.raises(InvalidFileError, match=f"The entry of `{package_name}` is not what tfsetup wrote") as caught:
        read_portable(text, file="f")
    line = next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(f"{package_name}=="))
    assert str(caught.value.where) == f"f:{line}"


@pytest.mark.parametrize(
    ("before", "after"),
    [('row = "macos-arm64-metal"', 'row = "macos-arm64-cpu"'), ('python = "3.12"', 'python = "3.13"')],
)
def test_an_edit_of_the_note_is_found(before: str, after: str) -> None:
    with pytest.raises(InvalidFileError, match="This lock is not what tfsetup wrote") as caught:
        read_portable(WRITTEN.replace(before, after), file="f")
    assert str(caught.value.where) == "f:3"


def test_a_package_taken_out_is_found() -> None:
    start, end = WRITTEN.index("# alpha-1.0"), WRITTEN.index("# beta-2.0")
    with pytest.raises(InvalidFileError, match="This lock is not what tfsetup wrote"):
        read_portable(WRITTEN[:start] + WRITTEN[end:], file="f")


@pytest.mark.parametrize(("text", "line"), [("", 1), ("# Written by `tfsetup lock`\n", 2), ("\n\n", 3)])
def test_an_empty_lock_is_none(text: str, line: int) -> None:
    with pytest.raises(InvalidFileError, match="Nothing is locked here: the file is empty or cut off") as caught:
        read_portable(text, file="f")
    assert str(caught.value.where) == f"f:{line}"


ALTERED = {
    "an option after the note": ("#: schema = 1\n", "#: schema = 1\n#: pre = false\n"),
    "a fingerprint that stands elsewhere": ('#: rules.versions = "', '#: rules."versions" = "'),
    "an extra": ("\nalpha==1.0", "\nalpha[more]==1.0"),
    "spaces": ("\nalpha==1.0", "\nalpha == 1.0"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_edit_of_anything_else_is_found(name: str) -> None:
    before, after = ALTERED[name]
    text = WRITTEN.replace(before, after, 1)
    assert text != WRITTEN
    with pytest.raises(InvalidFileError, match="This line is not what tfsetup wrote") as caught:
        read_portable(text, file="f")
    theirs = zip(text.splitlines(), WRITTEN.splitlines(), strict=False)
    assert str(caught.value.where) == f"f:{next(n for n, (new, old) in enumerate(theirs, 1) if new != old)}"


def test_a_comment_and_an_empty_line_are_no_edit() -> None:
    text = WRITTEN.replace("\n\n# beta", "\n\n# Reviewed.\n\n# beta")
    assert text != WRITTEN
    assert read_portable(text, file="f").packages == read_portable(WRITTEN, file="f").packages


@given(st.integers(0, len(WRITTEN) - 2))
def test_a_cut_off_lock_is_never_taken_for_a_whole_one(end: int) -> None:
    with pytest.raises(InvalidFileError):
        read_portable(WRITTEN[:end], file="f")


def read_or_refused(text: str) -> Lock | None:
    """Return the lock, or None after one error that names the file."""
    try:
        return read_portable(text, file="f")
    except InvalidFileError as refusal:
        error = refusal
    assert str(error.where).startswith("f")
    return None


@given(st.text(max_size=300))
def test_any_text_is_a_lock_or_one_clear_error(text: str) -> None:
    lock = read_or_refused(text)
    assert lock is None or all(file.sha256 for each in lock.packages for file in each.files)


@given(st.integers(0, len(WRITTEN)), st.integers(0, len(WRITTEN)), st.text(max_size=12))
def test_any_edit_gives_the_same_packages_or_one_clear_error(start: int, end: int, insert: str) -> None:
    whole = read_portable(WRITTEN, file="f")
    lock = read_or_refused(WRITTEN[:start] + insert + WRITTEN[end:])
    if lock is not None and lock.origin is not None:
        assert lock.packages == whole.packages
