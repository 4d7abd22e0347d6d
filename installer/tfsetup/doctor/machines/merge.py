"""Host file and log put together: which facts hold for the process that printed the log, and where the two disagree.

Neither overrules the other in silence. What a program of the log prints about its own process (`PROCESS`) decides for
what that process printed; of the machine below, the host file is believed. Every difference is told. Pure.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tfsetup.doctor.machines.cards import told_by
from tfsetup.doctor.machines.host import facts_of
from tfsetup.doctor.machines.people import said
from tfsetup.doctor.machines.programs import printed
from tfsetup.doctor.machines.pythons import Interpreter, at_odds, interpreters, told_of
from tfsetup.doctor.machines.sentences import contradictions
from tfsetup.doctor.machines.statements import Statement, Strength, best
from tfsetup.doctor.machines.words import guessed
from tfsetup.ground.platforms import NARROW, OS_NAMES, arch_of
from tfsetup.ground.versions import minor
from tfsetup.host.model import Host
from tfsetup.matrix.file.rows import GpuModel

# Only this much of each end of a log is searched for facts: what a run prints about its machine stands there.
WINDOW: Final = 200_000
# People write before or after what a program printed.
_WRITTEN: Final = 60_000
# Facts of a process, which may run elsewhere than on the machine that the host file is about.
PROCESS: Final = frozenset(
    ("os", "process", "python", "bits", "libc", "glibc", "wsl", "container", "image", "emulated")
)
_SMALL: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What is known of the machine and the process. `guessed` are the facts that no host file told."""

    facts: Mapping[str, str] = field(default_factory=dict)
    guessed: frozenset[str] = frozenset()
    contradictions: tuple[str, ...] = ()


def ends(stream: str, size: int = WINDOW) -> str:
    """Return the two ends of a log in which facts are looked for, `size` characters of each."""
    return stream if len(stream) <= 2 * size else stream[:size] + stream[-size:]


def machine_of(host: Host | None, stream: str, cards: Sequence[GpuModel] = ()) -> Machine:
    """Return what `host` (None: nobody described one) and the text say of the machine, with GPUs of `cards`."""
    window = ends(stream)
    told = facts_of(host) if host is not None else {}
    seen = interpreters(window)
    log = _of_log(window, seen, told.get("os"))
    facts = _together(told, log)
    overruled = {fact for fact in PROCESS if _overrules(log.get(fact), told, fact)}
    facts |= {fact: log[fact].value for fact in overruled}
    facts |= {f"{fact}_told": told[fact] for fact in ("os", "python") if fact in told}
    if "python" in overruled:
        facts["interpreters"] = "several"
    derive(facts, cards)
    return Machine(
        facts=facts,
        guessed=frozenset(facts) - (frozenset(told) - overruled) - {"os_told", "python_told"},
        contradictions=contradictions(told, log, facts, at_odds(seen)),
    )


def _together(told: Mapping[str, str], log: Mapping[str, Statement]) -> dict[str, str]:
    """Return the facts of both, the host file's before the log's, without words that can be no fact of its system."""
    facts = {**{fact: one.value for fact, one in log.items()}, **told}
    elsewhere = told.get("os") not in {None, log["os"].value if "os" in log else None}
    if "process" not in told and (elsewhere or ("arch" in told and told.get("os") != "macos")):
        _forget(facts, log, "process")  # the log's architecture words belong to the log's operating system
    if told.get("os") in {"windows", "macos"} and "wsl" not in told:
        _forget(facts, log, "wsl")
    process = log.get("process")
    native = facts.get("os") in {"linux", "windows"} and facts.get("container") != "true"
    if native and process is not None and process.strength is Strength.PROGRAM:
        facts.setdefault("arch", process.value)
    return facts


def _of_log(window: str, seen: Sequence[Interpreter], system: str | None) -> dict[str, Statement]:
    """Return what counts of the statements of a log, by fact. `system` is the one that the host file names."""
    small = ends(window, _WRITTEN).translate(_SMALL)
    statements = [*guessed(window, system), *said(small), *printed(window), *told_of(window, seen)]
    chosen = best(statements)
    if (system_of_it := _system(statements, inside="container" in chosen)) is not None:
        chosen["os"] = system_of_it
    if "os" in chosen and chosen["os"].value == "macos":
        _without_others(chosen)
    return chosen


def _system(statements: Sequence[Statement], *, inside: bool) -> Statement | None:
    """Return what tells the system better than the strongest: in a container its Linux, and words before a person."""
    systems = [one for one in statements if one.fact == "os"]
    printed_ones = [one for one in systems if one.strength is Strength.PROGRAM]
    linux = [one for one in printed_ones if one.value == "linux"]
    if inside and linux:
        return linux[-1]
    counted = [one for one in systems if one.strength is Strength.WORDS]
    return None if printed_ones else next(iter(counted), None)


def _without_others(chosen: dict[str, Statement]) -> None:
    """Take out what a Mac does not have: who names it speaks of another machine."""
    chosen.pop("wsl", None)
    for fact in ("gpu", "gpu_name", "driver", "cuda", "compute"):
        if fact in chosen and chosen[fact].strength is Strength.PERSON:
            chosen.pop(fact)


def _forget(facts: dict[str, str], log: Mapping[str, Statement], fact: str) -> None:
    if fact in log and log[fact].strength is not Strength.PROGRAM:
        facts.pop(fact, None)


def _overrules(one: Statement | None, told: Mapping[str, str], fact: str) -> bool:
    return (
        one is not None and one.strength is Strength.PROGRAM and fact in told and not alike(fact, one.value, told[fact])
    )


def alike(fact: str, one: str, other: str) -> bool:
    """Return whether two values of a fact say the same: Pythons by their minor, architectures however spelled."""
    if fact == "python":
        return minor(one) == minor(other)
    return one == other or (arch_of(one) is not None and arch_of(one) == arch_of(other))


def derive(facts: dict[str, str], cards: Sequence[GpuModel] = ()) -> None:
    """Put in what follows from the facts; `cards` are the models of GPUs that the matrix knows."""
    mac = "macos" in (facts.get("os"), facts.get("os_told"))
    if facts.get("wsl") == "true":
        facts.setdefault("os", "linux")
    if facts.get("arch") == "arm64":
        facts.setdefault("os", "macos")  # a Linux calls it aarch64
    if facts.get("os") == "macos":
        _translated(facts)
    if facts.get("os") == "linux" and mac:
        facts.setdefault("container", "true")  # a Linux on a Mac runs in a virtual machine, mostly Docker's
    _emulated(facts)
    if facts.get("os") != "macos":
        _native(facts)
    for fact in ("arch", "process", "image"):
        if fact in facts:
            facts[fact] = _as_there(facts[fact], facts.get("os_told" if fact == "arch" else "os") or facts.get("os"))
    if facts.get("arch") in NARROW:
        facts.setdefault("bits", "32")
    for fact, value in told_by(facts.get("gpu_name", ""), cards).items():
        facts.setdefault(fact, value)


def _as_there(arch: str, os: str | None) -> str:
    """Return an architecture as the system spells it."""
    return arch_of(arch, next((name for name in OS_NAMES if name == os), None)) or arch


def _translated(facts: dict[str, str]) -> None:
    """Of a Mac: an Intel process on Apple silicon is translated, whatever the process was that filled the host file."""
    if facts.get("arch") == "arm64" and facts.get("process") == "x86_64":
        facts["rosetta"] = "true"
    if facts.get("rosetta") == "true":
        facts["process"] = "x86_64"
        facts.setdefault("arch", "arm64")
    if facts.get("arch") == "x86_64":
        facts.setdefault("process", "x86_64")
        facts.setdefault("rosetta", "false")
    if facts.get("arch") == "arm64" and facts.get("rosetta") == "false":
        facts.setdefault("process", "arm64")


def _emulated(facts: dict[str, str]) -> None:
    """A container of an amd64 image on an arm64 machine is emulated."""
    amd64 = facts.get("image", facts.get("process")) == "x86_64"
    if facts.get("container") == "true" and amd64 and arch_of(facts.get("arch", "")) == "arm64":
        facts["emulated"] = "true"
    if facts.get("emulated") == "true":
        facts["os"] = "linux"  # what is emulated is a container, on whatever system
        facts["process"] = "x86_64"
        facts.setdefault("arch", "aarch64")


def _native(facts: dict[str, str]) -> None:
    """Outside of macOS and emulators a process is of its machine's architecture."""
    if facts.get("arch"):
        facts.setdefault("process", facts["arch"])
