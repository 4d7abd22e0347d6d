"""Has the TensorFlow of an environment write down what a model computes, where no file says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tfsetup.errors import Code, TfsetupError
from tfsetup.graphs.disk import read_graph, working_folder
from tfsetup.graphs.model import Graph
from tfsetup.ground.looking import find
from tfsetup.host.temporary import temporary_folder
from tfsetup.verify.model import ProbeOutcome
from tfsetup.verify.run import run_course
from tfsetup.workflows.told import Told, silent

LIMIT_S: Final = 600.0
"""For the import of TensorFlow, the model, and the graphs of both."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """The graph of a prediction, and of a step of training; None where that could not be traced, as `because` says."""

    predict: Graph
    train: Graph | None = None
    because: str = ""


Run = Callable[[Path, Mapping[str, object], float], ProbeOutcome]
"""Runs a course of the probe: an interpreter, what it is told, and the longest it may take in seconds."""


def traced(model: str, prefix: Path, told: Told = silent, *, run: Run = run_course) -> Traced:
    """Trace a Keras file, or what `module:function` of a program in the current folder returns. The program is run.

    Raises:
        UsageError: there is no environment at `prefix`.
        TfsetupError: TensorFlow could not trace the model.
    """
    found = find(prefix)
    told(f"Tracing   {model} with the TensorFlow of {prefix}")
    with temporary_folder() as into:
        options = {"mode": "operations", "model": model, "folder": str(working_folder()), "into": str(into)}
        outcome = run(found.python, options, LIMIT_S)
        written = {event["name"] for event in outcome.events if event["event"] == "written"}
        if "predict" not in written:
            raise TfsetupError(Code.UNDECIDED, f"{model} could not be traced: {_why(outcome)}")
        train = read_graph(Path(into) / "train.pb") if "train" in written else None
        return Traced(
            predict=read_graph(Path(into) / "predict.pb"), train=train, because="" if train else _why(outcome)
        )


def _why(outcome: ProbeOutcome) -> str:
    """Return what was seen of a child that did not write what it should."""
    if outcome.ended == "not-started":
        return outcome.message
    error = next((event for event in outcome.events if event["event"] == "error"), None)
    if error is not None:
        return f"{error.get('type')}: {str(error.get('message')).strip()}"[:500]
    if outcome.ended == "timeout":
        return f"it was not done within {LIMIT_S:.0f} seconds"
    ended = outcome.signal or outcome.exit_status
    return f"the process ended with {ended}" if ended else "there is nothing to train"
