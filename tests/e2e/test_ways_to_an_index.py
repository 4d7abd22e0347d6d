"""The ways to an index that companies have, each alone, for each command that asks a network.

TLS inspection with the company's certificate in the system's store or in one variable; an index behind a password,
named by each setting there is; proxies that want a password. The machine is one without any other setting (`env -i`),
with a store of certificates of its own. Nothing but this machine is asked.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support import channel_server, faulty_index, forward_proxy, standin, stores
from support.certificates import Made, make
from support.conda import stub_channel
from support.faulty_index import Handler, Index
from support.index import make_wheel
from support.newcomer import without_network
from support.process import ROOT
from tfsetup.matrix.file.disk import read_index

_WHY_NOT = stores.missing()
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux'"),
    pytest.mark.skipif(_WHY_NOT is not None, reason=str(_WHY_NOT)),
]

ROW = "linux-x86_64-cpu"
USER, PASSWORD = "re@der", "s3cret/of the-index"
IN_ADDRESS = "re%40der:s3cret%2Fof%20the-index@"
OF_PROXY = "who:pr0xy-s3cret"
SECRETS = (PASSWORD, "s3cret%2Fof", "pr0xy-s3cret", base64.b64encode(OF_PROXY.encode()).decode())
WHEEL = f"six-1.17.0-cp{standin.MINOR.replace('.', '')}-cp{standin.MINOR.replace('.', '')}-manylinux_2_17_x86_64.whl"


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command, and how one sees that it got what it asked for: its exit status, and words where it says more."""

    argv: tuple[str, ...]
    status: int = 0
    says: str = ""


COMMANDS = {
    "lock": Command(argv=("lock", "--platform", ROW, "--python", standin.MINOR)),
    "install": Command(argv=("install", "--no-lock", "--no-verify", *standin.ASK)),
    # Both clients: uv resolves, ours reads the wheel. A module of Python alone is nothing that could fail to load.
    "preflight": Command(argv=("preflight", "six==1.17.0", "--host", ROW, "--python", standin.MINOR), status=9),
    # The pages were read: the stand-ins lack what the snapshot has.
    "matrix check": Command(argv=("matrix", "check"), status=7, says="gone from the index"),
    "conda lock": Command(
        argv=("lock", "--backend", "conda", "--platform", ROW, "--python", standin.MINOR, "--no-prove")
    ),
    # Every archive was linked; the Python among them is a stand-in.
    "conda install": Command(
        argv=("install", "--backend", "conda", "--no-lock", "--no-verify", "--no-preflight", *standin.ASK),
        status=6,
        says="The Python of the new prefix does not start",
    ),
}


@dataclass(kw_only=True)
class World:
    """What there is on the network, and on the disk of whoever asks."""

    folder: Path
    made: Made
    wheels: Path
    channel: Path
    right: Path
    wrong: Path
    open: Index = field(default_factory=lambda: Index(Path()))
    empty: Index = field(default_factory=lambda: Index(Path()))
    secret: Index = field(default_factory=lambda: Index(Path()))
    inspected: Index = field(default_factory=lambda: Index(Path()))
    conda: channel_server.Served = field(default_factory=lambda: channel_server.Served(""))
    proxy: forward_proxy.Proxy = field(default_factory=lambda: forward_proxy.Proxy({}, ""))

    def file(self, name: str, text: str) -> str:
        """Write a file and return its path."""
        path = self.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    @property
    def address(self) -> str:
        """The secret index with the name and password that it wants."""
        return self.secret.url.replace("://", f"://{IN_ADDRESS}")


def locked(handler: Handler, body: bytes) -> bytes | None:
    """Let in whoever knows the name and the password."""
    wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if handler.headers.get("Authorization") == f"Basic {wanted}":
        return body
    handler.answer(401, b"", WWW_Authenticate='Basic realm="company"')
    return None


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Servers of this machine: an index without and one with a password, one over TLS, a channel, a proxy."""
    folder = tmp_path_factory.mktemp("ways")
    made, unknown = make(folder / "tls", "good"), folder / "tls" / "unknown.pem"
    wheels = folder / "wheels"
    wheels.mkdir()
    for name in read_index().distributions:
        make_wheel(wheels, f"{name.replace('-', '_')}-1.0-py3-none-any.whl")
    files = {"tensorflow/__init__.py": "__version__ = '0'\n"}
    standin.write_wheel(wheels, "tensorflow-cpu", standin.VERSIONS[0], files, requires=["six"])
    for tag in (WHEEL.removesuffix(".whl").partition("-1.17.0-")[2], "py3-none-any"):
        standin.write_wheel(wheels, "six", "1.17.0", {"six.py": "value = 6\n"}, tag=tag)
    made_world = World(
        folder=folder,
        made=made,
        wheels=wheels,
        channel=stub_channel(folder / "channel"),
        right=stores.make_store(folder / "right", [unknown, made.trusted]),
        wrong=stores.make_store(folder / "wrong", [unknown]),
    )
    with ExitStack() as running:
        made_world.open = running.enter_context(faulty_index.serve(Index(wheels)))
        (folder / "nothing").mkdir()
        made_world.empty = running.enter_context(faulty_index.serve(Index(folder / "nothing")))
        made_world.secret = running.enter_context(faulty_index.serve(Index(wheels, misbehave=locked)))
        made_world.inspected = running.enter_context(faulty_index.serve(Index(wheels), made.context))
        made_world.conda = running.enter_context(channel_server.serve(made_world.channel, made.context))
        port, channel = (urlsplit(url).port or 0 for url in (made_world.inspected.address, made_world.conda.url))
        hosts = {"index.test": port, "github.com": port, "channel.test": channel}
        made_world.proxy = running.enter_context(forward_proxy.serve(hosts, OF_PROXY))
        yield made_world


def run(
    world: World,
    folder: Path,
    argv: Sequence[str],
    variables: Mapping[str, str],
    *,
    trusted: bool = True,
    before: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run tfsetup where nothing else is set, and assert that no secret is told.

    `trusted` says whether the system's store has the certificate that signs all servers here.
    """
    home = folder / "home"
    (home / "work").mkdir(parents=True)
    plain = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "installer")}
    for asked in (world.open.asked, world.secret.asked, world.inspected.asked, world.conda.asked, world.proxy.asked):
        asked.clear()
    done = subprocess.run(
        [*before, *stores.within(world.right if trusted else world.wrong), sys.executable, "-m", "tfsetup", *argv],
        cwd=home / "work",
        env={**plain, "UV_HTTP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull, **variables},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    told = done.stdout + done.stderr
    kept = [path.read_text(errors="replace") for path in (home / "work").rglob("*") if path.suffix in {".toml", ".yml"}]
    assert not [secret for secret in SECRETS if any(secret in text for text in (told, *kept))]
    return done


def carried(done: subprocess.CompletedProcess[str], name: str, world: World, asked: Index) -> None:
    """Assert that a command got what it asked for, and that it was this index that was asked."""
    command = COMMANDS[name]
    assert done.returncode == command.status, done.stdout + done.stderr
    assert command.says in done.stdout + done.stderr
    assert asked.asked
    if name == "preflight":
        assert asked.asked[WHEEL] > 0
    if name.startswith("conda"):
        assert world.conda.asked


# ------------------------------------------------------------------------------------------------ TLS inspection

STORE = "the system's store"
CERTIFICATES = {
    STORE: {},
    "SSL_CERT_FILE": {"SSL_CERT_FILE": "{bundle}"},
    "SSL_CERT_DIR": {"SSL_CERT_DIR": "{folder}"},
    "REQUESTS_CA_BUNDLE": {"REQUESTS_CA_BUNDLE": "{bundle}"},
    "CURL_CA_BUNDLE": {"CURL_CA_BUNDLE": "{bundle}"},
    "PIP_CERT": {"PIP_CERT": "{bundle}"},
    "cert in pip.conf": {"PIP_CONFIG_FILE": "{pip.conf}"},
    "trusted-host in pip.conf": {"PIP_CONFIG_FILE": "{trusting}"},
    "empty variables": {"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "REQUESTS_CA_BUNDLE": "", "PIP_CERT": ""},
}
FROM_STORE = frozenset({STORE, "empty variables"})


# What differs from another situation by one name in one place, which unit tests hold.
RARE = frozenset({
    "CURL_CA_BUNDLE", "extra in pip.conf", "index in uv.toml", "https_proxy", "PIP_PROXY", "no-proxy in uv.toml",
})  # fmt: skip


def all_of(situations: Iterable[str], often: set[tuple[str, str]]) -> list[object]:
    """Return every command in every situation.

    CI runs `preflight`, which asks by both clients, in each but the rare ones, and what is in `often`.
    """
    chosen = {(situation, "preflight") for situation in situations if situation not in RARE} | often
    return [
        pytest.param(
            situation,
            command,
            id=f"{command}, {situation}",
            marks=[] if (situation, command) in chosen else [pytest.mark.exhaustive],
        )
        for situation in situations
        for command in COMMANDS
        if not (command.startswith("conda") and situation.startswith("trusted-host"))  # rattler believes no such word
    ]


@pytest.mark.parametrize(
    ("situation", "command"),
    all_of(
        CERTIFICATES,
        {(STORE, name) for name in ("install", "matrix check", "conda lock")} | {("PIP_CERT", "conda install")},
    ),
)
def test_an_index_behind_tls_inspection(situation: str, command: str, world: World, tmp_path: Path) -> None:
    names = {
        "bundle": str(world.made.trusted),
        "folder": str(world.folder / "right"),
        "pip.conf": world.file("cert/pip.conf", f"[global]\ncert = {world.made.trusted}\n"),
        "trusting": world.file("trust/pip.conf", "[global]\ntrusted-host = other.test\n    127.0.0.1\n"),
        "condarc": world.file("condarc.yml", f"mirrored_channels:\n  conda-forge: ['{world.conda.url}']\n"),
    }
    said = {name: _filled(text, names) for name, text in CERTIFICATES[situation].items()}
    said |= {"UV_DEFAULT_INDEX": world.inspected.url, "CONDARC": names["condarc"]}
    done = run(world, tmp_path, COMMANDS[command].argv, said, trusted=situation in FROM_STORE)
    carried(done, command, world, world.inspected)


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(name, marks=[] if name in {"lock", "matrix check", "conda lock"} else [pytest.mark.exhaustive])
        for name in COMMANDS
    ],
)
@pytest.mark.parametrize("named", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_a_certificate_that_nobody_believes_is_told_with_its_cause_and_the_variable(
    named: bool, command: str, world: World, tmp_path: Path
) -> None:
    condarc = world.file("condarc.yml", f"mirrored_channels:\n  conda-forge: ['{world.conda.url}']\n")
    variables = {"UV_DEFAULT_INDEX": world.inspected.url, "CONDARC": condarc}
    if named:
        variables["REQUESTS_CA_BUNDLE"] = str(world.wrong / stores.BUNDLE)
    done = run(world, tmp_path, (*COMMANDS[command].argv, "--json"), variables, trusted=False)
    assert done.returncode == 5, done.stderr
    error = json.loads(done.stdout)["error"]
    assert "certificate is not trusted here" in error["message"]
    assert "inspects TLS" in error["hint"]
    assert ("REQUESTS_CA_BUNDLE says whom to believe" if named else "let SSL_CERT_FILE name a file") in error["hint"]


# ------------------------------------------------------------------------------------------------ a private index

# What names the index: variables, and files by what stands in them.
PRIVATE = {
    "PIP_INDEX_URL": ({"PIP_INDEX_URL": "{address}"}, ""),
    # Beside another one: pip asks all that it knows.
    "PIP_EXTRA_INDEX_URL": ({"PIP_EXTRA_INDEX_URL": "{address}", "PIP_INDEX_URL": "{empty}"}, ""),
    "pip.conf": ({"PIP_CONFIG_FILE": "{file}"}, "[global]\nindex-url = {address}\n"),
    "extra in pip.conf": (
        {"PIP_CONFIG_FILE": "{file}"},
        "[global]\nindex-url = {empty}\n[install]\nextra-index-url =\n    {address}\n",
    ),
    "UV_DEFAULT_INDEX": ({"UV_DEFAULT_INDEX": "{address}"}, ""),
    "UV_INDEX": ({"UV_INDEX": "{address}"}, ""),
    "uv.toml": ({"UV_CONFIG_FILE": "{file}"}, 'index-url = "{address}"\n'),
    "index in uv.toml": ({"UV_CONFIG_FILE": "{file}"}, '[[index]]\nurl = "{address}"\ndefault = true\n'),
    "variables for a name": (
        {"UV_CONFIG_FILE": "{file}", "UV_INDEX_TEAM_USERNAME": USER, "UV_INDEX_TEAM_PASSWORD": PASSWORD},
        '[[index]]\nname = "team"\nurl = "{bare}"\ndefault = true\n',
    ),
    "netrc": (
        {"UV_DEFAULT_INDEX": "{bare}", "NETRC": "{file}"},
        'machine 127.0.0.1 login {user} password "{password}"\n',
    ),
}


@pytest.mark.parametrize(
    ("situation", "command"),
    [
        case
        for case in all_of(PRIVATE, {("pip.conf", "install"), ("UV_INDEX", "matrix check")})
        if "conda" not in str(case)
    ],
)
def test_an_index_behind_a_password(situation: str, command: str, world: World, tmp_path: Path) -> None:
    variables, text = PRIVATE[situation]
    names = {"address": world.address, "bare": world.secret.url, "user": USER, "password": PASSWORD}
    names["empty"] = world.empty.url
    names["file"] = world.file(f"{situation}/settings.toml", _filled(text, names))
    said = {name: _filled(value, names) for name, value in variables.items()}
    done = run(world, tmp_path, COMMANDS[command].argv, said)
    carried(done, command, world, world.secret)


def test_a_wrong_password_is_told_as_one(world: World, tmp_path: Path) -> None:
    address = world.secret.url.replace("://", "://re%40der:0ther@")
    done = run(world, tmp_path, COMMANDS["lock"].argv, {"PIP_INDEX_URL": address})
    assert done.returncode == 5
    assert "The package index refused access" in done.stderr
    assert "0ther" not in done.stderr + done.stdout


# ------------------------------------------------------------------------------------------------ proxies

PROXIES = {
    "HTTPS_PROXY": ({"HTTPS_PROXY": "{proxy}"}, ""),
    "https_proxy": ({"https_proxy": "{proxy}"}, ""),
    "ALL_PROXY": ({"ALL_PROXY": "{proxy}"}, ""),
    "PIP_PROXY": ({"PIP_PROXY": "{proxy}"}, ""),
    "proxy in pip.conf": ({"PIP_CONFIG_FILE": "{file}"}, "[global]\nproxy = {proxy}\n"),
    "https-proxy in uv.toml": ({"UV_CONFIG_FILE": "{file}"}, 'https-proxy = "{proxy}"\n'),
    "NO_PROXY": ({"HTTPS_PROXY": "{dead}", "ALL_PROXY": "{dead}", "NO_PROXY": "elsewhere.test,127.0.0.1"}, ""),
    "no-proxy in uv.toml": (
        {"UV_CONFIG_FILE": "{file}"},
        'https-proxy = "{dead}"\nhttp-proxy = "{dead}"\nno-proxy = ["127.0.0.1"]\n',
    ),
}


@pytest.mark.parametrize(
    ("situation", "command"),
    all_of(PROXIES, {("HTTPS_PROXY", "conda lock"), ("proxy in pip.conf", "install")}),
)
def test_an_index_behind_a_proxy(situation: str, command: str, world: World, tmp_path: Path) -> None:
    """Names end in `.test`: nobody but the proxy knows where they lead."""
    variables, text = PROXIES[situation]
    names = {"proxy": world.proxy.url(OF_PROXY), "dead": "http://who:pr0xy-s3cret@127.0.0.1:9"}
    names["file"] = world.file(f"{situation}/settings.toml", _filled(text, names))
    direct = "no" in situation.lower().split("-")[0].split("_")
    index, channel = world.inspected.url, world.conda.url
    if not direct:
        index, channel = "https://index.test/simple", "https://channel.test"
    names["condarc"] = world.file(f"{situation}.yml", f"mirrored_channels:\n  conda-forge: ['{channel}']\n")
    said = {name: _filled(value, names) for name, value in variables.items()}
    said |= {"UV_DEFAULT_INDEX": index, "CONDARC": names["condarc"]}
    done = run(world, tmp_path, COMMANDS[command].argv, said)
    carried(done, command, world, world.inspected)
    assert ("index.test:443" in world.proxy.asked) is not direct


def test_a_proxy_that_wants_another_password_is_told_as_one(world: World, tmp_path: Path) -> None:
    said = {"UV_DEFAULT_INDEX": "https://index.test/simple", "HTTPS_PROXY": world.proxy.url("who:0ther")}
    done = run(world, tmp_path, COMMANDS["lock"].argv, said)
    assert done.returncode == 5
    assert "roxy" in done.stderr
    assert "0ther" not in done.stderr + done.stdout


# ------------------------------------------------------------------------------------------------ a Python from afar


@pytest.fixture(scope="module")
def absent(world: World, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python that TensorFlow has wheels for, and that a machine without settings has not."""
    done = run(world, tmp_path_factory.mktemp("host"), ("host", "--json"), {})
    here = {found["version"].rsplit(".", 1)[0] for found in json.loads(done.stdout)["data"]["pythons"]}
    return next(minor for minor in ("3.13", "3.12", "3.11", "3.10") if minor not in here)


def fetching(absent: str) -> tuple[str, ...]:
    return ("install", "--no-lock", "--no-verify", "--no-preflight", "--accelerator", "cpu", "--python", absent)


@pytest.mark.parametrize(
    "how",
    ["UV_PYTHON_INSTALL_MIRROR", pytest.param("uv.toml", marks=pytest.mark.exhaustive), "HTTPS_PROXY"],
)
def test_a_python_is_asked_for_at_the_mirror_or_by_the_proxy_and_its_absence_told_in_our_words(
    how: str, absent: str, world: World, tmp_path: Path
) -> None:
    mirror = f"{world.address.removesuffix('/simple')}/pythons"
    said = {"UV_DEFAULT_INDEX": world.open.url}
    if how == "HTTPS_PROXY":
        said["HTTPS_PROXY"] = world.proxy.url(OF_PROXY)
    elif how == "uv.toml":
        said["UV_CONFIG_FILE"] = world.file("mirror/uv.toml", f'python-install-mirror = "{mirror}"\n')
    else:
        said[how] = mirror
    done = run(world, tmp_path, fetching(absent), said)
    assert done.returncode == 5, done.stderr
    if how == "HTTPS_PROXY":
        assert "github.com:443" in world.proxy.asked
    else:
        assert any(name.startswith(f"cpython-{absent}.") for name in world.secret.asked)
    assert f"Python {absent} is not on this machine, and cannot be fetched from" in done.stderr
    assert f"Install Python {absent} by hand" in done.stderr
    assert "UV_PYTHON_INSTALL_MIRROR" in done.stderr
    assert "cause:" not in done.stderr


@pytest.mark.skipif(not without_network(), reason="no namespace without a network can be made here")
def test_without_a_network_and_a_python_that_fits_two_ways_are_named(absent: str, world: World, tmp_path: Path) -> None:
    done = run(world, tmp_path, fetching(absent), {}, before=without_network())
    assert done.returncode == 4, done.stderr
    told = " ".join((done.stdout + done.stderr).split())
    assert "UV_PYTHON_INSTALL_MIRROR" in told
    assert f"install Python {absent}" in told
