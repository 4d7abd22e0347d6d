"""What the package itself carries of loaders' knowledge, read from `data/`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TypedDict

from tfsetup.ground.platforms import Os
from tfsetup.loader.copies import parse_copies
from tfsetup.loader.dyld.system import System, parse_system
from tfsetup.loader.glibc.stock import Names, parse_libraries, parse_symbols
from tfsetup.loader.python.promised import Promise, parse_promises
from tfsetup.loader.remedies import parse_remedies
from tfsetup.loader.tensorflow.knowledge import Knowledge, parse_knowledge
from tfsetup.loader.windows.stock import parse_editions, parse_system32


class Tables(TypedDict):
    """What is known of one system, by the names that `processes.Surroundings` has for it; of others nothing."""

    macos: System
    symbols: Mapping[str, tuple[int, ...]]
    libraries: Mapping[str, Names]
    promises: Mapping[str, Promise]
    windows: AbstractSet[str]
    editions: Mapping[str, str]


def load_tables(system: Os) -> Tables:
    """Read what is known of a system from the package's data."""
    linux, windows = system == "linux", system == "windows"
    return Tables(
        macos=load_system(),
        symbols=load_glibc_symbols() if linux else {},
        libraries=load_linux_libraries() if linux else {},
        promises=load_promises() if linux else {},
        windows=load_windows() if windows else frozenset(),
        editions=load_editions() if windows else {},
    )


def load_system() -> System:
    """Read what is known of macOS's own libraries from the package's data."""
    folder = _data()
    document = tomllib.loads((folder / "macos.toml").read_text("utf-8"))
    symbols, late = ((folder / name).read_text("utf-8") for name in ("macos-symbols.txt", "macos-late.txt"))
    return parse_system(document, symbols, late)


def load_glibc_symbols() -> Mapping[str, tuple[int, ...]]:
    """Read which symbols the GNU C library has, and since which release, from the package's data."""
    folder = _data()
    return parse_symbols((folder / "glibc-symbols.txt").read_text("utf-8"))


def load_linux_libraries() -> Mapping[str, Names]:
    """Read what common libraries of a Linux system define, and in which version, from the package's data."""
    return parse_libraries((_data() / "linux-symbols.txt").read_text("utf-8"))


def load_promises() -> Mapping[str, Promise]:
    """Read which libraries of a Linux system wheels may expect from the package's data."""
    return parse_promises(tomllib.loads((_data() / "promised.toml").read_text("utf-8")))


def load_windows() -> frozenset[str]:
    """Read which libraries every Windows has from the package's data."""
    return parse_system32((_data() / "windows-system32.txt").read_text("utf-8"))


def load_editions() -> Mapping[str, str]:
    """Read which libraries some editions of Windows lack, and which editions, from the package's data."""
    return parse_editions(tomllib.loads((_data() / "windows-editions.toml").read_text("utf-8")))


def load_knowledge() -> Knowledge:
    """Read what is known of TensorFlow's import from the package's data."""
    folder = _data()
    facts = tomllib.loads((folder / "tensorflow.toml").read_text("utf-8"))
    orders = {
        file.name.removesuffix(".txt"): file.read_text("utf-8")
        for file in (folder / "import-order").iterdir()
        if file.name.endswith(".txt")
    }
    copies = parse_copies(tomllib.loads((folder / "copies.toml").read_text("utf-8")))
    remedies = parse_remedies(tomllib.loads((folder / "remedies.toml").read_text("utf-8")))
    return parse_knowledge(facts, orders, copies, remedies)


def _data() -> Traversable:
    return resources.files("tfsetup.loader") / "data"
