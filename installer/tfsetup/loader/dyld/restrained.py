"""What a process is held to that its files do not show: the hardened runtime, and the user's own DYLD variables. Pure.

A prediction is for a process that loads what it is asked to. A hardened one drops DYLD variables, and the kernel may
refuse it libraries that others signed (library validation): what a signature allows is not judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.macho.image import MachO, read_macho, slices
from tfsetup.loader.macho.signature import Restraints, restraints
from tfsetup.loader.model import Entry, Filesystem, NotCovered

_APPLES: Final = ("/usr/bin/", "/Library/Developer/CommandLineTools/", "/Applications/Xcode")
"""Where Apple's own Python lies, whose signature is Apple's affair."""


def not_judged(files: Filesystem, interpreter: str | None, variables: Sequence[str]) -> Iterator[NotCovered]:
    """Yield what may change the answer for a process of `interpreter` (a path on the target; None: not known).

    It need not be among the `files`. `variables` are the names of the DYLD variables that are set for the process.
    """
    entry = files.lookup(interpreter) if interpreter else None
    held = _restraints(entry)
    where = entry.path if entry else interpreter or ""
    if held.libraries or where.startswith(_APPLES):
        whose = "is signed for the hardened runtime" if held.libraries else "is Apple's, and may run hardened"
        reason = f"{where} {whose}: whether library validation lets it load what others signed is not judged"
        yield NotCovered(reason=reason, matters=held.libraries)
    if not variables:
        return
    names, are = ", ".join(sorted(variables)), "are" if len(variables) > 1 else "is"
    if held.variables:
        yield NotCovered(reason=f"{names} {are} set, which the hardened runtime of {where} drops")
    else:
        yield NotCovered(reason=f"{names} {are} set: it is judged as if not, and another library may be taken")


def _restraints(entry: Entry | None) -> Restraints:
    """Return what any of the interpreter's architectures is held to; of a damaged one nothing is known."""
    if entry is None or entry.source is None:
        return Restraints()
    try:
        fat = slices(entry.source)
        images: list[MachO] = [read_macho(each.source, each.offset) for each in fat or ()]
        found = [restraints(image) for image in images or [read_macho(entry.source)]]
    except MalformedImage:
        return Restraints()
    return Restraints(variables=any(each.variables for each in found), libraries=any(each.libraries for each in found))
