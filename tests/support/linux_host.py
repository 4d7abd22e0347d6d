"""The machine the tests run on, as the loader room sees it."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from pathlib import Path

from tfsetup.ground.platforms import Arch
from tfsetup.host.model import Cpu, Host, Libc
from tfsetup.loader.files.sources import LocalTree
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.glibc.system import system_of


def this_host() -> Host:
    """Return what of this machine matters to the loader."""
    flags = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")), ":")
    features = tuple(flags.partition(":")[2].split())
    arch: Arch = "aarch64" if platform.machine() == "aarch64" else "x86_64"
    version = os.confstr("CS_GNU_LIBC_VERSION") or "glibc 2.36"
    libc = Libc(name="glibc", version=version.split()[1])
    return Host(os="linux", arch=arch, libc=libc, cpu=Cpu(features=features))


def real_process(python: Path, *, library_path: str = "") -> GlibcProcess:
    """Return the process that `python` would be on this machine."""
    host = this_host()
    system = system_of(
        host,
        host.arch or "x86_64",
        LocalTree(Path("/")),
        executable=str(python.resolve()),
        real=True,
        library_path=library_path,
    )
    return GlibcProcess(system)


@cache
def start_modules(python: Path) -> tuple[str, ...]:
    """Return the extension modules that `import ctypes` loads, in order."""
    code = "import ctypes, _ctypes, _struct\nfor module in (_ctypes, _struct): print(getattr(module, '__file__', ''))"
    done = subprocess.run([python, "-S", "-c", code], capture_output=True, text=True, check=True)
    return tuple(line for line in done.stdout.split("\n") if line.endswith(".so"))
