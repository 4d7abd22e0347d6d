"""What makes TensorFlow faster here: measured in fresh processes of an environment, for a limited time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tfsetup.errors import UsageError
from tfsetup.host.environ import native_argv
from tfsetup.host.model import Host
from tfsetup.workflows.told import Detail, Told, silent

if TYPE_CHECKING:  # who does not ask for it does not wait for it
    from tfsetup.verify.tune.model import Tuning

    Tune = Callable[..., Tuning]
    """What measures: `measured`, or what stands in for it."""


def measured(
    python: Path,
    host: Host,
    *,
    variables: Mapping[str, str] | None = None,
    fixed: Iterable[str] = (),
    budget_s: float | None = None,
    told: Told = silent,
) -> Tuning:
    """Try the switches that the build of the interpreter `python` has on this machine, for about `budget_s` seconds.

    None: two minutes.

    `variables` are what the environment will set at every start and does not yet; they and those that are `fixed` are
    never switched. Nothing is changed. A trial that crashes or hangs is undecided. On KeyboardInterrupt every process
    is ended before the exception goes on.

    Raises:
        InvalidFileError: the list of switches is missing or damaged.
    """
    from tfsetup.matrix.file.disk import read_switches
    from tfsetup.verify.tune.bench import Processes
    from tfsetup.verify.tune.course import tune
    from tfsetup.verify.tune.model import BUDGET_S

    limit = BUDGET_S if budget_s is None else budget_s
    switches = read_switches().switches
    command = native_argv([str(python.absolute())], rosetta=host.rosetta)
    kept = {*(variables or ()), *fixed}
    with Processes(python, command=command, variables=variables, limit_s=limit) as bench:
        return tune(bench, switches, fixed=kept, budget_s=limit, told=lambda line: told(Detail(line)))


def refuse_tuning(*, tune: bool, cures: bool, verify: bool) -> None:
    """Refuse to measure for nothing.

    Raises:
        UsageError: what `tune` would set is not to be set, or nothing is to be run.
    """
    if tune and not cures:
        raise UsageError(
            "--tune sets variables where --without-cures sets none.",
            hint="Leave one of them out; `tfsetup verify --tune` measures and sets nothing.",
        )
    if tune and not verify:
        raise UsageError("--tune runs TensorFlow, which --no-verify does not.", hint="Leave one of them out.")
