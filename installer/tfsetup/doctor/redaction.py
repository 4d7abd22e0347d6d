"""Takes secrets, names and places out of a text that is to be sent to strangers. Pure.

Every pattern is possessive or bounded, so a hostile text costs linear time. Where it cannot be known whether a word is
a secret, it is taken for one: a report that says less is still a report.
"""

from __future__ import annotations

import re
from typing import Final

from tfsetup.ground.redaction import ELSEWHERE, KEYS, NAMES, PASSWORD, PREFIXES

_HIDDEN: Final = "<secret>"
_SHORTEST_NAME: Final = 3
_MOST_LABELS: Final = 12  # of a host; a longer one is no name of a machine, and looking at all of them takes too long
# What the names of variables, options and fields that hold a secret are.
_WORDS: Final = rf"{NAMES}|pass(?![\w.-])|(?<![\w.-])sig(?![\w.-])|auth(?=[\"'\s]{{0,4}}+[=:])"
# Words that may stand alone before a secret, with "is" or nothing between: `password is VALUE`, `secret key VALUE`.
_SPOKEN: Final = (
    r"(?:passwords?|passwd|passphrase|passcode|secret|token|credentials?"
    r"|(?:api|(?:secret )?access|account|private|secret|signing|encryption|license)[ _.-]?key)"
)
# What people and programs write behind them that is none. Anything else is taken for one.
_PROSE: Final = (
    r"(?!(?:a|an|the|this|that|your|my|no|not|never|only|also|still|always|already|being|too|very|in|on|of|for|from|to"
    r"|by|with|as|at|and|or|if|when|is|was|were|are|has|have|had|must|may|can|cannot|could|should|will|would|does|did"
    r"|asked|required|needed|missing|wrong|incorrect|invalid|valid|correct|empty|set|unset|read|stored|saved|expired"
    r"|used|unused|given|absent|present|found|known|unknown|refused|rejected|accepted|denied|failed|optional|ignored"
    r"|sent|hidden|different|ok|okay|none|null|false|true|import|file|manager|helper|authentication|prompt)(?![\w-]))"
)
_RANDOM: Final = r"(?=[^\s\"'`,;<>()\[\]]{0,200}?[A-Za-z])(?=[^\s\"'`,;<>()\[\]]{0,200}?[0-9/+=%!@#$^&*~])"
_ASSIGNED: Final = r"([\w.-]{1,200}+[\"']?+\s{0,3}+[=:]\s{0,3}+[\"']?+)"
_SECRETS: Final = (
    # A private key, whole or cut off, and lines that are nothing but base64.
    re.compile(
        r"-----BEGIN (?>(?!PRIVATE)[A-Z]{1,20}+ ){0,4}+PRIVATE KEY-----(?>\s{1,4}+[A-Za-z0-9+/=]{1,200}+(?=\s|$))*+"
        r"(?>\s{1,4}+-----END [A-Z ]{0,60}+-----)?+"
    ),
    re.compile(r"(?m)^[A-Za-z0-9+/]{60,76}+={0,2}+$"),
    PASSWORD,
    re.compile(r"(?<=://)(?!git@)(?>[^/\s\"'<>@]{0,400}+@){1,4}+"),
    *ELSEWHERE,
    re.compile(rf"(?<![A-Za-z0-9])(?:{PREFIXES})[\w.-]{{10,}}+"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\beyJ[\w-]{8,}+\.[\w-]{8,}+(?>\.[\w-]++)?+"),
    # conda's tokens are a part of the address
    re.compile(r"(?<=/t/)[A-Za-z0-9-]{8,}+(?=/)"),
    re.compile(rf"(?i)(?<![\w.-])(?=[\w.-]{{0,200}}?(?:{_WORDS})){_ASSIGNED}[^\s\"'&;,]{{4,}}+"),
    re.compile(rf"(?i)(?<![\w.-])(?=[\w.-]{{0,200}}?key[\"']?+\s{{0,3}}+[=:]){_ASSIGNED}[\w+/=-]{{24,}}+"),
    # aws_secret_access_key VALUE; of tokens models speak too (token_type_ids), so there it must look like one
    re.compile(
        r"(?i)(?<![\w.-])(?=[\w-]{0,200}?[_-])(?=[\w-]{0,200}?(?:passw|passphrase|passcode|secret|credential"
        rf"|{KEYS}))"
        rf"([\w-]{{1,200}}+[\"']?+[ \t]{{1,9}}+(?>(?:is|was) )?+[\"'`]?+){_PROSE}[^\s\"'`&;,]{{4,}}+"
    ),
    re.compile(
        r"(?i)(?<![\w.-])(?=[\w-]{0,200}?[_-])(?=[\w-]{0,200}?token)"
        rf"([\w-]{{1,200}}+[\"']?+[ \t]{{1,9}}+(?>(?:is|was) )?+[\"'`]?+){_RANDOM}[^\s\"'`,;<>()\[\]]{{6,}}+"
    ),
    re.compile(
        rf"(?i)(\b{_SPOKEN}[\"']?+[ \t]{{1,3}}+(?:is|was|are|were)[ \t]{{1,3}}+(?>now )?+[\"'`]?+)"
        rf"{_PROSE}[^\s\"'`,;]{{3,}}+"
    ),
    re.compile(rf"(?i)(\b{_SPOKEN}[ \t]{{1,3}}+[\"'`]?+){_RANDOM}[^\s\"'`,;<>()\[\]]{{6,}}+"),
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
# The host of an index tells whose it is. Kept are those whose pages programs name in their messages for everybody.
_HOST: Final = r"[^\W_](?>[\w-]|\.(?=\w)){0,253}+"
_PUBLIC: Final = frozenset((
    "tensorflow.org", "nvidia.com", "python.org", "pypa.io", "github.com", "microsoft.com", "aka.ms", "apple.com",
    "protobuf.dev", "astral.sh", "conda.io", "keras.io", "numpy.org", "stackoverflow.com", "localhost",
))  # fmt: skip
_HOSTS: Final = (
    re.compile(rf"(?P<before>://(?>(?:{_HIDDEN}|[^/\s\"'<>@]{{0,400}}+)@)?+)(?P<host>{_HOST})"),
    re.compile(rf"(?P<before>(?<![:/])//)(?P<host>{_HOST})(?=[^\s\"']{{0,200}}?:_)"),
    re.compile(rf"(?i)(?P<before>(?<![a-z])trusted[_-]hosts?+[\"']?+[\s=:]{{1,4}}+[\"'\[]{{0,2}}+)(?P<host>{_HOST})"),
    re.compile(
        rf"(?i)(?P<before>(?<!\S)--(?>extra-|default-)?+index(?>-url)?+[ =][\"']?+)(?P<host>{_HOST})(?=[/:.])(?!://)"
    ),
    re.compile(rf"(?i)(?P<before>\b(?:host|hostname|server_hostname)=[\"'])(?P<host>{_HOST})(?=[\"'])"),
    re.compile(
        rf"(?P<before>(?:^|\s)machine\s{{1,20}}+)(?P<host>{_HOST})(?=\s{{1,20}}+(?:login|account|password|{_HIDDEN}))"
    ),
    re.compile(
        r"(?i)(?P<before>\b(?:resolve(?: host)?|lookup|hostname|valid for|connect(?:ion)? to|reach|contact|host)"
        rf":?+[ ]{{1,2}}+[\"'`]?+)(?P<host>(?=[\w-]{{1,60}}+\.){_HOST})"
    ),
)
_DOTTED: Final = re.compile(rf"(?<![\w.-]){_HOST}")
_NOBODY: Final = frozenset(("Shared", "Public", "runner", "user", "me", "circleci", "vsts"))
_PLACES: Final = (
    (re.compile(r"[\w.%+-]{1,64}+@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}\b"), "<email>"),
    (re.compile(r"\b[a-z_][a-z0-9_.-]{0,31}+@[A-Za-z0-9.-]{1,63}+(?=[:\s~]|$)"), "<user>@<host>"),
    (
        re.compile(r"(?m)^((?>\([^()\n]{1,64}+\) ?+)?+)[A-Za-z0-9.-]{1,63}+:(\S{1,200}+) [a-z_][a-z0-9_.-]{0,31}+\$ "),
        r"\1<host>:\2 <user>$ ",
    ),
    (re.compile(r"(?<=on this host \()[^)\s]{1,100}+(?=\))"), "<host>"),
    (re.compile(r"(?<=information for host: )[^\s]{1,100}+"), "<host>"),
    (re.compile(r"(?<=hostname: )[^\s]{1,100}+"), "<host>"),
    (re.compile(r"\b(?:DESKTOP|LAPTOP|WIN)-[A-Z0-9]{5,11}+\b"), "<host>"),
    (re.compile(r"(?i)(\b(?:user|username|logname|sudo_user)=)[^\s\"';,]{1,64}+"), r"\1<user>"),
    (re.compile(r"(?i)(\b(?:hostname|computername|userdomain)=)[^\s\"';,]{1,64}+"), r"\1<host>"),
    (re.compile(r"(?<=//)(?>[0-9]{1,3}+\.){3}+[0-9]{1,3}+"), "<address>"),
)  # fmt: skip


def redact(text: str, *, names: tuple[str, ...] = (), hosts: frozenset[str] = frozenset()) -> str:
    """Return `text` without secrets, e-mail and host names; home folders become `~`, their owners `<user>`.

    `names` are further words to remove wherever they stand (this machine's user and host), `hosts` further hosts: those
    that `hosts_in` found elsewhere in what is sent together.
    """
    for secret in _SECRETS:
        text = secret.sub(_hidden, text)
    users = owners(text)
    found = hosts | hosts_in(text)
    for home in _HOMES:
        text = home.sub("~", text)
    for pattern, word in _PLACES:
        text = pattern.sub(word, text)
    for place in _HOSTS:
        text = place.sub(_without_host, text)
    text = _DOTTED.sub(lambda word: "<host>" if _within(word[0], found) else word[0], text)
    for name in sorted({*users, *names}, key=len, reverse=True):
        if len(name) >= _SHORTEST_NAME:  # shorter ones are parts of words
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", "<user>", text)
    return text


def owners(text: str) -> set[str]:
    """Return the names of the users whose home folders `text` mentions."""
    return {match["user"] for home in _HOMES for match in home.finditer(text)} - _NOBODY


def hosts_in(text: str) -> frozenset[str]:
    """Return the hosts that `text` names as such and that are not everybody's, in small letters.

    Only those with a dot: another word may mean anything where no address is around it.
    """
    found = {match["host"].lower() for place in _HOSTS for match in place.finditer(text)}
    return frozenset(host for host in found if "." in host and not _everybodys(host))


def _everybodys(host: str) -> bool:
    """Whether a host is public, or a number that says nothing of anybody (`127.0.0.1` is hidden elsewhere)."""
    return _within(host, _PUBLIC) or host.replace(".", "").isdigit()


def _within(host: str, domains: frozenset[str]) -> bool:
    """Whether `host` is one of `domains` or lies in one."""
    labels = host.lower().split(".")
    return any(".".join(labels[n:]) in domains for n in range(min(len(labels), _MOST_LABELS)))


def _without_host(found: re.Match[str]) -> str:
    return found[0] if _everybodys(found["host"].lower()) else f"{found['before']}<host>"


def _hidden(found: re.Match[str]) -> str:
    at = "@" if found[0].endswith("@") else ""
    return (found[1] if found.re.groups else "") + _HIDDEN + at
