"""What the three loaders have in common: the file system they look at, what they are asked, what they answer.

Nothing here knows a file format or TensorFlow. The field names of `LoadFailure` and the kinds are those of the JSON
(docs/reference/json.md).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, Protocol, Self, TypeVar

from tfsetup.loader.bytes import ByteSource, MalformedImage, answers

Kind = Literal[
    "wrong-architecture",
    "library-not-found",
    "symbol-not-found",
    "version-not-found",
    "os-too-old",
    "cpu-feature",
    "executable-stack",
    "malformed-image",
    "python-abi",
    "plugin-interface",
]
ClashKind = Literal["weak-definitions", "same-file", "same-soname", "openmp"]
Stage = Literal["import", "plugin", "extension"]
Verdict = Literal["loads", "fails", "undecided"]
Scope = Literal["local", "global"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing at a path. `path` is its real path (links resolved), `identity` equal for two names of one file.

    `source` are the file's bytes, read only when asked for; None for a directory.
    """

    path: str
    identity: Hashable
    source: ByteSource | None


class Filesystem(Protocol):
    """The files a target would see, wherever their bytes are. Paths are absolute, `/` separates on every system."""

    def lookup(self, path: str) -> Entry | None:
        """Return what is at `path` (`.`, `..` and links are followed), None when nothing is there."""

    def listdir(self, path: str) -> Sequence[str]:
        """Return the names in the directory `path`, sorted; empty when there is no such directory."""


def read_file(files: Filesystem, path: str, most: int) -> bytes | None:
    """Return a file's bytes; None when it is absent, a directory, larger than `most` bytes or cannot be read."""
    entry = files.lookup(path)
    if entry is None or entry.source is None or entry.source.size > most:
        return None
    try:
        return entry.source.read(0, entry.source.size)
    except MalformedImage:
        return None


def holds(files: Filesystem, path: str, wanted: bytes, most: int) -> bool:
    """Say whether bytes occur in a file; False when it is absent, larger than `most` bytes or cannot be read."""
    entry = files.lookup(path)
    if entry is None or entry.source is None or entry.source.size > most:
        return False
    known = answers(entry.source)
    found = known[0].holds(wanted) if known else None
    return wanted in (read_file(files, path, most) or b"") if found is None else found


@dataclass(frozen=True, kw_only=True, slots=True)
class Mode:
    """How a file is opened. `now`: bind all symbols at once (RTLD_NOW). `scope` None: neither LOCAL nor GLOBAL said.

    An unsaid scope acts as GLOBAL on macOS and as LOCAL in glibc. CPython imports with `Mode()`; TensorFlow's
    TF_LoadLibrary opens with `Mode(scope="local")`.
    """

    now: bool = True
    scope: Scope | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadFailure:
    """One refusal. `image` is the real path of the file that was being loaded, `message` the loader's own words.

    `library` is the name or path of the library the failure is about, `symbol` the missing symbol or version name.
    """

    kind: Kind
    """What kind of refusal."""
    image: str
    """The file that was being loaded."""
    symbol: str | None = None
    """The missing symbol or version name."""
    library: str | None = None
    """The library it is about, a name or a path; for `cpu-feature` the feature."""
    message: str
    """The loader's own words."""
    stage: Stage = "import"
    """What ends there: the import, the import of a plugin, or that of another module."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotCovered:
    """Something reading bytes cannot decide. `matters`: the verdict would turn on it, so it is at best `undecided`.

    `library` is the name of the system's library in question, where one is: what a package manager can add. `absent`:
    it was asked for, and there is no file of it to judge. `presumed`: nobody has seen it, and it is taken as there by a
    rule that `reason` names; the verdict holds where it is.
    """

    reason: str
    image: str | None = None
    matters: bool = False
    library: str | None = None
    absent: bool = False
    presumed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Clash:
    """What two files, or two distributions, do to each other though each of them is sound."""

    kind: ClashKind
    """What kind of clash: variables that macOS makes one of, one path, one SONAME, or two OpenMP runtimes."""
    between: tuple[str, ...]
    """The files or the distributions."""
    names: tuple[str, ...]
    """What they have in common: symbols as the files spell them, paths, names of libraries."""
    consequence: str
    """What is seen where they meet, a sentence."""
    fatal: bool = False
    """Whether it ends or corrupts the process, so that the verdict is `fails`."""


class Failed(Exception):  # noqa: N818 - carries a result up through the calls
    """The dlopen under way ends here."""

    def __init__(self, failure: LoadFailure) -> None:
        """Keep what it ends with."""
        super().__init__(failure.message)
        self.failure = failure


class Mapped(Protocol):
    """Something mapped in a process; the same file in two of them has one identity."""

    @property
    def identity(self) -> Hashable:
        """What tells files apart."""


_Mapped = TypeVar("_Mapped", bound=Mapped)


def each_once(processes: Iterable[Sequence[_Mapped]]) -> list[_Mapped]:
    """Return what is mapped in any of some processes: each file once, that of the first process with it."""
    found: dict[Hashable, _Mapped] = {}
    for entry in chain.from_iterable(processes):
        found.setdefault(entry.identity, entry)
    return list(found.values())


class Process(Protocol):
    """A process that accumulates loaded images as its loader would: what an earlier load brought, a later one finds."""

    @property
    def images(self) -> int:
        """How many files have been mapped so far (those of the operating system not counted)."""

    @property
    def loaded(self) -> Sequence[str]:
        """The real paths of what is mapped and at hand, in load order."""

    @property
    def not_covered(self) -> Sequence[NotCovered]:
        """What could not be decided so far, in order, without repetition."""

    @property
    def asked_for(self) -> Mapping[str, str]:
        """The bare names by which what is mapped asks for libraries, and the real path of what it is given for each.

        The name is what the loader compares with what is there already before it looks for a file: a SONAME, an install
        name below `@rpath`, a base name of Windows.
        """

    @property
    def answering(self) -> Mapping[str, str]:
        """The bare names to which something mapped answers, and its real path."""

    def fork(self) -> Self:
        """Return a process of its own in the same state; what was read of files is shared, so it costs little."""

    def joined(self, others: Sequence[Self]) -> Self:
        """Return a process in which everything is mapped that this or one of `others` has mapped, each file once.

        It is there to be counted and compared: nothing is bound anew. `not_covered` is that of all of them.
        """

    def dlopen(self, path: str, mode: Mode, *, caller: str | None = None) -> LoadFailure | None:
        """Open `path` as code in the image at `caller` (None: the interpreter) would; None when it loads.

        On failure the images this call brought are gone again. `stage` of the failure is left at its default.
        """

    def exports(self, path: str, symbol: str) -> bool:
        """Say whether `dlsym(dlopen(path), symbol)` finds something, for a file that is loaded."""
