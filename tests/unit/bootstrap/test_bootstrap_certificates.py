"""The store of the system, wherever a distribution keeps it, and what a user names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bootstrap import certificates
from bootstrap.failure import Failure
from support import certificates as made_here

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one authority."""
    return made_here.make(tmp_path_factory.mktemp("tls") / "good", "good").trusted


def names(environ: dict[str, str]) -> list[str]:
    subjects = [one["subject"] for one in certificates.context(environ).get_ca_certs()]
    return re.findall(r"'commonName', '(\w+)'", str(subjects))


def test_the_systems_store_is_believed_where_this_python_does_not_look(
    monkeypatch: pytest.MonkeyPatch, authority: Path
) -> None:
    monkeypatch.setattr(certificates, "STORES", ("/nowhere/ca.pem", str(authority), "/never/looked/at"))
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "/nowhere")  # nor this one's variables, which the caller handed in
    assert names({}) == ["trusted"]
    assert certificates.has_store()


def test_what_is_named_is_believed_alone(authority: Path, tmp_path: Path) -> None:
    assert names({"PIP_CERT": str(authority)}) == ["trusted"]
    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / "a.pem").write_bytes(authority.read_bytes())
    (folder / "README").write_text("no certificate")
    assert names({"SSL_CERT_DIR": f"{folder}:{folder}"}) == ["trusted"]
    assert names({"CURL_CA_BUNDLE": str(folder)}) == ["trusted"]


def test_a_tilde_is_the_users_folder(authority: Path) -> None:
    environ = {"HOME": str(authority.parent), "PIP_CERT": f"~/{authority.name}"}
    assert names(environ) == ["trusted"]
    assert certificates.uv_variables(environ) == {"SSL_CERT_FILE": str(authority)}


@pytest.mark.parametrize("name", certificates.VARIABLES)
@pytest.mark.parametrize("kind", ["missing", "empty", "folder without"])
def test_what_cannot_be_used_is_named_with_its_variable(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "named"
    if kind == "empty":
        path.touch()
    elif kind == "folder without":
        path.mkdir()
        (path / "x").touch()
    with pytest.raises(Failure, match=f"{name} names certificates that cannot be used") as caught:
        certificates.context({name: str(path)})
    assert name in caught.value.hint
