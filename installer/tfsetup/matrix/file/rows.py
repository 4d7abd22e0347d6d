"""The types of `environments/matrix.yaml`: rows, their rules, and what holds for all rows.

Field names are the file's; `matrix.schema.json` and the decoder are made from these classes. Ranges speak of releases
of TensorFlow unless the field says otherwise, versions are always text in quotes.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from tfsetup.errors import Where
from tfsetup.ground.kinds import (
    Bound,
    Capability,
    Channel,
    CondaBuild,
    CondaName,
    Distribution,
    ExactVersion,
    Extra,
    Feature,
    Gfx,
    Minor,
    Numbers,
    Prose,
    Range,
    RowId,
    Setting,
    Source,
    Text,
    Variable,
)
from tfsetup.ground.platforms import Arch, Os
from tfsetup.ground.values import value
from tfsetup.host.model import GpuVendor
from tfsetup.matrix.beside import Beside
from tfsetup.matrix.extensions import Extension
from tfsetup.matrix.facts import Index, Release, Wheels
from tfsetup.matrix.hazards import Hazard
from tfsetup.matrix.model import Blas
from tfsetup.matrix.removed import Removed

RowAccelerator = Literal["cpu", "metal", "cuda", "rocm"]


@value
class When:
    """On which machines a row applies. `arch` is the hardware's, `interpreter` the Python's where it differs.

    `gpu` is a vendor that must be present. `by_version`: only for an ask that names a version. `xcode_clt`: Xcode's
    command line tools are needed. `rosetta`: only a process that Apple's translator runs.
    """

    os: Os
    arch: Arch
    interpreter: Arch | None = None
    rosetta: bool = False
    gpu: GpuVendor | None = None
    xcode_clt: bool = False
    by_version: bool = False


@value
class Pair:
    """Which plugin goes with which TensorFlow (on which `macos`); the first pair that fits the machine is taken."""

    tensorflow: Range
    plugin: ExactVersion
    because: Prose
    source: Source
    macos: Range | None = None


@value
class Plugin:
    """A device plugin: prebuilt wheels, or sources compiled after TensorFlow is in place."""

    distribution: Distribution
    build: Literal["wheel", "source"]
    pairs: tuple[Pair, ...]


@value
class Rule:
    """One thing that is true of some releases (`tensorflow`: which; without it, all of the row).

    Requirements on the machine: `cpu` (a CPU feature), `driver` (NVIDIA's, at least; with `newest` an older release is
    not taken instead under `--accelerator auto`, the row is left), `capability` and `capability_most` (CUDA
    compute capability, at least and at most), `gfx` (AMD's names of the GPUs there is code for), `python` and `macos`
    (versions that work). `verdict`: `refuse` the release, `avoid` it while another fits, or take it only when the
    accelerator is `asked` for by name and no other fits: `auto` leaves the row.
    What is added: `add` (bounds), `extras` (of the row's distribution), `sdists` (distributions that have
    no wheels and must be compiled). `warn`: say `because` when the release
    is chosen. `on_python`: what is added, and the warning, hold for these Pythons only. `on_capability`: the whole rule
    holds for NVIDIA GPUs of these compute capabilities only; one whose capability is not known is none of them.
    """

    because: Prose
    source: Source
    tensorflow: Range | None = None
    cpu: Feature | None = None
    driver: Numbers | None = None
    newest: bool = False
    capability: Numbers | None = None
    capability_most: Numbers | None = None
    gfx: tuple[Gfx, ...] = ()
    python: Range | None = None
    macos: Range | None = None
    verdict: Literal["refuse", "avoid", "asked"] | None = None
    add: tuple[Bound, ...] = ()
    extras: tuple[Extra, ...] = ()
    sdists: tuple[Distribution, ...] = ()
    on_python: Range | None = None
    on_capability: Range | None = None
    warn: bool = False


@value
class BlasRule:
    """Which BLAS NumPy brings: the first rule that fits decides.

    `numpy` are the NumPy releases whose wheels have it; `check` compares them with what TensorFlow requires.
    """

    use: Blas
    source: Source
    tensorflow: Range | None = None
    numpy: Range | None = None
    macos: Range | None = None


@value
class CondaBlas:
    """Which build of the BLAS switch a conda environment gets, as an exact build; the first rule that fits decides."""

    package: CondaName
    build: CondaBuild
    use: Blas
    source: Prose
    os: Os
    macos: Range | None = None


@value
class CondaSupply:
    """What comes from conda channels under `--backend conda`, besides Python; the index supplies the rest.

    `macos` is the oldest macOS that a conda lock for a team is made for.
    """

    channels: tuple[Channel, ...]
    packages: tuple[CondaName, ...]
    macos: Numbers
    blas: tuple[CondaBlas, ...]
    source: Prose


@value
class CondaRelease:
    """TensorFlow itself from the channel, instead of the row's distribution: the package and perhaps its build."""

    package: CondaName
    source: Prose
    build: CondaBuild | None = None


@value
class Row:
    """One line of the matrix.

    `auto`: whether `--accelerator auto` takes the row `first`, `then`, or `never`; `asked`: first, but only for an ask
    that names a version. `tier`: 0 for the usual choice, higher for a last resort, only taken when no lower one fits.
    `python`: preferred when the machine leaves the choice. `reuse`: which Pythons of the machine are good enough not to
    bring another; the rest are used when none can be brought. `conda`: under `--backend conda` TensorFlow is of the
    channel too, and not of the index. `environment`: variables that the row needs in every process, defect or not.

    Several distributions are one thing: they own the same folder, and of them an environment holds one. `gives_way_to`
    is the name that takes the place of `distribution` as soon as anything else in a resolution requires it.
    `keeps_out` are names for what `distribution` already is: whoever requires one of them is served by it.
    """

    id: RowId
    title: Prose
    when: When
    accelerator: RowAccelerator
    auto: Literal["first", "asked", "then", "never"]
    distribution: Distribution
    versions: Range
    python: Minor
    source: Source
    reuse: Range | None = None
    tier: int = 0
    plugin: Plugin | None = None
    rules: tuple[Rule, ...] = ()
    blas: tuple[BlasRule, ...] = ()
    conda: CondaRelease | None = None
    environment: Mapping[Variable, Setting] = field(default_factory=dict)
    gives_way_to: Distribution | None = None
    keeps_out: tuple[Distribution, ...] = ()


@value
class Refusal:
    """Machines or asks for which nothing exists, and the words for it.

    All fields that are set must match; `accelerator` compares with what was asked for.
    """

    because: Prose
    source: Source
    os: Os | None = None
    arch: tuple[Arch, ...] = ()
    libc: Literal["glibc", "musl"] | None = None
    accelerator: RowAccelerator | None = None
    rosetta: bool = False


@value
class Fault:
    """What has been seen to go wrong on a GPU, whatever computes on it. `macos`: on these; None: on any.

    `what` is shown to people as it stands, and names who saw it where that was not TensorFlow.
    """

    what: Prose
    source: Source
    macos: Range | None = None


@value
class GpuModel:
    """What GPUs are, whose driver does not say: `names` are words that stand in the name of each of them.

    `virtual`: it is what a virtual machine shows, and no piece of hardware. `faults` are known of it.
    """

    vendor: GpuVendor
    names: tuple[Text, ...]
    source: Source
    capability: Capability | None = None
    gfx: Gfx | None = None
    virtual: bool = False
    faults: tuple[Fault, ...] = ()


@value
class MatrixFile:
    """The content of one matrix file. `rules` hold for every row.

    `remove` names rows, hazards and `beside` of earlier files.

    `proven`: the newest release of TensorFlow that `tfsetup matrix check` has passed with. `companions`: distributions
    whose bounds are compared with what the index has. `conda` of a later file replaces that of an earlier one.
    `hazards` are known defects, `beside` bounds that hold wherever a distribution is locked; one of a later file
    replaces that of the same id. `gpus`: models whose driver does not say what they are, those of a later file first.
    `removed` are modules and names that a later version took away, `extensions` packages built for one TensorFlow.
    """

    schema: Literal[1]
    proven: ExactVersion | None = None
    companions: tuple[Distribution, ...] = ()
    rows: tuple[Row, ...] = ()
    rules: tuple[Rule, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    conda: CondaSupply | None = None
    hazards: tuple[Hazard, ...] = ()
    gpus: tuple[GpuModel, ...] = ()
    beside: tuple[Beside, ...] = ()
    removed: tuple[Removed, ...] = ()
    extensions: tuple[Extension, ...] = ()
    remove: tuple[RowId, ...] = ()


@value
class RowRelease:
    """What is known of a release for a row on any machine.

    `wheels` are those for the row's system and processes; of all `rules`, `machine` may refuse a machine, and `pythons`
    speak of versions of Python.
    """

    release: Release
    wheels: tuple[Wheels, ...]
    rules: tuple[Rule, ...]
    machine: tuple[Rule, ...]
    pythons: tuple[tuple[str, str], ...]


Marks = Mapping[tuple[str | int, ...], Where]


@value
class Matrix:
    """Rows and index facts together: all that `select` needs besides the host and the ask.

    `marks`: where each field stands, by path: row id, then names and positions (`("linux-x86_64-cpu", "python")`).
    `offers` is what was worked out of a row's release before, for any machine: a matrix with anything else has its own.
    """

    rows: tuple[Row, ...]
    index: Index
    rules: tuple[Rule, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    proven: str | None = None
    companions: tuple[str, ...] = ()
    conda: CondaSupply | None = None
    hazards: tuple[Hazard, ...] = ()
    gpus: tuple[GpuModel, ...] = ()
    beside: tuple[Beside, ...] = ()
    removed: tuple[Removed, ...] = ()
    extensions: tuple[Extension, ...] = ()
    marks: Marks = field(default_factory=dict)
    offers: dict[tuple[int, str], tuple[Row, RowRelease | None]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
