"""What the index adds to the conda packages: the job for uv, and one wheel a package out of its answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tfsetup.errors import BuildError
from tfsetup.ground.moments import in_utc
from tfsetup.ground.platforms import Platform, best_wheel, glibc_in, wheel_tags
from tfsetup.ground.versions import NotAVersionError, version
from tfsetup.locks.compile import CompileJob
from tfsetup.locks.conda.model import PinnedWheel
from tfsetup.locks.cooldown import Cooldown, held
from tfsetup.locks.model import LockedFile, LockedPackage
from tfsetup.matrix.model import Target

if TYPE_CHECKING:
    from packaging.pylock import Package
    from packaging.tags import Tag

Provided = Mapping[str, tuple[str, str]]
"""What conda packages contain: distribution name (normalised) to (version, conda package)."""


def constraints(provided: Provided) -> str:
    """Return the constraints file that tells uv what is there already."""
    return "".join(f"{name}=={version}\n" for name, (version, _) in sorted(provided.items()))


def on_top(job: CompileJob, provided: Provided, file: str) -> CompileJob:
    """Return the run of uv that resolves on top of what conda provides, and leaves that out of its answer.

    `file` is where `constraints(provided)` was written.
    """
    extra = ["--constraint", file] if provided else []
    extra += [word for name in sorted(provided) for word in ("--no-emit-package", name)]
    return replace(job, arguments=(*job.arguments, *extra))


def conflict(message: str, provided: Provided) -> BuildError:
    """Return the error for requirements that what conda provides cannot meet; both sides are named."""
    named = sorted(name for name in provided if f"{name}==" in message or f"{name} " in message)
    sides = [
        f"  {name} {provided[name][0]} comes from the conda package {provided[name][1]}"
        for name in named
        if f"{name}=={provided[name][0]}" in message
    ]
    text = "\n".join(["What the index has does not fit to what conda supplies:", *sides, message])
    hint = "Ask for another --tensorflow or --python, or let the index supply everything: --backend venv."
    return BuildError(text, hint=hint)


def limits(free: Mapping[str, str], provided: Provided) -> tuple[str, ...]:
    """Return match specs that hold conda packages to what the index's requirements would choose by themselves.

    `free` is uv's own solution, without conda's packages: of each distribution the newest version that its dependents
    admit. A conda package with a newer one is held to that.
    """

    def newer(name: str, text: str) -> bool:
        try:
            return name in free and version(text) > version(free[name])
        except NotAVersionError:
            return False

    found = [f"{package} <={free[name]}" for name, (text, package) in provided.items() if newer(name, text)]
    return tuple(sorted(found))


def versions(text: str) -> dict[str, str]:
    """Return name to version of everything in a lock that uv wrote."""
    import tomllib

    return {entry["name"]: entry["version"] for entry in tomllib.loads(text).get("packages", []) if "version" in entry}


def pinned(text: str, target: Target, cooldown: Cooldown | None = None) -> tuple[PinnedWheel, ...]:
    """Return the best wheel of each package in a lock that uv wrote for `target`.

    Raises:
        BuildError: a package has no wheel that fits.
        NetworkError: the cooldown cannot be held.
    """
    import tomllib

    from packaging.pylock import Pylock

    lock = Pylock.from_dict(tomllib.loads(text))
    held([_locked(package) for package in lock.packages], cooldown)
    fitting = tuple(tags(target))
    return tuple(sorted((_best(package, fitting, target) for package in lock.packages), key=lambda one: one.name))


def _locked(package: Package) -> LockedPackage:
    wheels = tuple(
        LockedFile(
            filename=wheel.filename,
            size=wheel.size,
            sha256=wheel.hashes.get("sha256", ""),
            url=wheel.url,
            uploaded=in_utc(wheel.upload_time) if wheel.upload_time else None,
        )
        for wheel in package.wheels or ()
    )
    return LockedPackage(name=str(package.name), version=str(package.version), wheels=wheels, index=package.index)


def _best(package: Package, fitting: Sequence[Tag], target: Target) -> PinnedWheel:
    named = {wheel.filename: wheel for wheel in package.wheels or ()}
    wheel = named.get(best_wheel(named, fitting) or "")
    if wheel is None:
        raise BuildError(
            f"{package.name} {package.version} has no wheel for Python {target.python} on {target.platform}, and a "
            "conda environment is filled from wheels only.",
            hint="Use --backend venv, which may compile it.",
        )
    if wheel.url is None:
        message = f"{package.name} {package.version} comes from a folder, and a lock names files by their address."
        raise BuildError(message, hint="Use an index that is served over http(s) or file://.")
    return PinnedWheel(
        name=str(package.name),
        version=str(package.version),
        url=wheel.url,
        sha256=wheel.hashes["sha256"],
        size=wheel.size,
    )


def tags(target: Target) -> Iterator[Tag]:
    """Yield the wheel tags of a target, best first."""
    platform = Platform.named(target.platform)
    level = target.macos or glibc_in(target.platform)
    return wheel_tags(target.python, platform.tags(level)) if platform else iter(())
