"""`Host`: the facts about a machine on which everything else decides.

`None` means "could not tell", an empty tuple or `False` means "looked and found none". The field names are the keys of
a host file, and their kinds what it may say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Final, Literal

from tfsetup.ground.encode import Partial
from tfsetup.ground.kinds import Capability, Feature, Gfx, Interpreter, Like, Numbers, Text
from tfsetup.ground.platforms import Arch, Os
from tfsetup.ground.values import value
from tfsetup.ground.versions import minor

_LIBC = Like('{"name": "glibc", "version": "2.36"}')
_CPU = Like('{"brand": "Apple M3 Pro", "features": ["neon"]}')
_GPUS = Like('[{"vendor": "nvidia", "driver": "550.54"}], or [] where there is none')
_PYTHONS = Like('[{"version": "3.12.4", "arch": "arm64"}], or [] where there is none')

MOST_CORES: Final = 1000
"""More than any GPU of Apple's has; what says more is not believed."""

GpuVendor = Literal["apple", "nvidia", "amd", "intel"]


@value
class Libc:
    """The C library."""

    name: Literal["glibc", "musl"]
    """Which one."""
    version: Numbers | None = None
    """`major.minor`."""


@value
class Cpu:
    """The processor."""

    brand: Text | None = None
    """As its maker calls it."""
    features: Annotated[tuple[Feature, ...], Like('["avx", "avx2", "fma"]')] | None = None
    """Instruction-set features, in lower case and Linux's spelling: `avx`, `avx2`, `fma`, `neon`."""


@value
class Gpu:
    """One GPU."""

    vendor: GpuVendor
    """Who made it."""
    name: Text | None = None
    """As its driver or the system calls it."""
    driver: Numbers | None = None
    """The version of NVIDIA's driver."""
    compute_capability: Capability | None = None
    """CUDA's `major.minor`."""
    gfx: Gfx | None = None
    """AMD's name of what code is compiled for: `gfx1100`."""
    cores: int | None = None
    """How many cores Apple's GPU has, of 128 lanes each: a chip is sold with fewer and with more of them."""
    virtual: bool | None = None
    """Whether a virtual machine plays it: behind Apple's paravirtual device another GPU does the work."""


@value
class Python:
    """An interpreter found on the machine."""

    version: Interpreter
    """`major.minor.patch`."""
    arch: Arch | None = None
    """The interpreter's own architecture, not the hardware's."""
    path: Text | None = None
    """Where it is."""
    free_threaded: bool | None = None
    """Whether it is a build without the global lock."""

    @property
    def minor(self) -> str:
        """`major.minor`, such as `3.12`."""
        return minor(self.version)


@value
class Host(Partial):
    """A machine."""

    os: Os | None = None
    """The operating system."""
    os_version: Text | None = None
    """Its version, as it says itself: `14.4.1`."""
    arch: Arch | None = None
    """The hardware's architecture; under Rosetta `arm64`."""
    rosetta: bool | None = None
    """Whether this process is an x86_64 one on Apple silicon."""
    wsl: bool | None = None
    """Whether this Linux runs under Windows."""
    libc: Annotated[Libc, _LIBC] | None = None
    """The C library; on Linux only."""
    page_size: int | None = None
    """Bytes of a page of memory; on Linux only. 64-bit ARM has kernels with 4, 16 and 64 kB."""
    cpu: Annotated[Cpu, _CPU] | None = None
    """The processor."""
    gpus: Annotated[tuple[Gpu, ...], _GPUS] | None = None
    """The GPUs."""
    pythons: Annotated[tuple[Python, ...], _PYTHONS] | None = None
    """The interpreters that could carry an environment, best first."""
    python_downloads: bool | None = None
    """Whether uv could bring another Python."""
    xcode_clt: bool | None = None
    """Whether Xcode's command line tools are there, which compiling needs."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """For each fact where it came from: `sw_vers -productVersion`, `/proc/cpuinfo`, the name of a host file."""
