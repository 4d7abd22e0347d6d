"""What tfsetup can carry out itself of a diagnosis: the value, and the command by which people are shown it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import fields

from tfsetup.doctor.model import Finding, Fix, Rebuild


def command(rebuild: Rebuild, where: str) -> str:
    """Return the command that does the same; `where` is its prefix as a shell takes it, or a hole for that."""
    options = {field.name: getattr(rebuild, field.name) for field in fields(rebuild) if field.name != "prefix"}
    given = [f" --{name} {shlex.quote(value)}" for name, value in options.items() if value is not None]
    return f"tfsetup install --prefix {where}{''.join(given)}"


def template(fix: Fix) -> str:
    """Return the words of a fix with the holes they have; a rebuild's are its command, and what is remarked behind."""
    return (command(fix.rebuild, "{prefix:path}") if fix.rebuild else "") + fix.do


def rebuild_of(findings: Sequence[Finding]) -> Rebuild | None:
    """Return the first rebuild that a fix of the most likely finding proposes; None: its fixes are for people."""
    steps = findings[0].steps if findings else ()
    return next((step.rebuild for step in steps if step.rebuild is not None), None)
