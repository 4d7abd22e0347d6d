"""`Host`: the facts about a machine on which everything else decides.

`None` means "could not tell", an empty tuple or `False` means "looked and found none". The field names are the keys of
a host file, and their kinds what it may say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from tfsetup.ground.encode import Partial
from tfsetup.ground.kinds import Capability, Feature, Interpreter, Like, Numbers, Text
from tfsetup.ground.platforms import Arch, Os
from tfsetup.ground.versions import minor

_LIBC = Like('{"name": "glibc", "version": "2.36"}')
_CPU = Like('{"brand": "Apple M3 Pro", "features": ["neon"]}')
_GPUS = Like('[{"vendor": "nvidia", "driver": "550.54"}], or [] where there is none')
_PYTHONS = Like('[{"version": "3.12.4", "arch": "arm64"}], or [] where there is none')

GpuVendor = Literal["apple", "nvidia", "amd", "intel"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Libc:
    """The C library: which one, and its version as `major.minor` (None: could not tell)."""

    name: Literal["glibc", "musl"]
    version: Numbers | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cpu:
    """Brand string and instruction-set features (lower case, Linux spelling: `avx`, `avx2`, `fma`, `neon`)."""

    brand: Text | None = None
    features: Annotated[tuple[Feature, ...], Like('["avx", "avx2", "fma"]')] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gpu:
    """One GPU. `driver` is NVIDIA's driver version, `compute_capability` CUDA's `major.minor`."""

    vendor: GpuVendor
    name: Text | None = None
    driver: Numbers | None = None
    compute_capability: Capability | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Python:
    """An interpreter found on the machine. `arch` is the interpreter's, not the hardware's."""

    version: Interpreter
    arch: Arch | None = None
    path: Text | None = None
    free_threaded: bool | None = None

    @property
    def minor(self) -> str:
        """`major.minor`, such as `3.12`."""
        return minor(self.version)


@dataclass(frozen=True, kw_only=True, slots=True)
class Host(Partial):
    """A machine. `arch` is the hardware's; under Rosetta `arch` is `arm64` and `rosetta` is true.

    `sources` names, for each fact, where it came from (`sw_vers -productVersion`, `/proc/cpuinfo`, `--host FILE`).
    """

    os: Os | None = None
    os_version: Text | None = None
    arch: Arch | None = None
    rosetta: bool | None = None
    wsl: bool | None = None
    libc: Annotated[Libc, _LIBC] | None = None
    cpu: Annotated[Cpu, _CPU] | None = None
    gpus: Annotated[tuple[Gpu, ...], _GPUS] | None = None
    pythons: Annotated[tuple[Python, ...], _PYTHONS] | None = None
    python_downloads: bool | None = None
    xcode_clt: bool | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
