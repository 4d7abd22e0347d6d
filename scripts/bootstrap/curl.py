"""One request by Apple's curl: it alone knows the keychain, where an organisation puts its certificates.

Everything that it is told goes in by a pipe, since arguments can be read by everybody on a machine. It follows no
redirect: the caller judges each step. (Touches the world.).
"""

from __future__ import annotations

import http.client
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Tuple

if TYPE_CHECKING:
    from collections.abc import Mapping

CURL = "/usr/bin/curl"
Reply = Tuple[int, str, str, bytes]  # status, content type, where it leads, body

_BROKEN = (18, 52, 55, 56)
_LATE = 28
_UNTRUSTED = 60
_WORDS = {
    5: "the name of the proxy is not known",
    6: "the name is not known",
    7: "nobody answers there",
    35: "no TLS connection comes about",
    _UNTRUSTED: "no authority of the keychain vouches for it",
}


def is_here() -> bool:
    """Tell whether there is a curl of Apple's."""
    return Path(CURL).is_file()


def ask(url: str, headers: Mapping[str, str], proxy: str, most: int, limit_s: int) -> Reply:
    """Return what an address answers, through `proxy` if one is named.

    Raises:
        OSError: nothing came, or not all of it.
    """
    told = {
        "url": url,
        "proxy": proxy,
        "max-filesize": str(most),
        "connect-timeout": str(limit_s),
        "speed-time": str(limit_s),
        "speed-limit": "1000",
    }
    lines = [f"{name} = {_quoted(value)}" for name, value in told.items() if value]
    lines += [f"header = {_quoted(f'{name}: {value}')}" for name, value in headers.items()]
    if not proxy:
        lines.append('noproxy = "*"')  # it would ask its variables itself
    lines += ["silent", "show-error", r'write-out = "\n%{http_code}\t%{content_type}\t%{redirect_url}"']
    done = subprocess.run(
        [CURL, "--disable", "--config", "-"],
        input="".join(f"{line}\n" for line in lines).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise _error(done.returncode, done.stderr.decode("utf-8", "replace").strip())
    body, _, last = done.stdout.rpartition(b"\n")
    status, kind, location = last.decode("utf-8", "replace").split("\t")
    return int(status), kind, location, body


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "").replace("\r", "")
    return f'"{escaped}"'


def _error(code: int, said: str) -> OSError | http.client.HTTPException:
    text = _WORDS.get(code, said)
    if code == _UNTRUSTED:
        return ssl.SSLCertVerificationError(text)
    if " 407" in said:
        return OSError(f"Tunnel connection failed: {said}")
    if code == _LATE:
        return TimeoutError(text)
    if code in _BROKEN:
        return http.client.IncompleteRead(b"")
    return ConnectionRefusedError(text)
