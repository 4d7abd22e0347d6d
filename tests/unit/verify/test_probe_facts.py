"""Which settings the probe tells, and which packages it sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfsetup.verify.checks.xla import without_compiler
from tfsetup.verify.probes import facts, wheels
from tfsetup.verify.probes.channel import MOST, shortened


class Options:
    """The one question of TensorFlow's that `options` asks."""

    def __init__(self, made: dict[str, Any]) -> None:
        self.config = self.optimizer = self
        self.made = made

    def get_experimental_options(self) -> dict[str, Any]:
        return self.made


def test_influences_of_the_graph_optimizer_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURN_OFF_REMAPPER", "1")
    monkeypatch.setenv("TF_METAL_REMAPPER", "1")
    monkeypatch.setenv("TURN_OFF_REMAPPER_NOT", "1")
    influences = facts.interpreter(())["influences"]
    assert influences["TURN_OFF_REMAPPER"] == influences["TF_METAL_REMAPPER"] == "1"
    assert "TURN_OFF_REMAPPER_NOT" not in influences


def test_a_variable_that_was_asked_for_is_told_whoever_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_CURE", "yes")
    assert facts.interpreter((), ("SOME_CURE", "NOT_THERE"))["asked"] == {"SOME_CURE": "yes", "NOT_THERE": None}
    assert facts.interpreter(())["asked"] == {}


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ({"disable_model_pruning": False}, {}),
        ({"use_plugin_optimizers": False}, {"use_plugin_optimizers": False}),
        ({"remapping": True, "use_plugin_optimizers": True}, {"use_plugin_optimizers": True, "remapping": True}),
    ],
)
def test_options_of_the_program_are_told_where_it_made_them(made: dict[str, Any], told: dict[str, Any]) -> None:
    assert facts.options(Options(made)) == told


def test_a_tensorflow_without_that_question_has_made_no_options() -> None:
    assert facts.options(object()) == {}


def test_distributions_have_normalised_names_and_the_first_on_the_path_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, name in (("a", "tensorflow_metal-1.2.0"), ("b", "Tensorflow.Metal-1.0.0"), ("b", "odd")):
        (tmp_path / folder / f"{name}.dist-info").mkdir(parents=True)
    monkeypatch.setattr("sys.path", [str(tmp_path / "a"), str(tmp_path / "nowhere"), str(tmp_path / "b")])
    assert wheels.installed() == {"tensorflow-metal": "1.2.0"}


def test_a_long_error_keeps_its_end_where_the_cause_stands() -> None:
    text = "Graph execution error:\n" + "frame\n" * 4000 + "the cause"
    assert shortened(text).startswith("Graph execution error:")
    assert shortened(text).endswith("the cause")
    assert len(shortened(text)) < MOST + 20
    assert shortened("short") == "short"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            "Graph execution error:\n\nCould not find compiler for platform METAL: NOT_FOUND: x [Op:__inference]",
            "Could not find compiler for platform METAL: NOT_FOUND: x",
        ),
        ("could not find registered platform with id: 0x1", "could not find registered platform with id: 0x1"),
        ("Matrix size-incompatible", None),
        ("", None),
    ],
)
def test_a_missing_compiler_is_told_from_other_errors(message: str, line: str | None) -> None:
    assert without_compiler(message) == line


def test_memory_that_the_cache_of_files_holds_is_free(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 16000 kB\nMemFree: 10 kB\nMemAvailable: 12000 kB\nCached: 11000 kB\n")
    assert facts._available(meminfo) == 12000 * 1024
    for text in ("MemTotal: 16000 kB\n", "MemAvailable:\n", "MemAvailable: much kB\n"):
        meminfo.write_text(text)
        assert facts._available(meminfo) is None
    assert facts._available(tmp_path / "none") is None
    free = facts.free_bytes()
    assert free is None or free > 0
