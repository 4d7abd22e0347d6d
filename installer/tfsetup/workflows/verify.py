"""Does an environment really run: the verification of a prefix, what changed since earlier ones, and why it failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import tfsetup.verify as probing
from tfsetup.doctor.model import Diagnosis
from tfsetup.envs.guard import target_of
from tfsetup.ground.looking import find
from tfsetup.host.model import Host
from tfsetup.matrix.file.rows import Matrix
from tfsetup.verify.expect import expectation_of, receipt_of
from tfsetup.verify.history import History
from tfsetup.verify.history_file import keep
from tfsetup.verify.model import Mode, Verification
from tfsetup.verify.tune.model import Tuning
from tfsetup.workflows.consult import consult, wrong_checks
from tfsetup.workflows.told import Detail, Told, silent
from tfsetup.workflows.tune import measured

if TYPE_CHECKING:
    from tfsetup.workflows.tune import Tune

Examine = Callable[..., Verification]
"""What runs the probe and judges it: `tfsetup.verify.verify`, or what stands in for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How much is measured. Empty: what the mode asks for."""

    mode: Mode = "full"
    """`quick` is one short float32 sweep; `full` adds the other types, larger sizes, a training step."""
    sizes: Sequence[int] = ()
    """n of the n-by-n matrices."""
    dtypes: Sequence[str] = ()
    """Types of the products, as `float32`."""
    timeout_s: float | None = None
    """Seconds after which it is called a hang; None: those of the mode."""
    tune_s: float | None = None
    """Seconds for trying which switches make it faster; None: they are not tried."""


_WHOLE = Extent()


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """A verification, how it compares with earlier ones of the same prefix, and the doctor's word where it failed."""

    verification: Verification
    history: History
    diagnosis: Diagnosis | None = None
    """None: it runs, or the doctor knows no cause."""
    tuning: Tuning | None = None
    """What makes it faster here; None: nobody asked, or it does not run."""


def verify(
    prefix: Path,
    host: Host,
    *,
    matrix: Matrix,
    extent: Extent = _WHOLE,
    replayed: bool = False,
    told: Told = silent,
    examine: Examine | None = None,
    measure: Tune = measured,
) -> Verified:
    """Load TensorFlow of `prefix` in a fresh interpreter, time products of matrices on each device, check the answers.

    An environment of tfsetup's is held to what its row promised. `replayed`: `host` is not this machine, so that this
    one's history neither says nor gets anything. A crash, a hang or a wrong result is part of the answer.

    `examine` stands in for `tfsetup.verify.verify`, `measure` for what tries switches, which is done last.

    Raises:
        UsageError: there is no environment or interpreter at `prefix`.
    """
    python = find(prefix).python
    found = (examine or probing.verify)(
        python, expect=expectation_of(receipt_of(prefix)), host=host, mode=extent.mode,
        sizes=sorted(set(extent.sizes)) or None, dtypes=list(dict.fromkeys(extent.dtypes)) or None,
        on_progress=lambda line: told(Detail(line)), timeout_s=extent.timeout_s, hazards=matrix.hazards,
        gpus=matrix.gpus,
    )  # fmt: skip
    history = History()
    if not replayed:
        found, history = compared(prefix, found, told=told)
    if found.ok:
        tuning = None if extent.tune_s is None else _tuned(python, host, matrix, extent.tune_s, measure, told)
        return Verified(verification=found, history=history, tuning=tuning)
    packages = None
    if wrong_checks(found):  # else it does not matter which packages there are
        from tfsetup.doctor.gather import look_at

        packages = look_at(python, Path.cwd()).packages
    why = consult(found, host, prefix=target_of(prefix), matrix=matrix, packages=packages)
    return Verified(verification=found, history=history, diagnosis=why)


def _tuned(python: Path, host: Host, matrix: Matrix, seconds: float, measure: Tune, told: Told) -> Tuning:
    """Try the switches, but for the variables by which known defects are cured."""
    told(f"Tuning: trying TensorFlow's switches on this machine, for about {seconds:.0f} s at most")
    fixed = [name for hazard in matrix.hazards for name in hazard.cure.environment]
    return measure(python, host, fixed=fixed, budget_s=seconds, told=told)


def compared(prefix: Path, found: Verification, *, told: Told = silent) -> tuple[Verification, History]:
    """Keep a verification in the history of `prefix`; return it with what became slower, and the comparison."""
    kept = keep(prefix, found)
    if kept.problem:
        told(f"Note      {kept.problem}")
    return replace(found, findings=(*found.findings, *kept.findings)), kept.history
