"""The functions of `import tfsetup`: the courses, with what a program leaves unsaid filled in. Nothing is printed.

`machine` is a `Host` (as `detect` returns one), the path of a host file, the id of a row of the matrix for its plainest
machine, or None for this one. `matrix` is the path of a file that extends the matrix that comes with tfsetup. `told` is
called with each line of progress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tfsetup.host.model import Host
from tfsetup.workflows.hosts import Machine, host_of
from tfsetup.workflows.told import Asked, Told, silent

if TYPE_CHECKING:
    from tfsetup.doctor.model import Diagnosis
    from tfsetup.loader.report import Report
    from tfsetup.matrix.model import Ask, Selection
    from tfsetup.verify.model import Verification
    from tfsetup.workflows.backends import LockOrder
    from tfsetup.workflows.install import Installed, InstallOrder
    from tfsetup.workflows.locked import Locked
    from tfsetup.workflows.ops import Operations
    from tfsetup.workflows.verify import Extent


def detect() -> Host:
    """Return what this machine is, each fact with its source in `sources`; None in a field means "could not tell".

    A cache of what interpreters said is written; no connection is made, but a name is looked up to tell whether uv
    could bring another Python. It takes a tenth of a second, more where there are many interpreters.

    Raises:
        TfsetupError: a variable that names a folder of tfsetup's is no absolute path.
    """
    return host_of(None)


def resolve(host: Machine | None = None, ask: Ask | None = None, *, matrix: Path | None = None) -> Selection:
    """Return what goes on a machine, and why; `installable` is false where nothing does, and `reasons` say why not.

    Nothing is downloaded: the matrix and a snapshot of the index decide.

    Raises:
        UsageError: the ask is no version, or no Python.
        InvalidFileError: there is no such host file or row, or a file is invalid.
    """
    from tfsetup.matrix.model import Ask as Anything
    from tfsetup.workflows.resolve import resolve as answer

    return answer(host_of(host, matrix=matrix), ask or Anything(), matrix=matrix).selection


def install(
    ask: Ask | None = None,
    prefix: str | Path | None = None,
    *,
    order: InstallOrder | None = None,
    host: Machine | None = None,
    matrix: Path | None = None,
    told: Told = silent,
    asked: Asked | None = None,
) -> Installed:
    """Build an environment, prove that it runs, and let `prefix` lead to it; on any failure nothing is changed.

    `order` says the rest (a lock to take, offline, what to leave out); `ask` and `prefix` hold over what stands in it.
    `host` is for a rehearsal only: another machine than this one is refused without `dry_run`. `asked` is called with a
    question before something is compiled; None: it is refused. Where no row fits, the `selection` of the answer says
    why; where what was built does not run, `refusal` does. Durations are in seconds.

    Raises:
        UsageError: the prefix may not be one, `host` is another machine, or nobody agreed to what must be compiled.
        LockError: the lock is stale, missing or not for this machine.
        InvalidFileError: a lock, the team file, the host file or the matrix is invalid.
        NetworkError: the index or a file could not be reached, or is not the locked one.
        BuildError: building failed, or the prefix is somebody else's.
    """
    from tfsetup.errors import UsageError
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.workflows.install import InstallOrder as Anything
    from tfsetup.workflows.install import install as build

    wanted = order or Anything()
    wanted = replace(wanted, ask=ask or wanted.ask, prefix=wanted.prefix if prefix is None else Path(prefix))
    machine = host_of(host, matrix=matrix)
    if host is not None and not wanted.dry_run and not _is_this(machine):
        hint = "An order with dry_run only says what would be done."
        raise UsageError("install() changes this machine, and `host` is another one.", hint=hint)
    return build(wanted, machine, read_matrix(matrix), told=told, asked=asked)


def preflight(
    subject: str | Path | Sequence[str | Path],
    host: Machine | None = None,
    *,
    python: str | None = None,
    matrix: Path | None = None,
    digests: Path | None = None,
    told: Told = silent,
) -> Report:
    """Predict from the files alone whether TensorFlow and its plugins will load on a machine; nothing is run.

    `subject` is one target or several: a wheel, a folder of wheels, an environment or its site-packages, a lock file,
    or requirements such as `tensorflow==2.20.0`, of which the parts that matter are read on the index. `python` is
    `X.Y`; None: the files' own, else the machine's first. `digests` is a folder of those that somebody handed on.

    Raises:
        UsageError: a target is nothing of the kind, or does not go with the others; or there is no such folder.
        InvalidFileError: a file, the host file or the matrix is invalid, or there is no such row.
        LockError: a conda lock has nothing for this machine, or is for another Python.
        NetworkError: the index or a channel did not answer.
    """
    from tfsetup.workflows.preflight import judge

    machine = host_of(host, matrix=matrix, downloads=False)
    targets = [subject] if isinstance(subject, str | Path) else list(subject)
    elsewhere = host is not None and not _is_this(machine)
    return judge(targets, machine, python=python, replayed=elsewhere, matrix=matrix, digests=digests, told=told).report


def ops(
    model: str | Path,
    host: Machine | None = None,
    ask: Ask | None = None,
    *,
    signature: str | None = None,
    prefix: str | Path | None = None,
    matrix: Path | None = None,
    told: Told = silent,
) -> Operations:
    """Say which operations of a model a machine's plugin leaves to the CPU; nothing is downloaded.

    `model` is the folder of a saved model, or its `saved_model.pb`, which is only read; or a Keras file, or the
    `module:function` of a program in the current folder that returns a model, which the TensorFlow at `prefix` runs.
    `ask` chooses the release of TensorFlow, and so the
    plugin. `signature` is what is counted; None: `serving_default`, else the first one.

    Raises:
        UsageError: there is no model, signature or environment, or the machine's row has no plugin.
        InvalidFileError: the model, the host file or the matrix is invalid, or there is no such row.
        TfsetupError: no row fits the machine and the ask, or TensorFlow could not trace the model.
    """
    from tfsetup.workflows.ops import ops as answer

    where = None if prefix is None else Path(prefix)
    return answer(Path(model), host, ask, signature=signature, prefix=where, matrix=matrix, told=told)


def lock(
    order: LockOrder,
    *,
    check: bool = False,
    host: Machine | None = None,
    matrix: Path | None = None,
    told: Told = silent,
) -> Locked:
    """Write lock files, all or none; `check`: write nothing, and say which are stale.

    `order` says what is asked for. `host` is the one machine to lock for; None: those of the order, or of the team
    file. Each lock is proven by the preflight of its target, unless the order says otherwise; sizes are in bytes.

    Raises:
        UsageError: nothing in the matrix is what is asked for.
        InvalidFileError: a lock, the team file, the host file or the matrix is invalid.
        NetworkError: the index did not answer.
        TfsetupError: a lock would not load, and the order does not insist.
    """
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.workflows import lock as course

    machine = None if host is None else host_of(host, matrix=matrix)
    run = course.check if check else course.lock
    return run(order, read_matrix(matrix), host=machine, told=told)


def verify(
    prefix: str | Path = ".venv",
    host: Machine | None = None,
    *,
    extent: Extent | None = None,
    matrix: Path | None = None,
    told: Told = silent,
) -> Verification:
    """Load TensorFlow of an environment in a fresh interpreter, time products of matrices, and check the answers.

    `prefix` is an environment's folder or its interpreter. `host` is the machine to judge it as: of another machine
    than this one nothing is kept. `extent` says how much is measured; None: everything, which takes a minute or two.
    A crash, a hang or a wrong result is part of the answer: `ok` is false then. Times are in seconds, rates in GFLOP/s.

    Raises:
        UsageError: there is no environment or interpreter at `prefix`.
        InvalidFileError: the host file or the matrix is invalid, or there is no such row.
    """
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.workflows.verify import Extent as Everything
    from tfsetup.workflows.verify import verify as examined

    machine, rows = host_of(host, matrix=matrix, pythons=False, downloads=False), read_matrix(matrix)
    elsewhere = host is not None and not _is_this(machine)
    measured = extent or Everything()
    made = examined(Path(prefix), machine, matrix=rows, extent=measured, replayed=elsewhere, told=told)
    return made.verification


def diagnose(
    *,
    log: str | None = None,
    prefix: str | Path | None = None,
    host: Machine | None = None,
    packages: Mapping[str, str] | None = None,
    importing: bool = True,
    matrix: Path | None = None,
    told: Told = silent,
) -> Diagnosis:
    """Say what is wrong and what fixes it, from the text of a log, an environment, or both.

    A log or `packages` (normalised names and versions) alone say nothing of this machine: it is not looked at then.
    `prefix` None: the active environment, else `.venv`. `importing`: TensorFlow may be imported in a fresh process.

    Raises:
        UsageError: there is no environment at `prefix`, or its interpreter does not run.
        InvalidFileError: the host file or the matrix is invalid, or there is no such row.
    """
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.workflows.diagnose import Given, concluded, examine

    machine, rows = None if host is None else host_of(host, matrix=matrix), read_matrix(matrix)
    given = Given(log=log, prefix=prefix, host=machine, packages=packages, importing=importing)
    return concluded(examine(given, rows, told=told), rows)


def _is_this(machine: Host) -> bool:
    """Tell whether a host is this machine: equal in all that a loader asks about."""
    here, there = (
        replace(one, gpus=None, pythons=None, python_downloads=None, xcode_clt=None, sources={})
        for one in (host_of(None, pythons=False, downloads=False), machine)
    )
    return here == there
