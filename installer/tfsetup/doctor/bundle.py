"""A report for a bug tracker: what was seen and concluded, without names, home folders, hosts and tokens. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tfsetup.doctor.model import Diagnosis, Evidence
from tfsetup.doctor.present import to_data
from tfsetup.doctor.text import plain
from tfsetup.host.model import Host

_TAIL_LINES = 400
# Shapes of secrets that services give out, and what follows a word that says "secret". All bounded or possessive.
_TOKENS = (
    re.compile(r"(?:gh[pousr]_|github_pat_|glpat-|hf_|pypi-|sk-|xox[abprs]-|npm_|dop_v1_)[A-Za-z0-9_-]{10,}+"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]++)?+"),
    re.compile(r"(?<=://)[^/\s:@]{1,200}:[^/\s@]{1,400}(?=@)"),
    re.compile(r"(?<=://)[^/\s:@]{8,400}(?=@)"),
    re.compile(r"(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}+"),
    re.compile(
        r"(?i)(?<![a-z0-9])((?:api[_-]?key|token|passw(?:or)?d|secret|credential)s?[\"']?\s{0,3}[=:]\s{0,3}[\"']?)"
        r"[^\s\"'&;,]{4,}+"
    ),
)
_HOMES = (
    re.compile(r"(/home/|/Users/|/export/home/)(?P<user>[^/\s\"':,;<>]{1,64})"),
    re.compile(r"(?i)([a-z]:[\\/]{1,4}Users[\\/]{1,4})(?P<user>[^\\/\s\"':,;<>]{1,64})"),
)
_SHARED = {"Shared", "Public", "runner", "user", "me", "circleci", "vsts"}
_PLACES = (
    (re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}\b"), "<email>"),
    (re.compile(r"\b[a-z_][a-z0-9_.-]{0,31}@[A-Za-z0-9.-]{1,63}(?=[:\s~])"), "<user>@<host>"),
    (re.compile(r"(?<=on this host \()[^)\s]{1,100}(?=\))"), "<host>"),
    (re.compile(r"(?<=information for host: )[^\s]{1,100}"), "<host>"),
    (re.compile(r"(?<=hostname: )[^\s]{1,100}"), "<host>"),
    (re.compile(r"(?<=//)(?:[0-9]{1,3}\.){3}[0-9]{1,3}"), "<address>"),
)


def redact(text: str, *, names: tuple[str, ...] = ()) -> str:
    """Return `text` without secrets, e-mail and host names; home folders become `~`, their owners `<user>`.

    `names` are further words to remove wherever they stand (this machine's user and host).
    """
    for token in _TOKENS:
        text = token.sub(lambda found: (found[1] if found.re.groups else "") + "<secret>", text)
    users = owners(text)
    for home in _HOMES:
        text = home.sub("~", text)
    for pattern, word in _PLACES:
        text = pattern.sub(word, text)
    for name in sorted({*users, *names}, key=len, reverse=True):
        if len(name) > 2:  # noqa: PLR2004 - shorter ones are parts of words
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", "<user>", text)
    return text


def owners(text: str) -> set[str]:
    """Return the names of the users whose home folders `text` mentions."""
    return {match["user"] for home in _HOMES for match in home.finditer(text)} - _SHARED


def bundle(evidence: Evidence, diagnosis: Diagnosis, *, version: str, names: tuple[str, ...] = ()) -> str:
    """Return the report as JSON text, made of redacted strings only."""
    lines = plain(evidence.log or "").splitlines()
    document = {
        "tfsetup": version,
        "host": _host(evidence.host),
        "packages": dict(sorted((evidence.packages or {}).items())),
        "observations": [f"{one.check}: {one.detail}" for one in evidence.observations or ()],
        "preflight": [f"{one.kind}: {one.message or one.image}" for one in evidence.failures or ()],
        "diagnosis": to_data(diagnosis),
        "log_lines": len(lines),
        "log_tail": lines[-_TAIL_LINES:],
    }
    everywhere = (*names, *sorted(owners(json.dumps(document, ensure_ascii=False))))
    return json.dumps(_clean(document, everywhere), indent=1, ensure_ascii=False) + "\n"


def _host(host: Host | None) -> dict[str, Any]:
    if host is None:
        return {}
    return {
        "os": host.os,
        "os_version": host.os_version,
        "arch": host.arch,
        "rosetta": host.rosetta,
        "wsl": host.wsl,
        "libc": None if host.libc is None else f"{host.libc.name} {host.libc.version}",
        "cpu": None if host.cpu is None else host.cpu.brand,
        "features": None if host.cpu is None else list(host.cpu.features or ()),
        "gpus": [f"{gpu.vendor} {gpu.name} {gpu.driver} {gpu.compute_capability}" for gpu in host.gpus or ()],
        "pythons": [f"{python.version} {python.arch} {python.path}" for python in host.pythons or ()],
    }


def _clean(value: Any, names: tuple[str, ...]) -> Any:
    match value:
        case str():
            return redact(value, names=names)
        case Mapping():
            return {key: _clean(item, names) for key, item in value.items()}
        case list():
            return [_clean(item, names) for item in value]
        case _:
            return value
