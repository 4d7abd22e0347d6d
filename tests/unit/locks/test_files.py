"""Lock files on disk: whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.disk import Event, assert_written_whole, every_failure, watching
from support.locks import origin, package
from support.matrix import linux, shipped
from tfsetup.errors import BuildError, InvalidFileError, LockError, UsageError
from tfsetup.locks import files
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.proof import Proof, parse_proofs, render_proofs, subject
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.choose.reference import reference_host

PROOF = Proof(row="r-x", python="3.12", sha256="0", verdict="loads", images=3)


def listed(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_are_written_together_and_only_if_they_change(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert files.write_all(folder, {"x": "1\n", "y": "2\n"}) == ["x", "y"]
    assert files.write_all(folder, {"x": "1\n", "y": "3\n"}) == ["y"]
    assert listed(folder) == {"x": "1\n", "y": "3\n"}


@pytest.mark.parametrize("failing", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
def test_whatever_happens_on_the_way_the_locks_are_all_old_or_all_new(tmp_path: Path, failing: BaseException) -> None:
    old, new = {"x": "old", "y": "old"}, {"x": "new", "y": "new", "z": "new"}

    def prepare() -> None:
        for path in tmp_path.iterdir():
            path.unlink()
        for name, text in old.items():
            (tmp_path / name).write_text(text)

    outcomes = []
    for outcome in every_failure(tmp_path, failing, prepare=prepare, act=lambda: files.write_all(tmp_path, new)):
        outcomes.append(type(outcome))
        there = listed(tmp_path)
        assert (
            there == new
            if outcome is None
            else there == old
            if isinstance(outcome, BuildError)
            else there in (old, new)
        )
    assert len(outcomes) > 3 * 3  # each draft is opened, brought to the disk and renamed, at the least
    assert outcomes[-1] is type(None)
    assert (BuildError if isinstance(failing, OSError) else KeyboardInterrupt) in outcomes


def test_lock_files_are_on_the_disk_before_they_take_their_places_and_their_folder_after(tmp_path: Path) -> None:
    folder = tmp_path / "environments" / "locks"
    with watching(tmp_path) as seen:
        files.write_all(folder, {"x": "1", "y": "2"})
    for place in (folder / "x", folder / "y"):
        assert_written_whole(seen, place)
    assert Event("fsync", tmp_path) in seen
    assert Event("fsync", folder.parent) in seen


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildError, match="cannot be written"):
        files.write_all(tmp_path / "file" / "locks", {"x": "1"})
    with pytest.raises(UsageError, match="this is a file"):
        files.existing_folder(tmp_path / "file")
    assert files.existing_folder(tmp_path / "new") == tmp_path / "new"


def test_bytes_that_are_no_text_have_a_line(tmp_path: Path) -> None:
    path = tmp_path / "requirements.a-b.txt"
    path.write_bytes(b"# one\n# two\n\xff\xfe\n")
    with pytest.raises(InvalidFileError, match="The lock file is not UTF-8 text") as caught:
        files.read_lock(path)
    assert str(caught.value.where) == f"{path}:3:1"


@pytest.mark.parametrize(
    ("there", "form"),
    [
        ((), "pylock"),
        (("proof.json", "conda-lock.yml"), "pylock"),
        (("requirements.a-b.txt", "requirements.c-d.txt", "proof.json"), "portable"),
        (("pylock.a-b.toml",), "pylock"),
        (("pylock.a-b.toml", "requirements.c-d.txt"), "pylock"),
    ],
)
def test_the_form_in_place_is_written_again(tmp_path: Path, there: tuple[str, ...], form: str) -> None:
    for name in there:
        (tmp_path / name).write_text("")
    assert files.form_in(tmp_path) == form
    assert files.form_in(tmp_path / "missing") == "pylock"


def test_both_forms_of_a_target_are_found(tmp_path: Path) -> None:
    for name in ("pylock.a-b.toml", "requirements.a-b.txt", "requirements.c-d-py311.txt", "pylock.toml", "proof.json"):
        (tmp_path / name).write_text("")
    assert files.lock_names(tmp_path) == ["a-b", "c-d-py311"]
    assert [path.name for path in files.locks_of(tmp_path, "a-b")] == ["pylock.a-b.toml", "requirements.a-b.txt"]
    assert files.locks_of(tmp_path, "e-f") == []
    assert files.lock_names(tmp_path / "none") == []


@pytest.mark.parametrize("name", ["pylock.a-b.toml", "requirements.a-b.txt"])
def test_the_form_is_told_by_the_name(tmp_path: Path, name: str) -> None:
    form = files.read_lock
    lock = write_lock((package("alpha", "1.0"),), origin(), "pylock" if name.endswith("toml") else "portable")
    (tmp_path / name).write_text(lock.text)
    assert form(tmp_path / name) == lock


def test_what_is_no_file_and_what_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="There is no such lock file"):
        files.read_lock(tmp_path / "pylock.toml")
    (tmp_path / "pylock.toml").write_bytes(b"\xff\xff")
    with pytest.raises(InvalidFileError, match="The lock file is not UTF-8 text"):
        files.read_lock(tmp_path / "pylock.toml")
    with pytest.raises(InvalidFileError, match="The lock file is a folder"):
        files.read_lock(tmp_path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "pylock.toml").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(InvalidFileError, match=r"The lock file is larger than 16\.8 MB; it is not one"):
        files.read_lock(tmp_path / "pylock.toml")


def test_proofs_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert files.read_proofs(tmp_path) == {}
    (tmp_path / files.PROOFS).write_text(render_proofs({"b": PROOF, "a": PROOF}))
    assert files.read_proofs(tmp_path) == {"a": PROOF, "b": PROOF}
    assert list(json.loads((tmp_path / files.PROOFS).read_text())["locks"]) == ["a", "b"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 2, "locks": {}}', '{"schema": 1, "locks": {"a": {}}}'])
def test_a_damaged_record_of_proofs_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / files.PROOFS).write_text(text)
    with pytest.raises(InvalidFileError, match="The record of proofs is"):
        files.read_proofs(tmp_path)


@given(st.text(max_size=100))
def test_any_text_is_a_record_or_one_clear_error(text: str) -> None:
    error = None
    try:
        parse_proofs(text, "f")
    except InvalidFileError as refusal:
        error = refusal
    assert error is None or str(error.where) == "f"


def test_a_proof_is_remembered_by_what_was_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path))
    key = subject((package("alpha", "1.0"),), linux(), "3.12")
    assert files.known_proof(key) is None
    files.keep_proof(key, PROOF)
    assert files.known_proof(key) == PROOF
    others = [
        subject((package("alpha", "1.1"),), linux(), "3.12"),
        subject((package("alpha", "1.0"),), reference_host(shipped().rows[0]), "3.12"),
        subject((package("alpha", "1.0"),), linux(), "3.11"),
    ]
    assert len({key, *others}) == 4
    assert [files.known_proof(other) for other in others] == [None, None, None]


def test_a_cache_that_cannot_be_written_is_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "file"))
    files.keep_proof("0", PROOF)
    assert files.known_proof("0") is None


def test_what_judges_is_part_of_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path))
    files.keep_proof("0", PROOF)
    monkeypatch.setattr(files, "_judging_code", lambda: "another")
    assert files.known_proof("0") is None


def test_the_wheel_beside_a_lock_must_be_the_one_it_names(tmp_path: Path) -> None:
    wheel = cure_wheel({"A": "1"})
    path = tmp_path / "pylock.a-b.toml"
    lock = write_lock((package("alpha", "1.0"), wheel.package), origin(cures={"A": "1"}), "pylock")
    what = f"{wheel.filename}, which cures known defects,"
    assert files.cure_problem(path, lock) == f"{what} cannot be read beside it: No such file or directory"
    files.write_all(tmp_path, {path.name: lock.text, wheel.filename: wheel.content})
    assert files.cure_problem(path, lock) == ""
    (tmp_path / wheel.filename).write_bytes(b"")
    assert files.cure_problem(path, lock) == f"{what} is not the one it was written with"
    assert files.cure_problem(path, write_lock((package("alpha", "1.0"),), origin(), "pylock")) == ""


def test_wheels_that_no_lock_names_any_more_go_and_nothing_else_does(tmp_path: Path) -> None:
    wheel, old = cure_wheel({"A": "1"}), cure_wheel({"A": "2"})
    lock = write_lock((wheel.package,), origin(), "pylock")
    mine = ("tfsetup_cures-mine.whl", "other-1.0-py3-none-any.whl", "proof.json")
    files.write_all(tmp_path, {"pylock.a-b.toml": lock.text, wheel.filename: wheel.content, old.filename: old.content})
    files.write_all(tmp_path, dict.fromkeys(mine, "x"))
    files.sweep_cures(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"pylock.a-b.toml", wheel.filename, *mine}
    files.sweep_cures(tmp_path / "nowhere")


def test_the_wheel_that_cures_is_no_part_of_what_a_proof_is_about() -> None:
    host = reference_host(next(row for row in shipped().rows if row.id == "macos-arm64-metal"))
    alpha = package("alpha", "1.0")
    assert subject([alpha, cure_wheel({"A": "1"}).package], host, "3.12") == subject([alpha], host, "3.12")
