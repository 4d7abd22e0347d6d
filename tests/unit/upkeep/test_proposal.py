"""What a newer index asks for: edits that keep comments, and notes for people."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from support.disk import assert_written_whole, every_failure, watching
from support.matrix import shipped
from tfsetup.errors import BuildError, Where
from tfsetup.matrix.facts import Index, Release
from tfsetup.matrix.file.disk import environments
from tfsetup.matrix.file.load import merge, parse
from tfsetup.upkeep.checks.check import check_matrix
from tfsetup.upkeep.files import Files
from tfsetup.upkeep.proposal import Edit, apply_edits, diff, propose

TEXT = (environments() / "matrix.yaml").read_text(encoding="utf-8")


def with_release(index: Index, name: str, version: str, like: str, *, pythons: tuple[str, ...] | None = None) -> Index:
    """The index with one more release of a distribution, with the wheels of another."""
    old = index.distributions[name][like]
    wheels = tuple(replace(g, pythons=pythons or g.pythons) for g in old.wheels)
    release: Release = replace(old, wheels=wheels)
    distributions = {**index.distributions, name: {**index.distributions[name], version: release}}
    return replace(index, distributions=distributions, _sorted={})


def newer(*, pythons: tuple[str, ...] | None = None) -> Index:
    index = shipped().index
    for name in ("tensorflow", "tensorflow-cpu"):
        index = with_release(index, name, "2.22.0", "2.21.0", pythons=pythons)
    return index


def test_nothing_new_nothing_to_change() -> None:
    proposal = propose(shipped(), shipped().index)
    assert proposal.edits == ()
    assert proposal.notes == ()


def test_a_new_release_moves_the_mark_and_is_said_to_whom_it_concerns() -> None:
    proposal = propose(shipped(), newer())
    assert [(e.old, e.new, e.because) for e in proposal.edits] == [
        ('"2.21.0"', '"2.22.0"', "2.22.0 is the newest stable release")
    ]
    assert "macos-arm64-metal-community holds for ==2.21.* and does not take in 2.22.0" in proposal.notes
    assert "macos-arm64-metal has no plugin for 2.22.0; its newest pair stays the answer" in proposal.notes


def test_the_proposed_text_keeps_every_comment_and_passes_the_check() -> None:
    index = newer()
    text = apply_edits(TEXT, propose(shipped(), index).edits)
    assert [line for line in text.splitlines() if "#" in line] == [line for line in TEXT.splitlines() if "#" in line]
    changed = diff(TEXT, text, "matrix.yaml").splitlines()
    assert [line for line in changed if line[:1] in "+-" and line[:3] not in {"+++", "---"}] == [
        '-proven: "2.21.0"',
        '+proven: "2.22.0"',
    ]
    _, problems = check_matrix(merge([parse(text, "matrix.yaml")], index))
    assert [str(p) for p in problems] == []


def test_without_the_edit_the_check_says_what_is_missing() -> None:
    _, loose = check_matrix(merge([parse(TEXT, "matrix.yaml")], newer()))
    assert [p.message for p in loose] == [
        "the index has 2.22.0, which nobody has looked at (`tfsetup matrix update`)",
    ]


def test_a_python_that_the_new_release_dropped_is_no_longer_preferred() -> None:
    proposal = propose(shipped(), newer(pythons=("3.11", "3.12", "3.14")))
    pythons = [(e.old, e.new) for e in proposal.edits if e.old != '"2.21.0"']
    assert set(pythons) == {('"3.13"', '"3.14"')}
    assert len(pythons) == len([row for row in shipped().rows if row.python == "3.13"])


def test_a_new_plugin_is_for_a_person_to_prove() -> None:
    index = with_release(shipped().index, "tensorflow-metal", "1.3.0", "1.2.0")
    proposal = propose(shipped(), index)
    assert proposal.edits == ()
    assert len(proposal.notes) == 1
    assert proposal.notes[0].startswith("tensorflow-metal 1.3.0 is new; prove what it loads with (`tfsetup preflight")


def test_an_edit_in_the_wrong_place_changes_nothing() -> None:
    edit = Edit(where=Where(file="m", line=2, column=4), old="x", new="y", because="")
    with pytest.raises(ValueError, match="m:2:4: x is expected here"):
        apply_edits("a: 1\nb: 2\n", [edit])


def test_edits_on_one_line_do_not_disturb_each_other() -> None:
    edits = [
        Edit(where=Where(file="m", line=1, column=5), old="1", new="100", because=""),
        Edit(where=Where(file="m", line=1, column=11), old="2", new="200", because=""),
    ]
    assert apply_edits("{a: 1, b: 2}  # why\n".replace("b: 2", "b:  2"), edits[:1]) == "{a: 100, b:  2}  # why\n"
    assert apply_edits("{a: 1, bb: 2}\n", [edits[0], replace(edits[1], where=Where(file="m", line=1, column=12))]) == (
        "{a: 100, bb: 200}\n"
    )


def test_both_files_are_written_or_the_folder_is_named(tmp_path: Path) -> None:
    files = Files.of(tmp_path)
    with watching(tmp_path) as seen:
        files.write("schema: 1\n", "{}\n")
    assert files.matrix_text() == "schema: 1\n"
    names = ["index.json", "matrix.json", "matrix.yaml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for name in names:
        assert_written_whole(seen, tmp_path / name)
    with pytest.raises(BuildError, match="cannot be written"):
        Files.of(tmp_path / "not-there").write("schema: 1\n", "")
    assert not (tmp_path / "not-there").exists()


def test_the_matrix_and_its_snapshot_change_together_or_not_at_all(tmp_path: Path) -> None:
    files, full = Files.of(tmp_path), OSError(28, "No space left on device")

    def look() -> dict[str, str]:
        return {path.name: path.read_text() for path in tmp_path.iterdir()}

    files.write("schema: 1\n", "new\n")
    new = look()

    def prepare() -> None:
        files.write("schema: 1\n# old\n", "old\n")

    prepare()
    old = look()
    act = partial(files.write, "schema: 1\n", "new\n")
    for outcome in every_failure(tmp_path, full, prepare=prepare, act=act):
        assert look() == (new if outcome is None else old)
