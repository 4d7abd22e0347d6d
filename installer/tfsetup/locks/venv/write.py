"""Lock files as text: the two forms, rendered from the same packages, the same bytes for the same input. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.platforms import Platform
from tfsetup.locks.cure import is_cure
from tfsetup.locks.model import Form, Lock, LockedFile, LockedPackage, Origin
from tfsetup.locks.origin import COMMENT, CREATED_BY, REMEDY, edited, quoted, render, render_sums, seal

_ABOUT = (
    "# Written by `tfsetup lock`; write it anew rather than editing it. No address stands in it, so that it works with",
    "# any index or mirror: `tfsetup install` takes it, and so does `pip install --require-hashes --no-deps -r`.",
)


def write_lock(packages: Sequence[LockedPackage], origin: Origin | None, form: Form) -> Lock:
    """Return the lock of `packages` in a form, with the note of what it was made for (none: an installation's own)."""
    ordered = tuple(sorted(map(_ordered, packages), key=lambda package: (package.name, package.marker or "")))
    if form == "portable":  # without the wheel beside the lock: pip takes a path there from where it is called
        ordered = tuple(_without_addresses(package) for package in ordered if not is_cure(package))
    sealed = seal(origin, ordered) if origin else None
    text = "".join(f"{line}\n" for line in _lines(ordered, sealed, form))
    return Lock(text=text, packages=ordered, form=form, origin=sealed)


def _lines(packages: Sequence[LockedPackage], origin: Origin | None, form: Form) -> Iterator[str]:
    return _portable(packages, origin) if form == "portable" else _pylock(packages, origin)


def refuse_edited(lock: Lock, origin: Origin, file: str, line_of: Callable[[str], int | None]) -> None:
    """Refuse a lock that is not as `write_lock` wrote it with the note `origin`.

    `line_of` tells the line of an entry by its name, and of the note by "".

    Raises:
        InvalidFileError: with the line.
    """
    if (name := edited(origin, lock.packages)) is not None:
        what = f"The entry of `{name}`" if name else "This lock"
        message = f"{what} is not what tfsetup wrote: it was edited or cut off afterwards."
        raise InvalidFileError(message, where=Where(file=file, line=line_of(name)), hint=REMEDY)
    if (line := altered(lock)) is not None:
        message = "This line is not what tfsetup wrote: the lock was edited or cut off afterwards."
        raise InvalidFileError(message, where=Where(file=file, line=line), hint=REMEDY)


def altered(lock: Lock) -> int | None:
    """Return the first line (from 1) of a lock with a note that is not as `write_lock` wrote it; None: all are.

    Empty lines and comments that say nothing to anybody may be added or left out. The fingerprints must be right
    (`edited`): they are not made anew.
    """
    packages = tuple(map(_ordered, lock.packages))
    theirs = list(_telling(lock.text.splitlines()))
    ours = list(_telling(_lines(packages, lock.origin, lock.form)))
    same = (a[1] == b[1] for a, b in zip(theirs, ours, strict=False))
    place = next((n for n, equal in enumerate(same) if not equal), min(len(theirs), len(ours)))
    if place == len(theirs) == len(ours):
        return None
    return theirs[place][0] if place < len(theirs) else lock.text.count("\n") + 1


def _telling(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        if line.startswith(COMMENT) or (line.strip() and not line.startswith("#")):
            yield number, line.rstrip()


def _ordered(package: LockedPackage) -> LockedPackage:
    return replace(package, wheels=tuple(sorted(package.wheels, key=lambda file: (file.filename, file.sha256))))


def _without_addresses(package: LockedPackage) -> LockedPackage:
    wheels = tuple(replace(file, url=None, path=None) for file in package.wheels)
    sdist = replace(package.sdist, url=None, path=None) if package.sdist else None
    return replace(package, wheels=wheels, sdist=sdist, index=None)


def _to_add(origin: Origin) -> Iterator[str]:
    """Yield what whoever installs the portable form without tfsetup must do by himself."""
    if origin.cures:
        yield "# Known defects of what is locked make results wrong, unless every process sees what follows. `tfsetup"
        yield "# install` sees to that; after any other installation, add it to where processes get their environment:"
        yield from (f"#   export {name}={value}" for name, value in sorted(origin.cures.items()))


def _pylock(packages: Sequence[LockedPackage], origin: Origin | None) -> Iterator[str]:
    yield 'lock-version = "1.0"'
    if origin:
        yield f"environments = [{quoted(environment(origin))}]"
        yield f'requires-python = "=={origin.python}.*"'
    yield f"created-by = {quoted(CREATED_BY if origin else 'tfsetup')}"
    for package in packages:
        yield from _entry(package)
    if origin:
        yield ""
        yield "[tool.tfsetup]"
        yield from render(origin)
        yield from render_sums(origin)


def _entry(package: LockedPackage) -> Iterator[str]:
    yield ""
    yield "[[packages]]"
    yield f"name = {quoted(package.name)}"
    yield f"version = {quoted(package.version)}"
    if package.marker:
        yield f"marker = {quoted(package.marker)}"
    if package.index:
        yield f"index = {quoted(package.index)}"
    if package.sdist:
        yield f"sdist = {_inline(package.sdist)}"
    if package.wheels:
        yield "wheels = ["
        yield from (f"    {_inline(wheel)}," for wheel in package.wheels)
        yield "]"


def _inline(file: LockedFile) -> str:
    place = f"path = {quoted(file.path)}" if file.path else f"url = {quoted(file.url or '')}"
    name = f"name = {quoted(file.filename)}, " if file.path or not (file.url or "").endswith(file.filename) else ""
    size = f"size = {file.size}, " if file.size is not None else ""
    return f"{{ {name}{place}, {size}hashes = {{ sha256 = {quoted(file.sha256)} }} }}"


def environment(origin: Origin) -> str:
    """Return the environment marker of the target (PEP 508), from uv's name of its platform."""
    platform = Platform.named(origin.platform)
    return platform.marker if platform else "python_version < '0'"  # nobody wrote that; whatever it is, it is not here


def _portable(packages: Sequence[LockedPackage], origin: Origin | None) -> Iterator[str]:
    yield from _ABOUT
    if origin:
        yield from _to_add(origin)
        yield from (COMMENT + line for line in render(origin))
    for package in packages:
        yield from _requirement(package)
    if origin:
        yield ""
        yield from (COMMENT + line for line in render_sums(origin))


def _requirement(package: LockedPackage) -> Iterator[str]:
    yield ""
    yield from (f"# {file.filename} {'' if file.size is None else file.size}".rstrip() for file in package.files)
    marker = f" ; {package.marker}" if package.marker else ""
    yield f"{package.name}=={package.version}{marker} \\"
    *before, last = (f"    --hash=sha256:{file.sha256}" for file in package.files)
    yield from (f"{line} \\" for line in before)
    yield last


def lines_of(package: LockedPackage, form: Form) -> Iterator[str]:
    """Yield the lines of one package in a lock of a form, the empty one before it first."""
    return _requirement(package) if form == "portable" else _entry(package)
