r"""Which libraries a Windows 10 or later has whose files cannot be looked at.

Sources: Microsoft, "Windows API sets"; the KnownDLLs of the registry (HKLM\SYSTEM\CurrentControlSet\Control\Session
Manager\KnownDLLs); the layout of python.org's installer (PC/layout in CPython) for what lies beside python.exe.
"""

from __future__ import annotations

import re
from enum import Enum


class Presence(Enum):
    """How sure it is that a library is there. `REDISTRIBUTABLE`: with the Visual C++ redistributable."""

    ALWAYS = "always"
    REDISTRIBUTABLE = "redistributable"
    UNKNOWN = "unknown"
    NEVER = "never"


_API_SET = re.compile(r"(?:api|ext)-ms-[a-z0-9-]+\.dll")
_REDISTRIBUTABLE = re.compile(
    r"(?:msvcp140(?:_1|_2|_atomic_wait|_codecvt_ids)?|vcruntime140_threads|concrt140|vccorlib140|vcomp140|vcamp140|mfc140u?)\.dll"
)

_SYSTEM = frozenset(
    (
        "advapi32", "authz", "avicap32", "avifil32", "avrt", "bcrypt", "bcryptprimitives", "cabinet",
        "cfgmgr32", "combase", "comctl32", "comdlg32", "credui", "crypt32", "cryptbase", "cryptsp", "d2d1",
        "d3d10", "d3d10_1", "d3d11", "d3d12", "d3d9", "dbgeng", "dbghelp", "dcomp", "devobj", "dhcpcsvc",
        "dinput8", "dnsapi", "dsound", "dwmapi", "dwrite", "dxgi", "dxva2", "evr", "fltlib", "gdi32",
        "gdi32full", "gdiplus", "glu32", "hid", "imagehlp", "imm32", "iphlpapi", "kernel32", "kernelbase",
        "ksuser", "mpr", "msacm32", "mscms", "msimg32", "msvcp_win", "msvcrt", "msvfw32", "mswsock",
        "ncrypt", "netapi32", "netutils", "normaliz", "ntdll", "ntdsapi", "odbc32", "ole32", "oleacc",
        "oleaut32", "opengl32", "pdh", "powrprof", "profapi", "propsys", "psapi", "quartz", "rasapi32",
        "rpcrt4", "samcli", "sechost", "secur32", "sensapi", "setupapi", "sfc", "shcore", "shell32",
        "shlwapi", "srvcli", "sspicli", "tdh", "traffic", "ucrtbase", "urlmon", "user32", "userenv",
        "usp10", "uxtheme", "version", "virtdisk", "webio", "webservices", "wevtapi", "winhttp", "wininet", "winmm",
        "winspool.drv", "winsta", "wintrust", "wkscli", "wldap32", "ws2_32", "wsock32", "wtsapi32",
        "xmllite",
    )
)  # fmt: skip
"""In System32 of every Windows 10 and 11, server editions included."""

_SOMETIMES = frozenset(
    (
        "directml", "dxcore", "mf", "mfcore", "mfplat", "mfreadwrite", "nvcuda", "nvml", "opencl",
        "vulkan-1", "wlanapi", "xinput1_4",
    )
)  # fmt: skip
"""Missing from N and server-core editions, or brought by a driver."""


def presence_of(name: str, python: str) -> Presence:
    """Say how sure it is that a library is there.

    Args:
        name: base name in lower case, with extension.
        python: version of the interpreter, such as `3.12` or `3.13t`.
    """
    stem = name.removesuffix(".dll")
    if stem in _SYSTEM or _API_SET.fullmatch(name) or name in _beside_python(python):
        return Presence.ALWAYS
    if _REDISTRIBUTABLE.fullmatch(name):
        return Presence.REDISTRIBUTABLE
    return Presence.UNKNOWN if stem in _SOMETIMES else Presence.NEVER


def _beside_python(python: str) -> tuple[str, ...]:
    """What python.org's installer puts beside python.exe."""
    threaded = "t" if python.endswith("t") else ""
    number = python.removesuffix("t").replace(".", "")
    return (f"python{number}{threaded}.dll", f"python3{threaded}.dll", "vcruntime140.dll", "vcruntime140_1.dll")
