"""Is a file with the name of an extension module meant for one, though it lacks the function that CPython calls?

Libraries that are opened by other means often have such a name. So it counts where an import asks for it; outside of
packages, where a person may be who asks, also when no source mentions it. Only the sources around the file are read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from tfsetup.loader.model import Filesystem, read_file
from tfsetup.loader.python.importers import imports_of
from tfsetup.loader.python.modules import Module
from tfsetup.loader.python.target import Target

_MAX_TEXT = 4 << 20
_MAX_RECORD = 32 << 20
_LIBRARY = "lib"  # how libraries are called that are no modules


class Asked:
    """The sources around such files. Each is read at most once."""

    def __init__(self, files: Filesystem, site: str, target: Target) -> None:
        """Look below `site`, as the interpreter `target` runs what is there."""
        self._files, self._site, self._target = files, site, target
        self._texts: dict[str, bytes] = {}

    def for_module(self, module: Module) -> bool:
        """Say whether an import asks for a file without the function that makes it a module."""
        package, _, leaf = module.name.rpartition(".")
        near = self._around(package) if package else self._of_its_distribution(module)
        mentioned = [path for path in dict.fromkeys(near) if leaf.encode() in self._text(path)]
        if any(module.name in self._imports(path) for path in mentioned):
            return True
        return not package and not mentioned and not leaf.startswith(_LIBRARY)

    def _around(self, package: str) -> Iterator[str]:
        """Yield the sources in a module's folder and in the one above, and what is run before: each `__init__`."""
        parts = package.split(".")
        for count in range(len(parts), 0, -1):
            folder = f"{self._site}/{'/'.join(parts[:count])}"
            if count >= len(parts) - 1:
                yield from self._sources(folder)
            else:
                yield f"{folder}/__init__.py"

    def _of_its_distribution(self, module: Module) -> Iterator[str]:
        """Yield the sources that were installed with a file, or, where nobody knows who brought it, those beside it."""
        own = posixpath.basename(module.path)
        for name in self._files.listdir(self._site):
            if name.endswith(".dist-info"):
                record = read_file(self._files, f"{self._site}/{name}/RECORD", _MAX_RECORD) or b""
                paths = [line.partition(",")[0] for line in record.decode("utf-8", "replace").splitlines()]
                if own in paths:
                    yield from (f"{self._site}/{path}" for path in paths if path.endswith(".py"))
                    return
        yield from self._sources(self._site)

    def _sources(self, folder: str) -> Iterable[str]:
        return [f"{folder}/{name}" for name in self._files.listdir(folder) if name.endswith(".py")]

    def _text(self, path: str) -> bytes:
        if path not in self._texts:
            self._texts[path] = read_file(self._files, path, _MAX_TEXT) or b""
        return self._texts[path]

    def _imports(self, path: str) -> Iterable[str]:
        name = path.removeprefix(f"{self._site}/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        package = path.endswith("/__init__.py")
        return imports_of(self._text(path), name, package=package, target=self._target)
