"""What `import tensorflow` does with native files: the one module of this room that knows TensorFlow.

The facts are data (`data/tensorflow.toml`, `data/import-order/`); this module says how they fit together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tfsetup.ground.platforms import Os
from tfsetup.ground.versions import numbers
from tfsetup.loader.copies import Copies
from tfsetup.loader.model import Filesystem, Mode, Stage
from tfsetup.loader.python.distributions import Distribution
from tfsetup.loader.python.modules import Module
from tfsetup.loader.remedies import Remedy

BY_CPYTHON, BY_TENSORFLOW = Mode(), Mode(scope="local")

How = Literal["module", "library", "preload", "plugin"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One file opened. `how`: imported by CPython, opened by TF_LoadLibrary, looked for by name, or opened as a plugin.

    `name` is what is opened: an absolute path, or (`preload`) a bare library name; `caller` the asking image's path.
    """

    name: str
    how: How
    stage: Stage
    mode: Mode = BY_CPYTHON
    caller: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CpuNeed:
    """An instruction set the wheels of some versions need, and what is seen on a CPU without it."""

    system: Os
    arch: str
    feature: str
    versions: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    """The data files, parsed. `orders` gives the modules in import order by release line (`2.19`).

    `copies` is what does not get along with a second copy in the process, whoever brings it; `remedies` are for
    libraries that the machine lacks.
    """

    facts: Mapping[str, Any]
    orders: Mapping[str, tuple[str, ...]]
    copies: Copies
    remedies: tuple[Remedy, ...] = ()

    @property
    def package(self) -> str:
        """The folder of TensorFlow in site-packages."""
        return str(self.facts["package"])

    @property
    def cpu_needs(self) -> tuple[CpuNeed, ...]:
        """All instruction-set needs."""
        return tuple(CpuNeed(**need) for need in self.facts["cpu"])

    @property
    def entry_points(self) -> tuple[tuple[str, ...], ...]:
        """The groups of functions a plugin may offer; a group counts only as a whole."""
        return tuple(tuple(group) for group in self.facts["plugins"]["entry_points"])


def parse_knowledge(
    facts: Mapping[str, Any], orders: Mapping[str, str], copies: Copies, remedies: tuple[Remedy, ...] = ()
) -> Knowledge:
    """Build the knowledge from the parsed `tensorflow.toml` and the text of each order file."""
    lines = {line: _names(text) for line, text in orders.items()}
    return Knowledge(facts=facts, orders=lines, copies=copies, remedies=remedies)


def _names(text: str) -> tuple[str, ...]:
    names = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(name for name in names if name)


def version_in(knowledge: Knowledge, distributions: Sequence[Distribution], files: Filesystem, site: str) -> str | None:
    """Return the version of the TensorFlow whose files lie in `site`; None when there is none.

    Several distributions bring the same package; an empty one (a shim) does not count unless the package is there.
    """
    if files.lookup(f"{site}/{knowledge.package}/__init__.py") is None:
        return None
    names = knowledge.facts["distributions"]
    found = {each.name: each.version for each in distributions if each.name in names}
    return next((found[name] for name in names if name in found), "")


def shims(knowledge: Knowledge, distributions: Sequence[Distribution]) -> tuple[Distribution, ...]:
    """Return the distributions that promise the package, for when it turns out not to be there."""
    return tuple(each for each in distributions if each.name in knowledge.facts["distributions"])


def order_for(knowledge: Knowledge, version: str) -> tuple[str, ...]:
    """Return the modules in import order for a release: those measured for the newest line that is not newer."""
    wanted = _line(version)
    lines = sorted(knowledge.orders, key=_line)
    fitting = [line for line in lines if _line(line) <= wanted] if wanted else lines
    return knowledge.orders[fitting[-1] if fitting else lines[0]]


def _line(version: str) -> tuple[int, ...]:
    return (numbers(version) or ())[:2]


def steps(
    knowledge: Knowledge, version: str, files: Filesystem, site: str, system: Os, modules: Mapping[str, Module]
) -> Iterator[Step]:
    """Yield what `import tensorflow` opens, in order, plugins last. `modules`: what this Python can import, by name."""
    preload = knowledge.facts["preload"].get(system)
    internal = str(knowledge.facts["internal"]["module"])
    for name in _order(knowledge, version, system):
        if name == internal and preload:
            yield from (Step(name=library, how="preload", stage="import") for library in preload["libraries"])
        if name in modules:
            mode = _internal_mode(knowledge, files, site, system) if name == internal else Mode()
            yield Step(name=modules[name].path, how="module", stage="import", mode=mode)
    for path in knowledge.facts["libraries"].get(system, ()):
        if files.lookup(f"{site}/{path}"):
            yield _by_tensorflow(knowledge, f"{site}/{path}", site, system, "library")
    for path in plugins(knowledge, files, site, system):
        yield _by_tensorflow(knowledge, path, site, system, "plugin")


def _order(knowledge: Knowledge, version: str, system: Os) -> Iterator[str]:
    guard = knowledge.facts["guard"]
    for name in order_for(knowledge, version):
        if name != guard["module"] or system in guard["systems"]:
            yield name


def _internal_mode(knowledge: Knowledge, files: Filesystem, site: str, system: Os) -> Mode:
    if system == "windows":
        return Mode()
    is_global = files.lookup(f"{site}/{knowledge.facts['internal']['global_flags']}") is not None
    return Mode(scope="global" if is_global else "local")


def plugins(knowledge: Knowledge, files: Filesystem, site: str, system: Os) -> tuple[str, ...]:
    """Return the files TensorFlow opens as plugins. It takes them in directory order; here they are sorted."""
    folder = f"{site}/{knowledge.facts['plugins']['folder']}"
    pattern = re.compile(knowledge.facts["plugins"]["pattern"][system])
    return tuple(f"{folder}/{name}" for name in files.listdir(folder) if pattern.fullmatch(name))


def _by_tensorflow(knowledge: Knowledge, path: str, site: str, system: Os, how: How) -> Step:
    caller = knowledge.facts["plugins"]["caller"].get(system)
    stage: Stage = "plugin" if how == "plugin" else "import"
    asker = f"{site}/{caller}" if caller else None
    return Step(name=path, how=how, stage=stage, mode=BY_TENSORFLOW, caller=asker)


def preload_message(knowledge: Knowledge, system: Os, missing: Sequence[str]) -> str:
    """Return what TensorFlow's own check says when libraries it looks for by name are absent."""
    return str(knowledge.facts["preload"][system]["message"]) % " or ".join(missing)
