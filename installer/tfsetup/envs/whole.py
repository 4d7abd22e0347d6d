"""Whether a generation still is what its receipt says: the one check of `list`, `rollback`, `install` and the switch.

Looked at: the interpreter is there and starts; every distribution of the receipt is still installed; each file that
its RECORD names below the folder of packages is there with the recorded size, and its scripts are there and not empty;
the start-up file that cures known defects has the very text it was written with. Not looked at: the content of a file
whose size is right, data files elsewhere (programs rewrite them), byte code, what was added by hand, pip unless
somebody locked it (it asks its users itself to be brought up to date), and the conda packages that are no Python
distributions. Source: Python packaging user guide, "Recording installed projects".
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from tfsetup.envs.added import INFO, distribution
from tfsetup.envs.added import added as put_in
from tfsetup.envs.cures import assignments
from tfsetup.envs.model import ADOPTED, Layout, Receipt
from tfsetup.envs.ownership import may_own
from tfsetup.envs.recorded import inside, recorded, rows
from tfsetup.envs.start import start_problem
from tfsetup.ground.start_up import START_UP, State, state
from tfsetup.ground.values import value

Starts = Callable[[Path], str | None]
"""Starts an interpreter; returns why it does not, None when it does."""

EMPTY = "is empty"


@value
class Lack:
    """Something a generation has lost: `what` (a file from the environment's own folder on, or a package), and how.

    `package` is the distribution, as its `*.dist-info` folder spells it, None for what belongs to none.
    """

    what: str
    how: str
    package: str | None = None

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.what} {self.how}"


def lacks(
    layout: Layout, receipt: Receipt, *, starts: Starts = start_problem, of_files: tuple[Lack, ...] | None = None
) -> tuple[Lack, ...]:
    """Return what the generation of `receipt` has lost since it was built, the most basic first; empty when nothing.

    Nothing of a folder that belongs to somebody else is started. `of_files` is what `file_lacks` said a moment ago,
    where nothing has run since; None: it is asked now.
    """
    folder = layout.folder(receipt.generation)
    if (unseen := missing(folder)) is not None:
        return (unseen,)
    if (foreign := _foreign(layout, folder)) is not None:
        return (foreign,)
    lost = file_lacks(layout, receipt) if of_files is None else of_files
    return (*_interpreter(layout, receipt, starts), *lost)


def missing(path: Path) -> Lack | None:
    """Return that nothing stands at `path`, or that it may not be looked at; None when something does."""
    try:
        path.lstat()
    except FileNotFoundError:
        return Lack(what=str(path), how="is gone")
    except OSError as problem:
        return Lack(what=str(path), how=_cannot(problem))
    return None


def file_lacks(layout: Layout, receipt: Receipt) -> tuple[Lack, ...]:
    """Return the part of `lacks` that is about packages and their files."""
    if receipt.row == ADOPTED:
        return ()  # nothing is known of what was there before tfsetup came
    folder = layout.folder(receipt.generation)
    site = layout.site_packages(folder, receipt.python)
    records = _records(site)
    gone = tuple(_uninstalled(info, records) for info in receipt.packages if info not in records)
    if receipt.backend == "conda" and receipt.differing is None:
        return gone  # an old receipt does not say which files conda had changed
    found = _judge(folder, receipt.packages, records, site.relative_to(folder).as_posix())
    empty = tuple(_no_record(info) for info in receipt.packages if records.get(info) == "")
    excused = set(receipt.differing or ())
    cure = _start_up(folder, site, receipt)
    return (*gone, *cure, *(one for one in (*empty, *found) if one.what not in {*excused, *(one.what for one in cure)}))


def _start_up(folder: Path, site: Path, receipt: Receipt) -> tuple[Lack, ...]:
    """Return what became of the file that cures known defects: without it results are wrong, so all of it counts."""
    if not receipt.cures:
        return ()
    path = site / START_UP
    how = _EDITED[state(_content(path), receipt.cures)]
    what = path.relative_to(folder).as_posix()
    return (Lack(what=what, how=f"{how}; it sets {assignments(receipt.cures)}"),) if how else ()


def _content(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None


_EDITED: Mapping[State, str] = {"whole": "", "edited": "was edited", "missing": "is missing"}


def _foreign(layout: Layout, folder: Path) -> Lack | None:
    """Return that the folder of generations, this one, or its interpreter's is somebody else's (`may_own`)."""
    if sys.platform == "win32":
        return None
    try:
        around = layout.prefix.parent.stat().st_uid
        found = {each: each.stat().st_uid for each in (layout.root, folder, folder / "bin") if os.path.lexists(each)}
    except OSError as problem:
        return Lack(what=str(folder), how=_cannot(problem))
    foreign = (each for each, owner in found.items() if not may_own(owner, os.geteuid(), around))
    return next((Lack(what=str(each), how="belongs to another user") for each in foreign), None)


def _interpreter(layout: Layout, receipt: Receipt, starts: Starts) -> Iterator[Lack]:
    folder = layout.folder(receipt.generation)
    python = layout.python(folder, receipt.backend)
    name = python.relative_to(folder).as_posix()
    try:
        python.stat()
    except OSError as problem:
        if receipt.row != ADOPTED:
            yield Lack(what=name, how=_gone(python) if isinstance(problem, FileNotFoundError) else _cannot(problem))
        return
    if (why := starts(python)) is not None:
        yield Lack(what=name, how=why)


def _gone(python: Path) -> str:
    if not python.is_symlink():
        return "is gone"
    return f"leads to {python.readlink()}, which is gone"


def _cannot(problem: OSError) -> str:
    return f"cannot be read: {problem.strerror or problem}"


def _uninstalled(info: str, there: Iterable[str]) -> Lack:
    name, _, version = info.removesuffix(INFO).partition("-")
    known = distribution(info)[0]
    now = next((distribution(other)[1] for other in there if distribution(other)[0] == known), None)
    how = "is not installed any more" if now is None else f"was changed to {now}"
    return Lack(what=f"{name} {version}", how=how, package=info)


def _no_record(info: str) -> Lack:
    return Lack(what=f"{info}/RECORD", how="is missing or empty", package=info)


def added(layout: Layout, receipt: Receipt) -> tuple[str, ...]:
    """Return what somebody put into the generation of `receipt` by hand, `name==version`; it is whole nevertheless."""
    if receipt.row == ADOPTED:
        return ()
    return put_in(receipt, _infos(layout.site_packages(layout.folder(receipt.generation), receipt.python)))


def _records(site: Path) -> dict[str, str]:
    """Return the text of each distribution's RECORD, empty where there is none that can be read."""
    return {info: _content(site / info / "RECORD") or "" for info in _infos(site)}


def _infos(site: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(site) if entry.name.endswith(INFO) and entry.is_dir())
    except OSError:
        return []


def _judge(folder: Path, packages: Sequence[str], records: Mapping[str, str], site: str) -> Iterator[Lack]:
    """Yield what is wrong with the files of `packages`.

    Two distributions may own one path; whichever came last has written it, so the sizes of all `records` are right.
    """
    with _seen_from(folder) as (at, before):
        suspects = {info: _suspects(records[info], site, at, before) for info in packages if info in records}
    if not any(suspects.values()):
        return
    sizes: dict[str, set[int]] = {}
    for path, size in chain.from_iterable(recorded(text, site) for text in records.values()):
        sizes.setdefault(path, set()).add(size)
    for info, paths in suspects.items():
        for path in paths:
            how = _how(f"{folder}/{path}", sizes[path], exact=path.startswith(site + "/"))
            if how is not None:
                yield Lack(what=path, how=how, package=info)


@contextmanager
def _seen_from(folder: Path) -> Iterator[tuple[int | None, str]]:
    """Yield what paths below a folder are looked up from, and what goes before them: a system looks up each part."""
    try:
        opened = os.open(folder, os.O_RDONLY) if os.stat in os.supports_dir_fd else None
    except OSError:
        opened = None
    try:
        yield (None, f"{folder}/") if opened is None else (opened, "")
    finally:
        if opened is not None:
            os.close(opened)


def _suspects(text: str, site: str, at: int | None, before: str) -> list[str]:
    """Return the paths of which what is there is not plainly the file that was recorded.

    Nearly all are, of 17,000: so each is asked for once, and thought about only where it is another.
    """
    ask, regular, found = os.stat, stat.S_IFREG >> 12, []
    for name, size in rows(text):
        path = inside(name, site) if ".." in name else f"{site}/{name}"
        if path is None or not size.isdecimal():
            continue
        try:
            there = ask(before + path, dir_fd=at)
        except OSError:
            found.append(path)
        else:
            if there.st_size != int(size) or there.st_mode >> 12 != regular:
                found.append(path)
    return found


def _how(path: str, sizes: set[int], *, exact: bool) -> str | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - 20,000 of them
    except FileNotFoundError:
        return "is missing"
    except OSError as problem:
        return _cannot(problem)
    if not stat.S_ISREG(found.st_mode):
        return "is not a file any more"
    if found.st_size in sizes:
        return None
    if found.st_size == 0:
        return EMPTY
    return f"has {found.st_size:,} bytes, not {min(sizes):,}" if exact else None
