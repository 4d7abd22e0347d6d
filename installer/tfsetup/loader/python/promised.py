"""Which libraries of the system a wheel is entitled to expect: those that the policy of its own platform tag promises.

That `manylinux_2_X` was put on a wheel says that it needs nothing else than these of a mainstream distribution with
glibc 2.X (PEP 600); a small system lacks them all the same, so they are presumed, and said to be. The libraries are
data (`data/promised.toml`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from tfsetup.ground.owners import recorded
from tfsetup.ground.platforms import read_tag
from tfsetup.ground.versions import pair
from tfsetup.loader.files.names import is_native
from tfsetup.loader.model import Filesystem, read_file
from tfsetup.loader.python.distributions import Distribution, of_folder, of_wheel

_MAX_RECORD = 64 << 20
Glibc = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """A library that policies promise.

    `since` is the glibc of the first of them, `debian` the package that brings it, `with_library` the promised library
    that needs it and so brings it along (None: the policy names it).
    """

    since: Glibc
    debian: str
    with_library: str | None = None


def parse_promises(document: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, Promise]:
    """Build the promises, by library, from the parsed `promised.toml`."""
    return {
        name: Promise(since=pair(each["since"]) or (0, 0), debian=each["debian"], with_library=each.get("with"))
        for name, each in document["libraries"].items()
    }


class _Policy(NamedTuple):
    """What a platform tag stands for: the glibc that it names, and the tag itself."""

    glibc: Glibc
    tag: str


@dataclass(frozen=True, kw_only=True)
class Promised:
    """What the wheels of one set may expect. `wheels` are file names of those that are not installed yet.

    Nothing is read before a library is asked about that somebody promises.
    """

    files: Filesystem
    site: str | None = None
    wheels: Sequence[str] = ()
    promises: Mapping[str, Promise] = field(default_factory=dict)

    def why(self, library: str, image: str) -> str | None:
        """Return why a library is presumed to be there for the file `image` that needs it, a sentence; None: it is not.

        Args:
            library: its name in DT_NEEDED.
            image: the path of a file, of which the owner counts.
        """
        promise = self.promises.get(library)
        policy = self._policies.get(image) if promise is not None else None
        if promise is None or policy is None or policy.glibc < promise.since:
            return None
        through = f" {promise.with_library}, which needs it," if promise.with_library else " it,"
        return (
            f"{library} of the system (Debian: {promise.debian}) is presumed: {policy.tag}, for which the wheel is "
            f"built, lets it expect{through} and a small image may lack it"
        )

    @cached_property
    def _policies(self) -> Mapping[str, _Policy]:
        """The policy that each native file's wheel is built for, by path."""
        return dict(self._owned()) if self.site is not None else {}

    def _owned(self) -> Iterator[tuple[str, _Policy]]:
        named = {found.name: found for name in self.wheels if (found := of_wheel(name))}
        for folder in self.files.listdir(self.site or ""):
            found = of_folder(self.files, self.site or "", folder)
            policy = _policy(named.get(found.name, found)) if found is not None else None
            if policy is not None:
                yield from ((path, policy) for path in self._recorded(folder))

    def _recorded(self, folder: str) -> Iterator[str]:
        text = read_file(self.files, f"{self.site}/{folder}/RECORD", _MAX_RECORD) or b""
        paths = (path for path, _, _ in recorded(text.decode("utf-8", "replace")))
        yield from (f"{self.site}/{path}" for path in paths if is_native(path))


def _policy(wheel: Distribution) -> _Policy | None:
    """Return the policy with the newest glibc among a wheel's tags; None: it has no tag of that kind."""
    read = ((tag.platform, read_tag(tag.platform)) for tag in wheel.tags)
    floors = ((pair(found.floor or ""), text) for text, found in read if found is not None and found.libc == "glibc")
    return max((_Policy(floor, text) for floor, text in floors if floor is not None), default=None)
