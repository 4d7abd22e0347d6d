"""`tfsetup matrix check --prove` under the emulator, with a plugin of a few instructions in the place of Apple's."""

from __future__ import annotations

import builtins
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from support.cli import Ran, Tfsetup
from support.matrix import shipped
from support.tiny_macho import Tiny, build, plugin
from tfsetup.matrix.file.disk import environments
from tfsetup.upkeep.xray.asked import GRAPHS
from tfsetup.upkeep.xray.graphs import Node, write_graph
from tfsetup.upkeep.xray.wheels import Libraries, Library

HAZARD = shipped().hazards[0]
((VARIABLE, VALUE),) = HAZARD.cure.environment.items()
LOSING = [
    *(node for node in GRAPHS["dense-relu"] if node.op == "Placeholder"),
    Node(name="f", op="_FusedMatMul", inputs=("x", "w", "b"), attributes={"fused_ops": (b"BiasAdd", b"Relu")}),
    Node(name="out", op="Identity", inputs=("f",)),
]
KEPT = Path("kept") / f"{HAZARD.id}.json"


def _libraries(made: list[Node], *, versions: tuple[str, ...] = ("1.2.0",)) -> Libraries:
    content = plugin(write_graph(made), VARIABLE.encode())
    plugins = tuple(Library(version=one, wheels=(f"p-{one}.whl",), content=content) for one in versions)
    framework = Library(version="1", wheels=("f.whl",), content=build(Tiny()))
    return Libraries(framework=framework, plugins=plugins)


@pytest.fixture(autouse=True)
def index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfsetup.upkeep.evidence.Proving.run", lambda _self: [])
    monkeypatch.setattr("tfsetup.cli.matrix._client", lambda _session: nullcontext(_NoIndex()))
    monkeypatch.setattr("tfsetup.upkeep.index.snapshot.differences", lambda _old, _pages: ())
    # tfsetup's own evidence is about Apple's plugin: here only what lies in the folder counts
    real = environments()
    monkeypatch.setattr("tfsetup.upkeep.xray.files.environments", lambda: real)
    monkeypatch.setattr("tfsetup.upkeep.xray.files.EVIDENCE", "no-evidence")


class _NoIndex:
    from tfsetup.upkeep.index.client import Traffic

    traffic = Traffic()

    def pages(self, _names: list[str]) -> dict[str, Any]:
        return {}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(libraries: Libraries) -> None:
        monkeypatch.setattr("tfsetup.upkeep.xray.wheels.fetch", lambda _plan, _index: libraries)

    put(_libraries(LOSING))
    return put


def prove(tfsetup: Tfsetup, *more: str) -> Ran:
    return tfsetup("matrix", "check", "--prove", "--evidence", "kept", *more)


def emulated(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = ran.document["data"]["evidence"]["emulated"]
    return found


@pytest.mark.usefixtures("asked")
def test_what_is_new_is_written_once_and_the_same_each_time(tfsetup: Tfsetup) -> None:
    first = prove(tfsetup, "--json")
    assert (first.status, emulated(first)["verdict"], emulated(first)["written"]) == (0, "new", True)
    before = KEPT.read_bytes()
    second = prove(tfsetup, "--json")
    assert (second.status, emulated(second)["verdict"], emulated(second)["written"]) == (0, "as kept", False)
    assert KEPT.read_bytes() == before


@pytest.mark.usefixtures("asked")
def test_what_is_lost_without_the_cure_and_with_it_is_told(tfsetup: Tfsetup) -> None:
    (line,) = emulated(prove(tfsetup, "--json"))["versions"]
    assert line["version"] == "1.2.0"
    assert set(line["lost"]) == set(GRAPHS)
    assert (line["losing"], line["builds"], line["lost_with_cure"]) == (1, 1, [])
    runs = json.loads(KEPT.read_text())["versions"][0]["builds"][0]["runs"]
    assert [run["environment"] for run in runs][:2] == [{}, {VARIABLE: VALUE}]
    assert set(runs[0]["graphs"].values()) == {"out = _FusedMatMul[BiasAdd,Relu](x, w, b)"}
    assert set(runs[1]["graphs"].values()) == {"as it was"}


@pytest.mark.usefixtures("asked")
def test_the_screen_has_a_line_a_release_and_says_what_was_not_asked(tfsetup: Tfsetup) -> None:
    ran = prove(tfsetup)
    assert "1.2.0   loses dense" in ran.out
    assert "with the cure nothing" in ran.out
    assert "not asked: tensorflow-metal-plugin" in ran.out
    assert "presumed: tensorflow-metal 1.0.0, x86_64" in ran.out
    assert f"{HAZARD.id}, under the emulator: new" in ran.out
    assert (
        f"Asked     tensorflow-metal 1.2.0: changes 10 of 10 with no variable, 0 of 10 with {VARIABLE}={VALUE}"
        in ran.err
    )


def test_a_plugin_that_does_otherwise_is_exit_7_with_version_and_graph(tfsetup: Tfsetup, asked: Any) -> None:
    prove(tfsetup)
    before = KEPT.read_bytes()
    asked(_libraries([node for node in LOSING if node.op != "_FusedMatMul"]))
    ran = prove(tfsetup)
    assert ran.status == 7
    assert (
        "otherwise than kept: 1.2.0, dense-relu, no variable: kept is out = _FusedMatMul[BiasAdd,Relu](x, w, b)"
        in ran.out
    )
    assert KEPT.read_bytes() == before


@pytest.mark.usefixtures("asked")
def test_a_wrong_answer_to_one_import_is_exit_7_with_version_and_graph(
    tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfsetup.upkeep.xray.answers import ANSWERS

    prove(tfsetup)
    monkeypatch.setattr("tfsetup.upkeep.xray.answers.ANSWERS", {**ANSWERS, "_getenv": lambda _machine: 0})
    ran = prove(tfsetup, "--json")
    assert ran.status == 7
    (first, *_rest) = emulated(ran)["differences"]
    assert first.startswith(f"1.2.0, batch-relu, {VARIABLE}={VALUE}: kept is as it was, now it is out = _FusedMatMul")


@pytest.mark.usefixtures("asked")
def test_an_import_without_an_answer_is_otherwise_than_kept(tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch) -> None:
    prove(tfsetup)
    monkeypatch.setattr("tfsetup.upkeep.xray.answers.ANSWERS", {})
    ran = prove(tfsetup, "--json")
    assert ran.status == 7
    assert "now it is not run: _getenv was called" in emulated(ran)["differences"][0]


@pytest.mark.usefixtures("asked")
def test_what_cannot_be_run_is_undecided_and_not_kept(tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfsetup.upkeep.xray.answers.ANSWERS", {})
    ran = prove(tfsetup, "--json")
    assert (ran.status, emulated(ran)["verdict"]) == (9, "undecided")
    assert "1.2.0 with no variable: not run: _getenv was called" in emulated(ran)["because"]
    assert not KEPT.exists()


def test_a_release_that_is_new_is_told(tfsetup: Tfsetup, asked: Any) -> None:
    prove(tfsetup)
    asked(_libraries(LOSING, versions=("1.2.0", "1.3.0")))
    ran = prove(tfsetup, "--json")
    assert (ran.status, emulated(ran)["differences"]) == (7, ["1.3.0: not among what is kept"])


def test_offline_nothing_is_asked(tfsetup: Tfsetup) -> None:
    ran = prove(tfsetup, "--offline", "--json")
    assert ran.status == 0, ran.err
    assert (emulated(ran)["verdict"], emulated(ran)["because"]) == ("not asked", "nothing is read (--offline)")


def test_without_the_emulator_it_says_how_to_get_it(tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "unicorn":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    ran = prove(tfsetup)
    assert ran.status == 2
    assert "needs unicorn, which is not installed" in ran.err
    assert "tfsetup[xray]" in ran.err


@pytest.mark.usefixtures("asked")
def test_evidence_that_is_damaged_is_named(tfsetup: Tfsetup) -> None:
    KEPT.parent.mkdir()
    KEPT.write_text("{}")
    ran = prove(tfsetup)
    assert ran.status == 3
    assert f"{HAZARD.id}.json" in ran.err


def test_an_interrupt_ends_it_and_nothing_is_written(
    tfsetup: Tfsetup, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfsetup.upkeep.xray.answers import ANSWERS

    def interrupted(_machine: object) -> int:
        raise KeyboardInterrupt

    asked(_libraries(LOSING))
    monkeypatch.setattr("tfsetup.upkeep.xray.answers.ANSWERS", {**ANSWERS, "_getenv": interrupted})
    assert prove(tfsetup).status == 130
    assert not KEPT.exists()


def test_a_hazard_that_says_otherwise_than_what_is_kept_is_a_problem_with_its_place(
    tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tfsetup.upkeep.xray.files.EVIDENCE", "evidence")
    text = (environments() / "matrix.yaml").read_text()
    start = text.index("  - id: metal-activation-dropped")
    changed = tmp_path / "matrix.yaml"
    changed.write_text("schema: 1\nhazards:\n" + text[start:].replace(HAZARD.versions, ">=1.0,<1.2", 1))
    ran = tfsetup("--matrix", str(changed), "matrix", "check", "--offline")
    assert ran.status == 3
    assert "1.2.0 loses an activation too (dense-relu" in " ".join(ran.out.split())
    assert f"{changed.name}:6" in "".join(ran.out.split())
