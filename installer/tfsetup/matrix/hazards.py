"""Known defects: what a distribution computes wrongly, where, and the cure. Data of the matrix, and the choice. Pure.

A hazard speaks of versions of one distribution (`tensorflow-metal`), not of releases of TensorFlow. Its cure are
environment variables that every process must see; what else would avoid it is told, and never done by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from tfsetup.ground.kinds import Bound, Check, Distribution, Prose, Range, RowId, Setting, Slug, Source, Variable
from tfsetup.ground.values import value
from tfsetup.ground.versions import in_range, is_version
from tfsetup.matrix.machine import macos_in


@value
class Cure:
    """What prevents a defect. `environment`: variables that every process of the environment must see; may be empty.

    `because` is what they do, `costs` what they take away. `requirements` are bounds and `program` a setting in the
    user's own code that would avoid the defect instead: both are told, and neither is applied.
    """

    because: Prose
    environment: Mapping[Variable, Setting] = field(default_factory=dict)
    costs: Prose | None = None
    requirements: tuple[Bound, ...] = ()
    program: Prose | None = None


@value
class Hazard:
    """A known defect of some versions of a distribution, in all rows that bring it or in the `rows` named.

    `title` goes on after the distribution and its version (`tensorflow-metal 1.2.0 drops …`); `consequence` is a
    sentence of its own: what that means for the user. `asked_by` are the checks of `verify` that ask a device for it.
    `macos`: the versions of macOS that have it, None for every one. `python`: the Pythons whose wheels have it, where a
    release was built more than once. `evidence` is what is known and how, `source` where a reader finds more.
    """

    id: Slug
    title: Prose
    distribution: Distribution
    versions: Range
    consequence: Prose
    asked_by: tuple[Check, ...]
    cure: Cure
    evidence: tuple[Source, ...]
    source: Source
    rows: tuple[RowId, ...] = ()
    macos: Range | None = None
    python: Range | None = None

    @property
    def affects(self) -> str:
        """What it is about, as a requirement for people: `tensorflow-metal >=1.0,<=1.2`."""
        return f"{self.distribution} {self.versions}" + (f" (Python {self.python})" if self.python else "")


def pins(requirements: Iterable[str]) -> dict[str, str]:
    """Return the exact versions among requirements, by name, as `hazards_of` takes them; extras do not matter."""
    exact = (text.partition("==") for text in requirements if "==" in text)
    return {name.partition("[")[0].strip(): version.partition(";")[0].strip() for name, _, version in exact}


def hazards_of(
    hazards: Sequence[Hazard],
    packages: Mapping[str, str],
    *,
    row: str | None = None,
    macos: str | None = None,
    python: str | None = None,
) -> tuple[Hazard, ...]:
    """Return the hazards that these packages (normalised name → version) have, in the order of the file.

    A row or a macOS that is not known rules nothing out: a cure that was not needed costs little, a missing one a lot.
    A hazard of some Pythons needs the Python (`3.11`, `3.11.4`): the other wheels of that release are right.
    """
    return tuple(hazard for hazard in hazards if _in_packages(hazard, packages) and _here(hazard, row, macos, python))


def _in_packages(hazard: Hazard, packages: Mapping[str, str]) -> bool:
    version = packages.get(hazard.distribution)
    return version is not None and is_version(version) and in_range(hazard.versions, version)


def _here(hazard: Hazard, row: str | None, macos: str | None, python: str | None) -> bool:
    if hazard.rows and row is not None and row not in hazard.rows:
        return False
    known = python is not None and is_version(python)
    if hazard.python is not None and not (known and in_range(hazard.python, str(python))):
        return False
    return hazard.macos is None or macos is None or macos_in(hazard.macos, macos)


def environment_of(hazards: Iterable[Hazard]) -> dict[str, str]:
    """Return the variables that cure these hazards. No two set one variable differently: the matrix refuses that."""
    return {name: value for hazard in hazards for name, value in hazard.cure.environment.items()}
