"""Metadata-only families: the BLAS switch as conda-forge models it, and probes of what an installer does."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.channel_archive import EPOCH_MS, PLACEHOLDER, Entry, Package

_PROBE_C = """#include <stdio.h>
static const char prefix[] = "%s";
int main(void) { printf("%%s\\n", prefix); return 0; }
"""


def blas_packages(subdir: str) -> Iterator[Package]:
    """Yield one build string per implementation.

    Depends, constrains and track_features follow real records (libblas 3.9.0-39 and 3.11.0-5 of osx-arm64). As there,
    `accelerate` and `newaccelerate` tie on version, build number and number of features, and their timestamps come in
    either order: the glob `*accelerate` then depends on the order of upload.
    """
    osx = subdir.startswith("osx")
    names = ["openblas", "accelerate", "newaccelerate"] if osx else ["openblas", "mkl"]
    for version, number, later in (("3.9.0", 39, "newaccelerate"), ("3.11.0", 5, "accelerate")):
        for name in names:
            stamp = EPOCH_MS + (2000 if name == later else 1000)
            yield from _variant(subdir, version, number, name, stamp)
    yield Package("libopenblas", "0.3.30", "openmp_hlocal_4", subdir, 4)
    if osx:
        yield Package("libgfortran", "15.2.0", "hlocal_1", subdir, 1, depends=["libgfortran5 15.2.0 hlocal_1"])
        yield Package("libgfortran5", "15.2.0", "hlocal_1", subdir, 1, constrains=["libgfortran 15.2.0 hlocal_1"])
    else:
        yield Package("mkl", "2025.3.0", "hlocal_463", subdir, 463)


def _variant(subdir: str, version: str, number: int, name: str, stamp: int) -> Iterator[Package]:
    build = f"{number}_hlocal_{name}"
    meta = f"2.{100 + number if version == '3.9.0' else 300 + number}"
    feature = None if name == "openblas" else f"blas_{name}"
    depends = {
        "openblas": ["libopenblas >=0.3.30,<0.3.31.0a0", "libopenblas >=0.3.30,<1.0a0"],
        "mkl": ["mkl >=2025.3.0,<2026.0a0"],
        "accelerate": ["__osx >=11.0", "libgfortran", "libgfortran5 >=14.3.0"],
        "newaccelerate": ["__osx >=11.0", "__osx >=13.3", "libgfortran", "libgfortran5 >=14.3.0"],
    }[name]
    common: dict[str, Any] = {"subdir": subdir, "build_number": number, "timestamp": stamp}
    common["track_features"] = f"{feature} {feature}_2" if feature and subdir.startswith("osx") else feature
    others = [f"{other} {version} {number}*_{name}" for other in ("libcblas", "liblapack")]
    yield Package("libblas", version, build, depends=depends, constrains=[f"blas {meta} {name}", *others], **common)
    for other in ("libcblas", "liblapack"):
        needs = [f"libblas {version} {build}"]
        yield Package(other, version, build, depends=needs, constrains=[f"blas {meta} {name}"], **common)


def probe_packages(subdir: str, *, compiled: bool) -> Iterator[Package]:
    """Yield tiny packages that show what an installer did: prefix in text and binary, links, scripts, virtual packages.

    `compiled`: add a program of this machine that prints the prefix it was given.
    """
    entries = [Entry("share/probe/prefix.txt", f"prefix={PLACEHOLDER}\n".encode(), placeholder=PLACEHOLDER)]
    if compiled and (program := _compiled()) is not None:
        entries.append(Entry("bin/prefix-probe", program, executable=True, placeholder=PLACEHOLDER, file_mode="binary"))
        entries.append(Entry("bin/prefix-probe-link", link="prefix-probe"))
    yield Package("prefix-probe", "1.0", "hlocal_0", subdir, entries=entries)
    script = b'#!/bin/sh\nprintf ran > "$PREFIX/post-link-ran.txt"\n'
    link = Entry("bin/.link-probe-post-link.sh", script, executable=True)
    yield Package("link-probe", "1.0", "hlocal_0", subdir, entries=[link])
    yield Package("needs-cuda", "1.0", "hlocal_0", subdir, depends=["__cuda >=12.0"])
    yield Package("needs-new-macos", "1.0", "hlocal_0", subdir, depends=["__osx >=26.0"])


def noarch_probe() -> Package:
    """Return a pure Python package with a command."""
    module = b"import sys\ndef main():\n    print('noarch-probe', sys.prefix)\n    return 0\n"
    return Package(
        "noarch-probe",
        "1.0",
        "pyhlocal_0",
        "noarch",
        noarch="python",
        depends=["python >=3.9"],
        entry_points=["noarch-probe = noarch_probe:main"],
        entries=[Entry("site-packages/noarch_probe.py", module)],
    )


def _compiled() -> bytes | None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "probe.c"), Path(folder, "probe")
        source.write_text(_PROBE_C % PLACEHOLDER)
        subprocess.run([compiler, "-O1", "-o", str(program), str(source)], check=True)
        return program.read_bytes()
