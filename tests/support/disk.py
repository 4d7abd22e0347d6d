"""What a piece of code does to files, seen at the system's calls: in which order, and what if one of them fails.

A test that knows no private name of the code it watches lives on when that code is written anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import pytest

Kind = Literal["open", "write", "fsync", "rename", "remove", "rmdir", "rmtree", "mkdir", "symlink"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing done to `path`; `other` is where a rename leads. `write`: opened for writing; `open`: for reading."""

    kind: Kind
    path: Path
    other: Path | None = None


Each = Callable[[Event], None]
"""What is called before each event takes place; what it raises, the system's call raises."""

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_watchers: list[Callable[[Event], None]] = []
_hooked: list[bool] = []


@contextmanager
def watching(folder: Path, *, each: Each | None = None) -> Iterator[list[Event]]:
    """Yield the list of what is done inside of `folder`, in its order; it grows while the `with` lasts."""
    seen: list[Event] = []
    root = folder.resolve()
    inside = [False]

    def watch(event: Event) -> None:
        if inside[0] or not any(path.is_relative_to(root) for path in (event.path, event.other) if path):
            return
        seen.append(event)
        inside[0] = True  # what `each` does to files is not seen
        try:
            if each is not None:
                each(event)
        finally:
            inside[0] = False

    if not _hooked:
        sys.addaudithook(_heard)  # once: an audit hook cannot be taken away
        _hooked.append(True)
    with pytest.MonkeyPatch.context() as patch:
        real = os.fsync

        def fsync(file: Any) -> None:
            watch(Event("fsync", _of(file if isinstance(file, int) else file.fileno())))
            real(file)

        patch.setattr(os, "fsync", fsync)
        _watchers.append(watch)
        try:
            yield seen
        finally:
            _watchers.remove(watch)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if _watchers and (made := _event(event, arguments)) is not None:
        for watch in _watchers:
            watch(made)


def _event(event: str, arguments: tuple[Any, ...]) -> Event | None:
    match event, arguments:
        case "open", (str() | bytes() | os.PathLike() as path, mode, flags):
            writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & _WRITING)
            return Event("write" if writes else "open", _path(path))
        case "os.rename", (path, other, *folders):
            return Event("rename", _path(path, *folders[:1]), _path(other, *folders[1:]))
        case "os.symlink", (_, path, *folders):
            return Event("symlink", _path(path, *folders))
        case "os.mkdir", (path, _, *folders):
            return Event("mkdir", _path(path, *folders))
        case (("os.remove" | "os.rmdir" | "shutil.rmtree"), (path, *folders)):
            kind: dict[str, Kind] = {"os.remove": "remove", "os.rmdir": "rmdir", "shutil.rmtree": "rmtree"}
            return Event(kind[event], _path(path, *folders))
        case _:
            return None


def _path(path: Any, folder: int | None = None) -> Path:
    text = os.fsdecode(path)
    base = _of(folder) if folder is not None and folder >= 0 else Path.cwd()
    whole = base / text
    # The last part is what the call is about, link or not; the folder is the real one.
    return Path(os.path.realpath(whole.parent), whole.name)


def _of(descriptor: int) -> Path:
    """Return the path of an open file or folder."""
    if sys.platform == "darwin":
        import fcntl

        return Path(os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0")))
    return Path(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115 - no file, a name of the kernel's


def every_failure(
    folder: Path, failure: BaseException, *, prepare: Callable[[], object], act: Callable[[], object]
) -> Iterator[BaseException | None]:
    """Prepare and act again and again, each time with another of the act's events failing; yield what it raised.

    It ends after the first time that nothing failed any more.
    """
    for number in range(1, 1000):
        prepare()
        count = [0]
        outcome: BaseException | None = None
        with watching(folder, each=_failing_at(number, failure, count)):
            try:
                act()
            except (Exception, KeyboardInterrupt) as caught:  # noqa: BLE001 - the test judges it
                outcome = caught
        yield outcome
        if count[0] < number:
            return


def _failing_at(number: int, failure: BaseException, count: list[int]) -> Each:
    def each(_event: Event) -> None:
        count[0] += 1
        if count[0] == number:
            raise failure

    return each


def set_trap(event: Event, victim: Path, trap: str) -> None:
    """Put a link to `victim` where a file is about to be written, as somebody else in a shared folder could."""
    if event.kind != "write":
        return
    event.path.unlink(missing_ok=True)
    if trap == "hard link":
        event.path.hardlink_to(victim)
    else:
        event.path.symlink_to(victim)


def assert_written_whole(seen: list[Event], place: Path) -> None:
    """Assert the four steps of a lasting file: a draft, down to the disk, renamed to its place, and the folder synced.

    And that nothing ever opened the place itself for writing.
    """
    place = Path(os.path.realpath(place.parent), place.name)
    assert Event("write", place) not in seen, f"{place.name} was written in place"
    renames = [at for at, event in enumerate(seen) if event.kind == "rename" and event.other == place]
    assert renames, f"nothing took the place of {place.name}: {seen}"
    draft = replace(seen[renames[-1]], other=None).path
    steps = [event for event in seen[: renames[-1]] if event.path == draft and event.kind in {"write", "fsync"}]
    assert [event.kind for event in steps[-2:]] == ["write", "fsync"], f"{place.name} was not brought to the disk"
    assert Event("fsync", place.parent) in seen[renames[-1] :], f"the name {place.name} was not brought to the disk"
