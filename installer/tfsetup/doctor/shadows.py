"""A file of the user's that a library imported in the place of a module of the same name, read off a traceback. Pure.

Python prints the frames from the outermost to the innermost. The frame of a file that is being imported is `in
<module>`; where it stands behind a frame of a library, and the file is none, that library meant another one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from tfsetup.doctor.environment import NEVER_IMPORTED
from tfsetup.doctor.model import Observation
from tfsetup.doctor.text import LogText

_FRAME: Final = re.compile(r"File \"(?P<path>[^\"\n]{1,300}?\.py)\", line [0-9]{1,7}(?P<whole>, in <module>)?")
_LIBRARY: Final = re.compile(
    r"[\\/](?:site|dist)-packages[\\/]|[\\/]lib(?:64)?[\\/]python[0-9.]+[\\/]|[\\/]Python[^\\/]*[\\/]lib[\\/]"
    r"|[\\/][a-z]*conda[0-9]?[\\/]lib[\\/]|[\\/]envs[\\/][^\\/]+[\\/]lib[\\/]|[\\/]Frameworks[\\/]|^<",
    re.IGNORECASE,
)
# Tracebacks stand at the ends of a log, and one with thousands of frames repeats itself.
_WINDOW: Final = 200_000
_MOST: Final = 400
# Modules of libraries that people call a program after.
_OTHERS: Final = frozenset(
    ("tensorflow", "keras", "numpy", "scipy", "h5py", "pandas", "google", "absl", "six", "wrapt")
)
_MEANT: Final = (frozenset(sys.stdlib_module_names) | _OTHERS) - NEVER_IMPORTED


class Frame(NamedTuple):
    """One frame of a traceback. `whole`: the file was being imported, or run."""

    path: str
    whole: bool

    @property
    def module(self) -> str:
        """The name under which the file can be imported."""
        return re.split(r"[\\/]", self.path)[-1].removesuffix(".py")

    @property
    def of_library(self) -> bool:
        """Whether it lies where installers put files."""
        return _LIBRARY.search(self.path) is not None


def shadowed(log: LogText) -> Iterator[Observation]:
    """Yield the last file of the user's that a library was seen to import for a module of its name."""
    found = list(_frames(log.stream))[-_MOST:]
    behind = [one for before, one in pairwise(found) if before.of_library and one.whole and not one.of_library]
    for one in [one for one in behind if one.module in _MEANT][-1:]:
        words = f"{one.path} is imported by a library in the place of the module {one.module}."
        yield Observation(
            check="shadowing-file", subject=one.module, detail=words,
            captures={"module": one.module, "found_by": "log"},
        )  # fmt: skip


def _frames(stream: str) -> Iterator[Frame]:
    if '.py", line ' in stream:
        later = max(_WINDOW, len(stream) - _WINDOW)
        for start, end in ((0, _WINDOW), (later, len(stream))):
            yield from (Frame(one["path"], one["whole"] is not None) for one in _FRAME.finditer(stream, start, end))
