"""What the package itself carries of loaders' knowledge, read from `data/`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable

from tfsetup.loader.copies import parse_copies
from tfsetup.loader.dyld.system import System, parse_system
from tfsetup.loader.glibc.stock import parse_symbols
from tfsetup.loader.remedies import parse_remedies
from tfsetup.loader.tensorflow.knowledge import Knowledge, parse_knowledge
from tfsetup.loader.windows.stock import parse_libraries


def load_system() -> System:
    """Read what is known of macOS's own libraries from the package's data."""
    folder = _data()
    document = tomllib.loads((folder / "macos.toml").read_text("utf-8"))
    return parse_system(document, (folder / "macos-symbols.txt").read_text("utf-8"))


def load_glibc_symbols() -> Mapping[str, tuple[int, ...]]:
    """Read which symbols the GNU C library has, and since which release, from the package's data."""
    folder = _data()
    return parse_symbols((folder / "glibc-symbols.txt").read_text("utf-8"))


def load_windows() -> frozenset[str]:
    """Read which libraries every Windows has from the package's data."""
    folder = _data()
    return parse_libraries((folder / "windows-system32.txt").read_text("utf-8"))


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
