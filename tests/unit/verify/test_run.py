"""The pure parts of starting the probe: which interpreter, which variables, what an exit status means."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.errors import UsageError
from tfsetup.ground.environ import REMOVED
from tfsetup.verify import find_python
from tfsetup.verify.model import ProbeOutcome
from tfsetup.verify.run import ADDED, PROBE, child_environment, progress, signal_name, spares_the_cpu


def interpreter(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("name", ["bin/python", "bin/python3", "Scripts/python.exe", "python.exe"])
def test_a_folder_gives_its_interpreter(tmp_path: Path, name: str) -> None:
    expected = interpreter(tmp_path / "env" / name)
    assert find_python(tmp_path / "env") == expected


def test_an_interpreter_stands_for_itself_and_its_link_is_not_followed(tmp_path: Path) -> None:
    real = interpreter(tmp_path / "base" / "python3.12")
    link = tmp_path / "env" / "bin" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(real)
    assert find_python(link) == link
    assert find_python(tmp_path / "env") == link


def test_a_link_to_an_environment_is_one(tmp_path: Path) -> None:
    interpreter(tmp_path / "generation-3" / "bin" / "python")
    (tmp_path / ".venv").symlink_to("generation-3")
    assert find_python(tmp_path / ".venv") == tmp_path / ".venv" / "bin" / "python"


def test_a_relative_prefix_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter(tmp_path / ".venv" / "bin" / "python")
    monkeypatch.chdir(tmp_path)
    assert find_python(Path(".venv")).is_absolute()


def test_no_folder_no_interpreter_and_a_dangling_link_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        find_python(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="holds no Python interpreter"):
        find_python(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    with pytest.raises(UsageError, match=r"dangling points to .*/gone, which is gone"):
        find_python(tmp_path / "dangling")


def test_an_environment_whose_python_was_removed_says_so(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/opt/python3.9/bin/python3.9")
    with pytest.raises(UsageError, match=r"bin/python points to /opt/python3.9/bin/python3.9, which is gone") as caught:
        find_python(tmp_path)
    assert "tfsetup install" in caught.value.hint


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


@pytest.mark.parametrize("path", sorted(PROBE.parent.glob("*.py")), ids=lambda path: path.stem)
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
