"""Whose certificates are believed: one answer for every client, ours and uv. (Touches the world.).

The variables a user names win, the strongest first: SSL_CERT_FILE and SSL_CERT_DIR (OpenSSL's, and uv's), then
REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE (requests'), then PIP_CERT (pip's). Else the operating system's store holds, which
is where an organisation puts its own. A system without any store (a bare container) leaves what requests and uv bring.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tfsetup.errors import InvalidFileError, Where

_OPENSSL: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OTHERS: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
_UVS: Final = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
_LARGEST: Final = 16 << 20  # bytes; the bundle of all public authorities has a quarter of a million

# Where Linux distributions and BSDs keep the one file of all authorities (the list of Go's crypto/x509, root_linux.go).
_STORES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificates:
    """What a user named: paths by the variable that names them; and what uv must be told to believe the same.

    Nothing named: the system's store.
    """

    named: tuple[tuple[str, str], ...] = ()
    uv: tuple[tuple[str, str], ...] = ()

    def uv_variables(self) -> dict[str, str]:
        """Return the variables to add for uv.

        Raises:
            InvalidFileError: what was named cannot be read, or holds no certificate; uv would pass over it.
        """
        self.check()
        return dict(self.uv)

    def check(self) -> None:
        """Look at what was named.

        Raises:
            InvalidFileError: it is not there, cannot be read, or holds no certificate; with the variable's name.
        """
        if self.named:
            _of_the_user(self.named)

    def context(self) -> ssl.SSLContext:
        """Return what verifies servers, for our own client.

        Raises:
            InvalidFileError: as `check`.
        """
        return _of_the_user(self.named) if self.named else _of_the_system()


def certificates(environ: Mapping[str, str], *, store: bool | None = None) -> Certificates:
    """Return whose certificates hold under these variables; `store` says whether the system has any of its own."""
    openssl = tuple((name, environ[name]) for name in _OPENSSL if environ.get(name))
    if openssl:
        return Certificates(named=openssl)
    other = next((name for name in _OTHERS if environ.get(name)), None)
    if other is not None:
        value = environ[other]
        return Certificates(named=((other, value),), uv=((_OPENSSL[Path(value).is_dir()], value),))
    if any(environ.get(name) for name in _UVS) or not (has_store() if store is None else store):
        return Certificates()
    # The older name is for a uv that does not know the newer one.
    return Certificates(uv=tuple((name, "1") for name in _UVS))


def has_store() -> bool:
    """Tell whether this system brings certificates: macOS and Windows do, a container often does not."""
    if sys.platform in ("darwin", "win32"):
        return True
    usual = ssl.get_default_verify_paths()
    folder = Path(usual.capath) if usual.capath else None
    files = filter(None, (usual.cafile, *_STORES))
    return any(Path(file).is_file() for file in files) or (folder is not None and any(folder.glob("*.0")))


def _of_the_system() -> ssl.SSLContext:
    import truststore
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not has_store():
        context.load_verify_locations(cafile=DEFAULT_CA_BUNDLE_PATH)
    return context


def _of_the_user(named: tuple[tuple[str, str], ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As uv does: whoever is named is believed, also where it is not the top of its chain.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for name, value in named:
        paths = value.split(os.pathsep) if name == "SSL_CERT_DIR" else [value]
        for path in filter(None, paths):
            _load(context, name, Path(path))
    return context


def _load(context: ssl.SSLContext, name: str, path: Path) -> None:
    try:
        if path.is_dir():
            _load_folder(context, path)
        elif name == "SSL_CERT_DIR":
            raise NotADirectoryError("it is no folder" if path.exists() else "there is no such folder")
        else:
            _load_file(context, path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidFileError(
            f"{name} names certificates that cannot be used: {reason}.",
            where=Where(file=str(path)),
            hint=f"Let {name} name a file of certificates in PEM form, or unset it: the system's store holds then.",
        ) from error


def _load_file(context: ssl.SSLContext, path: Path) -> None:
    if path.stat().st_size > _LARGEST:
        raise ValueError("the file is too large to be one of certificates")
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        raise ValueError("there is no certificate in PEM form in it") from error


def _load_folder(context: ssl.SSLContext, folder: Path) -> None:
    """Load every certificate that lies in a folder, whatever its file is called; other files there are no matter."""
    count = 0
    for path in sorted(folder.iterdir()):
        try:
            _load_file(context, path)
            count += 1
        except (OSError, ValueError):
            continue
    if not count:
        raise ValueError("no file in this folder is a certificate in PEM form")
