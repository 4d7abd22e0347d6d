"""Reading PEP 751 files: what is accepted, and the exact words for what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.locks import origin, package, sha
from tfsetup.errors import Code, InvalidFileError
from tfsetup.locks.model import Bounds
from tfsetup.locks.venv.pylock import read_pylock
from tfsetup.locks.venv.write import write_lock

SHA = "a" * 64
GOOD = f"""\
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.12"

[[packages]]
name = "beta"
version = "2.0"
wheels = [{{ url = "https://index.example/beta-2.0-py3-none-any.whl", size = 20, hashes = {{ sha256 = "{SHA}" }} }}]

[[packages]]
name = "alpha"
version = "1.0"
wheels = [
    {{ url = "https://a.io/alpha-1.0-cp312-cp312-macosx_12_0_arm64.whl", size = 99, hashes = {{ sha256 = "{SHA}" }} }},
    {{ url = "https://index.example/alpha-1.0-py3-none-any.whl", size = 7, hashes = {{ sha256 = "{SHA}" }} }},
]
"""


def test_a_lock_lists_its_packages_by_name() -> None:
    lock = read_pylock(GOOD, file="pylock.row.toml")
    assert [(package.name, package.version) for package in lock.packages] == [("alpha", "1.0"), ("beta", "2.0")]
    assert lock.text == GOOD


def test_every_wheel_keeps_its_name_size_and_hash() -> None:
    alpha = read_pylock(GOOD, file="f").packages[0]
    assert [(wheel.filename, wheel.size, wheel.sha256) for wheel in alpha.wheels] == [
        ("alpha-1.0-cp312-cp312-macosx_12_0_arm64.whl", 99, SHA),
        ("alpha-1.0-py3-none-any.whl", 7, SHA),
    ]


def test_the_download_is_the_largest_wheel_of_each_package() -> None:
    assert read_pylock(GOOD, file="f").download_size == 119


def test_versions_are_found_by_name() -> None:
    lock = read_pylock(GOOD, file="f")
    assert lock.version_of("beta") == "2.0"
    assert lock.version_of("gamma") is None


def test_the_fingerprint_is_of_the_text() -> None:
    assert read_pylock(GOOD, file="f").sha256 != read_pylock(GOOD + "\n", file="f").sha256


BAD = {
    "not TOML": ("lock-version = \n", "Not valid TOML", "f:1:16"),
    "cut off": (GOOD[:300], "Not valid TOML", None),
    "empty": ("", "This is not a valid lock file", "f:1"),
    "another format version": (GOOD.replace('"1.0"', '"2.0"', 1), "This is not a valid lock file", "f:1"),
    "a format version below others": (
        "".join([*GOOD.splitlines(keepends=True)[1:3], 'lock-version = "3.0"\n', GOOD[GOOD.index("\n[[") :]]),
        "This is not a valid lock file: pylock version 3.0 is not supported",
        "f:3",
    ),
    "duplicate key": (GOOD.replace("created-by", "lock-version", 1), "Not valid TOML", "f:2:20"),
    "duplicate key of a package": (
        GOOD.replace('version = "1.0"\nwheels', 'version = "1.0"\nversion = "1.1"\nwheels'),
        "Not valid TOML",
        "f:13:16",
    ),
    "no name": (GOOD.replace('name = "alpha"\n', ""), "This is not a valid lock file: Missing required value", "f:10"),
    "a number for a version": (
        GOOD.replace('version = "2.0"', "version = 2.0"),
        "This is not a valid lock file: Unexpected type float",
        "f:7",
    ),
    "no hash": (GOOD.replace(f'sha256 = "{SHA}"', 'md5 = "0"', 1), "`beta-2.0-py3-none-any.whl` has no sha256.", "f:8"),
    "a short hash": (GOOD.replace(SHA, "abc", 1), "`beta-2.0-py3-none-any.whl` has no sha256.", "f:8"),
    "another package's wheel": (
        GOOD.replace("/beta-2.0-py3", "/gamma-2.0-py3", 1),
        "This is not a valid lock file: Name in 'gamma-2.0-py3-none-any.whl' is not consistent",
        "f:8",
    ),
    "not a wheel's name": (
        GOOD.replace("-py3-none-any.whl", ".whl", 1),
        "This is not a valid lock file: Invalid wheel filename 'beta-2.0.whl'",
        "f:8",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_their_place(name: str) -> None:
    text, message, where = BAD[name]
    with pytest.raises(InvalidFileError) as caught:
        read_pylock(text, file="f")
    assert caught.value.message.startswith(message)
    assert caught.value.code is Code.INVALID_FILE
    assert caught.value.hint == "Lock files are written by `tfsetup lock`; write it anew rather than editing it."
    if where is not None:
        assert str(caught.value.where) == where


def test_nothing_is_built_from_source_out_of_a_lock_of_ours_or_an_answer_of_uv() -> None:
    source = 'sdist = { url = "https://index.example/beta-2.0.tar.gz", hashes = { sha256 = "' + SHA + '" } }\n'
    start = GOOD.index("wheels")
    text = GOOD[:start] + source + GOOD[GOOD.index("\n", start) :]
    with pytest.raises(InvalidFileError, match="`beta` is not locked to wheels"):
        read_pylock(text, file="f", local=True)
    start = WRITTEN.index("wheels = [")
    written = WRITTEN[:start] + source + WRITTEN[WRITTEN.index("]\n", start) + 2 :]
    with pytest.raises(InvalidFileError, match="is not locked to wheels"):
        read_pylock(written.replace("beta-2.0.tar.gz", "alpha-1.0.tar.gz"), file="f")
    (other,) = (one for one in read_pylock(text, file="f").packages if one.name == "beta")
    assert (other.files, other.source, other.line) == ((), "source distribution", 6)
    beta = read_pylock(text, file="f", sdists=("beta",)).packages[1]
    assert beta.wheels == ()
    assert beta.sdist is not None
    assert beta.sdist.filename == "beta-2.0.tar.gz"


@given(st.text(max_size=400))
def test_any_text_is_a_lock_or_one_clear_error(text: str) -> None:
    try:
        read_pylock(text, file="f")
    except InvalidFileError as refusal:
        error = refusal
    else:
        return
    assert str(error.where).startswith("f")


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.text(max_size=12))
def test_any_edit_gives_a_lock_or_one_clear_error(start: int, end: int, insert: str) -> None:
    try:
        lock = read_pylock(GOOD[:start] + insert + GOOD[end:], file="f")
    except InvalidFileError:
        return
    assert all(len(wheel.sha256) == 64 for package in lock.packages for wheel in package.wheels)


WRITTEN = write_lock(
    (package("alpha", "1.0"), package("beta", "2.0", "cp312-cp312-win_amd64", "cp312-cp312-macosx_11_0_arm64")),
    origin(),
    "pylock",
).text
PLACES = {
    "an absolute path": ("/opt/wheels/beta-2.0-py3-none-any.whl", "path"),
    "an absolute path of Windows": ("C:/wheels/beta-2.0-py3-none-any.whl", "path"),
    "a file address": ("file:///opt/wheels/beta-2.0-py3-none-any.whl", "url"),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_place_on_one_machine_is_refused_with_its_line(name: str) -> None:
    place, key = PLACES[name]
    text = GOOD.replace('url = "https://index.example/beta-2.0-py3-none-any.whl"', f'{key} = "{place}"')
    with pytest.raises(InvalidFileError) as caught:
        read_pylock(text, file="f")
    assert caught.value.message == f"`{place}` is a place on one machine; only files of an index belong in a lock."
    assert str(caught.value.where) == "f:8"
    assert read_pylock(text, file="f", local=True).packages[1].version == "2.0"


def test_a_wheel_s_name_cannot_lead_out_of_a_folder() -> None:
    text = GOOD.replace("beta-2.0-py3-none-any.whl", "x/%2e%2e/beta-2.0-py3-none-any.whl", 1)
    assert read_pylock(text, file="f").packages[1].wheels[0].filename == "beta-2.0-py3-none-any.whl"
    named = GOOD.replace(
        '{ url = "https://index.example/beta',
        '{ name = "../beta-2.0-py3-none-any.whl", url = "https://index.example/beta',
        1,
    )
    with pytest.raises(InvalidFileError, match="This is not a valid lock file"):
        read_pylock(named, file="f")


def test_a_distribution_may_not_stand_there_twice() -> None:
    start = GOOD.index("[[packages]]")
    again = GOOD[start : GOOD.index("[[packages]]", start + 1)]
    with pytest.raises(InvalidFileError, match="`beta` stands here a second time") as caught:
        read_pylock(f"{GOOD}\n{again}", file="f")
    assert str(caught.value.where) == "f:19"


EDITED = {
    "another version": ('name = "beta"\nversion = "2.0"', 'name = "beta"\nversion = "2.0.0"', "beta"),
    "another hash": (sha("alpha-1.0-py3-none-any.whl"), SHA, "alpha"),
    "another address": ("https://files.example/alpha", "https://evil.example/alpha", "alpha"),
    "another size": ("size = 10", "size = 11", "alpha"),
}


@pytest.mark.parametrize("name", EDITED)
def test_an_edit_by_hand_is_found_and_its_line_named(name: str) -> None:
    before, after, package_name = EDITED[name]
    text = WRITTEN.replace(before, after, 1)
    assert text != WRITTEN
    with pytest.raises(InvalidFileError, match=f"The entry of `{package_name}` is not what tfsetup wrote") as caught:
        read_pylock(text, file="f")
    line = next(n for n, line in enumerate(text.splitlines(), 1) if line == f'name = "{package_name}"')
    assert str(caught.value.where) == f"f:{line}"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('row = "macos-arm64-metal"', 'row = "macos-arm64-cpu"', "This lock is not what tfsetup wrote"),
        ("schema = 1", "schema = 7", "This lock is of schema 7; this tfsetup reads schema 1."),
        ('python = "3.12"', "python = 3.12", "The note of tfsetup in this lock is damaged: `python` does not belong"),
        ('python = "3.12"', 'snake = "3.12"', "The note of tfsetup in this lock is damaged: `snake` does not belong"),
        ("requirements = [", "requirements = [1, ", "The note of tfsetup in this lock is damaged: `requirements`"),
    ],
)
def test_an_edit_of_the_note_is_found(before: str, after: str, message: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        read_pylock(WRITTEN.replace(before, after), file="f")
    assert caught.value.message.startswith(message)
    assert str(caught.value.where) == "f:21"


ALTERED = {
    "another Python": ('requires-python = "==3.12.*"', 'requires-python = "==3.11.*"', "f:3"),
    "another environment": ("'darwin'", "'linux'", "f:2"),
    "another maker": ('created-by = "tfsetup lock"', 'created-by = "somebody"', "f:4"),
    "a line more": ("\n[tool.tfsetup]", "dependencies = []\n\n[tool.tfsetup]", "f:20"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_edit_of_anything_else_is_found(name: str) -> None:
    before, after, where = ALTERED[name]
    assert before in WRITTEN
    with pytest.raises(InvalidFileError, match="This line is not what tfsetup wrote") as caught:
        read_pylock(WRITTEN.replace(before, after), file="f")
    assert str(caught.value.where) == where


def test_a_comment_and_an_empty_line_are_no_edit() -> None:
    text = WRITTEN.replace("\n[[packages]]", "\n\n# Reviewed by the team.\n[[packages]]", 1)
    assert read_pylock(text, file="f").packages == read_pylock(WRITTEN, file="f").packages


def test_a_note_of_another_shape_has_a_line_too() -> None:
    text = GOOD + "[tool]\ntfsetup = { schema = 7 }\n"
    with pytest.raises(InvalidFileError, match="This lock is of schema 7") as caught:
        read_pylock(text, file="f")
    assert str(caught.value.where) == "f:1"


@given(st.integers(0, len(WRITTEN) - 2))
def test_a_cut_off_lock_is_never_taken_for_a_whole_one(end: int) -> None:
    with pytest.raises(InvalidFileError):
        read_pylock(WRITTEN[:end], file="f")


CURE = f"""\
lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "tfsetup-cures"
version = "1.2"
wheels = [{{ name = "NAME", path = "PATH", size = 9, hashes = {{ sha256 = "{SHA}" }} }}]
"""
BESIDE = "tfsetup_cures-1.2-py3-none-any.whl"


def test_the_wheel_that_cures_may_lie_beside_the_lock() -> None:
    lock = read_pylock(CURE.replace("NAME", BESIDE).replace("PATH", BESIDE), file="f")
    assert [(file.filename, file.path, file.url) for file in lock.packages[0].wheels] == [(BESIDE, BESIDE, None)]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (BESIDE, f"/tmp/{BESIDE}"),  # noqa: S108 - a place that is refused
        (BESIDE, f"../{BESIDE}"),
        (BESIDE, f"vendor/{BESIDE}"),
        (f"/tmp/{BESIDE}", f"/tmp/{BESIDE}"),  # noqa: S108
        (BESIDE, "tfsetup_cures-1.3-py3-none-any.whl"),
        ("evil-1.2-py3-none-any.whl", "evil-1.2-py3-none-any.whl"),
    ],
)
def test_it_may_lie_nowhere_else_and_no_other_file_may(name: str, place: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        read_pylock(CURE.replace("NAME", name).replace("PATH", place), file="f")
    assert caught.value.code is Code.INVALID_FILE


def test_another_package_has_no_place_beside_a_lock_of_ours() -> None:
    text = WRITTEN.replace(
        'url = "https://files.example/alpha-1.0-py3-none-any.whl"', 'path = "alpha-1.0-py3-none-any.whl"'
    )
    assert text != WRITTEN
    with pytest.raises(InvalidFileError, match="is a place on one machine"):
        read_pylock(text, file="f")


# --------------------------------------------------------------------------------------- what other programs write


@pytest.mark.parametrize(
    "place", ["beta-2.0-py3-none-any.whl", "vendor/beta-2.0-py3-none-any.whl", "../b/beta-2.0-py3-none-any.whl"]
)
def test_a_wheel_may_lie_in_the_project(place: str) -> None:
    text = GOOD.replace('url = "https://index.example/beta-2.0-py3-none-any.whl"', f'path = "{place}"')
    (file,) = read_pylock(text, file="f").packages[1].files
    assert (file.path, file.url, file.filename, file.sha256) == (place, None, "beta-2.0-py3-none-any.whl", SHA)


def archive(place: str, head: str = 'version = "2.0"\n') -> str:
    """A lock of `beta` alone, as uv writes a wheel of the project: by an archive."""
    entry = f'[[packages]]\nname = "beta"\n{head}archive = {{ {place}, hashes = {{ sha256 = "{SHA}" }} }}\n'
    return f'lock-version = "1.0"\ncreated-by = "uv"\n\n{entry}'


@pytest.mark.parametrize("head", ['version = "2.0"\n', ""], ids=["with its version", "without"])
@pytest.mark.parametrize(
    "place", ['path = "vendor/{}"', 'url = "https://index.example/{}"', 'url = "https://index.example/{}#sha"']
)
def test_an_archive_with_a_wheel_s_name_is_a_wheel(place: str, head: str) -> None:
    name = "beta-2.0-py3-none-any.whl"
    (beta,) = read_pylock(archive(place.format(name), head), file="f").packages
    assert (beta.version, beta.source, [wheel.filename for wheel in beta.wheels]) == ("2.0", None, [name])
    assert beta.wheels[0].sha256 == SHA


WRONG_ARCHIVES = {
    "another package's wheel": (
        "gamma-2.0-py3-none-any.whl",
        "`gamma-2.0-py3-none-any.whl` is not a wheel of beta 2.0.",
    ),
    "another version's wheel": ("beta-3.0-py3-none-any.whl", "`beta-3.0-py3-none-any.whl` is not a wheel of beta 2.0."),
    "no wheel's name": ("beta.whl", "`beta.whl` is not a wheel's name."),
}


@pytest.mark.parametrize("name", WRONG_ARCHIVES)
def test_an_archive_that_is_called_a_wheel_must_be_one_of_its_package(name: str) -> None:
    filename, message = WRONG_ARCHIVES[name]
    with pytest.raises(InvalidFileError) as caught:
        read_pylock(archive(f'path = "{filename}"'), file="f")
    assert (caught.value.message, str(caught.value.where)) == (message, "f:7")


SOURCES = {
    "directory": 'directory = { path = ".", editable = true }',
    "repository": 'vcs = { type = "git", url = "https://example.org/beta.git", commit-id = "0123456789abcdef" }',
    "archive of sources": f'archive = {{ url = "https://example.org/beta.zip", hashes = {{ sha256 = "{SHA}" }} }}',
    "source distribution": f'sdist = {{ url = "https://a.io/beta-2.0.tar.gz", hashes = {{ sha256 = "{SHA}" }} }}',
}


@pytest.mark.parametrize("source", SOURCES)
def test_what_must_be_built_is_kept_apart(source: str) -> None:
    text = f'lock-version = "1.0"\ncreated-by = "uv"\n\n[[packages]]\nname = "beta"\n{SOURCES[source]}\n'
    (beta,) = read_pylock(text, file="f").packages
    assert (beta.source, beta.files, beta.version, beta.line) == (source, (), "", 5)


def test_what_a_lock_is_for_is_kept() -> None:
    head = 'requires-python = ">=3.12"\nenvironments = ["os_name == \'nt\'"]\n'
    head += 'dependency-groups = ["a"]\ndefault-groups = ["a"]\n'
    bounds = read_pylock(GOOD.replace('requires-python = ">=3.12"\n', head), file="f").bounds
    assert bounds == Bounds(environments=('os_name == "nt"',), requires_python=">=3.12", groups=("a",))


def test_a_package_s_own_pythons_are_kept() -> None:
    text = GOOD.replace('version = "2.0"\n', 'version = "2.0"\nrequires-python = ">=3.10"\n')
    assert [one.requires_python for one in read_pylock(text, file="f").packages] == [None, ">=3.10"]
