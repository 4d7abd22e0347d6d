"""Real environments that heavy tests read: made once with uv (and debootstrap), kept for the next run.

They lie below TEST_REAL_FILES (default: a folder of the system's temporary one). A folder that is there is used as it
is: `linux` is an environment with TensorFlow, `windows` and `aarch64/site` are folders of unpacked wheels.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

QEMU = "qemu-aarch64-static"
ARM_PYTHON = "/usr/bin/python3.11"
DEBIAN_PACKAGES = "python3-minimal,python3.11,libpython3.11-minimal,libstdc++6,libgomp1"

SCIENCE = (
    "numpy", "scipy", "h5py", "grpcio", "pandas", "pyarrow", "pillow", "scikit-learn", "opencv-python-headless", "jax",
    "jaxlib", "matplotlib", "lxml", "cryptography", "psutil", "tokenizers", "polars", "shapely",
)  # fmt: skip
"""Well-known packages with extension modules."""


def real_files() -> Path:
    """Return the folder they lie in."""
    return Path(os.environ.get("TEST_REAL_FILES") or Path(tempfile.gettempdir()) / "tfsetup-real-files")


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """Yield the folder of that name; another process that wants it waits until it is made."""
    import fcntl

    real_files().mkdir(parents=True, exist_ok=True)
    with (real_files() / f"{name.replace('/', '-')}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield real_files() / name


def uv(*arguments: str | Path) -> None:
    """Run uv."""
    from uv import find_uv_bin

    subprocess.run([find_uv_bin(), *arguments], check=True)


def linux_environment() -> Path:
    """Return the prefix of an environment with TensorFlow for this machine and this Python."""
    with alone("linux") as prefix:
        if not prefix.exists():
            uv("venv", "--python", sys.executable, prefix)
            uv("pip", "install", "--python", prefix / "bin" / "python", "tensorflow-cpu")
    return prefix


def site_packages(prefix: Path) -> Path:
    """Return the site-packages of an environment."""
    return next((prefix / "lib").glob("python3.*/site-packages"))


def wheels(name: str, platform: str, python: str, requirements: Sequence[str]) -> Path:
    """Return a folder with the unpacked wheels of another platform."""
    with alone(name) as folder:
        if not folder.exists():
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            options = ["--python-version", python, "--python-platform", platform, "--only-binary", ":all:"]
            uv("pip", "install", "--target", part, *options, *requirements)
            part.rename(folder)
    return folder


def windows_site() -> Path:
    """Return unpacked Windows wheels for Python 3.12: TensorFlow and well-known packages."""
    return wheels("windows", "x86_64-pc-windows-msvc", "3.12", ("tensorflow==2.19.1", *SCIENCE))


def macos_site(arch: Literal["arm64", "x86_64"]) -> Path:
    """Return unpacked macOS wheels for Python 3.12: TensorFlow and well-known packages that fit together."""
    if arch == "arm64":
        return wheels("macos-arm64", "aarch64-apple-darwin", "3.12", ("tensorflow==2.19.1", *SCIENCE))
    return wheels("macos-x86_64", "x86_64-apple-darwin", "3.12", ("tensorflow==2.16.2", *SCIENCE))


def science_site() -> Path:
    """Return unpacked Linux x86_64 wheels for Python 3.12 of well-known packages."""
    return wheels("science", "x86_64-manylinux_2_35", "3.12", SCIENCE)


def aarch64_root() -> Path:
    """Return the root of a small Debian for arm64 with TensorFlow's wheels in /site; skip where it cannot be made."""
    folder = real_files() / "aarch64"
    emulator = shutil.which(QEMU)
    if emulator is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("needs qemu-aarch64-static and root")
    with alone("aarch64"):
        if not (folder / ARM_PYTHON[1:]).exists():
            _build_debian(folder, emulator)
    wheels("aarch64/site", "aarch64-manylinux_2_35", "3.11", ("tensorflow==2.21.0", *SCIENCE))
    return folder


def _build_debian(folder: Path, emulator: str) -> None:
    """Unpack a Debian; nothing of it is configured, nothing but ldconfig and Python is ever run."""
    if not shutil.which("debootstrap"):
        pytest.skip("needs debootstrap")
    options = ["--foreign", "--arch=arm64", "--variant=minbase", f"--include={DEBIAN_PACKAGES}"]
    subprocess.run(["debootstrap", *options, "bookworm", folder], check=True)
    for package in sorted(folder.glob("var/cache/apt/archives/*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    shutil.copy(emulator, folder / QEMU)
    subprocess.run(["chroot", folder, f"/{QEMU}", "/sbin/ldconfig"], check=True)
