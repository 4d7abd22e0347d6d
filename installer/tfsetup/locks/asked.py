"""Whether a lock answers what is asked for: the one comparison, of every part of an ask with what a lock is for. Pure.

A part that is not asked for (`auto`, None, no `--pre`) is answered by any lock. A part that is asked for and of which
the lock does not say what it has is not answered: dropping it without a word would be the silent fallback that this
program exists to end. The exceptions are said where they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Final

from tfsetup.ground.values import value
from tfsetup.ground.versions import asked
from tfsetup.locks.model import LockedPackage, Origin
from tfsetup.matrix.choose.select import check_ask
from tfsetup.matrix.file.rows import RowAccelerator
from tfsetup.matrix.model import Ask, Backend


@value
class MadeFor:
    """What a lock is for, whichever kind of lock it is; None: it does not say. `tensorflow` is the version in it."""

    backend: Backend
    tensorflow: str | None = None
    accelerator: RowAccelerator | None = None
    python: str | None = None
    pre: bool | None = None


def made_for(origin: Origin, accelerator: RowAccelerator, version: str) -> MadeFor:
    """Return what a lock of `tfsetup lock` is for: its note, its row's accelerator and the TensorFlow in it."""
    return MadeFor(backend="venv", tensorflow=version, accelerator=accelerator, python=origin.python, pre=origin.pre)


def made_by_others(packages: tuple[LockedPackage, ...], distributions: frozenset[str]) -> MadeFor:
    """Return what the lock of another program is for: `distributions` are the names that TensorFlow goes by."""
    found = (package.version for package in packages if package.name in distributions)
    return MadeFor(backend="venv", tensorflow=next(found, None))


def asked_otherwise(made: MadeFor, ask: Ask) -> str:
    """Return why a lock does not answer an ask, with both sides named; "" when it answers all of it.

    Raises:
        UsageError: the ask is none (`check_ask`).
    """
    check_ask(ask)
    reasons = (_COMPARED[field.name](made, ask) for field in fields(Ask))
    return next(filter(None, reasons), "")


def _tensorflow(made: MadeFor, ask: Ask) -> str:
    if ask.tensorflow is None or (made.tensorflow and asked(ask.tensorflow, made.tensorflow)):
        return ""
    has = f"it locks TensorFlow {made.tensorflow}" if made.tensorflow else "it locks no TensorFlow"
    return f"{has}, and {ask.tensorflow} was asked for"


def _accelerator(made: MadeFor, ask: Ask) -> str:
    if ask.accelerator in {"auto", made.accelerator}:
        return ""
    if made.accelerator is None:
        # Nothing falls back from the CPU: whatever is in the lock, it computes there.
        says = "" if ask.accelerator == "cpu" else "it does not say which accelerator it is for"
    else:
        says = f"it is for the accelerator {made.accelerator}"
    return says and f"{says}, and {ask.accelerator} was asked for"


def _python(made: MadeFor, ask: Ask) -> str:
    # A lock that does not say is installed on the Python asked for, and the installer refuses wheels of another.
    if ask.python is None or made.python in {None, ask.python}:
        return ""
    return f"it is for Python {made.python}, and {ask.python} was asked for"


def _backend(made: MadeFor, ask: Ask) -> str:
    if ask.backend in {"auto", made.backend}:
        return ""
    return f"it is a lock for the backend {made.backend}, and {ask.backend} was asked for"


def _pre(made: MadeFor, ask: Ask) -> str:
    if not ask.pre or made.pre:
        return ""
    if made.pre is None:
        return "it does not say whether it was made with pre-releases, and --pre was given"
    return "it was made without pre-releases, and --pre was given"


_COMPARED: Final[Mapping[str, Callable[[MadeFor, Ask], str]]] = {
    "tensorflow": _tensorflow,
    "accelerator": _accelerator,
    "python": _python,
    "backend": _backend,
    "pre": _pre,
}
"""By the fields of `Ask`: one that is added there and not here is a KeyError at the first lock that is read."""
