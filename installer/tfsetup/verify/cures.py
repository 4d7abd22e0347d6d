"""Whether the process that was examined sees the variables without which its packages compute something else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tfsetup.host.model import Host
from tfsetup.matrix.hazards import Hazard, hazards_of
from tfsetup.matrix.model import Expectation
from tfsetup.verify.model import Finding
from tfsetup.verify.observed import Observed


def asked(expectation: Expectation | None, hazards: Iterable[Hazard]) -> tuple[str, ...]:
    """Return the names of the variables that the probe must tell: the row's, and those of every known cure."""
    names = set(expectation.environment if expectation is not None else ())
    return tuple(sorted(names.union(*(hazard.cure.environment for hazard in hazards))))


def present(seen: Observed, hazards: Sequence[Hazard], host: Host | None) -> tuple[Hazard, ...]:
    """Return the hazards that the environment's own packages have, whoever installed them."""
    macos = host.os_version if host is not None and host.os == "macos" else None
    packages = seen.last("distributions").get("distributions") or {}
    python = seen.last("interpreter").get("python")
    return hazards_of(hazards, packages, macos=macos, python=python if isinstance(python, str) else None)


def cure_findings(seen: Observed, expectation: Expectation | None, found: Sequence[Hazard]) -> Iterator[Finding]:
    """Warn of each variable that is not there or is another one, also where every check has passed.

    A check that passes today may be one that this release of Keras does not make.
    """
    told: dict[str, Hazard | None] = dict.fromkeys(expectation.environment if expectation is not None else {})
    wanted = dict(expectation.environment) if expectation is not None else {}
    for hazard in found:
        wanted |= hazard.cure.environment
        told |= dict.fromkeys(hazard.cure.environment, hazard)
    have: Mapping[str, str | None] = seen.last("interpreter").get("asked") or {}
    for name, value in wanted.items():
        if name in have and have[name] != value:
            yield _finding(name, value, have[name], told[name], seen)


def _finding(name: str, value: str, actual: str | None, hazard: Hazard | None, seen: Observed) -> Finding:
    state = "is not set" if actual is None else f"is {actual!r}"
    detail = "this environment's packages need it"
    if hazard is not None:
        version = (seen.last("distributions").get("distributions") or {}).get(hazard.distribution, "")
        detail = f"{hazard.distribution} {version} {hazard.title}: {hazard.consequence}"
    return Finding(
        severity="warning",
        title=f"{name} {state} in this environment's processes; {name}={value} is needed",
        detail=detail,
        fix=("tfsetup install puts it where every process sees it", f"export {name}={value}"),
    )
