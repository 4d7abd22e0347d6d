"""What a selection takes from conda channels: pure, from the matrix and the machine."""

from __future__ import annotations

from dataclasses import replace

from tfsetup.host.model import Host
from tfsetup.matrix.choose.releases import Candidate
from tfsetup.matrix.file.rows import CondaBlas, CondaSupply
from tfsetup.matrix.machine import macos_in, macos_version
from tfsetup.matrix.model import Blas, Selection

_NOT_SAID = "this matrix says nothing about conda channels"


def conda_host(host: Host) -> Host:
    """Return the machine as the conda backend sees it: the channel brings any Python."""
    return replace(host, pythons=(), python_downloads=True)


def with_conda(answer: Selection, best: Candidate, host: Host, supply: CondaSupply | None) -> Selection:
    """Return the answer for the conda backend: specs, channels, the BLAS of the build, and what the index still adds.

    Where nothing is known about conda, the answer says so and keeps no specs.
    """
    if supply is None:
        return replace(answer, warnings=(*answer.warnings, _NOT_SAID))
    rule = blas_rule(supply, host)
    release = best.row.conda
    specs = [f"python {best.python}.*", *supply.packages]
    specs += [f"{rule.package} * {rule.build}"] if rule else []
    specs += [f"{release.package} {best.version} {release.build or '*'}"] if release else []
    requirements = answer.requirements[1:] if release else answer.requirements
    blas = rule.use if rule else answer.blas
    expect = replace(answer.expect, blas=blas) if answer.expect else None
    return replace(
        answer,
        conda=tuple(specs),
        conda_channels=supply.channels,
        requirements=requirements,
        interpreter=None,
        blas=blas,
        expect=expect,
        reasons=(*(said for said in answer.reasons if said != blas_line(answer.blas)), *_told(supply, rule)),
    )


def blas_rule(supply: CondaSupply, host: Host) -> CondaBlas | None:
    """Return the rule for the BLAS switch on this machine; an unknown macOS gets the build that runs on every one."""
    have = macos_version(host)
    for rule in supply.blas:
        if rule.os == host.os and (rule.macos is None or (have is not None and macos_in(rule.macos, have))):
            return rule
    return None


def blas_line(blas: Blas | None) -> str:
    """Return what the story says about the wheels' BLAS."""
    return f"NumPy computes with {blas} here"


def _told(supply: CondaSupply, rule: CondaBlas | None) -> tuple[str, ...]:
    told = f"{', '.join(supply.packages)} and Python from {', '.join(supply.channels)}"
    switch = f"; {rule.package} as the build {rule.build}, which is {rule.use}" if rule else ""
    return (told + switch,)
