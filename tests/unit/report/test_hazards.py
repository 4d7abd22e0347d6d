"""Known defects as data and in a sentence, word for word, at 80 columns."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from support.matrix import answer, ask, intel_mac, linux, mac, shipped
from tfsetup.ground.encode import encode
from tfsetup.host.model import Gpu
from tfsetup.matrix.choose.explain import explain
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.defects import defects_of
from tfsetup.matrix.defects import sentence as in_words
from tfsetup.matrix.hazards import Cure, Hazard
from tfsetup.matrix.model import Selection
from tfsetup.report.hazards import sentences
from tfsetup.report.lock import lock_lines
from tfsetup.report.matrix import HEADINGS, defects_view, markdown, matrix_table
from tfsetup.report.resolve import resolve_document, resolve_lines
from tfsetup.upkeep.overview import overview
from tfsetup.workflows.locked import Locked, LockEntry

DROPPED = next(hazard for hazard in shipped().hazards if hazard.id == "metal-activation-dropped")
METAL = ["tensorflow==2.19.1", "tensorflow-metal==1.2.0"]
CURED = (
    "tensorflow-metal 1.2.0 drops the activation of Dense layers on the GPU; "
    "cured here by TURN_OFF_REMAPPER=1 in every process of the environment."
)
UNCURED = (
    "tensorflow-metal 1.2.0 drops the activation of Dense layers on the GPU; "
    "not cured here: every process that computes with it needs TURN_OFF_REMAPPER=1."
)
TO_ADD = (
    "    `tfsetup install` sets it; where pip, uv or conda install this lock, add the line: export TURN_OFF_REMAPPER=1"
)


def with_cure(**changes: Any) -> Hazard:
    fields: dict[str, Any] = {"environment": {}, "requirements": (), "program": None, "because": "it helps"}
    return replace(DROPPED, cure=Cure(**(fields | changes)))


def shown(selection: Selection, *, explained: bool = False, width: int = 80) -> list[str]:
    chapters = explain(selection, mac("3.12.4"), ask(), shipped()) if explained else ()
    return list(resolve_lines(resolve_document(selection, chapters), chapters, width=width))


def text(view: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=120, no_color=True)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


# ------------------------------------------------------------------------------------------------------------- data


def test_the_data_of_the_interface() -> None:
    (data,) = json.loads(json.dumps(encode(defects_of([DROPPED], cured=True))))
    assert list(data) == ["id", "title", "affects", "consequence", "cure", "cured", "evidence"]
    assert (data["id"], data["affects"]) == ("metal-activation-dropped", "tensorflow-metal >=1.0,<=1.2")
    assert list(data["cure"]) == ["environment", "because", "costs", "requirements", "program"]
    assert data["cure"]["environment"] == {"TURN_OFF_REMAPPER": "1"}
    assert data["evidence"] == [*DROPPED.evidence, DROPPED.source]


@pytest.mark.parametrize("cured", [True, False])
def test_cured_is_what_the_command_did(*, cured: bool) -> None:
    assert defects_of([DROPPED], cured=cured)[0].cured is cured


def test_what_no_variable_cures_is_not_cured() -> None:
    assert defects_of([with_cure(requirements=("keras<3.7",))], cured=True)[0].cured is False


def test_a_choice_says_its_variables_and_its_defects() -> None:
    data = encode(resolve_document(answer(mac("3.12.4"))))
    assert data["environment"] == {"TURN_OFF_REMAPPER": "1"}
    assert [(one["id"], one["cured"]) for one in data["hazards"]] == [("metal-activation-dropped", True)]
    plain = encode(resolve_document(answer(linux("3.12.4"))))
    assert (plain["environment"], plain["hazards"]) == ({}, [])


# --------------------------------------------------------------------------------------------------------- sentences


def sentence(hazard: Hazard, cured: bool, packages: Mapping[str, str] | None = None) -> str:
    (defect,) = defects_of([hazard], cured=cured)
    return in_words(defect, packages or {})


def test_the_sentence_names_the_version_the_defect_and_the_cure() -> None:
    packages = {"tensorflow-metal": "1.2.0"}
    assert sentence(DROPPED, True, packages) == CURED
    assert sentence(DROPPED, False, packages) == UNCURED
    assert list(sentences(defects_of([DROPPED], cured=True), METAL)) == [CURED]


def test_without_a_version_it_names_the_range() -> None:
    assert sentence(DROPPED, True).startswith("tensorflow-metal >=1.0,<=1.2 drops the activation")
    (told,) = sentences(defects_of([DROPPED], cured=True), ["tensorflow-metal<2"])
    assert told.startswith("tensorflow-metal >=1.0,<=1.2 drops")


@pytest.mark.parametrize(
    ("cure", "words"),
    [
        ({"environment": {"A": "1", "B": "2"}}, "cured here by A=1 B=2 in every process of the environment."),
        ({"requirements": ("keras<3.7", "numpy<2")}, "no variable cures it; what avoids it: keras<3.7, or numpy<2."),
        ({"program": "set_x(False) at first"}, "no variable cures it; what avoids it: set_x(False) at first."),
        ({}, "no cure is known."),
    ],
)
def test_it_never_promises_what_no_variable_does(cure: dict[str, Any], words: str) -> None:
    assert sentence(with_cure(**cure), True).partition("; ")[2] == words


# ----------------------------------------------------------------------------------------------------------- screens


def test_what_resolve_shows_at_80_columns() -> None:
    lines = shown(answer(mac("3.12.4")))
    begin = next(place for place, line in enumerate(lines) if line.startswith("  defect"))
    assert lines[begin : begin + 3] == [
        "  defect    tensorflow-metal 1.2.0 drops the activation of Dense layers on the",
        "            GPU; cured here by TURN_OFF_REMAPPER=1 in every process of the",
        "            environment. (--explain)",
    ]
    assert all(len(line) <= 80 for line in lines[begin : begin + 3])


def test_an_intel_mac_with_an_amd_gpu_is_told_too() -> None:
    host = intel_mac("3.11.4", gpus=(Gpu(vendor="amd"),), os_version="14.4")
    told = " ".join(" ".join(shown(select(host, ask(accelerator="metal"), shipped()))).split())
    assert "tensorflow-metal 1.0.0 drops the activation of Dense layers on the GPU; cured here" in told


def test_nothing_is_told_where_nothing_is_wrong() -> None:
    assert not any("defect" in line for line in shown(answer(linux("3.12.4"))))
    assert not any("defect" in line for line in shown(answer(mac("3.12.4"), accelerator="cpu")))


def test_explained_the_evidence_stands_behind_it_at_80_columns() -> None:
    lines = shown(answer(mac("3.12.4")), explained=True)
    begin = lines.index("Known defect metal-activation-dropped")
    end = lines.index("Rows that lost")
    chapter = lines[begin : end - 1]
    assert chapter[1:6] == [
        "  affects   tensorflow-metal >=1.0,<=1.2: drops the activation of Dense layers",
        "            on the GPU",
        "  means     what fit, predict and a tf.function compute with relu, relu6 or elu",
        "            is silently wrong",
        "  cure      TURN_OFF_REMAPPER=1 in every process: it keeps the plugin from",
    ]
    told = " ".join(" ".join(chapter).split())
    assert all(" ".join(known.split()) in told for known in DROPPED.evidence)
    assert "(--explain)" not in " ".join(lines)


LOCK = LockEntry(
    path=Path("environments/locks/pylock.macos-arm64-metal.toml"),
    row="macos-arm64-metal",
    packages=38,
    fresh=True,
    verdict="loads",
    reasons=(),
    python="3.12",
    requirements=tuple(METAL),
    download_bytes=323_300_000,
    changed=True,
    versions=("six 1 → 2",),
    environment={"TURN_OFF_REMAPPER": "1"},
)


@pytest.mark.parametrize(("cured", "words"), [(True, CURED), (False, UNCURED)])
def test_a_lock_says_whether_it_carries_the_cure(*, cured: bool, words: str) -> None:
    defects = defects_of([DROPPED], cured=cured)
    one = replace(LOCK, hazards=defects, cure="tfsetup_cures.whl" if cured else None)
    added = [] if cured else [TO_ADD]
    assert list(lock_lines(Locked(files=(one,))))[1:] == [f"    {words}", *added, "    six 1 → 2"]
    checked = list(lock_lines(Locked(files=(one,), checked=True)))
    assert checked == [f"{LOCK.path}  fresh, loads", f"    {words}", *added, "1 fresh."]


def test_the_matrix_for_the_terminal_has_the_defects_below_the_table() -> None:
    lines = overview(shipped())
    table = text(matrix_table(lines))
    assert "metal-activation-dropped" not in table
    assert "macOS arm64" not in table
    assert "needs" in table
    below = text(defects_view(lines, defects_of([DROPPED], cured=True)))
    said = sentence(DROPPED, True)
    assert " ".join(below.split()).startswith(f"metal-activation-dropped: {said}")
    assert below.splitlines()[3:] == [
        "    what fit, predict and a tf.function compute with relu, relu6 or elu is silently wrong",
        "    rows: macos-arm64-metal, macos-x86_64-metal-amd",
    ]
    assert text(defects_view(lines, [])) == ""
    other = defects_of([replace(DROPPED, id="nobody-s")], cured=True)
    assert text(defects_view(lines, other)).endswith("rows: none")


def test_several_defects_of_a_row_stand_under_one_another_in_readme() -> None:
    (line,) = [line for line in overview(shipped()) if line.row == "macos-arm64-metal"]
    assert HEADINGS[-1] == "known defects"
    assert markdown([replace(line, defects="a-a; b-b")]).splitlines()[-1].endswith("| macOS 12.1+ | `a-a`<br>`b-b` |")
