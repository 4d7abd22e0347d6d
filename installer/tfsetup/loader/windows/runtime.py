"""Whether the C++ runtime in a process is as new as those who use it need: told, never decided.

Microsoft, "C++ binary compatibility between Visual Studio versions": the redistributable must be of the same version as
the newest toolset any part of the program was built with, or newer. The linker's version in a file is the toolset's,
of the runtime's own files too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, Self

from tfsetup.loader.model import NotCovered
from tfsetup.loader.pe.image import Pe
from tfsetup.loader.windows.stock import Presence, presence_of

_MICROSOFT = 14
"""Major version of the toolsets that share the runtime; other linkers have other numbers."""

Version = tuple[int, int]


class _Module(Protocol):
    """A library in the process; `pe` None: its bytes are not at hand."""

    path: str
    pe: Pe | None

    @property
    def base(self) -> str:
        """Its base name, in lower case."""


class Runtime:
    """Who uses which runtime. Of the system's own the version is not known."""

    def __init__(self) -> None:
        """Begin with nobody using any."""
        self._of_system: dict[str, Version] = {}
        self._brought: dict[str, tuple[Version, dict[str, Version]]] = {}

    def uses(self, wanting: _Module, provider: _Module) -> None:
        """Hear that one library imports from another."""
        if presence_of(provider.base, "", frozenset()) is not Presence.REDISTRIBUTABLE:
            return
        needed = wanting.pe.linker if wanting.pe is not None else (0, 0)
        if needed[0] != _MICROSOFT:
            return
        if provider.pe is None:
            self._of_system[wanting.path] = needed
        elif provider.pe.linker < needed:
            self._brought.setdefault(provider.path, (provider.pe.linker, {}))[1][wanting.path] = needed

    def fork(self) -> Self:
        """Return the same for a process that goes on from here."""
        child = type(self)()
        child.join(self)
        return child

    def join(self, other: Self) -> None:
        """Take in what another process uses."""
        self._of_system |= other._of_system
        for path, (has, users) in other._brought.items():
            self._brought[path] = (has, {**self._brought.get(path, (has, {}))[1], **users})

    @property
    def not_covered(self) -> Iterator[NotCovered]:
        """What could not be decided: of each runtime the one that needs the newest."""
        for path, (has, users) in self._brought.items():
            who = max(users, key=lambda each: users[each])
            reason = (
                f"whether {path}, of Visual C++ {_spelled(has)}, will do for {_files(len(users))} linked with up to"
                f" {_spelled(users[who])}"
            )
            yield NotCovered(reason=reason, image=who)
        if self._of_system:
            who = max(self._of_system, key=lambda each: self._of_system[each])
            newest = _spelled(self._of_system[who])
            reason = f"whether the Microsoft Visual C++ redistributable is version {newest} or newer (assumed)"
            yield NotCovered(reason=reason, image=who)


def _spelled(version: Version) -> str:
    return f"{version[0]}.{version[1]:02}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
