"""A file system in memory, as the loaders see one."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from support.through import through
from tfsetup.loader.model import Entry


class Tree:
    """Files by absolute path; `links` lead from one path to another; every parent of a file is a folder."""

    def __init__(
        self, files: Mapping[str, bytes], folders: Sequence[str] = (), links: Mapping[str, str] | None = None
    ) -> None:
        self._files, self._links = dict(files), dict(links or {})
        self._folders = {"/", *folders}
        for path in files:
            above = posixpath.dirname(path)
            while above not in ("/", ""):
                self._folders.add(above)
                above = posixpath.dirname(above)

    def lookup(self, path: str) -> Entry | None:
        path = posixpath.normpath(path)
        for link, target in self._links.items():
            if path == link or path.startswith(f"{link}/"):
                path = target + path[len(link) :]
        if path in self._files:
            return Entry(path=path, identity=path, source=through(self._files[path], path))
        return Entry(path=path, identity=path, source=None) if path in self._folders else None

    def listdir(self, path: str) -> Sequence[str]:
        path = posixpath.normpath(path).rstrip("/")
        known = (*self._files, *self._folders)
        return sorted({posixpath.basename(each) for each in known if posixpath.dirname(each) == (path or "/")} - {""})
