"""Paths inside wheels, judged as text: what would leave the environment, or be another file than it says. Pure.

uv unpacks wheels within its own folders and drops what leads out of them; this is the second look, for what a file
system makes of the names. Sources: binary distribution format, "The RECORD file" and "The .data directory"; Windows,
"Naming Files, Paths, and Namespaces".
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

DEVICES: Final = "con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³]"
"""What Windows takes for a device, with any ending: an expression."""
_DEVICE = re.compile(rf"({DEVICES})(\..*)?", re.IGNORECASE)
_ROOTED = re.compile(r"[\\/]|[A-Za-z]:")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_NATIVE = re.compile(r".*\.(so(\.[0-9]+)*|dylib|pyd|dll)", re.IGNORECASE | re.DOTALL)
# What makes an environment one. A wheel can reach all of it through its `.data` folder.
_OWN = re.compile(
    r"(pyvenv\.cfg|lib64|(bin|scripts)/(activate(\.(bat|csh|fish|nu|ps1)|_this\.py)?|deactivate\.bat|pydoc\.bat"
    r"|python[\d.]*w?(\.exe)?))",
    re.IGNORECASE,
)


def is_native(path: str) -> bool:
    """Tell by its name whether a file is a library or an extension module, of whichever system."""
    return _NATIVE.fullmatch(path) is not None


def leads_out(path: str, base: str = "") -> bool:
    """Tell whether a path, taken from the folder `base` of an environment or an archive, ends outside of it."""
    inner = posixpath.normpath(posixpath.join(base, path.replace("\\", "/")))
    return bool(_ROOTED.match(path)) or inner == ".." or inner.startswith("../")


def path_problem(path: str, site: str) -> str | None:
    """Return what is wrong with one recorded path, None when nothing is."""
    if _CONTROL.search(path):
        return "a name with control characters"
    if leads_out(path, site):
        return "which is outside the environment"
    inner = posixpath.normpath(posixpath.join(site, path.replace("\\", "/")))
    if any(_DEVICE.fullmatch(part.rstrip(" .")) for part in inner.split("/")):
        return "a name that stands for a device on Windows"
    return "which is the environment's own" if _OWN.fullmatch(inner) else None
