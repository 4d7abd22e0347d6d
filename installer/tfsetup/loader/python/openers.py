"""Which native files a package opens by other means than an import: ctypes, cffi, the operations of TensorFlow.

Its sources are followed (`running`), not run. When an opening fails, the code that called it may go on: each file is
followed a second time with that one failure, and what then ends the module is what its import ends with.
Sources: the Python library reference, `ctypes`; TensorFlow `python/framework/load_library.py`; cffi `api.py` (dlopen);
PyTorch `torch/_ops.py` (load_library); NumPy `ctypeslib.py` (load_library).
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from tfsetup.loader.model import Mode
from tfsetup.loader.python.importers import Importers
from tfsetup.loader.python.known import Place, found_at
from tfsetup.loader.python.meaning import (
    HOLE,
    Class,
    Function,
    Instance,
    Scope,
    Value,
    lift,
    paths_of,
    text,
    whole,
)
from tfsetup.loader.python.running import Call, Exhausted, Runner
from tfsetup.loader.python.runs import Way
from tfsetup.loader.python.statements import Raised, raised
from tfsetup.loader.python.values import UNKNOWN

_TRIGGERS: Final = re.compile(
    rb"CDLL|PyDLL|WinDLL|OleDLL|LoadLibrary|dlopen|load_library|load_op_library|register_filesystem_plugin"
    rb"|load_file_system_library|load_pluggable_device_library|LazySO"
)
_WORTH: Final = re.compile(
    _TRIGGERS.pattern + rb"|__file__|__path__|_getframe|get_path_to|\.so\b|\.dll\b|\.dylib\b|sys\.platform"
    rb"|platform\.system|os\.name|resource_filename|importlib\.resources"
)
_BY_STEM: Final = "ctypeslib.load_library"  # it adds the ending itself
_ANY_SUFFIX: Final = r"(?:\.so|\.dylib|\.dll)?"
_ORDER: Final[Sequence[Way]] = ("at-import", "guarded", "later")
_MAX_ROUNDS = 3
_MAX_FOLLOWED = 60
_MAX_OBJECTS = 8
_SHOWN = 4


_LOCAL: Final = Mode(scope="local")  # what ctypes says where nothing is said, and TensorFlow always


@dataclass(frozen=True, kw_only=True, slots=True)
class _Means:
    """How something opens files: its dotted name, its argument, the mode, the exception of a failure, its result."""

    name: re.Pattern[str]
    argument: str
    mode: Mode = _LOCAL
    error: str = "OSError"
    gives: bool = True


_MEANS: Final = (
    _Means(name=re.compile(r"(?:.*\.)?(?:CDLL|PyDLL|WinDLL|OleDLL|LoadLibrary)"), argument="name"),
    _Means(name=re.compile(r"(?:numpy|np)\.ctypeslib\.load_library"), argument="libname"),
    _Means(
        name=re.compile(r"tensorflow\.(?:.*\.)?load_op_library"), argument="library_filename", error="NotFoundError"
    ),
    _Means(
        name=re.compile(
            r"tensorflow\.(?:.*\.)?(?:load_library|load_file_system_library|register_filesystem_plugin"
            r"|load_pluggable_device_library)"
        ),
        argument="library_location",
        error="NotFoundError",
        gives=False,
    ),
    _Means(name=re.compile(r"torch\.(?:ops|classes|_ops\.ops)\.load_library"), argument="path", gives=False),
    _Means(name=re.compile(r"(?:.*\.)?dlopen"), argument="name", mode=Mode()),
)
_GLOBAL = 0x108
"""RTLD_GLOBAL: 0x100 on Linux, 8 on macOS."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """A file that code opens: `package` is the top-level name, `where` the place of the call, `by` what opens it.

    `way` is when it is opened, and whether its failure is caught. `certain`: the code there is run for sure; otherwise
    it is under a condition that could not be decided.
    """

    package: str
    path: str
    mode: Mode
    where: str
    by: str
    way: Way
    certain: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfollowed:
    """A call that opens a file whose path was not understood. `names`: what of its name is known, as file names."""

    package: str
    where: str
    by: str
    names: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """What it is, a sentence."""
        return f"{self.where} opens a library by a path that is put together at run time ({self.by})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What the code of a package opens: what is understood, and what is not."""

    openings: tuple[Opening, ...] = ()
    unfollowed: tuple[Unfollowed, ...] = ()


@dataclass(slots=True)
class _Heard:
    """One following of a module: what it opens, what was not understood, and how it ends.

    `failing` is the file whose opening is to fail; `ended`: an exception left the module; `doubted` counts those that
    would have, were a condition true that could not be decided. `later`: what is followed now are functions that nobody
    calls while the module is imported. `calls` counts the calls that open.
    """

    place: Place
    package: str
    natives: Sequence[str]
    failing: str | None = None
    openings: dict[str, Opening] = field(default_factory=dict)
    unfollowed: dict[str, Unfollowed] = field(default_factory=dict)
    ended: bool = False
    doubted: int = 0
    later: bool = False
    calls: int = 0

    def hear(self, call: Call) -> Value:
        """Record what a call opens; see `Listener`.

        Raises:
            Raised: the opening fails, because the file is not there or is the failing one.
        """
        means = next((each for each in _MEANS if each.name.fullmatch(call.name)), None)
        given = call.argument(0, means.argument) if means else None
        if means is None or given is None:
            return UNKNOWN  # ctypes.CDLL(None) is the program itself
        self.calls += 1
        any_suffix = call.name.endswith(_BY_STEM)
        paths = paths_of(_in_folder(given, call.argument(1, "loader_path")) if any_suffix else given)
        where = f"{call.path.removeprefix(f'{self.place.site}/')}:{call.line}"
        found = [self._meant(path, any_suffix=any_suffix) for path in paths or ()]
        if paths is None or any(len(each) > 1 for each in found):
            names = tuple(sorted({posixpath.basename(path) for each in found for path in each}))
            told = Unfollowed(package=self.package, where=where, by=call.name, names=names[:_SHOWN])
            self.unfollowed.setdefault(where, told)
            return UNKNOWN
        for path in (each[0] for each in found if each):
            opening = Opening(
                package=self.package, path=path, mode=_mode(call, means), where=where, by=call.name,
                way="later" if self.later else "at-import", certain=not call.maybe,
            )  # fmt: skip
            self._open(opening, means.error)
        return Scope(call.name, call.path, package=False) if means.gives else None

    def _open(self, opening: Opening, error: str) -> None:
        missing = found_at(self.place, opening.path) is False
        if missing and (self.later or not opening.certain):
            return
        self.openings.setdefault(opening.path, opening)
        if missing or opening.path == self.failing:
            raise raised(error)

    def _meant(self, path: str, *, any_suffix: bool) -> Sequence[str]:
        """Return the files a path may mean: itself, or those of the set that fit where it has holes."""
        if HOLE not in path and not any_suffix:
            inside = posixpath.normpath(path)
            return (inside,) if inside.startswith(f"{self.place.site}/") else ()
        pattern = ".*".join(map(re.escape, path.split(HOLE))) + (_ANY_SUFFIX if any_suffix else "")
        wanted = re.compile(pattern if path.startswith((HOLE, "/")) else rf".*/{pattern}")
        return [native for native in self.natives if wanted.fullmatch(native)]


@dataclass(slots=True)
class _Wrappers:
    """What a package defines that opens something: by the names that others call, and where these are defined.

    `mentioned` are the names of functions and methods: what mentions them may open something too.
    """

    called: dict[str, str] = field(default_factory=dict)
    mentioned: set[str] = field(default_factory=set)

    def by_others(self, module: str, calls: Iterable[bytes]) -> bool:
        """Say whether one of the names that a module calls is defined in another."""
        return any(self.called[name.decode()] != module for name in calls)


class Openers:
    """Who opens what in a site-packages. Reads nothing until it is asked."""

    def __init__(self, place: Place, importers: Importers, natives: Sequence[str]) -> None:
        """Look below `place.site`; `natives` are the paths of the native files there."""
        self._place, self._importers = place, importers
        self._natives: dict[str, list[str]] = {}
        self._trees: dict[str, ast.Module | None] = {}
        self._mentioned: dict[int, frozenset[str]] = {}
        self._worth = _calling(())
        for path in natives:
            self._natives.setdefault(top_level(path, place.site), []).append(path)

    def of(self, package: str) -> Opened:
        """Return what the sources of a top-level package (or module) open, as far as they say."""
        texts = {self._importers.module_of(path): source for path, source in self._importers.texts(package).items()}
        waiting = [name for name, source in texts.items() if _TRIGGERS.search(source)]
        heard: dict[str, _Heard] = {}
        known = _Wrappers()
        for _round in range(_MAX_ROUNDS):
            before = set(known.called)
            for name in waiting[:_MAX_FOLLOWED]:
                heard[name] = self._module(package, name, known)
            new = known.called.keys() - before
            self._worth = _calling(known.called)
            waiting = [name for name in texts if known.by_others(name, _calling(new).findall(texts[name]))]
        return _together(heard.values())

    def _module(self, package: str, name: str, wrappers: _Wrappers) -> _Heard:
        """Follow one module: with every opening a success, then each of them failing, then what is called later.

        The functions and classes of the module that open something are added to `wrappers`.
        """
        heard, runner = self._follow(package, name, None)
        reached = self._importers.way(name) if heard.openings else "later"
        for path, opening in list(heard.openings.items()):
            heard.openings[path] = replace(opening, way="guarded")
            if reached == "later":
                continue
            again = heard if found_at(self._place, path) is False else self._follow(package, name, path)[0]
            ends = again.ended and (again is heard or not heard.ended)
            doubtful = again.doubted > heard.doubted or heard.ended
            if ends or doubtful:
                heard.openings[path] = replace(opening, way="at-import", certain=ends and opening.certain)
            elif again is heard:
                del heard.openings[path]  # not there, and the code does without it
            for other, found in again.openings.items():
                heard.openings.setdefault(other, replace(found, way="guarded"))
        self._later(runner, heard, name, wrappers)
        for path, opening in list(heard.openings.items()):
            way = _later_of(opening.way, reached)
            heard.openings[path] = replace(opening, way=way)
            if way != "at-import" and found_at(self._place, path) is False:
                del heard.openings[path]
        return heard

    def _follow(self, package: str, name: str, failing: str | None) -> tuple[_Heard, Runner]:
        heard = _Heard(place=self._place, package=package, natives=self._natives.get(package, ()), failing=failing)
        runner = Runner(self._place, package, heard.hear, self._is_worth, self._trees)
        try:
            runner.module(name)
        except Raised:
            heard.ended = True
        except Exhausted:
            pass  # what was seen so far stands
        heard.doubted = len(runner.doubted)
        return heard, runner

    def _is_worth(self, source: bytes) -> bool:
        return bool(_WORTH.search(source) or self._worth.search(source))

    def _later(self, runner: Runner, heard: _Heard, name: str, wrappers: _Wrappers) -> None:
        """Follow the functions of a module that open something, and those that call them, as somebody may later."""
        scope = runner.modules.get(name)
        heard.later = True
        done: set[tuple[str, str, int]] = set()
        for _round in range(_MAX_ROUNDS):
            known = len(wrappers.mentioned)
            for key, method, found in _defined(runner, scope.names if scope else {}):
                once = (key, method, id(found.owner) if found.owner in runner.objects else 0)
                if once in done or not self._opens(found.node, wrappers.mentioned):
                    continue
                done.add(once)
                calls = heard.calls
                runner.again()
                with suppress(Raised, Exhausted):
                    runner.run(found, (), {})
                if heard.calls > calls:
                    wrappers.called.setdefault(key, name)
                    wrappers.mentioned.add(method)
            if len(wrappers.mentioned) == known:
                break

    def _opens(self, node: ast.AST, wrappers: Collection[str]) -> bool:
        """Say whether a function mentions something that opens."""
        names = self._mentioned.get(id(node))
        if names is None:  # the trees are kept, so that an id means one node
            names = self._mentioned[id(node)] = frozenset(_mentioned(node))
        return not names.isdisjoint(wrappers) or any(_TRIGGERS.fullmatch(each.encode()) for each in names)


def _together(heard: Iterable[_Heard]) -> Opened:
    """Return what several modules open: of what is opened twice the time that is told first in `_ORDER`."""
    openings: dict[str, Opening] = {}
    told: dict[str, Unfollowed] = {}
    understood: set[str] = set()
    for each in heard:
        told.update(each.unfollowed)
        understood |= {found.where for found in each.openings.values()}
        for path, found in each.openings.items():
            openings[path] = min(openings.get(path, found), found, key=_first)
    left = tuple(each for where, each in told.items() if where not in understood)
    return Opened(openings=tuple(openings.values()), unfollowed=left)


def _calling(names: Collection[str]) -> re.Pattern[bytes]:
    """Return what finds calls of some names; of none it finds nothing."""
    return re.compile(rf"\b({'|'.join(map(re.escape, sorted(names)))})\s*\(".encode() if names else rb"(?!)()")


def _first(opening: Opening) -> tuple[int, bool]:
    return _ORDER.index(opening.way), not opening.certain


def _mentioned(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr


def top_level(path: str, site: str) -> str:
    """Return the package, or the module outside of packages, that a file below `site` is part of."""
    return path.removeprefix(f"{site}/").partition("/")[0].partition(".")[0]


def _defined(runner: Runner, names: Mapping[str, Value]) -> Iterator[tuple[str, str, Function]]:
    """Yield what a module defines: the name by which others call it, its own, and the function.

    Methods are bound to what was made of their class, or else to an object of which nothing is known; others call the
    class.
    """
    for key, found in list(names.items()):
        if isinstance(found, Function):
            yield key, key, found
        elif isinstance(found, Class):
            made = [each for each in runner.objects if each.of is found][:_MAX_OBJECTS] or [Instance(found)]
            methods = [name for name, value in found.names.items() if isinstance(value, Function)]
            for one in made:
                bound = ((name, runner.method(one, name)) for name in methods)
                yield from ((key, name, method) for name, method in bound if method is not None)


def _later_of(way: Way, reached: Way) -> Way:
    return max(way, reached, key=_ORDER.index)


def _in_folder(name: Value, folder: Value) -> Value:
    """Return the path that `numpy.ctypeslib.load_library` opens, without its ending."""
    return lift(lambda both: whole(f"{text(both[1])}/{text(both[0])}"), [name, folder])


def _mode(call: Call, means: _Means) -> Mode:
    given = call.argument(1, "mode")
    is_global = isinstance(given, int) and given & _GLOBAL
    return replace(means.mode, scope="global") if is_global and means.error == "OSError" else means.mode
