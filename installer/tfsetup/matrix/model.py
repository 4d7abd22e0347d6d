"""The questions and answers of the matrix: `Ask`, `Selection` and the values between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from tfsetup.ground.platforms import Platform, deployment
from tfsetup.ground.values import value
from tfsetup.host.model import Python
from tfsetup.matrix.alternatives import Offer
from tfsetup.matrix.beside import Beside
from tfsetup.matrix.hazards import Hazard, environment_of

Accelerator = Literal["auto", "cpu", "metal", "cuda", "rocm"]
Backend = Literal["auto", "venv", "conda"]
Blas = Literal["accelerate", "openblas", "mkl"]


@value
class Ask:
    """What the user wants."""

    tensorflow: str | None = None
    """A PEP 440 specifier or a version; None: the newest that fits."""
    accelerator: Accelerator = "auto"
    """What to compute on; `auto`: the best that this machine can."""
    python: str | None = None
    """`X.Y`, never replaced by another; None: the best that is there."""
    backend: Backend = "auto"
    """The kind of environment."""
    pre: bool = False
    """Whether pre-releases are welcome."""


@value
class Rejected:
    """A row that lost, and why."""

    row: str
    """The row's id."""
    reason: str
    """Why not, a sentence."""
    here: bool = False
    """Whether the row is for this machine and this ask."""


@value
class Target:
    """What wheels must fit: everything `uv pip compile` needs to resolve for another machine."""

    platform: str
    """uv's `--python-platform`: `aarch64-apple-darwin`, `x86_64-manylinux_2_28`, `x86_64-pc-windows-msvc`."""
    python: str
    """`X.Y`."""
    macos: str | None = None
    """The deployment target such as `14.0`, which says what wheels are eligible; None: another system."""
    glibc: str | None = None
    """The machine's own, which may lie between two of uv's platforms; None: another system."""

    @staticmethod
    def on(
        platform: Platform, python: str, have: str | None, needed: str | None = None, *, musl: bool = False
    ) -> Target:
        """Return the target of a system whose macOS or glibc is `have` (None: could not tell).

        `needed` is the oldest glibc that the wheel everything is about is for; `musl`: the system has that instead.
        """
        return Target(
            platform=platform.uv(have, needed, musl=musl),
            python=python,
            macos=deployment(have) if platform.os == "macos" else None,
            glibc=have if platform.os == "linux" and not musl else None,
        )


@value
class Expectation:
    """What verification must find."""

    devices: tuple[Literal["CPU", "GPU"], ...]
    """The device types that TensorFlow lists."""
    blas: Blas | None
    """The BLAS under NumPy; None: any."""
    arch: str | None
    """The architecture of the process; None: any."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The variables without which this pair computes something else."""


@value
class Selection:
    """The answer to `select(host, ask)`; its JSON form is `ResolveDocument`.

    `requirements` are exact pins and bounds, installed from wheels only; `source_builds` is the part of the answer that
    must be compiled after those are in place (in order, without build isolation). `sdists` are names of distributions
    that have no wheel for this target and may be built from source while the requirements are installed (old releases
    only; empty otherwise). `interpreter` is the interpreter of this host to build on, None when uv should bring one.
    `conda` are match specs of what comes from `conda_channels` (names) under the conda backend, and empty otherwise.
    `settings` are variables of the row's own, `hazards` the known defects of what is chosen. `beside` are the bounds
    that the matrix has for what may come with it, by whatever is resolved with it. `alternatives` are what else
    computes on a GPU that the answer leaves idle: told, and no part of what is installed.
    When `installable` is false only `reasons` (why not), `suggestions` (single changes that would make it so, cheapest
    first) and `rejected` mean anything.
    """

    installable: bool
    row: str | None = None
    accelerator: Accelerator | None = None
    python: str | None = None
    interpreter: Python | None = None
    requirements: tuple[str, ...] = ()
    source_builds: tuple[str, ...] = ()
    sdists: tuple[str, ...] = ()
    conda: tuple[str, ...] = ()
    conda_channels: tuple[str, ...] = ()
    blas: Blas | None = None
    target: Target | None = None
    expect: Expectation | None = None
    backend: Backend = "venv"
    reasons: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    warnings: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    hazards: tuple[Hazard, ...] = ()
    beside: tuple[Beside, ...] = ()
    alternatives: tuple[Offer, ...] = ()

    @property
    def distribution(self) -> str:
        """What the row installs; "" where nothing fits."""
        return self.requirements[0].partition("==")[0].partition("[")[0] if self.requirements else ""

    @property
    def version(self) -> str:
        """The exact version of that; "" where nothing fits."""
        return self.requirements[0].partition("==")[2] if self.requirements else ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that every process of the environment must see: the row's own, and those of the cures."""
        return {**self.settings, **environment_of(self.hazards)}


@value
class Chapter:
    """A part of the long story of an answer: a heading and its lines."""

    title: str
    """What it is about."""
    lines: tuple[tuple[str, str], ...]
    """Pairs of what and why."""
