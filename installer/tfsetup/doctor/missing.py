"""What the doctor says where there is no environment to look at. Pure: what is missing was seen, not guessed."""

from __future__ import annotations

import shlex
from dataclasses import replace

from tfsetup.doctor.actions import command
from tfsetup.doctor.model import HERE, Diagnosis, Finding, Rebuild, Step
from tfsetup.ground.prefix import Absent, Gone, sentence

_CERTAIN = 1.0  # looked for and not found; nothing is concluded from words


def of_gone(found: Gone, *, allowed: bool) -> Finding:
    """Return the finding for an environment of which something is gone. `allowed`: one may be built in its place."""
    where = shlex.quote(str(found.path))
    rebuild = Rebuild(prefix=str(found.path))
    text = command(rebuild, where)
    if not allowed:
        text = f"rm {where} && {text}" if found.link == found.path else f"mv {where} {where}.old && {text}"
    elif not found.ours:
        text += " --replace"
    return Finding(
        cause="environment-gone",
        confidence=_CERTAIN,
        title=f"A part of the environment {found.path} is gone",
        evidence=(sentence(found),),
        explanation="An environment needs its folder and the Python it was built on. When either is removed, moved or "
        "upgraded away, nothing in it can be started, and no other Python stands for it.",
        steps=(Step(text, rebuild if allowed else None),),
        kind="fatal",
    )


def of_absent(found: Absent, python: str | None) -> Finding:
    """Return the finding for a machine without an environment; `python` on PATH has no TensorFlow (None: none is)."""
    looked = f"No environment is active. {sentence(found)}"
    on_path = f"The Python on PATH, {python}, has no TensorFlow." if python else "There is no Python on PATH."
    return Finding(
        cause="no-environment",
        confidence=_CERTAIN,
        title="There is no environment here",
        evidence=(looked, on_path),
        explanation="TensorFlow is installed into an environment, a folder of its own. A Python that other programs "
        "need is left as it is.",
        steps=(Step(command(Rebuild(), HERE), Rebuild()),),
        kind="fatal",
    )


def with_missing(diagnosis: Diagnosis, missing: Finding | None) -> Diagnosis:
    """Return the diagnosis with what is missing in the first place: before it, nothing else can work."""
    if missing is None:
        return diagnosis
    return replace(diagnosis, verdict="problem", findings=(missing, *diagnosis.findings), unexplained=())
