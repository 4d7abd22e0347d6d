"""The pure parts of starting the probe: which variables, what an exit status means."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.environ import REMOVED
from tfsetup.verify.model import ProbeOutcome
from tfsetup.verify.run import ADDED, PROBE, child_environment, progress, signal_name, spares_the_cpu


@given(
    st.dictionaries(
        st.sampled_from(
            [*REMOVED, "DYLD_INSERT_LIBRARIES", "CONDA_PREFIX", "_CE_M", "PATH", "HOME", "LD_LIBRARY_PATH"]
        ),
        st.text(alphabet="ab/:", max_size=8),
    )
)
def test_the_child_sees_its_own_environment_and_the_users_settings(base: dict[str, str]) -> None:
    child = child_environment(base, Path("/env/bin/python"))
    assert not set(child) & (set(REMOVED) - set(ADDED))
    assert not any(name.startswith(("DYLD_", "CONDA_", "_CE_")) for name in child)
    assert child["PATH"].startswith("/env/bin")
    assert {name: child[name] for name in ("HOME", "LD_LIBRARY_PATH") if name in base} == {
        name: base[name] for name in ("HOME", "LD_LIBRARY_PATH") if name in base
    }
    assert child["TF_CPP_MIN_LOG_LEVEL"] == "0"


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0, None), (1, None), (2, None), (None, None), (130, None), (-4, "SIGILL"), (132, "SIGILL"), (-11, "SIGSEGV"),
        (139, "SIGSEGV"), (134, "SIGABRT"), (-9, "SIGKILL"), (0xC000001D, "SIGILL"), (-1073741819, "SIGSEGV"),
        (0xC0000409, "SIGABRT"), (255, None),
    ],
)  # fmt: skip
def test_an_exit_status_is_read_as_a_signal_only_where_it_is_one(status: int | None, name: str | None) -> None:
    assert signal_name(status) == name


def test_progress_speaks_of_what_takes_long() -> None:
    assert progress({"event": "begin", "phase": "import"}) == "importing tensorflow"
    assert progress({"event": "step", "what": "matmul float32 512", "device": "GPU:0"}) == "matmul float32 512 on GPU:0"
    assert progress({"event": "native", "path": "x"}) is None


ASKED = [*PROBE.parent.glob("*.py"), *(PROBE.parents[1] / "checks").glob("*.py")]


@pytest.mark.parametrize("path", sorted(ASKED), ids=lambda path: path.stem)
def test_the_probe_is_python_3_8_and_imports_nothing_of_tfsetup(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
    assert not re.search(r"^\s*(from|import) tfsetup(\.|\s)", source, re.MULTILINE)


CPU, GPU = {"name": "CPU:0", "type": "CPU"}, {"name": "GPU:0", "type": "GPU"}
SETUP = ({"event": "begin", "phase": "devices"}, {"event": "devices", "devices": [CPU, GPU]})
READY = (*SETUP, {"event": "end", "phase": "devices"}, {"event": "begin", "phase": "matmul float32"})


def step(device: str) -> dict[str, str]:
    return {"event": "step", "what": "matmul float32 512", "device": device}


@pytest.mark.parametrize(
    ("events", "spared"),
    [
        ((*READY, step("CPU:0"), step("GPU:0")), True),
        (SETUP, True),
        ((*READY, step("CPU:0")), False),
        (READY, False),
        ((*READY, step("GPU:0"), {"event": "matmul", "device": "GPU:0"}), False),
        ((*READY, step("GPU:0"), {"event": "done"}), False),
        (({"event": "devices", "devices": [CPU]}, step("GPU:0")), False),
        ((), False),
    ],
)
def test_the_cpu_gets_a_run_of_its_own_where_another_device_ended_the_first(
    events: tuple[dict[str, Any], ...], spared: bool
) -> None:
    assert spares_the_cpu(ProbeOutcome(python="python", ended="timeout", events=events)) is spared
