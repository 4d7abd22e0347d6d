"""Which of a diagnosis' fixes tfsetup can carry out itself, as the options of `tfsetup install`. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from tfsetup.doctor.model import Finding

_COMMAND = "tfsetup install "


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuild:
    """A new generation of the environment at `prefix`; the rest are options of `tfsetup install`, None: the default."""

    prefix: str
    tensorflow: str | None = None
    accelerator: str | None = None
    python: str | None = None
    backend: str | None = None


def command_of(fix: str) -> str:
    """Return the command of a fix without the remark behind it."""
    return fix.partition(" # ")[0].strip()


def rebuild_of(findings: Sequence[Finding]) -> Rebuild | None:
    """Return the first rebuild that a fix of the most likely finding proposes; None: its fixes are for people."""
    for fix in findings[0].fix if findings else ():
        command = command_of(fix)
        if command.startswith(_COMMAND) and "VERSION" not in command:
            return _parsed(command)
    return None


def _parsed(command: str) -> Rebuild:
    words = shlex.split(command.removeprefix(_COMMAND))
    options = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}
    return Rebuild(
        prefix=options["prefix"],
        tensorflow=options.get("tensorflow"),
        accelerator=options.get("accelerator"),
        python=options.get("python"),
        backend=options.get("backend"),
    )
