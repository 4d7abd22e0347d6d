"""What is asked under the emulator, and what is not: `environments/xray.yaml` as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tfsetup.upkeep import kept


class Framework(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The release of TensorFlow whose framework library stands beside the plugin."""

    distribution: str
    version: str


class Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that was not asked, and why."""

    what: str
    because: str


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which releases of a plugin are asked, beside which framework, for which hazard.

    `kernels`: the releases whose kernels are listed. `losing`: the operations whose kernels drop an activation that is
    fused into them. `controls`: environments in which the plugin is asked besides none and the cure of the hazard.
    `partly`: versions of which only some wheels lose anything.
    """

    hazard: str
    distribution: str
    versions: str
    architecture: str
    framework: Framework
    losing: tuple[str, ...]
    kernels: str
    controls: tuple[Mapping[str, str], ...] = ()
    partly: tuple[Reason, ...] = ()
    not_asked: tuple[Reason, ...] = ()
    presumed: tuple[Reason, ...] = ()


def parse_plan(text: str, file: str) -> Plan:
    """Read a plan.

    Raises:
        InvalidFileError: it is no YAML, or has other fields.
    """
    return kept.read_plan(text, Plan, file=file, what="what to ask under the emulator")
