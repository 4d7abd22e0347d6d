"""What verification produces: the raw outcome of a probe, and the judgement on it.

The judgement is what `tfsetup verify --json` prints and a receipt keeps: names and order of the fields are those of the
JSON document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from tfsetup.ground.values import value
from tfsetup.matrix import model as matrix
from tfsetup.verify.messages import Message

Mode = Literal["quick", "full", "thorough"]
Ended = Literal["finished", "signal", "exit", "timeout", "not-started"]
DeviceStatus = Literal["ok", "slow", "wrong", "fallback", "failed", "skipped"]
CheckStatus = Literal["ok", "slow", "wrong", "fallback", "failed", "hung", "skipped"]
Severity = Literal["error", "warning", "note"]
Pace = Literal["good", "below", "slow", "impossible"]
FailureKind = Literal["crash", "killed", "hang", "import-error", "no-tensorflow", "not-started", "died", "incomplete"]
Fact = bool | int | float | str | list[str] | None
"""What TensorFlow says of its own build."""

Event = Mapping[str, Any]
"""One line of the probe's channel, as JSON has it: what is in it is asked for kind by kind, and may be missing."""


@value
class ProbeOutcome:
    """What was seen of a probe from outside: how it ended, the events it sent, and its standard error.

    `exit_status` is the process's own, `signal` its name (`SIGILL`) where one killed it, `message` why it could not be
    started. `stderr` keeps the first and the last part of a long output. `seconds` is from start to end. `cpu` is the
    run that measured the CPU alone, after another device had ended or stopped this process. `more` are the workers that
    went on with the checks, each behind the one in which the worker before it hung or died.
    """

    python: str
    ended: Ended
    events: tuple[Event, ...] = ()
    stderr: str = ""
    exit_status: int | None = None
    signal: str | None = None
    message: str = ""
    seconds: float = 0.0
    cpu: ProbeOutcome | None = None
    more: tuple[ProbeOutcome, ...] = ()


@value
class Failure:
    """Why there is no complete examination."""

    kind: FailureKind
    """How it ended."""
    phase: str | None = None
    """The phase of the probe that had begun and not ended; None: none had."""
    signal: str | None = None
    """The signal that ended the process, as `SIGILL`; None: none did."""
    library: str | None = None
    """The native library whose loading began last, where the import did not end."""
    message: str = ""
    """What happened, in words."""
    stderr_tail: str = ""
    """The last lines of standard error."""


@value
class Matmul:
    """One size and type of a product of matrices on one device.

    Where the product failed, `error` says how and the numbers are None; errors are None too if the answer is not
    finite.
    """

    n: int
    """The matrices are n by n."""
    dtype: str
    """The type of the elements: `float32`, `float16`, `bfloat16` or `float64`."""
    median_s: float | None = None
    """Seconds a product takes, in the median of its runs."""
    min_s: float | None = None
    """Seconds of the fastest run."""
    spread: float | None = None
    """The interquartile range over the median."""
    gflops: float | None = None
    """10⁹ floating-point operations a second, 2 n³ a product."""
    max_rel_error: float | None = None
    """The largest error, relative to the largest element of the answer."""
    checksum_error: float | None = None
    """The error of the sum over the whole answer, relative too."""
    tolerance: float | None = None
    """The error up to which the answer counts as right."""
    finite: bool | None = None
    """Whether every element of the answer is a finite number; None: it was not computed."""
    repeatable: bool | None = None
    """Whether the same product twice is the same to the last bit."""
    compared: str | None = None
    """What the answer was compared with."""
    placed_on: str | None = None
    """The device that really computed it."""
    runs: int = 0
    """How often it was timed."""
    error: str | None = None
    """What the device said where the product failed."""


@value
class Check:
    """One correctness check on a device beyond the product of matrices: `dense-relu-graph`, `training step`."""

    name: str
    """What was asked of the device, as `dense-relu-graph`."""
    status: CheckStatus
    """`wrong`: a wrong result. `hung`: it did not come to an end. `skipped`: no kernel for it, or not asked."""
    seconds: float | None = None
    """How long it took; None: it did not come to an end."""
    max_rel_error: float | None = None
    """The largest error against the CPU; None: it was not computed, or is not finite."""
    tolerance: float | None = None
    """The error up to which it counts as right."""
    message: str = ""
    """What is wrong, or worth knowing."""
    no_xla: str | None = None
    """The device's own line about a missing compiler, where the check had to go without one."""
    error: float | None = field(init=False)
    """`max_rel_error` under its short name."""
    limit: float | None = field(init=False)
    """`tolerance` under its short name."""

    def __post_init__(self) -> None:
        """Give both numbers their second names."""
        object.__setattr__(self, "error", self.max_rel_error)
        object.__setattr__(self, "limit", self.tolerance)


@value
class Device:
    """One device and the verdict on it."""

    name: str
    """TensorFlow's own name without the job, as `GPU:0`."""
    type: str
    """TensorFlow's word for its kind: `CPU`, `GPU`."""
    status: DeviceStatus
    """The verdict on the device."""
    reason: str
    """The number, or the event, that decided the status."""
    description: str | None = None
    """What the driver calls it."""
    virtual: bool | None = None
    """True: a virtual machine plays it, so its speed is no measure and no verdict. None: not said to be."""
    matmul: tuple[Matmul, ...] = ()
    """Products of matrices, by type and size."""
    checks: tuple[Check, ...] = ()
    """Correctness beyond the product."""
    peak_gflops: float | None = None
    """What it could do at best in float32; the lower end where that is a range. None: nobody published it."""
    peak_gflops_most: float | None = None
    """The upper end, where it is a range: sources differ, or it is not known how many cores this chip has."""
    share_of_peak: float | None = None
    """The best run of a float32 product, as a part of `peak_gflops`."""
    pace: Pace | None = None
    """What that part means, where it is judged: `good`, `below` what it should be, `slow`, or `impossible`."""
    best_gflops: float | None = None
    """The rate of that best run …"""
    best_n: int | None = None
    """… and its size."""


@value
class SmallStep:
    """How long a training step of a small model takes on both devices."""

    units: int
    """How many units a layer has."""
    cpu_s: float
    """Seconds on the CPU, in the median."""
    device_s: float
    """Seconds on the device, in turns with it."""


@value
class BreakEven:
    """From which size on a small model is faster on a device than on the CPU."""

    device: str
    """The device's name, as `GPU:0`."""
    model: str
    """`dense` or `recurrent`."""
    from_units: int | None
    """About so many units a layer, and it is faster from there on; None: at no size that was tried."""
    says: str
    """The same in a sentence."""
    steps: tuple[SmallStep, ...] = ()
    """What was measured, by size."""


@value
class Blas:
    """The BLAS one package calls."""

    user: str
    """The package: `numpy` or `scipy`."""
    library: str | None
    """Its family: `openblas`, `accelerate`, `mkl` …; None: it cannot be told."""
    path: str | None = None
    """The file; None: it cannot be told."""
    version: str | None = None
    """As it says itself."""
    core: str | None = None
    """The CPU core it was built or chosen for, in its own words."""
    arch: str | None = None
    """The architecture of the file."""
    threads: int | None = None
    """How many it computes with."""
    wheel: str | None = None
    """The distribution that brought it."""
    gflops: float | None = None
    """The fastest product, in 10⁹ floating-point operations a second …"""
    n: int | None = None
    """… and its size."""
    matmul: tuple[Matmul, ...] = ()
    """NumPy's own products, timed in turns with the devices'."""
    peak_gflops: float | None = None
    """What the matrix units of an Apple chip could do in float32, which Accelerate uses; None: not published."""
    share_of_peak: float | None = None
    """The best run of NumPy's own products, as a part of it."""
    scipy: Blas | UnsetType = UNSET
    """Beside NumPy's, where SciPy is installed: SciPy's."""


@value
class NativeImage:
    """A native library mapped into the process."""

    path: str
    """The file, as the process has mapped it."""
    arch: str
    """The architecture of its code."""
    wheel: str | None = None
    """The distribution whose RECORD lists it; None: the system's."""


@value
class Finding:
    """Something a person should know."""

    severity: Severity
    """`error`: something is wrong. `warning`: it may be. `note`: worth knowing."""
    title: str
    """What it is, in a sentence."""
    detail: str = ""
    """What was seen of it."""
    fix: tuple[str, ...] = ()
    """Commands or steps."""
    cause: str | None = None
    """The doctor's word for the cause, where it is certain."""


@value
class TensorFlow:
    """Which TensorFlow was loaded; the version is None where none was."""

    version: str | None = None
    """As `tf.__version__` says."""
    git_version: str | None = None
    """As `tf.version.GIT_VERSION` says."""
    build: Mapping[str, Fact] = field(default_factory=dict)
    """What it says of its own build."""


@value
class Expected:
    """What the row promised; every key is left out where nobody promised anything."""

    devices: tuple[Literal["CPU", "GPU"], ...] | UnsetType = UNSET
    """Types of devices that TensorFlow must list."""
    blas: matrix.Blas | UnsetType | None = UNSET
    """The BLAS under NumPy; None: any."""
    arch: str | UnsetType | None = UNSET
    """The architecture of the process; None: any."""
    environment: Mapping[str, str] | UnsetType = UNSET
    """Variables without which the environment's packages compute something else."""


@value
class Examination:
    """What was measured and seen of an environment, and whether it is as it should be."""

    python: str | None = None
    """The version of the interpreter; None: it told nothing."""
    interpreter: str
    """The interpreter's path."""
    prefix: str | None = None
    """The folder of the environment."""
    arch: str | None = None
    """The architecture the process ran as."""
    ok: bool
    """TensorFlow loaded, and every device computes the right thing where it was put."""
    mode: Mode = "quick"
    """`quick`: one short sweep and a dozen checks, as after an installation. `thorough`: the largest sizes too."""
    tensorflow: TensorFlow = field(default_factory=TensorFlow)
    """Which TensorFlow was loaded."""
    import_s: float | None = None
    """Seconds of the bare import."""
    import_phases: Mapping[str, float] = field(default_factory=dict)
    """Seconds of the import by package, and of the loader's work."""
    seconds: float = 0.0
    """Seconds of the whole verification."""
    devices: tuple[Device, ...] = ()
    """Each device and the verdict on it."""
    break_even: tuple[BreakEven, ...] = ()
    """Where small models are faster; measured beside a GPU in the longer modes."""
    blas: Blas = field(default_factory=lambda: Blas(user="numpy", library=None))
    """NumPy's BLAS."""
    expected: Expected = field(default_factory=Expected)
    """What the row of the matrix promises, as the receipt keeps it."""
    native_runtime: tuple[NativeImage, ...] = ()
    """Native libraries of the environment that the process had mapped."""
    cpu_features_unused: tuple[str, ...] = ()
    """Instruction sets that the CPU has and this build leaves unused, outside kernels chosen at run time."""
    ceiling_gflops: float | None = None
    """What the cores could do at best in float32; None: cores, clock or vector width are not known."""
    cpu_features: tuple[str, ...] = ()
    """Instruction sets of this CPU, as far as they were asked for."""
    onednn: bool | None = None
    """Whether oneDNN's kernels are in use; None: this TensorFlow cannot be asked."""
    xnnpack: bool | None = None
    """Whether TensorFlow Lite uses XNNPACK; None: not asked, or not there."""
    messages: tuple[Message, ...] = ()
    """What TensorFlow said on standard error, each kind of line once."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables and settings of the user's that change what TensorFlow finds, or how fast it is."""
    failure: Failure | None = None
    """Why there is no complete examination; None: it is complete."""


@dataclass(frozen=True, kw_only=True, slots=True)  # a value has no heirs
class Verification(Examination):
    """An examination with what there is to say about it: what a receipt keeps."""

    findings: tuple[Finding, ...] = ()
    """What a person should know."""
