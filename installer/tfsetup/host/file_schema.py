"""What a host file may say: the types msgspec checks, and the words about each key for people."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import fields

from tfsetup.ground.platforms import Arch, Os, read_mac_version, spelled
from tfsetup.host.model import Cpu, Gpu, GpuVendor, Host, Libc, Python

_Text = Annotated[str, Meta(min_length=1, max_length=500)]
_Version = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+){0,3}\Z", max_length=50)]
_PythonVersion = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+(\.[0-9]+)?((a|b|rc)[0-9]+)?\+?\Z", max_length=50)]
_Capability = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\Z", max_length=10)]
_Feature = Annotated[str, Meta(pattern=r"^[a-z0-9_.]+\Z", max_length=50)]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class LibcFile(_Strict, frozen=True):
    """`libc`."""

    name: Literal["glibc", "musl"]
    version: _Version | None = None


class CpuFile(_Strict, frozen=True):
    """`cpu`."""

    brand: _Text | None = None
    features: tuple[_Feature, ...] | None = None


class GpuFile(_Strict, frozen=True):
    """One of `gpus`."""

    vendor: GpuVendor
    name: _Text | None = None
    driver: _Version | None = None
    compute_capability: _Capability | None = None


class PythonFile(_Strict, frozen=True):
    """One of `pythons`."""

    version: _PythonVersion
    arch: Arch | None = None
    path: _Text | None = None
    free_threaded: bool | None = None


Contradiction = tuple[str, str, str]  # key, message, hint


class HostFile(_Strict, frozen=True):
    """The whole file. `sources` and `summary`, which `tfsetup host --json` adds, are taken and not kept."""

    os: Os | None = None
    os_version: _Text | None = None
    arch: Arch | None = None
    rosetta: bool | None = None
    wsl: bool | None = None
    libc: LibcFile | None = None
    cpu: CpuFile | None = None
    gpus: tuple[GpuFile, ...] | None = None
    pythons: tuple[PythonFile, ...] | None = None
    python_downloads: bool | None = None
    xcode_clt: bool | None = None
    sources: dict[str, str] | None = None
    summary: str | None = None

    def contradiction(self) -> Contradiction | None:
        """Return key, message and hint of the first two facts that cannot both be true."""
        if self.os == "macos" and self.os_version is not None and read_mac_version(self.os_version) is None:
            hint = "Take what `sw_vers -productVersion` prints; 10.16 and 16.x are what old programs are told."
            return "os_version", f'"{self.os_version}" is no version of macOS.', hint
        if self.rosetta and self.os not in {"macos", None}:
            return "rosetta", f"rosetta is true, but os is {self.os}.", "Rosetta exists on macOS only: leave it out."
        if self.wsl and self.os not in {"linux", None}:
            return "wsl", f"wsl is true, but os is {self.os}.", 'Inside WSL the system is Linux: "os": "linux".'
        if self.libc is not None and self.os not in {"linux", None}:
            return "libc", f"libc is given, but os is {self.os}.", "It is asked about on Linux only: leave it out."
        return None


_WORDS: dict[str, str] = {
    "os": 'One of "macos", "linux", "windows".',
    "os_version": 'Text such as "14.4.1" (macOS) or "ubuntu 24.04".',
    "arch": 'One of "arm64", "aarch64", "x86_64", "armv7l", "i686".',
    "rosetta": "true, false, or left out for could-not-tell.",
    "wsl": "true, false, or left out for could-not-tell.",
    "libc": 'An object such as {"name": "glibc", "version": "2.36"}.',
    "libc.name": 'One of "glibc", "musl".',
    "libc.version": 'Text such as "2.36".',
    "cpu": 'An object such as {"brand": "Apple M3 Pro", "features": ["neon"]}.',
    "cpu.brand": 'Text such as "Apple M3 Pro".',
    "cpu.features": 'A list of lower-case names as in /proc/cpuinfo: ["avx", "avx2", "fma"].',
    "gpus": 'A list such as [{"vendor": "nvidia", "driver": "550.54"}]; [] says that there is none.',
    "gpus.vendor": 'One of "apple", "nvidia", "amd", "intel".',
    "gpus.name": 'Text such as "NVIDIA A100".',
    "gpus.driver": 'The driver\'s version as text: "550.54".',
    "gpus.compute_capability": 'Text such as "9.0".',
    "pythons": 'A list such as [{"version": "3.12.4", "arch": "arm64"}]; [] says that there is none.',
    "pythons.version": 'Text such as "3.12.4"; as a number, 3.10 would be 3.1.',
    "pythons.arch": 'One of "arm64", "aarch64", "x86_64", "armv7l", "i686": the interpreter\'s, not the hardware\'s.',
    "pythons.path": "The interpreter's path as text.",
    "pythons.free_threaded": "true, false, or left out for could-not-tell.",
    "python_downloads": "true, false, or left out for could-not-tell.",
    "xcode_clt": "true, false, or left out for could-not-tell.",
    "summary": "Text, or left out.",
    "sources": "An object of texts, as `tfsetup host --json` prints it; or leave it out.",
}


def expectation(path: tuple[str | int, ...]) -> str:
    """Return what belongs at `path`, in words."""
    names = [part for part in path if isinstance(part, str)]
    while names:
        words = _WORDS.get(".".join(names))
        if words:
            return words
        names.pop()
    return "A host file is one JSON object; `tfsetup host --json > host.json` writes one to start from."


_OBJECTS: dict[str, type[_Strict]] = {"libc": LibcFile, "cpu": CpuFile, "gpus": GpuFile, "pythons": PythonFile}


def keys_at(path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that are known in the object at `path`."""
    kind = _OBJECTS.get(str(path[0]), HostFile) if path else HostFile
    return [field.name for field in fields(kind) if field.name not in {"sources", "summary"}]


def to_host(parsed: HostFile, file: str) -> Host:
    """Return the value; every fact that is there has `file` as its source.

    Two spellings mean the same machine and become one: 64-bit ARM is `aarch64` on Linux and `arm64` elsewhere, and a
    translated process runs on arm64 whatever it sees itself.
    """
    libc, cpu = parsed.libc, parsed.cpu
    given = {name for name in _FACTS if getattr(parsed, name) is not None}
    return Host(
        os=parsed.os,
        os_version=parsed.os_version,
        arch="arm64" if parsed.rosetta else spelled(parsed.arch, parsed.os),
        rosetta=parsed.rosetta,
        wsl=parsed.wsl,
        libc=Libc(name=libc.name, version=libc.version) if libc else None,
        cpu=Cpu(brand=cpu.brand, features=cpu.features) if cpu else None,
        gpus=None if parsed.gpus is None else tuple(_gpu(gpu) for gpu in parsed.gpus),
        pythons=None if parsed.pythons is None else tuple(_python(one, parsed.os) for one in parsed.pythons),
        python_downloads=parsed.python_downloads,
        xcode_clt=parsed.xcode_clt,
        sources={name: file if name in given else f"not in {file}" for name in _FACTS},
    )


_FACTS = tuple(name for name in HostFile.__struct_fields__ if name not in {"sources", "summary"})


def _gpu(gpu: GpuFile) -> Gpu:
    return Gpu(vendor=gpu.vendor, name=gpu.name, driver=gpu.driver, compute_capability=gpu.compute_capability)


def _python(one: PythonFile, os: Os | None) -> Python:
    return Python(version=one.version, arch=spelled(one.arch, os), path=one.path, free_threaded=one.free_threaded)
