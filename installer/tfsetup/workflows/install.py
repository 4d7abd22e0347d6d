"""The course of an installation: choose, lock, build, check, switch over. The rooms do the work, this calls them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tfsetup.envs.guard import refuse_prefix
from tfsetup.envs.model import Plan, Receipt
from tfsetup.envs.plan import Index, describe, plan_install, wanted_cures, wanted_tuning
from tfsetup.envs.reuse import Outcome, fitting, why_not
from tfsetup.envs.run import current, reuse
from tfsetup.envs.store import Store, layout_for
from tfsetup.errors import Code, TfsetupError
from tfsetup.ground.looking import look
from tfsetup.ground.prefix import Gone, sentence
from tfsetup.ground.units import size
from tfsetup.ground.values import value
from tfsetup.host.describe import describe as describe_host
from tfsetup.host.model import Host
from tfsetup.locks.cure import as_locked
from tfsetup.locks.digest import digest
from tfsetup.locks.model import Form, Lock
from tfsetup.locks.run import Screen, asked_index, settings_not_used, told_index
from tfsetup.matrix.defects import defects_of
from tfsetup.matrix.defects import sentence as told_of
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.hazards import pins
from tfsetup.matrix.machine import macos_version
from tfsetup.matrix.model import Ask, Selection
from tfsetup.matrix.pips import pip_for
from tfsetup.workflows.building import agree_to_build
from tfsetup.workflows.checks import Checks, Refused
from tfsetup.workflows.install_tools import Tools
from tfsetup.workflows.resolve import and_others
from tfsetup.workflows.told import Asked, Told, silent
from tfsetup.workflows.tune import refuse_tuning
from tfsetup.workflows.which_lock import choose, read_of

if TYPE_CHECKING:  # what only some installations need is loaded when they do: the others wait for uv alone
    from tfsetup.doctor.model import Diagnosis
    from tfsetup.verify.history import History
    from tfsetup.verify.model import Verification
    from tfsetup.workflows.checks import Answer
    from tfsetup.workflows.together import Together


@value
class InstallOrder:
    """What is asked of an installation."""

    ask: Ask = field(default_factory=Ask)
    """What the matrix is asked."""
    prefix: Path = Path(".venv")
    """Where the environment appears."""
    lock_file: Path | None = None
    """The lock to install exactly; None: the one in place for the row, if there is one."""
    no_lock: bool = False
    """Resolve, whatever locks there are."""
    requirements: tuple[str, ...] = ()
    """More packages, resolved together with the row."""
    files: tuple[Path, ...] = ()
    """Requirements files and projects whose requirements are resolved together with the row."""
    update_lock: bool = False
    """Write the lock in place anew where it is stale or missing."""
    index_url: str | None = None
    """The package index; None: what uv's and pip's settings say, then theirs."""
    offline: bool = False
    """Use only what uv's cache holds."""
    preflight: bool = True
    """Predict the native load before anything is run."""
    verify: bool = True
    """Load and time TensorFlow before it is switched to."""
    cures: bool = True
    """Set the variables that prevent known defects of what is chosen."""
    tune: bool = False
    """Measure which switches make TensorFlow faster on this machine, and set those with the cures."""
    dry_run: bool = False
    """Change nothing, and say what would be done."""
    replace: bool = False
    """Take the place of an environment that is not tfsetup's, and keep it."""
    allow_build: bool = False
    """Compile what exists as source only, without asking."""
    allow_build_of: tuple[str, ...] = ()
    """Packages of pure Python that may be built from source where they have no wheel, without asking."""
    digests: Path | None = None
    """A folder with digests of wheels that somebody handed on."""
    anew: bool = False
    """Build also what the receipt calls up to date: its files are broken."""


@value
class Rehearsal:
    """What a dry run says would be done."""

    would_change: bool
    """Whether the prefix would lead to something else."""
    why: str
    """Why, or why not, in a sentence."""
    plan: tuple[str, ...] = ()
    """The steps, a line each."""
    packages: tuple[str, ...] = ()
    """What the environment would consist of, `name==version`."""
    download_bytes: int = 0
    """Bytes to download at the most, as far as the index tells sizes."""


@value
class Refusal:
    """Why what was built is not switched to."""

    report: Answer
    """What preflight or verification found, or the programs came to."""
    words: str
    """The same in a sentence."""
    diagnosis: Diagnosis | None
    """What the doctor says of it; None: it knows no cause."""


@value
class Installed:
    """What an installation came to. Where no row fits, the `selection` says why, and nothing else means anything."""

    prefix: str
    """The prefix, as an absolute path."""
    selection: Selection
    """What was chosen for this machine."""
    cured: bool
    """Whether the variables that prevent known defects were wanted."""
    cures: Mapping[str, str] = field(default_factory=dict)
    """The variables that the environment sets, or would set."""
    index: tuple[str, ...] = ()
    """The package indexes that are not uv's default, for people."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """What each phase took: lock, download, build, preflight, verify."""
    receipt: Receipt | None = None
    """Of the generation that is what was asked for; None: nothing was built."""
    changed: bool = False
    """Whether the prefix leads to another generation than before."""
    verification: Verification | None = None
    """What was found now, with what became slower since earlier ones; None: nothing was built or verified."""
    history: History | None = None
    """How that compares with earlier verifications of this prefix."""
    rehearsal: Rehearsal | None = None
    """What a dry run says instead."""
    refusal: Refusal | None = None
    """Why nothing was switched to."""
    together: tuple[str, ...] = ()
    """What else was asked for, and is resolved together with the row."""
    digest: str = ""
    """The fingerprint of what was asked for, by which a generation is known again."""


def refuse_place(order: InstallOrder, *, told: Told = silent) -> None:
    """Let a prefix pass that may be one, and say so where what it leads to is gone: before the machine is asked.

    Raises:
        UsageError: it may not be one, or the order contradicts itself.
    """
    refuse_tuning(tune=order.tune, cures=order.cures, verify=order.verify)
    if isinstance(gone := look(order.prefix), Gone):
        told(f"Note      {sentence(gone)}")
    refuse_prefix(order.prefix, replace=order.replace)


def install(
    order: InstallOrder,
    host: Host,
    matrix: Matrix,
    *,
    told: Told = silent,
    asked: Asked | None = None,
    screen: Screen | None = None,
    tools: Tools | None = None,
) -> Installed:
    """Build what the order asks for, prove that it runs, and let the prefix lead to it; on any failure nothing changed.

    `screen` is where uv's own progress goes.

    Raises:
        UsageError: the prefix may not be one, or something must be compiled and nobody agreed.
        LockError: the lock is stale, missing or not for this machine.
        InvalidFileError: a lock or the team file is damaged.
        NetworkError: the index or a file could not be reached, or is not the locked one.
        BuildError: building failed, or the prefix is somebody else's.
    """
    tools = tools or Tools()
    refuse_place(order)
    told(f"Detected  {describe_host(host)}")
    with_it = _besides(order, told)
    selection, lock = _chosen(order, host, matrix, with_it, told)
    store = Store(layout_for(order.prefix))
    chosen = _begun(order, selection, with_it.texts if with_it else ())
    if not selection.installable:
        return chosen
    base = selection.interpreter.path if selection.interpreter else None
    refuse_prefix(order.prefix, replace=order.replace, python=base)
    why = "Everything is built anew."
    if not order.anew:
        there, why = _there(order, store, chosen, lock.sha256 if lock else None, told)
        if there is not None:
            return there
    chosen, lock, plan = _prepared(order, host, matrix, chosen, lock, with_it, told, tools)
    selection = chosen.selection
    if order.dry_run:
        return replace(chosen, rehearsal=_rehearsed(plan, lock, why))
    agree_to_build(selection, lock, asked, at_once=order.allow_build, by_name=order.allow_build_of)
    checks = Checks(selection=selection, host=host, told=told, predict=tools.predict, run=tools.verify,
                    attempt=tools.attempt, gpus=matrix.gpus, measure=tools.tune, cures=plan.cures)  # fmt: skip
    try:
        how = {"offline": order.offline, "replace": order.replace, "anew": order.anew}
        outcome = tools.build(plan, store, checks.hooks(screen), **how)
    except Refused as refused:
        return replace(chosen, refusal=_refusal(refused, order, host, matrix, plan))
    done = _with_outcome(chosen, outcome)
    if not outcome.changed or checks.found is None:
        return done
    from tfsetup.workflows.verify import compared

    verification, history = compared(order.prefix, checks.found, told=told)
    return replace(done, verification=verification, history=history)


def _refusal(refused: Refused, order: InstallOrder, host: Host, matrix: Matrix, plan: Plan) -> Refusal:
    """Return why what was built is not switched to, with the doctor's word where it has one."""
    from tfsetup.doctor.defects import pinned
    from tfsetup.verify.programs import ProgramsTried
    from tfsetup.workflows.consult import consult

    found, packages = refused.report, pinned(plan.requirements)
    diagnosis = None
    if not isinstance(found, ProgramsTried):  # whose own last words say it all
        diagnosis = consult(found, host, prefix=str(order.prefix), matrix=matrix, packages=packages)
    return Refusal(report=found, words=str(refused), diagnosis=diagnosis)


def _begun(order: InstallOrder, selection: Selection, more: tuple[str, ...]) -> Installed:
    """Return what an installation is about before anything is resolved; `more` is what else was asked for."""
    return Installed(
        prefix=str(layout_for(order.prefix).prefix), selection=selection, cured=order.cures,
        cures=wanted_cures(selection, cures=order.cures), together=more, digest=digest(selection, more=more),
    )  # fmt: skip


def _besides(order: InstallOrder, told: Told) -> Together | None:
    lock = order.lock_file is not None
    if lock and not order.requirements and not order.files:
        return None  # a lock is installed exactly as it is
    from tfsetup.workflows.together import besides

    given = (order.ask, order.requirements, order.files)
    return besides(*given, lock=lock, no_lock=order.no_lock, update_lock=order.update_lock, told=told)


def _chosen(
    order: InstallOrder, host: Host, matrix: Matrix, with_it: Together | None, told: Told
) -> tuple[Selection, Lock | None]:
    """Return what fits, with the known defects of what the lock holds where there is one, and that lock."""
    if with_it is not None:
        from tfsetup.workflows.together import chosen

        return _announced(order, chosen(host, with_it, matrix), host, None, matrix, told), None
    relock = partial(_relock, order, matrix, told) if order.update_lock and not order.dry_run else None
    choice = choose(host, order.ask, matrix, lock_file=order.lock_file, no_lock=order.no_lock, relock=relock, told=told)
    selection = choice.selection
    if not selection.installable:
        return and_others(selection, host, order.ask, matrix), None
    lock = read_of(choice)
    return _announced(order, selection, host, lock, matrix, told), lock


def _announced(
    order: InstallOrder, selection: Selection, host: Host, lock: Lock | None, matrix: Matrix, told: Told
) -> Selection:
    """Tell what was chosen; return it with the known defects of what the lock holds."""
    selection = and_others(selection, host, order.ask, matrix)
    if not selection.installable:
        return selection
    if lock is not None:
        packages = {package.name: package.version for package in lock.packages}
        selection = as_locked(selection, packages, matrix.hazards, macos_version(host))
    told(f"Chosen    {line_of(selection)}")
    for warning in selection.warnings:
        told(f"Note      {warning}")
    for defect in defects_of(selection.hazards, cured=order.cures):
        told(f"Defect    {told_of(defect, pins(selection.requirements))}")
    return selection


def _relock(
    order: InstallOrder, matrix: Matrix, told: Told, row: str, pythons: Sequence[str], form: Form | None
) -> None:
    """Write the lock of a row anew, from the index that the installation uses."""
    from tfsetup.workflows.backends import LockOrder
    from tfsetup.workflows.lock import lock

    anew = LockOrder(
        ask=Ask(), pythons=tuple(pythons), platforms=(row,), form=form, prove=order.preflight,
        index_url=order.index_url, offline=order.offline, digests_from=order.digests,
    )  # fmt: skip
    found = lock(anew, matrix, told=told)
    if found.conflicts:
        first = found.conflicts[0]
        hint = first.change or "`tfsetup lock` says more."
        raise TfsetupError(Code.ANSWER_IS_NO, f"The lock is not written anew: {first.words}.", hint=hint)


def line_of(selection: Selection) -> str:
    """Return a choice in one line: what, on which Python, and why."""
    what = ", ".join((*selection.requirements, *selection.source_builds))
    python = f"Python {selection.python}"
    if selection.interpreter is not None and selection.interpreter.path:
        python += f" ({selection.interpreter.path})"
    title = selection.reasons[0].removeprefix(f"{selection.row}: ") if selection.reasons else ""
    return f"{what} on {python}: {title} [{selection.row}]"


def _there(
    order: InstallOrder, store: Store, chosen: Installed, pinned_lock: str | None, told: Told
) -> tuple[Installed | None, str]:
    """Switch to a generation that is what is asked for, or in a dry run say so; None: one must be built, and why."""
    tuning = wanted_tuning(tune=order.tune, cures=order.cures)
    wanted = (chosen.digest, pinned_lock, chosen.cures, tuning)
    if not order.dry_run:
        outcome = reuse(store, *wanted, say=told, replace=order.replace)
        return None if outcome is None else _with_outcome(chosen, outcome), ""
    now = current(store, replace=order.replace)
    receipt = fitting(store, now, *wanted, say=told)
    why = why_not(store, now, *wanted)
    if receipt is None:
        return None, why
    rehearsal = Rehearsal(would_change=receipt.generation != now, why=why)
    if rehearsal.would_change:
        plan = f"switch the prefix to generation {receipt.generation}, which is what is asked for, and whole"
        packages = tuple(name.removesuffix(".dist-info").replace("-", "==", 1) for name in receipt.packages)
        rehearsal = replace(rehearsal, plan=(plan,), packages=packages)
    return replace(chosen, receipt=receipt, cures=receipt.cures, rehearsal=rehearsal), why


def _prepared(
    order: InstallOrder,
    host: Host,
    matrix: Matrix,
    chosen: Installed,
    found: Lock | None,
    with_it: Together | None,
    told: Told,
    tools: Tools,
) -> tuple[Installed, Lock, Plan]:
    """Return what was chosen with where it comes from, the lock, and the steps that build it."""
    index, selection = told_index(order.index_url), chosen.selection
    for line in index:
        told(f"Index     {line}")
    for line in settings_not_used():
        told(f"Note      {line}")
    began = time.perf_counter()
    if with_it is not None:
        environ = Index(url=order.index_url).environ
        selection, lock = tools.join(
            selection, with_it, host, matrix, environ=environ, offline=order.offline, told=told
        )
        chosen = replace(chosen, selection=selection, cures=wanted_cures(selection, cures=order.cures))
    else:
        lock = found or tools.solve(order, selection, host)
    seconds = {"lock": time.perf_counter() - began}
    told(f"Locked    {len(lock.packages)} packages, {size(lock.download_size)}, each with its sha256")
    plan = plan_install(
        selection, lock, host, pinned=found is not None, preflight=order.preflight, verify=order.verify,
        cures=order.cures, tune=order.tune, index=Index(url=order.index_url, asked=asked_index(order.index_url)),
        together=chosen.together, wanted=chosen.digest, pip=pip_for(tools.pips(), selection.python or ""),
    )  # fmt: skip
    return replace(chosen, index=index, seconds=seconds), lock, plan


def _rehearsed(plan: Plan, lock: Lock, why: str) -> Rehearsal:
    packages = tuple(f"{package.name}=={package.version}" for package in lock.packages)
    steps = tuple(describe(plan))
    return Rehearsal(would_change=True, why=why, plan=steps, packages=packages, download_bytes=lock.download_size)


def _with_outcome(chosen: Installed, outcome: Outcome) -> Installed:
    seconds, kept = {**chosen.seconds, **outcome.seconds}, outcome.receipt
    return replace(chosen, receipt=kept, changed=outcome.changed, cures=kept.cures, seconds=seconds)
