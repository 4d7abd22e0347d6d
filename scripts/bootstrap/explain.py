"""What uv's failures mean for somebody who has never heard of uv. Pure.

Each entry: what uv says (a pattern over all of it), the cause, and the next step. The first that fits is the answer;
uv's own words are kept in .tool/uv.log.
"""

from __future__ import annotations

import re

from bootstrap import hints
from bootstrap.failure import Failure

LOG = ".tool/uv.log"
_KNOWN = (
    (
        r"(?i)invalid peer certificate|UnknownIssuer|certificate verif|self.signed certificate",
        "{host} showed a certificate that is not believed on this machine.",
        hints.CERTIFICATE,
    ),
    (
        r"(?i)no space left|os error 28\b|disk quota",
        "There is no room left on the disk.",
        "Make room (`uv cache clean` empties uv's cache, UV_CACHE_DIR names another place), and run make again.",
    ),
    (r"(?i)permission denied|os error 13\b|read-only file system", "{path} cannot be written.", hints.WRITE),
    (r"(?i)hash mismatch", "A file of the index is not the one that {file} pins by its hash.", hints.ANOTHER_FILE),
    (r"(?i)407 proxy|proxy auth", "The proxy wants a user and a password.", hints.PROXY_LOGIN),
)
_PACKAGES = (
    (
        r"(?i)\b40[13] (?:unauthorized|forbidden)|missing credentials|invalid credentials",
        "{host} wants a user and a password, or others than it was sent.",
        hints.LOGIN,
    ),
    (
        r"(?i)was not found in|no solution found|there (?:is|are) no version|has no wheels|no matching distribution",
        "The index does not have every package that {file} pins.",
        hints.ANOTHER_INDEX,
    ),
    (
        r"(?i)failed to fetch|error sending request|dns error|connection refused|timed? ?out|tunnel|request failed",
        "{host} could not be reached.",
        hints.REACH,
    ),
)
_PYTHON = ((r"", "There is no Python {range} on this machine, and none could be fetched: {why}.", hints.PYTHON),)
_PATH = re.compile(r"[`\"'](/[^`\"']+|[A-Z]:\\[^`\"']+)[`\"']")
_HOST = re.compile(r"https?://(?:[^/\s@]*@)?([^/\s:`)]+)")
_WHYS = (
    (r"set to 'never'", "UV_PYTHON_DOWNLOADS forbids it"),
    (r"offline mode", "UV_OFFLINE forbids it"),
    (r"40[0-9] [A-Z]\w+", "{host} answered {found}"),
    (r"https?://", "{host} could not be reached"),
    (r"", "none is offered for this machine"),
)


def explained(said: str, *, pythons: str, file: str | None = None) -> Failure:
    """Return what uv's words mean; `pythons` is the range that was asked for, `file` what was to be installed."""
    host = _first(_HOST, said, "the index")
    whys = ((re.search(pattern, said), why) for pattern, why in _WHYS)
    why = next(why.format(host=host, found=found.group()) for found, why in whys if found)
    path = _first(_PATH, said, f"A folder that {LOG} names")
    for pattern, cause, hint in (*_KNOWN, *(_PACKAGES if file else _PYTHON)):
        if re.search(pattern, said):
            text = cause.format(host=host, path=path, file=file, range=pythons, why=why)
            return Failure(f"{text[0].upper()}{text[1:]} (uv's own words: {LOG})", hint)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1][:300] if lines else "it said nothing"
    return Failure(f"uv could not prepare tfsetup: {last} (all of it: {LOG})", "Run make again when that is mended.")


def _first(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else otherwise
