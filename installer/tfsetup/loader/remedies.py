"""What brings a library that is missing on the machine, and no wheel carries. The remedies are data."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfsetup.ground.platforms import Os

if TYPE_CHECKING:
    from tfsetup.loader.model import LoadFailure


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy:
    """What to `do` (a command) where `library`, a file name, is not found on a system.

    `what` says what the library is; `folders` are those that the command fills, each with a `/` at its end.
    """

    system: Os
    library: str
    what: str
    do: str
    folders: tuple[str, ...]

    def helps(self, system: Os, failure: LoadFailure) -> bool:
        """Say whether the library is the one that a failure is about, and would be found in a folder of the remedy."""
        leaf = posixpath.basename(failure.library or "")
        missing = failure.kind == "library-not-found" and (system, leaf) == (self.system, self.library)
        return missing and any(folder + leaf in failure.message for folder in self.folders)


def parse_remedies(document: Mapping[str, Any]) -> tuple[Remedy, ...]:
    """Build the remedies from the parsed `remedies.toml`."""
    return tuple(Remedy(**{**each, "folders": tuple(each["folders"])}) for each in document["remedy"])


def remedies_for(
    remedies: Sequence[Remedy], system: Os, failures: Iterable[LoadFailure]
) -> Iterator[tuple[Remedy, tuple[str, ...]]]:
    """Yield each remedy that helps, with the files that it helps."""
    found = list(failures)
    for remedy in remedies:
        images = tuple(dict.fromkeys(each.image for each in found if remedy.helps(system, each)))
        if images:
            yield remedy, images
