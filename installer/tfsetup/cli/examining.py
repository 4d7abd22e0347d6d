"""What the doctor is shown: a log, a package list, or everything an environment on this disk tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tfsetup.cli.session import Session
from tfsetup.doctor.gather import interpreter_of, look_at, read_log, read_machine, read_packages, try_import
from tfsetup.doctor.inspection import inspect
from tfsetup.doctor.model import Evidence, PreflightFailure
from tfsetup.errors import TfsetupError
from tfsetup.host.model import Host, Python

if TYPE_CHECKING:
    from tfsetup.loader.report import Report

# A shorter list is somebody's excerpt: what is not in it may be installed all the same.
_WHOLE = 10


def examine(
    session: Session, prefix: str | None, log: str | None, packages: Path | None, *, importing: bool
) -> Evidence:
    """Gather what was pointed at. A log or a package list alone says nothing of this machine, so it is not asked.

    Raises:
        UsageError: a log cannot be read, or there is no environment.
        InvalidFileError: the package list or host file is none.
    """
    text = read_log(log) if log is not None else None
    if prefix is None and (log is not None or packages is not None):
        listed = read_packages(packages) if packages is not None else None
        host = _told(session)
        return Evidence(log=text, host=host, packages=listed, whole=len(listed or ()) >= _WHOLE)
    return _of_environment(session, prefix, text, importing=importing)


def _told(session: Session) -> Host | None:
    """Return the machine that `--host FILE` describes; None without one."""
    if session.host_file is None:
        return None
    host, remark = read_machine(session.host_file)
    if remark:
        session.say(f"Note      {remark}")
    return host


def _of_environment(session: Session, prefix: str | None, log: str | None, *, importing: bool) -> Evidence:
    python = interpreter_of(prefix)
    session.say(f"Looking at {python}")
    here = Path.cwd()
    environment = look_at(python, here)
    host = session.host(pythons=False, downloads=False)
    host = replace(host, pythons=(Python(version=environment.interpreter.version, path=str(python)),))
    failures = _predicted(session, Path(environment.prefix), host)
    if log is None and importing:
        session.say("Importing TensorFlow in a fresh process (--no-import leaves that out)")
        log = try_import(python)
    return Evidence(
        log=log,
        host=host,
        packages=environment.packages,
        whole=True,
        observations=inspect(environment, host),
        failures=failures,
        prefix=prefix or environment.prefix,
    )


def _predicted(session: Session, prefix: Path, host: Host) -> tuple[PreflightFailure, ...] | None:
    """Return what the loader would refuse; None when the prediction itself is not possible here, and say why."""
    from tfsetup.cli.prediction import predict
    from tfsetup.cli.targets import of_environment

    try:
        return failures_of(predict(session, of_environment(prefix, session), host, None))
    except TfsetupError as error:
        session.say(f"No preflight: {error.message}")
        return None


def failures_of(report: Report) -> tuple[PreflightFailure, ...]:
    """Return the loader's failures as the doctor's evidence."""
    return tuple(
        PreflightFailure(
            kind=one.kind,
            image=one.image,
            symbol=one.symbol or "",
            library=one.library or "",
            message=one.message,
            stage=one.stage,
        )
        for one in report.failures
    )
