"""The first step on a bare machine: uv's wheel, from whatever index, through whatever proxy, believed by its hash."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from support import certificates, forward_proxy, stores
from support.bare_clone import Clone, Uvs, bare_clone, wheel, wheel_of
from support.hostile_server import Conversation, Server, hostile

pytestmark = [pytest.mark.heavy, pytest.mark.process, pytest.mark.loopback]

SECRET = "me@corp:s3:cr%t"  # noqa: S105 - for these tests alone; what of it an address must write otherwise is in it
WRITTEN = "me%40corp:s3%3Acr%25t@"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone on a bare machine."""
    return bare_clone(tmp_path / "with blank")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> certificates.Made:
    """A server's certificate, and the authority that vouches for it."""
    return certificates.make(tmp_path_factory.mktemp("tls") / "good", "good")


@pytest.fixture
def secret_index() -> Iterator[Server]:
    """An index behind a password."""
    with hostile(Uvs(secret=SECRET)) as server:
        yield server


def works(clone: Clone, **variables: str) -> None:
    """Hold that uv is put in its place, whole, and nothing else is left."""
    done = clone.run(**variables)
    assert done.stderr == "Putting a private uv into .tool/uv\n"
    assert (done.returncode, done.stdout) == (0, f"{clone.uv}\n")
    assert clone.left() == ["lock", "uv"]


def fails(clone: Clone, *words: str, **variables: str) -> str:
    """Hold that it says so in 80 columns, with a next step and no secret, and leaves nothing; return what it said."""
    done = clone.run(**variables)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert all(len(line) <= 80 or " " not in line.strip() for line in done.stderr.splitlines()), done.stderr
    assert "\n hint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3" not in done.stderr
    assert clone.left() == ["lock"]
    text = " ".join(done.stderr.split())
    for word in words:
        assert word in text
    return text


# ------------------------------------------------------------------------------------------------ the index


@pytest.mark.parametrize("how", ["PIP_INDEX_URL", "pip.conf", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "uv.toml", "netrc"])
def test_the_index_is_used_wherever_it_is_named(clone: Clone, secret_index: Server, how: str) -> None:
    url = f"{secret_index.url.replace('://', f'://{WRITTEN}')}/simple"
    variables = {}
    if how == "pip.conf":
        path = clone.home / ".config" / "pip" / "pip.conf"
        path.parent.mkdir(parents=True)
        path.write_text(f"[global]\nindex-url = {url}\n")
        variables["PIP_CONFIG_FILE"] = ""
    elif how == "uv.toml":
        path = clone.home / ".config" / "uv" / "uv.toml"
        path.parent.mkdir(parents=True)
        path.write_text(f'[[index]]\nurl = "{url}"\ndefault = true\n')
    elif how == "netrc":
        user, _, password = SECRET.partition(":")
        (clone.home / ".netrc").write_text(f"machine 127.0.0.1\nlogin {user}\npassword {password}\n")
        (clone.home / ".netrc").chmod(0o600)
        variables["PIP_INDEX_URL"] = f"{secret_index.url}/simple/"
    else:
        variables[how] = url
    works(clone, **variables)


@pytest.mark.parametrize("form", ["html", "json"])
@pytest.mark.parametrize("told", [None, ""])
def test_both_forms_of_a_page_do_with_and_without_a_hash(clone: Clone, form: str, told: str | None) -> None:
    with hostile(Uvs(form=form, told=told)) as server:
        works(clone, PIP_INDEX_URL=f"{server.url}/simple")


def test_once_it_is_there_nothing_is_asked(clone: Clone) -> None:
    with hostile(Uvs()) as server:
        works(clone, PIP_INDEX_URL=f"{server.url}/simple")
        asked = len(server.asked)
        again = clone.run(PIP_INDEX_URL=f"{server.url}/simple")
        assert (again.returncode, again.stderr, again.stdout) == (0, "", f"{clone.uv}\n")
        assert len(server.asked) == asked == 2


def test_an_index_without_it_is_passed_over(clone: Clone, secret_index: Server) -> None:
    with hostile(Uvs(name="uv-0.1-py3-none-any.whl")) as empty:
        url = f"{secret_index.url.replace('://', f'://{WRITTEN}')}/simple"
        works(clone, PIP_INDEX_URL=f"{empty.url}/simple", PIP_EXTRA_INDEX_URL=url)


def test_an_index_in_a_folder_does(clone: Clone, tmp_path: Path) -> None:
    folder = tmp_path / "an index" / "uv"
    folder.mkdir(parents=True)
    (folder / wheel()[0]).write_bytes(wheel()[1])
    (folder / "index.html").write_text(f'<a href="{wheel()[0]}">x</a>')
    works(clone, PIP_INDEX_URL=folder.parent.as_uri())


def test_a_password_goes_to_no_other_host_than_its_own(clone: Clone) -> None:
    with hostile(Uvs()) as files:
        elsewhere = files.url.replace("127.0.0.1", "localhost")

        def act(talk: Conversation) -> None:
            if talk.path == "/simple/uv/":
                Uvs(secret=SECRET, files=f"{elsewhere}/files/")(talk)
            else:
                talk.answer("404 Not Found")

        with hostile(act) as index:
            works(clone, PIP_INDEX_URL=f"{index.url.replace('://', f'://{WRITTEN}')}/simple")
        assert [headers.get("authorization") for _, headers in files.asked] == [None]
        assert index.asked[0][1]["authorization"].startswith("Basic ")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_followed_without_the_password(clone: Clone, status: str) -> None:
    with hostile(Uvs()) as there:
        target = there.url.replace("127.0.0.1", "localhost")
        with hostile(lambda talk: talk.answer(status, Location=target + talk.path)) as here:
            works(clone, PIP_INDEX_URL=f"{here.url.replace('://', f'://{WRITTEN}')}/simple")
    assert {headers.get("authorization") for _, headers in there.asked} == {None}
    assert all("authorization" in headers for _, headers in here.asked)


# ------------------------------------------------------------------------------------------------ TLS, proxies


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"])
def test_each_variable_of_certificates_is_honoured(
    clone: Clone, tls: certificates.Made, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "authorities"
    folder.mkdir()
    (folder / "ours.pem").write_bytes(tls.trusted.read_bytes())
    named = folder if name == "SSL_CERT_DIR" else tls.trusted
    with hostile(Uvs(), tls.context) as server:
        works(clone, **{name: str(named), "PIP_INDEX_URL": f"{server.url}/simple"})


def test_an_authority_in_the_systems_store_alone_is_believed(
    clone: Clone, tls: certificates.Made, tmp_path: Path
) -> None:
    why = stores.missing()
    if why is not None:
        pytest.skip(why)
    store = stores.make_store(tmp_path / "store", [tls.trusted])
    with hostile(Uvs(), tls.context) as server:
        environ = {**clone.environ, "PATH": f"{clone.programs}:/usr/bin:/bin", "PIP_INDEX_URL": f"{server.url}/simple"}
        words = [*stores.within(store), str(clone.root / "scripts" / "uv")]
        done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{clone.uv}\n"), done.stderr


def test_a_certificate_that_nobody_here_believes_is_named_as_the_cause(clone: Clone, tls: certificates.Made) -> None:
    with hostile(Uvs(), tls.context) as server:
        fails(
            clone,
            "The certificate that 127.0.0.1 shows is not believed on this machine",
            "SSL_CERT_FILE",
            "system's store",
            PIP_INDEX_URL=f"{server.url}/simple",
        )
    assert server.asked == []


@pytest.mark.parametrize("name", ["PIP_TRUSTED_HOST", "UV_INSECURE_HOST"])
def test_a_host_that_is_allowed_by_its_name_needs_no_certificate(
    clone: Clone, tls: certificates.Made, name: str
) -> None:
    with hostile(Uvs(), tls.context) as server:
        works(clone, **{"PIP_INDEX_URL": f"{server.url}/simple", name: "other.example 127.0.0.1"})


def test_a_variable_that_names_no_certificates_is_named(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    fails(
        clone,
        "REQUESTS_CA_BUNDLE names certificates that cannot be used",
        REQUESTS_CA_BUNDLE=str(tmp_path / "x.pem"),
        PIP_INDEX_URL="https://127.0.0.1:1/simple",
    )


def through(server: Server, secret: str) -> AbstractContextManager[forward_proxy.Proxy]:
    """Serve a proxy that wants a password and knows the server."""
    return forward_proxy.serve({"127.0.0.1": int(server.url.rpartition(":")[2])}, secret)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "PIP_PROXY"])
def test_a_proxy_with_a_password_is_gone_through(clone: Clone, tls: certificates.Made, name: str) -> None:
    with hostile(Uvs(), tls.context) as server, through(server, SECRET) as way:
        works(
            clone,
            PIP_INDEX_URL=f"{server.url}/simple",
            SSL_CERT_FILE=str(tls.trusted),
            **{name: way.url(WRITTEN.rstrip("@"))},
        )
    assert way.asked == [server.url.removeprefix("https://")] * 2
    assert all("proxy-authorization" not in headers for _, headers in server.asked)


def test_a_plain_index_on_this_machine_goes_through_the_plain_proxy(clone: Clone) -> None:
    with hostile(Uvs(secret=SECRET)) as server, through(server, "u:p") as way:
        url = f"{server.url.replace('://', f'://{WRITTEN}')}/simple"
        works(clone, PIP_INDEX_URL=url, http_proxy=way.url("u:p"))
    assert len(way.asked) == 2


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_is_heeded(clone: Clone, tls: certificates.Made, name: str) -> None:
    with hostile(Uvs(), tls.context) as server:
        works(
            clone,
            PIP_INDEX_URL=f"{server.url}/simple",
            SSL_CERT_FILE=str(tls.trusted),
            HTTPS_PROXY="http://127.0.0.1:1",
            **{name: "elsewhere.example,127.0.0.1"},
        )


def test_a_proxy_that_wants_a_password_says_so(clone: Clone) -> None:
    with forward_proxy.serve({}, SECRET) as way:
        fails(
            clone,
            "The proxy 127.0.0.1 wants a user and a password",
            "HTTPS_PROXY=http://user:password@host:port",
            PIP_INDEX_URL="https://index.example/simple",
            HTTPS_PROXY=way.url(""),
        )
    assert way.refused == ["index.example:443"]


def test_socks_is_said_not_to_be_spoken(clone: Clone) -> None:
    fails(clone, "SOCKS is not spoken", "HTTPS_PROXY", ALL_PROXY="socks5h://me:s3cret@127.0.0.1:1")


# ------------------------------------------------------------------------------------------------ what goes wrong

TRUNCATED = "127.0.0.1 ended in the middle of its answer"
OTHER = wheel_of("#!/bin/sh\necho evil\n")


class _Short(Uvs):
    def file(self, talk: Conversation) -> None:
        talk.answer("200 OK", self.body[:-9], length=len(self.body))
        talk.socket.close()


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (Uvs(body=OTHER), ["is not the file that requirements/uv.txt pins", "changes files"]),
        (Uvs(body=OTHER, told=""), ["is not the file that requirements/uv.txt pins", "changes files"]),
        (_Short(), [TRUNCATED, "Run make again"]),
        (Uvs(secret="a:b"), ["answered 401: it wants a user and a password", ".netrc"]),  # noqa: S106
        (Uvs(status={"uv/": "404 Not Found"}), ["answered 404: uv is not there", "/simple"]),
        (Uvs(status={".whl": "503 Busy"}), ["answered 503", "Run make again"]),
        (
            Uvs(name="uv-0.99.0-py3-none-win_mips.whl"),
            ["no wheel of uv 0.99.0 for", "PyPI or a full mirror", "PIP_INDEX_URL"],
        ),
        (Uvs(name="setuptools-1-py3-none-any.whl", form="html"), ["no wheel of uv 0.99.0 for"]),
        (Uvs(files="http://files.example/"), ["neither https nor on this machine", "PIP_TRUSTED_HOST=files.example"]),
        (Uvs(files="ftp://files.example/"), ["neither https nor on this machine"]),
    ],
    ids=["another file", "no hash told", "truncated", "401", "404", "503", "platform", "not uv", "plain http", "ftp"],
)
def test_what_goes_wrong_is_said(clone: Clone, index: Uvs, words: list[str]) -> None:
    with hostile(index) as server:
        fails(clone, *words, "uv 0.99.0 could not be fetched", PIP_INDEX_URL=f"{server.url}/simple")


def test_a_redirect_to_plain_http_is_refused(clone: Clone) -> None:
    with hostile(lambda talk: talk.answer("302 Found", Location="http://index.example/x")) as server:
        fails(clone, "http://index.example/x is neither https nor", PIP_INDEX_URL=f"{server.url}/simple")


def test_a_plain_host_that_the_user_allows_is_asked(clone: Clone) -> None:
    fails(
        clone,
        "The name index.invalid is not known here",
        PIP_INDEX_URL="http://index.invalid/simple",
        PIP_TRUSTED_HOST="index.invalid",
    )


def test_an_endless_redirect_ends(clone: Clone) -> None:
    with hostile(lambda talk: talk.answer("302 Found", Location=talk.path)) as server:
        fails(clone, "leads on and on", PIP_INDEX_URL=f"{server.url}/simple")


def test_what_passes_by_itself_is_tried_again(clone: Clone) -> None:
    calls: list[str] = []

    def act(talk: Conversation) -> None:
        calls.append(talk.path)
        if calls.count(talk.path) == 1:
            talk.answer("502 Bad Gateway")
        else:
            Uvs()(talk)

    with hostile(act) as server:
        works(clone, PIP_INDEX_URL=f"{server.url}/simple")
    assert len(calls) == 4


def test_every_index_that_failed_says_why(clone: Clone) -> None:
    with hostile(Uvs(body=OTHER)) as first, hostile(Uvs(status={"uv": "403 Forbidden"})) as second:
        fails(
            clone,
            "is not the file",
            "answered 403",
            "install uv by hand",
            PIP_INDEX_URL=f"{first.url}/simple",
            PIP_EXTRA_INDEX_URL=f"{second.url}/simple",
        )


def test_a_folder_that_cannot_be_written_is_named(clone: Clone) -> None:
    (clone.root / ".tool").write_text("a file")
    done = clone.run()
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------------ at once, interrupted


class _Waiting(Uvs):
    def __init__(self) -> None:
        super().__init__()
        self.came, self.go = threading.Event(), threading.Event()

    def file(self, talk: Conversation) -> None:
        self.came.set()
        self.go.wait(20)
        super().file(talk)


def test_two_at_once_in_one_clone_both_end_well(clone: Clone) -> None:
    index = _Waiting()
    with hostile(index) as server:
        first = clone.begin(PIP_INDEX_URL=f"{server.url}/simple")
        assert index.came.wait(20)
        second = clone.begin(PIP_INDEX_URL=f"{server.url}/simple")
        assert second.stderr is not None
        assert second.stderr.readline() == "Another make is at work in this folder; waiting for it\n"
        index.go.set()
        ends = [one.communicate(timeout=30) for one in (first, second)]
    assert [one.returncode for one in (first, second)] == [0, 0]
    assert ends == [(f"{clone.uv}\n", "Putting a private uv into .tool/uv\n"), (f"{clone.uv}\n", "")]
    assert sum(path.endswith(".whl") for path, _ in server.asked) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_ends_at_once_and_leaves_nothing(clone: Clone, number: signal.Signals) -> None:
    index = _Waiting()
    with hostile(index) as server:
        running = clone.begin(PIP_INDEX_URL=f"{server.url}/simple")
        assert index.came.wait(20)
        began = time.monotonic()
        os.killpg(running.pid, number)
        _, said = running.communicate(timeout=30)
        assert time.monotonic() - began < 5
        index.go.set()
    assert running.returncode in (128 + number, -number)
    assert "Traceback" not in said
    assert number != signal.SIGINT or "Interrupted; nothing is left half-done." in said
    assert clone.left() == ["lock"]


def test_what_a_killed_one_left_is_swept_and_does_not_block(clone: Clone) -> None:
    index = _Waiting()
    with hostile(index) as server:
        running = clone.begin(PIP_INDEX_URL=f"{server.url}/simple")
        assert index.came.wait(20)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=30)
        index.go.set()
        (clone.root / ".tool" / "draft-killed" / "bin").mkdir(parents=True)
        works(clone, PIP_INDEX_URL=f"{server.url}/simple")


# ------------------------------------------------------------------------------------------------ which uv, and Python


def uv_that_says(clone: Clone, words: str) -> Path:
    return clone.program("uv", f'echo "{words}"\n')


def test_a_uv_on_path_is_used_if_it_is_new_enough(clone: Clone) -> None:
    there = uv_that_says(clone, "uv 0.98.2 (abc 2026-01-01)")
    done = clone.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{there}\n", "")


@pytest.mark.parametrize("words", ["uv 0.4.30", "pyenv: uv: command not found"])
def test_one_that_is_too_old_or_broken_is_said_once_and_passed_over(clone: Clone, words: str) -> None:
    there = uv_that_says(clone, words)
    with hostile(Uvs()) as server:
        done = clone.run(PIP_INDEX_URL=f"{server.url}/simple")
    assert (done.returncode, done.stdout) == (0, f"{clone.uv}\n")
    assert f"{there} is older than uv 0." in done.stderr
    assert clone.run().stderr == ""


def test_a_newer_pin_replaces_the_private_one_and_without_a_network_the_old_one_does(clone: Clone) -> None:
    old = wheel_of('#!/bin/sh\necho "uv 0.97.0"\n')
    clone.pin(old)
    with hostile(Uvs(body=old)) as server:
        assert clone.run(PIP_INDEX_URL=f"{server.url}/simple").returncode == 0
    clone.pin(wheel()[1])
    alone = clone.run(PIP_INDEX_URL="http://127.0.0.1:1/simple")
    assert (alone.returncode, alone.stdout) == (0, f"{clone.uv}\n")
    assert b"0.97.0" in clone.uv.read_bytes()
    with hostile(Uvs()) as server:
        works(clone, PIP_INDEX_URL=f"{server.url}/simple")
    assert b"0.97.0" not in clone.uv.read_bytes()


APPLES = (
    'echo "xcode-select: note: No developer tools were found, requesting install." >&2\n'
    'echo "If developer tools are located at a non-default location on disk, use xcode-select --switch." >&2\nexit 1\n'
)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (APPLES, ["only Apple's stand-in for Python", "xcode-select --install"]),
        (None, ["neither uv nor python3 on this machine", "apt-get install python3"]),
        ("echo 'is older than 3.8' >&2; exit 1\n", ["is older than 3.8", "Python 3.8 or newer"]),
        (
            "echo \"ModuleNotFoundError: No module named '_ssl'\" >&2; exit 1\n",
            ["No module named '_ssl'", "ssl module"],
        ),
    ],
    ids=["stand-in", "none", "old", "no ssl"],
)
def test_without_a_python_that_does_it_says_what_to_do(clone: Clone, script: str | None, words: list[str]) -> None:
    clone.program("python3", script or "")
    if script is None:
        (clone.programs / "python3").unlink()
    done = clone.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert all(len(line) <= 80 or str(clone.programs) in line for line in done.stderr.splitlines())
    for word in words:
        assert word in " ".join(done.stderr.split())


def test_another_python_is_taken_where_the_first_is_a_stand_in(clone: Clone) -> None:
    (clone.programs / "python3").rename(clone.programs / "python3.9")
    clone.program("python3", APPLES)
    with hostile(Uvs()) as server:
        works(clone, PIP_INDEX_URL=f"{server.url}/simple")


def test_on_a_mac_without_tools_apples_python_is_not_even_started(clone: Clone) -> None:
    clone.program("uname", "echo Darwin\n")
    clone.program("xcode-select", "exit 2\n")
    script = (clone.root / "scripts" / "first-python").read_text()
    stand_in = clone.program("python3", f": >'{clone.folder}/started'\n")
    (clone.root / "scripts" / "first-python").write_text(script.replace("/usr/bin/python3", f"'{stand_in}'"))
    done = clone.run()
    assert "only Apple's stand-in" in " ".join(done.stderr.split())
    assert not (clone.folder / "started").exists()
    clone.program("xcode-select", "echo /Library/Developer/CommandLineTools\n")
    clone.run()
    assert (clone.folder / "started").exists()


@pytest.mark.parametrize("named", [{}, {"PIP_CERT": "/c.pem"}, {"SSL_CERT_FILE": "/s.pem", "PIP_CERT": "/c.pem"}])
def test_without_a_python_a_uv_brings_one(clone: Clone, named: dict[str, str]) -> None:
    python = (clone.programs / "python3").rename(clone.folder / "python-of-uv")
    script = f"""case "$1 $2" in
      --version*) echo "uv 0.98.0" ;;
      "python find") [ -e "{clone.folder}/there" ] && echo "{python}" ;;
      "python install") echo "$*" "${{SSL_CERT_FILE-}}" "${{UV_SYSTEM_CERTS-}}" >"{clone.folder}/there" ;;
    esac
    """
    clone.program("uv", script)
    done = clone.run(**named)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{clone.programs / 'uv'}\n", "")
    said = (clone.folder / "there").read_text().split()
    assert said[:3] == ["python", "install", "--quiet"]
    assert said[3].startswith(">=3.11,<3.")
    assert said[4:] == ([named.get("SSL_CERT_FILE") or named["PIP_CERT"]] if named else ["1"])


def test_without_a_python_and_with_a_uv_that_brings_none_it_says_what_to_do(clone: Clone) -> None:
    (clone.programs / "python3").unlink()
    clone.program("uv", "echo 'error: a chain of causes' >&2\nexit 2\n")
    done = clone.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no Python on this machine, and uv could not fetch one" in done.stderr
    assert "UV_PYTHON_INSTALL_MIRROR" in done.stderr
    assert "chain of causes" not in done.stderr


@pytest.mark.parametrize("variable", ["PYTHONHOME", "PYTHONPATH", "PYTHONWARNINGS", "PYTHONOPTIMIZE"])
def test_variables_of_another_python_do_not_disturb(clone: Clone, variable: str) -> None:
    with hostile(Uvs()) as server:
        works(clone, PIP_INDEX_URL=f"{server.url}/simple", **{variable: "error" if "WARN" in variable else "/nowhere"})
