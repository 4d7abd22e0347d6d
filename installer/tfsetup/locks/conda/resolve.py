"""From a selection to one platform of a conda lock: solve the channel, ask the index, hold the one to the other."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tfsetup.errors import BuildError, UsageError
from tfsetup.host.model import Host
from tfsetup.locks.compile import CompileJob, compile_job
from tfsetup.locks.conda import wheels
from tfsetup.locks.conda.condarc import Settings, channels, private
from tfsetup.locks.conda.model import CondaPackage, PlatformLock, Request
from tfsetup.locks.conda.platforms import subdir_of, virtual_packages
from tfsetup.locks.conda.run import compile_on_top, distributions, solve
from tfsetup.locks.cooldown import Cooldown
from tfsetup.locks.digest import digest
from tfsetup.locks.run import Children, refuse_plain, run_uv
from tfsetup.locks.together import at_once
from tfsetup.matrix.model import Selection

_ROUNDS = 3  # holding back one package may bring another version of the next; each round holds more


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One platform to lock: the selection for it and the machine it is for (a row's typical one, or this one).

    `specs` and `channels` are asked for besides the row's, `team` are the team's own requirements of the index.
    `cooldown` is how young an archive or a wheel may be.
    """

    selection: Selection
    host: Host
    specs: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    cooldown: Cooldown = field(default_factory=Cooldown)

    @property
    def requirements(self) -> tuple[str, ...]:
        """Everything that is asked of the index."""
        return (*self.selection.requirements, *self.team)

    @property
    def digest(self) -> str:
        """The fingerprint of everything that this platform asks for."""
        return digest(self.selection, more=(*self.specs, *self.channels, *self.team, *self.cooldown.says))

    @property
    def subdir(self) -> str:
        """The channel's subdir for it."""
        if self.selection.target is None:
            raise ValueError("only an installable selection, which has a target, can be locked")
        return subdir_of(self.selection.target)


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What holds for all platforms of a resolution."""

    settings: Settings
    pre: bool = False
    offline: bool = False
    index_url: str | None = None

    @property
    def environ(self) -> dict[str, str]:
        """The variable that names the index to uv; an argument could be read by every user of the machine."""
        return {"UV_DEFAULT_INDEX": self.index_url} if self.index_url else {}


def request_for(wanted: Wanted, mine: Settings) -> Request:
    """Return what the channel is asked for.

    Raises:
        UsageError: the row says nothing about conda.
    """
    selection = wanted.selection
    if not selection.conda:
        raise UsageError(f"The row {selection.row} has no conda packages.", hint="Use --backend venv.")
    return Request(
        subdir=wanted.subdir,
        channels=channels((*selection.conda_channels, *wanted.channels), mine),
        specs=(*selection.conda, *wanted.specs),
        virtual=virtual_packages(wanted.host, wanted.subdir),
        before=wanted.cooldown.limit(),
    )


def resolve(
    platforms: Sequence[Wanted], options: Options, told: Callable[[str, int, float], object] | None = None
) -> tuple[PlatformLock, ...]:
    """Resolve all platforms: the channel for all of them at once, the index for each in a thread of its own.

    The conda packages count as installed when the index is asked: uv gets their distributions as constraints. Where
    the solver took something newer than TensorFlow admits, it is held to what the index alone would give, and solved
    again. `told` hears of each platform as it is done: its subdir, how many packages, how many seconds.

    Raises:
        UsageError: a row says nothing about conda, or two of them are for the same subdir, or py-rattler is missing.
        BuildError: packages do not fit together.
        NetworkError: a channel or the index cannot be reached, or what it sent is damaged.
    """
    began = time.perf_counter()
    requests = {wanted.subdir: request_for(wanted, options.settings) for wanted in platforms}
    if len(requests) < len(platforms):
        raise UsageError("A conda lock holds one environment a platform; two of these rows are for the same platform.")
    # The channel first: what it cannot give is known in a second, and the index need not be asked.
    solved = solve(list(requests.values()), options.settings, offline=options.offline)
    children = Children()
    free = at_once(lambda wanted: _free(wanted, options, children), platforms, children)
    names = [wanted.subdir for wanted in platforms]
    held = _hold(solved, requests, dict(zip(names, free, strict=True)), options)
    provided = {name: _provided(held[name], options) for name in names}

    def lock(wanted: Wanted) -> PlatformLock:
        name = wanted.subdir
        found = _lock(wanted, held[name], provided[name], options, children)
        if told is not None:
            told(name, len(found.entries), time.perf_counter() - began)
        return found

    return at_once(lock, platforms, children)


def _free(wanted: Wanted, options: Options, children: Children) -> dict[str, str]:
    if not wanted.requirements:
        return {}
    job = _job(wanted, options)
    environ = {**options.environ, **job.environ}
    done = run_uv(job.arguments, doing="Asking the index", environ=environ, stdin=job.requirements, children=children)
    return wheels.versions(done.stdout)


def _job(wanted: Wanted, options: Options) -> CompileJob:
    return compile_job(
        wanted.selection,
        pre=options.pre,
        offline=options.offline,
        team=wanted.team,
        python=sys.executable,
        cooldown=wanted.cooldown.arguments(),
    )


def _hold(
    solved: dict[str, tuple[CondaPackage, ...]],
    requests: dict[str, Request],
    free: dict[str, dict[str, str]],
    options: Options,
) -> dict[str, tuple[CondaPackage, ...]]:
    for _ in range(_ROUNDS):
        again = {}
        for subdir, request in requests.items():
            provided = _provided(solved[subdir], options)
            limits = tuple(dict.fromkeys((*request.limits, *wheels.limits(free[subdir], provided))))
            if limits != request.limits:
                again[subdir] = replace(request, limits=limits)
        if not again:
            break
        requests = requests | again
        solved |= solve(list(again.values()), options.settings, offline=options.offline)
    return solved


def _provided(packages: Sequence[CondaPackage], options: Options) -> dict[str, tuple[str, str]]:
    known = options.settings.channels
    packages = [replace(package, url=private(package.url, known)) for package in packages]
    return distributions(packages, options.settings)


def _lock(
    wanted: Wanted, packages: tuple[CondaPackage, ...], provided: wheels.Provided, options: Options, children: Children
) -> PlatformLock:
    selection = wanted.selection
    if selection.target is None:
        raise ValueError("a selection without a target was solved")
    text = ""
    if wanted.requirements:
        try:
            text = compile_on_top(_job(wanted, options), provided, options.environ, children)
        except BuildError as problem:
            raise _explained(problem, provided) from problem
    on_top = wheels.pinned(text, selection.target, wanted.cooldown) if text else ()
    refuse_plain(wheel.url for wheel in on_top)
    return PlatformLock(
        subdir=wanted.subdir,
        packages=packages,
        wheels=on_top,
        row=selection.row or "",
        digest=wanted.digest,
        exclude_newer=wanted.cooldown.newer or "",
        exclude_newer_since=wanted.cooldown.since or "",
    )


def _explained(problem: BuildError, provided: wheels.Provided) -> BuildError:
    return wheels.conflict(problem.message, provided) if "do not fit together" in problem.message else problem
