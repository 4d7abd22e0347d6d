"""What the index adds to the conda packages: the job for uv, and one wheel a package out of its answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tfsetup.errors import BuildError
from tfsetup.locks.compile import CompileJob
from tfsetup.locks.conda.model import PinnedWheel
from tfsetup.matrix.model import Target

if TYPE_CHECKING:
    from packaging.pylock import Package, PackageWheel
    from packaging.tags import Tag

Provided = Mapping[str, tuple[str, str]]
"""What conda packages contain: distribution name (normalised) to (version, conda package)."""

_OLDEST_MANYLINUX: Final = 5  # manylinux1 is glibc 2.5 (PEP 513, 600)
_LEGACY: Final = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


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
    from packaging.version import InvalidVersion, Version

    found = []
    for name, (version, package) in provided.items():
        try:
            newer = name in free and Version(version) > Version(free[name])
        except InvalidVersion:
            newer = False
        if newer:
            found.append(f"{package} <={free[name]}")
    return tuple(sorted(found))


def versions(text: str) -> dict[str, str]:
    """Return name to version of everything in a lock that uv wrote."""
    import tomllib

    return {entry["name"]: entry["version"] for entry in tomllib.loads(text).get("packages", []) if "version" in entry}


def pinned(text: str, target: Target) -> tuple[PinnedWheel, ...]:
    """Return the best wheel of each package in a lock that uv wrote for `target`.

    Raises:
        BuildError: a package has no wheel that fits.
    """
    import tomllib

    from packaging.pylock import Pylock

    lock = Pylock.from_dict(tomllib.loads(text))
    ranks = {tag: rank for rank, tag in enumerate(tags(target))}
    return tuple(sorted((_best(package, ranks, target) for package in lock.packages), key=lambda one: one.name))


def _best(package: Package, ranks: Mapping[Tag, int], target: Target) -> PinnedWheel:
    fitting = [(rank, wheel) for wheel in package.wheels or () if (rank := _rank(wheel, ranks)) is not None]
    if not fitting:
        raise BuildError(
            f"{package.name} {package.version} has no wheel for Python {target.python} on {target.platform}, and a "
            "conda environment is filled from wheels only.",
            hint="Use --backend venv, which may compile it.",
        )
    _, wheel = min(fitting, key=lambda pair: pair[0])
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


def _rank(wheel: PackageWheel, ranks: Mapping[Tag, int]) -> int | None:
    from packaging.utils import parse_wheel_filename

    name = wheel.name or (wheel.url or "").partition("#")[0].rpartition("/")[2]
    _, _, _, found = parse_wheel_filename(name)
    return min((ranks[tag] for tag in found if tag in ranks), default=None)


def tags(target: Target) -> Iterator[Tag]:
    """Yield the wheel tags of a target, best first (PEP 425)."""
    from packaging.tags import compatible_tags, cpython_tags

    major, _, minor = target.python.partition(".")
    version = (int(major), int(minor))
    platforms = list(_platforms(target))
    yield from cpython_tags(version, platforms=platforms, abis=[f"cp{major}{minor}"])
    yield from compatible_tags(version, interpreter=f"cp{major}{minor}", platforms=platforms)


def _platforms(target: Target) -> Iterator[str]:
    from packaging.tags import mac_platforms

    arch = target.platform.partition("-")[0]
    if "darwin" in target.platform:
        parts = [int(part) for part in (target.macos or "11.0").split(".")]
        yield from mac_platforms((parts[0], parts[1] if len(parts) > 1 else 0), {"aarch64": "arm64"}.get(arch, arch))
    elif "windows" in target.platform:
        yield {"x86_64": "win_amd64", "aarch64": "win_arm64"}.get(arch, "win32")
    else:
        newest = int(target.platform.rpartition("_")[2])
        for minor in range(newest, _OLDEST_MANYLINUX - 1, -1):
            yield f"manylinux_2_{minor}_{arch}"
            if minor in _LEGACY:
                yield f"{_LEGACY[minor]}_{arch}"
        yield f"linux_{arch}"


__all__: Sequence[str] = ("Provided", "conflict", "constraints", "limits", "on_top", "pinned", "tags", "versions")
