"""Why it does not work: what there is to look at, and what the doctor says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tfsetup.doctor import gather
from tfsetup.doctor.diagnose import diagnose as judge
from tfsetup.doctor.environment import Environment
from tfsetup.doctor.inspection import inspect
from tfsetup.doctor.missing import of_absent, of_gone, with_missing
from tfsetup.doctor.model import Diagnosis, Evidence, Finding
from tfsetup.doctor.proof import proven
from tfsetup.doctor.trial import tried
from tfsetup.envs.guard import may_be_prefix, target_of
from tfsetup.errors import TfsetupError
from tfsetup.ground.looking import missing
from tfsetup.ground.platforms import read_mac_version
from tfsetup.ground.prefix import Absent, Gone
from tfsetup.host.model import Host, Python
from tfsetup.loader.report import Report
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.hazards import environment_of
from tfsetup.workflows.told import Told, silent

# A shorter list is somebody's excerpt: what is not in it may be installed all the same.
_WHOLE = 10
_HERE = ".venv"


def _this_machine() -> Host:
    from tfsetup.host.probe import probe

    return probe(pythons=False, downloads=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Senses:
    """How this machine is looked at, or what stands in for it."""

    machine: Callable[[], Host] = _this_machine
    on_path: Callable[[], Path | None] = gather.python_on_path
    environment: Callable[[Path, Path, Iterable[str]], Environment] = gather.look_at
    """The environment of an interpreter, seen from a working folder, with the values of some variables in it."""
    start: Callable[[Path], str | None] = gather.try_import
    """What an import of TensorFlow printed, None: it worked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the doctor is given. A log or a package list alone says nothing of this machine, so that it is not asked."""

    log: str | None = None
    """The text of a log; None: there is none, so that an import is tried."""
    prefix: str | Path | None = None
    """The environment or interpreter to look at; None: the active one, else `.venv`, if there is nothing else."""
    host: Host | None = None
    """The machine that all of this is from; None: this one, or nobody said."""
    packages: Mapping[str, str] | None = None
    """Installed packages, normalised names and versions."""
    importing: bool = True
    """Whether TensorFlow may be imported in a fresh process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What there is to judge. `missing` was seen to be missing: an environment, or a part of it."""

    evidence: Evidence
    missing: Finding | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """What somebody wrote down elsewhere; None: not at hand."""

    log: str | None = None
    """A file of any text, `-` for standard input."""
    packages: Path | None = None
    """`pip list`, `pip freeze` or `conda list`."""
    host: Path | None = None


def brought(
    prefix: str | None, files: Files, *, described: Callable[[], Host], importing: bool = True, told: Told = silent
) -> Given:
    """Read what somebody brought. `described` is the machine of the host file, told exactly.

    What comes with a pasted log may leave a fact out.

    Raises:
        UsageError: the log cannot be read.
        InvalidFileError: the package list or host file is none.
    """
    text = gather.read_log(files.log) if files.log is not None else None
    if prefix is not None or (files.log is None and files.packages is None):
        return Given(log=text, prefix=prefix, host=described() if files.host else None, importing=importing)
    listed = gather.read_packages(files.packages) if files.packages is not None else None
    host, remark = gather.read_machine(files.host) if files.host else (None, "")
    if remark:
        told(f"Note      {remark}")
    return Given(log=text, host=host, packages=listed)


def examine(given: Given, matrix: Matrix, *, told: Told = silent, senses: Senses | None = None) -> Examined:
    """Gather what there is to judge.

    Raises:
        UsageError: there is no environment at the prefix, or its interpreter does not run.
    """
    log, packages = given.log, given.packages
    if given.prefix is None and (log is not None or packages is not None):
        whole = len(packages or ()) >= _WHOLE
        return Examined(evidence=Evidence(log=log, host=given.host, packages=packages, whole=whole))
    look = _Look(given=given, cures=tuple(environment_of(matrix.hazards)), told=told, senses=senses or Senses())
    found = gather.environment_meant(given.prefix)
    if found is None:
        return look.without_environment()
    if isinstance(found, Gone):
        return look.lacking(of_gone(found, allowed=may_be_prefix(found.path)))
    if isinstance(found, Absent):
        raise missing(found)
    told(f"Looking at {found.python}")
    return look.at(look.environment(found.python), found.python, target_of(found.path))


def concluded(examined: Examined, matrix: Matrix) -> Diagnosis:
    """Return what the doctor says, each `tfsetup install` in it checked against the matrix where the machine is known.

    Raises:
        InvalidFileError: the doctor's knowledge is missing or damaged.
    """
    evidence = examined.evidence
    diagnosis = tried(with_missing(judge(evidence, gather.informed_by(matrix)), examined.missing), evidence, matrix)
    host = evidence.host
    if diagnosis.verdict != "problem" or host is None or host.os is None or host.arch is None:
        return diagnosis
    from tfsetup.matrix.choose.select import select

    # The matrix wants exact facts; what a person wrote for a version of macOS is none.
    exact = host if host.os != "macos" or read_mac_version(host.os_version or "") else replace(host, os_version=None)
    # Of a machine that somebody wrote down nobody knows whether uv can bring it a Python: it is presumed.
    exact = exact if exact.python_downloads is not None else replace(exact, python_downloads=True)
    return proven(diagnosis, lambda ask: select(exact, ask, matrix))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """One look at this machine. `cures` are variables that a process of an environment must see."""

    given: Given
    cures: tuple[str, ...]
    told: Told
    senses: Senses

    def environment(self, python: Path) -> Environment:
        return self.senses.environment(python, Path.cwd(), self.cures)

    def lacking(self, finding: Finding) -> Examined:
        return Examined(evidence=Evidence(log=self.given.log, host=self._machine(), prefix=_HERE), missing=finding)

    def without_environment(self) -> Examined:
        """Look at the Python on PATH for facts; with TensorFlow in it it is judged, but a fix is for `.venv`."""
        python = self.senses.on_path()
        environment = self._tried(python) if python is not None else None
        if python is None or environment is None or not environment.has_tensorflow:
            shown = str(python) if environment is not None else None
            return self.lacking(of_absent(Absent(path=Path(_HERE)), shown))
        self.told(f"Note      no environment is active, and there is no .venv: looking at {python}, from PATH")
        return self.at(environment, python, _HERE)

    def _machine(self) -> Host:
        return self.given.host or self.senses.machine()

    def _tried(self, python: Path) -> Environment | None:
        try:
            return self.environment(python)
        except TfsetupError as error:
            self.told(f"Note      {error.message}")
            return None

    def at(self, environment: Environment, python: Path, target: str) -> Examined:
        """Judge the files of an environment, and what an import says; fixes are for `target`."""
        interpreter = environment.interpreter
        host = replace(self._machine(), pythons=(Python(version=interpreter.version, path=str(python)),))
        predicted = self._predicted(Path(environment.prefix), host)
        log = self.given.log
        if log is None and self.given.importing:
            self.told("Importing TensorFlow in a fresh process (--no-import leaves that out)")
            log = self.senses.start(python)
        evidence = Evidence(
            log=log, host=host, packages=environment.packages, whole=True, observations=inspect(environment, host),
            failures=predicted.failures if predicted else None, clashes=predicted.clashes if predicted else (),
            prefix=target, environment=interpreter.environment,
        )  # fmt: skip
        return Examined(evidence=evidence)

    def _predicted(self, prefix: Path, host: Host) -> Report | None:
        """Return what the loader would make of it; None when that cannot be told here, and say why."""
        # A log alone is read without the loaders: they are most of the program.
        from tfsetup.workflows.preflight import preflight
        from tfsetup.workflows.subjects import of_environment

        try:
            subject = of_environment(prefix, replayed=self.given.host is not None)
            return preflight(subject, host, told=self.told)
        except TfsetupError as error:
            self.told(f"No preflight: {error.message}")
            return None
