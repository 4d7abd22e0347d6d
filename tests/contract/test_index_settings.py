"""Which index the real uv uses: what others wrote, plain http however it is reached, and what is handed on."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.certificates import make
from support.faulty_index import Handler, Index, serve
from support.index import make_wheel
from support.matrix import shipped
from support.process import data, tfsetup
from tfsetup.locks.order import Order
from tfsetup.locks.venv.targets import targets_for
from tfsetup.matrix.model import Ask

# Real uv, many times over: half a minute that `make check` has not got.
pytestmark = [pytest.mark.process, pytest.mark.loopback, pytest.mark.heavy]

ROW = "linux-x86_64-cpu"
CPU = next(row for row in shipped().rows if row.id == ROW)
PIN = targets_for(CPU, Order(ask=Ask()), shipped(), locked={})[0].selection.requirements[0]
LOCK = ("lock", "--platform", ROW, "--no-prove", "--json")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """The row's distribution and one thing that it requires, in two versions."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    name, _, version = PIN.partition("==")
    make_wheel(folder, f"{name.replace('-', '_')}-{version}-py3-none-any.whl", "six>=1")
    make_wheel(folder, "six-1.5-py3-none-any.whl")
    make_wheel(folder, "six-1.4-py3-none-any.whl")
    return folder


@pytest.fixture
def index(wheels: Path) -> Iterator[Index]:
    """A good index on this machine."""
    with serve(Index(wheels)) as running:
        yield running


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A victim's own folder, in one that others use."""
    folder = tmp_path / "shared" / "own"
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    folder.parent.chmod(0o755)
    return folder


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    plain = {name: "" for name in os.environ if name.startswith(("PIP_", "UV_"))}
    plain |= {"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    return plain | {"UV_CACHE_DIR": str(tmp_path / "cache"), "UV_HTTP_RETRIES": "0", "NO_PROXY": ""} | more


def refused(*argv: str, cwd: Path, **variables: str) -> str:
    """Run, and return the message of the refusal: exit 2, nothing written."""
    done = tfsetup(*argv, cwd=cwd, **variables)
    assert done.returncode == 2, done.stdout + done.stderr
    assert not (cwd / "environments").exists()
    return str(json.loads(done.stdout)["error"]["message"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.toml", 'index-url = "http://evil.test/simple"\n'),
        ("uv.toml", 'find-links = ["http://evil.test/simple"]\n'),
        ("pyproject.toml", '[[tool.uv.index]]\nurl = "http://evil.test/simple"\ndefault = true\n'),
        ("pyproject.toml", '[tool.uv.pip]\nfind-links = ["http://evil.test/simple"]\n'),
    ],
)
def test_settings_of_a_parent_folder_are_judged(tmp_path: Path, here: Path, name: str, text: str) -> None:
    path = here.parent / name
    path.write_text(text)
    message = refused(*LOCK, cwd=here, **environ(tmp_path))
    assert "http://evil.test/simple is neither https nor on this machine" in message
    assert f"{path}:" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_user_s_settings_decide_nothing(tmp_path: Path, here: Path, index: Index) -> None:
    path = here.parent / "uv.toml"
    path.write_text(f'index-url = "{index.url}"\n')
    os.chown(path, 4321, 4321)
    message = refused(*LOCK, cwd=here, **environ(tmp_path))
    assert message.startswith(f"{path} would decide which package index is used")
    done = tfsetup(*LOCK, cwd=here, **environ(tmp_path, UV_NO_CONFIG="1", UV_DEFAULT_INDEX=index.url))
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_s_own_settings_decide_and_the_index_is_named(tmp_path: Path, here: Path, index: Index) -> None:
    path = here.parent / "uv.toml"
    path.write_text(f'index-url = "{index.url}?token=hunter2"\n')
    done = tfsetup(*LOCK, cwd=here, **environ(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Index     {index.url}?*** (from {path}:1)" in done.stderr
    assert data(done)["index"] == [f"{index.url}?*** (from {path}:1)"]
    assert "hunter2" not in done.stdout + done.stderr + "".join(p.read_text() for p in here.rglob("*.toml"))


def test_uv_is_handed_what_was_judged_and_no_more(tmp_path: Path, here: Path, index: Index) -> None:
    (here / "uv.toml").write_text(
        'constraint-dependencies = ["six==1.4"]\nprerelease = "allow"\nlink-mode = "symlink"\n'
    )
    (here / "pyproject.toml").write_text('[tool.uv]\noverride-dependencies = ["six==1.4"]\n')
    done = tfsetup(*LOCK, cwd=here, **environ(tmp_path, UV_DEFAULT_INDEX=index.url))
    assert done.returncode == 0, done.stdout + done.stderr
    lock = (here / "environments" / "locks" / f"pylock.{ROW}.toml").read_text()
    assert 'version = "1.5"' in lock
    assert 'version = "1.4"' not in lock
    keys = "constraint-dependencies, prerelease, link-mode"
    assert f"Note      {here / 'uv.toml'}: {keys} of uv's settings are not used here." in done.stderr


def test_find_links_of_one_s_own_folder_are_handed_on(tmp_path: Path, here: Path, wheels: Path) -> None:
    (here.parent / "uv.toml").write_text(f'no-index = true\nfind-links = ["../{wheels.name}"]\n')
    done = tfsetup(*LOCK, "--format", "portable", cwd=here, **environ(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert data(done)["index"] == [f"{here.parent / '..' / wheels.name} (from {here.parent / 'uv.toml'}:2)"]


@pytest.mark.parametrize("what", ["page", "file"])
@pytest.mark.parametrize("proxies", [{}, {"http_proxy": "http://127.0.0.1:9", "no_proxy": "*"}], ids=["none", "some"])
def test_plain_http_behind_a_redirect_is_refused(
    tmp_path: Path, here: Path, wheels: Path, what: str, proxies: dict[str, str]
) -> None:
    made = make(tmp_path / "tls", "good")
    astray = "/simple/" if what == "page" else "/files/"

    def redirect(handler: Handler, body: bytes) -> bytes | None:
        if not handler.path.startswith(astray):
            return body
        handler.answer(302, b"", Location=f"http://evil.test{handler.path}")
        return None

    with serve(Index(wheels, misbehave=redirect), made.context) as running:
        variables = environ(tmp_path, SSL_CERT_FILE=str(made.trusted), UV_DEFAULT_INDEX=running.url, **proxies)
        message = refused(*LOCK, cwd=here, **variables)
    assert f"The index http://evil.test{astray}" in message
    assert "is neither https nor on this machine" in message


def test_preflight_refuses_a_redirect_and_a_locked_file_over_plain_http(
    tmp_path: Path, here: Path, wheels: Path
) -> None:
    made = make(tmp_path / "tls", "good")

    def redirect(handler: Handler, body: bytes) -> bytes | None:
        if not handler.path.startswith("/simple/"):
            return body
        handler.answer(302, b"", Location=f"http://evil.test{handler.path}")
        return None

    with serve(Index(wheels, misbehave=redirect), made.context) as running:
        variables = environ(tmp_path, SSL_CERT_FILE=str(made.trusted), UV_DEFAULT_INDEX=running.url)
        message = refused("preflight", "six==1.5", "--json", "--host", ROW, cwd=here, **variables)
    assert "The index http://evil.test/simple/six/" in message
    wheel = "six-1.5-cp313-cp313-manylinux_2_17_x86_64.whl"
    (here / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "six"\nversion = "1.5"\n'
        f'wheels = [{{ url = "http://evil.test/{wheel}", hashes = {{ sha256 = "{"0" * 64}" }} }}]\n'
    )
    more = ("--python", "3.13", "--json", "--host", ROW)
    message = refused("preflight", "pylock.toml", *more, cwd=here, **environ(tmp_path))
    assert f"The index http://evil.test/{wheel} is neither https" in message


@pytest.mark.skipif(sys.platform != "linux" or platform.machine() != "x86_64", reason="the row is for Linux x86_64")
def test_links_into_the_cache_are_never_made(tmp_path: Path, here: Path, index: Index) -> None:
    argv = ("install", "--no-lock", "--accelerator", "cpu", "--no-verify", "--no-preflight", "--prefix", "env")
    variables = environ(tmp_path, UV_LINK_MODE="symlink", UV_DEFAULT_INDEX=index.url)
    done = tfsetup(*argv, cwd=here, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    files = [path for path in (here / "env").resolve().rglob("site-packages/**/*") if path.is_file()]
    assert files
    assert [path for path in files if path.is_symlink()] == []


def test_plain_addresses_in_a_secure_page_are_refused(tmp_path: Path, here: Path, wheels: Path) -> None:
    made = make(tmp_path / "tls", "good")

    def plain(handler: Handler, body: bytes) -> bytes:
        if not handler.path.startswith("/simple/"):
            return body
        # Metadata from here, so that uv need not fetch the file to resolve.
        return body.replace(b'href="/files/', b'data-dist-info-metadata="false" href="http://evil.test/files/')

    with serve(Index(wheels, misbehave=plain), made.context) as running:
        variables = environ(tmp_path, SSL_CERT_FILE=str(made.trusted), UV_DEFAULT_INDEX=running.url)
        message = refused(*LOCK, cwd=here, **variables)
    assert "The index http://evil.test/files/" in message


def test_a_plain_host_that_is_allowed_is_asked(tmp_path: Path, here: Path) -> None:
    variables = environ(tmp_path, UV_DEFAULT_INDEX="http://evil.test/simple", UV_INSECURE_HOST="evil.test")
    done = tfsetup(*LOCK, cwd=here, **variables)
    assert done.returncode == 5, done.stdout + done.stderr
