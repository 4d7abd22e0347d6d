"""The part of the probe that asks Windows' own functions; nothing here is imported anywhere else."""

from __future__ import annotations

import sys
from typing import TypedDict

from tfsetup.host.parsers.cpu import WINDOWS_FEATURES


class Facts(TypedDict):
    """The Windows fields of `Process`."""

    windows_version: str | None
    windows_machine: int | None
    windows_features: frozenset[int] | None


if sys.platform == "win32":
    import ctypes

    def facts() -> Facts:
        """Ask RtlGetVersion (through `sys`), IsWow64Process2 and IsProcessorFeaturePresent."""
        version = sys.getwindowsversion().platform_version or sys.getwindowsversion()[:3]
        return {
            "windows_version": ".".join(str(part) for part in version),
            "windows_machine": _machine(),
            "windows_features": _features(),
        }

    def _machine() -> int | None:
        """Return the hardware's machine number; the function exists from Windows 10 1511 on."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        ask = getattr(kernel, "IsWow64Process2", None)
        if ask is None:
            return None
        ask.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_ushort), ctypes.POINTER(ctypes.c_ushort)]
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        process, native = ctypes.c_ushort(), ctypes.c_ushort()
        done = ask(kernel.GetCurrentProcess(), ctypes.byref(process), ctypes.byref(native))
        return native.value if done else None

    def _features() -> frozenset[int]:
        present = ctypes.WinDLL("kernel32").IsProcessorFeaturePresent
        return frozenset(number for number in WINDOWS_FEATURES if present(number))

else:

    def facts() -> Facts:
        """Return nothing: this is not Windows."""
        return {"windows_version": None, "windows_machine": None, "windows_features": None}
