"""Two copies of one library in a process: which ones wheels carry about, and what is seen where they meet.

The facts are data (`data/copies.toml`); this module says how they fit together.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfsetup.loader.dyld.coalesce import Generation, Library
from tfsetup.loader.dyld.process import DyldProcess
from tfsetup.loader.model import Clash, NotCovered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tfsetup.loader.dyld.coalesce import Shared
    from tfsetup.loader.model import Process


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenMp:
    """The OpenMP runtime that ends a process with a second one in it.

    `files` is what it is called (a pattern of the whole name), `symbol` a function that it alone exports. `consequence`
    has holes for the names of the `first` and the `second`.
    """

    files: str
    symbol: str
    consequence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Copies:
    """What is known of libraries that do not get along with a second copy."""

    libraries: tuple[Library, ...]
    openmp: OpenMp


def parse_copies(facts: Mapping[str, Any]) -> Copies:
    """Build the knowledge from the parsed `copies.toml`."""
    libraries = tuple(_library(entry) for entry in facts["library"])
    return Copies(libraries=libraries, openmp=OpenMp(**facts["openmp"]))


def _library(entry: Mapping[str, Any]) -> Library:
    generations = (Generation(name=each["name"], marks=tuple(each["marks"])) for each in entry["generation"])
    rest = {name: value for name, value in entry.items() if name != "generation"}
    return Library(**rest, generations=tuple(generations))


def clashes(known: Copies, process: Process, site: str) -> tuple[list[Clash], list[NotCovered]]:
    """Return what of the images in a process does not go together, and what cannot be told of that.

    `site` is where the packages lie: what is there belongs to the package of its first folder.
    """
    found, unseen = list[Clash](), list[NotCovered]()
    if isinstance(process, DyldProcess):
        for library in known.libraries:
            pairs = _by_packages(process.shared(library), site)
            for packages, shared in pairs.items():
                clash = _clash(library, packages, [each for each in shared if None not in each.generations])
                found += [clash] if clash else []
                unseen += () if clash else _untold(library, packages, shared)
    return [*found, *_openmp(known.openmp, process, site)], unseen


_Packages = tuple[str, str]


def _by_packages(shared: Sequence[Shared], site: str) -> Mapping[_Packages, list[Shared]]:
    found = defaultdict[_Packages, list["Shared"]](list)
    for each in shared:
        one, other = (package_of(path, site) for path in each.between)
        found[one, other].append(each)
    return found


def package_of(path: str, site: str) -> str:
    """Return the first folder of what lies in site-packages, and any other path as it is."""
    return path.removeprefix(f"{site}/").partition("/")[0] if path.startswith(f"{site}/") else path


def _clash(library: Library, packages: _Packages, shared: Sequence[Shared]) -> Clash | None:
    """Return what images of two packages do to each other; None when they share nothing."""
    if not shared:
        return None
    one, other = packages
    first, second = shared[0].generations
    return Clash(
        kind="weak-definitions",
        between=tuple(dict.fromkeys(path for each in shared for path in each.between)),
        names=tuple(sorted({name for each in shared for name in each.names})),
        consequence=(
            f"{one} was built with {first} and {other} with {second}, and macOS makes one of variables that both "
            f"define: {library.consequence}."
        ),
        fatal=True,
    )


def _untold(library: Library, packages: _Packages, shared: Sequence[Shared]) -> Iterator[NotCovered]:
    """Yield the files of which it cannot be told whether they fit; those of one package were built together."""
    one, other = packages
    if one == other:
        return
    for each in shared:
        path = next(path for path, known in zip(each.between, each.generations, strict=True) if known is None)
        reason = f"{one} and {other} share variables of {library.name}, and which release of it this has is not known"
        yield NotCovered(reason=reason, image=path, matters=True)


def _openmp(known: OpenMp, process: Process, site: str) -> Iterator[Clash]:
    """Yield the runtimes that two packages bring; of one package's own the first is taken."""
    pattern = re.compile(known.files)
    runtimes: dict[str, str] = {}
    for path in process.loaded:
        if pattern.fullmatch(posixpath.basename(path)) and process.exports(path, known.symbol):
            runtimes.setdefault(package_of(path, site), path)
    first, *others = runtimes.values() or [""]
    for second in others:
        names = {"first": posixpath.basename(first), "second": posixpath.basename(second)}
        said = known.consequence.format(**names)
        yield Clash(kind="openmp", between=(first, second), names=(known.symbol,), consequence=said)
