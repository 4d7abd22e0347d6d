"""Lock files, the team file and the proofs on disk: read whole, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tfsetup.errors import BuildError, Code, InvalidFileError, LockError, TfsetupError, UsageError, Where
from tfsetup.ground.files import make_folder
from tfsetup.ground.files import write_all as write_together
from tfsetup.ground.folders import cache_folder
from tfsetup.ground.text import find
from tfsetup.locks.cure import FILE, is_cure
from tfsetup.locks.model import Form, Lock, LockedFile, LockedPackage, file_name

if TYPE_CHECKING:  # each file has a reader of its own, and a run reads one or two: start-up is measured
    from tfsetup.locks.proof import Proof
    from tfsetup.locks.team import Marked, Team

TEAM: Final = Path("environments/team.yaml")
PROJECT: Final = Path("pyproject.toml")
LOCKS: Final = Path("environments/locks")
PROOFS: Final = "proof.json"
_LIMIT: Final = 16 * 1024 * 1024  # bytes; a TensorFlow lock has 30 kB
_BLOCK: Final = 1 << 20  # bytes read at once
_REMEDY: Final = "`tfsetup lock` writes lock files."


def read_lock(path: Path, *, sdists: Collection[str] = ()) -> Lock:
    """Read a lock file of either form; `sdists` as in `read_pylock`.

    Raises:
        LockError: there is none.
        InvalidFileError: it cannot be read as one.
    """
    text = find(path, "lock file", most=_LIMIT)
    if text is None:
        raise LockError("There is no such lock file.", hint=_REMEDY, where=Where(file=str(path)))
    if path.suffix == ".toml":
        from tfsetup.locks.venv.pylock import read_pylock

        return read_pylock(text, file=str(path), sdists=sdists)
    from tfsetup.locks.venv.portable import read_portable

    return read_portable(text, file=str(path), sdists=sdists)


def locks_of(folder: Path, name: str) -> list[Path]:
    """Return the lock files of a target that exist, the one with addresses first."""
    paths = (folder / file_name("pylock", name), folder / file_name("portable", name))
    return [path for path in paths if path.is_file()]


def lock_names(folder: Path) -> list[str]:
    """Return the names of the targets that have a lock file in `folder`, sorted."""
    if not folder.is_dir():
        return []
    found = (_SHAPE.fullmatch(path.name) for path in folder.iterdir() if path.is_file())
    return sorted({match[1] or match[2] or "" for match in found if match})


_SHAPE: Final = re.compile(r"pylock\.([^.]*)\.toml|requirements\.([^.]*)\.txt")


def form_in(folder: Path) -> Form:
    """Return the form to write into `folder` when nobody asks for one: that of the locks there, if it is one."""
    there = [path for name in lock_names(folder) for path in locks_of(folder, name)]
    return "portable" if there and all(path.suffix == ".txt" for path in there) else "pylock"


def read_team(path: Path = TEAM, project: Path | None = None) -> Team | None:
    """Return the team file with its requirements, wherever they stand; None when there is no team file.

    `project` is the `pyproject.toml` whose `[tool.tfsetup]` takes its place (None: the one of the working folder).

    Raises:
        InvalidFileError: it, or the file it names, is invalid; with the line. Or both are there.
    """
    own, text = read_project(project or PROJECT), find(path, "team file")
    if text is None:
        return _with_elsewhere(Path(own.file), own) if own else None
    if own is not None:
        message = f"{path} and `[tool.tfsetup]` in {own.file} both say what the team uses."
        raise InvalidFileError(message, where=Where(file=str(path)), hint="Keep one of them.")
    from tfsetup.locks.team import parse_team

    return _with_elsewhere(path, parse_team(text, str(path)))


def read_project(path: Path) -> Team | None:
    """Return what a `pyproject.toml` says in `[tool.tfsetup]`; None: it has no such table, or is not there.

    Raises:
        InvalidFileError: the table is invalid; with the line.
    """
    text = find(path, "project")
    if text is None or "tfsetup" not in text:
        return None
    from tfsetup.locks.project import parse_own_project

    return parse_own_project(text, str(path))


def read_requirements(path: Path) -> tuple[Marked, ...]:
    """Return the requirements of a requirements file, or the dependencies of a `pyproject.toml`.

    Raises:
        UsageError: there is no such file.
        InvalidFileError: it is invalid; with the line.
    """
    text = find(path, "requirements file")
    if text is None:
        raise UsageError(f"-r {path}: there is no such file.", hint="Name a requirements.txt or a pyproject.toml.")
    return _requirements(text, path)


def read_range(path: Path) -> Marked | None:
    """Return the Pythons that the project of a `pyproject.toml` is for; None: it says nothing, or is another file.

    Raises:
        InvalidFileError: it is invalid; with the line.
    """
    text = find(path, "project") if path.suffix == ".toml" else None
    if text is None:
        return None
    from tfsetup.locks.project import parse_range

    return parse_range(text, str(path))


def offers(path: Path = PROJECT) -> bool:
    """Tell whether a project here lists dependencies that are not taken over, for it has no `[tool.tfsetup]`."""
    with suppress(InvalidFileError):
        text = find(path, "project")
        if text is not None:
            from tfsetup.locks.project import has_dependencies

            return has_dependencies(text, str(path))
    return False


def _with_elsewhere(path: Path, team: Team) -> Team:
    if team.elsewhere is None:
        return team
    found = _elsewhere(path, team.elsewhere)
    return replace(team, requirements=(*team.requirements, *found), taken_over=(*team.taken_over, *found))


def _elsewhere(path: Path, named: Marked) -> tuple[Marked, ...]:
    other = Path(os.path.normpath(path.parent / named.text))
    text = find(other, "requirements file")
    if text is None:
        message = f"There is no file {other}."
        hint = "The path is taken from the folder of the team file."
        raise InvalidFileError(message, where=named.where, hint=hint)
    return _requirements(text, other)


def _requirements(text: str, path: Path) -> tuple[Marked, ...]:
    from tfsetup.locks.team import parse_project, parse_requirements

    return parse_project(text, str(path)) if path.suffix == ".toml" else parse_requirements(text, str(path))


def read_proofs(folder: Path, name: str = PROOFS) -> dict[str, Proof]:
    """Return what was found about the locks in `folder`, by file name (conda's: by subdir); empty: nothing on record.

    Raises:
        InvalidFileError: the file is damaged.
    """
    path = folder / name
    text = find(path, "record of proofs", most=_LIMIT)
    if text is None:
        return {}
    from tfsetup.locks.proof import parse_proofs

    return parse_proofs(text, str(path))


def shipped_proofs() -> dict[str, Proof]:
    """Return what was found about the locks that come with tfsetup."""
    from tfsetup.matrix.file.disk import environments

    return read_proofs(environments() / "locks")


def known_proof(key: str) -> Proof | None:
    """Return what was found before about the same files on the same machine; None: nothing, or not readable."""
    try:
        text = find(_cache() / f"{key}.json", "remembered proof", most=_LIMIT)
        if text is None:
            return None
        from tfsetup.locks.proof import parse_proofs

        return parse_proofs(text, key).get(key)
    except InvalidFileError:
        return None


def keep_proof(key: str, proof: Proof) -> None:
    """Remember what was found; a cache that cannot be written is no harm."""
    from tfsetup.locks.proof import render_proofs

    with suppress(OSError, BuildError):
        write_all(_cache(), {f"{key}.json": render_proofs({key: proof})})


def _cache() -> Path:
    """Return the folder of remembered proofs: one for each state of the code that judges, for that changes verdicts.

    Raises:
        TfsetupError: there is no home, or a variable names no folder.
    """
    return cache_folder(os.environ) / "proofs" / _judging_code()


@cache
def _judging_code() -> str:
    room = Path(__file__).resolve().parent.parent / "loader"
    total = hashlib.sha256()
    for path in sorted(room.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(path.read_bytes())
    return total.hexdigest()[:16]


def write_all(folder: Path, texts: Mapping[str, str | bytes]) -> list[str]:
    """Write files into `folder` (made where it is missing), all or none; return the names of those that changed.

    Raises:
        BuildError: the folder cannot be written.
    """
    try:
        make_folder(folder)
        changed = write_together({folder / name: text for name, text in texts.items()})
    except OSError as problem:
        message = f"{folder} cannot be written: {problem.strerror or problem}."
        raise BuildError(message, hint="Choose another folder with -o; the lock files are as they were.") from problem
    return [path.name for path in changed]


def located(path: Path, package: LockedPackage) -> LockedPackage:
    """Return a package of the lock at `path` with whole paths for the files it names by their place, each looked at.

    Raises:
        InvalidFileError: a file is not there.
        TfsetupError: `NETWORK`: it is another one than was locked.
    """
    return replace(
        package, wheels=tuple(_located(path, package, file) if file.path else file for file in package.wheels)
    )


def _located(path: Path, package: LockedPackage, file: LockedFile) -> LockedFile:
    place = Path(os.path.normpath(path.absolute().parent / (file.path or "")))
    where = Where(file=str(path), line=package.line)
    total = hashlib.sha256()
    try:
        with place.open("rb") as opened:
            while block := opened.read(_BLOCK):
                total.update(block)
    except OSError as problem:
        message = f"The wheel of {package.name}, {file.path}, cannot be read: {problem.strerror or problem}."
        hint = "Paths are told from the folder of the lock; put the wheel there, or write the lock anew."
        raise InvalidFileError(message, where=where, hint=hint) from problem
    if total.hexdigest() != file.sha256:
        message = f"{file.path} is not the wheel of {package.name} that was locked: its sha256 is another."
        hint = "Put the locked wheel back, or write the lock anew if the change was meant."
        raise TfsetupError(Code.NETWORK, message, where=where, hint=hint)
    return replace(file, path=place.as_posix())


def cure_problem(path: Path, lock: Lock) -> str:
    """Return what is wrong with the wheel that must lie beside a lock with a path in it; "" when nothing is."""
    for file in (file for package in lock.packages if is_cure(package) for file in package.files if file.path):
        try:
            content = (path.parent / file.filename).read_bytes()
        except OSError as problem:
            return f"{file.filename}, which cures known defects, cannot be read beside it: {problem.strerror}"
        if hashlib.sha256(content).hexdigest() != file.sha256:
            return f"{file.filename}, which cures known defects, is not the one it was written with"
    return ""


def sweep_cures(folder: Path) -> None:
    """Remove the wheels that cure and that no lock beside them names any more, where that is allowed."""
    with suppress(OSError):
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("pylock.*.toml")]
        for path in folder.glob("tfsetup_cures-*.whl"):
            if FILE.fullmatch(path.name) and not any(path.name in text for text in texts):
                path.unlink()


def existing_folder(path: Path) -> Path:
    """Return `path` as a folder to write to.

    Raises:
        UsageError: it is a file.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"-o {path}: this is a file; a folder is expected.")
    return path
