"""Trees of real libraries that damage is done to, and the comparison of one damaged copy with the real loader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from support.elf_damage import Variant, variants
from support.loader_truth import is_elf
from tfsetup.loader.bytes import Memory
from tfsetup.loader.elf.image import Elf

PACKAGES = ("numpy", "numpy.libs", "h5py", "h5py.libs", "wrapt", "ml_dtypes", "optree")
"""Small enough to be damaged hundreds of times; two of them bring libraries of their own."""

PAIRS = 6


def small_tree(site: Path, folder: Path) -> list[str]:
    """Copy the libraries of a few packages into a folder; return their paths in it."""
    found = []
    for package in PACKAGES:
        for path in sorted((site / package).rglob("*.so*")):
            if is_elf(path):
                copy = folder / path.relative_to(site)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
                found.append(str(path.relative_to(site)))
    return found


def neighbours(tree: Path, files: Sequence[str]) -> list[tuple[str, str]]:
    """Return (importer, provider) for files that need one another."""
    leaves = {Path(name).name: name for name in files}
    found = []
    for name in files:
        needed = Elf(Memory((tree / name).read_bytes())).needed
        found += [(name, leaves[leaf]) for leaf in needed if leaf in leaves]
    return found


def damaged(site: Path, pristine: Path, foreign_machine: int) -> list[Variant]:
    """Copy the packages to `pristine` and return every damaged variant of them."""
    files = small_tree(site, pristine)
    pairs = neighbours(pristine, files)[:PAIRS]
    modules = [name for name in files if ".libs" not in name]
    foreign = bytearray((pristine / pairs[0][1]).read_bytes())
    foreign[18:20] = foreign_machine.to_bytes(2, "little")
    return list(variants(pristine, modules, pairs, {"machine": bytes(foreign)}))
