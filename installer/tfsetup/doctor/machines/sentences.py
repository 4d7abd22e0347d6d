"""Where host file and log disagree, as sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tfsetup.doctor.machines.pythons import Interpreter
from tfsetup.doctor.machines.statements import Statement, Strength
from tfsetup.ground.platforms import OS_NAMES, arch_of
from tfsetup.ground.versions import minor

_LONGEST: Final = 60
_SYSTEMS: Final[Mapping[str, str]] = {str(os): name for os, name in OS_NAMES.items()}


def contradictions(
    told: Mapping[str, str],
    log: Mapping[str, Statement],
    facts: Mapping[str, str],
    pythons: tuple[Interpreter, Interpreter] | None,
) -> tuple[str, ...]:
    """Return what `told` (the host file) and the statements of a log say differently, and what in the log disagrees.

    `facts` are what follows from both; `pythons` an installer's Python and the one that ran, where they are two.
    """
    return (*_of_the_host(told, log), *_of_architectures(told, log, facts), *_of_pythons(pythons))


def _of_the_host(told: Mapping[str, str], log: Mapping[str, Statement]) -> Iterator[str]:
    printed = {fact: one for fact, one in log.items() if one.strength is Strength.PROGRAM}
    if "os" in told and "os" in printed and printed["os"].value != told["os"]:
        yield _says(_SYSTEMS[told["os"]], f"the log is from {_SYSTEMS[printed['os'].value]}", printed["os"])
    if "python" in told and "python" in printed and minor(printed["python"].value) != minor(told["python"]):
        yield _says(
            f"Python {minor(told['python'])}",
            f"the log is Python {minor(printed['python'].value)}'s",
            printed["python"],
        )
    if "arch" in told and "arch" in printed and arch_of(printed["arch"].value) != arch_of(told["arch"]):
        yield _says(told["arch"], f"the log is from a machine that is {printed['arch'].value}", printed["arch"])
    for fact, name in (("driver", "NVIDIA driver"), ("glibc", "glibc")):
        if fact in told and fact in printed and minor(printed[fact].value) != minor(told[fact]):
            yield _says(f"{name} {told[fact]}", f"the log names {printed[fact].value}", printed[fact])


def _of_architectures(told: Mapping[str, str], log: Mapping[str, Statement], facts: Mapping[str, str]) -> Iterator[str]:
    arm = arch_of(facts.get("arch", "")) == "arm64"
    process, machine = log.get("process"), log.get("arch")
    whose = "The host file says arm64" if "arch" in told else "The machine is arm64"
    if facts.get("emulated") == "true":
        shown = log.get("emulated") or log.get("image") or process
        yield f"{whose if arm else 'The machine is arm64'}; the container's image is for x86_64{_quoted(shown)}."
    elif facts.get("os") == "macos" and arm and facts.get("process") == "x86_64" and process is not None:
        said = whose if "arch" in told or machine is None else f"{whose}{_quoted(machine)}"
        yield f"{said}; the log's Python is an x86_64 one{_quoted(process)}."


def _of_pythons(pythons: tuple[Interpreter, Interpreter] | None) -> Iterator[str]:
    if pythons is not None:
        installs, runs = pythons
        yield f"Installed was into {_named(installs)}; what ran is {_named(runs)}."


def _named(one: Interpreter) -> str:
    name = f"Python {minor(one.version)}" if one.version else "a Python"
    return f"{name} ({one.said if len(one.said) <= _LONGEST else f'…{one.said[-_LONGEST:]}'})"


def _says(told: str, log: str, one: Statement) -> str:
    return f"The host file says {told}; {log}{_quoted(one)}."


def _quoted(one: Statement | None) -> str:
    if one is None or not one.said:
        return ""
    # Of a path the end tells, of a line its beginning.
    cut = f"…{one.said[-_LONGEST:]}" if one.fact == "python" else f"{one.said[:_LONGEST]}…"
    return f" ({one.said if len(one.said) <= _LONGEST else cut})"
