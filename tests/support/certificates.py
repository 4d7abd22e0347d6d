"""Certificates for a server on this machine, each wrong in one way, made by openssl for the test that needs them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

# What `openssl ca` wants to know; the dates make a certificate one of the future or the past for every client.
_CONFIG = """
[ca]
default_ca = mine
[mine]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
CN = tests
[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[server]
subjectAltName = {names}
"""
_DATES = {
    "not yet valid": ("20700101000000Z", "20710101000000Z"),
    "expired": ("20010101000000Z", "20020101000000Z"),
}
_ALWAYS = ("20200101000000Z", "20700101000000Z")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A server's side of TLS, and the file of certificates its clients trust."""

    context: ssl.SSLContext
    trusted: Path


def make(folder: Path, kind: str) -> Made:
    """Return a certificate for a server on this machine, also as index.test and channel.test.

    It is `good`, `expired`, `not yet valid`, `of another name` or `unknown`.
    """
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here")
    folder.mkdir(parents=True)
    names = "DNS:elsewhere.test" if kind == "of another name" else "IP:127.0.0.1,DNS:index.test,DNS:channel.test"
    config = folder / "openssl.cnf"
    config.write_text(_CONFIG.format(folder=folder, names=names), encoding="utf-8")
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01\n", encoding="utf-8")
    for issuer in ("trusted", "unknown"):
        _authority(folder, config, issuer)
    signer = "unknown" if kind == "unknown" else "trusted"
    new: list[str | Path] = ["req", "-config", config, "-new", "-newkey", "rsa:2048", "-nodes", "-reqexts", "server"]
    _openssl(*new, "-subj", "/CN=127.0.0.1", "-keyout", folder / "server.key", "-out", folder / "server.csr")
    start, end = _DATES.get(kind, _ALWAYS)
    sign: list[str | Path] = ["ca", "-batch", "-notext", "-config", config, "-startdate", start, "-enddate", end]
    keys: list[str | Path] = ["-cert", folder / f"{signer}.pem", "-keyfile", folder / f"{signer}.key"]
    _openssl(*sign, *keys, "-in", folder / "server.csr", "-out", folder / "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return Made(context=context, trusted=folder / "trusted.pem")


def subject_hash(file: Path) -> str:
    """Return the name by which OpenSSL looks for a certificate in a folder."""
    return _openssl("x509", "-hash", "-noout", "-in", file).strip()


def _authority(folder: Path, config: Path, name: str) -> None:
    new: list[str | Path] = [
        "req",
        "-config",
        config,
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "3650",
        "-extensions",
        "authority",
    ]
    _openssl(*new, "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")


def _openssl(*words: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
