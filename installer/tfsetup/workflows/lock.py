"""The course of `tfsetup lock`: which locks, resolve them all at once, prove each, write them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tfsetup.cli.session import Session
from tfsetup.errors import Code, LockError, TfsetupError, Where
from tfsetup.locks import files
from tfsetup.locks.changes import moved
from tfsetup.locks.cure import CureWheel, carried, others
from tfsetup.locks.model import Form, Lock, LockedPackage, file_name
from tfsetup.locks.proof import Proof, render_proofs
from tfsetup.locks.team import ALL, Marked, Team
from tfsetup.locks.venv.conflict import Sides, explained, together
from tfsetup.locks.venv.fresh import changes, recorded_order
from tfsetup.locks.venv.many import Resolved, resolve_all
from tfsetup.locks.venv.solve import Wish, rendered
from tfsetup.locks.venv.targets import LockTarget, Order, current_rows, rows_for, targets_for
from tfsetup.matrix.choose.reference import Levels
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.hazards import environment_of, hazards_of
from tfsetup.matrix.model import Ask
from tfsetup.report.hazards import hazards_data, summed
from tfsetup.report.result import Result


@dataclass(kw_only=True)
class Locking:
    """One run of `tfsetup lock`; fields are its options. `upgrade`: names that may move on, None: everything."""

    session: Session
    ask: Ask
    pythons: tuple[str, ...]
    platforms: tuple[str, ...]
    folder: Path | None
    form: Form | None
    prove: bool
    force: bool
    upgrade: frozenset[str] | None
    index_url: str | None
    offline: bool
    source: Path | None = None
    without_cures: bool = False
    team: Team | None = field(init=False, default=None)
    matrix: Matrix = field(init=False)

    def run(self, *, check: bool) -> Result[Any]:
        """Write the locks, or check them; the result is that of INTERFACE, "`lock`"."""
        from tfsetup.matrix.file.disk import read_matrix

        self.folder = files.existing_folder(self.folder or files.LOCKS)
        self.matrix = read_matrix(self.session.matrix)
        self.team = files.read_team()
        if self.ask.backend == "conda":
            from tfsetup.workflows.lock_conda import CondaLocking

            return CondaLocking(self).run(check=check)
        return self._check() if check else self._write()

    @property
    def order(self) -> Order:
        """What is asked for now: the command line, then the team file."""
        team = self.team or Team(file="")
        ask = self.ask
        ask = replace(ask, tensorflow=ask.tensorflow or team.tensorflow, pre=ask.pre or team.pre)
        return Order(
            ask=ask,
            pythons=self.pythons or team.pythons,
            levels=Levels(macos=team.macos, glibc=team.glibc),
            team=tuple(item.text for item in team.requirements),
            cures=not self.without_cures,
        )

    def rows(self) -> tuple[tuple[Row, Marked | None], ...]:
        """Return the rows to lock, each with the word that asked for it; None: nobody did, it is a current one."""
        accelerator = self.ask.accelerator
        if self.platforms:
            nowhere = Where(file="--platform")
            return rows_for([Marked(text=name, where=nowhere) for name in self.platforms], self.matrix, accelerator)
        if self.session.replayed:
            return ((self._row_of_host(), None),)
        if self.team is not None and self.team.platforms:
            return rows_for(self.team.platforms, self.matrix, accelerator)
        return tuple((row, None) for row in current_rows(self.matrix, accelerator))

    def _row_of_host(self) -> Row:
        from tfsetup.matrix.choose.select import select

        found = select(self.session.host(), self.ask, self.matrix)
        if not found.installable:
            raise TfsetupError(Code.NO_ROW, "; ".join(found.reasons), hint="; ".join(found.suggestions))
        return next(row for row in self.matrix.rows if row.id == found.row)

    # ---------------------------------------------------------------------------------------------------- writing

    def _write(self) -> Result[Any]:
        form = self.form or (self.team.form if self.team else None) or files.form_in(self._where)
        there = self._existing(form)
        targets = self._targets(there)
        wishes = {target.name: self._wish(target, form, there.get(target.name)) for target in targets}
        self._tell_index()
        self.session.say(f"Locking {len(wishes)} targets at once")
        environ = {"UV_DEFAULT_INDEX": self.index_url} if self.index_url else {}
        found = resolve_all(wishes, environ=environ, told=self._tell)
        if errors := [self._explained(one, wishes[one.name]) for one in found if one.error]:
            raise together(errors)
        packages = {one.name: one.packages for one in found}
        locks = {name: rendered(wish, packages[name]) for name, wish in wishes.items()}
        proofs = self._proofs(targets, packages, locks)
        self._refuse(proofs)
        return self._written(targets, locks, proofs, there)

    def _tell_index(self) -> None:
        from tfsetup.locks.run import settings_not_used

        for line in self._index():
            self.session.say(f"Index     {line}")
        for line in settings_not_used():
            self.session.say(f"Note      {line}")

    def _index(self) -> tuple[str, ...]:
        from tfsetup.locks.run import told_index

        return told_index(self.index_url)

    def _existing(self, form: Form) -> dict[str, Lock]:
        """Return the locks that are there, by name: in the form to write, else in the other one."""
        found = {}
        for name in files.lock_names(self._where):
            paths = files.locks_of(self._where, name)
            best = next((path for path in paths if path.name == file_name(form, name)), paths[0])
            found[name] = files.read_lock(best)
        return found

    @property
    def _where(self) -> Path:
        return self.folder or files.LOCKS

    def _targets(self, there: dict[str, Lock]) -> tuple[LockTarget, ...]:
        found: list[LockTarget] = []
        unfit: list[TfsetupError] = []
        for row, named in self.rows():
            try:
                found += targets_for(row, self.order, self.matrix, locked=there, upgrade=self.upgrade)
            except TfsetupError as error:
                if error.code is not Code.NO_ROW:
                    raise
                if named is not None:
                    where = named.where if named.where.line is not None else None
                    raise TfsetupError(error.code, error.message, hint=error.hint, where=where) from error
                self.session.say(f"Left out  {error.message}")
                unfit.append(error)
        if not found:
            raise unfit[0]
        return tuple(found)

    def _wish(self, target: LockTarget, form: Form, lock: Lock | None) -> Wish:
        from tfsetup.locks.run import asked_index

        upgrade = self.upgrade if self.upgrade is not None else frozenset()
        keep = {p.name: p.version for p in others(lock)} if lock and self.upgrade is not None else {}
        return Wish(
            selection=target.selection,
            pre=self.order.ask.pre,
            offline=self.offline,
            team=self.order.team,
            keep=keep,
            upgrade=tuple(sorted(upgrade)),
            origin=target.origin,
            form=form,
            index=asked_index(self.index_url),
        )

    def _tell(self, one: Resolved) -> None:
        from tfsetup.report.lock import progress

        self.session.say(progress(one.name, [package.version for package in one.packages], one.seconds))

    def _explained(self, one: Resolved, wish: Wish) -> TfsetupError:
        error = one.error or TfsetupError(Code.BUG, "an error was expected here")
        team = self.team.requirements if self.team else ()
        return explained(error, Sides(row=one.name, requirements=wish.selection.requirements, team=team))

    def _proofs(
        self, targets: Sequence[LockTarget], packages: dict[str, tuple[LockedPackage, ...]], locks: dict[str, Lock]
    ) -> dict[str, Proof]:
        """Return the verdict on each lock; what is on record here, or shipped, about the very same files is taken."""
        from tfsetup.workflows.prove import Case, known, prove_all

        cases = {
            t.name: Case(lock=locks[t.name], origin=t.origin, packages=packages[t.name], host=t.host) for t in targets
        }
        recorded = [*files.read_proofs(self._where).values(), *files.shipped_proofs().values()]
        if self.prove:
            return prove_all(self.session, cases, recorded)
        why = "not asked for (--no-prove)"
        return {name: known(case, recorded) or case.unproven(why) for name, case in cases.items()}

    def _refuse(self, proofs: dict[str, Proof]) -> None:
        failing = {name: proof for name, proof in proofs.items() if proof.verdict == "fails"}
        if not failing or self.force:
            return
        lines = [f"{name}: {reason}" for name, proof in failing.items() for reason in proof.reasons[:3]]
        raise TfsetupError(
            Code.ANSWER_IS_NO,
            "Not written, because it would not load:\n" + "\n".join(f"  {line}" for line in lines),
            hint="Ask for other versions, or write it all the same with --force.",
        )

    def _written(
        self, targets: Sequence[LockTarget], locks: dict[str, Lock], proofs: dict[str, Proof], there: dict[str, Lock]
    ) -> Result[Any]:
        names = {name: file_name(lock.form, name) for name, lock in locks.items()}
        known = files.read_proofs(self._where)
        known = {name: proof for name, proof in known.items() if (self._where / name).is_file()}
        record = known | {names[name]: proof for name, proof in proofs.items()}
        texts: dict[str, str | bytes] = {names[name]: lock.text for name, lock in locks.items()}
        texts |= {wheel.filename: wheel.content for lock in locks.values() if (wheel := _carried(lock)) is not None}
        changed = set(files.write_all(self._where, texts | {files.PROOFS: render_proofs(record)}))
        files.sweep_cures(self._where)
        rows = [
            _file_data(self._where / names[target.name], target.row.id, locks[target.name], proofs[target.name])
            | _hazard_data(locks[target.name], self.matrix)
            | {
                "changed": names[target.name] in changed,
                "versions": moved(was.packages if was else None, locks[target.name].packages),
            }
            for target in targets
            for was in [there.get(target.name)]
        ]
        return Result(command="lock", data={"files": rows, "index": list(self._index()), **summed(rows)})

    # --------------------------------------------------------------------------------------------------- checking

    def _check(self) -> Result[Any]:
        there = {name: files.locks_of(self._where, name) for name in files.lock_names(self._where)}
        found: list[dict[str, Any]] = []
        for expected in self._expected(there):
            paths: list[Path | None] = [*there.get(expected.name, ())] or [None]
            found += [self._checked(expected, path) for path in paths]
        if not found:
            raise LockError(f"There is no lock file in {self._where}.", hint="`tfsetup lock` writes them.")
        stale = any(not one["fresh"] for one in found)
        failing = self.prove and any(one["verdict"] == "fails" for one in found)
        code = Code.LOCK if stale else Code.ANSWER_IS_NO if failing else None
        return Result(command="lock", data={"files": found, "checked": True, **summed(found)}, code=code)

    def _expected(self, there: dict[str, list[Path]]) -> list[_Expected]:
        """Return the locks that must be there: those of the platforms named, else those that were written."""
        if self.platforms or self.session.replayed or self.team is not None or ALL in self.pythons:
            return [one for row, _ in self.rows() for one in self._of_row(row, there)]
        recorded = self._recorded
        gone = {_name_in(name): proof.row for name, proof in recorded.items() if not (self._where / name).is_file()}
        rows = {name: row for name, row in gone.items() if name not in there}
        known = [_Expected(name=name, row=rows.get(name)) for name in sorted({*there, *rows})]
        return known or [one for row, _ in self.rows() for one in self._of_row(row, there)]

    def _of_row(self, row: Row, there: dict[str, list[Path]]) -> list[_Expected]:
        locked = {name: files.read_lock(paths[0]) for name, paths in there.items() if name.startswith(row.id)}
        try:
            targets = targets_for(row, self.order, self.matrix, locked=locked)
        except TfsetupError as error:
            if error.code is not Code.NO_ROW:
                raise
            return [_Expected(name=row.id, row=row.id, nothing=error.message)]
        return [
            _Expected(
                name=t.name, row=row.id, order=self.order, python=t.origin.python if t.origin.asked_python else None
            )
            for t in targets
        ]

    def _checked(self, expected: _Expected, path: Path | None) -> dict[str, Any]:
        if path is None:
            reason = expected.nothing or "there is no lock file for it"
            name = file_name(self.form or "pylock", expected.name)
            return {"path": str(self._where / name), "row": expected.row, "packages": 0, "fresh": False,
                    "verdict": "undecided", "changes": [reason]}  # fmt: skip
        lock = files.read_lock(path)
        order, python = expected.order, expected.python
        if order is None and lock.origin is not None:
            order = self._asked_again(recorded_order(lock.origin))
            python = next(iter(order.pythons), None)
        found = changes(lock, order or self.order, python, self.matrix)
        if expected.nothing:
            found = (expected.nothing,)
        if problem := files.cure_problem(path, lock):
            found = (*found, problem)
        proof = self._proved_again(path, lock) if self.prove and not found else self._proof_on_record(path, lock)
        row = expected.row or (lock.origin.row if lock.origin else None)
        data = _file_data(path, row, lock, proof) | _hazard_data(lock, self.matrix)
        return data | {"fresh": not found, "changes": list(found)}

    def _asked_again(self, recorded: Order) -> Order:
        """Return what a lock says was asked for, with what the command line asks now in its place."""
        ask = replace(
            recorded.ask,
            tensorflow=self.ask.tensorflow or recorded.ask.tensorflow,
            pre=self.ask.pre or recorded.ask.pre,
        )
        cures = recorded.cures and not self.without_cures
        return replace(recorded, ask=ask, pythons=self.pythons or recorded.pythons, cures=cures)

    def _proof_on_record(self, path: Path, lock: Lock) -> Proof | None:
        proof = self._recorded.get(path.name)
        return proof if proof and proof.sha256 == lock.sha256 else None

    @cached_property
    def _recorded(self) -> dict[str, Proof]:
        return files.read_proofs(self._where)

    def _proved_again(self, path: Path, lock: Lock) -> Proof | None:
        from tfsetup.workflows.prove import prove_lock

        proof = prove_lock(self.session, lock, self.matrix, offline=self.offline, index_url=self.index_url)
        return proof or self._proof_on_record(path, lock)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Expected:
    """A lock that must be there. Without an order the lock's own note says what was asked; `nothing`: no row fits."""

    name: str
    row: str | None = None
    order: Order | None = None
    python: str | None = None
    nothing: str = ""


def _name_in(file: str) -> str:
    return file.split(".")[1] if file.count(".") > 1 else file


def _carried(lock: Lock) -> CureWheel | None:
    return carried(lock, lock.origin.cures) if lock.origin else None


def _file_data(path: Path, row: str | None, lock: Lock, proof: Proof | None) -> dict[str, Any]:
    return {
        "path": str(path),
        "row": row,
        "packages": len(lock.packages),
        "fresh": True,
        "verdict": proof.verdict if proof else "undecided",
        "reasons": list(proof.reasons) if proof else ["never proven"],
        "python": lock.origin.python if lock.origin else None,
        "requirements": list(lock.origin.requirements) if lock.origin else [],
        "download_bytes": lock.download_size,
        "cure": wheel.filename if (wheel := _carried(lock)) else None,
    }


def _hazard_data(lock: Lock, matrix: Matrix) -> dict[str, Any]:
    """Return `environment` and `hazards` of one lock file: of everything that is locked, on its own target."""
    versions = {package.name: package.version for package in lock.packages}
    origin = lock.origin
    here = {"row": origin.row, "macos": origin.macos, "python": origin.python} if origin else {}
    found = hazards_of(matrix.hazards, versions, **here)
    own = next((row.environment for row in matrix.rows if origin is not None and row.id == origin.row), {})
    environment = {**own, **environment_of(found)}
    return {"environment": environment, "hazards": hazards_data(found, cured=_carried(lock) is not None)}


def render(session: Session, result: Result[Any]) -> None:
    """Print what was locked, or what is stale."""
    from tfsetup.report.lock import lock_lines

    for line in lock_lines(result.data):
        session.show(line)
