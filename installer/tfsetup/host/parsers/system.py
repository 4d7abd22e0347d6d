"""Operating system, its version, WSL and the C library, from the files and commands that name them."""

from __future__ import annotations

import re
from typing import Literal

from tfsetup.ground.platforms import read_mac_version
from tfsetup.ground.versions import numbers
from tfsetup.host.model import Libc
from tfsetup.host.parsers.words import name_of

_PLIST_VERSION = r"<key>ProductVersion</key>\s*<string>([^<]*)</string>"


def read_version_plist(text: str) -> str | None:
    """Return the real ProductVersion of SystemVersion.plist, None as in `read_mac_version`."""
    found = re.search(_PLIST_VERSION, text)
    return read_mac_version(found[1]) if found else None


def read_os_release(text: str) -> str | None:
    """Return `ID VERSION_ID` of os-release(5), such as `debian 12`; a rolling distribution has the ID alone."""
    pairs = dict(_assignments(text))
    words = [pairs[key] for key in ("ID", "VERSION_ID") if pairs.get(key)]
    return name_of(" ".join(words)) if "ID" in pairs else None


def _assignments(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            found.append((key.strip(), value.strip().strip("\"'")))
    return found


def read_wsl(proc_version: str) -> Literal[1, 2] | None:
    """Return the generation of WSL that /proc/version betrays; None: no Microsoft kernel.

    WSL 1 has `…-Microsoft` (a translation layer that calls itself Linux 4.4), WSL 2 `…-microsoft-standard-WSL2`.
    """
    lower = proc_version.lower()
    if "microsoft" not in lower and "wsl2" not in lower:
        return None
    return 1 if re.search(r"version [34]\.\d+\.\d+-\d+-microsoft", lower) and "wsl2" not in lower else 2


def read_glibc(confstr: str) -> Libc | None:
    """Return what `CS_GNU_LIBC_VERSION` says: `glibc 2.36`."""
    name, _, version = confstr.strip().partition(" ")
    return Libc(name="glibc", version=_major_minor(version)) if name == "glibc" and _major_minor(version) else None


def read_ldd(text: str) -> Libc | None:
    """Return the C library from the first words of `ldd --version`, or of musl's loader run without arguments."""
    if "musl" in text.lower():
        found = re.search(r"Version ([0-9]{1,3}(?:\.[0-9]{1,3}){1,2})", text)
        return Libc(name="musl", version=found[1] if found else None)
    first = text.splitlines()[0] if text.strip() else ""
    if not re.search(r"glibc|gnu libc|gnu c library|\(gentoo|^ldd ", first, re.IGNORECASE):
        return None
    version = _major_minor(first.split()[-1])
    return Libc(name="glibc", version=version) if version else None


def _major_minor(version: str) -> str | None:
    found = re.match(r"[0-9]{1,3}\.[0-9]{1,3}", version.strip())
    return found[0] if found else None


def read_windows_version(text: str) -> str | None:
    """Return `10.0.22631` of whatever surrounds it."""
    found = re.search(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,6}", text)
    return found[0] if found else None


def windows_release(version: str) -> str:
    """Return what people call a Windows version: `11` from build 22000 on, else its first number."""
    found = numbers(version)
    if found is None:
        return version
    return "11" if found >= (10, 0, 22000) else str(found[0])
