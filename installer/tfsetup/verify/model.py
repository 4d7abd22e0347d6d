"""What verification produces: the raw outcome of a probe, and the judgement on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tfsetup.matrix.model import Expectation
from tfsetup.verify.messages import Message

Mode = Literal["quick", "full"]
Ended = Literal["finished", "signal", "exit", "timeout", "not-started"]
DeviceStatus = Literal["ok", "slow", "wrong", "fallback", "failed", "skipped"]
CheckStatus = Literal["ok", "wrong", "fallback", "failed", "hung", "skipped"]
Severity = Literal["error", "warning", "note"]
FailureKind = Literal["crash", "killed", "hang", "import-error", "no-tensorflow", "not-started", "died", "incomplete"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeOutcome:
    """What was seen of a probe from outside: how it ended, the events it sent, and its standard error.

    `exit_status` is the process's own, `signal` its name (`SIGILL`) where one killed it, `message` why it could not be
    started. `stderr` keeps the first and the last part of a long output. `seconds` is from start to end. `cpu` is the
    run that measured the CPU alone, after another device had ended or stopped this process.
    """

    python: str
    ended: Ended
    events: tuple[Mapping[str, Any], ...] = ()
    stderr: str = ""
    exit_status: int | None = None
    signal: str | None = None
    message: str = ""
    seconds: float = 0.0
    cpu: ProbeOutcome | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why there is no complete examination: the phase that died, the signal, the library touched last, its log."""

    kind: FailureKind
    phase: str | None = None
    signal: str | None = None
    library: str | None = None
    message: str = ""
    stderr_tail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Matmul:
    """One size and type on one device. Seconds, GFLOP/s (2 n³ operations), errors relative to the largest element.

    `tolerance` is the error up to which the answer counts as right; `spread` the interquartile range over the median.
    Where the product failed, `error` says how and the numbers are None; errors are None too if it is not finite.
    """

    n: int
    dtype: str
    median_s: float | None = None
    min_s: float | None = None
    spread: float | None = None
    gflops: float | None = None
    max_rel_error: float | None = None
    checksum_error: float | None = None
    tolerance: float | None = None
    finite: bool | None = None
    repeatable: bool | None = None
    compared: str | None = None
    placed_on: str | None = None
    runs: int = 0
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One correctness check on a device beyond the product of matrices: `dense-relu-graph`, `training step`.

    `message` says what is wrong; `no_xla` is the device's own line about a missing compiler, where the check had to go
    without one.
    """

    name: str
    status: CheckStatus
    seconds: float | None = None
    max_rel_error: float | None = None
    tolerance: float | None = None
    message: str = ""
    no_xla: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """One device and the verdict on it; `reason` holds the number that decided it."""

    name: str
    type: str
    status: DeviceStatus
    reason: str
    description: str | None = None
    matmul: tuple[Matmul, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Blas:
    """The BLAS one package calls: family, path, version, the core it was built or chosen for, threads, GFLOP/s.

    `matmul` are NumPy's own products, timed in turns with the devices'; `gflops` at `n` is the fastest of them.
    """

    user: str
    library: str | None
    path: str | None = None
    version: str | None = None
    core: str | None = None
    arch: str | None = None
    threads: int | None = None
    wheel: str | None = None
    gflops: float | None = None
    n: int | None = None
    matmul: tuple[Matmul, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NativeImage:
    """A native library mapped into the process; `wheel` is the distribution whose RECORD lists it."""

    path: str
    arch: str
    wheel: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something a person should know; `fix` are commands or steps, `cause` a slug of the doctor's words if certain."""

    severity: Severity
    title: str
    detail: str = ""
    fix: tuple[str, ...] = ()
    cause: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """The whole judgement. `ok`: TensorFlow loaded, every device computes the right thing where it was put.

    `ceiling_gflops` is what the cores could do at best in float32. `seconds` is the whole verification, `import_s` the
    bare import in it. `log` is the child's standard error.
    """

    ok: bool
    python: str
    mode: Mode = "quick"
    python_version: str | None = None
    arch: str | None = None
    prefix: str | None = None
    tensorflow: str | None = None
    git_version: str | None = None
    import_s: float | None = None
    import_phases: Mapping[str, float] = field(default_factory=dict)
    devices: tuple[Device, ...] = ()
    blas: tuple[Blas, ...] = ()
    expected: Expectation | None = None
    native_runtime: tuple[NativeImage, ...] = ()
    ceiling_gflops: float | None = None
    cpu_features: tuple[str, ...] = ()
    cpu_features_unused: tuple[str, ...] = ()
    onednn: bool | None = None
    xnnpack: bool | None = None
    messages: tuple[Message, ...] = ()
    build: Mapping[str, Any] = field(default_factory=dict)
    influences: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    failure: Failure | None = None
    seconds: float = 0.0
    log: str = ""
