"""Files built for CPUs of a level of x86-64 above the baseline, which glibc refuses on lesser ones.

Source: glibc sysdeps/x86/dl-prop.h (`dl_isa_level_check`), since 2.33 (bug 26717).
"""

from __future__ import annotations

from tfsetup.loader.elf.properties import x86_level_needed
from tfsetup.loader.glibc.map import Map
from tfsetup.loader.glibc.system import System
from tfsetup.loader.model import LoadFailure, NotCovered

CHECKED_SINCE = (2, 33)


def check_level(entry: Map, system: System) -> LoadFailure | NotCovered | None:
    """Compare what one object needs with the CPU; None: it suits, or this glibc does not ask.

    Raises:
        MalformedImage: the object's notes lie outside the file.
    """
    if entry.elf is None or (system.glibc is not None and system.glibc < CHECKED_SINCE):
        return None
    level = x86_level_needed(entry.elf)
    certain, possible = system.levels
    if level <= certain:
        return None
    name = f"x86-64-v{level}"
    if level <= possible:
        reason = f"it was built for {name}, and whether the CPU has all of that is not known"
        return NotCovered(reason=reason, image=entry.path, matters=True)
    text = f"{entry.name}: CPU ISA level is lower than required"
    return LoadFailure(kind="cpu-feature", image=entry.path, message=text, library=name)
