"""Which wheels requirements come to on a machine, and which of them are worth reading. What comes to none is named.

uv chooses the releases; of each the wheel is taken that pip would take. Most wheels for any platform hold no native
file, which the directory at their end tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tfsetup.errors import UnsolvableError
from tfsetup.ground.platforms import UNKNOWN, fitting_wheels
from tfsetup.loader.files.names import is_native
from tfsetup.loader.machine import Machine, machine_of
from tfsetup.loader.model import NotCovered
from tfsetup.locks.model import LockedFile, LockedPackage
from tfsetup.matrix.model import Selection, Target
from tfsetup.workflows.applied import surroundings
from tfsetup.workflows.told import Detail, Told

if TYPE_CHECKING:
    from tfsetup.ground.http import Http
    from tfsetup.host.model import Host
    from tfsetup.loader.files.archive import Member
    from tfsetup.locks.venv.solve import Wish

_SUSPECTS: Final = re.compile(
    r"[Ww]heels (?:are \w+ )?for `(?P<tags>[\w.-]+)`|there are no versions of (?P<empty>[\w.-]+)"
)
"""Whom uv's words and hints say to have no file to choose (uv 0.13, `IncompatibleDist`, `PubGrubHint`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The wheels that requirements come to, and what of them has none."""

    wheels: tuple[LockedFile, ...]
    unseen: tuple[NotCovered, ...]


def choose(requirements: Sequence[str], host: Host, python: str, told: Told) -> Chosen:
    """Return the wheels that `host` would get for requirements (PEP 508), with a Python `X.Y`.

    What has no wheel for it is named, and the rest resolved without.

    Raises:
        UnsolvableError: they do not fit together.
        NetworkError: the index did not answer.
    """
    told(Detail(f"Resolving {', '.join(requirements)}"))
    around = surroundings(host, python)
    asking = _Asking(lines=tuple(requirements), machine=machine_of(host, python), python=python, words=around.words)
    packages = asking.solved()
    wheels, unseen = list[LockedFile](), [*asking.unseen, *_not_applying(asking.lines, packages, around.words)]
    for package in packages:
        known = {wheel.filename: wheel for wheel in package.wheels}
        best = next(iter(fitting_wheels(known, around.tags)), None)
        if best is not None:
            wheels.append(known[best])
        else:
            unseen.append(_unseen(f"no wheel of {package.name} {package.version} is for {around.words}"))
    return Chosen(wheels=tuple(wheels), unseen=tuple(unseen))


@dataclass(kw_only=True, slots=True)
class _Asking:
    """What uv is asked, less what it turned out to have no wheel of: of `lines`, and of what these require."""

    lines: tuple[str, ...]
    machine: Machine
    python: str
    words: str
    without: tuple[str, ...] = ()
    unseen: list[NotCovered] = field(default_factory=list)

    def solved(self) -> Sequence[LockedPackage]:
        """Return the packages of those requirements that have one."""
        from tfsetup.locks.venv.solve import resolve

        while self.lines:
            try:
                return resolve(replace(self._wish(), excluded=self.without))
            except UnsolvableError as error:
                if not self._take_out(_suspects(error.said)):
                    raise
        return ()

    def _wish(self) -> Wish:
        from tfsetup.locks.venv.solve import Wish

        machine = self.machine
        level = machine.level or UNKNOWN[machine.system]
        target = Target.on(machine.platform, self.python, level, musl=machine.musl)
        row = Selection(installable=True, row="preflight", requirements=self.lines, target=target)
        return Wish(selection=row)

    def _take_out(self, suspects: Iterable[str]) -> bool:
        """Leave out what has no wheel even if nothing else is asked for; tell whether there was anything."""
        found = False
        for name in suspects:
            own = tuple(line for line in self.lines if name_in(line) == name)
            why = None if name in self.without else self._why_none(own or (name,))
            if why is not None:
                found = True
                self.unseen.append(_unseen(why))
                self.without = (*self.without, name)
                self.lines = tuple(line for line in self.lines if line not in own)
        return found

    def _why_none(self, lines: tuple[str, ...]) -> str | None:
        from tfsetup.locks.venv.solve import alone

        try:
            alone(self._wish(), lines, None, None)
        except UnsolvableError as error:
            named = " and ".join(lines)
            empty = any(found["empty"] for found in _SUSPECTS.finditer(_flat(error.said)))
            return f"the index has no file of {named}" if empty else f"no wheel of {named} is for {self.words}"
        return None


def _suspects(said: str) -> list[str]:
    """Return the names, normalised, that uv's explanation is about."""
    found = (each["tags"] or each["empty"] for each in _SUSPECTS.finditer(_flat(said)))
    return list(dict.fromkeys(map(canonicalize_name, found)))


def _flat(said: str) -> str:
    return " ".join(said.split())  # uv folds its lines


def name_in(line: str) -> str:
    """Return the name, normalised, in a requirement (PEP 508)."""
    return canonicalize_name(Requirement(line).name)


def _not_applying(lines: Sequence[str], packages: Sequence[LockedPackage], words: str) -> Iterator[NotCovered]:
    """Yield the requirements whose markers do not hold there, of which uv says nothing."""
    names = {package.name for package in packages}
    yield from (_unseen(f"{line} does not apply to {words}") for line in lines if name_in(line) not in names)


def _unseen(what: str) -> NotCovered:
    return NotCovered(reason=f"{what}, so that nothing of it was judged", matters=True, absent=True)


def for_any(filename: str) -> bool:
    """Say whether a wheel is for any platform, by its name; most of these hold no native file."""
    return filename.endswith("-any.whl")


def with_native(
    wheels: Sequence[LockedFile],
    session: Callable[[], Http] | None = None,
    known: Callable[[str], Mapping[str, Member] | None] = lambda _sha256: None,
) -> tuple[LockedFile, ...]:
    """Return the wheels on an index that hold native files; for `session` and `known` see `listings`.

    Raises:
        NetworkError: the index did not answer.
    """
    from tfsetup.loader.files.listing import listings
    from tfsetup.workflows.owners import wanted

    there = [wheel for wheel in wheels if wheel.url]
    found = listings([wanted(wheel) for wheel in there if for_any(wheel.filename)], session, known)
    pure = {name for name, listing in found.items() if not any(map(is_native, listing))}
    return tuple(wheel for wheel in there if wheel.filename not in pure)
