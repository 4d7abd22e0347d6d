"""The verification on the terminal, as exact text."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from support.verify import case_of, verdict
from tfsetup.report.verify import (
    BAR_CELLS,
    bar,
    break_even_lines,
    check_lines,
    device_table,
    duration,
    finding_lines,
    library_lines,
    peak_lines,
    verify_view,
)
from tfsetup.verify.model import BreakEven, Check, Finding

CASES = Path(__file__).parents[2] / "cases" / "verify"


def shown(name: str, *, ascii_only: bool = False) -> str:
    """Return what is printed, without colour, for a case of tests/cases/verify."""
    stream = io.StringIO()
    console = Console(file=stream, width=140, no_color=True, highlight=False)
    console.print(verify_view(verdict(name), ascii_only=ascii_only))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def test_a_good_run_shows_version_numbers_and_libraries() -> None:
    text = shown("cpu-only")
    assert text.startswith(
        "TensorFlow 2.21.0 (v2.21.0-rc1-5-ga481b10260d) · Python 3.13.0 (x86_64) · /env\nimported in "
    )
    assert "CPU:0" in text
    assert "NumPy calls openblas (0.3.34.237.2, Haswell, 2 threads): " in text
    assert "kernels: oneDNN off, built without avx2 fma (used where kernels choose at run time)" in text
    assert "log: 3 harmless" in text
    assert text.endswith("It runs.")
    assert "error" in text  # the column, and nothing else
    assert "error:" not in text


def test_a_verdict_stands_in_the_devices_row_with_its_number() -> None:
    lines = shown("gpu-wrong").splitlines()
    (row,) = (line for line in lines if line.strip().startswith("GPU:0 ") and line.endswith("wrong"))
    assert " 512 " in row
    assert "GPU:0 is Apple M1" in lines
    assert "error: GPU:0 computes wrong results" in lines
    assert lines[lines.index("error: GPU:0 computes wrong results") + 1].startswith("  float32 512: error 9.3e-01 > ")


def test_a_device_that_was_left_out_says_why_below_the_table() -> None:
    text = shown("no-turn")
    assert "GPU:1 skipped: the process ended before its turn" in text


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_the_table_fits_eighty_columns(path: Path) -> None:
    """A row that is folded cannot be read as one."""
    found = verdict(path.stem)
    stream = io.StringIO()
    Console(file=stream, width=80, no_color=True, highlight=False).print(device_table(found))
    rows = [line for line in stream.getvalue().splitlines() if line.strip() and set(line.strip()) != {"─"}]
    assert all(len(line) <= 80 for line in rows)
    assert len(rows) == 1 + sum(len(device.matmul) or 1 for device in found.devices)


def test_a_crash_is_told_in_words() -> None:
    lines = shown("no-avx").splitlines()
    assert lines[:4] == [
        "TensorFlow did not load · Python 3.12.1 (x86_64)",
        "error: TensorFlow died of SIGILL (illegal instruction) while loading _pywrap_cpu_feature_guard.so",
        "  this CPU has no AVX; TensorFlow's x86_64 wheels are built for it and fail without a message",
        "  fix: run on a CPU with AVX (or give the virtual machine one: `-cpu host`), or build TensorFlow from source",
    ]
    assert lines[4:7] == [
        "the last it wrote:",
        "  | Fatal Python error: Illegal instruction",
        "  | Current thread 0x00000040031bf740 (most recent call first):",
    ]
    assert lines[-1] == "It does not run as it should."
    assert len(lines) == 4 + 1 + 12 + 1


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_every_case_can_be_shown_in_plain_ascii_cells(path: Path) -> None:
    text = shown(path.stem, ascii_only=True)
    assert "█" not in text
    assert "Traceback" not in text


@given(st.floats(min_value=-1, max_value=2))
def test_a_bar_never_leaves_its_column(share: float) -> None:
    assert len(bar(share)) <= BAR_CELLS
    assert len(bar(share, ascii_only=True)) <= BAR_CELLS


def test_bars_are_proportional() -> None:
    assert [bar(0), bar(0.5), bar(1)] == ["", "█" * 5, "█" * 10]


@pytest.mark.parametrize(("value", "text"), [(0.00265, "2.65 ms"), (0.184, "184 ms"), (1.42, "1.42 s"), (65.0, "65 s")])
def test_durations_have_three_digits(value: float, text: str) -> None:
    assert duration(value) == text


def test_nothing_from_outside_drives_the_terminal() -> None:
    finding = Finding(severity="note", title="a\x1b[2Jb", detail="c\x07", fix=("d\x00",))
    assert all("\x1b" not in line and "\x07" not in line and "\x00" not in line for line, _ in finding_lines(finding))


def test_a_gpu_stands_against_its_chip() -> None:
    found = case_of(CASES / "metal-low-power.json").judged()
    assert list(peak_lines(found)) == ["GPU:0: 0.3 of 3.6 TFLOP/s, 8 %: slow; low-power mode?"]
    gpu = next(device for device in found.devices if device.type == "GPU")
    good = replace(gpu, share_of_peak=0.81, best_gflops=2900.0, pace="good")
    assert list(peak_lines(replace(found, devices=(good,)))) == ["GPU:0: 2.9 of 3.6 TFLOP/s, 81 %: as it should be"]
    assert list(peak_lines(replace(found, devices=(replace(gpu, peak_gflops=None),)))) == []


def test_the_cores_peak_is_no_line_of_the_cpu_device() -> None:
    found = case_of(CASES / "cpu-only.json").judged()
    cpu = replace(found.devices[0], peak_gflops=156.8, share_of_peak=0.3, best_gflops=47.0)
    assert list(peak_lines(replace(found, devices=(cpu,)))) == []


def test_numpys_line_says_what_the_matrix_units_could_do() -> None:
    found = case_of(CASES / "metal.json").judged()
    blas = replace(found.blas, gflops=2400.0, n=2048, peak_gflops=3305.0, share_of_peak=0.726)
    (line,) = (one for one in library_lines(replace(found, blas=blas)) if one.startswith("NumPy"))
    assert line == "NumPy calls accelerate: 2400.0 GFLOP/s at 2048, 73 % of the 3305 of the matrix units"


def checked(*checks: Check) -> list[str]:
    found = case_of(CASES / "cpu-only.json").judged()
    return list(check_lines(replace(found, devices=(replace(found.devices[0], name="GPU:0", checks=checks),))))


RIGHT = tuple(Check(name=f"right-{number}", status="ok", max_rel_error=1e-7, tolerance=1e-6) for number in range(41))
WRONG = Check(
    name="top-k",
    status="wrong",
    message="top_k, sort and what is built on them choose the wrong numbers: float32 17 (eager, graph), float32 257 "
    "(eager, graph), int32 17 (eager, graph) and 2 more: 99.9 % of the elements are not the right ones",
)
LACKING = Check(name="einsum", status="skipped", message="no kernel for Einsum, Pack: it runs on the CPU; no XLA")
PARTLY = Check(name="transpose", status="ok", message="no kernel for Roll: it runs on the CPU")


def test_checks_are_counted_and_only_what_is_not_right_is_named() -> None:
    assert checked(*RIGHT) == ["GPU:0: of 41 checks 41 ok"]
    lines = checked(*RIGHT, WRONG, LACKING, PARTLY)
    assert lines[0] == "GPU:0: of 44 checks 42 ok, 1 wrong, 1 skipped"
    assert lines[1].startswith("  top-k wrong: top_k, sort and what is built on them choose the wrong")
    assert " ".join(line.strip() for line in lines[1:-1]) == f"top-k wrong: {WRONG.message}"
    assert lines[-1] == "  without a kernel, so on the CPU: Einsum, Pack, Roll"
    assert all(len(line) <= 80 for line in lines)
    assert checked() == []


def test_a_hung_check_is_named_too() -> None:
    hung = Check(name="lstm", status="hung", message="lstm on GPU:0 did not come to its end within 30 s")
    assert checked(hung) == [
        "GPU:0: of 1 checks 1 hung",
        "  lstm hung: lstm on GPU:0 did not come to its end within 30 s",
    ]


def test_where_small_models_are_faster_is_a_sentence() -> None:
    found = case_of(CASES / "cpu-only.json").judged()
    assert list(break_even_lines(found)) == []
    says = "below about 64 units a layer a recurrent model is faster on the CPU than on GPU:0"
    one = BreakEven(device="GPU:0", model="recurrent", from_units=64, says=says)
    assert list(break_even_lines(replace(found, break_even=(one,)))) == [says]
