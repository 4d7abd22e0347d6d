"""The course of `tfsetup lock --backend conda`: one `conda-lock.yml` for all platforms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfsetup.errors import Code, LockError, TfsetupError, UsageError, Where
from tfsetup.locks import files
from tfsetup.locks.changes import moved
from tfsetup.locks.conda.environment import Imported
from tfsetup.locks.conda.files import (
    PROOFS,
    read_conda_lock,
    read_conda_proofs,
    read_environment_file,
    read_settings,
)
from tfsetup.locks.conda.lockfile import seal
from tfsetup.locks.conda.model import CondaLock, PlatformLock
from tfsetup.locks.conda.resolve import Options, Wanted, request_for, resolve
from tfsetup.locks.conda.targets import CondaOrder, changes, one_a_platform, wanted_for
from tfsetup.locks.conda.writing import LOCK, write_conda_lock
from tfsetup.locks.proof import Proof, render_proofs
from tfsetup.locks.team import ALL, Marked
from tfsetup.locks.venv.targets import rows_for
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.hazards import environment_of, hazards_of
from tfsetup.report.hazards import hazards_data, summed
from tfsetup.report.result import Result
from tfsetup.workflows.prove_conda import CondaCase, known, prove, prove_all

if TYPE_CHECKING:
    from tfsetup.workflows.lock import Locking


class CondaLocking:
    """One run; the options are those of `Locking`."""

    def __init__(self, base: Locking) -> None:
        """Keep the options, read what is to be imported."""
        self.base = base
        self.path = (base.folder or files.LOCKS) / LOCK
        self.imported: Imported | None = None

    def run(self, *, check: bool) -> Result[Any]:
        """Write the lock, or check it; the result is that of INTERFACE, "`lock`", one entry a platform."""
        if self.base.form == "portable":
            message = "A conda lock names its archives by their addresses; there is no portable form of it."
            raise UsageError(message, hint="Leave --format out.")
        if self.base.source is not None:
            names = {row.distribution for row in self.base.matrix.rows}
            self.imported = read_environment_file(self.base.source, tensorflow=sorted(names))
            for line in self.imported.left_out:
                self.base.session.say(f"Left out  {line}")
        there = self._there()
        return self._check(there) if check else self._write(there)

    def _there(self) -> CondaLock | None:
        try:
            return read_conda_lock(self.path)
        except LockError:
            return None

    def _rows(self) -> tuple[Row, ...]:
        base = self.base
        if self.imported is not None and not base.platforms:
            nowhere = Where(file=str(base.source))
            named = [Marked(text=name, where=nowhere) for name in self.imported.platforms]
            return one_a_platform(row for row, _ in rows_for(named, base.matrix, base.ask.accelerator))
        rows = [row for row, _ in base.rows()]
        exact = {platform for platform in base.platforms if any(row.id == platform for row in base.matrix.rows)}
        named_rows = [row for row in rows if row.id in exact]
        taken = {(row.when.os, row.when.arch) for row in named_rows}
        others = one_a_platform(row for row in rows if (row.when.os, row.when.arch) not in taken)
        return (*named_rows, *others)

    def _order(self) -> CondaOrder:
        order = self.base.order
        if len(order.pythons) > 1 or ALL in order.pythons:
            message = "A conda lock holds one Python; several are asked for."
            raise UsageError(
                message, hint="Name one with --python, and lock the others into folders of their own (-o)."
            )
        imported = self.imported
        ask = replace(
            order.ask,
            python=next(iter(order.pythons), imported.python if imported else None),
            tensorflow=order.ask.tensorflow or (imported.tensorflow if imported else None),
        )
        return CondaOrder(ask=ask, levels=order.levels, team=order.team, imported=imported)

    def _wanted(self, there: CondaLock | None, rows: Sequence[Row]) -> tuple[Wanted, ...]:
        locked = there.platforms if there else {}
        return wanted_for(rows, self._order(), self.base.matrix, locked=locked, upgrade=self.base.upgrade)

    # ---------------------------------------------------------------------------------------------------- writing

    def _tell(self, subdir: str, packages: int, duration: float) -> None:
        from tfsetup.report.lock import progress

        self.base.session.say(progress(subdir, [""] * packages, duration))

    def _write(self, there: CondaLock | None) -> Result[Any]:
        wanted = self._wanted(there, self._rows())
        mine = read_settings()
        base = self.base
        options = Options(settings=mine, pre=base.order.ask.pre, offline=base.offline, index_url=base.index_url)
        base.session.say(f"Locking {len(wanted)} platforms at once: {', '.join(one.subdir for one in wanted)}")
        platforms = resolve(wanted, options, told=self._tell)
        requests = [request_for(one, mine) for one in wanted]
        texts = write_conda_lock(platforms, requests, {one.subdir: one.requirements for one in wanted})
        proofs = self._proofs(
            [CondaCase(lock=lock, host=one.host) for lock, one in zip(platforms, wanted, strict=True)]
        )
        self._refuse(proofs)
        changed = files.write_all(self.path.parent, texts | {PROOFS: render_proofs(proofs)})
        before = there.platforms if there else {}
        found = [
            _data(self.path, platform, one, proofs[platform.subdir])
            | _hazard_data(platform, one, base.matrix)
            | {
                "fresh": True,
                "changed": LOCK in changed,
                "versions": moved(was.entries if was else None, platform.entries),
            }
            for platform, one in zip(platforms, wanted, strict=True)
            for was in [before.get(platform.subdir)]
        ]
        return Result(command="lock", data={"files": found, **self._left_out(), **summed(found)})

    def _proofs(self, cases: Sequence[CondaCase]) -> dict[str, Proof]:
        recorded = read_conda_proofs(self.path.parent)
        if self.base.prove:
            return prove_all(self.base.session, cases, recorded, offline=self.base.offline)
        why = "not asked for (--no-prove)"
        return {case.lock.subdir: known(case, recorded) or case.proof("undecided", [why]) for case in cases}

    def _refuse(self, proofs: Mapping[str, Proof]) -> None:
        failing = {subdir: proof for subdir, proof in proofs.items() if proof.verdict == "fails"}
        if not failing or self.base.force:
            return
        lines = [f"  {subdir}: {reason}" for subdir, proof in failing.items() for reason in proof.reasons[:3]]
        raise TfsetupError(
            Code.ANSWER_IS_NO,
            "Not written, because it would not load:\n" + "\n".join(lines),
            hint="Ask for other versions or another channel, or write it all the same with --force.",
        )

    def _left_out(self) -> dict[str, Any]:
        return {"left_out": list(self.imported.left_out)} if self.imported else {}

    # --------------------------------------------------------------------------------------------------- checking

    def _check(self, there: CondaLock | None) -> Result[Any]:
        if there is None:
            where = Where(file=str(self.path))
            raise LockError(
                "There is no such lock file.", hint="`tfsetup lock --backend conda` writes it.", where=where
            )
        rows = self._rows()
        if not self.base.platforms and self.imported is None:
            locked = {lock.row for lock in there.platforms.values()}
            rows = tuple(row for row in self.base.matrix.rows if row.id in locked) or rows
        recorded = read_conda_proofs(self.path.parent)
        found = [self._checked(there, row, recorded) for row in rows]
        stale = any(not one["fresh"] for one in found)
        failing = self.base.prove and any(one["verdict"] == "fails" for one in found)
        code = Code.LOCK if stale else Code.ANSWER_IS_NO if failing else None
        return Result(command="lock", data={"files": found, "checked": True, **summed(found)}, code=code)

    def _checked(self, there: CondaLock, row: Row, recorded: Mapping[str, Proof]) -> dict[str, Any]:
        try:
            (one,) = self._wanted(there, [row])
        except TfsetupError as error:
            if error.code is not Code.NO_ROW:
                raise
            nothing: dict[str, Any] = {"path": str(self.path), "row": row.id, "packages": 0, "verdict": "undecided"}
            return nothing | {"fresh": False, "changes": [error.message]}
        lock = there.platforms.get(one.subdir)
        stale = changes(lock, one)
        proof = recorded.get(one.subdir)
        if lock is not None and proof is not None and proof.sha256 != seal(lock):
            proof = None
        if lock is not None and self.base.prove and not stale:
            proof = prove(self.base.session, CondaCase(lock=lock, host=one.host), offline=self.base.offline)
        shown = lock or PlatformLock(subdir=one.subdir, packages=())
        data = _data(self.path, shown, one, proof) | _hazard_data(shown, one, self.base.matrix)
        return data | {"fresh": not stale, "changes": list(stale)}


def _data(path: Path, lock: PlatformLock, wanted: Wanted, proof: Proof | None) -> dict[str, Any]:
    return {
        "path": str(path),
        "row": wanted.selection.row,
        "platform": wanted.subdir,
        "packages": len(lock.entries),
        "verdict": proof.verdict if proof else "undecided",
        "reasons": list(proof.reasons) if proof else ["never proven"],
        "python": wanted.selection.python,
        "requirements": list(wanted.requirements),
        "conda": [*wanted.selection.conda, *wanted.specs],
        "download_bytes": lock.download_size,
    }


def _hazard_data(lock: PlatformLock, wanted: Wanted, matrix: Matrix) -> dict[str, Any]:
    """Return `environment` and `hazards` of a platform. A conda lock itself sets no variable: an installation does."""
    versions, chosen = {entry.name: entry.version for entry in lock.entries}, wanted.selection
    macos = chosen.target.macos if chosen.target else None
    found = hazards_of(matrix.hazards, versions, row=chosen.row, macos=macos, python=chosen.python)
    environment = {**chosen.settings, **environment_of(found)}
    return {"environment": environment, "hazards": hazards_data(found, cured=False)}
