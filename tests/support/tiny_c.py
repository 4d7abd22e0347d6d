"""Small libraries and extension modules built with gcc: without headers, without optimisation, each of them once."""

from __future__ import annotations

import shlex
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# A module needs no header of Python: `PyModuleDef` has had this layout since 3.2, and 1013 is PYTHON_API_VERSION.
_MODULE = """
static struct {{ long refs; void *type, *make; long at; void *copy; const char *name, *doc; long size; void *more[5]; }}
    definition = {{1, 0, 0, 0, 0, "{name}", 0, -1}};
void *PyModule_Create2(void *, int);
{before}
void *PyInit_{name}(void) {{ {body} return PyModule_Create2(&definition, 1013); }}
"""
_PT_LOAD = 1


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    """What gcc is given: equal recipes make equal files. `linked` are (path as linked, content)."""

    source: str
    flags: tuple[str, ...]
    versions: str
    linked: tuple[tuple[str, bytes], ...]


def built(leaf: str, spec: Mapping[str, Any], linked: Mapping[str, bytes]) -> bytes:
    """Return the content of a file of that name, made as its case says (tests/cases/loader/README.md).

    A module is linked with the C library, as modules are; a library only where its flags say so. `linked` are the
    contents of the libraries it is linked against, by their paths in the case.
    """
    flags = [*shlex.split(spec.get("flags", "")), *(() if "module" in spec else ("-nostdlib",))]
    if spec.get("shared", True):
        flags.append("-shared")
    soname = None if "module" in spec else spec.get("soname", leaf)
    flags += [f"-Wl,-soname,{soname}"] if soname else []
    flags += [f"-Wl,--enable-new-dtags,-rpath,{spec['runpath']}"] if "runpath" in spec else []
    flags += [f"-Wl,--disable-new-dtags,-rpath,{spec['rpath']}"] if "rpath" in spec else []
    recipe = _Recipe(
        source=_source(spec), flags=tuple(flags), versions=spec.get("versions", ""), linked=tuple(linked.items())
    )
    return _damaged(_run(recipe), spec)


def _source(spec: Mapping[str, Any]) -> str:
    if "module" not in spec:
        return str(spec["c"])
    calls = spec.get("calls", ())
    before = "".join(f"int {name}(void);\n" for name in calls) + spec.get("before", "")
    body = "".join(f"{name}(); " for name in calls) + spec.get("body", "")
    return _MODULE.format(name=spec["module"], before=before, body=body)


@cache
def _run(recipe: _Recipe) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in recipe.linked:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        flags = list(recipe.flags)
        if recipe.versions:
            Path(folder, "made.map").write_text(recipe.versions, encoding="utf-8")
            flags.append("-Wl,--version-script=made.map")
        plain = ["-O0", "-fPIC", "-Wno-builtin-declaration-mismatch", "-Wl,--no-as-needed"]
        linked = ["-x", "none", *(name for name, _ in recipe.linked)]
        libraries = [flag for flag in flags if flag.startswith("-l")]
        others = [flag for flag in flags if flag not in libraries]
        command = ["gcc", *plain, *others, "-x", "c", "-", *linked, *libraries, "-o", "made"]
        done = subprocess.run(command, cwd=folder, input=recipe.source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"
        return Path(folder, "made").read_bytes()


def _damaged(content: bytes, spec: Mapping[str, Any]) -> bytes:
    """Return a file with what its case changes in it: bytes at an offset, the alignment of segments, its length."""
    data = bytearray(content)
    for offset, text in spec.get("change", {}).items():
        new = bytes.fromhex(text)
        data[offset : offset + len(new)] = new
    if "align" in spec:
        (start,), (count,) = struct.unpack_from("<Q", data, 32), struct.unpack_from("<H", data, 56)
        for header in range(start, start + 56 * count, 56):
            if struct.unpack_from("<I", data, header)[0] == _PT_LOAD:
                struct.pack_into("<Q", data, header + 48, spec["align"])
    return bytes(data[: int(len(data) * spec.get("cut", 1))])


def has_gcc() -> bool:
    """Say whether libraries can be built here."""
    return shutil.which("gcc") is not None
