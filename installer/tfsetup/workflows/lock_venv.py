"""Locks of wheels: one file a row and Python, resolved through uv."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tfsetup.errors import Code, LockError, TfsetupError, UnsolvableError
from tfsetup.ground.owners import SharedFiles
from tfsetup.ground.platforms import Platform
from tfsetup.locks import files
from tfsetup.locks.cooldown import document, recorded, sentence
from tfsetup.locks.cooldown import explained as too_new
from tfsetup.locks.cure import carried, others
from tfsetup.locks.model import Form, Lock, LockedPackage, Origin, file_name
from tfsetup.locks.naming import Side, markers_of, refuse_contradiction, sides
from tfsetup.locks.order import Order
from tfsetup.locks.taken import name_of, taken
from tfsetup.locks.team import ALL
from tfsetup.locks.venv.fresh import changes, recorded_order
from tfsetup.locks.venv.targets import LockTarget, none_for, targets_for
from tfsetup.matrix.beside import reasons_of, told_of
from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.file.rows import Row
from tfsetup.workflows.backends import Case, Made, Scope, Standing
from tfsetup.workflows.progress import OFF_THE_INDEX, gave_way, progress
from tfsetup.workflows.told import Told, silent
from tfsetup.workflows.venv_cases import case_of

if TYPE_CHECKING:  # what resolves is loaded where something is resolved: saying that a lock is stale takes none of it
    from tfsetup.locks.venv.many import Resolved
    from tfsetup.locks.venv.nearest import Trouble
    from tfsetup.locks.venv.solve import Wish

_Read = Callable[[Path], Lock]


@dataclass(frozen=True, kw_only=True, slots=True)
class VenvBackend:
    """The locks of wheels in a folder."""

    scope: Scope

    proofs: ClassVar[str] = files.PROOFS
    how: ClassVar[str] = OFF_THE_INDEX
    remedy: ClassVar[str] = "Ask for other versions"

    @property
    def folder(self) -> Path:
        """Where the locks are."""
        return self.scope.order.folder

    @property
    def form(self) -> Form:
        """The form to write: as asked, as the team file says, else as the locks there are."""
        team = self.scope.team
        return self.scope.order.form or (team.form if team else None) or files.form_in(self.folder)

    def read(self) -> dict[str, Lock]:
        """Return the locks that are there, by name: in the form to write, else in the other one."""
        found = {}
        for name in files.lock_names(self.folder):
            paths = files.locks_of(self.folder, name)
            best = next((path for path in paths if path.name == file_name(self.form, name)), paths[0])
            found[name] = files.read_lock(best)
        return found

    # ---------------------------------------------------------------------------------------------------- writing

    def targets(self, there: Mapping[str, Lock], told: Told) -> tuple[tuple[LockTarget, Wish], ...]:
        """Return what to lock; a current row that has no release for what is asked is left out, with a word.

        Raises:
            TfsetupError: `NO_ROW`: a row that was named has none, or no row has.
        """
        scope, found, unfit = self.scope, list[LockTarget](), list[TfsetupError]()
        for row, named in scope.rows():
            asking = self._asking(row)
            refuse_contradiction(asking, scope.matrix, pre=scope.asked.ask.pre)
            try:
                found += targets_for(row, scope.asked, scope.matrix, locked=there, upgrade=scope.order.upgrade)
            except TfsetupError as error:
                if error.code is not Code.NO_ROW:
                    raise
                where = named.where if named is not None and named.where.line is not None else None
                refusal = none_for(row, asking, scope.asked, scope.matrix, error, where)
                if named is not None:
                    raise refusal from error
                told(f"Left out  {refusal.message}")
                unfit.append(refusal)
        if not found:
            raise unfit[0]
        form = self.form
        return tuple((target, self._wish(target, form, there.get(target.name), told)) for target in found)

    def _asking(self, row: Row) -> tuple[Side, ...]:
        """Return all that asks for a TensorFlow of a row: the command or the team file, and the requirements."""
        order = self.scope.asked
        python = next((one for one in order.pythons if one != ALL), row.python)
        markers = markers_of(Platform(row.when.os, process_arch(row)), python)
        team = self.scope.team.requirements if self.scope.team else ()
        return sides(order.ask, self.scope.option, team, markers, self.scope.matrix)

    def _wish(self, target: LockTarget, form: Form, lock: Lock | None, told: Told) -> Wish:
        from tfsetup.locks.run import asked_index
        from tfsetup.locks.venv.solve import Wish

        order, other = self.scope.order, target.otherwise
        return Wish(
            selection=target.selection, pre=self.scope.asked.ask.pre, offline=order.offline,
            team=self._taken(target, told), keeps_out=target.row.keeps_out,
            otherwise=self._wish(other, form, lock, silent) if other is not None else None,
            keep={p.name: p.version for p in others(lock)} if lock and order.upgrade is not None else {},
            upgrade=tuple(sorted(order.upgrade or ())), origin=target.origin, form=form,
            index=asked_index(order.index_url), cooldown=recorded(target.origin),
            builds=target.origin.allow_build,
        )  # fmt: skip

    def _taken(self, target: LockTarget, told: Told) -> tuple[str, ...]:
        """Return the team's requirements as a row takes them.

        Raises:
            InvalidFileError: the team file asks for an extra that the row refuses. One that stands in a file which the
                team file takes over is left out, with a word.
        """
        team, row = self.scope.team, target.row
        markers = markers_of(Platform(row.when.os, process_arch(row)), target.origin.python)
        found = taken(team.requirements if team else (), row, self.scope.matrix, markers)
        for refused in found.refused:
            if team is not None and refused.item not in team.taken_over:
                raise refused.error
            told(f"Left out  {refused.words} ({refused.item.where})")
        for renamed in found.renamed:
            told(f"Note      {renamed.words}")
        return found.requirements

    def made(self, told: Told) -> Made:
        """Resolve all targets at once.

        Raises:
            TfsetupError: one or more cannot be resolved: both sides of a conflict are named.
            BuildError: a file lies on this machine only.
        """
        from tfsetup.locks.run import settings_not_used, told_index
        from tfsetup.locks.venv.conflict import together
        from tfsetup.locks.venv.many import resolve_all
        from tfsetup.locks.venv.solve import versions_of

        order, there, index = self.scope.order, self.read(), told_index(self.scope.order.index_url)
        targets = self.targets(there, told)
        for line in index:
            told(f"Index     {line}")
        for line in settings_not_used():
            told(f"Note      {line}")
        for cooldown in dict.fromkeys(sentence(document(wish.cooldown)) for _, wish in targets if wish.cooldown):
            told(f"Cooldown  {cooldown}")
        told(f"Locking {len(targets)} targets at once")
        wishes = {target.name: wish for target, wish in targets}
        found = resolve_all(wishes, environ=order.environ, told=telling(told))
        failing = [(one, target) for one, (target, _) in zip(found, targets, strict=True) if one.error]
        if errors := [self._explained(one.error, wishes[one.name], one) for one, _ in failing if one.error]:
            raise together([self._advised(errors[0], *failing[0]), *errors[1:]])
        answers = [(target, one.wish or wish, one.packages) for (target, wish), one in zip(targets, found, strict=True)]
        for target, wish, _ in answers:
            if wish.selection.distribution != target.selection.distribution:
                told(gave_way(target.name, wish.selection.distribution, target.selection.distribution))
        self._refuse_behind(found, targets, told)
        for line in told_of((wish.selection.beside, versions_of(packages)) for _, wish, packages in answers):
            told(f"Note      {line}")
        cases = [case_made(*answer) for answer in answers]
        return Made(there=there, cases=cases, texts=texts_of(cases), index=index)

    def _explained(self, error: TfsetupError, wish: Wish, resolved: Resolved) -> TfsetupError:
        from tfsetup.locks.venv.conflict import Sides, explained

        team = self.scope.team.requirements if self.scope.team else ()
        cooled = self.scope.team.cooled if self.scope.team and self.scope.order.cooldown is None else None
        error = too_new(error, wish.cooldown, cooled)
        other = wish.otherwise.selection.requirements if wish.otherwise else ()
        ours = tuple(dict.fromkeys((*wish.selection.requirements, *other, *resolved.bounds)))
        reasons = reasons_of(wish.selection.beside)
        return explained(error, Sides(row=resolved.name, requirements=ours, team=team, reasons=reasons))

    def _advised(
        self, error: TfsetupError, one: Resolved, target: LockTarget, names: frozenset[str] = frozenset()
    ) -> TfsetupError:
        """Return an error with the set that would fit in its hint, where asking finds one."""
        if not isinstance(error, UnsolvableError):
            return error
        from tfsetup.locks.venv.conflict import blamed
        from tfsetup.locks.venv.nearest import nearest

        found = blamed(error, self.scope.team.requirements if self.scope.team else ())
        names = names or frozenset(name_of(item.text) for item in found.lines)
        trouble = self._trouble(target, names, one, found.source_only)
        fits = nearest(trouble, self.scope.order.environ) if names else None
        hint = f"{error.hint}\n{fits.words}" if fits else error.hint
        return UnsolvableError(error.message, hint=hint, where=error.where, said=error.said)

    def _trouble(
        self, target: LockTarget, names: frozenset[str], one: Resolved, sources: tuple[str, ...] = ()
    ) -> Trouble:
        from tfsetup.locks.venv.nearest import Trouble
        from tfsetup.workflows.owners import shared_files

        def at(version: str) -> Wish | None:
            order = self.scope.asked
            ask = replace(order.ask, tensorflow=f"=={version}")
            order = replace(order, ask=ask, pythons=(target.origin.python,))
            with suppress(TfsetupError):
                return self._wish(targets_for(target.row, order, self.scope.matrix, locked={})[0], form, None, silent)
            return None

        def whole(packages: Sequence[LockedPackage]) -> bool:
            try:
                return not shared_files(packages, target.host, target.origin.python)
            except TfsetupError:  # what cannot be read is shown when it is locked
                return True

        form, newest = self.form, tuple(package for package in one.newest if package.name in names)
        wish = self._wish(target, form, None, silent)
        return Trouble(
            wish=wish, names=names, sources=sources, range=target.row.versions, at=at, behind=newest, whole=whole
        )

    def _refuse_behind(self, found: Sequence[Resolved], targets: Sequence[tuple[LockTarget, Wish]], told: Told) -> None:
        """Tell of what came out as something nobody meant, and refuse what cannot be meant, unless somebody forces it.

        Raises:
            UnsolvableError: with the set that would fit, where there is one.
        """
        from tfsetup.locks.venv.behind import behind

        team, forced = self.scope.team.requirements if self.scope.team else (), self.scope.order.force
        for one, (target, wish) in zip(found, targets, strict=True):
            tensorflow = (one.wish or wish).selection.distribution
            for each in behind(one.packages, one.newest, team, tensorflow):
                if each.refused and not forced:
                    raise self._advised(each.error(one.name), one, target, frozenset({each.chosen.name}))
                told(f"Note      {one.name}: {each.words}")

    def cheapest(self, name: str, conflict: SharedFiles) -> str:
        """Return what uv finds where one of two owners is forbidden: versions of the team's that do without it.

        Of two ways the one is taken that moves fewer packages. Without any, a line of the team's has to go.
        """
        from tfsetup.locks.venv.cheapest import change, cost, forbidding
        from tfsetup.locks.venv.solve import answered

        ((_, wish),) = (found for found in self.targets(self.read(), silent) if found[0].name == name)
        team, environ = self.scope.team.requirements if self.scope.team else (), self.scope.order.environ
        now = answered(wish, environ=environ).packages
        ways = []
        for owner in conflict.rivals:
            with suppress(TfsetupError):
                then = answered(forbidding(wish, owner), environ=environ).packages
                ways.append((cost(now, then), change(team, owner, now, then)))
        nothing = f"leave out a requirement that brings {' or '.join(conflict.rivals)}."
        return min((way for way in ways if way[1]), default=(0, nothing))[1]

    # --------------------------------------------------------------------------------------------------- checking

    def stale(self) -> list[Standing]:
        """Return how the locks stand that were named, else those that were written.

        Raises:
            LockError: there is none.
        """
        there = {name: files.locks_of(self.folder, name) for name in files.lock_names(self.folder)}
        read = cache(files.read_lock)  # a lock of several tables takes a while, and is asked for twice
        expected = self._expected(there, read)
        found = [self._standing(one, path, read) for one in expected for path in there.get(one.name) or (None,)]
        if not found:
            raise LockError(f"There is no lock file in {self.folder}.", hint="`tfsetup lock` writes them.")
        return found

    def _expected(self, there: Mapping[str, Sequence[Path]], read: _Read) -> list[_Expected]:
        if not self.scope.narrowed:
            recorded = files.read_proofs(self.folder)
            rows: dict[str, str | None] = {_name_in(name): proof.row for name, proof in recorded.items()}
            if known := sorted((rows | dict.fromkeys(there)).items()):
                return [_Expected(name=name, row=row) for name, row in known]
        return [one for row, _ in self.scope.rows() for one in self._of_row(row, there, read)]

    def _of_row(self, row: Row, there: Mapping[str, Sequence[Path]], read: _Read) -> list[_Expected]:
        locked = {name: read(paths[0]) for name, paths in there.items() if name.startswith(row.id)}
        order = self.scope.asked
        try:
            targets = targets_for(row, order, self.scope.matrix, locked=locked)
        except TfsetupError as error:
            if error.code is not Code.NO_ROW:
                raise
            return [_Expected(name=row.id, row=row.id, nothing=(error.message,))]
        return [
            _Expected(name=one.name, row=row.id, order=replace(order, pythons=recorded_order(one.origin).pythons))
            for one in targets
        ]

    def _standing(self, expected: _Expected, path: Path | None, read: _Read) -> Standing:
        now, matrix, nothing = self.scope.order, self.scope.matrix, expected.nothing
        if path is None:
            path = self.folder / file_name(now.form or "pylock", expected.name)
            changed = nothing or ("there is no lock file for it",)
            return Standing(path=path, row=expected.row, key=path.name, changes=changed)
        lock = read(path)
        order = expected.order or self._asked_again(lock.origin)
        found = nothing or changes(lock, order, next(iter(order.pythons), None), matrix)
        if problem := files.cure_problem(path, lock):
            found = (*found, problem)
        row = expected.row or (lock.origin.row if lock.origin else None)
        case = partial(case_of, lock, matrix, offline=now.offline, environ=now.environ)
        return Standing(path=path, row=row, key=path.name, lock=lock, changes=found, case=case)

    def _asked_again(self, origin: Origin | None) -> Order:
        """Return what a lock says was asked for, with what is asked now in its place."""
        if origin is None:
            return self.scope.asked
        order, before = self.scope.order, recorded_order(origin)
        was = before.ask
        ask = replace(was, tensorflow=order.ask.tensorflow or was.tensorflow, pre=order.ask.pre or was.pre)
        cures = before.cures and not order.without_cures
        cooldown = before.cooldown if order.cooldown is None else order.cooldown
        builds = tuple(sorted({*before.builds, *order.allow_build_of}))
        return replace(
            before, builds=builds, ask=ask, pythons=order.pythons or before.pythons, cures=cures, cooldown=cooldown
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Expected:
    """A lock that must be there, and the order for its one Python. None: the lock's own note says what was asked.

    `nothing` says why no row fits.
    """

    name: str
    row: str | None = None
    order: Order | None = None
    nothing: tuple[str, ...] = ()


def case_made(target: LockTarget, wish: Wish, packages: tuple[LockedPackage, ...]) -> Case:
    """Return a lock that was resolved.

    Raises:
        BuildError: a file lies on this machine only.
    """
    from tfsetup.locks.venv.solve import rendered

    file = file_name(wish.form, target.name)
    lock, origin = rendered(wish, packages), wish.origin or target.origin
    return Case(name=target.name, file=file, key=file, lock=lock, origin=origin, packages=packages, host=target.host)


def texts_of(cases: Sequence[Case]) -> dict[str, str | bytes]:
    """Return the locks, and the wheels that cure known defects, by file name."""
    wheels = [carried(case.lock, case.origin.cures) for case in cases]
    texts: dict[str, str | bytes] = {case.file: case.lock.text for case in cases}
    return texts | {wheel.filename: wheel.content for wheel in wheels if wheel is not None}


def _name_in(file: str) -> str:
    return file.split(".")[1] if file.count(".") > 1 else file


def telling(told: Told) -> Callable[[Resolved], object]:
    """Return who hears of each resolution as it ends, and tells of it in a line."""
    return lambda one: told(progress(one.name, len(one.packages), one.seconds))
