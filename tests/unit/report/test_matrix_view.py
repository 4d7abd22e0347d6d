"""The matrix for people: the table of the README, and what `show`, `check` and `update` put on a screen."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console, RenderableType

from support.matrix import shipped
from tfsetup.errors import Where
from tfsetup.ground.encode import encode
from tfsetup.ground.marked import Problem
from tfsetup.report.matrix import (
    MatrixFinding,
    check_view,
    findings_of,
    markdown,
    matrix_table,
    show_view,
    support_table,
    update_view,
)
from tfsetup.upkeep.alternatives.course import AlternativesOpened
from tfsetup.upkeep.check import MatrixChecked, Proved
from tfsetup.upkeep.checks.check import CheckedRow
from tfsetup.upkeep.evidence import ProvedRow
from tfsetup.upkeep.gpucode.read import GpuCodeRead
from tfsetup.upkeep.index.client import Traffic
from tfsetup.upkeep.index.snapshot import Difference
from tfsetup.upkeep.overview import overview, show
from tfsetup.upkeep.update import MatrixUpdated, ProposedEdit
from tfsetup.upkeep.xray.listing import KernelsListed, ListedRelease
from tfsetup.upkeep.xray.prove import Emulated, EmulatedRelease


def text(view: RenderableType, *, color: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=120, no_color=not color, force_terminal=color or None, highlight=False, markup=False
    )
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def test_the_support_table() -> None:
    table = support_table(shipped()).splitlines()
    assert table[0] == "| row | machine | runs on | newest | releases | Python | needs | known defects |"
    assert len(table) == len(shipped().rows) + 2
    assert table[2] == (
        "| `macos-arm64-metal` | macOS arm64 | GPU (Metal) | `tensorflow==2.19.1`<br>`tensorflow-metal==1.2.0` "
        "| 2.13.0 to 2.19.1 | 3.8-3.12 | macOS 12.1+ | `metal-activation-dropped` |"
    )
    assert table[4].endswith("| macOS 12.0+ |  |")
    assert markdown(overview(shipped())) == support_table(shipped())


def test_the_matrix_as_a_table() -> None:
    shown = text(matrix_table(overview(shipped())))
    assert all(row.id in shown for row in shipped().rows)
    assert "tensorflow-metal==1.2.0" in shown


def test_the_matrix_with_its_defects_below() -> None:
    shown = text(show_view(show(shipped())))
    table, _, defects = shown.partition("\n\n")
    assert table == text(matrix_table(overview(shipped())))
    assert defects.startswith("metal-activation-dropped: tensorflow-metal >=1.0,<=1.2")
    assert "rows: macos-arm64-metal" in defects


def test_the_document_of_show_has_its_keys_in_order() -> None:
    document = encode(show(shipped()))
    assert list(document) == ["proven", "index", "rows", "hazards"]
    keys = ["row", "machine", "accelerator", "newest", "releases", "pythons", "needs", "defects"]
    assert list(document["rows"][0]) == keys
    assert document["hazards"][0]["cured"] is True


TRAFFIC = Traffic(requests=8, received=1_500_000, unchanged=3)
YANKED = Difference(distribution="thing", version="1.0", words="was yanked", grave=True)
NEW = Difference(distribution="thing", version="2.0", words="is new on the index")
CHECKED = MatrixChecked(
    index="2026-11-22",
    rows=(CheckedRow(row="linux-x86_64-cpu", newest="2.21.0", releases=47, problems=1),),
    differences=(YANKED,),
    traffic=TRAFFIC,
)
PROBLEM = MatrixFinding(where="matrix.yaml:3:4", message="no such release", hint="")


def test_a_problem_is_a_finding_with_its_place_as_a_text() -> None:
    where = Where(file="matrix.yaml", line=3, column=4)
    assert findings_of([Problem(where=where, message="no such release")]) == (PROBLEM,)
    assert list(encode(PROBLEM)) == ["where", "message", "hint"]


def test_a_check_for_people() -> None:
    assert text(check_view(CHECKED, [PROBLEM])).splitlines() == [
        "row               newest  releases  problems",
        "linux-x86_64-cpu  2.21.0        47         1",
        "matrix.yaml:3:4: no such release",
        "thing 1.0 was yanked",
        "",
        "1 problem. Snapshot of 2026-11-22; 8 requests, 1.5 MB received, 3 pages unchanged.",
    ]
    calm = text(check_view(replace(CHECKED, differences=(), traffic=None), []))
    assert calm.endswith("The matrix holds. Snapshot of 2026-11-22; the index was not asked (--offline).")
    assert "2 problems." in text(check_view(CHECKED, [PROBLEM, PROBLEM]))


def test_what_makes_an_answer_wrong_is_red() -> None:
    shown = text(check_view(replace(CHECKED, differences=(YANKED, NEW)), []), color=True)
    assert "\x1b[31mthing 1.0 was yanked" in shown
    assert "\x1b[33mthing 2.0 is new on the index" in shown


def test_nothing_of_an_index_drives_the_terminal() -> None:
    evil = replace(YANKED, version="1.0\x1b[2J", words="was \x1b]0;x\x07yanked")
    for view in (
        check_view(replace(CHECKED, differences=(evil,)), [replace(PROBLEM, message="\x1b[2J")]),
        update_view(replace(UPDATED, differences=(evil,), diff="+\x1b[2J", notes=("\x1b[2J",)), []),
    ):
        assert "\x1b" not in text(view)
        assert "\\x1b[2J" in text(view)


# ------------------------------------------------------------------------------------------------ evidence

ROW = ProvedRow(
    row="linux-x86_64-cpu",
    verdict="loads",
    pythons=("3.13", "3.12"),
    error=None,
    because="",
    written=True,
    changed=False,
)
RELEASE = EmulatedRelease(version="1.2.0", builds=2, losing=2, lost=("dense-relu", "dense-elu"), lost_with_cure=())
EMULATED = Emulated(hazard="a-hazard", verdict="as kept", because="", versions=(RELEASE,))


KERNELS = KernelsListed(
    verdict="differs",
    versions=(
        ListedRelease(version="9.1.0", operations=170, kernels=510, kernels_with_gru=530, undecided=""),
        ListedRelease(
            version="9.2.0",
            operations=170,
            kernels=510,
            kernels_with_gru=530,
            undecided="",
            dropped=("_Fused drops Relu, Elu",),
            fused_undecided="a control",
        ),
        ListedRelease(version="9.0.0", operations=0, kernels=0, kernels_with_gru=0, undecided="it stopped"),
    ),
    differences=("9.1.0: other kernels (gru): MatMul",),
)
OTHERS = AlternativesOpened(verdict="as told", opened=("a==1", "b==2"))
CODE = GpuCodeRead(verdict="as told", wheels=("tensorflow 2.21.0", "nvidia-cudnn-cu12 9.28.0.42"))


def proved(
    *rows: ProvedRow,
    emulated: Emulated = EMULATED,
    code: GpuCodeRead = CODE,
    kernels: KernelsListed = KernelsListed(verdict="as kept"),  # noqa: B008 - a value
    others: AlternativesOpened = OTHERS,
) -> list[str]:
    evidence = Proved(
        folder="kept", rows=rows, emulated=emulated, kernels=kernels, gpu_code=code, alternatives=others
    )  # fmt: skip
    shown = text(check_view(replace(CHECKED, evidence=evidence), [])).splitlines()
    return shown[shown.index("", shown.index("") + 1) + 1 :]


def test_a_line_a_row_and_the_first_words_of_why() -> None:
    failing = replace(ROW, row="b", verdict="fails", error="Python 3.12: lib.so: no symbol\nand more")
    unread = replace(ROW, row="c", verdict="undecided", pythons=(), because="not on record", written=False)
    assert proved(ROW, failing, unread)[:6] == [
        "linux-x86_64-cpu  loads      3.13, 3.12",
        "b                 fails      3.13, 3.12",
        "    Python 3.12: lib.so: no symbol",
        "c                 undecided",
        "    not on record (not written)",
        "1 loads, 1 fails, 1 undecided: kept",
    ]
    assert "2 loads: kept" in proved(ROW, ROW)


def test_the_kernels_of_each_release_and_what_is_otherwise_than_kept() -> None:
    shown = proved(ROW, kernels=KERNELS)
    at = shown.index("9.1.0   510 kernels, 530 with MPSGraph's GRU, of 170 operations")
    assert shown[at + 1 : at + 7] == [
        "9.2.0   510 kernels, 530 with MPSGraph's GRU, of 170 operations",
        "        _Fused drops Relu, Elu",
        "        what fused kernels build is undecided: a control",
        "9.0.0   it stopped",
        "otherwise than kept: 9.1.0: other kernels (gru): MatMul",
        "kernels, under the emulator: differs",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "1.2.0   loses dense-relu, dense-elu; with the cure nothing"),
        ({"losing": 1}, "1.2.0   loses dense-relu, dense-elu in 1 of 2 builds; with the cure nothing"),
        ({"lost": (), "losing": 0}, "1.2.0   loses nothing"),
        ({"lost_with_cure": ("dense-elu",)}, "1.2.0   loses dense-relu, dense-elu; with the cure dense-elu"),
    ],
)
def test_what_a_release_loses(changes: dict[str, Any], line: str) -> None:
    assert line in proved(ROW, emulated=replace(EMULATED, versions=(replace(RELEASE, **changes),)))


def test_what_was_not_asked_and_what_is_otherwise_than_kept() -> None:
    found = replace(
        EMULATED, verdict="differs", differences=("1.2.0: another file",), not_asked=("older",), presumed=("x86_64",)
    )
    assert proved(ROW, emulated=found)[-10:] == [
        "not asked: older",
        "presumed: x86_64",
        "otherwise than kept: 1.2.0: another file",
        "a-hazard, under the emulator: differs",
        "",
        "kernels, under the emulator: as kept",
        "",
        "code for GPUs in 2 wheels: as told",
        "",
        "alternatives on the GPU of a Mac, 2 opened: as told",
    ]
    silent = Emulated(hazard="a-hazard", verdict="not asked", because="nothing is read (--offline)")
    assert proved(ROW, emulated=silent)[-7] == ("a-hazard, under the emulator: not asked (nothing is read (--offline))")


def test_what_is_true_of_alternatives_and_is_not_told() -> None:
    differences = ("a==1: yanked from the index",)
    found = replace(OTHERS, verdict="differs", read=("b==2",), differences=differences, newer=("b 3",))
    assert proved(ROW, others=found)[-4:] == [
        "",
        "otherwise than is told: a==1: yanked from the index",
        "newer than what is told: b 3",
        "alternatives on the GPU of a Mac, 2 opened, 1 of them now: differs",
    ]


# ------------------------------------------------------------------------------------------------ update

UPDATED = MatrixUpdated(
    differences=(NEW,),
    edits=(ProposedEdit(where="matrix.yaml:1:9", old='"1.0"', new='"2.0"', because="it is the newest"),),
    notes=("a-row has no plugin for 2.0",),
    diff="--- matrix.yaml\n+++ matrix.yaml\n-proven: 1\n+proven: 2\n",
    applied=False,
    traffic=TRAFFIC,
)


def test_a_proposal_for_people() -> None:
    shown = text(update_view(UPDATED, []))
    assert "thing 2.0 is new on the index" in shown
    assert "+proven: 2" in shown
    assert 'matrix.yaml:1:9: "2.0", because it is the newest' in shown
    assert "to decide: a-row has no plugin for 2.0" in shown
    assert "Nothing was written; --apply writes it." in shown
    assert shown.endswith("8 requests, 1.5 MB received, 3 pages unchanged.")


@pytest.mark.parametrize(
    ("changes", "findings", "said"),
    [
        ({}, [PROBLEM], "Not applied: `tfsetup matrix check` would refuse it."),
        ({"applied": True}, [], "Written."),
        ({"differences": (), "edits": (), "notes": (), "diff": ""}, [], "The matrix is up to date with the index."),
    ],
)
def test_what_became_of_a_proposal(changes: dict[str, Any], findings: list[MatrixFinding], said: str) -> None:
    assert said in text(update_view(replace(UPDATED, **changes), findings)).splitlines()


def test_what_the_rules_say_otherwise_than_the_code_for_gpus_in_the_wheels() -> None:
    assert proved(ROW)[-3] == "code for GPUs in 2 wheels: as told"
    read = replace(CODE, verdict="differs", read=("tensorflow 2.21.0",), differences=("2.21.0 on GPUs of 12.0: why",))
    assert proved(ROW, code=read)[-4:-2] == [
        "otherwise than the wheels: 2.21.0 on GPUs of 12.0: why",
        "code for GPUs in 2 wheels, 1 of them now: differs",
    ]
