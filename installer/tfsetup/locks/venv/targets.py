"""Which locks to write: platforms and Pythons to rows and their answers, with what is locked already kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from tfsetup.errors import Code, TfsetupError, Where
from tfsetup.ground.platforms import Platform
from tfsetup.ground.versions import asked, in_range
from tfsetup.host.model import Host
from tfsetup.locks.cooldown import Cooldown, old_enough, recorded, too_new
from tfsetup.locks.model import Lock, Origin
from tfsetup.locks.naming import Side, markers_of, narrowed
from tfsetup.locks.order import Order, runs_on
from tfsetup.locks.origin import fingerprint
from tfsetup.locks.team import ALL
from tfsetup.matrix.choose.names import as_resolved, given_way
from tfsetup.matrix.choose.reference import Levels, reference, reference_host
from tfsetup.matrix.choose.releases import process_arch, rules_for
from tfsetup.matrix.choose.select import decide
from tfsetup.matrix.choose.suggest import nearest
from tfsetup.matrix.file.rows import Matrix, Pair, Row, Rule
from tfsetup.matrix.model import Ask, Selection


@dataclass(frozen=True, kw_only=True, slots=True)
class LockTarget:
    """One lock to be: its name (the row, with `-py311` for any Python but the first), and what goes into it.

    `otherwise` is the same lock where the row gives way to the name that something else requires; None: it gives way to
    none, or has no such release.
    """

    name: str
    row: Row
    host: Host
    selection: Selection
    origin: Origin
    otherwise: LockTarget | None = None


def targets_for(
    row: Row, order: Order, matrix: Matrix, *, locked: Mapping[str, Lock], upgrade: Collection[str] | None = ()
) -> tuple[LockTarget, ...]:
    """Return the locks of one row: one a Python that fits, the first by the row's own name.

    `locked` are the locks there are, by name: their TensorFlow stays while it fits, unless its name is in `upgrade`
    (None: everything moves on).

    Raises:
        TfsetupError: `NO_ROW`: the row has no release for this ask with any of the Pythons.
    """
    found: list[LockTarget] = []
    reasons: list[str] = []
    for python in _pythons(row, order, matrix, locked):
        name = target_name(row, python, first=not found)
        now = replace(order, cooldown=_counted(order, locked.get(name), upgrade))
        old = old_enough(matrix, now.cooldown) if now.cooldown else matrix
        host, selection = reference(row, ask_of(row, order, python, matrix), old, order.levels)
        if not selection.installable:
            reasons.append(_too_new(row, now, python, matrix) or why_not(selection, row))
            continue
        host, selection = _kept(row, now, python, old, locked.get(name), upgrade) or (host, selection)
        origin = origin_of(row, now, python, selection, matrix)
        if any(other.origin.python == origin.python for other in found):
            continue  # the row's own Python gave way to this one, for the release asked for has none for it
        target = LockTarget(name=name, row=row, host=host, selection=selection, origin=origin)
        found.append(replace(target, otherwise=_otherwise(target, now, python, old)))
    if not found:
        raise TfsetupError(
            Code.NO_ROW,
            f"Nothing to lock for {row.id}: {'; '.join(dict.fromkeys(reasons))}",
            hint="Change what is asked for (--tensorflow, --python, the team file), or leave the platform out.",
        )
    return tuple(found)


def none_for(
    row: Row, asking: Sequence[Side], order: Order, matrix: Matrix, error: TfsetupError, where: Where | None
) -> TfsetupError:
    """Return the error of a row without a release, with who asks for it, and the nearest release that it has."""
    lines = [side for side in asking if side.line]
    if not lines:
        return TfsetupError(error.code, error.message, hint=error.hint, where=where)
    message = f"{error.message} (asked for by {' and '.join(side.words for side in asking)})"
    ask = ask_of(row, order, next((p for p in order.pythons if p != ALL), None), matrix)
    host = reference_host(row, order.levels)
    near = nearest(host, replace(ask, accelerator=row.accelerator), replace(matrix, rows=(row,)), decide)
    hint = f"The nearest release that {row.id} has is {near.version}: write that." if near else error.hint
    return TfsetupError(error.code, message, hint=hint, where=lines[-1].where)


def _otherwise(target: LockTarget, order: Order, python: str | None, matrix: Matrix) -> LockTarget | None:
    """Return the target with the same release under the name that its row gives way to."""
    row = given_way(target.row)
    if row is None:
        return None
    ask = ask_of(row, order, python, matrix)
    found = pinned(row, ask, order.levels, matrix, target.selection.version)
    if found is None:
        return None
    host, selection = found
    origin = origin_of(row, order, python, selection, matrix)
    return LockTarget(name=target.name, row=row, host=host, selection=selection, origin=origin)


def _counted(order: Order, lock: Lock | None, upgrade: Collection[str] | None) -> Cooldown | None:
    """Return how young a file may be, with spans counted from where the lock there has them, while nothing moves on."""
    was = recorded(lock.origin) if lock and lock.origin else None
    wanted = was if order.cooldown is None else order.cooldown
    moves = upgrade is None or bool(upgrade)
    return wanted.counted(order.now, None if moves else was) if wanted else None


def _too_new(row: Row, order: Order, python: str | None, matrix: Matrix) -> str:
    """Return that what would answer is too new, with its day; "" when the row has no answer anyway."""
    if not order.cooldown:
        return ""
    _, selection = reference(row, ask_of(row, order, python, matrix), matrix, order.levels)
    found = (too_new(pin, matrix, order.cooldown) for pin in selection.requirements)
    return next(filter(None, found), "")


def _pythons(row: Row, order: Order, matrix: Matrix, locked: Mapping[str, Lock]) -> tuple[str | None, ...]:
    """Return the Pythons to try; None: the row's own, whichever that is."""
    known = [f"3.{minor}" for minor in range(30, 6, -1) if f"3.{minor}" != row.python]
    first: tuple[str | None, ...] = (None,) if runs_on(order, row.python) else _first(row, known, order, matrix)
    known = [python for python in known if python not in first and runs_on(order, python)]
    if ALL in order.pythons:
        return (*first, *(p for p in known if row.reuse is not None and in_range(row.reuse, p)))
    return order.pythons or (*first, *(p for p in known if target_name(row, p, first=False) in locked))


def _first(row: Row, known: Sequence[str], order: Order, matrix: Matrix) -> tuple[str, ...]:
    """Return the newest Python that the project is for and that the row has an answer for, if there is one."""
    mine = [python for python in known if runs_on(order, python)]
    return tuple(python for python in mine if _answers(row, order, python, matrix))[:1] or tuple(mine[:1])


def _answers(row: Row, order: Order, python: str, matrix: Matrix) -> bool:
    return reference(row, ask_of(row, order, python, matrix), matrix, order.levels)[1].installable


def why_not(selection: Selection, row: Row) -> str:
    """Return why a row has no answer, in its own words."""
    return next((r.reason for r in selection.rejected if r.row == row.id), "; ".join(selection.reasons))


def target_name(row: Row, python: str | None, *, first: bool) -> str:
    """Return the name of a lock."""
    return row.id if first or python is None else f"{row.id}-py{python.replace('.', '')}"


def _kept(
    row: Row, order: Order, python: str | None, matrix: Matrix, lock: Lock | None, upgrade: Collection[str] | None
) -> tuple[Host, Selection] | None:
    """Return the answer with the locked release of TensorFlow, when it still fits and nothing speaks against it."""
    name = as_resolved(row, {package.name for package in lock.packages} if lock else ()).distribution
    version = lock.version_of(name) if lock else None
    if version is None or upgrade is None or {name, row.distribution} & {*upgrade}:
        return None
    return pinned(row, ask_of(row, order, python, matrix), order.levels, matrix, version)


def ask_of(row: Row, order: Order, python: str | None, matrix: Matrix) -> Ask:
    """Return what a row is asked: the order's ask, held to the TensorFlow that the team's requirements choose.

    Their markers see the Python asked for, else the row's own.
    """
    markers = markers_of(Platform(row.when.os, process_arch(row)), python or row.python)
    return narrowed(replace(order.ask, python=python), order.team, markers, matrix)


def pinned(row: Row, ask: Ask, levels: Levels, matrix: Matrix, version: str) -> tuple[Host, Selection] | None:
    """Return the row's answer to an ask, with exactly `version`; None when it no longer fits or is better avoided."""
    if ask.tensorflow is not None and not asked(ask.tensorflow, version):
        return None
    avoided = any(rule.verdict == "avoid" for rule in rules_for(row, version, matrix))
    if avoided and ask.tensorflow is None:
        return None
    host, selection = reference(row, replace(ask, tensorflow=f"=={version}"), matrix, levels)
    return (host, selection) if selection.installable else None


def origin_of(row: Row, order: Order, python: str | None, selection: Selection, matrix: Matrix) -> Origin:
    """Return the note for the lock of a selection."""
    target = selection.target
    if target is None:
        raise ValueError("only an installable selection, which has a target, can be locked")
    cooldown = order.cooldown or Cooldown()
    return Origin(
        row=row.id,
        platform=target.platform,
        python=target.python,
        asked_python=python is not None,
        macos=target.macos,
        glibc=target.glibc,
        tensorflow=order.ask.tensorflow,
        pre=order.ask.pre,
        team=tuple(sorted(dict.fromkeys(order.team))),
        requirements=selection.requirements,
        source_builds=selection.source_builds,
        sdists=selection.sdists,
        cures=selection.environment if order.cures else {},
        without_cures=bool(selection.environment) and not order.cures,
        allow_build=order.builds,
        exclude_newer=cooldown.newer,
        exclude_newer_package=cooldown.packages,
        exclude_newer_since=cooldown.since,
        rules=row_parts(row, selection.version, matrix),
    )


def row_parts(row: Row, version: str, matrix: Matrix) -> dict[str, str]:
    """Return fingerprints of what the matrix says of one release in a row, by the row's fields; words are left out."""
    when = row.when
    pairs = [_pair(p) for p in row.plugin.pairs if in_range(p.tensorflow, version)] if row.plugin else []
    name = (row.plugin.distribution, row.plugin.build) if row.plugin else None
    parts = {
        "when": [when.os, when.arch, when.interpreter, when.rosetta, when.gpu, when.xcode_clt, when.by_version],
        "accelerator": row.accelerator,
        "distribution": row.distribution,
        "versions": row.versions,
        "python": row.python,
        "plugin": [name, pairs],
        "rules": [_rule(rule) for rule in rules_for(row, version, matrix)],
    }
    return {name: fingerprint(value) for name, value in parts.items()}


def _pair(pair: Pair) -> list[str | None]:
    return [pair.plugin, pair.macos]


def _rule(rule: Rule) -> list[object]:
    needs: list[object] = [rule.cpu, rule.driver, rule.capability, rule.python, rule.macos, rule.verdict]
    needs += [bound for bound in (rule.capability_most, rule.on_capability, rule.gfx) if bound]
    return [*needs, list(rule.add), list(rule.extras), list(rule.sdists)]
