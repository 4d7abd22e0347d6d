"""The course of a trial: a lock built into a folder that is gone afterwards, and its programs and packages tried.

Where the lock is for another machine nothing is run: the sources that its programs reach are read instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tfsetup.envs.model import Plan, TryPrograms
from tfsetup.envs.plan import plan_install
from tfsetup.envs.run import Hooks
from tfsetup.envs.run import install as build_generation
from tfsetup.envs.store import Store, layout_for
from tfsetup.errors import BuildError, InvalidFileError, NetworkError
from tfsetup.ground.versions import at_least
from tfsetup.host.model import Host
from tfsetup.host.temporary import temporary_folder
from tfsetup.loader.machine import machine_of
from tfsetup.loader.python.reach import Reach
from tfsetup.loader.python.survey import survey
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Selection, Target
from tfsetup.matrix.removed import gone
from tfsetup.verify.programs import ProgramsTried, Try, read_only, tasks
from tfsetup.verify.trials import try_programs
from tfsetup.workflows.backends import Case
from tfsetup.workflows.subjects import of_locked
from tfsetup.workflows.told import Told


def runs_here(case: Case, here: Host) -> bool:
    """Tell whether this machine can run what a lock is for: its system, architecture and libc, and as new."""
    made, libc, theirs = case.host, here.libc, case.host.libc
    if (made.os, made.arch) != (here.os, here.arch) or bool(made.rosetta) != bool(here.rosetta):
        return False
    if made.os == "macos":
        return bool(here.os_version and made.os_version and at_least(here.os_version, made.os_version))
    if theirs is None or theirs.version is None:
        return True
    same = libc is not None and libc.name == theirs.name and libc.version is not None
    return same and bool(at_least(libc.version if libc and libc.version else "0", theirs.version))


def attempt(
    case: Case, here: Host | None, matrix: Matrix, told: Told, *, offline: bool = False, run: Try = try_programs
) -> ProgramsTried:
    """Build a lock and try its programs; of a lock for another machine than `here`, read what they would import.

    What cannot be built or read was not tried, and the answer says why. `here` None: nothing may be run.
    """
    if case.lock.part is not None:
        return ProgramsTried(because="it is a conda lock, and only locks of wheels are built for this")
    try:
        if here is not None and runs_here(case, here):
            return _run(case, here, told, offline=offline, run=run)
        return _read(case, matrix, told)
    except (NetworkError, BuildError, InvalidFileError) as error:
        return ProgramsTried(because=error.message)


def _run(case: Case, here: Host, told: Told, *, offline: bool, run: Try) -> ProgramsTried:
    origin = case.origin
    target = Target(platform=origin.platform, python=origin.python, macos=origin.macos, glibc=origin.glibc)
    selection = Selection(
        installable=True, row=origin.row, python=origin.python, requirements=origin.requirements,
        sdists=origin.sdists, target=target,
    )  # fmt: skip
    lock = replace(case.lock, packages=tuple(case.packages))
    found: list[ProgramsTried] = []
    with temporary_folder() as folder:
        plan = _with_trial(plan_install(selection, lock, here, preflight=False, verify=False))
        hooks = Hooks(
            preflight=str, verify=str, say=told,
            programs=lambda python: found.append(run(python, origin.requirements, told=told)),
        )  # fmt: skip
        told(f"Building  {origin.row}, Python {origin.python}, to try its programs")
        build_generation(plan, Store(layout_for(folder / "env")), hooks, offline=offline)
    return found[0]


def _with_trial(plan: Plan) -> Plan:
    *steps, last = plan.steps
    return replace(plan, steps=(*steps, TryPrograms(), last))


def _read(case: Case, matrix: Matrix, told: Told) -> ProgramsTried:
    origin = case.origin
    told(f"Reading   what the programs of {origin.row}, Python {origin.python}, import")
    versions = {package.name: package.version for package in case.packages}
    names = {name: entry.because for name, entry in gone(matrix.removed, versions, origin.python).items()}
    subject = of_locked(case.packages, case.host, origin.python, pure=True)
    found = survey(subject.files, subject.site)
    interpreter = machine_of(case.host, origin.python).target(origin.python)
    return read_only(tasks(found, origin.requirements), Reach(subject.files, subject.site, names, interpreter))


def attempting(
    here: Host | None, matrix: Matrix, told: Told, *, offline: bool = False
) -> Callable[[Case], ProgramsTried]:
    """Return `attempt` with all that it needs besides the lock."""
    return lambda case: attempt(case, here, matrix, told, offline=offline)
