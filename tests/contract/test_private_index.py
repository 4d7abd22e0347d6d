"""A private index behind a password: honoured however it is named, and its password nowhere but on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.examples import heavy_but_one_in
from support.index import make_wheel, serve
from support.matrix import shipped
from support.process import tfsetup
from tfsetup.locks.files import read_lock
from tfsetup.locks.order import Order
from tfsetup.locks.venv.targets import targets_for
from tfsetup.matrix.model import Ask

pytestmark = [pytest.mark.process, pytest.mark.loopback]

ROW = "linux-x86_64-cpu"
SECRET = "hunter2"  # noqa: S105 - a password for this test alone
CPU = next(row for row in shipped().rows if row.id == ROW)
PIN = targets_for(CPU, Order(ask=Ask()), shipped(), locked={})[0].selection.requirements[0]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[int]:
    """An index with the row's distribution and one thing that it requires."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    name, _, version = PIN.partition("==")
    make_wheel(folder, f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "six>=1")
    make_wheel(folder, "six-1.5-py3-none-any.whl")
    with serve(folder, f"user:{SECRET}") as port:
        yield port


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    plain = {"UV_CACHE_DIR": str(tmp_path / "cache"), "PIP_EXTRA_INDEX_URL": "", "NETRC": str(tmp_path / "netrc")}
    return plain | {"UV_HTTP_RETRIES": "0", "NO_PROXY": "127.0.0.1", "HOME": str(tmp_path)} | more


def argv(*more: str) -> list[str]:
    return ["-v", "lock", "--platform", ROW, "--no-prove", "--json", *more]


@pytest.mark.parametrize(
    "how", heavy_but_one_in(5, ["option", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "netrc"])
)
def test_the_index_is_honoured_and_its_password_stays_out(tmp_path: Path, index: int, how: str) -> None:
    url = f"http://user:{SECRET}@127.0.0.1:{index}/simple"
    bare = f"http://127.0.0.1:{index}/simple"
    project = tmp_path / "project"
    project.mkdir()
    options, variables = [], {}
    if how == "option":
        options = ["--index-url", url]
    elif how == "netrc":
        (tmp_path / "netrc").write_text(f"machine 127.0.0.1\nlogin user\npassword {SECRET}\n")
        options = ["--index-url", bare]
    else:
        variables = {how: url}
    done = tfsetup(*argv(*options), cwd=project, **environ(tmp_path, **variables))
    assert done.returncode == 0, done.stderr + done.stdout
    path = project / "environments" / "locks" / f"pylock.{ROW}.toml"
    lock = read_lock(path)
    assert [(p.name, p.index) for p in lock.packages] == [("six", bare), (PIN.partition("==")[0], bare)]
    assert all(f"127.0.0.1:{index}/files/" in (p.wheels[0].url or "") for p in lock.packages)
    everything = done.stdout + done.stderr + "".join(f.read_text() for f in path.parent.iterdir())
    assert SECRET not in everything
    assert "user" not in "".join(f.read_text() for f in path.parent.iterdir())


def test_a_wrong_password_is_exit_5_and_told_to_nobody(tmp_path: Path, index: int) -> None:
    url = f"http://user:another-secret@127.0.0.1:{index}/simple"
    done = tfsetup(*argv("--index-url", url), cwd=tmp_path, **environ(tmp_path))
    assert done.returncode == 5
    error = json.loads(done.stdout)["error"]
    assert "The package index refused access" in error["message"]
    assert "another-secret" not in done.stdout + done.stderr


def test_both_forms_are_the_same_packages(tmp_path: Path, index: int) -> None:
    url = f"http://user:{SECRET}@127.0.0.1:{index}/simple"
    for form in ("pylock", "portable"):
        done = tfsetup(*argv("--index-url", url, "--format", form, "-o", "locks"), cwd=tmp_path, **environ(tmp_path))
        assert done.returncode == 0, done.stderr + done.stdout
    one, two = (read_lock(tmp_path / "locks" / name) for name in (f"pylock.{ROW}.toml", f"requirements.{ROW}.txt"))
    assert [(p.name, p.version, p.wheels[0].sha256) for p in one.packages] == [
        (p.name, p.version, p.wheels[0].sha256) for p in two.packages
    ]
    assert "://" not in two.text
