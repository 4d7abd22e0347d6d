"""Takes secrets, names and places out of a text that is to be sent to strangers. Pure.

Every pattern is possessive or bounded, so a hostile text costs linear time. Where it cannot be known whether a word is
a secret, it is taken for one: a report that says less is still a report.
"""

from __future__ import annotations

import re
from typing import Final

_HIDDEN: Final = "<secret>"
_SHORTEST_NAME: Final = 3
# What services put in front of the tokens they give out.
_PREFIXES: Final = (
    "gh[pousr]_", "github_pat_", "gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|oas|agent)-", "hf_", "pypi-", "sk-",
    "[spr]k_(?:live|test)_", "xox[abeprs]-", "xapp-", "npm_", "dop_v1_", "AIza", r"ya29\.", r"SG\.", "dckr_pat_",
    r"hv[sb]\.", "shpat_", "dapi", "nvapi-", "tskey-", "lin_api_", "AGE-SECRET-KEY-", "r8_",
)  # fmt: skip
# What the names of variables, options and fields that hold a secret have in them.
_WORDS: Final = (
    r"token(?!i[zs]|s\b)|passw|passphrase|passcode|pwd|pass(?![\w.-])|secret|credential|signature"
    r"|(?<![\w.-])sig(?![\w.-])|(?:api|access|account|private|auth|signing|encryption|license)[_.-]?key"
    r"|auth(?=[\"'\s]{0,4}+[=:])"
)
_ASSIGNED: Final = r"([\w.-]{1,200}+[\"']?+\s{0,3}+[=:]\s{0,3}+[\"']?+)"
_SECRETS: Final = (
    # A private key, whole or cut off, and lines that are nothing but base64.
    re.compile(
        r"-----BEGIN (?:(?!PRIVATE)[A-Z]{1,20}+ ){0,4}+PRIVATE KEY-----(?:\s{1,4}+[A-Za-z0-9+/=]{1,200}+(?=\s|$))*+"
        r"(?:\s{1,4}+-----END [A-Z ]{0,60}+-----)?+"
    ),
    re.compile(r"(?m)^[A-Za-z0-9+/]{60,76}+={0,2}+$"),
    # https://user:password@host, also with a slash in the password
    re.compile(r"(?<=://)[^/\s\"'<>:]{1,200}+:(?![0-9]{1,5}+(?:/|$))(?:[^\s\"'<>@]{0,400}+@){1,4}+"),
    re.compile(r"(?<=://)(?!git@)(?:[^/\s\"'<>@]{0,400}+@){1,4}+"),
    # machine HOST login NAME password SECRET (netrc, one line or several)
    re.compile(
        r"(?i)(\b(?:machine\s{1,20}+\S{1,200}+|default)\s{1,20}+)"
        r"(?:(?:login|account|password)\s{1,20}+\S{1,400}+(?:\s{1,20}+(?=login|account|password))?+){1,3}+"
    ),
    re.compile(r"(?i)(\b(?:proxy-)?+authorization[\"']?+\s{0,3}+[:=]\s{0,3}+[\"']?+)(?:[a-z]{2,20}+ )?+[^\s\"',]{4,}+"),
    re.compile(r"(?i)(\bbearer\s{1,3}+)[\w.~+/=-]{8,}+"),
    re.compile(r"(?i)(\b(?:set-)?+cookie:\s{0,3}+)[^\r\n]++"),
    re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_PREFIXES)})[\w.-]{{10,}}+"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\beyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]++)?+"),
    # conda's tokens are a part of the address
    re.compile(r"(?<=/t/)[A-Za-z0-9-]{8,}+(?=/)"),
    re.compile(rf"(?i)(?<![\w.-])(?=[\w.-]{{0,200}}?(?:{_WORDS})){_ASSIGNED}[^\s\"'&;,]{{4,}}+"),
    re.compile(rf"(?i)(?<![\w.-])(?=[\w.-]{{0,200}}?key[\"']?+\s{{0,3}}+[=:]){_ASSIGNED}[\w+/=-]{{24,}}+"),
    re.compile(
        r"(?i)(?<!\S)(--(?=[a-z-]{0,40}?(?:passw|token|secret|api-?key))[\w-]{1,60}+\s{1,3}+[\"']?+)"
        r"[^\s\"'-][^\s\"']{2,}+"
    ),
    re.compile(r"(?i)(\bpassword for [^\s:]{1,200}+:\s?+)\S{4,}+"),
)
_HOMES: Final = (
    re.compile(r"(/home/|/Users/|/export/home/)(?P<user>[^/\s\"':,;<>]{1,64})"),
    re.compile(r"(?i)([a-z]:[\\/]{1,4}Users[\\/]{1,4})(?P<user>[^\\/\s\"':,;<>]{1,64})"),
)
_NOBODY: Final = frozenset(("Shared", "Public", "runner", "user", "me", "circleci", "vsts"))
_PLACES: Final = (
    (re.compile(r"[\w.%+-]{1,64}+@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}\b"), "<email>"),
    (re.compile(r"\b[a-z_][a-z0-9_.-]{0,31}+@[A-Za-z0-9.-]{1,63}+(?=[:\s~]|$)"), "<user>@<host>"),
    (
        re.compile(r"(?m)^((?:\([^()\n]{1,64}+\) ?+)?+)[A-Za-z0-9.-]{1,63}+:(\S{1,200}+) [a-z_][a-z0-9_.-]{0,31}+\$ "),
        r"\1<host>:\2 <user>$ ",
    ),
    (re.compile(r"(?<=on this host \()[^)\s]{1,100}+(?=\))"), "<host>"),
    (re.compile(r"(?<=information for host: )[^\s]{1,100}+"), "<host>"),
    (re.compile(r"(?<=hostname: )[^\s]{1,100}+"), "<host>"),
    (re.compile(r"\b(?:DESKTOP|LAPTOP|WIN)-[A-Z0-9]{5,11}+\b"), "<host>"),
    (re.compile(r"(?i)(\b(?:user|username|logname|sudo_user)=)[^\s\"';,]{1,64}+"), r"\1<user>"),
    (re.compile(r"(?i)(\b(?:hostname|computername|userdomain)=)[^\s\"';,]{1,64}+"), r"\1<host>"),
    (re.compile(r"(?<=//)(?:[0-9]{1,3}+\.){3}+[0-9]{1,3}+"), "<address>"),
)  # fmt: skip


def redact(text: str, *, names: tuple[str, ...] = ()) -> str:
    """Return `text` without secrets, e-mail and host names; home folders become `~`, their owners `<user>`.

    `names` are further words to remove wherever they stand (this machine's user and host).
    """
    for secret in _SECRETS:
        text = secret.sub(_hidden, text)
    users = owners(text)
    for home in _HOMES:
        text = home.sub("~", text)
    for pattern, word in _PLACES:
        text = pattern.sub(word, text)
    for name in sorted({*users, *names}, key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME:  # shorter ones are parts of words
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", "<user>", text)
    return text


def owners(text: str) -> set[str]:
    """Return the names of the users whose home folders `text` mentions."""
    return {match["user"] for home in _HOMES for match in home.finditer(text)} - _NOBODY


def _hidden(found: re.Match[str]) -> str:
    at = "@" if found[0].endswith("@") else ""
    return (found[1] if found.re.groups else "") + _HIDDEN + at
