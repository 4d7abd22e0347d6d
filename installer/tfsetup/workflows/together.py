"""What is resolved together with a row on one machine: requirements of a command, of files, and of the own project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from tfsetup.errors import Code, TfsetupError, UnsolvableError, UsageError, Where
from tfsetup.ground.kinds import REQUIREMENT
from tfsetup.ground.marked import Marked
from tfsetup.ground.platforms import Platform
from tfsetup.host.model import Host
from tfsetup.locks import files
from tfsetup.locks.cooldown import Cooldown, old_enough
from tfsetup.locks.model import Lock, LockedPackage
from tfsetup.locks.naming import Option, Side, markers_of, narrowed, refuse_contradiction, sides
from tfsetup.locks.project import admits, not_for
from tfsetup.locks.taken import name_of, taken, tensorflow_names
from tfsetup.locks.team import Team
from tfsetup.locks.venv.conflict import Sides, explained
from tfsetup.locks.venv.solve import Answer, Wish, answered, rendered
from tfsetup.matrix.choose.names import given_way
from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.choose.select import decide, select
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.model import Ask, Selection
from tfsetup.workflows.progress import gave_way
from tfsetup.workflows.told import Told, silent

_MINORS = tuple(f"3.{minor}" for minor in range(30, 6, -1))
_OPTION = Where(file="--with")
_OFFER = "a table `[tool.tfsetup]` in it would have them resolved together with TensorFlow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """Requirements that are resolved together with a row, and what else is asked for with them.

    `ask` is what the command asks, then the project; `option` is how its TensorFlow is written. `requires_python` are
    the Pythons that the project is for, with the line; `cooldown` is how young a file may be, with its spans counted.
    """

    ask: Ask
    items: tuple[Marked, ...] = ()
    option: Option = field(default_factory=lambda: Option(words="--tensorflow"))
    requires_python: Marked | None = None
    cooldown: Cooldown | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The requirements as they are written, and the Pythons: what an environment is known again by."""
        wanted = [f"python {self.requires_python.text}"] if self.requires_python else []
        return (*dict.fromkeys(item.text for item in self.items), *wanted)

    @property
    def pythons(self) -> str | None:
        """The range of Pythons that the project is for; None: it says nothing."""
        return self.requires_python.text if self.requires_python else None


def besides(
    ask: Ask,
    wanted: Sequence[str],
    paths: Sequence[Path],
    *,
    lock: bool = False,
    no_lock: bool = False,
    update_lock: bool = False,
    told: Told = silent,
) -> Together | None:
    """Return what an installation resolves together with the row; None: nothing, or a lock decides.

    That is what is asked for, and in a project of one's own (`[tool.tfsetup]`) what it says, as long as nothing is
    locked. `lock`: a lock was named; `no_lock`: no lock and no team file counts; `update_lock`: locks are written.

    Raises:
        UsageError: a lock was named too, or conda's packages are asked for.
        InvalidFileError: a file is invalid.
    """
    asked = bool(wanted or paths)
    if lock or ask.backend == "conda":
        if asked:
            instead = "a lock is installed exactly as it is" if lock else "they are for --backend venv"
            raise UsageError(f"--with and -r have no place here: {instead}.", hint="Leave the one or the other out.")
        return None
    team = None if no_lock else files.read_team()
    locked = bool(files.lock_names(files.LOCKS))
    own = team is not None and team.file == str(files.PROJECT) and not locked and not update_lock
    if not asked and not own:
        if team is None and files.offers():
            told(f"Note      the dependencies in {files.PROJECT} are left alone; {_OFFER}")
        return None
    if locked and not no_lock:
        told("Note      the locks in place are not used: more is asked for than they hold")
    return gathered(ask, wanted, paths, team)


def gathered(ask: Ask, wanted: Sequence[str], paths: Sequence[Path], team: Team | None = None) -> Together | None:
    """Return what is asked for besides a row: `wanted` on the command line, in the files at `paths`, of the `team`.

    None: nothing is.

    Raises:
        UsageError: what is wanted is no requirement, or a file is not there.
        InvalidFileError: a file is invalid; with the line. Or two projects are for other Pythons.
    """
    read = [(path, files.read_requirements(path)) for path in paths]
    items = [*map(_option, wanted), *(item for _, found in read for item in found)]
    if not items and team is None and not paths:
        return None
    ranges = [found for path in paths if (found := files.read_range(path))]
    ranges += [team.requires_python] if team and team.requires_python else []
    given, option = ask.tensorflow, Option(words=f"--tensorflow {ask.tensorflow}")
    if team is not None:
        ask = replace(ask, tensorflow=ask.tensorflow or team.tensorflow, pre=ask.pre or team.pre)
        items = [*team.requirements, *items]
        if given is None:
            option = Option(words=f"tensorflow: {team.tensorflow}", where=team.tensorflow_at)
    cooldown = team.cooldown.counted(datetime.now(UTC)) if team and team.cooldown else None
    return Together(ask=ask, items=tuple(items), option=option, requires_python=_joined(ranges), cooldown=cooldown)


def _option(text: str) -> Marked:
    if wrong := REQUIREMENT.complaint(text.strip()):
        raise UsageError(f"--with {text}: {wrong}.", hint='For instance --with "tensorflow-text==2.16.*".')
    return Marked(text=text.strip(), where=_OPTION)


def _joined(ranges: Sequence[Marked]) -> Marked | None:
    if not ranges:
        return None
    first, *_ = ranges
    return Marked(text=",".join(dict.fromkeys(one.text for one in ranges)), where=first.where)


def chosen(host: Host, with_it: Together, matrix: Matrix) -> Selection:
    """Return the row, with the TensorFlow that the requirements choose and a Python that the project is for.

    Raises:
        UsageError: the Python asked for is none for the project.
        TfsetupError: `ANSWER_IS_NO`: the requirements contradict each other.
    """
    ask, wanted = with_it.ask, with_it.requires_python
    matrix = old_enough(matrix, with_it.cooldown) if with_it.cooldown else matrix
    if wanted is not None and ask.python is not None and not admits(wanted.text, ask.python):
        message, hint = not_for(ask.python, wanted)
        raise UsageError(f"{message}.", hint=hint)
    found = _narrowed(host, with_it, matrix, ask.python)
    if not found.installable or admits(with_it.pythons, found.python or ""):
        return found
    within = [python for python in _MINORS if admits(with_it.pythons, python)]
    others = (_narrowed(host, with_it, matrix, python) for python in within)
    reason = f"no Python here is within `requires-python`: {with_it.pythons} ({wanted.where if wanted else ''})"
    return next((one for one in others if one.installable), Selection(installable=False, reasons=(reason,)))


def _narrowed(host: Host, with_it: Together, matrix: Matrix, python: str | None) -> Selection:
    """Return the answer under a Python; None: the best that is there, which the requirements' markers see then."""
    ask = replace(with_it.ask, python=python)
    minor = python or select(host, ask, matrix).python or next(iter(row.python for row in matrix.rows))
    markers = _markers(host, minor)
    asking = sides(ask, with_it.option, with_it.items, markers, matrix)
    refuse_contradiction(asking, matrix, pre=ask.pre)
    found = select(host, narrowed(ask, (item.text for item in with_it.items), markers, matrix), matrix)
    return found if found.installable else replace(found, reasons=(*_asked_by(asking), *found.reasons))


def _asked_by(asking: Sequence[Side]) -> Iterator[str]:
    yield from (f"{side.words} chooses the TensorFlow" for side in asking if side.line)


def _markers(host: Host, python: str) -> Mapping[str, str]:
    if host.os is None or host.arch is None:
        return {"python_version": python}
    return markers_of(Platform(host.os, "x86_64" if host.rosetta else host.arch), python)


def wish_for(
    selection: Selection, with_it: Together, host: Host, matrix: Matrix, *, offline: bool = False, told: Told = silent
) -> Wish:
    """Return what uv is asked for a selection with its requirements; `told` hears what of them a row does not take."""
    row = _row(selection, matrix)
    wish = _plain_wish(row, selection, with_it, matrix, offline=offline, told=told)
    other = given_way(row)
    if other is None:
        return wish
    ask = replace(
        with_it.ask, tensorflow=f"=={selection.version}", python=selection.python, accelerator=row.accelerator
    )
    found = decide(host, ask, replace(matrix, rows=(other,)))
    if not found.installable:
        return wish
    return replace(wish, otherwise=_plain_wish(other, found, with_it, matrix, offline=offline, told=silent))


def _row(selection: Selection, matrix: Matrix) -> Row:
    return next(row for row in matrix.rows if row.id == selection.row)


def _plain_wish(
    row: Row, selection: Selection, with_it: Together, matrix: Matrix, *, offline: bool, told: Told
) -> Wish:
    markers = markers_of(Platform(row.when.os, process_arch(row)), selection.python or row.python)
    found = taken(with_it.items, row, matrix, markers)
    for refused in found.refused:
        told(f"Left out  {refused.words} ({refused.item.where})")
    for renamed in found.renamed:
        told(f"Note      {renamed.words}")
    return Wish(
        selection=selection, pre=with_it.ask.pre, offline=offline, team=found.requirements, keeps_out=row.keeps_out,
        cooldown=with_it.cooldown,
    )  # fmt: skip


def solved(
    selection: Selection,
    with_it: Together,
    host: Host,
    matrix: Matrix,
    *,
    environ: Mapping[str, str] | None = None,
    offline: bool = False,
    told: Told = silent,
) -> Answer:
    """Resolve a selection with its requirements, and where they go with an older TensorFlow only, with that.

    Raises:
        TfsetupError: they do not fit together: both sides are named, with their lines.
        NetworkError: the index did not answer.
    """
    wish = wish_for(selection, with_it, host, matrix, offline=offline, told=told)
    try:
        return answered(wish, environ=environ)
    except UnsolvableError as error:
        fitting = _fitting(selection, with_it, host, matrix, environ, offline=offline)
        if fitting is None:
            at = (selection, with_it, host, matrix, environ)
            raise _explained(error, wish, with_it, _remedy(*at, offline=offline)) from error
        told(f"Note      TensorFlow {_what(fitting)}: the newest that goes with {_named(with_it)}")
        return fitting


class Join(Protocol):
    """What resolves a selection together with requirements."""

    def __call__(
        self,
        selection: Selection,
        with_it: Together,
        host: Host,
        matrix: Matrix,
        *,
        environ: Mapping[str, str],
        offline: bool,
        told: Told,
    ) -> tuple[Selection, Lock]:
        """Return what is installed in the end, and its lock."""


def joined(
    selection: Selection,
    with_it: Together,
    host: Host,
    matrix: Matrix,
    *,
    environ: Mapping[str, str],
    offline: bool,
    told: Told,
) -> tuple[Selection, Lock]:
    """Return what is installed in the end, which may be an older TensorFlow or its other name, and its lock.

    Raises:
        TfsetupError: as `solved`.
    """
    answer = solved(selection, with_it, host, matrix, environ=environ, offline=offline, told=told)
    now = answer.wish.selection
    if now.distribution != selection.distribution:
        told(gave_way(now.row or "", now.distribution, selection.distribution))
    return now, rendered(answer.wish, answer.packages)


def _named(with_it: Together) -> str:
    shown = [f"`{item.text}`" for item in with_it.items]
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")  # noqa: PLR2004 - a line


def _remedy(
    selection: Selection,
    with_it: Together,
    host: Host,
    matrix: Matrix,
    environ: Mapping[str, str] | None,
    *,
    offline: bool,
) -> str:
    """Return the one change after which uv finds an answer, tried: another TensorFlow, else other companions."""
    names = tensorflow_names(matrix)
    ask = replace(with_it.ask, tensorflow=None)
    others = tuple(item for item in with_it.items if name_of(item.text) not in names)
    free = replace(with_it, ask=ask, items=others)
    if free != with_it and (found := _fitting(selection, free, host, matrix, environ, offline=offline)):
        return f"Ask for TensorFlow {_what(found)} in place of it: that goes with the others."
    items = tuple(item if name_of(item.text) in names else _bare(item) for item in with_it.items)
    bare = replace(with_it, items=items)
    if bare != with_it and (found := _fitting(selection, bare, host, matrix, environ, offline=offline)):
        wanted = {name_of(one.text) for one, item in zip(items, with_it.items, strict=True) if one != item}
        versions = ", ".join(f"{one.name}=={one.version}" for one in found.packages if one.name in wanted)
        return f"Write {versions}: that goes with TensorFlow {_what(found)}."
    return ""


def _bare(item: Marked) -> Marked:
    """Return a requirement without its range of versions."""
    from packaging.requirements import Requirement

    found = Requirement(item.text)
    if not found.specifier:
        return item
    extras = f"[{','.join(sorted(found.extras))}]" if found.extras else ""
    marker = f"; {found.marker}" if found.marker else ""
    return replace(item, text=f"{found.name}{extras}{marker}")


def _what(found: Answer) -> str:
    return f"{found.wish.selection.version} on Python {found.wish.selection.python}"


def _explained(error: TfsetupError, wish: Wish, with_it: Together, remedy: str) -> TfsetupError:
    """Return the error with both sides, and the change that was found to help."""
    requirements = wish.selection.requirements + (wish.otherwise.selection.requirements if wish.otherwise else ())
    found = explained(error, Sides(row=wish.selection.row or "", requirements=requirements, team=with_it.items))
    where = found.where if found.where is not None and found.where.line is not None else None
    code = found.code if where is not None else Code.ANSWER_IS_NO
    return TfsetupError(code, found.message, hint=remedy or found.hint, where=where)


def _fitting(
    selection: Selection,
    with_it: Together,
    host: Host,
    matrix: Matrix,
    environ: Mapping[str, str] | None,
    *,
    offline: bool,
) -> Answer | None:
    """Return the answer with the newest TensorFlow of the row that uv can resolve with the requirements; None: none."""
    row = _row(selection, matrix)
    base = given_way(row) or row
    for python in _pythons(selection, with_it, host, matrix):
        asked = narrowed(replace(with_it.ask, python=python), _texts(with_it), _markers(host, python), matrix)
        loose = f"{base.distribution}{','.join(filter(None, (row.versions, _clauses(asked.tensorflow))))}"
        try:
            target = replace(selection.target, python=python) if selection.target else None
            open_to_all = replace(selection, requirements=(loose,), target=target, python=python)
            wish = _plain_wish(base, open_to_all, with_it, matrix, offline=offline, told=silent)
            version = _version(answered(wish, environ=environ).packages, base.distribution)
            there = replace(asked, tensorflow=f"=={version}", accelerator=row.accelerator)
            now = select(host, there, matrix)
            if now.installable:
                return answered(wish_for(now, with_it, host, matrix, offline=offline), environ=environ)
        except UnsolvableError:
            continue
    return None


def _pythons(selection: Selection, with_it: Together, host: Host, matrix: Matrix) -> Iterator[str]:
    """Yield the Pythons to try, the chosen one first; with one that was asked for no other."""
    yield selection.python or ""
    if with_it.ask.python is None:
        others = [p for p in _MINORS if p != selection.python and admits(with_it.pythons, p)]
        yield from (p for p in others if select(host, replace(with_it.ask, python=p), matrix).installable)


def _texts(with_it: Together) -> Iterator[str]:
    return (item.text for item in with_it.items)


def _clauses(specifier: str | None) -> str:
    bare = (specifier or "").strip()
    return f"=={bare}" if bare[:1].isdigit() else bare


def _version(packages: Sequence[LockedPackage], name: str) -> str:
    return next((package.version for package in packages if package.name == name), "")


def companions(answer: Answer, with_it: Together) -> tuple[str, ...]:
    """Return what was asked for besides TensorFlow, at the versions that fit."""
    wanted = {name_of(item.text) for item in with_it.items} - {
        name_of(one) for one in answer.wish.selection.requirements
    }
    return tuple(f"{package.name}=={package.version}" for package in answer.packages if package.name in wanted)
