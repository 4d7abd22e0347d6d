"""What else computes on the GPU of a Mac where no prebuilt plugin of TensorFlow loads: named choices, never installed.

`environments/alternatives.json` has what is known of each, every fact with where it stands and the day it was read.
`environments/evidence/gpu-alternatives.json` has what came of opening their plugins' libraries, read from the real
wheels by `tfsetup matrix check --prove`. Data of the matrix. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final, Literal

from tfsetup.ground.values import value
from tfsetup.ground.versions import pair

ALTERNATIVES: Final = "alternatives.json"
OPENINGS: Final = "evidence/gpu-alternatives.json"

Verdict = Literal["loads", "fails", "undecided"]


@value
class Known:
    """One thing that is known of an alternative."""

    says: str
    """What, a sentence without its full stop."""
    place: str
    """Where that stands, for people."""
    source: str
    """The address of those who say so."""
    read: str
    """The day on which it was read (ISO date)."""


@value
class Maturity:
    """How far its authors say it is, in their own word."""

    word: str
    place: str
    source: str
    read: str


@value
class Release:
    """One release: its day (ISO), the Pythons it asks for, the macOS that its wheel, or its build, is for."""

    version: str
    released: str
    python: str
    macos: str
    place: str
    source: str
    read: str


@value
class Library:
    """The library that its framework opens: in the wheel of which distribution, and what is looked up in it."""

    distribution: str
    version: str
    path: str
    symbol: str


@value
class Alternative:
    """One choice. `row`: the matrix has a row for it, which says all that is to be installed.

    `library` None: it is compiled on the machine, so that there is nothing to open. `beside` are the requirements
    that go with it where it stands without TensorFlow, `environment` what a program must be started with to use it.
    """

    id: str
    title: str
    distribution: str
    release: Release
    maturity: Maturity
    known: tuple[Known, ...]
    library: Library | None = None
    row: str | None = None
    beside: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def pin(self) -> str:
        """The requirement that installs this release."""
        return f"{self.distribution}=={self.release.version}"


@value
class LeftOut:
    """Something that people find and that is not among them, and why."""

    what: str
    says: str
    place: str
    source: str
    read: str


@value
class Alternatives:
    """The content of the file. `judged` says how little of them was judged here, `pointer` where they are told.

    `macos` are the versions of macOS for which their libraries are opened, oldest first, and `pythons` the Pythons for
    which the index is asked.
    """

    judged: str
    pointer: str
    macos: tuple[str, ...]
    pythons: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    left_out: tuple[LeftOut, ...] = ()
    schema: int = 1


@value
class Opening:
    """What opening a library comes to on a macOS. `because` is the loader's word, or what could not be decided."""

    macos: str
    verdict: Verdict
    because: str = ""


@value
class Wheel:
    """One wheel that was read."""

    name: str
    sha256: str


@value
class Opened:
    """What came of one alternative: the wheel with its library, each opening, and the Pythons it resolves for."""

    id: str
    pin: str
    wheel: Wheel
    openings: tuple[Opening, ...]
    pythons: tuple[str, ...]

    def on(self, macos: str | None) -> Opening | None:
        """Return what comes of it on a macOS: that of the nearest older one, or of the newest where nobody could tell.

        None: that macOS is older than all for which it was opened.
        """
        have = pair(macos or "", 0)
        fitting = [one for one in self.openings if have is None or (pair(one.macos, 0) or have) <= have]
        return fitting[-1] if fitting else None


@value
class Openings:
    """Everything that was opened."""

    opened: tuple[Opened, ...]
    schema: int = 1

    def of(self, alternative: Alternative) -> Opened | None:
        """Return what came of this very release; None: nobody opened it."""
        return next((one for one in self.opened if (one.id, one.pin) == (alternative.id, alternative.pin)), None)


@value
class Offer:
    """Something else that computes on this machine's GPU; named, and never installed unasked."""

    id: str
    """Its name among the alternatives."""
    title: str
    """What it is, for people."""
    distribution: str
    """The package that brings the GPU."""
    version: str
    """Its release that is known and was looked at."""
    released: str
    """The day of that release (ISO)."""
    maturity: str
    """What its authors call its state."""
    python: str
    """The Python it would be built on here, `X.Y`."""
    pythons: str
    """The Pythons it asks for, a range."""
    macos: str
    """The macOS it asks for, a range."""
    opens: Verdict
    """Whether its plugin's library opens on this macOS, read from the wheel; `undecided` where that cannot tell."""
    because: str
    """What could not be decided; empty where its library opens."""
    judged: str
    """How little of it was judged."""
    command: str
    """What installs it, to be typed."""
    requirements: tuple[str, ...]
    """What that installs by name."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The variables with which a program uses it."""
    row: str | None = None
    """The row of the matrix that is it; null: there is none."""
    known: tuple[Known, ...] = ()
    """What is known of it besides, each with its source."""

    @property
    def name(self) -> str:
        """Distribution and release, for people."""
        return f"{self.distribution} {self.version}"

    @property
    def sentence(self) -> str:
        """What it is, how it is had, and whether its plugin opens, for people."""
        variables = " ".join(f"{name}={text}" for name, text in self.environment.items())
        use = f", then {variables}" if variables else ""
        opens = "its plugin opens on this macOS" if self.opens == "loads" else "whether its plugin opens is not decided"
        return f"{self.title}: {self.name} ({self.maturity}, of {self.released}), {opens}; {self.command}{use}"


def told_of(offers: Sequence[Offer]) -> str:
    """Return in one line which there are; "" for none."""
    names = ", ".join(one.name for one in offers)
    told = "what else computes on the GPU here, told by `tfsetup resolve` and never installed unasked"
    return f"{told}: {names}" if names else ""
