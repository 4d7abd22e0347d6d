"""Which libraries a Windows 10 or later has whose files cannot be looked at.

Sources: `data/windows-system32.txt`, `windows-editions.toml`; Microsoft, "Windows API sets" (`api-ms-`, `ext-ms-`),
"Latest supported Visual C++ Redistributable downloads"; the layout of python.org's installer (PC/layout in CPython) for
what lies beside python.exe; delvewheel README, "Name mangling", and the names that numpy's wheels gave OpenBLAS before
1.25.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum


class Presence(Enum):
    """How sure it is that a library is there. `REDISTRIBUTABLE`: with the Visual C++ redistributable.

    `NEVER`: of names that only a distribution's own files have. What no list names may be there: `UNKNOWN`.
    """

    ALWAYS = "always"
    REDISTRIBUTABLE = "redistributable"
    UNKNOWN = "unknown"
    NEVER = "never"


_API_SET = re.compile(r"(?:api|ext)-ms-[a-z0-9-]+\.dll")
_REDISTRIBUTABLE = re.compile(
    r"(?:msvcp140(?:_1|_2|_atomic_wait|_codecvt_ids)?|vcruntime140_threads|concrt140|vccorlib140|vcomp140|vcamp140|mfc140u?)\.dll"
)
# HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\KnownDLLs of Windows 10 and 11
_KNOWN = frozenset(
    (
        "advapi32", "bcryptprimitives", "clbcatq", "combase", "comdlg32", "coml2", "difxapi", "gdi32", "gdiplus",
        "imagehlp", "imm32", "kernel32", "kernelbase", "msctf", "msvcrt", "normaliz", "nsi", "ntdll", "ole32",
        "oleaut32", "psapi", "rpcrt4", "sechost", "setupapi", "shcore", "shell32", "shlwapi", "user32", "wldap32",
        "ws2_32",
    )
)  # fmt: skip
_PYTHON = re.compile(r"python\d+t?(?:_d)?\.dll")
_MANGLED = re.compile(r".+-[0-9a-f]{8,64}\.dll|.+\.[a-z0-9]{32}\.gfortran-win\w+\.dll")


def parse_system32(text: str) -> frozenset[str]:
    """Parse `data/windows-system32.txt`: base names in lower case, with extension; `#` starts a comment."""
    return frozenset(name for line in text.splitlines() for name in line.partition("#")[0].split())


def parse_editions(document: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, str]:
    """Return, by base name, which editions lack a library, from the parsed `windows-editions.toml`."""
    return {name: each["lacking"] for each in document["libraries"] for name in each["names"].split()}


def presence_of(name: str, python: str, system: AbstractSet[str]) -> Presence:
    """Say how sure it is that a library is there.

    Args:
        name: base name in lower case, with extension.
        python: version of the interpreter, such as `3.12` or `3.13t`.
        system: what every Windows has, see `parse_system32`.
    """
    if _with_extension(name) in system or _API_SET.fullmatch(name) or name in _beside_python(python):
        return Presence.ALWAYS
    if _REDISTRIBUTABLE.fullmatch(name):
        return Presence.REDISTRIBUTABLE
    return Presence.NEVER if _is_of_a_distribution(name) else Presence.UNKNOWN


def is_fixed(name: str) -> bool:
    """Say whether a library is the system's wherever a file of its name lies: an API set, or among the KnownDLLs."""
    return bool(_API_SET.fullmatch(name)) or name.removesuffix(".dll") in _KNOWN


def _is_of_a_distribution(name: str) -> bool:
    """Say whether a name is none of the system's: a module, another Python, or one made unique by who built a wheel."""
    return not name or name.endswith(".pyd") or bool(_PYTHON.fullmatch(name) or _MANGLED.fullmatch(name))


def _with_extension(name: str) -> str:
    return name if "." in name else f"{name}.dll"


def _beside_python(python: str) -> tuple[str, ...]:
    """What python.org's installer puts beside python.exe."""
    threaded = "t" if python.endswith("t") else ""
    number = python.removesuffix("t").replace(".", "")
    return (f"python{number}{threaded}.dll", f"python3{threaded}.dll", "vcruntime140.dll", "vcruntime140_1.dll")
