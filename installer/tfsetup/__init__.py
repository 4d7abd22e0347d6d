"""tfsetup: resolve, lock, preflight, install, verify and diagnose a TensorFlow that really runs.

The functions and types named here are the public ones; whatever is refused or fails is a `TfsetupError`. Each is loaded
when it is first used, and none of them needs a terminal: `import tfsetup` alone loads nothing else.
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = False  # a type checker takes it for true; importing `typing` for it would cost more than this file
if TYPE_CHECKING:
    from collections.abc import Callable

    from tfsetup.doctor.model import Diagnosis
    from tfsetup.errors import TfsetupError
    from tfsetup.host.model import Host
    from tfsetup.loader.report import Report
    from tfsetup.locks.model import Lock
    from tfsetup.matrix.model import Ask, Selection
    from tfsetup.verify.model import Verification
    from tfsetup.workflows.api import detect, diagnose, install, lock, ops, preflight, resolve, verify
    from tfsetup.workflows.backends import LockOrder
    from tfsetup.workflows.install import Installed, InstallOrder
    from tfsetup.workflows.locked import Locked
    from tfsetup.workflows.ops import Operations

__version__ = "0.1.0"

__all__ = [
    "Ask", "Diagnosis", "Host", "InstallOrder", "Installed", "Lock", "LockOrder", "Locked", "Operations", "Report",
    "Selection", "TfsetupError", "Verification", "detect", "diagnose", "install", "lock", "ops", "preflight", "resolve",
    "verify",
]  # fmt: skip

_HOMES = {
    "Ask": "matrix.model", "Diagnosis": "doctor.model", "Host": "host.model", "InstallOrder": "workflows.install",
    "Installed": "workflows.install", "Lock": "locks.model", "LockOrder": "workflows.backends",
    "Locked": "workflows.locked", "Operations": "workflows.ops", "Report": "loader.report",
    "Selection": "matrix.model", "TfsetupError": "errors", "Verification": "verify.model",
    **dict.fromkeys(
        ["detect", "diagnose", "install", "lock", "ops", "preflight", "resolve", "verify"], "workflows.api"
    ),
}  # fmt: skip
"""Where each public name is at home."""


if not TYPE_CHECKING:  # a type checker that saw it would believe in every name

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return _public(name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def _public(name: str) -> object:
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


class _Room(ModuleType):
    """A room that has the name of a verb."""

    @property
    def __wrapped__(self) -> Callable[..., object]:
        """The verb: what calling the room does, and what `inspect` and `help` say of it."""
        return _public(self.__name__.rpartition(".")[2])  # type: ignore[return-value] # a verb is a function

    def __call__(self, *arguments: object, **named: object) -> object:
        """Do what the verb says."""
        return self.__wrapped__(*arguments, **named)


class _House(ModuleType):
    """This package. Python hangs `verify`, the room, where `verify`, the function, would be: so the room is both."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _HOMES and isinstance(value, ModuleType):
            value.__class__ = _Room
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _House
