"""No secret in any text that leaves the program: passwords and tokens of addresses, headers, netrc lines. Pure.

Every message, line of progress, JSON document and file is made of text that went through here where it may hold an
address. Every pattern is possessive or bounded, so a hostile text costs linear time.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

HIDDEN: Final = "***"

_ADDRESS: Final = re.compile(r"(?i)\b[a-z][a-z0-9+.-]{0,20}://[^\s\"'`<>]++")
PREFIXES: Final = (
    "gh[pousr]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|oas|agent)-|hf_|pypi-|sk-|[spr]k_(?:live|test)_"
    r"|xox[abeprs]-|xapp-|npm_|dop_v1_|AIza|ya29\.|SG\.|dckr_pat_|hv[sb]\.|shpat_|dapi|nvapi-|tskey-|lin_api_"
    "|AGE-SECRET-KEY-|r8_"
)
"""What services put in front of the tokens they give out."""

KEYS: Final = r"(?:api|access|account|private|auth|signing|encryption|license)[_.-]?key"
NAMES: Final = rf"token(?!i[zs]|s\b)|passw|passphrase|passcode|pwd|secret|credential|signature|{KEYS}"
"""What the names of variables, options, fields and parts of a query that hold a secret have in them."""

# user:password@, the password with a slash in it too; a port is no password.
PASSWORD: Final = re.compile(r"(?<=://)[^/\s\"'<>:`]{1,200}+:(?![0-9]{1,5}+(?:/|$))(?>[^\s\"'<>@`]{0,400}+@){1,4}+")
_USER: Final = (PASSWORD, re.compile(r"(?<=://)[^/\s\"'`]*@"))
_CONDA: Final = re.compile(r"/t/[^/]+(?=/)")
# What the names of a query's secrets are, and what a value looks like that nobody made up for reading.
_NAMED: Final = re.compile(rf"(?i)[\w.-]*(?:{NAMES}|tokens)[\w.-]*|sig|auth|key|pass|jwt|session|code")
_RANDOM: Final = re.compile(r"(?=[\w.~+=%-]*\d)(?=[\w.~+=%-]*[A-Za-z])[\w.~+=%-]{16,}")
# A step of a path that is a token: what stands behind /t/ (conda), what has a service's own prefix, or many letters and
# digits; the hex digits of a hash are none.
_STEP: Final = re.compile(
    r"(?<=/t/)[^/?#]+(?=/|$)"
    rf"|(?<=/)(?:{PREFIXES}|eyJ)[\w.-]{{8,}}(?=/|$)"
    r"|(?<=/)(?=[A-Za-z0-9]{0,400}?[0-9])(?=[A-Za-z0-9]{0,400}?[g-zG-Z])(?=[A-Za-z0-9]{0,400}?[A-Z])[A-Za-z0-9]{16,400}(?=/|$)"
)
ELSEWHERE: Final = (
    # machine HOST login NAME password SECRET (netrc, one line or several)
    re.compile(
        r"(?i)(\b(?:machine\s{1,20}+\S{1,200}+|default)\s{1,20}+)"
        r"(?>(?:login|account|password)\s{1,20}+\S{1,400}+(?>\s{1,20}+(?=login|account|password))?+){1,3}+"
    ),
    re.compile(r"(?i)(\b(?>proxy-)?+authorization[\"']?+\s{0,3}+[:=]\s{0,3}+[\"']?+)(?>[a-z]{2,20}+ )?+[^\s\"',]{4,}+"),
    re.compile(r"(?i)(\bbearer\s{1,3}+)[\w.~+/=-]{8,}+"),
    re.compile(r"(?i)(\b(?>set-)?+cookie:\s{0,3}+)[^\r\n]++"),
)
"""Where secrets stand outside of addresses: netrc, headers. The first group is what may stay."""

# Also in what a library quotes of an address without its host: "Max retries exceeded with url: /simple/x?token=…"
_QUERY: Final = re.compile(r"(?<=[?&])([\w.-]{1,100})=([^&#\s\"'`<>)]+)")


def redact(text: str) -> str:
    """Return `text` without user names and passwords of addresses, tokens in their queries and paths, and headers."""
    text = _ADDRESS.sub(lambda found: _address(found[0]), text)
    text = _QUERY.sub(_value, text)
    for pattern in ELSEWHERE:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def shown(address: str) -> str:
    """Return the address of an index for people: host and path; of a user and a query only that there is one."""
    try:
        parts = urlsplit(address)
    except ValueError:  # no address at all, so nobody knows what of it is a secret
        return HIDDEN
    user = f"{HIDDEN}@" if "@" in parts.netloc else ""
    netloc = user + parts.netloc.rpartition("@")[2]
    plain = urlunsplit(parts._replace(netloc=netloc, query="", fragment=""))
    return _address(plain) + (f"?{HIDDEN}" if parts.query else "")


def bare(address: str) -> str:
    """Return an address as it may stand in a file: no user, no password, no secret in its query, no fragment."""
    plain = _without_user(address, "").partition("#")[0]
    head, _, query = plain.partition("?")
    kept = [part for part in query.split("&") if part and not _secret(*part.partition("=")[::2])]
    return head + (f"?{'&'.join(kept)}" if kept else "")


def public(address: str) -> str:
    """Return the address of a conda channel without user, password and token, as it may stand in a lock file."""
    return _CONDA.sub("", _without_user(address, ""))


def words(error: BaseException) -> str:
    """Return why a request failed: the words of the innermost cause, without the secrets an address in it may carry.

    The outer ones repeat the whole address, query included.
    """
    seen = [error]
    while len(seen) < 20 and (inner := _inner(seen[-1])) is not None and inner not in seen:  # noqa: PLR2004
        seen.append(inner)
    last = seen[-1]
    text = getattr(last, "verify_message", None) or getattr(last, "strerror", None) or str(last) or type(last).__name__
    return redact(_ADDRESS.sub(lambda found: shown(found[0]), str(text)))[:200].rstrip(".")


def _inner(error: BaseException) -> BaseException | None:
    candidates = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
    return next((one for one in candidates if isinstance(one, BaseException)), None)


def _address(address: str) -> str:
    head, mark, query = _without_user(address, f"{HIDDEN}@").partition("?")
    return _STEP.sub(HIDDEN, head) + mark + query


def _without_user(address: str, instead: str) -> str:
    for pattern in _USER:
        address = pattern.sub(instead, address)
    return address


def _value(found: re.Match[str]) -> str:
    return f"{found[1]}={HIDDEN}" if _secret(found[1], found[2]) else found[0]


def _secret(name: str, value: str) -> bool:
    """Tell whether a part of a query is a secret; a part without a value is one if it looks like it."""
    return bool(_RANDOM.fullmatch(value or name)) or bool(value and _NAMED.fullmatch(name))
