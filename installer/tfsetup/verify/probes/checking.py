"""Asks the checks one after another; each is announced before it begins, with the time after which it hangs."""

from __future__ import annotations

import time
from typing import Any, Sequence  # noqa: UP035 - see channel.py

from .asking import Asked
from .channel import Channel, describe
from .devices import Device

SLOW = 4.0  # times the import: a CPU that takes long for that (an emulated one) takes long to compute


def run(
    channel: Channel, tf: Any, np: Any, checks: Any, devices: Sequence[Device], options: dict[str, Any], import_s: float
) -> None:
    """Send one `check` event for each check and device; a failure keeps no other from its turn.

    `checks` is the package of the checks; `pairs` of the options are those that are left of a process that ended.
    """
    mode = options.get("mode", "quick")
    pairs = options.get("pairs") or planned(checks, devices, mode)
    channel.send("plan", pairs=pairs)
    kept: dict[str, dict[Any, Any]] = {}
    with channel.phase("checks"):
        for name, device in pairs:
            for other in [each for each in kept if each != name]:
                del kept[other]  # what it keeps for the other devices is no longer needed
            asked = Asked(tf, np, device, mode=mode, kept=kept.setdefault(name, {}))
            check = checks.module_of(name)
            patience_s = options.get("patience_s") or max(check.ABOUT.patience_s, SLOW * import_s)
            _one(channel, check, asked, float(patience_s))


def planned(checks: Any, devices: Sequence[Device], mode: str) -> list[list[str]]:
    """Return each check with each device; last where small models are faster, in the longer modes."""
    pairs = [[name, device.name] for name in checks.names(mode) for device in devices]
    if mode == "quick" or all(device.type != "CPU" for device in devices):
        return pairs
    return pairs + [[checks.BESIDE, device.name] for device in devices if device.type != "CPU"]


def _one(channel: Channel, check: Any, asked: Asked, patience_s: float) -> None:
    name = check.ABOUT.name
    channel.send("step", what=name, device=asked.device, patience_s=patience_s)
    started = time.perf_counter()
    outcome: dict[str, Any] = {}
    cases: list[Any] = []
    try:
        answer = check.ask(asked)
        if isinstance(answer, dict):
            outcome = answer
        else:
            outcome["cases"] = cases
            cases.extend(answer)
    except Exception as error:
        outcome = {"cases": [*cases, {"way": "", "what": "", "error": describe(error)}]}
    outcome.setdefault("seconds", time.perf_counter() - started)
    channel.send("check", name=name, device=asked.device, **outcome)
