"""What is known of macOS's own libraries, which live in a shared cache that cannot be read from elsewhere.

The tables are data (`data/macos.toml`, `macos-symbols.txt`, `macos-late.txt`). Each has edges: what it does not know,
or not of a release as old as the one at hand, is unknown. A library of that kind is taken as present, which is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tfsetup.ground.versions import pair
from tfsetup.loader.dyld.runtimes import has_always, narrow_twin
from tfsetup.loader.dyld.words import Mac

_PREFIXES = ("/usr/lib/", "/System/Library/", "/System/iOSSupport/")
_FRAMEWORK_VERSION = re.compile(r"\.framework/Versions/[^/]+/")
_TABLE_SINCE = (12, 0)

_STANDARD_CXX = re.compile(
    r"__Z(?:(?:T[VTISN]|GV)?(?:N[KVrO]*)?S[tabsiod]"  # namespace std: names, their tables, type information, guards
    r"|(?:nw|na|dl|da)"  # operator new and delete
    r"|T[ISV](?:P?K?[a-z]|N10__cxxabi)"  # type information of built-in types
    r"|N10__cxxabi)"
)
"""C++ names that libc++ and libc++abi define."""

_FOREIGN_PART = re.compile(r"N[KVrO]*\d++(?!__cxxabi)")
"""A nested name of somebody else inside a mangled name: a template of std over it is instantiated by its owner."""

_APPLE_C = re.compile(
    r"_(?:objc_|OBJC_|NS|CF|kCF|CG|MTL|MPS|dispatch_|_dispatch|os_|_os_|Block_|_Block|pthread_|mach_|_dyld|dyld_|vDSP_"
    r"|__cxa_|__gxx_|_Unwind_|__stack_chk|__chkstk|__error$|__[a-z]+_chk$|Sec[A-Z]|SC[A-Z]|IO[A-Z]"
    r"|AX[A-Z]|(?:AE|CM|CT|CV|FS|LS|UT|VT)[A-Z][a-z]|Audio(?:Object|Unit|Queue|Component|Converter|File)[A-Z])"
)
"""C names only Apple's libraries define, by their beginning."""


_ALWAYS: Final = (0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Late:
    """Names that came with a release (major, minor): `text` is the name, or the `part` that is common to them.

    `exactly`: the release has them; else it is only known that those before it lack them.
    """

    since: tuple[int, int]
    exactly: bool
    text: str
    part: Literal["beginning", "end"] | None = None

    def is_one(self, symbol: str) -> bool:
        """Say whether it means `symbol`."""
        match self.part:
            case "beginning":
                return symbol.startswith(self.text)
            case "end":
                return symbol.endswith(self.text)
            case None:
                return symbol == self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class Lacking:
    """What no library of one macOS exports: whole `names`, and beginnings and ends of names, as files spell them."""

    names: frozenset[bytes]
    beginnings: tuple[bytes, ...]
    ends: tuple[bytes, ...]

    def of(self, symbols: set[bytes]) -> set[bytes]:
        """Return those of `symbols` that are lacking."""
        return {
            symbol
            for symbol in symbols
            if symbol in self.names or symbol.startswith(self.beginnings) or symbol.endswith(self.ends)
        }

    def has(self, symbol: str) -> bool:
        """Say whether `symbol` is lacking."""
        return bool(self.of({symbol.encode()}))


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """The tables.

    `libraries` are those with the macOS (major, minor) they appeared in, `seen` those that were there by one; `symbols`
    are exported by macOS 12 already, `late` are those of which it is known when they came.
    """

    libraries: Mapping[str, tuple[int, int]]
    seen: Mapping[str, tuple[int, int]]
    symbols: frozenset[str]
    late: Sequence[Late]

    def has_library(self, mac: Mac, path: str) -> bool | None:
        """Say whether this macOS has the library at `path`; None: it would be one of macOS's, but is not known."""
        if not path.startswith(_PREFIXES):
            return False
        name = _FRAMEWORK_VERSION.sub(".framework/", path)
        if name in self.seen:
            return True if mac.version >= self.seen[name] else None
        since = self.libraries.get(name)
        return None if since is None else mac.version >= since

    def surely_exports(self, mac: Mac, symbol: str) -> bool:
        """Say whether this macOS is known to export `symbol`; of `symbols`, nothing is known before the table's."""
        if has_always(symbol):
            return True
        if mac.version >= _TABLE_SINCE and not self.symbols.isdisjoint((symbol, narrow_twin(symbol) or symbol)):
            return True
        return any(each.exactly and mac.version >= each.since and each.is_one(symbol) for each in self.late)

    def lacking(self, mac: Mac) -> Lacking:
        """Return what this macOS is known not to export."""
        late = [each for each in self.late if mac.version < each.since]
        return Lacking(
            names=frozenset(each.text.encode() for each in late if each.part is None),
            beginnings=tuple(each.text.encode() for each in late if each.part == "beginning"),
            ends=tuple(each.text.encode() for each in late if each.part == "end"),
        )

    def may_export(self, symbol: str) -> bool:
        """Say whether some library of some macOS exports `symbol`, as far as its name or the table tells."""
        if symbol in self.symbols:
            return True
        if symbol.startswith("__Z"):
            return bool(_STANDARD_CXX.match(symbol)) and not _FOREIGN_PART.search(symbol)
        return bool(_APPLE_C.match(symbol))


def parse_system(document: Mapping[str, object], symbols: str = "", late: str = "") -> System:
    """Build the tables from the parsed `macos.toml`, the lines of `macos-symbols.txt` and of `macos-late.txt`."""
    return System(
        libraries={**_paths({"0.0": document.get("always")}), **_paths(document.get("since"))},
        seen=_paths(document.get("by")),
        symbols=frozenset(_lines(symbols)),
        late=tuple(map(_late, _lines(late))),
    )


def _paths(releases: object) -> dict[str, tuple[int, int]]:
    """Return libraries with a release each, from lists of libraries by release."""
    found: dict[str, tuple[int, int]] = {}
    for release, paths in releases.items() if isinstance(releases, dict) else ():
        first = pair(release)
        if isinstance(paths, list) and first:
            found.update((_FRAMEWORK_VERSION.sub(".framework/", str(path)), first) for path in paths)
    return found


def _lines(text: str) -> Iterable[str]:
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def _late(line: str) -> Late:
    release, _, name = line.partition(" ")
    since = pair(release.removeprefix("<")) or _ALWAYS
    part: Literal["beginning", "end"] | None = None
    if "*" in name:
        part = "end" if name.startswith("*") else "beginning"
    return Late(since=since, exactly=not release.startswith("<"), text=name.strip("*"), part=part)
