"""What is known of macOS's own libraries, which live in a shared cache that cannot be read from elsewhere.

The table is data (`data/macos.toml`); what it does not know is taken as present and said to be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tfsetup.ground.versions import pair
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
    r"|__cxa_|__gxx_|_Unwind_|__stack_chk|__chkstk|__error$|__[a-z]+_chk$|Sec[A-Z]|SC[A-Z]|IO[A-Z])"
)
"""C names only Apple's libraries define, by their beginning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """The table: libraries with the macOS (major, minor) they appeared in, and symbols macOS 12 exports already."""

    libraries: Mapping[str, tuple[int, int]]
    symbols: frozenset[str]

    def has_library(self, mac: Mac, path: str) -> bool | None:
        """Say whether this macOS has the library at `path`; None: it would lie in the cache, but is not known."""
        if not path.startswith(_PREFIXES):
            return False
        since = self.libraries.get(_FRAMEWORK_VERSION.sub(".framework/", path))
        return None if since is None else mac.version >= since

    def surely_exports(self, mac: Mac, symbol: str) -> bool:
        """Say whether this macOS is known to export `symbol`; nothing is known of those before the table's."""
        return mac.version >= _TABLE_SINCE and symbol in self.symbols

    def may_export(self, symbol: str) -> bool:
        """Say whether some library of macOS exports `symbol`, as far as its name or the table tells."""
        if symbol in self.symbols:
            return True
        if symbol.startswith("__Z"):
            return bool(_STANDARD_CXX.match(symbol)) and not _FOREIGN_PART.search(symbol)
        return bool(_APPLE_C.match(symbol))


def parse_system(document: Mapping[str, object], symbols: str) -> System:
    """Build the table from the parsed `macos.toml` and the lines of `macos-symbols.txt`."""
    found: dict[str, tuple[int, int]] = {}
    for since, paths in document.items():
        first = pair(since)
        if isinstance(paths, list) and first:
            found.update((_FRAMEWORK_VERSION.sub(".framework/", str(path)), first) for path in paths)
    names = (line for line in symbols.splitlines() if not line.startswith("#"))
    return System(libraries=found, symbols=frozenset(names))
