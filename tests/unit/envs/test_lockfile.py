"""The lock between processes: who holds it, for how long one waits, and where there are no locks."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tfsetup.envs.lockfile as room
from support.envs import make_store, quiet
from tfsetup.envs.store import Store
from tfsetup.errors import BuildError

SIGNED = re.compile(r"\d+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 [\w.-]+\n")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def lock(store: Store) -> Path:
    return store.layout.root / "lock"


@contextmanager
def held_by_another(store: Store, text: str = "") -> Iterator[None]:
    """Hold the lock by another descriptor, as another process would."""
    with store.locked(say=quiet):
        pass
    with lock(store).open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(text.encode())
        file.flush()
        yield


def waited_for(store: Store) -> str:
    """Wait for a lock that is not given back, and return for whom."""
    said: list[str] = []
    with pytest.raises(BuildError), store.locked(say=said.append, limit=0):
        pass
    (line,) = said
    return line.removesuffix(" is working on this prefix; waiting for it.")


@pytest.mark.parametrize("before", [None, 0o644, 0o666, 0o600])
def test_only_the_owner_may_open_the_lock(store: Store, before: int | None) -> None:
    if before is not None:
        store.layout.root.mkdir()
        lock(store).touch()
        lock(store).chmod(before)
    with store.locked(say=quiet):
        assert stat.S_IMODE(lock(store).stat().st_mode) == 0o600
        assert SIGNED.fullmatch(lock(store).read_text())


def test_the_holder_is_named(store: Store) -> None:
    text = f"{os.getpid()} 2026-01-02T03:04:05+00:00 {room._node()}\n"
    with held_by_another(store, text):
        assert re.fullmatch(
            rf"Another tfsetup \(process {os.getpid()}, since 2026-01-0[123] [\d:]+\)", waited_for(store)
        )


def test_on_another_machine_it_is_named_with_that(store: Store) -> None:
    with held_by_another(store, "4711 2026-01-02T03:04:05+00:00 some-node.lab\n"):
        assert waited_for(store).startswith("Another tfsetup (process 4711 on some-node.lab, since 2026-01-0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4711",
        "x" * 5000,
        "\x1b[2J 2026-01-02T03:04:05+00:00 node\n",
        "4711 2026-01-02T03:04:05+00:00 \x1b[2J\n",
        "ä 2026-01-02T03:04:05+00:00 node\n",
    ],
)
def test_what_nobody_can_read_names_nobody(store: Store, text: str) -> None:
    with held_by_another(store, text):
        assert waited_for(store) == "Another tfsetup"


@pytest.mark.parametrize(
    "when", ["2026-99-02T03:04:05+00:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"]
)
def test_an_impossible_time_is_no_bug(store: Store, when: str) -> None:
    with held_by_another(store, f"4711 {when} node.lab\n"):
        assert waited_for(store).startswith("Another tfsetup (process 4711 on node.lab, since ")


def test_one_that_is_dead_is_not_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "alive", lambda _number: False)
    with held_by_another(store, f"4711 2026-01-02T03:04:05+00:00 {room._node()}\n"):
        assert waited_for(store) == "Another tfsetup"


def test_waiting_has_an_end(store: Store) -> None:
    began = time.monotonic()
    with held_by_another(store), pytest.raises(BuildError) as caught, store.locked(say=quiet, limit=0.3):
        pass
    assert time.monotonic() - began >= 0.3
    assert caught.value.code.exit_status == 6
    assert caught.value.message == (
        f"Another tfsetup is still working on {store.layout.prefix} after 0.3 s; this run gave up waiting. "
        "Nothing was changed."
    )
    assert f"fuser {lock(store)}" in caught.value.hint
    assert room.LIMIT == 3600


def test_a_long_wait_is_told_in_minutes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 3601.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(times))
    with held_by_another(store), pytest.raises(BuildError, match="after 60 minutes"), store.locked(say=quiet):
        pass


def failing(monkeypatch: pytest.MonkeyPatch, *codes: int) -> None:
    left = list(codes)

    def flock(_file: object, _operation: int) -> None:
        if left:
            raise OSError(code := left.pop(0), os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.parametrize("code", ["ENOLCK", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "ENOSYS"])
def test_a_file_system_without_locks_says_so_at_once(store: Store, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    failing(monkeypatch, getattr(errno, code))
    said: list[str] = []
    with pytest.raises(BuildError) as caught, store.locked(say=said.append):
        pass
    assert said == []
    assert caught.value.code.exit_status == 6
    assert caught.value.message.startswith(f"The file system of {store.layout.root} has no locks (")
    assert "--prefix DIR" in caught.value.hint


@pytest.mark.parametrize("code", [errno.EWOULDBLOCK, errno.EAGAIN])
def test_only_somebody_else_s_lock_is_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    failing(monkeypatch, code)
    said: list[str] = []
    with store.locked(say=said.append):
        assert len(said) == 1


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.EBADF])
def test_any_other_failure_is_told_as_it_is(store: Store, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    failing(monkeypatch, code)
    with pytest.raises(BuildError, match=os.strerror(code)), store.locked(say=quiet):
        pass


def test_a_signal_only_asks_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.EINTR, errno.EINTR)
    said: list[str] = []
    with store.locked(say=said.append):
        assert said == []


def test_a_full_disk_does_not_keep_anybody_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with store.locked(say=quiet) as descriptor:
        assert descriptor > 2


def test_another_name_of_a_file_is_not_written_to(store: Store, tmp_path: Path) -> None:
    store.layout.root.mkdir()
    (tmp_path / "thesis").write_text("years")
    os.link(tmp_path / "thesis", lock(store))
    with pytest.raises(BuildError, match="is not the lock file of tfsetup"), store.locked(say=quiet):
        pass
    assert (tmp_path / "thesis").read_text() == "years"


def test_a_pipe_in_its_place_is_refused(store: Store) -> None:
    store.layout.root.mkdir()
    os.mkfifo(lock(store))
    with pytest.raises(BuildError, match="is not the lock file of tfsetup"), store.locked(say=quiet):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_lock_of_somebody_else_is_not_waited_for(store: Store) -> None:
    store.layout.root.mkdir()
    lock(store).touch()
    os.chown(lock(store), 23456, -1)
    foreign = r"belongs to another user .user 23456., who could hold it"
    with pytest.raises(BuildError, match=foreign), store.locked(say=quiet):
        pass


def owners(monkeypatch: pytest.MonkeyPatch, *, file: int, folder: int) -> None:
    """Let open files and folders look like those of other users, which only root could make them."""
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        fields = list(found[:10])
        fields[stat.ST_UID] = file if stat.S_ISREG(found.st_mode) else folder
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", fstat)


def test_whose_the_lock_is_is_asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    owners(monkeypatch, file=23456, folder=os.geteuid())
    foreign = r"belongs to another user .user 23456., who could hold it"
    with pytest.raises(BuildError, match=foreign), store.locked(say=quiet):
        pass


def test_root_gives_the_lock_to_the_owner_of_the_folder(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    owners(monkeypatch, file=0, folder=12345)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _descriptor, user, _group: given.append(user))
    with store.locked(say=quiet):
        assert given == [12345]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_root_leaves_a_lock_that_the_folder_s_owner_can_take(store: Store, tmp_path: Path) -> None:
    store.layout.root.mkdir()
    for path in (tmp_path, store.layout.root):
        os.chown(path, 12345, 12345)
    with store.locked(say=quiet):
        assert lock(store).stat().st_uid == 12345


@pytest.mark.process
def test_a_child_keeps_it_when_its_parent_is_killed(store: Store, tmp_path: Path) -> None:
    script = (
        "import os, subprocess, sys; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path; from support.envs import make_store\n"
        "lock = make_store(Path(sys.argv[3])).locked(say=print)\nheld = lock.__enter__()\n"
        "child = subprocess.Popen(['sleep', '60'], pass_fds=[held], stdout=subprocess.DEVNULL, stderr=-3)\n"
        "print(child.pid, flush=True); os._exit(0)\n"
    )
    here = Path(__file__).parents[2]
    argv = [sys.executable, "-c", script, str(here), str(here.parent / "installer"), str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    try:
        assert waited_for(store) == "Another tfsetup"
    finally:
        os.kill(int(done.stdout), 9)
    with store.locked(say=quiet, limit=20):
        assert store.current() is None


def test_there_is_no_moment_in_which_others_could_open_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fchmod", lambda _descriptor, _mode: None)
    with store.locked(say=quiet):
        assert stat.S_IMODE(lock(store).stat().st_mode) == 0o600
