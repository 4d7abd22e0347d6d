"""The course of `matrix check`: the matrix, its evidence, the hosts, and an index in a folder; why the answer is no."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.index_folder import IndexFolder
from support.matrix import CASES, shipped
from tfsetup.errors import Code, UsageError
from tfsetup.ground.encode import encode
from tfsetup.host.file import read_hosts
from tfsetup.matrix.facts import Index
from tfsetup.matrix.file.disk import environments
from tfsetup.matrix.file.load import merge, parse
from tfsetup.matrix.file.rows import Matrix
from tfsetup.upkeep.alternatives.course import AlternativesOpened
from tfsetup.upkeep.check import Kept, MatrixChecked, Outcome, Proved, check, prove, unfounded, with_evidence
from tfsetup.upkeep.checks.common import names_of
from tfsetup.upkeep.evidence import ProvedRow, Proving
from tfsetup.upkeep.gpucode.read import GpuCodeRead
from tfsetup.upkeep.index.client import IndexClient
from tfsetup.upkeep.index.snapshot import refreshed
from tfsetup.upkeep.xray.files import kept_evidence, read_plan
from tfsetup.upkeep.xray.listing import KernelsListed
from tfsetup.upkeep.xray.prove import Emulated
from tfsetup.workflows.prove import Prover

pytestmark = pytest.mark.loopback  # urllib3 looks for IPv6 when it is imported

TAG = "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"
KEPT = kept_evidence(read_plan().hazard)


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    found = IndexFolder(tmp_path / "index")
    found.add("thing", "1.0", TAG, ["numpy<2"])
    found.add("thing", "1.1", TAG, ["numpy<2"])
    return found


@pytest.fixture
def index(folder: IndexFolder, tmp_path: Path) -> Iterator[IndexClient]:
    with folder.client(tmp_path / "cache") as made:
        yield made


@pytest.fixture
def matrix(index: IndexClient) -> Matrix:
    """A matrix without rows over a snapshot of that index."""
    empty = Index(taken="2026-01-01", requires=(), distributions={})
    taken = refreshed(empty, index.pages(["thing"]), index.requires_of, companions={}, today="2026-01-02")
    return Matrix(rows=(), index=taken)


def test_the_shipped_matrix_holds_against_its_own_snapshot() -> None:
    found = check(shipped(), read_hosts(CASES / "hosts"), None, Kept(emulated=KEPT))
    assert (found.problems, found.code) == ((), None)
    assert [row.row for row in found.data.rows] == [row.id for row in shipped().rows]
    assert all(row.newest and row.releases and not row.problems for row in found.data.rows)
    assert found.data.traffic is None


def test_the_document_has_its_keys_in_order() -> None:
    document = encode(check(shipped(), {}, None, Kept(emulated=KEPT)).data)
    assert list(document) == ["index", "differences", "traffic", "rows"]
    assert list(document["rows"][0]) == ["row", "newest", "releases", "problems"]
    assert document["index"] == shipped().index.taken


def test_an_index_that_is_as_the_snapshot_says(matrix: Matrix, index: IndexClient) -> None:
    found = check(matrix, {}, index, Kept())
    assert (found.data.differences, found.code) == ((), None)
    assert found.data.traffic == index.traffic
    assert found.data.traffic is not index.traffic  # what it cost until now, whatever is asked later


def test_a_new_release_is_told_and_no_failure(matrix: Matrix, index: IndexClient, folder: IndexFolder) -> None:
    folder.add("thing", "2.0", TAG)
    found = check(matrix, {}, index, Kept())
    assert [(one.version, one.words, one.grave) for one in found.data.differences] == [
        ("2.0", "is new on the index", False)
    ]
    assert found.code is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: folder.page("thing", yanked=["1.1"]), "was yanked"),
        (
            lambda folder: folder.add("thing", "1.1", TAG, ["numpy<2"], content="another"),
            "has other files under the same names",
        ),
    ],
)
def test_what_makes_an_answer_wrong_is_a_failure(
    matrix: Matrix, index: IndexClient, folder: IndexFolder, change: Callable[[IndexFolder], Any], words: str
) -> None:
    change(folder)
    found = check(matrix, {}, index, Kept())
    assert [(one.version, one.words, one.grave) for one in found.data.differences] == [("1.1", words, True)]
    assert found.code is Code.ANSWER_IS_NO


def test_a_field_that_is_not_true_is_a_problem_with_its_place_and_counts_before_the_index() -> None:
    text = (environments() / "matrix.yaml").read_text(encoding="utf-8").replace('python: "3.12"', 'python: "3.7"', 1)
    wrong = merge([parse(text, "matrix.yaml")], shipped().index)
    found = check(wrong, {}, None, Kept())
    assert found.code is Code.INVALID_FILE
    assert str(found.problems[0].where).startswith("matrix.yaml:")
    assert sum(row.problems for row in found.data.rows) == len(found.problems)


def test_hazards_that_say_otherwise_than_the_evidence_that_is_kept() -> None:
    assert KEPT is not None
    assert unfounded(shipped(), Kept(emulated=KEPT)) == []
    assert unfounded(shipped(), Kept()) == []
    (hazard,) = (one for one in shipped().hazards if one.id == KEPT.hazard)
    narrow = replace(shipped(), hazards=(replace(hazard, versions=">=1.0,<1.2"),))
    (problem,) = unfounded(narrow, Kept(emulated=KEPT))
    assert problem.message.startswith("1.2.0 loses an activation too (dense-relu")
    assert str(problem.where).count(":") == 2
    assert check(narrow, {}, None, Kept(emulated=KEPT)).code is Code.INVALID_FILE


def test_the_names_that_an_index_is_asked_about(matrix: Matrix) -> None:
    assert names_of(matrix) == ["thing"]
    names = names_of(shipped())
    assert {"tensorflow", "tensorflow-metal", "tensorflow-intel"} <= set(names)
    assert names == sorted(names)


# ------------------------------------------------------------------------------------------------ with evidence


def row(verdict: Any) -> ProvedRow:
    return ProvedRow(row="a", verdict=verdict, pythons=("3.12",), error=None, because="", written=True, changed=True)


@pytest.mark.parametrize(
    ("before", "rows", "emulated", "code"),
    [
        (None, ("loads", "loads"), "as kept", None),
        (None, ("loads", "undecided"), "new", None),
        (None, ("loads", "fails"), "as kept", Code.ANSWER_IS_NO),
        (None, ("loads",), "differs", Code.ANSWER_IS_NO),
        (None, ("loads",), "undecided", Code.UNDECIDED),
        (None, ("fails",), "undecided", Code.ANSWER_IS_NO),
        (None, (), "not asked", None),
        (None, ("loads",), "code differs", Code.ANSWER_IS_NO),
        (None, ("loads",), "kernels differ", Code.ANSWER_IS_NO),
        (None, ("loads",), "alternatives differ", Code.ANSWER_IS_NO),
        (Code.INVALID_FILE, ("fails",), "differs", Code.INVALID_FILE),
        (Code.ANSWER_IS_NO, ("loads",), "undecided", Code.ANSWER_IS_NO),
    ],
)
def test_what_evidence_makes_of_the_answer(
    before: Code | None, rows: tuple[str, ...], emulated: Any, code: Any
) -> None:
    found = Outcome(data=MatrixChecked(index="2026-01-01"), code=before)
    others = {"code differs", "kernels differ", "alternatives differ"}
    line = Emulated(hazard="h", verdict="as kept" if emulated in others else emulated, because="")
    listed = KernelsListed(verdict="differs" if emulated == "kernels differ" else "as kept")
    code_read = GpuCodeRead(verdict="differs" if emulated == "code differs" else "as told", wheels=())
    opened = AlternativesOpened(verdict="differs" if emulated == "alternatives differ" else "as told", opened=())
    evidence = Proved(
        folder="kept", rows=tuple(map(row, rows)), emulated=line, kernels=listed, gpu_code=code_read,
        alternatives=opened,
    )  # fmt: skip
    after = with_evidence(found, evidence)
    assert after.code is code
    assert list(encode(after.data)) == ["index", "differences", "traffic", "rows", "evidence"]
    keys = ["folder", "rows", "emulated", "kernels", "gpu_code", "alternatives"]
    assert list(encode(after.data)["evidence"]) == keys


@pytest.fixture
def proving(tmp_path: Path, matrix: Matrix) -> Proving:
    return Proving(matrix=matrix, folder=tmp_path / "kept", offline=True, prover=Prover())


def test_the_emulator_is_asked_for_before_minutes_of_work(
    proving: Proving, index: IndexClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "unicorn", None)
    found = check(proving.matrix, {}, None, Kept())
    with pytest.raises(UsageError, match="needs unicorn"):
        prove(found, proving, index)
    assert not proving.folder.exists()


def test_where_nothing_may_be_read_no_emulator_is_needed(proving: Proving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "unicorn", None)
    found = prove(check(proving.matrix, {}, None, Kept()), proving, None)
    assert found.code is None
    evidence = found.data.evidence
    assert isinstance(evidence, Proved)
    assert (evidence.rows, evidence.emulated.verdict, evidence.folder) == ((), "not asked", str(proving.folder))
