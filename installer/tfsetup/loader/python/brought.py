"""Which libraries a set of files brings, or brought before somebody removed the file.

A library of that name is the set's and not the system's: where none of the folders that count has it, it is missing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tfsetup.ground.owners import recorded
from tfsetup.loader.model import Filesystem, read_file
from tfsetup.loader.python.modules import walk

_MAX_RECORD = 64 << 20
_LIBRARY = re.compile(r".*\.(?:dll|so(?:\.[\w.]+)?)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Brought:
    """The base names of libraries that distributions in `site` bring, those that their RECORDs name among them.

    `folder`: one in which every library counts, such as the `lib` of a conda environment. `folded`: names differ in
    more than their case. Nothing is read before a name is asked about.
    """

    files: Filesystem
    site: str | None = None
    folder: str | None = None
    folded: bool = False

    def __contains__(self, name: object) -> bool:
        """Say whether a library of that base name belongs to the set."""
        return isinstance(name, str) and (name.lower() if self.folded else name) in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        names = (posixpath.basename(path) for path in self._paths())
        return frozenset(name.lower() if self.folded else name for name in names if _LIBRARY.fullmatch(name))

    def _paths(self) -> Iterator[str]:
        if self.folder is not None:
            yield from self.files.listdir(self.folder)
        if self.site is None:
            return
        yield from walk(self.files, self.site)
        for folder in self.files.listdir(self.site):
            if folder.endswith(".dist-info"):
                text = read_file(self.files, f"{self.site}/{folder}/RECORD", _MAX_RECORD) or b""
                yield from (path for path, _, _ in recorded(text.decode("utf-8", "replace")))
