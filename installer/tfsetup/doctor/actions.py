"""Which of a diagnosis' fixes tfsetup can carry out itself, as the options of `tfsetup install`. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from tfsetup.doctor.model import Finding
from tfsetup.matrix.model import Accelerator, Ask, Backend

_COMMAND = "tfsetup install "


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuild:
    """A new generation of the environment at `prefix`; the rest are options of `tfsetup install`, None: the default."""

    prefix: str
    tensorflow: str | None = None
    accelerator: Accelerator = "auto"
    python: str | None = None
    backend: Backend = "auto"

    def ask(self) -> Ask:
        """Return what the matrix is asked."""
        return Ask(tensorflow=self.tensorflow, accelerator=self.accelerator, python=self.python, backend=self.backend)


def command_of(fix: str) -> str:
    """Return the command of a fix without the remark behind it."""
    return fix.partition(" # ")[0].strip()


def rebuild_of(findings: Sequence[Finding]) -> Rebuild | None:
    """Return the first rebuild that a fix of the most likely finding proposes; None: its fixes are for people."""
    fixes = findings[0].fix if findings else ()
    return next((rebuild for fix in fixes if (rebuild := parse_rebuild(command_of(fix)))), None)


def parse_rebuild(command: str) -> Rebuild | None:
    """Return what a `tfsetup install` command asks for; None: it is another command, or one to be completed by hand."""
    if not command.startswith(_COMMAND) or "VERSION" in command:
        return None
    words = [word for word in shlex.split(command.removeprefix(_COMMAND)) if word != "--replace"]  # --fix always does
    if len(words) % 2 or "--prefix" not in words[::2]:
        return None
    options = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}
    return Rebuild(
        prefix=options["prefix"],
        tensorflow=options.get("tensorflow"),
        accelerator=cast("Accelerator", options.get("accelerator", "auto")),
        python=options.get("python"),
        backend=cast("Backend", options.get("backend", "auto")),
    )
