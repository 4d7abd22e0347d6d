"""The CPython of this machine as a relocatable conda package, and metadata-only stand-ins for other platforms."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from support.channel_archive import PLACEHOLDER, Entry, Package

_PT_DYNAMIC, _DT_RPATH, _DT_RUNPATH = 2, 15, 29
_SKIPPED = re.compile(r"/(test|tests|idlelib|lib2to3|ensurepip|turtledemo|__pycache__|site-packages|config-[^/]*)(/|$)")


def python_package(prefix: Path, version: str, subdir: str) -> Package:
    """Pack the CPython installed at `prefix`: no packages, no tests.

    Where its path stands in a text file, the placeholder takes its place; in a binary it is the run path, which becomes
    relative.
    """
    package = _described(version, subdir, "CPython, repacked from this machine")
    minor = _minor(version)
    mine = re.compile(rf"(python3?({re.escape(minor)})?(-config)?|python3-config)")
    for path in sorted(_files(prefix, minor)):
        relative = path.relative_to(prefix).as_posix()
        if _SKIPPED.search("/" + relative) or path.suffix in {".pyc", ".a"}:
            continue
        if relative.startswith("bin/") and not mine.fullmatch(path.name):
            continue
        package.entries.append(_entry(path, relative, str(prefix).encode()))
    note = b"packages of a conda environment go here\n"
    package.entries.append(Entry(f"lib/python{minor}/site-packages/README.txt", data=note))
    return package


def _entry(path: Path, relative: str, old: bytes) -> Entry:
    if path.is_symlink():
        return Entry(relative, link=str(path.readlink()))
    executable, data = os.access(path, os.X_OK), path.read_bytes()
    if old not in data:
        return Entry(relative, source=path, executable=executable)
    if b"\0" in data:
        run_path, relative_one = old + b"/lib\0", b"$ORIGIN/../lib\0"
        data = data.replace(run_path, relative_one.ljust(len(run_path), b"\0"))
        return Entry(relative, inherited(data), executable=executable)
    data = data.replace(old, PLACEHOLDER.encode())
    return Entry(relative, data, executable=executable, placeholder=PLACEHOLDER)


def inherited(elf: bytes) -> bytes:
    """Return a library or program whose DT_RUNPATH is a DT_RPATH, as conda-build leaves it.

    It then holds also for what is opened by those that the program opens: with it, the libraries of a prefix come
    before the system's for wheels, too. (conda-build, `post.py`, `mk_relative_linux`: `patchelf --force-rpath`.)
    """
    if elf[:6] != b"\x7fELF\x02\x01":
        return elf
    (table,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<2H", elf, 54)
    out = bytearray(elf)
    for at in range(table, table + size * count, size):
        kind, _, offset, _, _, length = struct.unpack_from("<2L4Q", elf, at)
        if kind != _PT_DYNAMIC:
            continue
        for tag_at in range(offset, offset + length, 16):
            if struct.unpack_from("<Q", elf, tag_at) == (_DT_RUNPATH,):
                struct.pack_into("<Q", out, tag_at, _DT_RPATH)
    return bytes(out)


def _files(prefix: Path, minor: str) -> Iterator[Path]:
    for folder in ("bin", f"lib/python{minor}", f"include/python{minor}"):
        for root, folders, names in os.walk(prefix / folder):
            links = [name for name in folders if Path(root, name).is_symlink()]
            yield from (Path(root, name) for name in [*names, *links])
    yield from prefix.glob("lib/libpython*.so*")


def python_stand_in(version: str, subdir: str) -> Package:
    """Return a python package with nothing in it: enough to solve for a platform that is not this one."""
    package = _described(version, subdir, "metadata-only stand-in for CPython")
    inside = "Lib" if subdir.startswith("win") else f"lib/python{_minor(version)}"
    package.entries.append(Entry(f"{inside}/STAND-IN.txt", data=b"stand-in\n"))
    return package


def python_extras(version: str) -> Iterator[Package]:
    """Yield what conda-forge's python brings along on every platform."""
    minor = _minor(version)
    zone = [Entry("share/zoneinfo/UTC.txt", data=b"UTC\n")]
    yield Package("tzdata", "2025c", "hlocal_0", "noarch", noarch="generic", entries=zone)
    abi = f"8_cp{minor.replace('.', '')}"
    constrains = [f"python {minor}.* *_cpython"]
    yield Package("python_abi", minor, abi, "noarch", 8, noarch="generic", constrains=constrains)


def _described(version: str, subdir: str, summary: str) -> Package:
    minor = _minor(version)
    depends = ["tzdata"]
    if subdir.startswith("osx"):
        depends.append("__osx >=11.0" if subdir == "osx-arm64" else "__osx >=10.13")
    elif subdir.startswith("linux"):
        depends.append("__glibc >=2.17,<3.0.a0")
    constrains = [f"python_abi {minor}.* *_cp{minor.replace('.', '')}"]
    build = "h0local0_0_cpython"
    return Package("python", version, build, subdir, 0, depends, constrains, summary=summary, license="Python-2.0")


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
