"""What plugins do under the emulator, beside what is kept; a plugin of a few instructions stands in for Apple's."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.matrix import shipped
from support.tiny_macho import Tiny, build, plugin
from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.ground.encode import encode
from tfsetup.upkeep.xray.answers import ANSWERS
from tfsetup.upkeep.xray.asked import GRAPHS
from tfsetup.upkeep.xray.files import read_plan
from tfsetup.upkeep.xray.graphs import Node, write_graph
from tfsetup.upkeep.xray.plan import Plan
from tfsetup.upkeep.xray.prove import Emulated, emulate, ready
from tfsetup.upkeep.xray.wheels import Libraries, Library

HAZARD = shipped().hazards[0]
((VARIABLE, VALUE),) = HAZARD.cure.environment.items()
LOSING = [
    *(node for node in GRAPHS["dense-relu"] if node.op == "Placeholder"),
    Node(name="f", op="_FusedMatMul", inputs=("x", "w", "b"), attributes={"fused_ops": (b"BiasAdd", b"Relu")}),
    Node(name="out", op="Identity", inputs=("f",)),
]
HARMLESS = [node for node in LOSING if node.op != "_FusedMatMul"]

Prove = Callable[..., Emulated]


def libraries(made: list[Node] = LOSING, *versions: str) -> Libraries:
    content = plugin(write_graph(made), VARIABLE.encode())
    plugins = tuple(Library(version=one, wheels=(f"p-{one}.whl",), content=content) for one in versions or ("1.2.0",))
    return Libraries(framework=Library(version="1", wheels=("f.whl",), content=build(Tiny())), plugins=plugins)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept" / f"{HAZARD.id}.json"


@pytest.fixture
def prove(tmp_path: Path) -> Prove:
    """Return a course that knows nothing of tfsetup's own evidence, which is about Apple's plugin."""

    def run(found: Libraries | None = None, table: Mapping[str, Any] = ANSWERS, *, told: Any = str) -> Emulated:
        def fetch(plan: Plan) -> Libraries:
            assert plan == read_plan()
            return found or libraries()

        folder = tmp_path / "kept"
        return emulate([HAZARD], folder, fetch, told, kept_in=tmp_path / "nothing", table=table)

    return run


def test_what_is_new_is_written_once_and_the_same_each_time(prove: Prove, kept: Path) -> None:
    first = prove()
    assert (first.verdict, first.written) == ("new", True)
    before = kept.read_bytes()
    second = prove()
    assert (second.verdict, second.written) == ("as kept", False)
    assert kept.read_bytes() == before


def test_what_is_lost_without_the_cure_and_with_it_is_told(prove: Prove, kept: Path) -> None:
    (line,) = prove().versions
    assert line.version == "1.2.0"
    assert set(line.lost) == set(GRAPHS)
    assert (line.losing, line.builds, line.lost_with_cure) == (1, 1, ())
    runs = json.loads(kept.read_text())["versions"][0]["builds"][0]["runs"]
    assert [run["environment"] for run in runs][:2] == [{}, {VARIABLE: VALUE}]
    assert set(runs[0]["graphs"].values()) == {"out = _FusedMatMul[BiasAdd,Relu](x, w, b)"}
    assert set(runs[1]["graphs"].values()) == {"as it was"}


def test_every_library_is_told_of_when_it_has_been_asked(prove: Prove) -> None:
    lines: list[str] = []
    prove(libraries(LOSING, "1.1.0", "1.2.0"), told=lines.append)
    changes = f"changes 10 of 10 with no variable, 0 of 10 with {VARIABLE}={VALUE}"
    assert lines[1].startswith(f"Asked     tensorflow-metal 1.2.0: {changes}")
    assert len(lines) == 2


def test_what_the_plan_leaves_out_or_presumes_is_part_of_the_answer(prove: Prove) -> None:
    found = prove()
    assert found.not_asked == tuple(reason.what for reason in read_plan().not_asked)
    assert found.presumed == tuple(reason.what for reason in read_plan().presumed)
    assert found.not_asked
    assert found.presumed


def test_a_plugin_that_does_otherwise_differs_with_version_and_graph(prove: Prove, kept: Path) -> None:
    prove()
    before = kept.read_bytes()
    found = prove(libraries(HARMLESS))
    assert found.verdict == "differs"
    assert "1.2.0, dense-relu, no variable: kept is out = _FusedMatMul[BiasAdd,Relu](x, w, b)" in str(found.differences)
    assert kept.read_bytes() == before


def test_a_wrong_answer_to_one_import_differs_with_version_and_graph(prove: Prove) -> None:
    prove()
    found = prove(table={**ANSWERS, "_getenv": lambda _machine: 0})
    assert found.verdict == "differs"
    first = encode(found)["differences"][0]
    assert first.startswith(f"1.2.0, batch-relu, {VARIABLE}={VALUE}: kept is as it was, now it is out = _FusedMatMul")


def test_an_import_without_an_answer_is_otherwise_than_kept(prove: Prove) -> None:
    prove()
    found = prove(table={})
    assert found.verdict == "differs"
    assert "now it is not run: _getenv was called" in encode(found)["differences"][0]


def test_what_cannot_be_run_is_undecided_and_not_kept(prove: Prove, kept: Path) -> None:
    found = prove(table={})
    assert (found.verdict, found.written) == ("undecided", False)
    assert "1.2.0 with no variable: not run: _getenv was called" in found.because
    assert not kept.exists()


def test_a_release_that_is_new_is_told(prove: Prove) -> None:
    prove()
    found = prove(libraries(LOSING, "1.2.0", "1.3.0"))
    assert (found.verdict, found.differences) == ("differs", ("1.3.0: not among what is kept",))


def test_what_is_kept_beside_counts_where_the_folder_has_none(tmp_path: Path, prove: Prove) -> None:
    prove()
    found = emulate([HAZARD], tmp_path / "other", lambda _plan: libraries(), kept_in=tmp_path / "kept")
    assert (found.verdict, found.written) == ("as kept", False)
    assert not (tmp_path / "other").exists()


def test_where_nothing_may_be_read_nothing_is_asked(tmp_path: Path) -> None:
    found = emulate([HAZARD], tmp_path, None)
    assert encode(found) == {
        "hazard": HAZARD.id,
        "verdict": "not asked",
        "because": "nothing is read (--offline)",
        "versions": [],
    }


def test_a_matrix_without_the_hazard_asks_nothing(tmp_path: Path) -> None:
    found = emulate([], tmp_path, lambda _plan: libraries())
    assert (found.verdict, found.because) == ("not asked", "the matrix has no such hazard")


def test_the_keys_of_an_answer_stand_in_their_order(prove: Prove) -> None:
    keys = ["hazard", "verdict", "because", "versions", "differences", "not_asked", "presumed", "written"]
    assert list(encode(prove())) == keys


def test_without_the_emulator_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "unicorn":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError, match="needs unicorn, which is not installed") as caught:
        ready()
    assert "tfsetup[xray]" in caught.value.hint


def test_evidence_that_is_damaged_is_named(prove: Prove, kept: Path) -> None:
    kept.parent.mkdir()
    kept.write_text("{}")
    with pytest.raises(InvalidFileError) as caught:
        prove()
    assert f"{HAZARD.id}.json" in str(caught.value.where)


def test_an_interrupt_ends_it_and_nothing_is_written(prove: Prove, kept: Path) -> None:
    def interrupted(_machine: object) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prove(table={**ANSWERS, "_getenv": interrupted})
    assert not kept.exists()
