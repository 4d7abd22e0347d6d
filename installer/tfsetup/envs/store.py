"""Generations on disk: the link, the folders, the receipts, and the lock between processes."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from tfsetup.envs.links import is_real_folder, link_target, make_link, take_away
from tfsetup.envs.lockfile import LIMIT, held
from tfsetup.envs.mend import is_lost, rebuilt
from tfsetup.envs.model import ADOPTED, RECEIPT_SCHEMA, Layout, Receipt
from tfsetup.envs.ownership import owned
from tfsetup.envs.start import start_problem
from tfsetup.envs.swap import exchange
from tfsetup.envs.whole import Lack, Starts, lacks, missing
from tfsetup.errors import BuildError, Code, InvalidFileError, TfsetupError, UsageError, Where
from tfsetup.ground.files import sync_folder, write_whole

_DRAFT = re.compile(r"\.link-\d+|\.\d+\.json\.\d+|\.\.gitignore\.\d+")
_GOING = re.compile(r"\.gone-\d+-\d+")
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_SHOWN = 3  # of what a generation has lost: enough to see what happened to it


def layout_for(prefix: Path) -> Layout:
    """Return the layout of `prefix` on this machine; the prefix itself is not resolved, because it is a link."""
    parent = Path(os.path.abspath(prefix.parent)).resolve()  # noqa: PTH100 - `..` is cut as text before links are followed
    return Layout(prefix=parent / prefix.name, windows=sys.platform == "win32")


class Store:
    """The generations of one prefix."""

    def __init__(self, layout: Layout, *, starts: Starts = start_problem) -> None:
        """Take the place of the prefix, and what starts an interpreter to see whether that works."""
        self.layout = layout
        self.starts = starts

    def current(self) -> int | None:
        """Return the generation the prefix points to, or None when there is no prefix.

        Raises:
            BuildError: something that is not ours stands at the prefix.
        """
        prefix = self.layout.prefix
        if not os.path.lexists(prefix):
            return None
        target = link_target(prefix)
        if target is None or target.parent != self.layout.root or not target.name.isdigit():
            raise not_ours(prefix)
        return int(target.name)

    def numbers(self) -> list[int]:
        """Return the finished generations (those with a receipt), oldest first."""
        if not self.layout.root.is_dir():
            return []
        found = (path.stem for path in self.layout.root.glob("*.json") if path.stem.isdigit())
        return sorted(int(stem) for stem in found if is_real_folder(self.layout.folder(int(stem))))

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

    def unknown(self, generation: int) -> str:
        """Return, in words, why nothing is known of a generation whose receipt could not be read."""
        receipt = self.layout.receipt(generation)
        unseen = missing(self.layout.folder(generation)) or missing(receipt)
        return str(unseen or f"{receipt} cannot be read")

    def write_receipt(self, receipt: Receipt) -> None:
        """Write a receipt whole or not at all, down to the disk."""
        write_whole(self.layout.receipt(receipt.generation), json.dumps(asdict(receipt), indent=1))

    def lacks(self, receipt: Receipt, *, of_files: tuple[Lack, ...] | None = None) -> tuple[Lack, ...]:
        """Return what the generation of `receipt` has lost since it was built; empty when it is whole.

        `of_files` as in `whole.lacks`.
        """
        return lacks(self.layout, receipt, starts=self.starts, of_files=of_files)

    def require_whole(self, receipt: Receipt, *, of_files: tuple[Lack, ...] | None = None) -> None:
        """Let a generation pass that is what its receipt says; `of_files` as in `whole.lacks`.

        Raises:
            NotWholeError: it has lost something.
        """
        if lost := self.lacks(receipt, of_files=of_files):
            raise NotWholeError(receipt.generation, lost)

    def switch(self, generation: int, *, of_files: tuple[Lack, ...] | None = None) -> None:
        """Point the prefix at `generation`, if it is whole; at every moment the prefix is the old or the new one.

        `of_files` as in `whole.lacks`.

        Raises:
            InvalidFileError: its receipt cannot be read.
            NotWholeError: it has lost something; the prefix is as it was.
            BuildError: its Python does not start at the prefix; the prefix leads again where it led before.
        """
        receipt = self.receipt(generation)
        self.require_whole(receipt, of_files=of_files)
        before = self.current()

        def go_back() -> None:
            if self.current() != before:
                self._point(before)

        with self._taken_back(receipt, go_back):
            self._point(generation)

    def adopt(self, receipt: Receipt, generation: int, *, of_files: tuple[Lack, ...] | None = None) -> None:
        """Take the place of a real folder at the prefix: switch to `generation` and keep the folder under `receipt`.

        `of_files` as in `whole.lacks`.

        The folder's scripts keep working after a rollback: they name the prefix, which leads back to it then. Link and
        folder change places in one step where the file system can do that, so a kill finds the one or the other.

        Raises:
            NotWholeError: `generation` has lost something.
            BuildError: its Python does not start at the prefix; the folder is back there.
        """
        new = self.receipt(generation)
        self.require_whole(new, of_files=of_files)
        self.write_receipt(receipt)
        kept = self.layout.folder(receipt.generation)

        def give_back() -> None:
            self.recover()
            if not is_real_folder(self.layout.prefix):
                exchange(self.layout.prefix, kept)
            take_away(kept)
            self.layout.receipt(receipt.generation).unlink(missing_ok=True)
            sync_folder(self.layout.prefix.parent)

        with self._taken_back(new, give_back):
            make_link(kept, self.layout.folder(generation))
            exchange(self.layout.prefix, kept)
            sync_folder(self.layout.root)
            sync_folder(self.layout.prefix.parent)

    @contextmanager
    def _taken_back(self, receipt: Receipt, back: Callable[[], None]) -> Iterator[None]:
        """Go `back` unless the change inside the `with` succeeds and the Python at the prefix starts afterwards."""
        try:
            yield
            self._require_start(receipt)
        except BaseException as problem:
            try:
                back()
            except OSError as failed:
                raise _stuck(self.layout.prefix, receipt, failed) from problem
            if isinstance(problem, OSError):
                raise unwritable(self.layout.root, problem) from problem
            raise

    def _require_start(self, receipt: Receipt) -> None:
        python = self.layout.python(self.layout.prefix, receipt.backend)
        # What was there before tfsetup came may be anything; where it has a Python, that must start too.
        if receipt.row == ADOPTED and not os.path.lexists(python):
            return
        if (why := self.starts(python)) is not None:
            raise BuildError(
                f"{python} {why}, once it was generation {receipt.generation}; that was taken back.",
                hint="The environment is as it was before. `tfsetup doctor` looks for the cause.",
            )

    def _point(self, generation: int | None) -> None:
        """Let the prefix lead to a generation, or to nothing, and bring that to the disk."""
        if generation is None:
            take_away(self.layout.prefix)
        else:
            make_link(self.layout.prefix, self.layout.folder(generation))
        sync_folder(self.layout.prefix.parent)

    def pointed_at(self, generation: int) -> bool:
        """Tell whether the prefix leads to a generation, by whatever way: that one is never removed."""
        folder = self.layout.folder(generation)
        if link_target(self.layout.prefix) == folder:
            return True
        if folder.is_symlink():
            return False  # what it leads to may well be the current one: it goes, and that stays
        try:
            return self.layout.prefix.samefile(folder)
        except OSError:
            return False

    def discard(self, generation: int) -> None:
        """Remove a generation and its receipt, the receipt first, so that a kill leaves an unfinished build.

        Raises:
            BuildError: the prefix leads to it, a link stands where it should be, or its files cannot be removed.
        """
        folder = self.layout.folder(generation)
        if self.pointed_at(generation):
            raise BuildError(
                f"{self.layout.prefix} leads to generation {generation}; it is not removed.",
                hint="Go to another one first: `tfsetup rollback N`.",
            )
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
        whose folder is gone. Never what the prefix leads to.
        """
        if not self.layout.root.is_dir():
            return []
        for path in self.layout.root.iterdir():
            if _DRAFT.fullmatch(path.name) or self._stray_link(path):
                with suppress(OSError):
                    path.unlink()
            elif _GOING.fullmatch(path.name) and is_real_folder(path):
                shutil.rmtree(path, ignore_errors=True)
        finished = set(self.numbers())
        names = (path for path in self.layout.root.iterdir() if path.stem.isdigit() and path.suffix in {"", ".json"})
        unfinished = sorted({int(path.stem) for path in names} - finished)
        removed = [number for number in unfinished if not self.pointed_at(number)]
        for number in removed:
            self.discard(number)
        return removed

    def _stray_link(self, path: Path) -> bool:
        return path.name.isdigit() and path.is_symlink() and not self.pointed_at(int(path.name))

    def recover(self) -> None:
        """Finish a switch that was killed halfway, where the system cannot do it in one step.

        Such a switch first takes the prefix away (a junction on Windows, a folder that is being adopted elsewhere), so
        a prefix that is not there, with its draft or itself put aside, is what a killed one leaves.
        """
        if not self.layout.root.is_dir():
            return
        for aside in self.layout.root.glob("*.old"):
            place = self.layout.root / aside.stem if os.path.lexists(self.layout.prefix) else self.layout.prefix
            if is_real_folder(aside) and not os.path.lexists(place):
                aside.rename(place)
        drafts = [path for path in self.layout.root.glob(".link-*") if link_target(path) in self._folders()]
        if drafts and not os.path.lexists(self.layout.prefix):
            drafts[0].rename(self.layout.prefix)

    def _folders(self) -> set[Path]:
        return {self.layout.folder(number) for number in self.numbers()}

    @contextmanager
    def locked(self, *, say: Callable[[str], object], limit: float = LIMIT) -> Iterator[int]:
        """Keep every other process from changing this prefix, and finish or mend what an earlier one left.

        `say` is told for whom this waits (at most `limit` seconds), and what was mended. It yields the lock's
        descriptor: a child that works on the prefix inherits it, so that the lock outlives a killed parent for as long
        as the child still writes.

        Raises:
            BuildError: the folder of generations cannot be written, is somebody else's, has no locks, or another
                tfsetup holds the lock for too long.
        """
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(owned(self.layout.root, say))
                descriptor = stack.enter_context(held(self.layout.root, folder, say, limit=limit))
                self.recover()
                self._mend(say)
            except OSError as problem:
                raise unwritable(self.layout.root, problem) from problem
            yield descriptor

    def _mend(self, say: Callable[[str], object]) -> None:
        """Write what must be there and is not: the `.gitignore`, and the receipt of what the prefix leads to."""
        with suppress(OSError):  # a full disk must not keep anybody from clearing up
            if not (ignore := self.layout.root / ".gitignore").exists():
                write_whole(ignore, "*\n")
        number = self._target()
        if number is not None and not os.path.lexists(self.layout.folder(number)):
            say(f"Note      {self.layout.prefix} leads to generation {number}, which is gone.")
        elif number is not None and is_lost(self.layout, number):
            self._write_anew(number, say)

    def _write_anew(self, number: int, say: Callable[[str], object]) -> None:
        path = self.layout.receipt(number)
        try:
            self.write_receipt(rebuilt(self.layout, number))
        except OSError as problem:
            say(f"Note      {path} is gone or damaged, and cannot be written anew: {problem.strerror or problem}.")
        else:
            say(
                f"Note      {path} was gone or damaged; it was written anew from the files of generation {number}. "
                "What was asked for, and when it was built, is no longer known."
            )

    def _target(self) -> int | None:
        """Return the generation the prefix leads to, None for anything else that stands there."""
        try:
            return self.current()
        except BuildError:
            return None


class NotWholeError(TfsetupError):
    """A generation is not what its receipt says: the answer to "may it be switched to" is no."""

    def __init__(self, generation: int, lost: Sequence[Lack]) -> None:
        """Exit 7. The message names the first of what is lost."""
        shown = "; ".join(map(str, lost[:_SHOWN])) + (f"; and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else "")
        self.words = shown
        self.what = f"Generation {generation} is not whole: {shown}."
        super().__init__(
            Code.ANSWER_IS_NO,
            f"{self.what} Nothing was changed.",
            hint="`tfsetup list` shows which generations are whole; `tfsetup install` builds anew.",
        )
        self.generation = generation
        self.lost = tuple(lost)


def _stuck(prefix: Path, receipt: Receipt, problem: OSError) -> BuildError:
    return BuildError(
        f"{prefix} could not be switched to generation {receipt.generation}, nor back: {problem.strerror or problem}.",
        hint="`tfsetup list` shows what it is now; make room or get the right to write there, then `tfsetup rollback`.",
    )


def not_ours(prefix: Path) -> BuildError:
    """Return the refusal of a prefix that tfsetup did not make."""
    if prefix.is_symlink() and not prefix.exists():
        return BuildError(
            f"{prefix} is a link to {link_target(prefix)}, which is not there, and was not made by tfsetup.",
            hint=f"Remove the link if nothing needs it: rm {prefix}. Or build elsewhere: "
            "`tfsetup install --prefix OTHER`.",
        )
    return BuildError(
        f"{prefix} exists and was not made by tfsetup; it is left as it is.",
        hint="Build elsewhere: `tfsetup install --prefix OTHER`; or take its place and keep it to roll back to: "
        "`tfsetup install --replace`.",
    )


def unwritable(folder: Path, problem: OSError) -> BuildError:
    """Return the error for a folder that cannot be written."""
    if problem.errno in _FULL:
        return BuildError(
            f"The disk is full: {folder} cannot be written: {problem.strerror or problem}.",
            hint="Make room: `df -h` and `df -i` (number of files) show where; `tfsetup gc` removes old generations.",
        )
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
