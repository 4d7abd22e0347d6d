"""A Python with real aarch64 wheels in it, run by qemu-user: no such CPU."""

from __future__ import annotations

import subprocess
from pathlib import Path

from uv import find_uv_bin


def build_environment(folder: Path, root: Path, requirement: str) -> Path:
    """Return the interpreter of a virtual environment over a root's Python, with aarch64 wheels of `requirement`."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(root / "usr/bin/python3.11")
    (folder / "pyvenv.cfg").write_text(f"home = {root}/usr/bin\nversion = 3.11.2\n", encoding="utf-8")
    site = folder / "lib/python3.11/site-packages"
    target = ["--target", str(site), "--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.11"]
    subprocess.run([find_uv_bin(), "pip", "install", "-q", *target, "--only-binary", ":all:", requirement], check=True)
    return python
