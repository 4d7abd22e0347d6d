"""A selection as data and as text."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

from rich.console import Console, RenderableType

from support.matrix import NVIDIA, answer, ask, linux, mac, shipped
from tfsetup.ground.encode import encode
from tfsetup.host.model import Gpu
from tfsetup.matrix.choose.explain import explain
from tfsetup.matrix.model import Chapter, Selection
from tfsetup.report.matrix import check_view, markdown, matrix_table, support_table, update_view
from tfsetup.report.resolve import ExplainedDocument, resolve_document, resolve_lines
from tfsetup.upkeep.overview import overview


def told(selection: Selection, chapters: Sequence[Chapter] = ()) -> str:
    return "\n".join(resolve_lines(resolve_document(selection, chapters), width=120))


def text(view: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=120, no_color=True)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def test_the_data_of_the_interface() -> None:
    data = encode(resolve_document(answer(mac("3.12.4"))))
    wanted = "installable row accelerator python requirements conda blas reasons rejected warnings"
    assert set(wanted.split()) <= set(data)
    assert (data["installable"], data["row"], data["python"]) == (True, "macos-arm64-metal", "3.12")
    assert data["requirements"] == ["tensorflow==2.19.1", "tensorflow-metal==1.2.0"]
    assert set(data["rejected"][0]) == {"row", "reason", "here"}
    assert json.loads(json.dumps(data))["expect"] == {
        "devices": ["CPU", "GPU"],
        "blas": "accelerate",
        "arch": "arm64",
        "environment": {"TURN_OFF_REMAPPER": "1"},
    }


def test_the_story_is_the_last_key_and_only_where_it_was_asked_for() -> None:
    selection, host = answer(mac("3.12.4")), mac("3.12.4")
    told = resolve_document(selection, explain(selection, host, ask(), shipped()))
    assert isinstance(told, ExplainedDocument)
    data = encode(told)
    assert list(data) == [*encode(resolve_document(selection)), "explained"]
    assert data["explained"][0]["lines"][0] == ["tensorflow", "the newest that fits"]


def test_an_interpreter_has_all_its_keys() -> None:
    data = encode(resolve_document(answer(mac("3.12.4"))))
    assert list(data["interpreter"]) == ["version", "arch", "path", "free_threaded"]
    nothing = encode(resolve_document(answer(linux("3.14.0"))))
    assert [nothing[key] for key in ("interpreter", "target", "expect")] == [None, None, None]


def test_a_compiled_plugin_is_among_the_requirements_and_marked_as_one() -> None:
    selection = answer(mac("3.12.4", os_version="15.2"), "2.21.*", "metal")
    data = encode(resolve_document(selection))
    assert data["requirements"][-1] == "tensorflow-metal-plugin==0.4.1"
    assert data["source_builds"] == ["tensorflow-metal-plugin==0.4.1"]
    shown = told(selection)
    assert "compile   tensorflow-metal-plugin==0.4.1" in shown
    assert "note" in shown


def test_an_answer_for_people() -> None:
    shown = told(answer(mac("3.12.4")))
    assert shown.splitlines()[:6] == [
        "macos-arm64-metal: Apple silicon, GPU through Apple's tensorflow-metal",
        "  install   tensorflow==2.19.1  tensorflow-metal==1.2.0",
        "  python    3.12.4 (/python3.12.4)",
        "  devices   CPU, GPU",
        "  blas      accelerate",
        "  platform  aarch64-apple-darwin (macOS 14.0)",
    ]
    assert "Other rows for this machine" in shown
    assert "rows for other machines (--explain lists them)." in shown


def test_a_refusal_for_people() -> None:
    selection = answer(linux("3.14.0"))
    shown = told(selection)
    assert shown.startswith("Nothing fits this machine and this ask.")
    assert "install Python 3.13: tensorflow-cpu==2.21.0 on Python 3.13" in shown
    nothing = answer(linux("3.12.4", arch="armv7l"))
    assert "no single change that is known here" in told(nothing)


def test_the_whole_story() -> None:
    host = linux("3.12.4", gpus=NVIDIA)
    selection = answer(host)
    chapters = explain(selection, host, ask(), shipped())
    titles = [chapter.title for chapter in chapters]
    assert titles == [
        "Asked for",
        "The machine",
        "The row linux-x86_64-cuda",
        "Rules for 2.20.0",
        "Bounds of its own metadata",
        "Rows that lost",
    ]
    shown = told(selection, chapters)
    assert "protobuf>=5.28.0" in shown
    assert "METADATA of tensorflow 2.20.0" in shown
    assert "minor version compatibility" in " ".join(shown.split())
    lost = dict(chapters[-1].lines)
    assert len(lost) == len(shipped().rows) - 1
    assert lost["macos-arm64-metal"] == "for macOS; this is Linux"


def test_the_story_of_an_empty_wheel_names_the_one_with_the_code() -> None:
    host = mac("3.11.4")
    chapters = explain(answer(host, "2.13.1", "cpu"), host, ask("2.13.1", "cpu"), shipped())
    bounds = next(chapter for chapter in chapters if chapter.title == "Bounds of its own metadata")
    assert ("numpy<=1.24.3,>=1.22", "METADATA of tensorflow-macos 2.13.1") in bounds.lines


def test_the_story_of_a_refusal_has_the_facts_and_every_row() -> None:
    host = linux("3.14.0", cpu=None, gpus=None)
    chapters = explain(answer(host), host, ask(), shipped())
    facts = dict(chapters[1].lines)
    assert facts["cpu"] == "could not tell"
    assert facts["gpus"] == "could not tell"
    assert len(chapters[-1].lines) == len(shipped().rows)


def test_nothing_from_outside_reaches_the_terminal_raw() -> None:
    host = linux("3.12.4", gpus=(Gpu(vendor="nvidia", name="\x1b[31mevil", driver="390.1"),))
    shown = told(answer(host))
    assert "\x1b" not in shown
    assert "\\x1b[31mevil stays unused" in shown


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


CHECKED = {
    "index": "2026-11-22",
    "rows": [{"row": "linux-x86_64-cpu", "newest": "2.21.0", "releases": 47, "problems": 1}],
    "differences": [{"distribution": "thing", "version": "1.0", "words": "was yanked", "grave": True}],
    "traffic": {"requests": 8, "received": 1_500_000, "unchanged": 3},
}
PROBLEM = {"where": "matrix.yaml:3:4", "message": "no such release", "hint": ""}


def test_a_check_for_people() -> None:
    assert text(check_view(CHECKED, [PROBLEM])).splitlines() == [
        "row               newest  releases  problems",
        "linux-x86_64-cpu  2.21.0        47         1",
        "matrix.yaml:3:4: no such release",
        "thing 1.0 was yanked",
        "",
        "1 problem. Snapshot of 2026-11-22; 8 requests, 1.5 MB received, 3 pages unchanged.",
    ]
    calm = text(check_view({**CHECKED, "differences": [], "traffic": None}, []))
    assert calm.endswith("The matrix holds. Snapshot of 2026-11-22; the index was not asked (--offline).")


def test_a_proposal_for_people() -> None:
    data = {
        "differences": [{"distribution": "thing", "version": "2.0", "words": "is new on the index", "grave": False}],
        "edits": [{"where": "matrix.yaml:1:9", "old": '"1.0"', "new": '"2.0"', "because": "it is the newest"}],
        "notes": ["a-row has no plugin for 2.0"],
        "diff": "--- matrix.yaml\n+++ matrix.yaml\n-proven: 1\n+proven: 2\n",
        "applied": False,
        "traffic": CHECKED["traffic"],
    }
    shown = text(update_view(data, []))
    assert "thing 2.0 is new on the index" in shown
    assert "+proven: 2" in shown
    assert "to decide: a-row has no plugin for 2.0" in shown
    assert "Nothing was written; --apply writes it." in shown
    assert "Not applied" in text(update_view(data, [PROBLEM]))
    assert "Written." in text(update_view({**data, "applied": True}, []))
    nothing = {**data, "differences": [], "edits": [], "notes": [], "diff": ""}
    assert "The matrix is up to date with the index." in text(update_view(nothing, []))
