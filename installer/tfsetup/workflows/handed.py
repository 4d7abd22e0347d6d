"""Digests that were handed on: whom they are taken from, who vouches for them. Writes those of locks.

(Touches the world.).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from tfsetup.errors import BuildError, InvalidFileError, UsageError, Where
from tfsetup.ground.text import find
from tfsetup.locks import files
from tfsetup.workflows.locked import Handed
from tfsetup.workflows.opened import Opened
from tfsetup.workflows.wheels import for_any

if TYPE_CHECKING:
    from tfsetup.locks.model import LockedFile
    from tfsetup.locks.proof import Proof
    from tfsetup.workflows.backends import Case

RELEASED: Final = "digests.json"
"""The list of the digests of released pairs, among the files of the matrix; `make digests` writes it."""

_MOST: Final = 16 << 20
_RECORDS: Final = (files.PROOFS, "conda-proofs.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """The list of the digests of released pairs: by the sha256 of each wheel."""

    schema: int
    wheels: dict[str, Listed]


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A wheel of the list: its file name, and the sha256 of its digests by file name."""

    name: str
    digests: dict[str, str]


def opened_with(given: Path | None, records: Iterable[Path] = ()) -> Opened:
    """Return how wheels are read: through our own digests, and those in `given` for which somebody vouches.

    `records` are folders with the proofs of locks. Without `given` no list is read.

    Raises:
        UsageError: there is no such folder.
        InvalidFileError: a list is damaged.
    """
    from tfsetup.loader.digest.handing import vouched
    from tfsetup.loader.digest.store import own_store

    if given is None:
        return Opened()
    if not given.is_dir():
        raise UsageError(
            f"--digests {given}: there is no such folder.", hint="`tfsetup lock --digests DIR` writes one."
        )
    return Opened(store=own_store([given], vouched([*_released(), *_recorded(records)])))


def beside(targets: Iterable[str | Path]) -> list[Path]:
    """Return the folders of those targets that are files: a lock's record lies beside it."""
    return [Path(target).parent for target in targets if Path(target).is_file()]


def _released() -> Iterator[Mapping[str, str]]:
    from tfsetup.matrix.file.disk import environments

    path = environments() / RELEASED
    text = find(path, "list of digests", most=_MOST)
    if text is not None:
        yield from (wheel.digests for wheel in parse_released(text, str(path)).values())


def parse_released(text: str, file: str) -> dict[str, Listed]:
    """Return the list of released digests, by the sha256 of the wheel.

    Raises:
        InvalidFileError: it is no such list.
    """
    import msgspec

    try:
        return msgspec.json.decode(text.encode(), type=Released).wheels
    except (msgspec.DecodeError, UnicodeEncodeError) as problem:
        hint = "`make digests` writes it anew."
        raise InvalidFileError(
            f"The list of digests is damaged: {problem}.", where=Where(file=file), hint=hint
        ) from None


def _recorded(folders: Iterable[Path]) -> Iterator[Mapping[str, str]]:
    for folder in dict.fromkeys(folders):
        for name in _RECORDS:
            for proof in files.read_proofs(folder, name).values():
                if proof.digests is not UNSET:
                    yield proof.digests


def wanting(case: Case, opened: Opened) -> bool:
    """Say whether a wheel of a lock, by its name one with native files, has no digest yet."""
    return any(not opened.was_read(one) for one in wheels_of(case) if not for_any(one.filename))


def wheels_of(case: Case) -> Sequence[LockedFile]:
    """Return the wheels of a lock that its target would get."""
    from tfsetup.workflows.subjects import wheels_for

    if case.lock.part:
        from tfsetup.locks.model import LockedFile

        return [
            LockedFile(filename=one.file_name, size=one.size, sha256=one.sha256, url=one.url)
            for one in case.lock.part.wheels
        ]
    return wheels_for(case.packages, case.host, case.origin.python)


def hand_on(
    folder: Path,
    cases: Sequence[Case],
    proofs: Mapping[str, Proof],
    prove: Callable[[Case], Proof],
    opening: Callable[[], Opened] | None = None,
) -> tuple[dict[str, Proof], Handed]:
    """Write the digests of the wheels of locks into a folder; return the proofs with their hashes.

    A lock of which a wheel has no digest yet, neither our own nor one that `opening` believes, is judged anew, for
    which its wheels are read.

    Raises:
        BuildError: the folder cannot be written.
    """
    from tfsetup.loader.digest.handing import handed_on, write_digests

    found, names = dict(proofs), set[str]()
    for case in cases:
        opened = opening() if opening is not None else Opened()
        if wanting(case, opened):
            found[case.name] = replace(prove(case), conflicts=proofs[case.name].conflicts)
        wheels = wheels_of(case)
        opened.complete(wheels)
        try:
            digests, _ = write_digests(folder, handed_on(opened.store, [one.sha256 for one in wheels]))
        except OSError as problem:
            raise BuildError(f"{folder} cannot be written: {problem.strerror or problem}.") from problem
        found[case.name] = replace(found[case.name], digests=digests or UNSET)
        names |= digests.keys()
    total = sum((folder / name).stat().st_size for name in names)
    return found, Handed(folder=folder, files=len(names), bytes=total)
