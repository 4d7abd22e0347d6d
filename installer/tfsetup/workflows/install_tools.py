"""What does the work of an installation that takes time; each is loaded when it is first asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

import tfsetup.verify as probing
from tfsetup.envs.plan import Index
from tfsetup.envs.reuse import Outcome
from tfsetup.envs.run import install as build_generation
from tfsetup.ground.values import value
from tfsetup.host.model import Host
from tfsetup.locks.model import Lock
from tfsetup.matrix.file.disk import read_pips
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Selection
from tfsetup.matrix.pips import Pips
from tfsetup.workflows.checks import predicted
from tfsetup.workflows.conda_choice import solve_here
from tfsetup.workflows.told import Told
from tfsetup.workflows.tune import measured

if TYPE_CHECKING:
    from tfsetup.verify.programs import ProgramsTried, Try
    from tfsetup.workflows.checks import Predict, Verify
    from tfsetup.workflows.install import InstallOrder
    from tfsetup.workflows.together import Join, Together
    from tfsetup.workflows.tune import Tune


def _solved(order: InstallOrder, selection: Selection, host: Host) -> Lock:
    if selection.backend == "conda":
        return solve_here(selection, host, pre=order.ask.pre, offline=order.offline, index_url=order.index_url)
    from tfsetup.locks.venv.solve import solve

    environ = Index(url=order.index_url).environ
    return solve(selection, pre=order.ask.pre, offline=order.offline, builds=order.allow_build_of, environ=environ)


def _joined(
    selection: Selection, with_it: Together, host: Host, matrix: Matrix, *, environ: Mapping[str, str], offline: bool,
    told: Told,
) -> tuple[Selection, Lock]:  # fmt: skip
    from tfsetup.workflows.together import joined

    return joined(selection, with_it, host, matrix, environ=environ, offline=offline, told=told)


def _tried(python: Path, requirements: Iterable[str], *, told: Told) -> ProgramsTried:
    from tfsetup.verify.trials import try_programs

    return try_programs(python, requirements, told=told)


@value
class Tools:
    """What does the work that takes time; a test puts its own in place."""

    solve: Callable[[InstallOrder, Selection, Host], Lock] = _solved
    join: Join = _joined
    build: Callable[..., Outcome] = build_generation
    predict: Predict = predicted
    verify: Verify = field(default_factory=lambda: probing.verify)
    attempt: Try = _tried
    pips: Callable[[], Pips] = read_pips
    tune: Tune = measured
