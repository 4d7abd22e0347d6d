"""The course of `matrix update`, over a matrix and an index in folders: what is proposed, and what is written when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.index_folder import IndexFolder
from tfsetup.errors import Code
from tfsetup.ground.encode import encode
from tfsetup.matrix.facts import Index
from tfsetup.upkeep.files import Files
from tfsetup.upkeep.index import snapshot
from tfsetup.upkeep.index.client import IndexClient
from tfsetup.upkeep.update import update

pytestmark = pytest.mark.loopback  # urllib3 looks for IPv6 when it is imported

TAG = "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"
NEWER = TAG.replace("312", "313")
TEXT = """\
schema: 1
proven: "2.19.0"  # somebody looked
companions: [keras]
rows:
  - id: linux-x86_64-cpu-mine
    title: a row of a team, CPU
    when: {os: linux, arch: x86_64}
    accelerator: cpu
    auto: first
    distribution: tensorflow-cpu
    versions: ">=2.19"
    python: "3.12"  # the one everybody has
    blas:
      - {use: openblas, source: "our own tests"}
    source: "our own tests"
"""


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    found = IndexFolder(tmp_path / "index")
    found.add("tensorflow-cpu", "2.19.0", TAG, ["keras>=3", "numpy"])
    found.add("keras", "3.0", "py3-none-any")
    return found


@pytest.fixture
def index(folder: IndexFolder, tmp_path: Path) -> Iterator[IndexClient]:
    with folder.client(tmp_path / "cache") as made:
        yield made


@pytest.fixture
def files(index: IndexClient, tmp_path: Path) -> Files:
    """The matrix, and a snapshot of the index as it is now."""
    place = tmp_path / "matrix"
    place.mkdir()
    (place / "matrix.yaml").write_text(TEXT, encoding="utf-8")
    pages = index.pages(["tensorflow-cpu", "keras"])
    taken = snapshot.refreshed(
        Index(taken="2026-01-01", requires=(), distributions={}),
        {"tensorflow-cpu": pages["tensorflow-cpu"]},
        index.requires_of,
        companions={"keras": snapshot.companions(pages["keras"])},
        today="2026-01-02",
    )
    (place / "index.json").write_text(snapshot.encode(taken), encoding="utf-8")
    return Files.of(place)


def content(files: Files) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in files.matrix.parent.iterdir()}


@pytest.mark.parametrize("apply", [False, True])
def test_nothing_new_is_nothing_to_write(files: Files, index: IndexClient, apply: bool) -> None:
    before = content(files)
    found = update(files, index, apply=apply, today="2026-02-03")
    data = found.data
    assert (data.differences, data.edits, data.notes, data.diff, data.applied) == ((), (), (), "", False)
    assert (found.problems, found.code) == ((), None)
    assert content(files) == before


def test_a_new_release_is_proposed_and_nothing_is_written(
    files: Files, index: IndexClient, folder: IndexFolder
) -> None:
    folder.add("tensorflow-cpu", "2.20.0", TAG, ["keras>=3", "numpy"])
    before = content(files)
    found = update(files, index, apply=False, today="2026-02-03")
    (edit,) = found.data.edits
    assert (edit.where, edit.old, edit.new) == (f"{files.matrix}:2:9", '"2.19.0"', '"2.20.0"')
    assert edit.because == "2.20.0 is the newest stable release"
    assert [one.words for one in found.data.differences] == ["is new on the index"]
    assert '+proven: "2.20.0"  # somebody looked' in found.data.diff.splitlines()
    assert not found.data.applied
    assert content(files) == before


def test_it_is_written_when_asked_and_the_comments_stay(files: Files, index: IndexClient, folder: IndexFolder) -> None:
    folder.add("tensorflow-cpu", "2.20.0", NEWER, ["keras>=3", "numpy"])
    found = update(files, index, apply=True, today="2026-02-03")
    assert found.data.applied
    after = content(files)
    assert after["matrix.yaml"] == TEXT.replace('"2.19.0"', '"2.20.0"').replace('"3.12"', '"3.13"')
    assert '"taken":"2026-02-03"' in after["index.json"]
    assert '"2.20.0"' in after["index.json"]
    again = update(files, index, apply=True, today="2026-02-04")
    assert (again.data.applied, again.data.edits, content(files)) == (False, (), after)


def test_what_the_check_would_refuse_is_not_written(files: Files, index: IndexClient, folder: IndexFolder) -> None:
    folder.add("tensorflow-cpu", "2.20.0", TAG, ["numpy"])  # keras is a companion, and nobody requires it any more
    before = content(files)
    found = update(files, index, apply=True, today="2026-02-03")
    assert found.code is Code.ANSWER_IS_NO
    assert [problem.message for problem in found.problems] == ["2.20.0 does not require keras"]
    assert not found.data.applied
    assert content(files) == before


def test_a_companion_s_new_release_alone_is_written_into_the_snapshot(
    files: Files, index: IndexClient, folder: IndexFolder
) -> None:
    folder.add("keras", "3.1", "py3-none-any")
    found = update(files, index, apply=True, today="2026-02-03")
    assert (found.data.edits, found.data.differences, found.data.applied) == ((), (), True)
    assert '"keras":["3.0","3.1"]' in content(files)["index.json"]
    assert content(files)["matrix.yaml"] == TEXT


def test_the_document_has_its_keys_in_order(files: Files, index: IndexClient, folder: IndexFolder) -> None:
    folder.add("tensorflow-cpu", "2.20.0", TAG, ["keras>=3", "numpy"])
    document = encode(update(files, index, apply=False, today="2026-02-03").data)
    assert list(document) == ["differences", "edits", "notes", "diff", "applied", "traffic"]
    assert list(document["edits"][0]) == ["where", "old", "new", "because"]
    assert list(document["differences"][0]) == ["distribution", "version", "words", "grave"]
    assert list(document["traffic"]) == ["requests", "received", "unchanged"]
