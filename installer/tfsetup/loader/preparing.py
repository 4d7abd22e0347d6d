"""What Python code prepares in a process before an extension module is opened in it.

The code that runs before the module (`python.earlier`) is followed (`python.running`), and what it gives to
`os.add_dll_directory`, to `ctypes` and to `sys.setdlopenflags` is done in the process. What it gives that could not be
understood makes a "not found" of that module undecided. Whether what it loads must load is judged elsewhere.
"""

from __future__ import annotations

import ast
import posixpath
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tfsetup.loader.model import LoadFailure, Mode, NotCovered, Process
from tfsetup.loader.python.calls import Heard, Unclear
from tfsetup.loader.python.earlier import Sources, StartLine, packages_above, preparing_call
from tfsetup.loader.python.known import Place
from tfsetup.loader.python.running import Exhausted, Runner
from tfsetup.loader.python.statements import Raised
from tfsetup.loader.windows.process import WindowsProcess

if TYPE_CHECKING:
    from collections.abc import Collection

    from tfsetup.loader.python.target import Target
    from tfsetup.loader.question import Question

_START = ""
"""Stands for the start of the interpreter where others have the folder of a package."""


@dataclass
class _Done:
    """What has been done in one process: of which packages, and by whose code."""

    heard: Heard
    packages: set[str] = field(default_factory=set)
    runners: dict[str, Runner] = field(default_factory=dict)


class Preparing:
    """Prepares processes for the modules of one set of files, as an interpreter would."""

    def __init__(self, question: Question, target: Target, known: str) -> None:
        """Do nothing yet. `known` is the package of which is known what it prepares: its code is not read."""
        self._place = Place(files=question.files, site=question.site, target=target)
        self._known = f"{question.site}/{known}/"
        self._sources = Sources(question.files, question.site, target)
        self._trees: dict[str, ast.Module | None] = {}
        self._done: weakref.WeakKeyDictionary[Process, _Done] = weakref.WeakKeyDictionary()

    def open(self, process: Process, path: str, mode: Mode, *, caller: str | None = None) -> LoadFailure | None:
        """Open a file as the code of its packages does: after what they prepare when they are imported."""
        if not path.startswith(self._known):
            done = self._in(process)
            for folder in packages_above(self._place.files, path):
                self._prepare(done, folder)
            mode = done.heard.imported.get(self._module(path), mode)
        return process.dlopen(path, mode, caller=caller)

    def doubt(self, process: Process, path: str, failure: LoadFailure) -> NotCovered | None:
        """Return why the failure to open a module in a process is not certain; None: it is."""
        folders = (_START, *packages_above(self._place.files, path))
        cause = next((each for each in self._in(process).heard.unclear_for(folders) if _may_cure(each, failure)), None)
        cause = cause or self._elsewhere(path, failure, folders)
        if cause is None:
            return None
        where, missing = self._relative(cause.path), failure.symbol or failure.library or failure.image
        reason = (
            f"{self._relative(missing)} was not found; whether {where}:{cause.line} ({cause.what}) provides it cannot"
            " be told by reading it"
        )
        return NotCovered(reason=reason, image=failure.image, matters=True)

    def _elsewhere(self, path: str, failure: LoadFailure, followed: Collection[str]) -> Unclear | None:
        """Return the place in the module's package that may open what is missing, outside of the folders `followed`."""
        library = posixpath.basename(failure.library or "")
        if failure.kind != "library-not-found" or not library:
            return None
        found = self._sources.naming(self._relative(path).partition("/")[0], library, followed)
        return Unclear(what="which names it", path=found[0], line=found[1]) if found else None

    def _relative(self, path: str) -> str:
        return path.removeprefix(f"{self._place.site}/")

    def _module(self, path: str) -> str:
        folder, name = posixpath.split(self._relative(path))
        return f"{folder}/{name.partition('.')[0]}".strip("/").replace("/", ".")

    def _in(self, process: Process) -> _Done:
        """Return what has been done in a process; at first, what happens at the start of the interpreter."""
        if process not in self._done:
            done = self._done[process] = _Done(heard=Heard(self._place, _Doing(process)))
            for line in self._sources.start:
                call = preparing_call(line.text.encode())
                if line.module is not None:
                    self._follow(done, line.module, _START)
                elif call is not None:
                    self._follow_line(done, line, call)
        return self._done[process]

    def _prepare(self, done: _Done, folder: str) -> None:
        if folder not in done.packages:
            done.packages.add(folder)
            for name in self._sources.run_for(folder):
                self._follow(done, name, folder)

    def _follow_line(self, done: _Done, line: StartLine, call: str) -> None:
        """Follow a line of a `.pth` file that calls for something; what it wants is unclear where no call is heard."""
        asked = done.heard.asked
        with done.heard.on_behalf(_START, ""), suppress(Raised, Exhausted):
            self._runner(done, "").line(line.text, line.path, line.line)
        if done.heard.asked == asked:
            done.heard.tell(_START, Unclear(what=call, path=line.path, line=line.line, everybody=True))

    def _runner(self, done: _Done, top: str) -> Runner:
        return done.runners.setdefault(top, Runner(self._place, top, done.heard, trees=self._trees))

    def _follow(self, done: _Done, module: str, folder: str) -> None:
        """Follow a module's code, on behalf of the package at a folder, as far as it goes."""
        runner = self._runner(done, module.partition(".")[0])
        with done.heard.on_behalf(folder, module):
            try:
                runner.module(module)
            except Raised:
                return  # the import of the package ends here
            except Exhausted:
                path = f"{self._place.site}/{module.replace('.', '/')}"
                done.heard.tell(folder, Unclear(what="too long to be followed", path=path, line=1))


class _Doing:
    """Does in a process what code asks for; see `python.calls.Effects`."""

    def __init__(self, process: Process) -> None:
        # weak: what is remembered of a process must not keep it alive
        self._process = weakref.ref(process)

    def add_folder(self, path: str) -> None:
        process = self._process()
        if isinstance(process, WindowsProcess):
            process.add_dll_directory(path)

    def load(self, path: str, mode: Mode) -> bool:
        process = self._process()
        return process is None or process.dlopen(path, mode) is None


def _may_cure(unclear: Unclear, failure: LoadFailure) -> bool:
    return failure.kind == "library-not-found" or (failure.kind == "symbol-not-found" and unclear.everybody)
