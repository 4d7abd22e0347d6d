"""The question an interpreter is asked about itself, and how its answer is read."""

from __future__ import annotations

import re
from typing import NamedTuple

from tfsetup.ground.platforms import Os, arch_of
from tfsetup.host.model import Python
from tfsetup.host.parsers.arch import narrow

# Runs under any Python from 2.7 on, without the site module, and imports only what is built in. On POSIX the machine is
# uname's; on Windows the version string ends with `[MSC v.1938 64 bit (AMD64)]`. Free threading: `t` in the ABI flags,
# or, where Windows has none of those, in words in the version string.
QUESTION = """\
import sys
try:
    import posix
    machine = posix.uname()[4]
except ImportError:
    machine = sys.version.rpartition("(")[2].rpartition(")")[0]
flags = getattr(sys, "abiflags", "")
impl = getattr(getattr(sys, "implementation", None), "name", "cpython")
threads = "t" in flags or "free-threading" in sys.version
bits = 64 if sys.maxsize > 2**32 else 32
level = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(sys.version_info[3])
version = "%d.%d.%d" % tuple(sys.version_info[:3]) + ("%s%d" % (level, sys.version_info[4]) if level else "")
print("tfsetup-python;%s;%s;%s;%d;%d" % (version, impl, machine, bits, threads))
"""

_ANSWER = re.compile(
    r"tfsetup-python;(?P<version>[0-9]{1,3}(?:\.[0-9]{1,3}){2}(?:(?:a|b|rc)[0-9]{1,3})?);(?P<implementation>[a-z]+)"
    r";(?P<machine>[^;]*);(?P<bits>32|64);(?P<threads>[01])\s"
)
_WINDOWS_BITS = {"intel": "i686"}  # `32 bit (Intel)`; 64 bit says AMD64 or ARM64


class Answer(NamedTuple):
    """What an interpreter said: `implementation` is `sys.implementation.name` (`cpython`, `pypy`)."""

    python: Python
    implementation: str


def read_answer(text: str, *, os: Os, path: str) -> Answer | None:
    """Return the interpreter at `path` from what it printed; None when that is no answer to `QUESTION`."""
    found = _ANSWER.search(text)
    if not found:
        return None
    version, implementation, machine, bits, threads = found.groups()
    spelling = _WINDOWS_BITS.get(machine.lower(), machine)
    arch = narrow(arch_of(spelling, os), int(bits))
    return Answer(Python(version=version, arch=arch, path=path, free_threaded=threads == "1"), implementation)
