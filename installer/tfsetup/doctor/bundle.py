"""A report for a bug tracker: what was seen and concluded, without names, home folders, hosts and tokens. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import assert_never

from tfsetup.doctor.model import Diagnosis, Evidence
from tfsetup.doctor.present import shown
from tfsetup.doctor.redaction import hosts_in, owners, redact
from tfsetup.doctor.text import plain
from tfsetup.ground.encode import Plain, encode
from tfsetup.host.model import Host

_TAIL_LINES = 400
# A secret may run over several lines, so more of them are cleaned than are sent.
_CLEANED_LINES = 2000
_CLEANED_CHARACTERS = 400_000


def bundle(evidence: Evidence, diagnosis: Diagnosis, *, version: str, names: tuple[str, ...] = ()) -> str:
    """Return the report as JSON text, made of redacted strings only."""
    lines = plain(evidence.log or "").splitlines()
    packages = dict(sorted((evidence.packages or {}).items()))
    document: dict[str, Plain] = {
        "tfsetup": version,
        "host": _host(evidence.host),
        "packages": {**packages},
        "observations": [f"{one.check}: {one.detail}" for one in evidence.observations or ()],
        "preflight": [
            *(f"{one.kind}: {one.message or one.image}" for one in evidence.failures or ()),
            *(f"{one.kind}: {one.consequence}" for one in evidence.clashes),
        ],
        "diagnosis": encode(shown(diagnosis)),
        "log_lines": len(lines),
    }
    tail = "\n".join(lines[-_CLEANED_LINES:])[-_CLEANED_CHARACTERS:]
    everything = tail + json.dumps(document, ensure_ascii=False)
    clean = partial(redact, names=(*names, *sorted(owners(everything))), hosts=hosts_in(everything))
    cleaned = {key: _clean(value, clean) for key, value in document.items()}
    # The only keys that are not ours: a package list from elsewhere may have any text for a name.
    cleaned["packages"] = {clean(plain(name)): clean(plain(version)) for name, version in packages.items()}
    cleaned["log_tail"] = [*clean(tail).splitlines()[-_TAIL_LINES:]]
    return json.dumps(cleaned, indent=1, ensure_ascii=False) + "\n"


def _host(host: Host | None) -> dict[str, Plain]:
    if host is None:
        return {}
    facts: dict[str, Plain] = {name: getattr(host, name) for name in ("os", "os_version", "arch", "rosetta", "wsl")}
    return facts | {
        "libc": None if host.libc is None else f"{host.libc.name} {host.libc.version}",
        "cpu": None if host.cpu is None else host.cpu.brand,
        "features": None if host.cpu is None else list(host.cpu.features or ()),
        "gpus": [f"{gpu.vendor} {gpu.name} {gpu.driver} {gpu.compute_capability}" for gpu in host.gpus or ()],
        "pythons": [f"{python.version} {python.arch} {python.path}" for python in host.pythons or ()],
    }


def _clean(value: Plain, clean: Callable[[str], str]) -> Plain:
    match value:
        case str():
            return clean(plain(value))
        case dict():
            return {key: _clean(item, clean) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item, clean) for item in value]
        case int() | float() | None:
            return value
        case _:
            assert_never(value)
