"""A selection as data and as text."""

from __future__ import annotations

import json
from collections.abc import Sequence

from support.matrix import NVIDIA, answer, ask, linux, mac, shipped
from tfsetup.ground.encode import encode
from tfsetup.host.model import Gpu
from tfsetup.matrix.choose.explain import explain
from tfsetup.matrix.model import Chapter, Selection
from tfsetup.report.explained import ExplainedDocument
from tfsetup.report.resolve import resolve_document, resolve_lines


def told(selection: Selection, chapters: Sequence[Chapter] = ()) -> str:
    return "\n".join(resolve_lines(resolve_document(selection, chapters), chapters, width=120))


def test_the_data_of_the_interface() -> None:
    data = encode(resolve_document(answer(mac("3.12.4"))))
    wanted = "installable row accelerator python requirements conda blas reasons rejected warnings"
    assert set(wanted.split()) <= set(data)
    assert (data["installable"], data["row"], data["python"]) == (True, "macos-arm64-metal", "3.12")
    assert data["requirements"] == ["tensorflow==2.19.1", "tensorflow-metal==1.2.0", "setuptools<82"]
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
        "  install   tensorflow==2.19.1  tensorflow-metal==1.2.0  setuptools<82",
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
