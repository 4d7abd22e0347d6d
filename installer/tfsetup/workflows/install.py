"""The course of an installation, as the user sees it: the rooms do the work, this module calls and reports them."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfsetup.cli.session import Session
from tfsetup.envs.guard import refuse_prefix
from tfsetup.envs.model import Plan
from tfsetup.envs.reuse import Outcome, fitting, why_not
from tfsetup.envs.run import Hooks, Refused, current, reuse
from tfsetup.envs.run import install as build
from tfsetup.envs.store import Store, layout_for
from tfsetup.errors import Code, TfsetupError, UsageError
from tfsetup.ground.looking import look
from tfsetup.ground.prefix import Gone, sentence
from tfsetup.host.model import Host
from tfsetup.locks.model import Form, Lock
from tfsetup.locks.run import Screen, settings_not_used, told_index
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.hazards import pins
from tfsetup.matrix.model import Ask, Selection
from tfsetup.report.result import Result
from tfsetup.workflows.conda_choice import CondaChoice, ask_of, check, is_conda_lock, read_choice, solve_here

if TYPE_CHECKING:
    from tfsetup.loader.report import Report
    from tfsetup.verify import Verification


@dataclass(kw_only=True)
class Installation:
    """One run of `tfsetup install`; fields are its options."""

    session: Session
    ask: Ask
    prefix: Path
    lock_file: Path | None
    verify: bool
    preflight: bool
    offline: bool
    dry_run: bool
    replace: bool
    allow_build: bool
    anew: bool = False  # build also what the receipt calls up to date: its files are broken
    without_cures: bool = False  # leave out what prevents known defects
    no_lock: bool = False
    update_lock: bool = False
    index_url: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    choice: CondaChoice | None = None
    why: str = ""  # why a dry run would change what stands at the prefix
    index: tuple[str, ...] = ()  # the package indexes that are not uv's default, for people

    def run(self) -> Result[Any]:
        """Install and return the result of INTERFACE, "`install`"."""
        if not self.dry_run:
            self.session.refuse_replay("`tfsetup install`")
        if isinstance(gone := look(self.prefix), Gone):
            self.session.say(f"Note      {sentence(gone)}")
        refuse_prefix(self.prefix, replace=self.replace)
        host = self.session.host()
        selection = self._select(host)
        if not selection.installable:
            return _no_row(selection)
        store = Store(layout_for(self.prefix))
        refuse_prefix(
            self.prefix, replace=self.replace, python=selection.interpreter.path if selection.interpreter else None
        )
        if not self.anew and (unchanged := self._nothing_to_do(store, selection)) is not None:
            return unchanged
        lock = self._lock(selection, host)
        plan = self._plan(selection, lock, host)
        if self.dry_run:
            changes = {"would_change": True, "why": self.why or "Everything is built anew."}
            return Result(command="install", data=self._data(store, selection, None) | _plan_data(plan, lock) | changes)
        self._agree_to_build(selection)
        return self._build(plan, store, selection, host)

    def _select(self, host: Host) -> Selection:
        from tfsetup.host.describe import describe
        from tfsetup.matrix.choose.select import select
        from tfsetup.matrix.file.disk import read_matrix
        from tfsetup.report.hazards import sentence as sentence_of
        from tfsetup.report.install import chosen
        from tfsetup.workflows.which_lock import Request, choose

        self.session.say(f"Detected  {describe(host)}")
        matrix = read_matrix(self.session.matrix)
        if self.lock_file is not None and is_conda_lock(self.lock_file):
            self.choice = read_choice(self.lock_file, host)
            self.ask = ask_of(self.choice, self.ask, matrix)
            selection = select(host, self.ask, matrix)
        else:
            relock = self._relock if self.update_lock and not self.dry_run else None
            request = Request(lock_file=self.lock_file, no_lock=self.no_lock, relock=relock, say=self.session.say)
            found = choose(host, self.ask, matrix, request)
            self.lock_file, selection = found.path, found.selection
        if selection.installable:
            selection = self._as_locked(selection, matrix, host)
            self.session.say(f"Chosen    {chosen(selection)}")
            for warning in selection.warnings:
                self.session.say(f"Note      {warning}")
            for hazard in selection.hazards:
                self.session.say(
                    f"Defect    {sentence_of(hazard, not self.without_cures, pins(selection.requirements))}"
                )
        return selection

    def _as_locked(self, selection: Selection, matrix: Matrix, host: Host) -> Selection:
        """Return the selection with the known defects of what the lock holds, where there is one."""
        from tfsetup.locks.cure import as_locked
        from tfsetup.matrix.machine import macos_version

        if self.lock_file is None:
            return selection
        packages = {package.name: package.version for package in self._read(selection).packages}
        return as_locked(selection, packages, matrix.hazards, macos_version(host))

    def _relock(self, row: str, pythons: Sequence[str], form: Form | None) -> None:
        from tfsetup.matrix.file.disk import read_matrix
        from tfsetup.workflows.backends import LockOrder
        from tfsetup.workflows.lock import lock

        order = LockOrder(
            ask=Ask(),
            pythons=tuple(pythons),
            platforms=(row,),
            form=form,
            prove=self.preflight,
            index_url=self.index_url,
            offline=self.offline,
        )
        lock(order, read_matrix(self.session.matrix), told=self.session.say)

    def _nothing_to_do(self, store: Store, selection: Selection) -> Result[Any] | None:
        from tfsetup.locks.digest import digest

        pinned = self._read(selection).sha256 if self.lock_file else None
        wanted = (digest(selection), pinned, self._cures(selection))
        if self.dry_run:
            return self._would_reuse(store, selection, *wanted)
        outcome = reuse(store, *wanted, say=self.session.say, replace=self.replace)
        return None if outcome is None else Result(command="install", data=self._data(store, selection, outcome))

    def _cures(self, selection: Selection) -> Mapping[str, str]:
        from tfsetup.envs.plan import wanted_cures

        return wanted_cures(selection, cures=not self.without_cures)

    def _would_reuse(
        self, store: Store, selection: Selection, wanted: str, pinned: str | None, cures: Mapping[str, str]
    ) -> Result[Any] | None:
        """Return what a run would do without building: nothing, or go to a generation that is there."""
        now = current(store, replace=self.replace)
        kept = fitting(store, now, wanted, pinned, cures, say=self.session.say)
        self.why = why_not(store, now, wanted, pinned, cures)
        if kept is None:
            return None
        data = self._data(store, selection, Outcome(generation=kept.generation, changed=False, receipt=kept))
        data |= {"would_change": kept.generation != now, "why": self.why}
        if kept.generation == now:
            return Result(command="install", data=data)
        plan = [f"switch the prefix to generation {kept.generation}, which is what is asked for, and whole"]
        packages = [name.removesuffix(".dist-info").replace("-", "==", 1) for name in kept.packages]
        return Result(command="install", data=data | {"plan": plan, "packages": packages, "download_bytes": 0})

    def _read(self, selection: Selection) -> Lock | CondaChoice:
        """Return what the lock file says; its name tells which kind it is."""
        if self.lock_file is None:
            raise TfsetupError(Code.BUG, "a lock file is read only when one was named")
        if self.choice is not None:
            check(self.choice, selection, self.lock_file)
            return self.choice
        return _read_lock(self.lock_file, selection)

    def _lock(self, selection: Selection, host: Host) -> Lock | CondaChoice:
        from tfsetup.report.text import size

        self.index = told_index(self.index_url)
        for line in self.index:
            self.session.say(f"Index     {line}")
        for line in settings_not_used():
            self.session.say(f"Note      {line}")
        began = time.perf_counter()
        if self.lock_file is not None:
            lock = self._read(selection)
        elif selection.backend == "conda":
            lock = solve_here(selection, host, pre=self.ask.pre, offline=self.offline, index_url=self.index_url)
        else:
            from tfsetup.locks.venv.solve import solve

            environ = {"UV_DEFAULT_INDEX": self.index_url} if self.index_url else {}
            lock = solve(selection, pre=self.ask.pre, offline=self.offline, environ=environ)
        self.seconds["lock"] = time.perf_counter() - began
        self.session.say(f"Locked    {len(lock.packages)} packages, {size(lock.download_size)}, each with its sha256")
        return lock

    def _plan(self, selection: Selection, lock: Lock | CondaChoice, host: Host) -> Plan:
        from tfsetup.envs.plan import Index, plan_install
        from tfsetup.locks.run import asked_index

        pinned = self.lock_file is not None
        if isinstance(lock, CondaChoice):
            checks = {"preflight": self.preflight, "verify": self.verify, "cures": not self.without_cures}
            return lock.plan(selection, pinned=pinned, index_url=self.index_url, **checks)
        return plan_install(
            selection,
            lock,
            host,
            pinned=pinned,
            preflight=self.preflight,
            verify=self.verify,
            cures=not self.without_cures,
            index=Index(url=self.index_url, asked=asked_index(self.index_url)),
        )

    def _agree_to_build(self, selection: Selection) -> None:
        built = (*selection.sdists, *selection.source_builds)
        if not built or self.allow_build:
            return
        what = ", ".join(built)
        if not sys.stdin.isatty() or self.session.json:
            raise UsageError(
                f"{what} exists as source only: its build code would run on this machine.",
                hint="Add --allow-build to agree, or choose another --accelerator.",
            )
        import typer

        typer.confirm(f"{what} must be compiled here, which runs its build code. Go on?", abort=True, err=True)

    def _build(self, plan: Plan, store: Store, selection: Selection, host: Host) -> Result[Any]:
        from tfsetup.workflows.checks import Checks

        checks = Checks(session=self.session, selection=selection, host=host)
        hooks = Hooks(preflight=checks.preflight, verify=checks.verify, say=self.session.say, screen=self._screen())
        try:
            outcome = build(plan, store, hooks, offline=self.offline, replace=self.replace, anew=self.anew)
        except Refused as refused:
            data = self._data(store, selection, None) | {refused.stage: refused.data, "refused": str(refused)}
            data["doctor"] = self._explained(checks.found or checks.report, plan, host)
            findings = refused.data.get("findings", [])
            return Result(command="install", data=data, findings=findings, code=Code.ANSWER_IS_NO)
        self.seconds |= outcome.seconds
        data = self._data(store, selection, outcome)
        if outcome.changed and checks.found is not None:
            findings, data["history"] = self._history(checks.found)
            data["verify"] = data["verify"] | {"findings": findings}
        return Result(command="install", data=data, findings=(data["verify"] or {}).get("findings", ()))

    def _explained(self, report: Report | Verification | None, plan: Plan, host: Host) -> dict[str, Any] | None:
        from tfsetup.doctor.defects import pinned
        from tfsetup.doctor.present import shown
        from tfsetup.ground.encode import encode
        from tfsetup.matrix.file.disk import read_matrix
        from tfsetup.workflows.diagnose import consult

        if report is None:
            return None
        matrix, packages = read_matrix(self.session.matrix), pinned(plan.requirements)
        told = consult(report, host, prefix=str(self.prefix), matrix=matrix, packages=packages)
        return None if told is None else dict(encode(shown(told)))

    def _history(self, found: Verification) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Keep the verification in the history; return the findings, with what became slower, and the history."""
        from tfsetup.ground.encode import encode
        from tfsetup.workflows.verify import compared

        whole, history = compared(self.prefix, found, told=self.session.say)
        return encode(list(whole.findings)), encode(history)

    def _screen(self) -> Screen | None:
        if self.session.verbosity < 0:
            return None
        return Screen(write=_to_stderr, terminal=sys.stderr.isatty(), everything=self.session.verbosity > 0)

    def _data(self, store: Store, selection: Selection, outcome: Outcome | None) -> dict[str, Any]:
        from tfsetup.report.hazards import hazards_data

        return {
            "prefix": str(store.layout.prefix),
            "generation": outcome.generation if outcome else None,
            "row": selection.row,
            "requirements": list(selection.requirements),
            "python": selection.python,
            "backend": selection.backend,
            "seconds": {phase: round(duration, 3) for phase, duration in self.seconds.items()},
            "verify": outcome.receipt.verify if outcome else None,
            "preflight": outcome.receipt.preflight if outcome else None,
            "changed": outcome.changed if outcome else False,
            "cures": dict(outcome.receipt.cures if outcome else self._cures(selection)),
            "index": list(self.index),
            "environment": selection.environment,
            "hazards": hazards_data(selection.hazards, cured=not self.without_cures),
        }


def _to_stderr(block: bytes) -> None:
    sys.stderr.buffer.write(block)
    sys.stderr.buffer.flush()


def _read_lock(path: Path, selection: Selection) -> Lock:
    from tfsetup.locks.files import read_lock

    return read_lock(path, sdists=selection.sdists)


def _plan_data(plan: Plan, lock: Lock | CondaChoice) -> dict[str, Any]:
    from tfsetup.envs.plan import describe

    packages = [f"{package.name}=={package.version}" for package in lock.packages]
    return {"plan": describe(plan), "packages": packages, "download_bytes": lock.download_size}


def _no_row(selection: Selection) -> Result[Any]:
    from tfsetup.report.resolve import resolve_document

    return Result(command="install", data={"resolve": resolve_document(selection)}, code=Code.NO_ROW)


def render(session: Session, result: Result[Any]) -> None:
    """Print what an installation came to."""
    from tfsetup.report.install import outcome

    for part in outcome(result, command=_command(), windows=sys.platform == "win32"):
        session.show(part)


def _command() -> str:
    """Return what to type to call this program again: its name if the shell finds it, else its path."""
    import os
    import shutil

    called = Path(sys.argv[0])
    if shutil.which("tfsetup") or called.name != "tfsetup":
        return "tfsetup"
    return os.path.relpath(called)
