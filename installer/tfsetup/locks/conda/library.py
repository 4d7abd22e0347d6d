"""The one place that imports py-rattler: lazily, with a remedy when it is missing and a guard for the process's end."""

from __future__ import annotations

import asyncio
import atexit
import sys
import time
from collections.abc import Coroutine, MutableMapping
from functools import cache
from types import ModuleType
from typing import Final, TypeVar

from tfsetup.errors import UsageError
from tfsetup.ground.certificates import EMPTY, Certificates, certificates
from tfsetup.ground.settings import index_choice

REQUIREMENT: Final = "py-rattler>=0.28,<0.29"
"""What the extra `conda` asks for; 0.27 and 0.28 differ in signatures this package uses."""

_SETTLE_S: Final = 0.05
_T = TypeVar("_T")


@cache
def rattler() -> ModuleType:
    """Import py-rattler and return it.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import rattler as library
    except ImportError as problem:
        raise UsageError(
            f"The conda backend needs py-rattler, which this Python cannot import ({problem}).",
            hint=f"Install it beside tfsetup: uv pip install --python {sys.executable} '{REQUIREMENT}' "
            "(it is the extra `conda` of tfsetup).",
        ) from problem
    # Of processes that awaited rattler, 3-11 % died at exit (SIGSEGV, or "PyGILState_Release"): its worker threads
    # still deliver results while the interpreter is taken down. PyO3/pyo3-async-runtimes issue 40, open; with a pause
    # of 1 ms or more there was none in 600.
    atexit.register(time.sleep, _SETTLE_S)
    return library


def tell_of_the_way(environ: MutableMapping[str, str]) -> Certificates:
    """Put into this process's variables what rattler shall believe and which proxies it shall use; return the former.

    It reads SSL_CERT_FILE, SSL_CERT_DIR and the proxies' variables when a client is made, and nothing else that says
    so; other names for the same, and settings files, are ours to translate.

    Raises:
        InvalidFileError: the certificates that a variable names cannot be used; rattler would pass over it.
        UsageError: another user could have written the settings.
    """
    choice = index_choice(environ)
    around = {**environ, **choice.variables}
    found = certificates(around, choice.origins)
    found.check()
    for name in EMPTY:
        if not environ.get(name, "-"):
            del environ[name]
    told = {**found.openssl, **{name: value for name, value in choice.variables.items() if name.endswith("_PROXY")}}
    environ.update({name: value for name, value in told.items() if name != "PIP_PROXY"})
    return found


def wait_for(work: Coroutine[object, None, _T]) -> _T:
    """Run a coroutine of rattler's to its end; an interrupt cancels it first."""
    return asyncio.run(work)
