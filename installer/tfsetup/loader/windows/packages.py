"""Which libraries the distributions in a site-packages bring, or brought before somebody removed the file.

A library of that name is theirs and not the system's: where none of the folders that count has it, it is missing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from tfsetup.ground.owners import recorded
from tfsetup.loader.model import Filesystem, read_file
from tfsetup.loader.python.modules import walk

_MAX_RECORD = 64 << 20
_SUFFIX = ".dll"


def brought(files: Filesystem, site: str) -> frozenset[str]:
    """Return the base names, in lower case, of libraries below `site` and of those its RECORDs name."""
    paths = [*walk(files, site), *_recorded(files, site)]
    return frozenset(posixpath.basename(path).lower() for path in paths if path.lower().endswith(_SUFFIX))


def _recorded(files: Filesystem, site: str) -> Iterator[str]:
    for folder in files.listdir(site):
        text = read_file(files, f"{site}/{folder}/RECORD", _MAX_RECORD) if folder.endswith(".dist-info") else None
        yield from (path for path, _, _ in recorded((text or b"").decode("utf-8", "replace")))
