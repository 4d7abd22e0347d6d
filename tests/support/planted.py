"""Defects that the fake GPU is given, who must name them, and who does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tfsetup.verify import verify
from tfsetup.verify.model import Mode, Verification

LIST = Path(__file__).parents[1] / "cases" / "verify" / "defects.yaml"
THREADS = {"TF_NUM_INTRAOP_THREADS": "1"}  # the device computes with one: it shall not seem slow


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One entry of the list."""

    words: str
    what: str
    mode: Mode
    named: Mapping[str, str]
    also: tuple[str, ...] = ()
    finding: str = ""

    @property
    def suspects(self) -> frozenset[str]:
        """The checks that may name it."""
        return frozenset(self.named) | frozenset(self.also)


def planted() -> tuple[Planted, ...]:
    """Return the list."""
    entries = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return tuple(Planted(**{**entry, "also": tuple(entry.get("also", ()))}) for entry in entries)


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables for as long as the block runs."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def examined(python: Path, words: str, mode: Mode) -> Verification:
    """Have the fake GPU beside `python` verified with the defects of `words`."""
    with environment(FAKE_GPU_DEFECTS=words, **THREADS):
        return verify(python, mode=mode, sizes=[128], dtypes=["float32"])


def accused(found: Verification, device: str = "GPU:0") -> dict[str, str]:
    """Return the checks that `device` did not pass, with their statuses."""
    checks = next(each for each in found.devices if each.name == device).checks
    return {check.name: check.status for check in checks if check.status not in {"ok", "skipped"}}
