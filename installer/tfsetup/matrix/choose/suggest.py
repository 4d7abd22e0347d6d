"""When nothing fits: the single changes that would make it fit, cheapest first, each one tried and never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from tfsetup.ground.versions import at_least, pair
from tfsetup.host.model import Host, Libc
from tfsetup.matrix.choose.gpus import concerns
from tfsetup.matrix.choose.pythons import order
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.machine import macos_version
from tfsetup.matrix.model import Ask, Selection

Decide = Callable[[Host, Ask, Matrix], Selection]
_VERSION: Final = re.compile(r"\d+(?:\.\d+)+|\d+")
_NEW_GLIBC = "2.39"  # the glibc of a current long-term distribution (Ubuntu 24.04)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that could be different; `words` says it.

    Of each `group` the first that helps is proposed, and none when one of the group `unless` helps already.
    """

    group: str
    words: str
    host: Host
    ask: Ask
    unless: str = ""


def suggestions(host: Host, ask: Ask, matrix: Matrix, decide: Decide) -> tuple[str, ...]:
    """Return what would make the ask installable, cheapest first: words, then what one would get."""
    found: dict[str, tuple[str, str]] = {}
    for change in _changes(host, ask, matrix):
        if change.group in found or change.unless in found:
            continue
        answer = decide(change.host, change.ask, matrix)
        if answer.installable:
            pins = ", ".join((*answer.requirements, *answer.source_builds))
            words = change.words.replace("{python}", answer.python or "").replace("{version}", answer.version)
            found[change.group] = (words, f"{pins} on Python {answer.python}")
    newest = found.get("tensorflow", ("", ""))[1]
    if found.get("nearest", ("", ""))[1] == newest:
        found.pop("nearest", None)
    return tuple(f"{words}: {get}" for words, get in found.values())


def nearest(host: Host, ask: Ask, matrix: Matrix, decide: Decide) -> Selection | None:
    """Return the answer for the release nearest to the one asked for that fits; None: none does."""
    asks = (replace(ask, tensorflow=series) for series in _series(ask.tensorflow or "", matrix))
    return next((found for one in asks if (found := decide(host, one, matrix)).installable), None)


def _changes(host: Host, ask: Ask, matrix: Matrix) -> Iterator[Change]:
    """Yield changes in the order of what they cost: an option, an installation, an update, another machine."""
    yield from _options(host, ask, matrix)
    yield from _interpreters(host, ask)
    if host.os == "macos" and host.xcode_clt is False:
        words = "install Xcode's command line tools (xcode-select --install)"
        yield Change(group="xcode", words=words, host=replace(host, xcode_clt=True), ask=ask)
    yield from _drivers(host, ask, matrix)
    yield from _systems(host, ask)


def _options(host: Host, ask: Ask, matrix: Matrix) -> Iterator[Change]:
    here = {python.minor for python in host.pythons or () if not python.free_threaded}
    if ask.python is not None:
        for minor in sorted(here - {ask.python}, key=order, reverse=True):
            changed = replace(ask, python=minor)
            yield Change(group="python", words=f"--python {minor}, which is here", host=host, ask=changed)
        if host.python_downloads is not False:
            words = "--python {python}"
            yield Change(group="python", words=words, host=host, ask=replace(ask, python=None))
    if not ask.pre:
        yield Change(group="pre", words="--pre", host=host, ask=replace(ask, pre=True))
    if ask.tensorflow is not None:
        yield from _near(host, ask, ask.tensorflow, matrix)
        words = "--tensorflow {version}"
        yield Change(group="tensorflow", words=words, host=host, ask=replace(ask, tensorflow=None))
    if ask.accelerator not in {"auto", "cpu"}:
        yield Change(group="cpu", words="--accelerator cpu", host=host, ask=replace(ask, accelerator="cpu"))


def _near(host: Host, ask: Ask, wanted: str, matrix: Matrix) -> Iterator[Change]:
    """The release nearest to the one asked for, on the Python asked for, and a nearer one on another if there is."""
    words = "--tensorflow {version}"
    here = f"{words}, the nearest" + (" on Python {python}" if ask.python else "")
    for series in _series(wanted, matrix):
        yield Change(group="nearest", words=here, host=host, ask=replace(ask, tensorflow=series))
        if ask.python is not None:
            changed = replace(ask, tensorflow=series, python=None)
            other = f"{words} --python {{python}}, the nearest"
            yield Change(group="nearest-python", unless="nearest", words=other, host=host, ask=changed)


def _series(wanted: str, matrix: Matrix) -> list[str]:
    """Return the series of releases (`==2.8.*`) that the rows have, the nearest to what is asked for first.

    Of two that are equally near the newer one comes first.
    """
    meant = [found for text in _VERSION.findall(wanted) if (found := pair(text, 0))]
    releases = (matrix.index.releases(name) for name in {row.distribution for row in matrix.rows})
    known = {found for texts in releases for text in texts if (found := pair(text))}
    if not meant:
        return []

    def far(one: tuple[int, int]) -> tuple[int, int, int]:
        return min((abs(one[0] - major), abs(one[1] - minor), minor - one[1]) for major, minor in meant)

    return [f"=={major}.{minor}.*" for major, minor in sorted(known, key=far)]


def _interpreters(host: Host, ask: Ask) -> Iterator[Change]:
    """Another Python that is not here: the one asked for in the right build, then the one that suits best."""
    if host.python_downloads is not False:
        return
    native = "a native arm64 " if host.rosetta else ""
    brought = replace(host, python_downloads=True)
    yield Change(group="interpreter", words=f"install {native}Python {{python}}", host=brought, ask=ask)
    if ask.python is not None:
        words = f"install {native}Python {{python}} and ask for it"
        yield Change(group="interpreter", unless="python", words=words, host=brought, ask=replace(ask, python=None))


def _drivers(host: Host, ask: Ask, matrix: Matrix) -> Iterator[Change]:
    if not any(gpu.vendor == "nvidia" for gpu in host.gpus or ()):
        return
    rules = [rule for row in matrix.rows if row.when.os == host.os for rule in row.rules]
    floors = {rule.driver for rule in rules if rule.driver and concerns(rule, host)}
    for floor in sorted(floors, key=order, reverse=True):
        gpus = tuple(replace(gpu, driver=floor) if gpu.vendor == "nvidia" else gpu for gpu in host.gpus or ())
        words = f"update the NVIDIA driver to {floor} or newer"
        yield Change(group="driver", words=words, host=replace(host, gpus=gpus), ask=ask)


def _systems(host: Host, ask: Ask) -> Iterator[Change]:
    have = macos_version(host)
    if have is not None:
        for newer in ("10.15", "11.0", "12.0", "12.1", "13.0", "14.0", "15.0", "26.0"):
            if not at_least(have, newer):
                words = f"update macOS to {newer} or newer"
                yield Change(group="macos", words=words, host=replace(host, os_version=newer), ask=ask)
    if host.os == "linux" and host.libc is not None:
        libc = Libc(name="glibc", version=_NEW_GLIBC)
        old = host.libc.name == "glibc"
        words = (
            "a Linux with a newer glibc (a container will do)" if old else "a Linux with glibc (a container will do)"
        )
        yield Change(group="libc", words=words, host=replace(host, libc=libc), ask=ask)
    if host.os == "windows":
        libc = Libc(name="glibc", version=_NEW_GLIBC)
        linux = replace(host, os="linux", os_version=None, wsl=True, libc=libc, pythons=None, python_downloads=True)
        yield Change(group="wsl", words="WSL2 (wsl --install), then the same command there", host=linux, ask=ask)
