"""Which code is run before an extension module is imported, and could prepare the process for it.

The packages a module lies in are imported before it, outermost first, and with them what they import; files named
`*.pth` are read when the interpreter starts. Of all that, only what mentions one of a few calls is looked at. Rules:
Python reference, "Packages"; the library reference of `site`.

Not followed: code of the package in folders that the module is not in, except where a `.pth` file leads there. Where it
names a library that is missing, that is told (`Sources.naming`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tfsetup.loader.model import Filesystem, read_file
from tfsetup.loader.python.importers import imports_of
from tfsetup.loader.python.modules import walk
from tfsetup.loader.python.target import Target

_MAX_TEXT = 4 << 20
_MAX_PTH = 1 << 16
_PREPARES = re.compile(rb"add_dll_directory|(?:C|Win|Ole|Py)DLL|LoadLibrary|setdlopenflags")
_OPENS = re.compile(rb"(?:C|Win|Ole|Py)DLL|LoadLibrary|load_library|dlopen")
_IMPORT_LINE = re.compile(r"import[ \t]+(?P<name>\w+)\s*")


def preparing_call(text: bytes) -> str | None:
    """Return the first call in source that changes what a later `dlopen` finds; None: there is none."""
    found = _PREPARES.search(text)
    return found[0].decode() if found else None


def packages_above(files: Filesystem, module: str) -> tuple[str, ...]:
    """Return the folders of the packages a module lies in, outermost first: those are imported before it."""
    found: list[str] = []
    folder = posixpath.dirname(module)
    while folder not in ("", "/") and files.lookup(f"{folder}/__init__.py") is not None:
        found.insert(0, folder)
        folder = posixpath.dirname(folder)
    return tuple(found)


class Sources:
    """The Python files of a site-packages. Each is read at most once."""

    def __init__(self, files: Filesystem, site: str, target: Target) -> None:
        """Look below `site`, at nothing yet, as the interpreter `target` would."""
        self._files, self._site, self._target = files, site, target
        self._folders: dict[str, Mapping[str, bytes]] = {}
        self._run: dict[str, tuple[str, ...]] = {}

    def run_for(self, folder: str) -> tuple[str, ...]:
        """Return the modules, by dotted name, that importing the package at a folder runs and that prepare something.

        They are of the files in that folder; the `__init__.py` comes first.
        """
        if folder not in self._run:
            texts = self._texts(folder)
            worth = any(map(preparing_call, texts.values()))
            self._run[folder] = tuple(self._reached(folder, texts)) if worth else ()
        return self._run[folder]

    def naming(self, top: str, library: str, followed: Collection[str] = ()) -> tuple[str, int] | None:
        """Return where code of a package (a top-level name) names a library (a file name) of its own; path and line.

        None: it brings no such file, or none of its code opens any library, or no string is that name. The name may
        lack its ending. What prepares in the folders `followed` is not looked at: what it does is known.
        """
        below = list(walk(self._files, f"{self._site}/{top}"))
        if not any(posixpath.basename(path) == library for path in below):
            return None
        texts = {path: read_file(self._files, path, _MAX_TEXT) or b"" for path in below if path.endswith(".py")}
        texts = {
            path: text
            for path, text in texts.items()
            if posixpath.dirname(path) not in followed or preparing_call(text) is None
        }
        if not any(map(_OPENS.search, texts.values())):
            return None
        named = re.compile(rb"[\"'/]" + re.escape(library.partition(".")[0].encode()) + rb"[\"'.]")
        places = ((path, found) for path, text in texts.items() if (found := named.search(text)))
        return next(((path, texts[path].count(b"\n", 0, found.start()) + 1) for path, found in places), None)

    @cached_property
    def start(self) -> tuple[StartLine, ...]:
        """What is run when the interpreter starts."""
        return start_lines(self._files, self._site)

    def _reached(self, folder: str, texts: Mapping[str, bytes]) -> Iterator[str]:
        package = self._name_of(folder)
        waiting, seen = [package], set[str]()
        while waiting:
            name = waiting.pop(0)
            if name in seen or name not in texts:
                continue
            seen.add(name)
            inside = name == package
            ways = imports_of(texts[name], name, package=inside, target=self._target)
            waiting += [target for target, how in ways.items() if how - {"later"}]
            if preparing_call(texts[name]):
                yield name

    def _texts(self, folder: str) -> Mapping[str, bytes]:
        if folder not in self._folders:
            package = self._name_of(folder)
            names = [name for name in self._files.listdir(folder) if name.endswith(".py")]
            self._folders[folder] = {
                package if name == "__init__.py" else f"{package}.{name.removesuffix('.py')}": read_file(
                    self._files, f"{folder}/{name}", _MAX_TEXT
                )
                or b""
                for name in names
            }
        return self._folders[folder]

    def _name_of(self, folder: str) -> str:
        return folder.removeprefix(f"{self._site}/").replace("/", ".")


@dataclass(frozen=True, kw_only=True, slots=True)
class StartLine:
    """A line of a `.pth` file that is run at the start of the interpreter.

    `module` is the dotted name of what it imports, as if all lay in packages (None: it is not there, or more is run).
    """

    path: str
    line: int
    text: str
    module: str | None = None


def start_lines(files: Filesystem, site: str) -> tuple[StartLine, ...]:
    """Return the lines that are run when the interpreter starts, of the `.pth` files in `site`, in their order."""
    found: list[StartLine] = []
    for name in files.listdir(site):
        text = read_file(files, f"{site}/{name}", _MAX_PTH) if name.endswith(".pth") else None
        if text is not None:
            found += _lines(files, site, f"{site}/{name}", text.decode("utf-8", "replace").splitlines())
    return tuple(found)


def _lines(files: Filesystem, site: str, path: str, lines: Sequence[str]) -> Iterator[StartLine]:
    """A line that is no import names a folder that is searched for modules from then on."""
    folders = [site]
    for number, line in enumerate(lines, 1):
        if line.startswith(("import ", "import\t")):
            match = _IMPORT_LINE.fullmatch(line)
            name = match["name"] if match else None
            where = next((each for each in folders if name and files.lookup(f"{each}/{name}.py")), None)
            dotted = f"{where}/{name}".removeprefix(f"{site}/").replace("/", ".") if where else None
            yield StartLine(path=path, line=number, text=line, module=dotted)
        elif line.strip() and not line.startswith("#"):
            folders.append(posixpath.normpath(f"{site}/{line.strip().replace(chr(92), '/')}"))
