"""Is what a row says of itself true: identifier, machine, releases, Pythons, plugin pairs, BLAS. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tfsetup.ground.versions import in_range, specifiers
from tfsetup.matrix.choose import pythons
from tfsetup.matrix.facts import Index
from tfsetup.matrix.file.rows import BlasRule, Pair, Plugin, Row
from tfsetup.upkeep.checks.common import Found, below, required, wheels_for
from tfsetup.upkeep.checks.rules import check_rule

NUMPY = "numpy"
_GPUS: dict[str, set[str | None]] = {"metal": {"apple", "amd"}, "cuda": {"nvidia"}, "rocm": {"amd"}, "cpu": {None}}


def check_row(row: Row, mine: Sequence[str], index: Index) -> Found:
    """Yield what is wrong with a row; `mine` are the releases of its distribution in its range, newest first."""
    if not index.releases(row.distribution):
        yield ("distribution",), f"the index has no {row.distribution}"
        return
    if not mine:
        yield ("versions",), f"no release of {row.distribution} is in this range"
        return
    yield from _when(row)
    yield from _names(row, mine, index)
    yield from _wheels(row, mine, index)
    yield from _plugin(row, mine, index)
    for place, rule in enumerate(row.rules):
        yield from below(("rules", place), check_rule(rule, row.distribution, mine, row, index))
    yield from _blas(row, mine, index)


def _when(row: Row) -> Found:
    """A row's identifier begins with what it is for, so that it reads left to right and cannot say another thing."""
    parts = row.id.split("-")
    if parts[0] != row.when.os:
        yield ("id",), f"begins with {parts[0]}, and the row is for {row.when.os}"
    elif parts[1] != row.when.arch:
        yield ("id",), f"says {parts[1]} in second place, and the row is for {row.when.arch}"
    elif row.accelerator not in parts and not row.when.rosetta:
        yield ("id",), f"does not say {row.accelerator}, which the row gives"
    if row.when.gpu not in _GPUS[row.accelerator]:
        yield ("when",), f"a row for {row.accelerator} does not go with gpu: {row.when.gpu}"
    if row.accelerator == "metal" and row.when.gpu != ("apple" if row.when.arch == "arm64" else "amd"):
        yield ("when", "gpu"), f"{row.when.gpu} is not the GPU of this kind of Mac"
    if row.when.rosetta != (row.when.interpreter not in {None, row.when.arch}):
        yield ("when",), "rosetta and an interpreter of another architecture go together"
    if (row.accelerator == "metal") != (row.plugin is not None):
        yield ("accelerator",), "a Metal row has a plugin, and only a Metal row has one"
    if row.when.xcode_clt != (row.plugin is not None and row.plugin.build == "source"):
        yield ("when",), "Xcode's command line tools are needed exactly where something is compiled"


def _names(row: Row, mine: Sequence[str], index: Index) -> Found:
    """Names for one thing are names that the index has, with releases of the row's; each stands once."""
    given = [(("gives_way_to",), row.gives_way_to)] if row.gives_way_to else []
    others = [*given, *((("keeps_out", place), name) for place, name in enumerate(row.keeps_out))]
    for place, name in others:
        if name == row.distribution:
            yield place, f"{name} is the row's own distribution"
        elif not any(version in index.releases(name) for version in mine):
            yield place, f"the index has no release of {name} that this row has too"


def _wheels(row: Row, mine: Sequence[str], index: Index) -> Found:
    known: set[str] = set()
    real = 0
    for text in mine:
        release = index.release(row.distribution, text)
        groups = wheels_for(row, release) if release and not release.yanked else []
        known |= {minor for group in groups for minor in group.pythons}
        real += bool(groups)
    if not real:
        yield ("when", "arch"), f"no release of {row.distribution} in this row has a wheel for this system"
    elif row.python not in known:
        yield ("python",), f"no wheel of this row is for Python {row.python}, only for {pythons.span(known)}"
    elif row.reuse is not None and not any(in_range(row.reuse, minor) for minor in known):
        yield ("reuse",), f"no wheel of this row is for such a Python, only for {pythons.span(known)}"
    elif row.reuse is not None and not in_range(row.reuse, row.python):
        yield ("reuse",), f"leaves out Python {row.python}, which the row prefers"


def _plugin(row: Row, mine: Sequence[str], index: Index) -> Found:
    plugin = row.plugin
    if plugin is None:
        return
    if not index.releases(plugin.distribution):
        yield ("plugin", "distribution"), f"the index has no {plugin.distribution}"
        return
    for place, pair in enumerate(plugin.pairs):
        yield from below(("plugin", "pairs", place), _pair(row, plugin, pair, mine, index))


def _pair(row: Row, plugin: Plugin, pair: Pair, mine: Sequence[str], index: Index) -> Found:
    if not any(in_range(pair.tensorflow, v) for v in mine):
        yield ("tensorflow",), "no release of this row is in this range"
    release = index.release(plugin.distribution, pair.plugin)
    if release is None:
        yield ("plugin",), f"the index has no {plugin.distribution} {pair.plugin}"
    elif release.yanked:
        yield ("plugin",), f"{plugin.distribution} {pair.plugin} is yanked"
    elif plugin.build == "source" and not release.sdist:
        yield ("plugin",), f"{plugin.distribution} {pair.plugin} has no sdist to compile"
    elif plugin.build == "wheel" and not wheels_for(row, release):
        yield ("plugin",), f"{plugin.distribution} {pair.plugin} has no wheel for this system"
    elif plugin.build == "source" and release.wheels:
        yield ("plugin",), f"{plugin.distribution} {pair.plugin} has wheels; build: wheel would do"


def _blas(row: Row, mine: Sequence[str], index: Index) -> Found:
    if not row.blas:
        yield (), "the row does not say which BLAS NumPy brings"
    elif row.plugin is None and (row.blas[-1].tensorflow, row.blas[-1].macos) != (None, None):
        yield ("blas",), "the last rule must hold for whatever the others leave"
    for place, rule in enumerate(row.blas):
        yield from below(("blas", place), _blas_rule(rule, row, mine, index))


def _blas_rule(rule: BlasRule, row: Row, mine: Sequence[str], index: Index) -> Found:
    """Accelerate comes with the NumPy wheels for macOS 14 and newer, and with nothing else."""
    touched = [v for v in mine if rule.tensorflow is None or in_range(rule.tensorflow, v)]
    if not touched:
        yield ("tensorflow",), "no release of this row is in this range"
    if rule.macos is not None and row.when.os != "macos":
        yield ("macos",), f"this row is for {row.when.os}"
    elif rule.use == "mkl":
        yield ("use",), "no NumPy wheel on the index brings MKL"
    elif rule.use == "accelerate" and row.when.os != "macos":
        yield ("use",), "Accelerate is a part of macOS"
    elif rule.use == "accelerate" and (rule.macos is None or rule.numpy is None):
        yield ("use",), "say from which macOS and which NumPy on there are wheels with Accelerate"
    if rule.macos is not None and not (in_range(rule.macos, "99.0") and not in_range(rule.macos, "13.6")):
        yield ("macos",), "NumPy has wheels for macOS 14 and newer, and for older ones"
    if rule.numpy is not None:
        yield from _numpy(rule.numpy, row, touched, index)


def _numpy(wanted: str, row: Row, touched: Sequence[str], index: Index) -> Found:
    known = index.companions.get(NUMPY, ())
    if not any(in_range(wanted, v) for v in known):
        yield ("numpy",), "the index has no such NumPy"
        return
    for text in touched:
        ranges = required(row.distribution, [text], row, index).get(NUMPY, {""})
        if not any(in_range(wanted, v) and all(not r or specifiers(r).contains(v) for r in ranges) for v in known):
            yield ("tensorflow",), f"{text} requires NumPy {', '.join(sorted(ranges))}, and none of it is {wanted}"
            return
