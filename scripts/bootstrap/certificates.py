"""Whose certificates are believed: the rule of ground/certificates.py, for the standard library and for uv."""

from __future__ import annotations

import os
import ssl
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OTHERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
_UVS = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
VARIABLES = (*_OPENSSL, *_OTHERS)

# Where distributions keep the one file of all authorities; a Python that was not built for this one looks elsewhere.
STORES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def named(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what the user named, with the variables that did; nothing: the system's store holds."""
    openssl = [(name, environ[name]) for name in _OPENSSL if environ.get(name)]
    return openssl or [(name, environ[name]) for name in _OTHERS if environ.get(name)][:1]


def uv_variables(environ: Mapping[str, str], *, store: bool | None = None) -> dict[str, str]:
    """Return the variables to add for uv, so that it believes the same."""
    found = named(environ)
    if found:
        (name, value), *_ = found
        return {} if name in _OPENSSL else {_OPENSSL[Path(of_home(value, environ)).is_dir()]: of_home(value, environ)}
    if any(environ.get(name) for name in _UVS) or not (has_store() if store is None else store):
        return {}
    return dict.fromkeys(_UVS, "1")


def has_store() -> bool:
    """Tell whether this system brings certificates: macOS and Windows do, a container often does not."""
    if sys.platform in ("darwin", "win32"):
        return True
    usual = ssl.get_default_verify_paths()
    return any(Path(file).is_file() for file in (usual.openssl_cafile, *STORES)) or any(
        Path(usual.openssl_capath).glob("*.0")
    )


def of_home(path: str, environ: Mapping[str, str]) -> str:
    """Return a path as pip reads it: one that begins with a tilde is one of the user's own folder."""
    home = environ.get("HOME")
    return f"{home}{path[1:]}" if home and path.startswith("~/") else path


def context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return what verifies servers.

    Raises:
        Failure: what a variable names cannot be used.
    """
    found = named(environ)
    # Not `create_default_context`: from Python 3.13 on it refuses authorities as many companies have made theirs.
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not found:
        made.load_default_certs()
        store = next((path for path in STORES if Path(path).is_file()), None)
        if store is not None and sys.platform != "win32":
            made.load_verify_locations(cafile=store)
        return made
    made.verify_flags |= getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000)
    for name, value in found:
        for path in value.split(os.pathsep) if name == "SSL_CERT_DIR" else [value]:
            if path and not _load(made, Path(of_home(path, environ))):
                raise Failure(
                    f"{name} names certificates that cannot be used: {path}.",
                    f"Let {name} name a file (SSL_CERT_DIR: a folder) of certificates in PEM form, or unset it: the "
                    "system's store holds then.",
                )
    return made


def unchecked() -> ssl.SSLContext:
    """Return what believes everybody, for a host that the user allowed by its name."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def _load(made: ssl.SSLContext, path: Path) -> bool:
    """Load a file, or every file of a folder that is one of certificates; tell whether there was any."""
    count = 0
    for one in sorted(path.iterdir()) if path.is_dir() else [path]:
        with suppress(OSError, ValueError):  # another kind of file
            made.load_verify_locations(cafile=str(one))
            count += 1
    return bool(count)
