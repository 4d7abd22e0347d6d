"""Starting uv: what is asked before it may run at all, and what it sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.ground.certificates import Certificates
from tfsetup.locks.run import run_uv

posix = pytest.mark.skipif(sys.platform == "win32", reason="a program of sh")
UV = '[[index]]\nurl = "http://index.test/simple"\ndefault = true\n'
PROJECT = f"[tool.uv]\n{UV.replace('[[index]]', '[[tool.uv.index]]')}"
OLD = 'index-url = "http://index.test/simple"\n'
EXTRA = '[pip]\nextra-index-url = ["https://fine.test/simple", "http://index.test/simple"]\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("project/uv.toml", UV),
        ("project/uv.toml", OLD),
        ("project/uv.toml", EXTRA),
        ("project/pyproject.toml", PROJECT),
        ("config/uv/uv.toml", UV),
        ("named.toml", UV),
    ],
)
def test_no_uv_is_started_with_an_index_of_a_settings_file_that_anybody_could_answer_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    # Starting a process would fail this test by itself: it has no mark that lets it.
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in ("UV_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INSECURE_HOST", "PIP_TRUSTED_HOST"):
        monkeypatch.delenv(variable, raising=False)
    if name == "named.toml":
        monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / name))
    with pytest.raises(UsageError, match=r"http://index\.test/simple is neither https"):
        run_uv(["pip", "compile", "-"], doing="Resolving")


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, str]]:
    """What a run of uv sees of the environment, by a program in its place."""
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\nenv\n")
    program.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(program))
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_", "SSL_", "REQUESTS_", "CURL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))

    def run() -> dict[str, str]:
        lines = run_uv(["pip", "list", "--offline"], doing="Looking").stdout.splitlines()
        return dict(line.partition("=")[::2] for line in lines)

    return run


@pytest.mark.process
@posix
def test_uv_sees_the_scrubbed_environment(seen: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_LINK_MODE", "symlink")
    monkeypatch.setenv("UV_INSECURE_NO_ZIP_VALIDATION", "1")
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "7")
    variables = seen()
    assert {"UV_LINK_MODE", "UV_INSECURE_NO_ZIP_VALIDATION"} & variables.keys() == set()
    assert variables["UV_HTTP_TIMEOUT"] == "7"


@pytest.mark.process
@posix
def test_uv_is_handed_the_certificates_that_hold(
    seen: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = Certificates(uv=(("SSL_CERT_FILE", "/etc/ours.pem"),))
    monkeypatch.setattr("tfsetup.locks.run.certificates", lambda _environ, _origins: named)
    assert seen()["SSL_CERT_FILE"] == "/etc/ours.pem"


@pytest.mark.process
@pytest.mark.loopback
@posix
def test_certificates_are_looked_at_once_and_only_for_who_meets_a_server(
    seen: Callable[[], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Certificates] = []
    monkeypatch.setattr(Certificates, "context", lambda own: looks.append(own))  # noqa: PLW0108 - bound
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "ours.pem"))
    assert seen()["SSL_CERT_FILE"] == str(tmp_path / "ours.pem")
    assert looks == []
    for _ in range(3):
        run_uv(["pip", "list"], doing="Looking")
    assert len(looks) == 1


@pytest.mark.process
@pytest.mark.loopback
@posix
def test_certificates_that_cannot_be_used_are_an_error_each_time(
    seen: Callable[[], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "gone.pem"))
    assert seen()["SSL_CERT_FILE"]
    for _ in range(2):
        with pytest.raises(InvalidFileError, match="PIP_CERT names certificates"):
            run_uv(["pip", "list"], doing="Looking")


@pytest.mark.process
@posix
def test_uv_is_not_handed_an_empty_name_of_certificates(
    seen: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "")
    assert not {"SSL_CERT_FILE", "SSL_CERT_DIR"} & seen().keys()


@pytest.mark.process
@posix
def test_uv_sees_what_pips_files_say(
    seen: Callable[[], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://me:word@index.test/simple\nproxy = http://proxy.test:1\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    variables = seen()
    assert variables["UV_DEFAULT_INDEX"] == "https://me:word@index.test/simple"
    assert variables["HTTPS_PROXY"] == "http://proxy.test:1"


def nobody(user: int) -> None:
    raise KeyError(user)


@pytest.mark.process
@posix
def test_uv_is_told_its_folders_where_there_is_no_home(
    seen: Callable[[], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.delenv("HOME")
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "named"))
    assert seen()["UV_CACHE_DIR"] == str(tmp_path / "named" / "uv")
