"""Which alternatives to TensorFlow with Apple's plugin a Mac is told of, for a wish that those do not fulfil. Pure.

Only Apple-silicon Macs are told of any, and only where the Python or the TensorFlow in question is newer than all for
which there is a prebuilt plugin. One whose plugin's library does not open on this macOS, or was not opened, is never
told of. Nothing here changes what is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tfsetup.ground.versions import asked, in_range, version
from tfsetup.host.model import GpuVendor, Host
from tfsetup.matrix.alternatives import Alternative, Alternatives, Offer, Opened, Opening, Openings, Verdict, told_of
from tfsetup.matrix.choose.gpus import virtual_gpu
from tfsetup.matrix.choose.pythons import Choice, choose, order, usable
from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.machine import hardware, macos_in, macos_version, right_system
from tfsetup.matrix.model import Ask, Selection

_ARCH: Final = "arm64"  # no plugin of JAX for Metal has a wheel for another architecture
_VENDORS: Final[tuple[GpuVendor, ...]] = ("apple",)
Decide = Callable[[Host, Ask, Matrix], Selection]


@dataclass(frozen=True, kw_only=True, slots=True)
class Others:
    """What is known of alternatives, and of opening them; `decide` answers what is asked of the matrix."""

    known: Alternatives
    opened: Openings
    matrix: Matrix
    decide: Decide

    def told(self, selection: Selection, host: Host, ask: Ask) -> Selection:
        """Return the answer for a host and an ask with what else computes on its GPU, in the order of the file.

        They stand among the warnings too, or the reasons where nothing fits; none where none is needed.
        """
        if not in_question(selection, host, ask, self.matrix):
            return selection
        every = (self._offer(one, selection, host, ask) for one in self.known.alternatives)
        found = tuple(one for one in every if one is not None)
        line = (told_of(found),) if found else ()
        if selection.installable:
            return replace(selection, alternatives=found, warnings=(*selection.warnings, *line))
        return replace(selection, alternatives=found, reasons=(*selection.reasons, *line))

    def _offer(self, one: Alternative, selection: Selection, host: Host, ask: Ask) -> Offer | None:
        if one.row is not None:
            return self._of_row(one, host, ask)
        came, have = self.opened.of(one), macos_version(host)
        opening = came.on(have) if came is not None else None
        if came is None or opening is None or opening.verdict == "fails":
            return None
        if have is not None and not macos_in(one.release.macos, have):
            return None
        python = _python(one, came, selection, host, ask)
        return None if python is None else self._standing_alone(one, opening, python, host)

    def _standing_alone(self, one: Alternative, opening: Opening, python: str, host: Host) -> Offer:
        """Return what has no row: beside TensorFlow on the CPU where there is one for this Python, else without it."""
        beside = self.decide(host, Ask(accelerator="cpu", python=python), self.matrix)
        with_tensorflow = f"`tfsetup install --accelerator cpu --python {python} --with {one.pin}`"
        alone = f"`uv pip install {' '.join((*one.beside, one.pin))}` in an environment of its own on Python {python}"
        return self._made(
            one, python=python, opens=opening.verdict, because=opening.because,
            command=with_tensorflow if beside.installable else alone,
            requirements=(*(beside.requirements if beside.installable else one.beside), one.pin),
        )  # fmt: skip

    def _of_row(self, one: Alternative, host: Host, ask: Ask) -> Offer | None:
        """Return what has a row of its own, where that row is the answer to asking for it."""
        row = next((row for row in self.matrix.rows if row.id == one.row), None)
        if row is None:
            return None
        answer = self.decide(host, replace(ask, accelerator=row.accelerator, tensorflow=row.versions), self.matrix)
        if answer.row != row.id or one.pin not in answer.source_builds:
            return None
        python = f" --python {ask.python}" if ask.python else ""
        series = row.versions.removeprefix("==")
        return self._made(
            one, python=answer.python or "", opens="undecided", because="it is compiled on the machine",
            command=f"`tfsetup install --accelerator {row.accelerator} --tensorflow '{series}'{python}`",
            requirements=(*answer.requirements, *answer.source_builds),
        )  # fmt: skip

    def _made(
        self, one: Alternative, *, python: str, opens: Verdict, because: str, command: str,
        requirements: tuple[str, ...],
    ) -> Offer:  # fmt: skip
        return Offer(
            id=one.id, title=one.title, distribution=one.distribution, version=one.release.version,
            released=one.release.released, maturity=one.maturity.word, python=python, pythons=one.release.python,
            macos=one.release.macos, opens=opens, because=because, judged=self.known.judged, command=command,
            requirements=requirements, environment=one.environment, row=one.row, known=one.known,
        )  # fmt: skip


def _python(one: Alternative, came: Opened, selection: Selection, host: Host, ask: Ask) -> str | None:
    """Return the Python to build on; None: there is none here, nor can one be had."""
    allowed = [minor for minor in came.pythons if asked(one.release.python, minor)]
    preferred = selection.python if selection.python in allowed else max(allowed, key=order, default="")
    found = choose(allowed, preferred=preferred, reuse=None, asked=ask.python, arch=_ARCH, host=host)
    return found.minor if isinstance(found, Choice) else None


def in_question(selection: Selection, host: Host, ask: Ask, matrix: Matrix) -> bool:
    """Whether a GPU is wished for that the answer leaves idle, because Python or TensorFlow is too new for a plugin."""
    if host.os != "macos" or hardware(host) != _ARCH or ask.backend == "conda":
        return False
    if ask.accelerator not in {"auto", "metal"} or (selection.installable and selection.accelerator == "metal"):
        return False
    if not _has_apples(host, matrix):
        return False
    wanted = ask.python or selection.python or _only_python(host)
    return (wanted is not None and python_beyond(wanted, host, matrix)) or _tensorflow_beyond(ask, host, matrix)


def _has_apples(host: Host, matrix: Matrix) -> bool:
    """Whether there is Apple's own GPU, which every Apple-silicon Mac has; what a virtual machine plays is another."""
    there = host.gpus is None or any(gpu.vendor == "apple" for gpu in host.gpus)
    return there and virtual_gpu(host, matrix.gpus, _VENDORS) is None


def _only_python(host: Host) -> str | None:
    """Return the newest Python there is where no other can be had."""
    if host.python_downloads is not False:
        return None
    return max((python.minor for python in usable(host, _ARCH)), key=order, default=None)


def python_beyond(python: str, host: Host, matrix: Matrix) -> bool:
    """Whether a Python `X.Y` is newer than all for which an Apple-silicon Mac's prebuilt plugins have a wheel."""
    have = [order(minor) for row in _prebuilt(host, matrix) for minor in _pythons(row, matrix)]
    return bool(have) and order(python) > max(have)


def _tensorflow_beyond(ask: Ask, host: Host, matrix: Matrix) -> bool:
    """Whether every release that is asked for is newer than the newest with a prebuilt plugin."""
    if ask.tensorflow is None:
        return False
    releases = [(row, one) for row in _prebuilt(host, matrix) for one in matrix.index.releases(row.distribution)]
    meant = [version(one) for _, one in releases if asked(ask.tensorflow, one)]
    served = [version(one) for row, one in releases if _served(row, one)]
    return bool(meant) and bool(served) and min(meant) > max(served)


def _prebuilt(host: Host, matrix: Matrix) -> Sequence[Row]:
    """Return the rows of an Apple-silicon Mac whose plugin has wheels."""
    here = (host.os, hardware(host)) == ("macos", _ARCH)
    mine = [row for row in matrix.rows if here and (row.when.os, row.when.arch) == ("macos", _ARCH)]
    return [row for row in mine if row.plugin is not None and row.plugin.build == "wheel"]


def _pythons(row: Row, matrix: Matrix) -> Iterator[str]:
    """Yield the Pythons for which the row's plugin has a wheel."""
    releases = matrix.index.distributions.get(row.plugin.distribution, {}) if row.plugin is not None else {}
    for release in releases.values():
        for group in release.wheels:
            if right_system(group.platform, row.when.os, process_arch(row)):
                yield from group.pythons


def _served(row: Row, release: str) -> bool:
    pairs = row.plugin.pairs if row.plugin is not None else ()
    return in_range(row.versions, release) and any(in_range(pair.tensorflow, release) for pair in pairs)
