"""Asking channels through rattler: solving, and looking into archives. The network side of this package."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from tfsetup.errors import NetworkError
from tfsetup.ground.redaction import public
from tfsetup.host.temporary import temporary_folder
from tfsetup.locks.compile import CompileJob
from tfsetup.locks.conda.condarc import Settings, mirrors
from tfsetup.locks.conda.failures import channel_failed, package_failed, unknown_names, unsatisfiable
from tfsetup.locks.conda.files import Remembered, packages_folder
from tfsetup.locks.conda.library import rattler, tell_of_the_way, wait_for
from tfsetup.locks.conda.model import CondaPackage, Request
from tfsetup.locks.conda.wheels import Provided, constraints, on_top
from tfsetup.locks.run import Children, run_uv

if TYPE_CHECKING:
    from rattler import Client, Gateway, RepoDataRecord

    from tfsetup.ground.certificates import Certificates

_DISTRIBUTION: Final = re.compile(r"(?:^|/)site-packages/([^/]+?)-([^/-]+)\.(?:dist|egg)-info(?:/|$)")
_AT_ONCE: Final = 8  # archives looked into at the same time


def solve(requests: Sequence[Request], mine: Settings, *, offline: bool = False) -> dict[str, tuple[CondaPackage, ...]]:
    """Solve every request, all of them at once, and return the packages by subdir, sorted by name.

    Raises:
        UsageError: py-rattler is missing, or a spec is none.
        UnsolvableError: specs do not fit together.
        NetworkError: a channel cannot be read, or names a package without hashes.
    """
    library = rattler()
    believed = tell_of_the_way(os.environ)
    action = "force-cache-only" if offline or mine.offline else "cache-or-fetch"
    gateway = library.Gateway(
        cache_dir=packages_folder(mine).parent / "repodata",
        default_config=library.SourceConfig(cache_action=action),
        # Without mirrors the gateway's own client does the same; a second one would read the certificates once more.
        client=client(mine) if mirrors(mine) else None,
    )

    async def together() -> list[tuple[CondaPackage, ...]]:
        asked = (_solve(library, gateway, request, mine, believed) for request in requests)
        return list(await asyncio.gather(*asked))

    return dict(zip((request.subdir for request in requests), wait_for(together()), strict=True))


async def _solve(
    library: ModuleType, gateway: Gateway, request: Request, mine: Settings, believed: Certificates
) -> tuple[CondaPackage, ...]:
    from rattler.exceptions import FetchRepoDataError, GatewayError, InvalidChannelError, InvalidUrlError, SolverError

    priority = library.ChannelPriority
    try:
        records = await library.solve(
            [library.Channel(channel) for channel in request.channels],
            # As MatchSpec, never as text: text is parsed strictly, and `*_newaccelerate` as a build is refused.
            [library.MatchSpec(spec) for spec in request.specs],
            gateway=gateway,
            platforms=[request.subdir, "noarch"],
            virtual_packages=[
                library.GenericVirtualPackage(
                    library.PackageName(one.name), library.Version(one.version), library.BuildString(one.build)
                )
                for one in request.virtual
            ],
            constraints=[library.MatchSpec(limit) for limit in request.limits],
            channel_priority=priority.Strict if mine.strict else priority.Disabled,
            exclude_newer=request.before,  # with it, an archive without a time counts as too new
        )
    except SolverError as problem:
        explanation = str(problem)
        there = {name: await _versions(library, gateway, request, name) for name in unknown_names(explanation)}
        raise unsatisfiable(explanation, request, there) from problem
    except (GatewayError, FetchRepoDataError, InvalidChannelError, InvalidUrlError) as problem:
        raise channel_failed(str(problem), request.channels, believed) from problem
    return tuple(sorted(map(_package, records), key=lambda one: one.name))


async def _versions(library: ModuleType, gateway: Gateway, request: Request, name: str) -> list[str]:
    """Return the versions of a package that the channels have for the platform, newest first."""
    sources = [library.Channel(channel) for channel in request.channels]
    platforms = [library.Subdir(request.subdir), library.Subdir("noarch")]
    found = await gateway.query(sources, platforms, [library.MatchSpec(name)], recursive=False)
    versions = {record.version for records in found for record in records}
    return [str(version) for version in sorted(versions, reverse=True)]


def _package(record: RepoDataRecord) -> CondaPackage:
    if record.md5 is None or record.sha256 is None:
        # conda-lock's format needs the md5, and without a sha256 rattler would install whatever comes.
        raise NetworkError(
            f"The channel gives no md5 or no sha256 for {record.file_name}, so it cannot be locked.",
            hint="Have the channel indexed anew (`conda index`), or use another channel.",
        )
    return CondaPackage(
        name=record.name.normalized,
        version=str(record.version),
        build=str(record.build),
        subdir=str(record.subdir),
        url=public(str(record.url)),
        md5=record.md5.hex(),
        sha256=record.sha256.hex(),
        depends=tuple(record.depends),
        size=record.size,
    )


def client(mine: Settings) -> Client:
    """Return the http client: retries, the user's credentials and mirrors."""
    rattler()
    tell_of_the_way(os.environ)
    from rattler import Client
    from rattler.networking import middleware

    if not (found := mirrors(mine)):
        return Client.default_client()
    return Client(
        [
            middleware.RetryMiddleware(),
            middleware.MirrorMiddleware(found),
            middleware.AuthenticationMiddleware(),
            middleware.OciMiddleware(),
            middleware.GCSMiddleware(),
            middleware.S3Middleware(),
        ]
    )


def distributions(packages: Sequence[CondaPackage], mine: Settings) -> dict[str, tuple[str, str]]:
    """Return what the index would call the Python packages inside: normalised name to (version, conda package).

    Read from each archive's own list of files, over http by range requests of a few hundred kilobytes; no mapping of
    names is asked or guessed. Only packages that depend on Python are looked into.

    Raises:
        NetworkError: an archive cannot be read.
    """
    candidates = [one for one in packages if any(spec.split(" ")[0] == "python" for spec in one.depends)]
    remembered = Remembered(packages_folder(mine).parent)
    known = {one.sha256: remembered.get(one.sha256) for one in candidates}
    unknown = [one for one in candidates if known[one.sha256] is None]
    if unknown:
        for one, found in zip(unknown, wait_for(_look_into(unknown, mine)), strict=True):
            known[one.sha256] = found
            remembered.put(one.sha256, found)
    return {name: (version, one.name) for one in candidates for name, version in (known[one.sha256] or {}).items()}


async def _look_into(packages: Sequence[CondaPackage], mine: Settings) -> list[dict[str, str]]:
    http, gate = client(mine), asyncio.Semaphore(_AT_ONCE)

    async def one(package: CondaPackage) -> dict[str, str]:
        async with gate:
            return await _contents(package, http)

    return list(await asyncio.gather(*(one(package) for package in packages)))


async def _contents(package: CondaPackage, http: Client) -> dict[str, str]:
    from rattler import exceptions
    from rattler.package_streaming import PackageArchive

    try:
        if package.url.startswith("file:"):
            archive = await PackageArchive.from_path(local_path(package.url))
        else:
            archive = await PackageArchive.from_url(http, package.url)
        listed = await archive.paths_json()
    except (exceptions.ExtractError, exceptions.IoError, exceptions.FetchRepoDataError, OSError, ValueError) as problem:
        raise package_failed(str(problem), doing=f"Looking into {package.file_name}") from problem
    return distributions_in(str(entry.relative_path) for entry in listed.paths)


def distributions_in(paths: Iterable[str]) -> dict[str, str]:
    """Return name (normalised, PEP 503) and version of every `*.dist-info` among the paths of an archive."""
    found = {}
    for path in paths:
        if match := _DISTRIBUTION.search(path.replace("\\", "/")):
            found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found


def compile_on_top(
    job: CompileJob, provided: Provided, environ: Mapping[str, str], children: Children | None = None
) -> str:
    """Run uv's job on top of what conda provides and return the lock it prints.

    Raises:
        TfsetupError: uv failed (`run_uv`).
    """
    with temporary_folder() as folder:
        file = folder / "conda.txt"
        file.write_text(constraints(provided), encoding="utf-8")
        job = on_top(job, provided, str(file))
        done = run_uv(
            job.arguments,
            doing="Locking",
            environ={**environ, **job.environ},
            stdin=job.requirements,
            children=children,
        )
    return done.stdout


def local_path(url: str) -> Path:
    """Return the path that a `file:` URL names."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path) if parts.path.startswith("/") else unquote(parts.path))
