"""Watches `import`: which native library is being loaded right now, and where the time goes.

The loaders' methods are wrapped in place instead of adding a finder: modules keep the loader types they would have had.
Names are sent before the native code runs, so after a crash the last one sent is the one whose initializers ran.
"""

from __future__ import annotations

import importlib.machinery
import sys
import time
from typing import Any, Callable  # noqa: UP035 - see channel.py

from .channel import Channel
from .images import mapped_paths

# The extension modules whose own libraries are the BLAS that NumPy and SciPy call (NumPy 2 renamed `core`).
BLAS_USERS = {
    "numpy.core._multiarray_umath": "numpy",
    "numpy._core._multiarray_umath": "numpy",
    "numpy.linalg._umath_linalg": "numpy",
    "scipy.linalg._fblas": "scipy",
}


class ImportWatch:
    """Times modules by top-level package (each second counted once, where it was spent) and names native modules."""

    def __init__(self, channel: Channel) -> None:
        """Send `native` events to `channel`."""
        self.channel = channel
        self.seconds: dict[str, float] = {}
        self.native_seconds = 0.0
        self.blas_paths: dict[str, list[str]] = {}
        self._stack: list[float] = []
        self._undo: list[Callable[[], None]] = []
        self._active = False
        self._hooked = False

    def __enter__(self) -> ImportWatch:  # noqa: PYI034 - typing.Self needs Python 3.11
        """Start watching."""
        self._active = True
        self._wrap(importlib.machinery.SourceFileLoader, "exec_module", self._timed_source)
        self._wrap(importlib.machinery.ExtensionFileLoader, "create_module", self._timed_native)
        self._wrap(importlib.machinery.ExtensionFileLoader, "exec_module", self._timed_source)
        if not self._hooked and hasattr(sys, "addaudithook"):  # Python 3.7 has none; old TensorFlows run on it
            sys.addaudithook(self._audit)  # cannot be removed again; `_active` silences it
        self._hooked = True
        return self

    def __exit__(self, *_error: object) -> None:
        """Put the loaders back as they were."""
        self._active = False
        while self._undo:
            self._undo.pop()()

    def _wrap(self, owner: Any, name: str, timed: Callable[..., Any]) -> None:
        original = getattr(owner, name)
        inherited = name not in vars(owner)

        def wrapper(loader: Any, argument: Any) -> Any:
            return timed(original, loader, argument)

        def undo() -> None:
            delattr(owner, name) if inherited else setattr(owner, name, original)

        setattr(owner, name, wrapper)
        self._undo.append(undo)

    def _timed_source(self, original: Callable[..., Any], loader: Any, module: Any) -> Any:
        started = time.perf_counter()
        self._stack.append(0.0)
        try:
            return original(loader, module)
        finally:
            whole = time.perf_counter() - started
            package = module.__name__.split(".")[0]
            self.seconds[package] = self.seconds.get(package, 0.0) + whole - self._stack.pop()
            if self._stack:
                self._stack[-1] += whole

    def _timed_native(self, original: Callable[..., Any], loader: Any, spec: Any) -> Any:
        user = BLAS_USERS.get(spec.name)
        before = set(mapped_paths()) if user else set()
        self.channel.send("native", module=spec.name, path=str(spec.origin))
        started = time.perf_counter()
        try:
            return original(loader, spec)
        finally:
            whole = time.perf_counter() - started
            self.native_seconds += whole
            if self._stack:
                self._stack[-1] += whole
            if user:
                fresh = [path for path in mapped_paths() if path not in before]
                self.blas_paths.setdefault(user, []).extend(fresh)

    def _audit(self, event: str, arguments: Any) -> None:
        """TensorFlow opens plugins from C++; the `os.listdir` before it is the one sign of it that Python sees."""
        if not self._active:
            return
        if event == "ctypes.dlopen" and arguments and arguments[0]:
            self.channel.send("native", module="ctypes", path=str(arguments[0]))
        elif event == "os.listdir" and arguments and "tensorflow-plugins" in str(arguments[0]):
            self.channel.send("native", module="tensorflow-plugins", path=str(arguments[0]))
