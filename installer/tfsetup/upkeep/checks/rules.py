"""Is a rule about something: releases that exist, machines of its row, names the releases themselves require. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.utils import canonicalize_name

from tfsetup.ground.versions import in_range, numbers, specifiers
from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.facts import Index
from tfsetup.matrix.file.rows import Row, Rule
from tfsetup.upkeep.checks.common import Found, parse, required, requirement_texts


def check_rule(rule: Rule, distribution: str, mine: Sequence[str], row: Row | None, index: Index) -> Found:
    """Yield what is wrong with a rule of a row, or of the whole matrix (`row` None) as far as one distribution goes."""
    touched = [v for v in mine if rule.tensorflow is None or in_range(rule.tensorflow, v)]
    if not touched:
        yield ("tensorflow",), "no release here is in this range"
        return
    needs = (rule.cpu, rule.driver, rule.capability, rule.capability_most, rule.gfx, rule.python, rule.macos)
    if not (any(needs) or rule.verdict or rule.add or rule.extras or rule.sdists or rule.warn):
        yield (), "a rule without any effect"
    if rule.on_python is not None and (any(needs) or rule.verdict):
        yield ("on_python",), "limits additions only, not what a rule requires of the machine"
    elif rule.on_python and not any(in_range(rule.on_python, m) for m in _pythons(distribution, touched, index)):
        yield ("on_python",), "no release here has a wheel for such a Python"
    if rule.newest and rule.driver is None:
        yield ("newest",), "says something of a driver, and the rule has none"
    if row is not None:
        yield from _machine(rule, row)
    if rule.python is not None and not any(in_range(rule.python, m) for m in _pythons(distribution, touched, index)):
        yield ("python",), "no release here has a wheel for such a Python"
    yield from _names(rule, distribution, touched, row, index)


def _machine(rule: Rule, row: Row) -> Found:
    if rule.cpu is not None and rule.cpu not in _FEATURES.get(process_arch(row), ()):
        yield ("cpu",), f"{rule.cpu} is no feature of {process_arch(row)} that this machine detection knows"
    yield from _gpu(rule, row)
    if rule.macos is not None and row.when.os != "macos":
        yield ("macos",), f"this row is for {row.when.os}"


def _gpu(rule: Rule, row: Row) -> Found:
    for name in ("driver", "capability", "capability_most", "on_capability"):
        if getattr(rule, name) is not None and row.when.gpu != "nvidia":
            yield (name,), "speaks of NVIDIA GPUs, and this row is not for them"
    if rule.gfx and row.when.gpu != "amd":
        yield ("gfx",), "speaks of AMD GPUs, and this row is not for them"
    for place, name in enumerate(rule.gfx):
        generation = name.removeprefix("gfx")[:-2]  # two digits of stepping behind it, the last ones hexadecimal
        if not (generation.isdecimal() and _plausible(generation, 8, 20)):
            yield ("gfx", place), f"{name} is of no generation that ROCm knows"
    if rule.driver is not None and not _plausible(rule.driver, 300, 2000):
        yield ("driver",), f"{rule.driver} is no NVIDIA driver version"
    for name in ("capability", "capability_most"):
        if (value := getattr(rule, name)) is not None and not _plausible(value, 2, 20):
            yield (name,), f"{value} is no compute capability"
    if rule.on_capability is not None and not any(in_range(rule.on_capability, f"{n}.0") for n in range(3, 20)):
        yield ("on_capability",), f"no GPU has a compute capability that is {rule.on_capability}"


_FEATURES = {
    "x86_64": {"sse3", "ssse3", "sse4_1", "sse4_2", "avx", "avx2", "fma", "f16c", "bmi2", "avx512f", "amx_tile"},
    "arm64": {"neon", "atomics", "asimddp", "bf16", "i8mm", "sve"},
    "aarch64": {"neon", "asimd", "atomics", "asimddp", "bf16", "i8mm", "sve", "sve2"},
}


def _plausible(text: str, low: int, high: int) -> bool:
    return low <= (numbers(text) or (0,))[0] <= high


def _pythons(distribution: str, versions: Sequence[str], index: Index) -> set[str]:
    releases = [index.release(distribution, v) for v in versions]
    return {m for r in releases if r for g in r.wheels for m in g.pythons}


def _names(rule: Rule, distribution: str, touched: Sequence[str], row: Row | None, index: Index) -> Found:
    """Bounds, extras and sdists must be about what the releases require, and bounds must change something."""
    wanted = required(distribution, touched, row, index, _extras(row))
    compiled = row is not None and row.plugin is not None and row.plugin.build == "source"
    for place, bound in enumerate(rule.add):
        name: str = canonicalize_name(parse(bound).name)
        if name in wanted:
            found = _bound(bound, wanted[name], index.companions.get(name, ()))
        else:
            found = "" if compiled and name in _BUILD_TOOLS else f"no release here requires {name}"
        if found and not (compiled and name in _BUILD_TOOLS):
            yield ("add", place), found
    for place, name in enumerate(rule.sdists):
        if name not in wanted:
            yield ("sdists", place), f"no release here requires {name}"
    for place, extra in enumerate(rule.extras):
        texts = requirement_texts(distribution, touched, row, index)
        if not any(f'extra == "{extra}"' in text for text in texts):
            yield ("extras", place), f"no release here has the extra {extra}"


def _extras(row: Row | None) -> frozenset[str]:
    """Return the extras that a row takes: what they bring is required too."""
    return frozenset(extra for rule in (row.rules if row else ()) for extra in rule.extras)


_BUILD_TOOLS = {"setuptools", "wheel", "cmake", "ninja"}  # what an sdist may need without isolation


def _bound(bound: str, ranges: set[str], known: Sequence[str]) -> str:
    """Say what is wrong with a bound beside the ranges that releases give, over the versions the index has."""
    own = parse(bound).specifier
    for text in sorted(ranges):
        admitted = [v for v in known if not text or specifiers(text).contains(v)]
        left = [v for v in admitted if own.contains(v)]
        if admitted and not left:
            return f"leaves nothing of what a release requires ({text})"
    every = all(own.contains(v) for text in ranges for v in known if not text or specifiers(text).contains(v))
    return "changes nothing: the releases' own ranges say as much" if known and every else ""
