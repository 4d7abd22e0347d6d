"""Where dyld looks for a name: every candidate path in order, before any file is touched.

Rules: dyld `Loader.cpp` (getLoader, forEachPath, forEachResolvedAtPathVar) and `DyldProcessConfig.cpp`
(forEachPathVariant).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.macho.image import Version

CRYPTEX = "/System/Volumes/Preboot/Cryptexes/OS"
_RPATH, _LOADER, _EXECUTABLE = "@rpath/", "@loader_path", "@executable_path"
_FRAMEWORK = re.compile(r"(?:^|/)(?P<tail>(?P<name>[^/]+)\.framework/(?:Versions/[^/]+/)?(?P=name))$")
_FALLBACK_GONE_SINCE_SDK = (14, 0, 0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A path to try. `disk_only`: the shared cache of system libraries is not asked. `fallback`: not what was named."""

    path: str
    disk_only: bool = False
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain along which `@rpath` is resolved: an image's folder and its LC_RPATHs."""

    folder: str
    rpaths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A name and who asks for it. `chain` starts at the asking image and ends at the main executable.

    `sdk` is the SDK the asking image was built with (None: it does not say). `argument`: the name is what dlopen was
    given, not a load command.
    """

    name: str
    chain: tuple[Link, ...]
    sdk: Version | None = None
    argument: bool = False


def link(path: str, rpaths: Sequence[str]) -> Link:
    """Return the chain's link of the image at `path` (its real path)."""
    return Link(posixpath.dirname(path), tuple(rpaths))


def main_link(mac: Mac) -> Link:
    """Return the last link of every chain: the main executable."""
    return link(mac.executable, mac.executable_rpaths)


def candidates(mac: Mac, request: Request) -> Iterator[Candidate]:
    """Yield the paths dyld tries, in order. [forEachPathVariant]: overrides, cryptex, the name itself, fallbacks."""
    name = request.name
    framework = _FRAMEWORK.search(name)
    if not mac.hardened:
        yield from _overrides(mac, name, framework)
    if mac.cryptex and name.startswith("/"):
        yield Candidate(name, disk_only=True)
        yield Candidate(CRYPTEX + name, disk_only=True)
    if "/" not in name and request.argument:
        yield from _leaf(mac, request)
    else:
        yield from (Candidate(path) for path in _expanded(mac, request))
    if _has_fallback(mac, request, framework):
        yield from (Candidate(path, fallback=True) for path in _fallbacks(mac, name, framework))


def has_rpaths(request: Request) -> bool:
    """Say whether any image of the chain has an LC_RPATH, usable or not."""
    return any(link.rpaths for link in request.chain)


def _overrides(mac: Mac, name: str, framework: re.Match[str] | None) -> Iterator[Candidate]:
    folders, tail = mac.library_path, posixpath.basename(name)
    if framework:
        folders, tail = mac.framework_path, framework["tail"]
    for folder in folders:
        yield Candidate(f"{folder.rstrip('/')}/{tail}", fallback=True)


def _leaf(mac: Mac, request: Request) -> Iterator[Candidate]:
    """Yield what a bare leaf given to dlopen stands for: rpaths, since macOS 13 /usr/lib, the current folder."""
    yield from (Candidate(path) for path in _along_rpaths(mac, request.chain, request.name))
    if mac.version >= (13, 0):
        yield Candidate(f"/usr/lib/{request.name}", fallback=True)
    if not mac.hardened:
        yield Candidate(request.name)


def _expanded(mac: Mac, request: Request) -> Iterator[str]:
    name = request.name
    if name.startswith(_RPATH):
        yield from _along_rpaths(mac, request.chain, name.removeprefix(_RPATH))
    else:
        path = _at_path(mac, request.chain[0], name)
        if path is not None:
            yield path


def _along_rpaths(mac: Mac, chain: Sequence[Link], tail: str) -> Iterator[str]:
    for each in chain:
        for rpath in each.rpaths:
            folder = _at_path(mac, each, rpath)
            if folder is None or (mac.hardened and not folder.startswith("/")):
                continue
            path = f"{folder.rstrip('/')}/{tail}"
            yield path
            if mac.cryptex and rpath.startswith("/"):
                yield CRYPTEX + path


def _at_path(mac: Mac, where: Link, path: str) -> str | None:
    """Expand `@loader_path` and `@executable_path` as text: `..` stays. None: not allowed in this process."""
    if _begins(path, _LOADER):
        return where.folder + path.removeprefix(_LOADER)
    if _begins(path, _EXECUTABLE):
        return None if mac.hardened else _from_executable(mac, path.removeprefix(_EXECUTABLE))
    return path


def _begins(path: str, form: str) -> bool:
    return path == form or path.startswith(f"{form}/")


def _from_executable(mac: Mac, tail: str) -> str:
    folder = posixpath.dirname(mac.executable)
    while tail == "/.." or tail.startswith("/../"):
        folder, tail = posixpath.dirname(folder), tail[3:]
    return folder.rstrip("/") + tail


def _has_fallback(mac: Mac, request: Request, framework: re.Match[str] | None) -> bool:
    """Say whether the fallback folders are looked through. [forEachPath; dyld 2 `useFallbackPaths`].

    Only dyld 940 and 941 (macOS 12.0 to 12.2) do it for a path given to dlopen too.
    """
    if request.argument and "/" in request.name and not framework and not (12, 0) <= mac.version < (12, 3):
        return False
    if mac.version < (13, 0):
        return True
    return request.sdk is None or request.sdk < _FALLBACK_GONE_SINCE_SDK


def _fallbacks(mac: Mac, name: str, framework: re.Match[str] | None) -> Iterator[str]:
    """Yield the name in each fallback folder, but for the path that was asked for. [forEachPathVariant]."""
    folders, tail = mac.fallback_library_path, posixpath.basename(name)
    if framework:
        folders, tail = ("/Library/Frameworks", "/System/Library/Frameworks"), framework["tail"]
    elif folders is None or mac.hardened:
        folders = ("/usr/lib",) if mac.hardened else ("/usr/local/lib", "/usr/lib")
    paths = (f"{folder.rstrip('/')}/{tail}" for folder in folders)
    yield from (path for path in paths if path != name)
