"""What rattler is told of certificates and proxies, which it reads from few variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import certificates as made_here
from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.locks.conda.library import tell_of_the_way


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_here.make(tmp_path_factory.mktemp("tls") / "made", "good").trusted


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of somebody without settings."""
    monkeypatch.chdir(tmp_path)
    return {"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}


@pytest.mark.process
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"])
def test_every_name_of_a_bundle_becomes_openssl_s(name: str, bundle: Path, environ: dict[str, str]) -> None:
    environ |= {name: str(bundle), "SSL_CERT_FILE": ""}
    assert tell_of_the_way(environ).named == ((name, str(bundle)),)
    assert environ["SSL_CERT_FILE"] == str(bundle)


@pytest.mark.process
def test_a_folder_of_certificates_is_one(bundle: Path, environ: dict[str, str]) -> None:
    environ["CURL_CA_BUNDLE"] = str(bundle.parent)
    tell_of_the_way(environ)
    assert environ["SSL_CERT_DIR"] == str(bundle.parent)
    assert "SSL_CERT_FILE" not in environ


@pytest.mark.process
def test_openssl_s_own_variables_stay(bundle: Path, environ: dict[str, str]) -> None:
    before = environ | {"SSL_CERT_FILE": str(bundle)}
    environ |= {"SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": ""}
    tell_of_the_way(environ)
    assert environ == before


def test_where_nobody_names_any_the_system_s_store_holds(environ: dict[str, str]) -> None:
    before = dict(environ)
    environ |= {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}  # rattler would believe nobody
    tell_of_the_way(environ)
    assert environ == before


@pytest.mark.process
def test_pips_file_says_both(tmp_path: Path, bundle: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(f"[global]\ncert = {bundle}\nproxy = http://me:word@proxy.example:3128\n")
    environ["PIP_CONFIG_FILE"] = str(file)
    tell_of_the_way(environ)
    assert environ["SSL_CERT_FILE"] == str(bundle)
    assert environ["HTTPS_PROXY"] == environ["HTTP_PROXY"] == "http://me:word@proxy.example:3128"


def test_uv_s_file_names_the_proxy(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "uv.toml").write_text('https-proxy = "http://proxy.example:3128"\nno-proxy = ["inside.example"]\n')
    tell_of_the_way(environ)
    assert (environ["HTTPS_PROXY"], environ["NO_PROXY"]) == ("http://proxy.example:3128", "inside.example")


def test_what_rattler_would_pass_over_is_an_error(environ: dict[str, str]) -> None:
    environ["PIP_CERT"] = "/nowhere/bundle.pem"
    with pytest.raises(InvalidFileError, match="PIP_CERT"):
        tell_of_the_way(environ)


def test_settings_of_others_are_refused(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "uv.toml").write_text('https-proxy = "http://proxy.example:3128"\n')
    (tmp_path / "uv.toml").chmod(0o666)
    with pytest.raises(UsageError, match=r"uv\.toml"):
        tell_of_the_way(environ)
