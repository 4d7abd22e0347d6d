"""Which paths several distributions bring, and with which content: two contents of one path are a conflict. Pure.

Which of them stays is chance, and removing either distribution removes it. Equal contents are no conflict: parts of one
project may bring the same file (mlflow and mlflow-skinny share 1,326).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

Listing = Mapping[str, str]
"""The paths of one distribution, relative to site-packages, each with a mark of its content; "" where it has none."""

_SHOWN: Final = 5
_CODE: Final = (".py", ".so", ".pyd", ".dll", ".dylib")
# What setuptools never takes for a package (`FlatLayoutPackageFinder.DEFAULT_EXCLUDE`): where wheels hold it all the
# same, it is there by mistake, and nothing imports it.
_ATTIC: Final = frozenset((
    "ci", "bin", "debian", "doc", "docs", "documentation", "manpages", "news", "newsfragments", "changelog", "test",
    "tests", "unit_test", "unit_tests", "example", "examples", "scripts", "tools", "util", "utils", "python", "build",
    "benchmark", "benchmarks", "exercise", "exercises", "htmlcov", "tasks", "fabfile",
))  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedFiles:
    """Paths that two distributions bring, some of them with other content."""

    kind: Literal["same-file"] = "same-file"
    """What kind of conflict this is."""
    distributions: tuple[str, str]
    """The two owners, `name version`."""
    paths: int
    """How many paths both bring."""
    different: int
    """Of how many the content is another."""
    names: tuple[str, ...]
    """Some of those, relative to site-packages."""

    @property
    def rivals(self) -> tuple[str, ...]:
        """The names of the two owners, without their versions."""
        return tuple(each.partition(" ")[0] for each in self.distributions)

    @property
    def words(self) -> str:
        """What was found, in a sentence."""
        first, second = self.distributions
        which = "it" if self.paths == 1 else f"{self.different} of them"
        verb = "has" if self.different == 1 else "have"
        files = "1 file" if self.paths == 1 else f"{self.paths:,} files"
        return f"{first} and {second} both bring {files}, and {which} {verb} other content ({self.names[0]})"


def shared(listings: Mapping[str, Listing], *, fold: bool = False) -> tuple[SharedFiles, ...]:
    """Return the pairs of owners (by name in `listings`) with a path of two contents; `fold` ignores case (Windows)."""
    owners: dict[str, list[tuple[str, str]]] = {}
    for name, listing in listings.items():
        for path, mark in listing.items():
            owners.setdefault(path.casefold() if fold else path, []).append((name, mark))
    both: dict[tuple[str, str], int] = {}
    different: dict[tuple[str, str], list[str]] = {}
    for path, found in owners.items():
        if len(found) > 1 and used(path):
            for (one, mark), (other, another) in combinations(found, 2):
                both[one, other] = both.get((one, other), 0) + 1
                if mark and another and mark != another:
                    different.setdefault((one, other), []).append(path)
    return tuple(
        SharedFiles(distributions=pair, paths=both[pair], different=len(paths), names=_best(paths))
        for pair, paths in sorted(different.items())
    )


def used(path: str) -> bool:
    """Tell whether anything uses a path of site-packages: a module, or what lies in a package's folder."""
    top, _, rest = path.partition("/")
    if not rest:
        return path.endswith(_CODE)
    return top.lower() not in _ATTIC and not top.startswith("..") and not top.endswith((".dist-info", ".data"))


def _best(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the paths that tell most: libraries first, then modules, then the rest."""
    return tuple(sorted(paths, key=lambda path: (_weight(path), path)))[:_SHOWN]


def _weight(path: str) -> int:
    if path.endswith(".py"):
        return 1
    return 0 if any(ending in path for ending in _CODE[1:]) else 2


def recorded(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield path, hash and size in bytes of what a RECORD lists ("The RECORD file" of the binary distribution format).

    What has no hash, such as byte code, has the mark "" and the size 0. A line that is none is passed over.
    """
    for line in csv.reader(text.splitlines()):
        if len(line) == 3:  # noqa: PLR2004 - path, hash, size
            path, mark, size = line
            yield path.replace("\\", "/"), mark, int(size) if size.isdecimal() else 0
