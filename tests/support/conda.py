"""Small builders for tests of the conda backend: a stub channel, packages, locks, hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.channel import SUBDIRS, Recipe, Stub, build_channel
from support.channel_archive import Entry, Package
from tfsetup.host.model import Cpu, Host, Libc
from tfsetup.locks.conda.condarc import Settings
from tfsetup.locks.conda.model import CondaPackage, PinnedWheel, PlatformLock, Request
from tfsetup.locks.conda.platforms import virtual_packages

PYTHONS = ("3.11.7", "3.12.1", "3.13.0")
STUBS = (
    Stub(name="numpy", version="1.26.4"),
    Stub(name="numpy", version="2.1.3"),
    Stub(name="numpy", version="2.5.5"),
    Stub(name="scipy", version="1.11.4", depends=("numpy >=1.21,<1.28",)),
    Stub(name="scipy", version="1.16.3", depends=("numpy >=1.25",)),
    Stub(name="h5py", version="3.14.0", depends=("numpy >=1.19",)),
    Stub(name="h5py", version="3.16.0", depends=("numpy >=1.19",)),
    Stub(name="pip", version="26.1"),
)
TOOL = Package("tool", "1.0", "h0_0", "noarch", noarch="generic", entries=[Entry("share/tool.txt", b"tool\n")])

HOSTS = {
    "linux-64": Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"), cpu=Cpu(features=("avx",))),
    "linux-aarch64": Host(os="linux", arch="aarch64", libc=Libc(name="glibc", version="2.36")),
    "osx-64": Host(os="macos", os_version="14.0", arch="x86_64"),
    "osx-arm64": Host(os="macos", os_version="14.0", arch="arm64"),
    "win-64": Host(os="windows", os_version="11", arch="x86_64"),
}


def stub_channel(folder: Path) -> Path:
    """Write a channel that can be solved for every platform and holds next to nothing."""
    return build_channel(folder, Recipe(pythons=PYTHONS, stubs=STUBS, extra=(TOOL,), subdirs=SUBDIRS))


def ask_channel(channel: Path | str, *specs: str, subdir: str = "osx-arm64", **changes: Any) -> Request:
    """Return a request to a channel for the machine of a subdir."""
    url = channel.as_uri() if isinstance(channel, Path) else channel
    values: dict[str, Any] = {
        "subdir": subdir,
        "channels": (url,),
        "specs": specs,
        "virtual": virtual_packages(HOSTS[subdir], subdir),
    }
    return Request(**(values | changes))


def settings(folder: Path, **changes: Any) -> Settings:
    """Return settings that keep every package under `folder`."""
    return Settings(package_folders=(str(folder / "cache" / "pkgs"),), **changes)


def package(name: str = "numpy", version: str = "2.1.3", **changes: Any) -> CondaPackage:
    """Return a locked package with plain values; `subdir` is also in its URL."""
    build, subdir = changes.pop("build", "py312h0_0"), changes.get("subdir", "linux-64")
    values: dict[str, Any] = {
        "name": name,
        "version": version,
        "build": build,
        "subdir": subdir,
        "url": f"https://channel.example/forge/{subdir}/{name}-{version}-{build}.conda",
        "md5": "0" * 32,
        "sha256": "a" * 64,
    }
    return CondaPackage(**(values | changes))


def wheel(name: str = "keras", version: str = "3.1", **changes: Any) -> PinnedWheel:
    """Return a pinned wheel with plain values."""
    url = f"https://index.example/files/{name}-{version}-py3-none-any.whl"
    return PinnedWheel(**({"name": name, "version": version, "url": url, "sha256": "b" * 64} | changes))


def platform_lock(subdir: str = "linux-64", **changes: Any) -> PlatformLock:
    """Return a platform of a lock: Python, NumPy, and Keras from the index."""
    python = package("python", "3.12.1", build="h0_0_cpython", subdir=subdir, depends=("tzdata",))
    values: dict[str, Any] = {
        "subdir": subdir,
        "packages": (package(subdir=subdir, depends=("python >=3.12,<3.13.0a0",)), python),
        "wheels": (wheel(),),
        "row": "linux-x86_64-cpu",
        "digest": "d1",
        "content_hash": "c1",
    }
    return PlatformLock(**(values | changes))
