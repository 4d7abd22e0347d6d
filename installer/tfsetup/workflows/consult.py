"""What the doctor says of a prediction or a verification that failed on the way: of values, without looking again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from tfsetup.doctor.model import Diagnosis, Evidence
from tfsetup.host.model import Host
from tfsetup.loader.report import Report
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.hazards import environment_of
from tfsetup.verify.model import Failure, Verification


def consult(
    report: Report | Verification, host: Host, *, prefix: str, matrix: Matrix, packages: Mapping[str, str] | None = None
) -> Diagnosis | None:
    """Return what the doctor says of a failed preflight or verification of `prefix`; None: it knows no cause.

    `matrix` may know more defects than the shipped one; `packages` are those of the environment (normalised names and
    versions), None: not at hand.
    """
    from tfsetup.doctor.diagnose import diagnose as judge  # most runs have nothing to ask the doctor
    from tfsetup.doctor.gather import informed_by

    known = informed_by(matrix)
    # What a verification starts has the cures it shall have: only what a device computed speaks of a defect here.
    base = Evidence(host=host, environment=environment_of(known.hazards), prefix=prefix)
    match report:
        case Report():
            evidence = replace(base, failures=report.failures, clashes=report.clashes)
        case Verification():
            wrong = wrong_checks(report)
            evidence = replace(
                base, log=_words(report.failure), wrong_checks=wrong, packages=packages if wrong else None
            )
        case _:
            assert_never(report)
    found = judge(evidence, known)
    return found if found.verdict == "problem" else None


def wrong_checks(found: Verification) -> frozenset[str]:
    """Return the names of the checks in which a device other than the CPU computes wrong results."""
    return frozenset(
        check.name
        for device in found.devices
        if device.type != "CPU"
        for check in device.checks
        if check.status == "wrong"
    )


def _words(failure: Failure | None) -> str | None:
    """Return what a run that died said, and how it ended, in a shell's words."""
    return None if failure is None else "\n".join((failure.stderr_tail, failure.message, failure.signal or ""))
