"""What a child with TensorFlow wrote of a model is read; what it did not write is told with the child's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from support.saved_models import Saved, node
from tfsetup.errors import TfsetupError, UsageError
from tfsetup.verify.model import Ended, Event, ProbeOutcome
from tfsetup.workflows.tracing import Run, traced

PREDICT = Saved(nodes=[node("r", "Relu", T="float32")], signatures={"predict": ["r:0"]})
TRAIN = Saved(nodes=[node("g", "ReluGrad", T="float32")], signatures={"train": ["g:0"]})
FAILED: Event = {"event": "error", "phase": "model", "type": "ValueError", "message": "Unknown layer: 'Mine'"}


def child(
    seen: list[Mapping[str, object]],
    *events: Event,
    ended: Ended = "finished",
    signal: str | None = None,
    status: int | None = 0,
    **files: Saved,
) -> Run:
    """Return what stands in for the child: it writes files and says so."""

    def run(_python: Path, options: Mapping[str, object], _limit: float) -> ProbeOutcome:
        seen.append(options)
        for name, saved in files.items():
            (Path(str(options["into"])) / f"{name}.pb").write_bytes(saved.content())
        written: list[Event] = [{"event": "written", "name": name} for name in files]
        return ProbeOutcome(
            python="p",
            ended=ended,
            events=(*written, *events),
            exit_status=status,
            signal=signal,
            message="no such file",
        )

    return run


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    (tmp_path / "env" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    return tmp_path / "env"


def test_both_graphs_are_read_and_the_child_is_told_where_the_program_is(prefix: Path) -> None:
    seen: list[Mapping[str, object]] = []
    found = traced("net:make", prefix, run=child(seen, predict=PREDICT, train=TRAIN))
    assert found.predict.nodes[0].operation.op == "Relu"
    assert found.train is not None
    assert (found.train.nodes[0].operation.op, found.because) == ("ReluGrad", "")
    assert (seen[0]["mode"], seen[0]["model"], seen[0]["folder"]) == ("operations", "net:make", str(Path.cwd()))
    assert not Path(str(seen[0]["into"])).exists()


def test_a_model_without_a_step_of_training_says_why(prefix: Path) -> None:
    found = traced("net:make", prefix, run=child([], FAILED, predict=PREDICT))
    assert (found.train, found.because) == (None, "ValueError: Unknown layer: 'Mine'")
    nothing = traced("net:make", prefix, run=child([], predict=PREDICT))
    assert nothing.because == "there is nothing to train"


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda: child([], FAILED), "ValueError: Unknown layer: 'Mine'"),
        (lambda: child([], ended="timeout", status=None), "not done within 600 seconds"),
        (lambda: child([], ended="signal", signal="SIGSEGV", status=-11), "ended with SIGSEGV"),
        (lambda: child([], ended="not-started", status=None), "no such file"),
    ],
)
def test_a_model_that_cannot_be_traced_is_undecided_in_the_child_s_words(
    prefix: Path, run: Callable[[], Run], why: str
) -> None:
    with pytest.raises(TfsetupError, match=why) as caught:
        traced("net.keras", prefix, run=run())
    assert caught.value.code.exit_status == 9


def test_without_an_environment_nothing_is_run(tmp_path: Path) -> None:
    seen: list[Mapping[str, object]] = []
    with pytest.raises(UsageError):
        traced("net.keras", tmp_path / "gone", run=child(seen, predict=PREDICT))
    assert seen == []
