"""Whose certificates are believed: one answer for every client, ours and uv. (Touches the world.).

The variables a user names win, the strongest first: SSL_CERT_FILE and SSL_CERT_DIR (OpenSSL's, and uv's), then
REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE (requests'), then PIP_CERT (pip's, also as `cert` of its settings file). Else the
operating system's store holds, which is where an organisation puts its own. A system without any store (a bare
container) leaves what requests and uv bring.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.values import value

if TYPE_CHECKING:  # most runs meet no server, and start-up is measured
    import ssl

_OPENSSL: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OTHERS: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
NAMES: Final = (*_OPENSSL, *_OTHERS)
"""The variables that name certificates, the strongest first."""

EMPTY: Final = frozenset(_OPENSSL)
"""Variables that uv and OpenSSL take for a path even where they are empty, and then believe nobody."""

_UNBELIEVED: Final = (
    "is not trusted here: nobody whom this machine believes signed it, as where an organisation inspects TLS"
)

_UVS: Final = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
_LARGEST: Final = 16 << 20  # bytes; the bundle of all public authorities has a quarter of a million

STORES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Linux distributions and BSDs keep the one file of all authorities (the list of Go's crypto/x509)."""


@value
class Certificates:
    """What a user named: paths by the variable that names them; and what uv must be told to believe the same.

    Nothing named: the system's store. `origins`: the file that a variable's value was read from, if it was.
    """

    named: tuple[tuple[str, str], ...] = ()
    uv: tuple[tuple[str, str], ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def openssl(self) -> dict[str, str]:
        """The variables to add for whoever reads OpenSSL's and no others; none where the system's store holds."""
        return {name: value for name, value in self.uv if name in _OPENSSL}

    def uv_variables(self) -> dict[str, str]:
        """Return the variables to add for uv.

        Raises:
            InvalidFileError: what was named cannot be read, or holds no certificate; uv would pass over it.
        """
        self.check()
        return dict(self.uv)

    def check(self) -> None:
        """Look at what was named, once in a process: a folder may hold a thousand files.

        Raises:
            InvalidFileError: it is not there, cannot be read, or holds no certificate; with the variable's name.
        """
        if self.named:
            _looked_at(self.named, tuple(sorted(self.origins.items())))

    def context(self) -> ssl.SSLContext:
        """Return what verifies servers, for our own client.

        Raises:
            InvalidFileError: as `check`.
        """
        return self._of_the_user() if self.named else _of_the_system()

    def _of_the_user(self) -> ssl.SSLContext:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # As uv does: whoever is named is believed, also where it is not the top of its chain.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        for name, said in self.named:
            paths = said.split(os.pathsep) if name == "SSL_CERT_DIR" else [said]
            for path in filter(None, paths):
                _load(context, self.said(name), Path(path), folder=name == "SSL_CERT_DIR")
        return context

    def said(self, name: str) -> str:
        """Return a variable's name, or the setting of a file that stands in its place."""
        return f"`cert` in {self.origins[name]}" if name in self.origins else name


@cache
def _looked_at(named: tuple[tuple[str, str], ...], origins: tuple[tuple[str, str], ...]) -> None:
    """Let certificates pass that can be used; only that answer is remembered."""
    Certificates(named=named, origins=dict(origins)).context()


def certificates(
    environ: Mapping[str, str], origins: Mapping[str, str] = MappingProxyType({}), *, store: bool | None = None
) -> Certificates:
    """Return whose certificates hold under these variables.

    `origins` are the files that values of them were read from; `store` says whether the system has any of its own.
    """
    openssl = tuple((name, environ[name]) for name in _OPENSSL if environ.get(name))
    if openssl:
        return Certificates(named=openssl)
    other = next((name for name in _OTHERS if environ.get(name)), None)
    if other is not None:
        value = _of_home(environ[other], environ)
        uv = ((_OPENSSL[Path(value).is_dir()], value),)
        return Certificates(named=((other, value),), uv=uv, origins=origins)
    if any(environ.get(name) for name in _UVS) or not (has_store() if store is None else store):
        return Certificates()
    # The older name is for a uv that does not know the newer one.
    return Certificates(uv=tuple((name, "1") for name in _UVS))


FAULTS: Final = (
    (
        r"certificate expired|has expired|not valid yet|not yet valid|CertNotValidYet|CertExpired|NotValidYet",
        "is not valid today, by this machine's clock",
        "Check the clock (`date`); if it is right, the server's operator must renew the certificate.",
    ),
    (
        r"NotValidForName|not valid for|[Hh]ostname mismatch",
        "is not for this address",
        "Check the address that settings name (UV_DEFAULT_INDEX, uv.toml, pip.conf, .condarc): somebody else answers.",
    ),
    (r"invalid peer certificate|UnknownIssuer|[Cc]ertificate|CERTIFICATE", _UNBELIEVED, ""),
)
"""What OpenSSL, rustls and the systems say of a certificate, what that means, and what to do; the first match counts.

No remedy of its own: `remedy`.
"""


def fault(said: str, believed: Certificates | None = None) -> tuple[str, str] | None:
    """Return what is wrong with the certificate that a failure is about, and what to do; None: it is about none.

    `believed` is whose certificates hold.
    """
    found = ((words, hint or remedy(believed)) for pattern, words, hint in FAULTS if re.search(pattern, said))
    return next(found, None) if re.search(FAULTS[-1][0], said) else None


def remedy(believed: Certificates | None = None) -> str:
    """Return what to do where a server's certificate is not believed; `believed` is who is."""
    if believed is None or not believed.named:
        return (
            "If your organisation inspects TLS, have its certificate put into the system's store, or let SSL_CERT_FILE "
            "name a file with it in PEM form; also check the clock."
        )
    named = " and ".join(believed.said(name) for name, _ in believed.named)
    return (
        f"{named} says whom to believe, and who signed this is not among them. If your organisation inspects TLS, its "
        "certificate belongs there as well; without that setting the system's store holds."
    )


def has_store() -> bool:
    """Tell whether this system brings certificates: macOS and Windows do, a container often does not."""
    if sys.platform in ("darwin", "win32"):
        return True
    if any(Path(file).is_file() for file in STORES):
        return True
    import ssl

    usual = ssl.get_default_verify_paths()
    return Path(usual.openssl_cafile).is_file() or any(Path(usual.openssl_capath).glob("*.0"))


def _of_home(path: str, environ: Mapping[str, str]) -> str:
    """Return a path as pip reads it: one that begins with a tilde is one of the user's own folder."""
    home = environ.get("HOME")
    return f"{home}{path[1:]}" if home and path.startswith("~/") else path


def _of_the_system() -> ssl.SSLContext:
    """Return what the operating system believes: its own judgement on macOS and Windows, elsewhere its files.

    truststore would do for those as well, but holds a lock while it shakes hands: connections at the same time would
    wait for each other, and for ever where one server takes them one by one.
    """
    import ssl

    if sys.platform in ("darwin", "win32"):
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for kind, path in _store():
        context.load_verify_locations(**{kind: path})
    return context


def _store() -> Iterator[tuple[str, str]]:
    """Yield where certificates lie: a file and a folder, as OpenSSL was built or as distributions have them.

    Both count, as for uv: a company's certificate that was written into the file alone has no name in the folder. A
    system without any leaves what requests brings.
    """
    import ssl

    usual = ssl.get_default_verify_paths()
    file = next((path for path in (usual.openssl_cafile, *STORES) if Path(path).is_file()), None)
    folder = usual.openssl_capath if any(Path(usual.openssl_capath).glob("*.0")) else None
    if folder:
        yield "capath", folder
    if file:
        yield "cafile", file
    elif not folder:
        from requests.utils import DEFAULT_CA_BUNDLE_PATH

        yield "cafile", DEFAULT_CA_BUNDLE_PATH


def _load(context: ssl.SSLContext, name: str, path: Path, *, folder: bool) -> None:
    try:
        if path.is_dir():
            _load_folder(context, path)
        elif folder:
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
    import ssl

    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        raise ValueError("there is no certificate in PEM form in it") from error


def _load_folder(context: ssl.SSLContext, folder: Path) -> None:
    """Load every certificate that lies in a folder, whatever its file is called; other files there are no matter."""
    count, files = 0, set[Path]()  # most of them have a second name there, their hash
    for path in sorted(folder.iterdir()):
        try:
            real = path.resolve()
            if real not in files:
                _load_file(context, path)
            files.add(real)
            count += 1
        except (OSError, ValueError):
            continue
    if not count:
        raise ValueError("no file in this folder is a certificate in PEM form")
