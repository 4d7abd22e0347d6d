"""Generations on disk: the link, the folders, the receipts, and the lock between processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from tfsetup.envs.model import RECEIPT_SCHEMA, Layout, Receipt
from tfsetup.envs.swap import exchange
from tfsetup.errors import BuildError, InvalidFileError, UsageError, Where
from tfsetup.ground.files import sync_folder, write_whole

_DRAFT = re.compile(r"\.link-\d+|\.\d+\.json\.\d+")
_GOING = re.compile(r"\.gone-\d+-\d+")


def layout_for(prefix: Path) -> Layout:
    """Return the layout of `prefix` on this machine; the prefix itself is not resolved, because it is a link."""
    parent = Path(os.path.abspath(prefix.parent)).resolve()  # noqa: PTH100 - `..` is cut as text before links are followed
    return Layout(prefix=parent / prefix.name, windows=sys.platform == "win32")


class Store:
    """The generations of one prefix."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def current(self) -> int | None:
        """Return the generation the prefix points to, or None when there is no prefix.

        Raises:
            BuildError: something that is not ours stands at the prefix.
        """
        prefix = self.layout.prefix
        if not os.path.lexists(prefix):
            return None
        target = _link_target(prefix)
        if target is None or target.parent != self.layout.root or not target.name.isdigit():
            raise not_ours(prefix)
        return int(target.name)

    def numbers(self) -> list[int]:
        """Return the finished generations (those with a receipt), oldest first."""
        if not self.layout.root.is_dir():
            return []
        found = (path.stem for path in self.layout.root.glob("*.json") if path.stem.isdigit())
        return sorted(int(stem) for stem in found if _is_real_folder(self.layout.folder(int(stem))))

    def next_number(self) -> int:
        """Return a number no generation ever had, finished or not."""
        names = (path.stem for path in self.layout.root.iterdir()) if self.layout.root.is_dir() else ()
        return max((int(name) for name in names if name.isdigit()), default=0) + 1

    def receipt(self, generation: int) -> Receipt:
        """Read a receipt.

        Raises:
            InvalidFileError: it is damaged or of a newer tfsetup.
        """
        import msgspec

        path = self.layout.receipt(generation)
        try:
            receipt = msgspec.json.decode(path.read_bytes(), type=Receipt)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as problem:
            message = f"The receipt of generation {generation} cannot be read: {problem}"
            hint = "Build the environment anew with `tfsetup install`."
            raise InvalidFileError(message, where=Where(file=str(path)), hint=hint) from problem
        if receipt.schema != RECEIPT_SCHEMA:
            message = f"The receipt of generation {generation} was written by another version of tfsetup."
            raise InvalidFileError(message, where=Where(file=str(path)), hint="Update tfsetup.")
        return receipt

    def write_receipt(self, receipt: Receipt) -> None:
        """Write a receipt whole or not at all."""
        write_whole(self.layout.receipt(receipt.generation), json.dumps(asdict(receipt), indent=1))

    def switch(self, generation: int) -> None:
        """Point the prefix at `generation`; at every moment the prefix is the old or the new environment."""
        _make_link(self.layout.prefix, self.layout.folder(generation))

    def adopt(self, receipt: Receipt, generation: int) -> None:
        """Take the place of a real folder at the prefix: switch to `generation` and keep the folder under `receipt`.

        The folder's scripts keep working after a rollback: they name the prefix, which leads back to it then. Link and
        folder change places in one step where the file system can do that, so a kill finds the one or the other.
        """
        self.write_receipt(receipt)
        kept = self.layout.folder(receipt.generation)
        _make_link(kept, self.layout.folder(generation))
        exchange(self.layout.prefix, kept)

    def discard(self, generation: int) -> None:
        """Remove a generation and its receipt, the receipt first, so that a kill leaves an unfinished build.

        Raises:
            BuildError: a link stands where the generation should be, or its files cannot be removed.
        """
        folder = self.layout.folder(generation)
        if folder.is_symlink() or not folder.is_relative_to(self.layout.root):
            raise BuildError(f"{folder} is a link, not a generation; it is left alone.", hint="Remove it by hand.")
        try:
            self.layout.receipt(generation).unlink(missing_ok=True)
            if folder.exists():
                # Under another name first: a program of a killed run that still writes here finds no folder then.
                going = folder.with_name(f".gone-{generation}-{os.getpid()}")
                folder.rename(going)
                shutil.rmtree(going)
        except OSError as problem:
            raise unwritable(folder, problem) from problem

    def clean(self) -> list[int]:
        """Remove what a killed run left, and return the numbers of the unfinished generations among it.

        Only what is ours by its name and what no receipt vouches for: numbered folders and links, drafts, receipts
        whose folder is gone.
        """
        if not self.layout.root.is_dir():
            return []
        for path in self.layout.root.iterdir():
            if _DRAFT.fullmatch(path.name) or (path.name.isdigit() and path.is_symlink()):
                with suppress(OSError):
                    path.unlink()
            elif _GOING.fullmatch(path.name) and _is_real_folder(path):
                shutil.rmtree(path, ignore_errors=True)
        finished = set(self.numbers())
        names = (path for path in self.layout.root.iterdir() if path.stem.isdigit() and path.suffix in {"", ".json"})
        unfinished = {int(path.stem) for path in names} - finished
        for number in sorted(unfinished):
            self.discard(number)
        return sorted(unfinished)

    def recover(self) -> None:
        """Finish a switch that was killed halfway, where the system cannot do it in one step.

        Such a switch first takes the prefix away (a junction on Windows, a folder that is being adopted elsewhere), so
        a prefix that is not there, with its draft or itself put aside, is what a killed one leaves.
        """
        if not self.layout.root.is_dir():
            return
        for aside in self.layout.root.glob("*.old"):
            place = self.layout.root / aside.stem if os.path.lexists(self.layout.prefix) else self.layout.prefix
            if _is_real_folder(aside) and not os.path.lexists(place):
                aside.rename(place)
        drafts = [path for path in self.layout.root.glob(".link-*") if _link_target(path) in self._folders()]
        if drafts and not os.path.lexists(self.layout.prefix):
            drafts[0].rename(self.layout.prefix)

    def _folders(self) -> set[Path]:
        return {self.layout.folder(number) for number in self.numbers()}

    @contextmanager
    def locked(self, *, waiting: Callable[[], None]) -> Iterator[int]:
        """Keep every other process from changing this prefix. `waiting` is called once if somebody else is at it.

        The operating system gives the lock back when its holder dies, however it dies: there are no stale ones. It
        yields the lock's descriptor: a child that works on the prefix inherits it, so that the lock outlives a killed
        parent for as long as the child still writes.

        Raises:
            BuildError: the folder of generations cannot be written, or is somebody else's.
        """
        try:
            self.layout.root.mkdir(parents=True, exist_ok=True)
            _refuse_foreign(self.layout.root)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            file = os.fdopen(os.open(self.layout.root / "lock", flags, 0o644), "a+b")
        except OSError as problem:
            raise unwritable(self.layout.root, problem) from problem
        with file:
            if not _try_lock(file):
                waiting()
                _wait_lock(file)
            self.recover()
            yield file.fileno()


def _refuse_foreign(root: Path) -> None:
    """Refuse a link that another user put where the generations belong: what is written there would be elsewhere.

    A link of one's own (to a larger disk, for example) is followed.
    """
    found = os.lstat(root)
    if stat.S_ISLNK(found.st_mode) and sys.platform != "win32" and found.st_uid not in {0, os.geteuid()}:
        raise BuildError(
            f"{root} is a link that belongs to another user; nothing is written through it.",
            hint="Build elsewhere: `tfsetup install --prefix OTHER`.",
        )


def not_ours(prefix: Path) -> BuildError:
    """Return the refusal of a prefix that tfsetup did not make."""
    return BuildError(
        f"{prefix} exists and was not made by tfsetup; it is left as it is.",
        hint="Build elsewhere: `tfsetup install --prefix OTHER`; or take its place and keep it to roll back to: "
        "`tfsetup install --replace`.",
    )


def unwritable(folder: Path, problem: OSError) -> BuildError:
    """Return the error for a folder that cannot be written."""
    return BuildError(
        f"{folder} cannot be written: {problem.strerror or problem}.",
        hint="Choose a folder of your own with --prefix; nothing here needs root.",
    )


def existing(store: Store, generation: int) -> int:
    """Return `generation` if it exists.

    Raises:
        UsageError: it does not.
    """
    numbers = store.numbers()
    if generation not in numbers:
        known = ", ".join(map(str, numbers)) or "none"
        raise UsageError(f"There is no generation {generation} of {store.layout.prefix}.", hint=f"There are: {known}.")
    return generation


def _link_target(prefix: Path) -> Path | None:
    """Return where the link leads (one step, as an absolute path), None when it is not a link (or junction)."""
    try:
        target = Path(os.readlink(prefix))  # noqa: PTH115 - also reads junctions, which Path.readlink did not before 3.12
    except OSError:
        return None
    target = Path(str(target).removeprefix("\\\\?\\"))
    return target if target.is_absolute() else prefix.parent / target


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _make_link(prefix: Path, folder: Path) -> None:
    draft = folder.parent / f".link-{os.getpid()}"
    draft.unlink(missing_ok=True)
    if sys.platform == "win32":
        import _winapi

        # A directory junction needs no privilege, but cannot be replaced in one step; the gap is two system calls.
        _winapi.CreateJunction(str(folder), str(draft))
        with suppress(FileNotFoundError):
            prefix.rmdir()
        draft.rename(prefix)
        return
    # Relative, so that a project folder that is moved or mounted elsewhere keeps its link.
    draft.symlink_to(Path(folder.parent.name) / folder.name)
    draft.replace(prefix)
    sync_folder(prefix.parent)


def _try_lock(file: IO[bytes]) -> bool:
    try:
        _lock(file, block=False)
    except OSError:
        return False
    return True


def _wait_lock(file: IO[bytes]) -> None:
    _lock(file, block=True)


def _lock(file: IO[bytes], *, block: bool) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        # LK_LOCK gives up after ten seconds, and then the loop asks again.
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if block else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not block:
                    raise
            else:
                return
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
