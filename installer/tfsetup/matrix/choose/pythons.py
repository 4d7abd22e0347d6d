"""Which Python: the interpreters of the host that may be used, and the choice among those a release has wheels for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from tfsetup.errors import UsageError
from tfsetup.ground.platforms import Arch, Os, spelled
from tfsetup.ground.versions import in_range, numbers
from tfsetup.host.model import Host, Python

_ASKED = r"3\.\d{1,2}t?"


class Choice(NamedTuple):
    """A Python to build on: its minor version, the interpreter, or None when uv must bring one.

    `sure` is false when uv would have to download it and nobody could tell whether downloads work here.
    """

    minor: str
    interpreter: Python | None
    sure: bool = True


def check_asked(asked: str | None) -> None:
    """Refuse a `--python` that is not `X.Y` (or `X.Yt`, the free-threaded build).

    Raises:
        UsageError: with an example.
    """
    if asked is not None and not re.fullmatch(_ASKED, asked):
        raise UsageError(f"--python {asked}: a Python is asked for as X.Y.", hint="For instance --python 3.12.")


@lru_cache(maxsize=256)
def order(minor: str) -> tuple[int, ...]:
    """Return a sort key for `3.9`, `3.10`, `3.13t`."""
    return numbers(minor.rstrip("t")) or (0,)


def span(minors: Iterable[str]) -> str:
    """Return Python versions for people: `3.9-3.12`, `3.8, 3.10`, `3.9`."""
    return _span(frozenset(minors))


@lru_cache(maxsize=1024)
def _span(minors: frozenset[str]) -> str:
    known = sorted(minors, key=order)
    runs: list[list[str]] = []
    for minor in known:
        if runs and order(minor)[-1] == order(runs[-1][-1])[-1] + 1:
            runs[-1].append(minor)
        else:
            runs.append([minor])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def choose(
    allowed: Collection[str], *, preferred: str, reuse: str | None, asked: str | None, arch: Arch, host: Host,
    here: Sequence[Python] | None = None,
) -> Choice | str:  # fmt: skip
    """Return the Python to build on, or why there is none.

    `allowed`: minors with a wheel; `arch`: the process's; `here`: the interpreters of the host that are `usable`,
    where they are known already.
    """
    here = usable(host, arch) if here is None else here
    if asked is not None:
        return _asked(allowed, asked, arch, host, here)
    fit = [p for p in here if p.minor in allowed]
    good = [p for p in fit if reuse is None or in_range(reuse, p.minor)]
    if fit and (good or host.python_downloads is not True):
        best = max(good or fit, key=lambda p: (p.minor == preferred, order(p.minor), numbers(p.version) or (0,)))
        return Choice(minor=best.minor, interpreter=best)
    if not allowed:
        return "no wheel for any Python"
    wanted = preferred if preferred in allowed else max(allowed, key=order)
    if host.pythons is None or host.python_downloads is not False:
        return Choice(minor=wanted, interpreter=None, sure=host.python_downloads is True)
    return f"none of the Pythons here fits ({_inventory(host, arch)})"


def _asked(allowed: Collection[str], asked: str, arch: Arch, host: Host, here: Sequence[Python]) -> Choice | str:
    if asked not in allowed:
        if not allowed:
            return "no wheel for any Python"
        return _no_wheel(allowed, asked)
    fit = [p for p in here if p.minor == asked]
    if fit:
        return Choice(minor=asked, interpreter=max(fit, key=lambda p: numbers(p.version) or (0,)))
    if host.pythons is None or host.python_downloads is not False:
        return Choice(minor=asked, interpreter=None, sure=host.python_downloads is True)
    unfit = [p for p in host.pythons if p.minor == asked]
    if unfit:
        return f"the Python {asked} here is {_unfit(unfit[0], arch, host.os)}"
    mirror = "or out of reach without a mirror (UV_PYTHON_INSTALL_MIRROR)"
    return f"Python {asked} is not on this machine and Python downloads are off, {mirror}"


def _no_wheel(allowed: Collection[str], asked: str) -> str:
    if asked.endswith("t"):
        tag = asked.replace(".", "")
        return f"no wheel has the free-threaded ABI (cp{tag})"
    return f"no wheel for Python {asked}, only for {span(allowed)}"


def usable(host: Host, arch: Arch) -> list[Python]:
    """Return the interpreters that run wheels of this architecture: right build, not free-threaded, as far as known."""
    return [
        python
        for python in host.pythons or ()
        if not python.free_threaded and spelled(python.arch, host.os) in {None, arch}
    ]


def _unfit(python: Python, arch: Arch, os: Os | None) -> str:
    if spelled(python.arch, os) not in {None, arch}:
        return f"built for {python.arch}, and {arch} is needed"
    return "a free-threaded build, for which there are no wheels"


def _inventory(host: Host, arch: Arch) -> str:
    if not host.pythons:
        return "there is none"
    words = []
    for python in host.pythons:
        right = not python.free_threaded and spelled(python.arch, host.os) in {None, arch}
        words.append(
            python.minor if right else f"{python.minor} {_unfit(python, arch, host.os).split(',', maxsplit=1)[0]}"
        )
    return ", ".join(dict.fromkeys(words))
