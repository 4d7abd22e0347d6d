"""The course of an inventory: what each lock installs, with what is inside its wheels, read where they lie."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tfsetup.errors import BuildError, NetworkError
from tfsetup.ground.files import write_whole
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.compat import best_wheel
from tfsetup.loader.files.archive import Contents
from tfsetup.loader.machine import machine_of
from tfsetup.locks.conda.model import CondaPackage
from tfsetup.locks.cure import is_cure
from tfsetup.locks.inventory import Bill, Part, is_library, licences_in, render_inventory
from tfsetup.locks.proof import Proof
from tfsetup.workflows.backends import Case
from tfsetup.workflows.told import Told

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
Open = Callable[[Mapping[str, str]], Sequence[tuple[str, Contents]]]
"""Opens wheels at their addresses, by file name. Raises NetworkError."""


def inventory(
    cases: Sequence[Case], proofs: Mapping[str, Proof], told: Told, *, offline: bool, opened: Open | None = None
) -> str:
    """Return the inventory of locks; `opened` opens wheels (None: on the index, by ranges).

    A wheel that cannot be read, or may not be (`offline`), stands there with the reason.
    """
    from tfsetup import __version__

    parts = {case.name: tuple(_parts(case)) for case in cases}
    files = {part.file.filename: part for each in parts.values() for part in each if not part.unread}
    told(f"Inventory {len(files)} wheels: their licences and native libraries")
    if offline:
        read = {name: replace(part, unread="--offline") for name, part in files.items()}
    else:
        read = dict(_read(files, opened or _on_the_index))
    bills = [
        Bill(
            name=case.name,
            origin=case.origin,
            sha256=case.sha256,
            proof=proofs[case.name],
            parts=tuple(_known(part, read) for part in parts[case.name]),
        )
        for case in cases
    ]
    return render_inventory(bills, __version__)


def write_inventory(path: Path, text: str) -> None:
    """Write an inventory whole or not at all.

    Raises:
        BuildError: it cannot be written; the file is as it was.
    """
    try:
        write_whole(path, text)
    except OSError as problem:
        message = f"The inventory {path} cannot be written: {problem.strerror or problem}."
        raise BuildError(message, hint="Name another file with --sbom; the lock files are written.") from problem


def _known(part: Part, read: Mapping[str, Part]) -> Part:
    found = read.get(part.file.filename)
    if found is None or part.unread:
        return part
    return replace(part, licences=found.licences, libraries=found.libraries, unread=found.unread)


def _parts(case: Case) -> Iterator[Part]:
    addressed = case.lock.form == "pylock"
    if case.lock.part is not None:
        yield from map(_archive, case.lock.part.packages)
    conda = {one.sha256 for one in case.lock.part.packages} if case.lock.part else set()
    machine = machine_of(case.host, case.origin.python)
    for package in (*case.packages, *filter(is_cure, case.lock.packages)):
        if package.files[0].sha256 in conda:
            continue
        name = best_wheel([wheel.filename for wheel in package.wheels], machine, case.origin.python)
        file = next((wheel for wheel in package.wheels if wheel.filename == name), package.files[0])
        unread = "it is built from source on the machine" if package.sdist else "" if file.url else "it has no address"
        yield Part(name=package.name, version=package.version, file=file, unread=unread, addressed=addressed)


def _archive(package: CondaPackage) -> Part:
    from tfsetup.locks.model import LockedFile

    file = LockedFile(filename=package.file_name, size=package.size, sha256=package.sha256, url=package.url)
    about = (("build", package.build), ("subdir", package.subdir), ("type", package.file_name.rpartition(".")[2]))
    unread = "it is an archive of a channel"
    return Part(name=package.name, version=package.version, file=file, kind="conda", qualifiers=about, unread=unread)


def _read(files: Mapping[str, Part], opened: Open) -> Iterator[tuple[str, Part]]:
    try:
        archives = dict(opened({name: part.file.url or "" for name, part in files.items()}))
    except NetworkError as error:
        yield from ((name, replace(part, unread=error.message)) for name, part in files.items())
        return
    for name, part in files.items():
        try:
            yield name, _with_contents(part, archives[name])
        except (NetworkError, MalformedImage) as error:
            yield name, replace(part, unread=str(error))


def _with_contents(part: Part, archive: Contents) -> Part:
    metadata = next((name for name in archive.members if _METADATA.fullmatch(name)), "")
    licences: tuple[str, ...] = ()
    if metadata:
        source = archive.open(metadata)
        licences = licences_in(source.read(0, source.size).decode("utf-8", errors="replace"))
    return replace(part, licences=licences, libraries=tuple(sorted(filter(is_library, archive.members))))


def _on_the_index(addresses: Mapping[str, str]) -> Sequence[tuple[str, Contents]]:
    from tfsetup.loader.files.remote import open_all

    return open_all(addresses)
