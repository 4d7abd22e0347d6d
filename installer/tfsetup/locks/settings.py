"""Which index: settings of pip, of the command line and of uv brought together, and no credential in any text. Pure.

uv reads its own variables and files, netrc and keyrings; pip's variables it does not know, so they are translated here.
A setting of uv wins over the same one of pip, and `--index-url` over both. Addresses travel in variables, never in
argument lists, which every user of a machine can read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# pip's variable -> uv's, and uv's older names that settle the same question
_OF_PIP = {
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX", ("UV_INDEX_URL",)),
    "PIP_EXTRA_INDEX_URL": ("UV_INDEX", ("UV_EXTRA_INDEX_URL",)),
    "PIP_TRUSTED_HOST": ("UV_INSECURE_HOST", ()),
    "PIP_CERT": ("SSL_CERT_FILE", ()),
}
_DEFAULTS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_USER = re.compile(r"(?<=://)[^/\s\"'`]*@")
_SECRET = re.compile(
    r"(?i)([?&](?:[\w.-]*(?:token|secret|password|passwd|signature|credential|api[_-]?key)[\w.-]*|sig|auth|key)=)[^&#\s\"'`]+"
)


def index_variables(environ: Mapping[str, str], index_url: str | None = None) -> dict[str, str]:
    """Return the variables to add for uv, so that it uses the indexes that pip would; `index_url` is `--index-url`."""
    added = {
        name: environ[pips]
        for pips, (name, older) in _OF_PIP.items()
        if environ.get(pips) and not any(environ.get(known) for known in (name, *older))
    }
    return added | ({"UV_DEFAULT_INDEX": index_url} if index_url else {})


def default_index(environ: Mapping[str, str], index_url: str | None = None) -> str | None:
    """Return the address of the index that was asked for, without credentials; None: whatever uv's default is."""
    found = index_url or next((environ[name] for name in _DEFAULTS if environ.get(name)), None)
    if found is None:
        return None
    # uv's `name=address`; an address itself may hold an equals sign only after its scheme.
    named = re.match(r"[\w-]+=(?=\w+://)", found)
    return bare(found[named.end() :] if named else found).rstrip("/")


def without_credentials(text: str) -> str:
    """Return `text` with the user name and password of every address, and secrets in its query, replaced by `***`."""
    return _SECRET.sub(r"\1***", _USER.sub("***@", text))


def bare(address: str) -> str:
    """Return an address as it may stand in a file: no user, no password, no secret in its query, no fragment."""
    plain = _USER.sub("", address).partition("#")[0]
    head, _, query = plain.partition("?")
    kept = [part for part in query.split("&") if part and not _SECRET.match(f"?{part}")]
    return head + (f"?{'&'.join(kept)}" if kept else "")
