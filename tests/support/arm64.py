"""An arm64 Debian root and a Python with TensorFlow in it, run by qemu-user: real aarch64 wheels, no such CPU."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from uv import find_uv_bin

QEMU = "qemu-aarch64-static"
NEEDED = (QEMU, "debootstrap", "dpkg-deb", "apt-get")
# The interpreter of Debian 12, and what the wheels take from the system.
PACKAGES = "python3.11,libpython3.11-stdlib,libstdc++6,zlib1g,libssl3,libffi8,libgomp1"


def missing() -> list[str]:
    """Return the programs this needs and the machine has not."""
    return [name for name in NEEDED if shutil.which(name) is None]


def mirror() -> tuple[str, str] | None:
    """Return the URI and code name of the Debian archive that apt is configured for; None on another distribution."""
    form = "$(REPO_URI)|$(CODENAME)|$(ORIGIN)|$(COMPONENT)|$(SUITE)"
    done = subprocess.run(["apt-get", "indextargets", "--format", form], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        uri, name, origin, component, suite = line.split("|")
        if (origin, component) == ("Debian", "main") and not suite.endswith(("-updates", "-security")):
            return uri, name
    return None


def build_root(root: Path) -> None:
    """Fetch and unpack the packages; nothing is configured, because qemu-user alone cannot run their scripts."""
    where = mirror()
    if where is None:
        raise RuntimeError("apt is not configured for a Debian archive")
    uri, name = where
    options = ["--foreign", "--arch=arm64", "--variant=minbase", f"--include={PACKAGES}"]
    subprocess.run(["debootstrap", *options, name, str(root), uri], check=True, capture_output=True)
    for package in sorted((root / "var/cache/apt/archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)


def build_environment(folder: Path, root: Path, requirement: str) -> Path:
    """Return the interpreter of a virtual environment over the root's Python, with aarch64 wheels of `requirement`."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(root / "usr/bin/python3.11")
    (folder / "pyvenv.cfg").write_text(f"home = {root}/usr/bin\nversion = 3.11.2\n", encoding="utf-8")
    site = folder / "lib/python3.11/site-packages"
    target = ["--target", str(site), "--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.11"]
    subprocess.run([find_uv_bin(), "pip", "install", "-q", *target, "--only-binary", ":all:", requirement], check=True)
    return python
