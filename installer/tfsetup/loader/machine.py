"""The process a host would run: which system, which architecture, which instructions.

A process under Rosetta is an x86_64 one on an arm64 machine: the interpreter's architecture decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfsetup.errors import UsageError

if TYPE_CHECKING:
    from tfsetup.host.model import Arch, Gpu, Host, Libc, Python
    from tfsetup.loader.python.distributions import TargetOs

_FIRST_MACOS_WITHOUT_OLD_CPUS = (10, 15)
_COMPATIBILITY_LIE = (10, 16)
_AVX = ("avx", "avx2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """One process on one host. `version` is the system's (None: could not tell), `arch` the process's.

    `features` are instruction sets (None: could not tell), `gpus` as in `Host`.
    """

    system: TargetOs
    version: tuple[int, int] | None
    arch: Arch
    rosetta: bool
    features: tuple[str, ...] | None
    libc: Libc | None
    gpus: tuple[Gpu, ...] | None

    def has(self, feature: str) -> bool | None:
        """Say whether the CPU has an instruction set; None: could not tell."""
        if self.rosetta and feature in _AVX:
            return None if self.version is None or self.version >= (15, 0) else False
        if self.features is not None:
            return feature in self.features
        if self.system == "macos" and self.arch == "x86_64" and feature == "avx" and self.version:
            return True if self.version >= _FIRST_MACOS_WITHOUT_OLD_CPUS else None
        return None


def machine_of(host: Host, python: str | None = None) -> Machine:
    """Return the process that a Python `X.Y` of this host is (None: the host's first).

    Raises:
        UsageError: the host does not say its system or its architecture.
    """
    if host.os is None or host.arch is None:
        raise UsageError(
            "Preflight needs to know the operating system and the architecture to judge for.",
            hint="`tfsetup host` shows what could be found out; `--host FILE` describes a machine.",
        )
    arch = _spelled(_process_arch(host, python), host.os)
    return Machine(
        system=host.os,
        version=_version(host.os_version),
        arch=arch,
        rosetta=host.os == "macos" and host.arch == "arm64" and arch == "x86_64",
        features=host.cpu.features if host.cpu else None,
        libc=host.libc,
        gpus=host.gpus,
    )


def _process_arch(host: Host, python: str | None) -> Arch:
    chosen = _python(host, python)
    if chosen is not None and chosen.arch is not None:
        return chosen.arch
    if host.rosetta and host.os == "macos":
        return "x86_64"
    return host.arch or "x86_64"


def _spelled(arch: Arch, system: TargetOs) -> Arch:
    """Return `arch` as the system's own tools spell it: Linux says `aarch64` for what the others call `arm64`."""
    if arch in ("arm64", "aarch64"):
        return "aarch64" if system == "linux" else "arm64"
    return arch


def _python(host: Host, python: str | None) -> Python | None:
    fitting = [each for each in host.pythons or () if python is None or each.minor == python]
    native = [each for each in fitting if each.arch == host.arch]
    return next(iter(native or fitting), None)


def _version(text: str | None) -> tuple[int, int] | None:
    """Read `14.4.1` as (14, 4); anything that is not a number ends it (`11 (22H2)` is (11, 0)).

    10.16 is what macOS 11 and later call themselves to programs built against old SDKs: it says nothing.
    """
    parts: list[int] = []
    for part in (text or "").split("."):
        digits = part.split()[0] if part.split() else ""
        if not digits.isascii() or not digits.isdecimal():
            break
        parts.append(int(digits))
    version = (parts[0], parts[1] if len(parts) > 1 else 0) if parts else None
    return None if version == _COMPATIBILITY_LIE else version
