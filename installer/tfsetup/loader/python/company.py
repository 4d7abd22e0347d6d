"""In whose company a module is opened: the packages that the code around it has imported by then.

Every import is followed that is run with its module, guarded ones too, in the order of the statements and through
packages without native files. Nothing is run; sources are read when it is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from tfsetup.loader.model import Filesystem, read_file
from tfsetup.loader.python.importers import imports_of
from tfsetup.loader.python.target import Target

_MAX_TEXT = 4 << 20
_MAX_FILES = 4_000


class Company:
    """The sources of a site-packages, each read at most once."""

    def __init__(self, files: Filesystem, site: str, native: Collection[str], target: Target | None = None) -> None:
        """Look below `site` for imports of packages that are `native` (top-level names): those are not read further.

        `target`: the interpreter that runs the sources (None: some interpreter).
        """
        self._files, self._site, self._native, self._target = files, site, native, target
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, modules: Iterable[str], *, until: str | None = None) -> tuple[str, ...]:
        """Return the native packages that importing `modules` imports, in order, those of the modules left out.

        `until`: a module; what is imported after it does not count.
        """
        roots = list(modules)
        own = {_top(name) for name in roots}
        found, seen = dict[str, None](), set[str]()
        waiting = [each for name in reversed(roots) for each in reversed(tuple(_with_parents(name)))]
        while waiting and len(seen) < _MAX_FILES:
            name = waiting.pop()
            if name == until:
                break
            if name in seen:
                continue
            seen.add(name)
            if _top(name) in self._native and _top(name) not in own:
                found[_top(name)] = None
            else:
                waiting += reversed(self._imports(name))
        return tuple(found)

    def _imports(self, name: str) -> tuple[str, ...]:
        """Return what a module imports when it is imported; nothing if it has no source here."""
        if name not in self._known:
            self._known[name] = tuple(self._read(name))
        return self._known[name]

    def _read(self, name: str) -> Iterator[str]:
        base = f"{self._site}/{name.replace('.', '/')}"
        for path, package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
            text = read_file(self._files, path, _MAX_TEXT)
            if text is not None:
                found = imports_of(text, name, package=package, target=self._target)
                yield from (target for target, ways in found.items() if ways != {"later"})
                return


def _top(name: str) -> str:
    return name.partition(".")[0]


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))
