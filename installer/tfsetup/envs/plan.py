"""From a selection and a lock to a plan: pure, so that `--dry-run` shows what would really be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from tfsetup.envs import model
from tfsetup.envs.along import with_pip
from tfsetup.envs.cures import NOTHING, assignments
from tfsetup.envs.model import Plan, Step, Tuning
from tfsetup.ground.index import BY_HASH
from tfsetup.ground.platforms import Platform
from tfsetup.ground.values import value
from tfsetup.host.model import Host
from tfsetup.locks.compile import build_arguments, target_arguments, target_environ
from tfsetup.locks.conda.model import CondaPackage, PinnedWheel, PlatformLock
from tfsetup.locks.cure import carried, is_cure, others
from tfsetup.locks.digest import digest
from tfsetup.locks.model import Lock, LockedPackage, file_name
from tfsetup.locks.taken import name_of
from tfsetup.locks.venv.consent import sources
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.model import Selection
from tfsetup.matrix.pips import PIP, PipWheel


@value
class Index:
    """The package index: `url` as `--index-url` gave it; `asked`: what all settings name, without credentials."""

    url: str | None = None
    asked: str | None = None

    @property
    def environ(self) -> dict[str, str]:
        """The variable for uv; an argument could be read by every user of the machine."""
        return {"UV_DEFAULT_INDEX": self.url} if self.url else {}


def plan_install(
    selection: Selection,
    lock: Lock,
    host: Host,
    *,
    pinned: bool = False,
    preflight: bool = True,
    verify: bool = True,
    cures: bool = True,
    tune: bool = False,
    index: Index | None = None,
    together: tuple[str, ...] = (),
    wanted: str | None = None,
    pip: PipWheel | None = None,
) -> Plan:
    """Return the steps that build `lock` for `selection` (installable) on `host`.

    The order is fixed: what must be compiled against TensorFlow comes after its wheels, and nothing is switched to
    before it was preflighted and verified, and that sees the variables which cure known defects, unless `cures` says
    that they are left out. `tune` measures what else makes it faster, before that and with no wheel of cures: they all
    go into one file. `pinned` says that the user named the lock file. `together` is what was resolved together
    with the row; `wanted` the fingerprint of what was asked for (None: that of the selection). `pip` is the one that
    the environment gets where the lock has none; it comes last, because what is judged is what is locked, and goes
    along with the wheels where nothing is.
    """
    index = index or Index()
    environment = wanted_cures(selection, cures=cures)
    locked = lock.version_of(PIP) is not None
    pip = None if locked or lock.part else pip
    after = _after(selection, index, environment, preflight=preflight, verify=verify, tune=tune)
    if lock.part:
        steps = _linked(lock, lock.part, index)
    else:
        written = NOTHING if tune else environment
        along = pip if all(isinstance(step, model.WriteCures) for step in after) else None
        steps = [_create(selection, host), _wheels(selection, lock, host, index, written, along)]
    steps += after
    if pip is not None:
        steps += [model.AddPip(wheel=pip, environ=index.environ)]
    return Plan(
        row=selection.row or "",
        digest=wanted or digest(selection),
        lock_sha256=lock.sha256,
        pinned_lock=lock.sha256 if pinned else None,
        python=selection.python or "",
        requirements=(*selection.requirements, *selection.source_builds),
        steps=(*steps, model.Switch()),
        backend="conda" if lock.part else "venv",
        cures=environment,
        without_cures=environment != selection.environment,
        tuning=wanted_tuning(tune=tune, cures=cures),
        together=together,
        # A conda lock has a pip in any case: it is one of the packages only where somebody asked for it.
        tools=() if PIP in map(name_of, together) or (locked and not lock.part) else (PIP,),
    )


def _linked(lock: Lock, part: PlatformLock, index: Index) -> list[Step]:
    """Return the steps that build one platform of a conda lock: its packages, and the wheels on top."""
    steps: list[Step] = [model.CreateCondaPrefix(lock_text=lock.text, platform=part)]
    return [*steps, model.AddWheels(wheels=part.wheels, environ=index.environ)] if part.wheels else steps


def wanted_cures(selection: Selection, *, cures: bool) -> Mapping[str, str]:
    """Return the variables that an environment of `selection` sets; none where the user wants no `cures`."""
    return selection.environment if cures else NOTHING


def wanted_tuning(*, tune: bool, cures: bool) -> Tuning:
    """Return what is wanted of variables that make it faster: what was measured once is kept as long as cures are."""
    if tune:
        return "measured"
    return "kept" if cures else "without"


def _after(
    selection: Selection, index: Index, environment: Mapping[str, str], *, preflight: bool, verify: bool, tune: bool
) -> list[Step]:
    steps: list[Step] = [
        model.BuildFromSource(requirement=each, environ=index.environ) for each in selection.source_builds
    ]
    cures: list[Step] = [model.WriteCures(environment=environment)] if environment or tune else []
    predicted: list[Step] = [model.Preflight()] if preflight else []
    # Nothing runs before the prediction, and what is verified has all its variables.
    steps += [*predicted, model.Tune(), *cures] if tune else [*cures, *predicted]
    steps += [model.Verify(), model.TryPrograms()] if verify else []
    return steps


def _create(selection: Selection, host: Host) -> model.CreateVenv:
    found = selection.interpreter
    if found is not None and found.path is not None:
        return model.CreateVenv(python=found.path, download=False)
    version = selection.python or ""
    # Under Rosetta, or wherever uv itself is translated, a bare version would bring a Python of uv's own architecture.
    arch = Platform("macos", "arm64").triple.partition("-")[0]
    native = host.os == "macos" and host.arch == "arm64"
    request = f"cpython-{version}-macos-{arch}-none" if native else version
    return model.CreateVenv(python=request, download=True)


def _wheels(
    selection: Selection, lock: Lock, host: Host, index: Index, environment: Mapping[str, str], pip: PipWheel | None
) -> model.InstallWheels:
    # A translated uv would choose x86-64 wheels for a universal2 interpreter; the row's target says otherwise.
    forced = selection.target if host.rosetta else None
    served = _served(lock, index, environment)
    hashes = BY_HASH if served.form == "portable" else ()
    wheel = carried(served, environment)
    built = dict.fromkeys((*selection.sdists, *sources(lock.packages)))
    return model.InstallWheels(
        lock_name=file_name(served.form, selection.row or "row"),
        lock_text=served.text,
        count=len(served.packages),
        size=served.download_size,
        arguments=(
            *hashes,
            *build_arguments(built),
            *(target_arguments(forced) if forced else ()),
        ),
        environ={**index.environ, **(target_environ(forced) if forced else {})},
        beside={wheel.filename: wheel.content} if wheel else {},
        with_pip=with_pip(served, pip, index.asked) if pip else "",
    )


def _served(lock: Lock, index: Index, environment: Mapping[str, str]) -> Lock:
    """Return the lock as uv gets it: the wheel that cures stays only where it sets just what is wanted.

    Otherwise the environment has no cure, or the file that `WriteCures` writes: one, never two.
    """
    packages = others(lock)
    served = _from_asked_index(lock, packages, index)
    if served is lock and any(map(is_cure, lock.packages)) and carried(lock, environment) is None:
        return write_lock(packages, None, lock.form)
    return served


def _from_asked_index(lock: Lock, packages: tuple[LockedPackage, ...], index: Index) -> Lock:
    """Return the lock without addresses when another index is asked for than they lead to: the hashes stay.

    One with wheels of this disk stays as it is, for the form without addresses has no words for them.
    """
    if any(file.path for package in packages for file in package.files):
        return lock
    led = {package.index.rstrip("/") if package.index else None for package in packages}
    if lock.form == "portable" or index.asked is None or led <= {index.asked}:
        return lock
    return write_lock(packages, None, "portable")


def describe(plan: Plan) -> list[str]:
    """Return one line a step, for people."""
    return [_line(step) for step in plan.steps]


def _line(step: Step) -> str:
    match step:
        case model.CreateVenv(python=python, download=download):
            return f"create a virtual environment on {'a downloaded ' if download else ''}{python}"
        case model.InstallWheels(count=count, size=size):
            return f"install {count} locked wheels, at most {size / 1e6:.0f} MB to download, each checked by its sha256"
        case model.CreateCondaPrefix(platform=platform):
            what = f"link {len(platform.packages)} locked conda packages for {platform.subdir}"
            return f"{what}{_fetched(platform.packages)}, each checked by its sha256"
        case model.AddWheels(wheels=wheels):
            return f"put {len(wheels)} locked wheels on top{_fetched(wheels)}, each checked by its sha256"
        case model.BuildFromSource(requirement=requirement):
            return f"compile {requirement} inside the environment"
        case model.WriteCures(environment=environment):
            what = assignments(environment) or "what makes it faster"
            return f"set {what} in every process of the environment, unless it is set there"
        case model.AddPip(wheel=wheel):
            return f"put pip {wheel.version} into it, checked by its sha256"
        case model.Preflight() | model.Tune() | model.Verify() | model.TryPrograms() | model.Switch():
            return _WORDS[type(step)]
        case _:
            assert_never(step)


def _fetched(files: Sequence[CondaPackage | PinnedWheel]) -> str:
    size = sum(file.size or 0 for file in files)
    return f", at most {size / 1e6:.0f} MB to download" if size else ""


_WORDS = {
    model.Preflight: "predict the native load from the files, before anything is run",
    model.Tune: "measure which switches make TensorFlow faster here, for about two minutes at most, to set those",
    model.Verify: "load TensorFlow in a fresh interpreter and time a matmul on each device",
    model.TryPrograms: "import every package and start every program, for 20 seconds at most and without the network",
    model.Switch: "switch the prefix to the new generation",
}
