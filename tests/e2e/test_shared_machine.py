"""A machine with other users, and one whose file system has no locks: real users, real locks, real links."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.envs import finish, make_store
from support.process import ROOT, tfsetup

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(sys.platform != "linux", reason="flock is replaced by LD_PRELOAD"),
]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

ME, OTHER = 12345, 23456
# All is imported before the user changes: the folders of the one who runs the tests may be closed to others.
AS = """
import os, sys
sys.path[:0] = sys.argv[3:5]
import msgspec, subprocess, encodings.ascii, encodings.idna
from support.envs import make_store
from tfsetup.envs.generations import roll_back
from tfsetup.errors import TfsetupError
from pathlib import Path
os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1])); os.umask(int(sys.argv[2], 8))
try:
    print(roll_back(make_store(Path(sys.argv[5])), int(sys.argv[6]), say=print)[1].generation)
except TfsetupError as error:
    print(error.message); sys.exit(error.code.exit_status)
"""


@pytest.fixture
def project() -> Iterator[Path]:
    """A folder that every user can reach, with three generations in it."""
    folder = Path(tempfile.mkdtemp(prefix="tfsetup-test-"))
    folder.chmod(0o755)
    store = make_store(folder)
    for number in (1, 2, 3):
        finish(store, number)
    store.switch(3)
    yield folder
    shutil.rmtree(folder)


def give(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)


def roll_back_as(user: int, project: Path, number: int, *, umask: str = "022") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", AS, str(user), umask, str(ROOT / "installer"), str(ROOT / "tests"), str(project)]
    return subprocess.run([*argv, str(number)], cwd="/", capture_output=True, text=True, check=False)


@root_only
def test_what_another_user_owns_is_refused_and_not_run(project: Path) -> None:
    give(project, ME)
    generations = project / ".venv.generations"
    os.chown(generations, OTHER, OTHER)
    generations.chmod(0o777)
    trap = project / "ran"
    (generations / "1/bin/python").write_text(f"#!/bin/sh\ntouch {trap}\n")
    done = roll_back_as(ME, project, 1)
    assert (done.returncode, done.stderr) == (6, "")
    assert f"{generations} belongs to another user (user {OTHER})" in done.stdout
    assert not trap.exists()
    assert (project / ".venv").readlink().name == "3"
    assert not (generations / "lock").exists()


@root_only
def test_one_s_own_is_tightened_and_used(project: Path) -> None:
    give(project, ME)
    generations = project / ".venv.generations"
    generations.chmod(0o775)
    done = roll_back_as(ME, project, 1, umask="002")
    told = f"Note      Others could write to {generations}; now only its owner can.\n1\n"
    assert (done.returncode, done.stdout) == (0, told), done.stderr
    assert stat.S_IMODE(generations.stat().st_mode) == 0o755
    assert stat.S_IMODE((generations / "lock").stat().st_mode) == 0o600
    assert "PermissionError" in open_as(OTHER, generations / "lock")


def open_as(user: int, file: Path) -> str:
    """Open a file as another user; return what Python says of it."""
    script = f"import os, sys; os.setgroups([]); os.setgid({user}); os.setuid({user}); open(sys.argv[1])"
    argv = [sys.executable, "-c", script, str(file)]
    return subprocess.run(argv, cwd="/", capture_output=True, text=True, check=False).stderr


@root_only
def test_root_works_in_a_folder_of_the_same_owner_and_leaves_him_the_lock(project: Path) -> None:
    give(project, ME)
    done = tfsetup("rollback", "2", cwd=project)
    assert done.returncode == 0, done.stderr
    assert roll_back_as(ME, project, 1).returncode == 0
    os.chown(project / ".venv.generations", OTHER, OTHER)
    refused = tfsetup("rollback", "2", cwd=project)
    assert refused.returncode == 6
    assert "belongs to another user" in refused.stderr


@pytest.fixture(scope="module")
def no_locks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library in whose programs no file can be locked; FLOCK_ERRNO says why."""
    folder = tmp_path_factory.mktemp("flock")
    (folder / "flock.c").write_text(
        "#include <errno.h>\n#include <stdlib.h>\n"
        'int flock(int file, int how) { errno = atoi(getenv("FLOCK_ERRNO")); return -1; }\n'
    )
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "flock.so", "flock.c"], cwd=folder, check=True)
    return folder / "flock.so"


@pytest.mark.parametrize("command", [["gc"], ["rollback"], ["remove", "1"]])
@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS])
def test_a_file_system_without_locks_says_so(project: Path, no_locks: Path, command: list[str], code: int) -> None:
    done = tfsetup(*command, cwd=project, LD_PRELOAD=str(no_locks), FLOCK_ERRNO=str(code))
    assert done.returncode == 6
    assert done.stderr.startswith(f"error: The file system of {project}/.venv.generations has no locks (")
    assert "waiting" not in done.stderr
    assert (project / ".venv").readlink().name == "3"
