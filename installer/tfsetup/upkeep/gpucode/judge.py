"""Do the rules of the matrix admit exactly the GPUs that the wheels have code for? Pure.

A release serves a GPU when its own libraries do, and those of every companion that its extra brings: of the releases
that were read, the newest that its metadata and the bounds of the rules admit, which is what a resolver would take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from packaging.utils import canonicalize_name

from tfsetup.ground.versions import at_least, in_range, specifiers, version
from tfsetup.host.model import Gpu, Host
from tfsetup.loader.gpu.targets import Capability, general, serves
from tfsetup.matrix.choose.gpus import concerns, unfit
from tfsetup.matrix.choose.releases import rules_for
from tfsetup.matrix.file.rows import Matrix, Row, Rule
from tfsetup.upkeep.checks.common import Path, parse, requirement_texts
from tfsetup.upkeep.gpucode.evidence import Evidence, Plan, Wheel

Finding = tuple[Path, str]

_GFX: Final = re.compile(r"gfx[0-9a-f]+?(?=gfx|\Z)")


def judge(evidence: Evidence, plan: Plan, matrix: Matrix) -> Iterator[Finding]:
    """Yield what the matrix says of GPUs and the wheels do not hold, or the other way round."""
    for row in matrix.rows:
        mine = [wheel for wheel in evidence.wheels if _is_of(row, wheel)]
        if row.accelerator == "cuda":
            for wheel in mine:
                yield from _cuda(row, wheel, evidence, plan, matrix)
        elif row.accelerator == "rocm":
            for wheel in mine:
                yield from _rocm(row, wheel, matrix)


def _is_of(row: Row, wheel: Wheel) -> bool:
    return row.when.os == "linux" and row.distribution == wheel.distribution and in_range(row.versions, wheel.version)


def _cuda(row: Row, wheel: Wheel, evidence: Evidence, plan: Plan, matrix: Matrix) -> Iterator[Finding]:
    rules = rules_for(row, wheel.version, matrix)
    if any(rule.verdict == "refuse" for rule in rules):
        return
    for capability in plan.capabilities:
        host = Host(os="linux", gpus=(Gpu(vendor="nvidia", compute_capability=capability),))
        mine = [rule for rule in rules if concerns(rule, host)]
        lacking = [name for name, fits in _serving(row, wheel, mine, host, evidence, matrix) if not fits]
        if complaint := _complaint(wheel, mine, host, lacking, plan):
            yield (row.id, "rules"), f"{wheel.version} on GPUs of {capability}: {complaint}"


def _complaint(wheel: Wheel, rules: Sequence[Rule], host: Host, lacking: Sequence[str], plan: Plan) -> str:
    """Return what is wrong between the rules that concern a GPU and the code for it; "" when nothing is."""
    capability = _capability(host)
    admitted = not any(unfit(rule, host) for rule in rules)
    if admitted and lacking:
        return f"admitted, and {', '.join(lacking)} has no code for them"
    if not admitted:
        return "" if lacking else "kept out, and everything has code for them"
    if not _native(wheel, capability) and not any(_told(rule) for rule in rules):
        return "they get nothing but PTX, and no rule says so"
    needed = _driver(wheel, capability, plan)
    if not any(rule.driver and at_least(rule.driver, needed) for rule in rules):
        return f"they get PTX that needs driver {needed}, and no rule says so"
    return ""


def _told(rule: Rule) -> bool:
    return rule.on_capability is not None and (rule.warn or rule.verdict is not None)


def _driver(wheel: Wheel, gpu: Capability, plan: Plan) -> str:
    """Return the oldest driver that compiles the PTX without which a GPU has no code; "0" where it needs none."""
    languages = [
        min((target.isa for target in one if target.runs_on(gpu) and target.isa), default=(0, 0))
        for library in wheel.libraries
        for one in general(library.targets())
        if not any(target.kind == "sm" and target.runs_on(gpu) for target in one)
    ]
    newest = max(languages, default=(0, 0))
    return plan.drivers.get("{}.{}".format(*newest), "0")


def _serving(
    row: Row, wheel: Wheel, rules: Sequence[Rule], host: Host, evidence: Evidence, matrix: Matrix
) -> Iterator[tuple[str, bool]]:
    """Yield each wheel that counts, by name, and whether it has code for the host's GPU."""
    capability = _capability(host)
    yield f"{wheel.distribution} {wheel.version}", _fits(wheel, capability)
    extras = {extra for rule in rules for extra in rule.extras}
    bounds = [bound for rule in rules for bound in rule.add]
    for name in sorted({other.distribution for other in evidence.wheels} - {wheel.distribution}):
        wanted = _wanted(row, wheel, name, extras, bounds, matrix)
        if wanted is None:
            continue
        read = [one for one in evidence.wheels if one.distribution == name and specifiers(wanted).contains(one.version)]
        newest = max(read, key=lambda one: version(one.version), default=None)
        yield (f"{name} {newest.version}", _fits(newest, capability)) if newest else (f"{name} (none was read)", False)


def _wanted(row: Row, wheel: Wheel, name: str, extras: set[str], bounds: Sequence[str], matrix: Matrix) -> str | None:
    """Return the range of a companion by metadata and rules; None: the release does not bring it."""
    texts = requirement_texts(wheel.distribution, [wheel.version], row, matrix.index)
    mine = [text for text in texts if any(f'extra == "{extra}"' in text for extra in extras)]
    ranges = {str(parse(text).specifier) for text in mine if canonicalize_name(parse(text).name) == name}
    if not ranges:
        return None
    added = {str(parse(bound).specifier) for bound in bounds if canonicalize_name(parse(bound).name) == name}
    return ",".join(sorted(filter(None, ranges | added)))


def _capability(host: Host) -> Capability:
    text = next(gpu.compute_capability for gpu in host.gpus or () if gpu.compute_capability)
    major, minor = text.split(".")
    return int(major), int(minor)


def _fits(wheel: Wheel, capability: Capability) -> bool:
    """Whether every library of a wheel that holds code for GPUs serves one; damaged code serves none."""
    found = [library for library in wheel.libraries if library.fatbins or library.damaged]
    return bool(found) and all(not one.damaged and serves(one.targets(), capability) for one in found)


def _native(wheel: Wheel, gpu: Capability) -> bool:
    kinds = [kind for library in wheel.libraries for kind in library.targets()]
    return any(target.kind == "sm" and target.runs_on(gpu) for kind in kinds for target in kind)


def _rocm(row: Row, wheel: Wheel, matrix: Matrix) -> Iterator[Finding]:
    """Yield where the GPUs of the rules are not those that the wheel compares with and has code for."""
    rules = [rule for rule in rules_for(row, wheel.version, matrix) if rule.gfx]
    named = frozenset.intersection(*(frozenset(rule.gfx) for rule in rules)) if rules else frozenset()
    known = served(wheel)
    if named != known:
        more, less = " ".join(sorted(named - known)), " ".join(sorted(known - named))
        words = f"{wheel.version}: the rules name {more or 'nothing'} that the wheel does not serve"
        yield (row.id, "rules"), f"{words}, and leave out {less or 'nothing'}"


def served(wheel: Wheel) -> frozenset[str]:
    """Return the gfx names that a wheel has code for, without those that are joined in its list and never match."""
    coded = [library.gfx() for library in wheel.libraries if library.bundles]
    joined = {name for library in wheel.libraries for words in library.joined for name in _GFX.findall(words)}
    return frozenset.intersection(*coded) - joined if coded else frozenset()
