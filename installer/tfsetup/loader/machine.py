"""The process a host would run: which system, which architecture, which instructions.

A process under Rosetta is an x86_64 one on an arm64 machine: the interpreter's architecture decides.
"""

from __future__ import annotations

from tfsetup.errors import UsageError
from tfsetup.ground.platforms import Arch, Os, Platform, read_mac_version, spelled
from tfsetup.ground.values import value
from tfsetup.ground.versions import pair
from tfsetup.host.model import Gpu, Host, Libc, Python
from tfsetup.loader.python.target import Target

_FIRST_MACOS_WITHOUT_OLD_CPUS = (10, 15)
_AVX = ("avx", "avx2")


@value
class Machine:
    """One process on one host. `version` is the system's (None: could not tell), `arch` the process's.

    `features` are instruction sets (None: could not tell), `gpus` as in `Host`. `free_threaded`: its Python is a build
    without the global lock, which takes modules and wheels of its own only.
    """

    system: Os
    version: tuple[int, int] | None
    arch: Arch
    rosetta: bool
    features: tuple[str, ...] | None
    libc: Libc | None
    gpus: tuple[Gpu, ...] | None
    free_threaded: bool = False

    @property
    def platform(self) -> Platform:
        """What the process is one of."""
        return Platform(self.system, self.arch)

    @property
    def musl(self) -> bool:
        """Whether its C library is musl, for which there are wheels of their own."""
        return self.system == "linux" and self.libc is not None and self.libc.name == "musl"

    @property
    def level(self) -> str | None:
        """The macOS or C library that wheels must fit, as `major.minor`; None: could not tell, or there is none."""
        known = self.version if self.system != "linux" else glibc_of(self.libc)
        if self.musl and self.libc is not None:
            known = pair(self.libc.version or "")
        return None if known is None else f"{known[0]}.{known[1]}"

    def target(self, python: str | None) -> Target:
        """Return the CPython `X.Y` of this process (None: not known), as imports see it."""
        return Target(
            system=self.system, arch=self.arch, python=python, musl=self.musl, free_threaded=self.free_threaded
        )

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
    arch, chosen = spelled(_process_arch(host, python), host.os), _python(host, python)
    return Machine(
        system=host.os,
        version=_version(host),
        arch=arch,
        rosetta=host.os == "macos" and host.arch == "arm64" and arch == "x86_64",
        features=host.cpu.features if host.cpu else None,
        libc=host.libc,
        gpus=host.gpus,
        free_threaded=chosen is not None and chosen.free_threaded is True,
    )


def _process_arch(host: Host, python: str | None) -> Arch:
    chosen = _python(host, python)
    if chosen is not None and chosen.arch is not None:
        return chosen.arch
    if host.rosetta and host.os == "macos":
        return "x86_64"
    return host.arch or "x86_64"


def path_of(host: Host, python: str | None = None) -> str | None:
    """Return where that Python of the host is; None: not known."""
    chosen = _python(host, python)
    return chosen.path if chosen is not None else None


def _python(host: Host, python: str | None) -> Python | None:
    """Return the interpreter that is meant: of several a native one, and a free-threaded one only where it is alone."""
    fitting = [each for each in host.pythons or () if python is None or each.minor == python]
    native = [each for each in fitting if each.arch == host.arch] or fitting
    usual = [each for each in native if not each.free_threaded]
    return next(iter(usual or native), None)


def _version(host: Host) -> tuple[int, int] | None:
    """Read `14.4.1` as (14, 4). What macOS calls itself to programs built against old SDKs says nothing."""
    found = pair(host.os_version or "", 0)
    lies = host.os == "macos" and found is not None and read_mac_version("{}.{}".format(*found)) is None
    return None if lies else found


def glibc_of(libc: Libc | None) -> tuple[int, int] | None:
    """Return the glibc of a machine as (major, minor), None when there is none or it could not be told."""
    return pair(libc.version or "") if libc is not None and libc.name == "glibc" else None
