"""What functions and constants of the standard library give that code puts paths together with, and chooses names by.

Sources: the Python library reference (`os.path`, `pathlib`, `sys`, `platform`, `inspect`, `importlib.resources`);
TensorFlow `python/platform/resource_loader.py`. Environment variables count as not set. A path is a text, a frame and
what was made of a file (a module specification, a resource) are the path of the file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Final

from tfsetup.ground.platforms import Os
from tfsetup.loader.model import Filesystem
from tfsetup.loader.python.facts import facts_of
from tfsetup.loader.python.meaning import HOLE, Name, Table, Value, either, text, whole
from tfsetup.loader.python.target import Target
from tfsetup.loader.python.values import UNKNOWN, Between

_LIBRARIES: Final[Mapping[Os, tuple[str, ...]]] = {
    "macos": (".dylib", ".so"),
    "linux": (".so",),
    "windows": (".dll", ".pyd"),
}
_ALWAYS_SET = ("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMPDIR")
_MAX_LISTED = 200
RTLD_GLOBAL: Final = 0x100
"""As Linux has it. On macOS it is 8; what matters here is that it is told from RTLD_LOCAL."""


_CONSTANTS: Final[Mapping[str, Value]] = {
    "os.pardir": "..", "os.path.pardir": "..", "os.curdir": ".", "os.path.curdir": ".",
    "ctypes.RTLD_LOCAL": 0, "os.RTLD_LOCAL": 0, "os.RTLD_LAZY": 1, "os.RTLD_NOW": 2,
    "ctypes.RTLD_GLOBAL": RTLD_GLOBAL, "os.RTLD_GLOBAL": RTLD_GLOBAL,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where code would run: the files, the path of site-packages in them, the interpreter."""

    files: Filesystem
    site: str
    target: Target

    @property
    def prefix(self) -> str:
        """The environment's folder: `prefix/lib/pythonX.Y/site-packages`, on Windows `prefix/Lib/site-packages`."""
        above = posixpath.dirname(posixpath.dirname(self.site))
        return above if self.target.system == "windows" else posixpath.dirname(above)

    def constant(self, name: str) -> Value:
        """Return what a dotted name of the standard library stands for; the name itself when it is not known here.

        A function that is called without arguments has `()` at its end.
        """
        if name in {"sys.prefix", "sys.base_prefix", "sys.exec_prefix", "sys.base_exec_prefix"}:
            return self.prefix
        if name == "importlib.machinery.EXTENSION_SUFFIXES":
            return self.target.suffixes
        if name.endswith(".__path__"):
            return self._folders_of(name)
        found = facts_of(self.target).get(name, _CONSTANTS.get(name, Name(name)))
        return found if isinstance(found, str | int | tuple | Between | Name) else Name(name)

    def _folders_of(self, name: str) -> Value:
        """Return the `__path__` of a package in site-packages, also of one without `__init__.py`."""
        folder = f"{self.site}/{name.removesuffix('.__path__').replace('.', '/')}"
        return (folder,) if self.files.listdir(folder) else Name(name)


Known = Callable[[Place, Sequence[Value]], Value]


def found_at(place: Place, path: str) -> bool | None:
    """Say whether something is at a path; None: the path is not known, or not absolute."""
    if HOLE in path or not _is_absolute(path):
        return None
    return place.files.lookup(posixpath.normpath(path)) is not None


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or re.match(r"[A-Za-z]:", path) is not None


def matching(place: Place, pattern: str) -> tuple[str, ...]:
    """Return the files that a shell pattern finds, sorted; a pattern in a folder's name is not followed."""
    folder, leaf = posixpath.split(pattern)
    if "*" in folder:
        return tuple(sorted(hit for above in matching(place, folder) for hit in matching(place, f"{above}/{leaf}")))
    wanted = re.compile(translate(leaf.replace("**", "*")))
    names = place.files.listdir(posixpath.normpath(folder))[:_MAX_LISTED]
    return tuple(f"{folder}/{name}" for name in names if wanted.match(name))


def _join(_place: Place, values: Sequence[Value]) -> Value:
    parts = [text(value).replace("\\", "/") for value in values]
    return whole(posixpath.join(*parts)) if parts else UNKNOWN


def _path(_place: Place, values: Sequence[Value]) -> Value:
    return _join(_place, values) if values else "."


def _first(_place: Place, values: Sequence[Value]) -> Value:
    return values[0] if values else UNKNOWN


def _of_text(function: Callable[[str], Value]) -> Known:
    def known(_place: Place, values: Sequence[Value]) -> Value:
        found = values[0] if values else UNKNOWN
        return function(found.replace("\\", "/")) if isinstance(found, str) else UNKNOWN

    return known


def _normal(path: str) -> Value:
    return posixpath.normpath(path) if HOLE not in path else path


def _exists(place: Place, values: Sequence[Value]) -> Value:
    found = found_at(place, text(values[0])) if values else None
    return UNKNOWN if found is None else found


def _is_folder(place: Place, values: Sequence[Value]) -> Value:
    there = _exists(place, values)
    return there if there is not True else bool(place.files.listdir(posixpath.normpath(text(values[0]))))


def _listed(place: Place, values: Sequence[Value]) -> Value:
    path = text(values[0]) if values else HOLE
    return UNKNOWN if HOLE in path else tuple(place.files.listdir(posixpath.normpath(path))[:_MAX_LISTED])


def _glob(place: Place, values: Sequence[Value]) -> Value:
    pattern = text(values[0]) if values else HOLE
    return matching(place, pattern.replace("\\", "/")) if _is_absolute(pattern) and HOLE not in pattern else UNKNOWN


def _glob_below(place: Place, values: Sequence[Value]) -> Value:
    return _glob(place, [f"{text(values[0])}/{text(values[1])}"]) if len(values) > 1 else UNKNOWN


def _variable(_place: Place, values: Sequence[Value]) -> Value:
    if not values or not isinstance(values[0], str) or values[0] in _ALWAYS_SET:
        return UNKNOWN
    return values[1] if len(values) > 1 else None


def _package_folder(place: Place, values: Sequence[Value]) -> Value:
    name = values[0] if values else UNKNOWN
    if not isinstance(name, str) or HOLE in name:
        return UNKNOWN
    folder = f"{place.site}/{name.replace('.', '/')}"
    return folder if place.files.listdir(folder) else posixpath.dirname(folder)


def _resource(place: Place, values: Sequence[Value]) -> Value:
    folder = _package_folder(place, values[:1])
    return _join(place, [folder, *values[1:]])


def _specification(place: Place, values: Sequence[Value]) -> Value:
    """Return the file that `FileFinder(folder).find_spec(name)` finds: an extension of that name."""
    if len(values) < 2 or not all(isinstance(value, str) for value in values[:2]):  # noqa: PLR2004 - folder and name
        return UNKNOWN
    stem = re.escape(text(values[1]).rpartition(".")[2])
    suffixes = "|".join(map(re.escape, (*place.target.suffixes, *_LIBRARIES[place.target.system])))
    wanted = re.compile(rf"{stem}(?:{suffixes})")
    names = [name for name in place.files.listdir(text(values[0])) if wanted.fullmatch(name)]
    return f"{text(values[0])}/{names[0]}" if names else None


def _listlike(_place: Place, values: Sequence[Value]) -> Value:
    return () if not values else values[0] if isinstance(values[0], tuple) else UNKNOWN


def _sorted(_place: Place, values: Sequence[Value]) -> Value:
    found = _listlike(_place, values)
    if isinstance(found, tuple) and all(isinstance(each, str) for each in found):
        return tuple(sorted(found, key=text))
    return found


def _length(_place: Place, values: Sequence[Value]) -> Value:
    found = values[0] if values else UNKNOWN
    return len(found) if isinstance(found, tuple) or (isinstance(found, str) and HOLE not in found) else UNKNOWN


def _any(_place: Place, values: Sequence[Value]) -> Value:
    return next((each for each in values[0] if each), None) if values and isinstance(values[0], tuple) else UNKNOWN


def _dictionary(_place: Place, values: Sequence[Value]) -> Value:
    return values[0] if values and isinstance(values[0], Table) else UNKNOWN


_IDENTITY = (
    "str", "os.fspath", "os.fsencode", "os.fsdecode", "inspect.getfile", "inspect.getsourcefile", "os.path.expanduser",
    "os.path.abspath", "os.path.realpath", "os.path.normcase", "os.path.expandvars", "importlib.resources.as_file",
    "importlib_resources.as_file", "tensorflow.compat.as_bytes", "tensorflow.compat.as_str", "typing.cast",
    "importlib.machinery.FileFinder", "ctypes.util._get_soname", "bytes", "sys.intern", "contextlib.closing",
)  # fmt: skip

_PATHS = ("Path", "PurePath", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")

FUNCTIONS: Final[Mapping[str, Known]] = {
    **dict.fromkeys(_IDENTITY, _first),
    **dict.fromkeys((f"pathlib.{name}" for name in _PATHS), _path),
    **dict.fromkeys(("os.path.exists", "os.path.isfile", "os.path.lexists"), _exists),
    **dict.fromkeys(("list", "tuple", "iter"), _listlike),
    **dict.fromkeys(("os.environ.get", "os.getenv"), _variable),
    **dict.fromkeys(("importlib.resources.path", "importlib_resources.path"), _resource),
    "pkg_resources.resource_filename": _resource,
    **dict.fromkeys(("importlib.resources.files", "importlib_resources.files"), _package_folder),
    **dict.fromkeys(("glob.glob", "glob.iglob"), _glob),
    "os.path.join": _join,
    "os.path.dirname": _of_text(posixpath.dirname),
    "os.path.basename": _of_text(posixpath.basename),
    "os.path.normpath": _of_text(_normal),
    "os.path.split": _of_text(posixpath.split),
    "os.path.splitext": _of_text(posixpath.splitext),
    "os.path.isabs": _of_text(lambda path: path.startswith("/")),
    "os.path.isdir": _is_folder,
    "os.listdir": _listed,
    "sorted": _sorted,
    "set": _sorted,
    "len": _length,
    "any": lambda place, values: _truth_of(_any(place, values)),
    "dict": _dictionary,
    "bool": lambda _place, values: _truth_of(values[0]) if values else False,
}  # fmt: skip
"""What calls give, by the dotted name of the function."""


def _truth_of(value: Value) -> Value:
    return bool(value) if isinstance(value, str | int | tuple | None) and value != HOLE else UNKNOWN


def _text_method(function: Callable[[str, Sequence[str]], Value]) -> Known:
    def known(_place: Place, values: Sequence[Value]) -> Value:
        parts = [text(value) for value in values]
        return UNKNOWN if any(HOLE in part for part in parts) else function(parts[0], parts[1:])

    return known


def _begins(place: Place, values: Sequence[Value]) -> Value:
    return _affix(place, values, str.startswith)


def _ends(place: Place, values: Sequence[Value]) -> Value:
    return _affix(place, values, str.endswith)


def _affix(_place: Place, values: Sequence[Value], has: Callable[[str, str], bool]) -> Value:
    if len(values) < 2 or not isinstance(values[0], str) or HOLE in values[0]:  # noqa: PLR2004 - the text and the affix
        return UNKNOWN
    wanted = values[1] if isinstance(values[1], tuple) else (values[1],)
    parts = [text(each) for each in wanted]
    return UNKNOWN if any(HOLE in part for part in parts) else any(has(values[0], part) for part in parts)


def _format(_place: Place, values: Sequence[Value]) -> Value:
    rest = iter(values[1:])
    return whole(re.sub(r"\{[^{}]*\}", lambda _hole: text(next(rest, UNKNOWN)), text(values[0])))


def _joined(_place: Place, values: Sequence[Value]) -> Value:
    parts = values[1] if len(values) > 1 else UNKNOWN
    return whole(text(values[0]).join(map(text, parts))) if isinstance(parts, tuple) else UNKNOWN


def _with_suffix(_place: Place, values: Sequence[Value]) -> Value:
    return posixpath.splitext(text(values[0]))[0] + text(values[1]) if len(values) > 1 else UNKNOWN


def _with_name(_place: Place, values: Sequence[Value]) -> Value:
    return _join(_place, [posixpath.dirname(text(values[0])), *values[1:2]])


def _children(place: Place, values: Sequence[Value]) -> Value:
    found = _listed(place, values)
    return tuple(f"{text(values[0])}/{text(each)}" for each in found) if isinstance(found, tuple) else UNKNOWN


METHODS: Final[Mapping[str, Known]] = {
    **dict.fromkeys(("absolute", "resolve", "expanduser", "as_posix", "encode", "decode"), _first),
    **dict.fromkeys(("exists", "is_file"), _exists),
    **dict.fromkeys(("joinpath", "__truediv__"), _join),
    **dict.fromkeys(("glob", "rglob"), _glob_below),
    "is_dir": _is_folder,
    "iterdir": _children,
    "with_suffix": _with_suffix,
    "with_name": _with_name,
    "find_spec": _specification,
    "startswith": _begins,
    "endswith": _ends,
    "format": _format,
    "join": _joined,
    "lower": _text_method(lambda it, _rest: it.lower()),
    "upper": _text_method(lambda it, _rest: it.upper()),
    "strip": _text_method(lambda it, rest: it.strip(*rest[:1])),
    "rstrip": _text_method(lambda it, rest: it.rstrip(*rest[:1])),
    "lstrip": _text_method(lambda it, rest: it.lstrip(*rest[:1])),
    "replace": _text_method(lambda it, rest: it.replace(rest[0], rest[1]) if len(rest) > 1 else it),
    "split": _text_method(lambda it, rest: tuple(it.split(rest[0] if rest else None))),
    "removesuffix": _text_method(lambda it, rest: it.removesuffix(rest[0])),
    "removeprefix": _text_method(lambda it, rest: it.removeprefix(rest[0])),
}  # fmt: skip
"""What methods of a text (a path among them) give; the text is the first value."""


def attribute(path: str, name: str) -> Value:
    """Return an attribute of a path, or of what stands for a file."""
    match name:
        case "parent":
            return posixpath.dirname(path)
        case "parents":
            above = [posixpath.dirname(path)]
            while above[-1] not in {"", "/"} and len(above) < _MAX_LISTED:
                above.append(posixpath.dirname(above[-1]))
            return tuple(above)
        case "name":
            return posixpath.basename(path)
        case "stem":
            return posixpath.splitext(posixpath.basename(path))[0]
        case "suffix":
            return posixpath.splitext(path)[1]
        case "origin" | "f_code" | "co_filename" | "filename" | "__file__" | "loader":
            return path
        case "submodule_search_locations":
            return (posixpath.dirname(path),)
        case _:
            return either(())
