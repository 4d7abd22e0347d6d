"""Why a probe did not finish, in words: crash, hang, import error, no TensorFlow at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from tfsetup.host.model import Host
from tfsetup.verify.model import Event, Failure, FailureKind, Finding
from tfsetup.verify.observed import Observed

TAIL_LINES = 40

SIGNALS: Mapping[str, str] = {
    "SIGILL": "illegal instruction", "SIGSEGV": "memory access violation", "SIGABRT": "it aborted itself",
    "SIGBUS": "bus error", "SIGFPE": "arithmetic exception", "SIGKILL": "killed from outside",
    "SIGTERM": "ended from outside",
}  # fmt: skip


def failure(seen: Observed) -> Failure | None:
    """Return why the probe has no complete answer; None if it has one."""
    outcome = seen.outcome
    match outcome.ended:
        case "not-started":
            return Failure(kind="not-started", message=outcome.message)
        case "timeout":
            return _died(seen, "hang", outcome.message or f"no end after {outcome.seconds:.0f} s")
        case "signal":
            kind: FailureKind = "killed" if outcome.signal in {"SIGKILL", "SIGTERM"} else "crash"
            return _died(seen, kind, SIGNALS.get(outcome.signal or "", ""))
        case "exit" | "finished":
            return _ended(seen)


def _ended(seen: Observed) -> Failure | None:
    error = seen.error("import")
    if error is not None:
        missing = error.get("missing_module") == "tensorflow"
        words = f"{error.get('type')}: {error.get('message')}"
        return _died(seen, "no-tensorflow" if missing else "import-error", words)
    if seen.last("hollow"):
        where = seen.last("hollow").get("path")
        return _died(seen, "no-tensorflow", f"the folder {where} has TensorFlow's name and none of its code")
    if not seen.last("done"):
        words = last_lines(seen.outcome.stderr, 1)
        return _died(seen, "died", f"exit status {seen.outcome.exit_status}" + (f": {words}" if words else ""))
    error = seen.error("devices")
    if error is not None:
        return _died(seen, "incomplete", f"{error.get('type')}: {error.get('message')}")
    return None


def _died(seen: Observed, kind: FailureKind, message: str) -> Failure:
    phase = seen.open_phase()
    return Failure(
        kind=kind,
        phase=phase,
        signal=seen.outcome.signal,
        library=seen.last_native() if phase in {None, "import"} else None,
        message=message,
        stderr_tail=last_lines(seen.outcome.stderr, TAIL_LINES),
    )


def last_lines(log: str, count: int) -> str:
    """Return the last `count` lines of a log that are not blank."""
    return "\n".join([line for line in log.splitlines() if line.strip()][-count:])


def explain(what: Failure, seen: Observed, host: Host | None) -> Finding:
    """Return the failure as a finding: what happened, and what to do next."""
    place = _place(what, seen)
    found = _explained(what, seen, host, place)
    files = seen.last("damaged").get("files") or ()
    return _damaged(found, files) if files and what.kind in {"crash", "import-error", "died", "killed"} else found


def _damaged(found: Finding, files: Sequence[Event]) -> Finding:
    """Put the proof first: a library that is not what its RECORD says explains any way of dying."""
    lines = [
        f"{PurePath(str(file['path'])).name}, {file['wheel']}: "
        + ("is missing" if file.get("actual") is None else f"{file['actual']} bytes instead of {file['recorded']}")
        for file in files
    ]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return Finding(
        severity="error",
        title=f"{found.title}; native libraries are missing or damaged",
        detail="\n".join([*lines[:_SHOWN], *more, found.detail]).strip(),
        fix=("tfsetup install builds the environment anew (or reinstall that package with its hash checked)",),
        cause="incomplete-install-missing-native-lib",
    )


_SHOWN = 5


_DOCTOR = ("tfsetup doctor",)
_EXPLAINED: Mapping[FailureKind, tuple[str, tuple[str, ...]]] = {
    "no-tensorflow": ("there is no TensorFlow in this environment", ("tfsetup install",)),
    "not-started": (
        "the environment's interpreter could not be started", ("tfsetup install builds the environment anew",),
    ),
    "import-error": ("`import tensorflow` failed", _DOCTOR),
    "killed": (
        "the process was ended from outside by {signal} {place}",
        ("look for `Out of memory` in `dmesg` or the container's events, then verify again",),
    ),
    "hang": ("TensorFlow hangs {place}", _DOCTOR),
    "died": ("the process ended by itself {place}", _DOCTOR),
    "incomplete": ("TensorFlow cannot list its devices", _DOCTOR),
}  # fmt: skip
"""Title and fix of every kind but a crash."""


def _explained(what: Failure, seen: Observed, host: Host | None, place: str) -> Finding:
    if what.kind == "crash":
        return _crash(what, seen, host, place)
    title, fix = _EXPLAINED[what.kind]
    detail = "out of memory, a limit of the container, or somebody's kill" if what.kind == "killed" else what.message
    return Finding(severity="error", title=title.format(signal=what.signal, place=place), detail=detail, fix=fix)


def _place(what: Failure, seen: Observed) -> str:
    step = seen.open_step()
    if step:
        return f"in {step.get('what')} on {step.get('device')}"
    if what.phase == "import":
        return f"while loading {PurePath(what.library).name}" if what.library else "while importing tensorflow"
    return f"in phase `{what.phase}`" if what.phase else "before the first phase"


def _crash(what: Failure, seen: Observed, host: Host | None, place: str) -> Finding:
    found = Finding(severity="error", title=f"TensorFlow died of {what.signal} ({what.message}) {place}", fix=_DOCTOR)
    if what.signal != "SIGILL":
        return found
    features, interpreter = cpu_features(seen, host), seen.last("interpreter")
    if bool(interpreter.get("translated")) or (host is not None and host.rosetta):
        return replace(
            found,
            detail="an x86_64 Python runs translated by Rosetta, which hides AVX; x86_64 TensorFlow is built for AVX",
            fix=("install an arm64 Python, then `tfsetup install`",),
            cause="rosetta-no-avx",
        )
    if features is not None and "avx" not in features and interpreter.get("arch") == "x86_64":
        way = "run on a CPU with AVX (or give the virtual machine one: `-cpu host`), or build TensorFlow from source"
        detail = "this CPU has no AVX; TensorFlow's x86_64 wheels are built for it and fail without a message"
        return replace(found, detail=detail, fix=(way,), cause="cpu-no-avx")
    return replace(found, detail="the binary uses an instruction this CPU, or what emulates it, does not have")


def cpu_features(seen: Observed, host: Host | None) -> Collection[str] | None:
    """Return CPU features in lower case: those the child saw (it may be emulated), else the host's; None: unknown."""
    cpu: Event = seen.last("cpu")
    own = cpu.get("features")
    if isinstance(own, list):
        return {str(name).lower() for name in own}
    return host.cpu.features if host is not None and host.cpu is not None else None
