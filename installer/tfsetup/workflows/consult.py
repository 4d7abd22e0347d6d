"""A failed installation or verification goes to the doctor by itself: what it was, and what to type."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.gather import knowledge
from tfsetup.doctor.model import Evidence, FailureKind, PreflightFailure
from tfsetup.doctor.present import to_data
from tfsetup.host.model import Host
from tfsetup.matrix.hazards import environment_of

Data = Mapping[str, Any]

_KINDS = get_args(FailureKind)


def consult(
    data: Data, host: Host, *, prefix: str, matrix: Path | None = None, packages: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """Return the doctor's `data` for the `data` of a failed preflight or verification; None: it knows no cause.

    `matrix` is the user's, which may know more defects; `packages` are those of the environment, None: not at hand.
    """
    known, wrong = knowledge(matrix), wrong_checks(data)
    evidence = Evidence(
        log=_words(data.get("failure")),
        host=host,
        packages=packages if wrong else None,
        # What a verification starts has the cures it shall have: only what a device computed speaks of a defect here.
        environment=environment_of(known.hazards),
        failures=_failures(data),
        prefix=prefix,
        wrong_checks=wrong,
    )
    found = diagnose(evidence, known)
    return to_data(found) if found.verdict == "problem" else None


def wrong_checks(data: Data) -> frozenset[str]:
    """Return the names of the checks in which a device other than the CPU computes wrong results."""
    return frozenset(
        check["name"]
        for device in data.get("devices", ())
        if device.get("type") != "CPU"
        for check in device.get("checks", ())
        if check["status"] == "wrong"
    )


def _words(failure: Data | None) -> str | None:
    """Return what a run that died said, and how it ended, in a shell's words."""
    if not failure:
        return None
    return "\n".join(str(failure.get(key) or "") for key in ("stderr_tail", "message", "signal"))


def _failures(data: Data) -> tuple[PreflightFailure, ...]:
    return tuple(
        PreflightFailure(
            kind=one["kind"],
            image=one.get("image") or "",
            symbol=one.get("symbol") or "",
            library=one.get("library") or "",
            message=one.get("message") or "",
            stage=one.get("stage", "import"),
        )
        for one in data.get("failures", ())
        if one["kind"] in _KINDS
    )
