"""What the doctor is shown: a log, a package list, or everything an environment on this disk tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tfsetup.cli.session import Session
from tfsetup.doctor.environment import Environment
from tfsetup.doctor.gather import (
    environment_meant,
    knowledge,
    look_at,
    python_on_path,
    read_log,
    read_machine,
    read_packages,
    try_import,
)
from tfsetup.doctor.inspection import inspect
from tfsetup.doctor.missing import of_absent, of_gone
from tfsetup.doctor.model import Evidence, Finding
from tfsetup.envs.guard import may_be_prefix, target_of
from tfsetup.errors import TfsetupError
from tfsetup.ground.looking import missing
from tfsetup.ground.prefix import Absent, Gone
from tfsetup.host.model import Host, Python
from tfsetup.loader.model import LoadFailure
from tfsetup.matrix.hazards import environment_of

# A shorter list is somebody's excerpt: what is not in it may be installed all the same.
_WHOLE = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What there is to judge. `missing` was seen to be missing: an environment, or a part of it."""

    evidence: Evidence
    missing: Finding | None = None


def examine(
    session: Session, prefix: str | None, log: str | None, packages: Path | None, *, importing: bool
) -> Examined:
    """Gather what was pointed at. A log or a package list alone says nothing of this machine, so it is not asked.

    Raises:
        UsageError: a log cannot be read, or there is no environment at `prefix`.
        InvalidFileError: the package list or host file is none.
    """
    text = read_log(log) if log is not None else None
    if prefix is None and (log is not None or packages is not None):
        listed = read_packages(packages) if packages is not None else None
        host = _told(session)
        return Examined(evidence=Evidence(log=text, host=host, packages=listed, whole=len(listed or ()) >= _WHOLE))
    found = environment_meant(prefix)
    if found is None:
        return _without_environment(session, text, importing=importing)
    if isinstance(found, Gone):
        return _lacking(session, text, of_gone(found, allowed=may_be_prefix(found.path)))
    if isinstance(found, Absent):
        raise missing(found)
    session.say(f"Looking at {found.python}")
    environment = look_at(found.python, Path.cwd(), _cures(session))
    target = target_of(found.path)
    return Examined(evidence=_of_environment(session, environment, found.python, target, text, importing=importing))


def _lacking(session: Session, log: str | None, finding: Finding) -> Examined:
    host = session.host(pythons=False, downloads=False)
    return Examined(evidence=Evidence(log=log, host=host, prefix=".venv"), missing=finding)


def _without_environment(session: Session, log: str | None, *, importing: bool) -> Examined:
    """Look at the Python on PATH for facts; with TensorFlow in it it is judged, but a fix is for `.venv`."""
    python = python_on_path()
    environment = _looked_at(session, python) if python is not None else None
    if python is None or environment is None or not environment.has_tensorflow:
        shown = str(python) if environment is not None else None
        return _lacking(session, log, of_absent(Absent(path=Path(".venv")), shown))
    session.say(f"Note      no environment is active, and there is no .venv: looking at {python}, from PATH")
    return Examined(evidence=_of_environment(session, environment, python, ".venv", log, importing=importing))


def _looked_at(session: Session, python: Path) -> Environment | None:
    try:
        return look_at(python, Path.cwd(), _cures(session))
    except TfsetupError as error:
        session.say(f"Note      {error.message}")
        return None


def _told(session: Session) -> Host | None:
    """Return the machine that `--host FILE` describes; None without one."""
    if session.host_file is None:
        return None
    host, remark = read_machine(session.host_file)
    if remark:
        session.say(f"Note      {remark}")
    return host


def _of_environment(
    session: Session, environment: Environment, python: Path, target: str, log: str | None, *, importing: bool
) -> Evidence:
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
        prefix=target,
        environment=environment.interpreter.environment,
    )


def _cures(session: Session) -> list[str]:
    """Return the variables that cure known defects, which a process of an environment must see."""
    return list(environment_of(knowledge(session.matrix).hazards))


def _predicted(session: Session, prefix: Path, host: Host) -> tuple[LoadFailure, ...] | None:
    """Return what the loader would refuse; None when the prediction itself is not possible here, and say why."""
    from tfsetup.workflows.preflight import predict
    from tfsetup.workflows.subjects import of_environment

    try:
        return predict(session, of_environment(prefix, session), host, None).failures
    except TfsetupError as error:
        session.say(f"No preflight: {error.message}")
        return None
