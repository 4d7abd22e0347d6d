"""What tuning found, as people see it: at 80 columns, and with nothing hidden."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from tfsetup.report.tune import tuning_document, tuning_parts
from tfsetup.verify.tune.model import Tried, Tuning, Verdict

ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "1"}
TRIED = (
    Tried(set=ONEDNN, what="matmul 2048 float32 graph", ratio=1.412, spread=0.061, max_rel_error=4.1e-7, worth_it=True,
          baseline_error=4.5e-7, device="CPU:0", pairs=12, processes=2, status="faster"),
    Tried(set=ONEDNN, what="training step dense 256-256-256-10 batch 16", ratio=1.01, spread=0.1, max_rel_error=1.5e-7,
          worth_it=False, baseline_error=1.5e-7, device="CPU:0", pairs=12, processes=2, status="same"),
    Tried(set={}, program='keras.mixed_precision.set_global_policy("mixed_float16")', what="matmul 2048 float32 graph",
          ratio=None, spread=None, max_rel_error=None, worth_it=False, baseline_error=None, device="GPU:0", pairs=0,
          processes=0, status="undecided"),
)  # fmt: skip
VERDICT = Verdict(id="onednn", set=ONEDNN, program="", status="faster", ratio=1.3, spread=0.05, source="the makers",
                  timed_by="clock",
                  sentence="set TF_ENABLE_ONEDNN_OPTS=1: 1.30 times as fast (±0.05)")  # fmt: skip


def shown(installed: bool = False, tried: tuple[Tried, ...] = TRIED, **changes: Any) -> list[str]:
    known: dict[str, Any] = {"set": ONEDNN, "settings": {}, "switches": (VERDICT,), "seconds": 71.3, "budget_s": 120.0}
    found = Tuning(**(known | {"tried": tried} | changes))
    file = io.StringIO()
    console = Console(file=file, width=80, no_color=True, highlight=False)
    console.print(*tuning_parts(tuning_document(found), tried, installed=installed), sep="\n")
    return [line.rstrip() for line in file.getvalue().splitlines() if line.strip()]


def test_at_eighty_columns_every_measurement_stands_in_a_line_or_two() -> None:
    lines = shown()
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].split() == ["timed", "with", "and", "without", "times", "as", "fast", "error", "without"]
    assert lines[2].strip() == "TF_ENABLE_ONEDNN_OPTS=1"
    assert lines[3].split() == ["matmul", "2048", "float32", "graph", "1.41", "(±0.06)", "4e-07", "4e-07", "faster"]
    assert any(line.split()[-4:] == ["-", "-", "-", "undecided"] for line in lines)


def test_what_to_set_is_the_last_line() -> None:
    assert "set TF_ENABLE_ONEDNN_OPTS=1: 1.30 times as fast (±0.05)" in shown()
    assert " ".join(shown()[-2:]).endswith(
        "To set: TF_ENABLE_ONEDNN_OPTS=1 (measured in 1 min 11 s). `tfsetup install --tune` sets what it measures."
    )
    assert "is set in every process of the environment" in " ".join(shown(installed=True)[-2:])


def test_nothing_worth_it_is_said_to_be_nothing() -> None:
    last = " ".join(shown(set={}, complete=False)[-2:])
    assert last.startswith("Nothing to set: no variable is shown to make it faster here (measured in")
    assert last.endswith("and not everything: 120 s did not suffice).")


def test_what_is_set_already_is_said_and_where_it_must_be_changed() -> None:
    lines = " ".join(shown(settings={"TF_ENABLE_ONEDNN_OPTS": "0"}))
    assert "set already, and part of every measurement: TF_ENABLE_ONEDNN_OPTS=0" in lines
    assert "TF_ENABLE_ONEDNN_OPTS keeps the value that it is given where programs start: change it there" in lines


def test_where_nothing_could_be_measured_only_the_reason_stands() -> None:
    assert shown(problem="it died of SIGILL in import", tried=()) == [
        "tuning: nothing could be measured: it died of SIGILL in import"
    ]
