"""A failed installation or verification goes to the doctor by itself: what it was, and what to type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.gather import knowledge
from tfsetup.doctor.model import Evidence, FailureKind, PreflightFailure
from tfsetup.doctor.present import to_data
from tfsetup.host.model import Host

Data = Mapping[str, Any]

_KINDS = get_args(FailureKind)


def consult(data: Data, host: Host, *, prefix: str) -> dict[str, Any] | None:
    """Return the doctor's `data` for the `data` of a failed preflight or verification; None: it knows no cause."""
    found = diagnose(
        Evidence(log=_words(data.get("failure")), host=host, failures=_failures(data), prefix=prefix), knowledge()
    )
    return to_data(found) if found.verdict == "problem" else None


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
