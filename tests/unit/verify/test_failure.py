"""Why a probe has no complete answer: what is concluded from its end, and what people are told."""

from __future__ import annotations

from typing import Any

import pytest

from tfsetup.host.model import Cpu, Host
from tfsetup.verify.failure import SIGNALS, TAIL_LINES, cpu_features, explain, failure, last_lines
from tfsetup.verify.model import Ended, Failure, FailureKind, Finding, ProbeOutcome
from tfsetup.verify.observed import Observed

IMPORT = {"event": "begin", "phase": "import"}
NATIVE = {"event": "native", "path": "/site/tensorflow/libtensorflow_cc.so.2"}
STEP = {"event": "step", "what": "matmul float32 512", "device": "GPU:0"}
DONE = {"event": "done"}


def ended(how: Ended, *events: dict[str, Any], **more: Any) -> Observed:
    return Observed(outcome=ProbeOutcome(python="/env/bin/python", ended=how, events=events, **more))


def raised(phase: str, kind: str = "ImportError", message: str = "no", module: str | None = None) -> dict[str, Any]:
    return {"event": "error", "phase": phase, "type": kind, "message": message, "missing_module": module}


@pytest.mark.parametrize(
    ("seen", "kind", "message"),
    [
        (ended("not-started", message="No such file"), "not-started", "No such file"),
        (ended("timeout", IMPORT, seconds=300.4), "hang", "no end after 300 s"),
        (ended("signal", IMPORT, signal="SIGSEGV"), "crash", "memory access violation"),
        (ended("signal", IMPORT, signal="SIGKILL"), "killed", "killed from outside"),
        (ended("signal", IMPORT, signal="SIGTERM"), "killed", "ended from outside"),
        (ended("signal", IMPORT, signal="SIGSYS"), "crash", ""),
        (ended("finished", raised("import")), "import-error", "ImportError: no"),
        (ended("finished", raised("import", "ModuleNotFoundError", "x", "tensorflow")), "no-tensorflow",
         "ModuleNotFoundError: x"),
        (ended("finished", raised("import", "ModuleNotFoundError", "x", "numpy")), "import-error",
         "ModuleNotFoundError: x"),
        (ended("finished", {"event": "hollow", "path": "/site/tensorflow"}), "no-tensorflow",
         "the folder /site/tensorflow has TensorFlow's name and none of its code"),
        (ended("exit", IMPORT, exit_status=3), "died", "exit status 3"),
        (ended("exit", IMPORT, exit_status=3, stderr="a\nlast words\n\n"), "died", "exit status 3: last words"),
        (ended("finished", DONE, raised("devices", "RuntimeError", "none")), "incomplete", "RuntimeError: none"),
    ],
)  # fmt: skip
def test_an_end_is_told_by_its_kind(seen: Observed, kind: FailureKind, message: str) -> None:
    found = failure(seen)
    assert found is not None
    assert (found.kind, found.message) == (kind, message)


def test_a_probe_that_came_to_its_end_has_not_failed() -> None:
    assert failure(ended("finished", DONE)) is None
    assert failure(ended("finished", raised("blas"), DONE)) is None  # a gap, told elsewhere


def test_the_library_is_named_only_while_libraries_are_loaded() -> None:
    importing = failure(ended("signal", IMPORT, NATIVE, signal="SIGILL"))
    assert importing is not None
    assert (importing.phase, importing.library) == ("import", NATIVE["path"])
    computing = failure(ended("signal", NATIVE, {"event": "begin", "phase": "matmul float32"}, STEP, signal="SIGILL"))
    assert computing is not None
    assert (computing.phase, computing.library) == ("matmul float32", None)


def test_the_end_of_the_log_is_kept_without_its_blanks() -> None:
    assert last_lines("a\n\n b\n   \nc\n", 2) == " b\nc"
    assert last_lines("", 3) == ""
    found = failure(ended("exit", stderr="\n".join(map(str, range(100)))))
    assert found is not None
    assert found.stderr_tail.splitlines() == [str(n) for n in range(100 - TAIL_LINES, 100)]


def told(seen: Observed, host: Host | None = None) -> Finding:
    found = failure(seen)
    assert found is not None
    return explain(found, seen, host)


@pytest.mark.parametrize(
    ("seen", "title", "fix"),
    [
        (ended("not-started"), "the environment's interpreter could not be started", "tfsetup install"),
        (ended("timeout", IMPORT, NATIVE), "TensorFlow hangs while loading libtensorflow_cc.so.2", "tfsetup doctor"),
        (ended("timeout", IMPORT), "TensorFlow hangs while importing tensorflow", "tfsetup doctor"),
        (ended("timeout"), "TensorFlow hangs before the first phase", "tfsetup doctor"),
        (ended("timeout", {"event": "begin", "phase": "devices"}), "TensorFlow hangs in phase `devices`",
         "tfsetup doctor"),
        (ended("timeout", STEP), "TensorFlow hangs in matmul float32 512 on GPU:0", "tfsetup doctor"),
        (ended("signal", STEP, signal="SIGKILL"),
         "the process was ended from outside by SIGKILL in matmul float32 512 on GPU:0", "look for `Out of memory`"),
        (ended("exit", exit_status=1), "the process ended by itself before the first phase", "tfsetup doctor"),
        (ended("finished", raised("import")), "`import tensorflow` failed", "tfsetup doctor"),
        (ended("finished", raised("import", module="tensorflow")), "there is no TensorFlow in this environment",
         "tfsetup install"),
        (ended("finished", DONE, raised("devices")), "TensorFlow cannot list its devices", "tfsetup doctor"),
        (ended("signal", IMPORT, signal="SIGABRT"),
         "TensorFlow died of SIGABRT (it aborted itself) while importing tensorflow", "tfsetup doctor"),
    ],
)  # fmt: skip
def test_people_are_told_what_where_and_what_next(seen: Observed, title: str, fix: str) -> None:
    found = told(seen)
    assert (found.severity, found.title) == ("error", title)
    assert found.fix[0].startswith(fix)


ILLEGAL = ended("signal", {"event": "interpreter", "arch": "x86_64"}, IMPORT, signal="SIGILL")


@pytest.mark.parametrize(
    ("seen", "host", "cause"),
    [
        (ILLEGAL, None, None),
        (ILLEGAL, Host(cpu=Cpu(features=("sse2",))), "cpu-no-avx"),
        (ILLEGAL, Host(cpu=Cpu(features=("avx",))), None),
        (ILLEGAL, Host(rosetta=True), "rosetta-no-avx"),
        (ended("signal", {"event": "interpreter", "translated": True}, signal="SIGILL"), None, "rosetta-no-avx"),
        (ended("signal", {"event": "interpreter", "arch": "aarch64"}, signal="SIGILL"),
         Host(cpu=Cpu(features=("neon",))), None),
    ],
)  # fmt: skip
def test_an_illegal_instruction_names_its_cause_where_it_is_certain(
    seen: Observed, host: Host | None, cause: str | None
) -> None:
    assert told(seen, host).cause == cause


def test_the_child_s_own_cpu_counts_before_the_host_s() -> None:
    child = ended("finished", {"event": "cpu", "features": ["SSE2", "AVX"]})
    host = Host(cpu=Cpu(features=("neon",)))
    assert cpu_features(child, host) == {"sse2", "avx"}
    assert cpu_features(ended("finished"), host) == ("neon",)
    assert cpu_features(ended("finished"), None) is None


def damaged(count: int) -> dict[str, Any]:
    files = [{"path": f"/s/lib{n}.so", "wheel": "tensorflow 2.21.0", "recorded": 9, "actual": n or None}
             for n in range(count)]  # fmt: skip
    return {"event": "damaged", "files": files}


def test_damaged_files_are_the_proof_and_stand_first() -> None:
    found = told(ended("finished", raised("import", message="cannot open shared object"), damaged(2)))
    assert found.cause == "incomplete-install-missing-native-lib"
    assert found.title == "`import tensorflow` failed; native libraries are missing or damaged"
    assert found.detail.splitlines() == [
        "lib0.so, tensorflow 2.21.0: is missing",
        "lib1.so, tensorflow 2.21.0: 1 bytes instead of 9",
        "ImportError: cannot open shared object",
    ]


def test_of_many_damaged_files_some_are_shown() -> None:
    lines = told(ended("signal", IMPORT, damaged(8), signal="SIGBUS")).detail.splitlines()
    assert len(lines) == 6
    assert lines[-1] == "and 3 more"


def test_files_say_nothing_about_a_hang() -> None:
    assert told(ended("timeout", IMPORT, damaged(1))).cause is None


def test_every_signal_that_is_known_has_words() -> None:
    for name, words in SIGNALS.items():
        found = failure(ended("signal", signal=name))
        assert isinstance(found, Failure)
        assert found.message == words
