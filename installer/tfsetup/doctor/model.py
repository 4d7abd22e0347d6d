"""The values of the doctor: what it is given (`Evidence`), what it knows (`Cause`), what it answers (`Diagnosis`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tfsetup.doctor.refusals.model import Why
from tfsetup.ground.values import value
from tfsetup.host.model import Host
from tfsetup.loader.model import Clash, ClashKind, LoadFailure
from tfsetup.loader.model import Kind as LoadFailureKind
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.hazards import Hazard
from tfsetup.matrix.model import Accelerator, Ask, Backend

Check = Literal[
    "not-installed", "two-tensorflows", "two-plugins", "plugin-without-tensorflow", "requirement-missing",
    "requirement-not-met", "wheel-tag", "file-missing", "file-truncated", "file-changed", "file-unreadable",
    "record-missing", "shadowing-file", "conda-and-pip", "quarantined", "translated-python", "no-plugin", "no-avx",
    "disk-full", "shim-without-target", "not-for-this-python", "not-for-this-system", "beside-not-kept",
    "plugin-of-another-tensorflow", "extension-of-another-tensorflow", "cuda-set-complete", "cuda-without-a-build",
    "cuda-wheels-not-found",
]  # fmt: skip
Kind = Literal["fatal", "install", "degraded", "harmless"]
Weight = Literal[
    "proof", "strong", "likely", "possible", "hint", "supports-much", "supports", "weakens", "against", "excludes"
]  # fmt: skip
Verdict = Literal["problem", "healthy", "unknown"]
CurePart = Literal["variables", "program", "requirements"]
Scope = Literal["host", "package", "capture", "hazard", "check"]
Subject = Literal["gpu", "import", "install", "training", "load", "kernel", "numbers", "tensorflow"]
Complaint = Literal[
    "not-used", "not-found", "slow", "slower-by-numbers", "crash", "hang", "wrong", "no-install", "no-import",
    "no-load", "memory",
]  # fmt: skip
Against = Literal["cpu", "elsewhere", "before"]
"""What somebody compares with: the CPU of the same machine, another machine or service, an older version."""
Platform = Literal["macos", "linux", "windows", "wsl"]

HERE: Final = ".venv"  # the environment the fixes are for when none was named


@value
class Observation:
    """Something an inspection of an environment found wrong, as a sentence with its details for the fixes.

    `subject` is a distribution (normalised name) or a path. `captures` may quote metadata that anybody wrote; `looked`
    are paths that the inspection itself found on this machine. `listed`: seen in a list of names and versions alone.
    """

    check: Check
    subject: str
    detail: str
    captures: Mapping[str, str] = field(default_factory=dict)
    looked: Mapping[str, str] = field(default_factory=dict)
    listed: bool = False


@value
class Evidence:
    """Everything the doctor may look at. None means "not at hand", which is not the same as empty.

    `packages` maps normalised names to versions; `whole` says that the list is complete, so that a name not in it is
    not installed. `prefix` is the environment the fixes are for, as the user would type it. `environment` are the
    variables of the cures of known defects that a process of it really sees, None: nobody looked. `wrong_checks` are
    the names of verify's checks by which a device gave wrong results.
    """

    log: str | None = None
    host: Host | None = None
    packages: Mapping[str, str] | None = None
    whole: bool = False
    observations: tuple[Observation, ...] | None = None
    failures: tuple[LoadFailure, ...] | None = None
    clashes: tuple[Clash, ...] = ()
    prefix: str | None = None
    environment: Mapping[str, str] | None = None
    wrong_checks: frozenset[str] = frozenset()


@value
class Condition:
    """A test of one fact: a host fact, a `package`, `capture`, `hazard` or `check`; `test` is what it must be."""

    scope: Scope
    fact: str
    test: bool | str | tuple[str, ...]


When = tuple[tuple[Condition, ...], ...]
"""Clauses, of which one must hold: conditions that hold together."""


@value
class Wanted:
    """A claim of people: one of `complaints` about one of `subjects` (none: any), compared with one of `than`."""

    complaints: tuple[Complaint, ...]
    subjects: tuple[Subject, ...] = ()
    than: tuple[Against, ...] = ()


@value
class Signal:
    """Something that speaks for or against a cause, `weight` strongly.

    Exactly one of `log` (any of these patterns), `prose` (one pattern of each group, whatever its capitals), `claim`
    (what sentences say), `preflight`, `check`, `refusal` or none of them (then `when` alone decides). A log signal may
    need one pattern of each group in `also` and none of `without` anywhere in the log; `without` of a prose signal or a
    claim is written in small letters too. `refusal` are reasons for which installers refuse something; `weight` is that
    of the only one that explains it, and `subject` the distribution that is refused, or asks for what is: what is said
    of one is not said of it in general.
    Patterns are as they are written (`pattern.py`): compiled is one only when its anchor was found.
    """

    weight: Weight
    log: tuple[str, ...] = ()
    prose: tuple[tuple[str, ...], ...] = ()
    claim: Wanted | None = None
    also: tuple[tuple[str, ...], ...] = ()
    without: tuple[str, ...] = ()
    preflight: LoadFailureKind | ClashKind | None = None
    image: str = ""
    check: Check | None = None
    refusal: tuple[Why, ...] = ()
    subject: str = ""
    when: When = ()

    @property
    def source(self) -> bool:
        """Whether it is something that can be seen, and not a fact that fits."""
        return bool(self.log or self.prose or self.claim or self.preflight or self.check or self.refusal)


@value
class Rebuild:
    """A new generation of the environment at `prefix`; the rest are options of `tfsetup install`, None: not given.

    It is shown by `actions.command`, and `--fix` carries it out as it is: no text is ever parsed back.
    """

    prefix: str = HERE
    tensorflow: str | None = None
    accelerator: Accelerator | None = None
    backend: Backend | None = None
    python: str | None = None

    def ask(self) -> Ask:
        """Return what the matrix is asked."""
        return Ask(
            tensorflow=self.tensorflow,
            accelerator=self.accelerator or "auto",
            python=self.python,
            backend=self.backend or "auto",
        )


@value
class Fix:
    """One step or command. `platforms` empty: all of them. `rebuild`: what tfsetup can carry out itself, if it can.

    `cure` is a part of the cure of a known defect; its words are the matrix's. Of a rebuild, and of a cure until its
    words are filled in, `do` is what is remarked behind them.
    """

    do: str
    cure: tuple[str, CurePart] | None = None
    platforms: tuple[Platform, ...] = ()
    when: When = ()
    rebuild: Rebuild | None = None


@value
class Cause:
    """A root cause: its stable slug, what it means, what speaks for it, and fixes from least to most drastic."""

    slug: str
    title: str
    meaning: str
    kind: Kind
    signals: tuple[Signal, ...]
    fixes: tuple[Fix, ...]


@value
class Learned:
    """What reports of the causes have in common, by their words. `rarity`: log of the share of reports without a term.

    `causes`: the mean of a cause's reports, a vector of length 1 over their terms.
    """

    rarity: Mapping[str, float] = field(default_factory=dict)
    causes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@value
class Knowledge:
    """What the doctor knows. `aliases` maps a distribution to the names under which the same thing is published.

    `family`: normalised names of the distributions that a fix may name because evidence does. `hazards` are the known
    defects of the matrix, `matrix` is what packages are judged by; None: they are not. `learned` is what is left to
    say of a text in which no sign of any cause was seen.
    """

    causes: tuple[Cause, ...]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    family: frozenset[str] = frozenset()
    hazards: tuple[Hazard, ...] = ()
    matrix: Matrix | None = None
    learned: Learned = Learned()


@dataclass(frozen=True, slots=True)
class Step:
    """A fix as people read it, and the same as a value where tfsetup can carry it out."""

    text: str
    rebuild: Rebuild | None = None


@value
class Finding:
    """A cause that fits; `evidence` are quoted lines and facts, `steps` what to type or do, least drastic first."""

    cause: str
    confidence: float
    title: str
    evidence: tuple[str, ...]
    explanation: str
    steps: tuple[Step, ...]
    kind: Kind

    @property
    def fix(self) -> tuple[str, ...]:
        """The steps as people read them."""
        return tuple(step.text for step in self.steps)


@value
class Diagnosis:
    """The answer: `findings` most likely first; `needs` are facts that would decide between look-alikes.

    `verdict` is `problem` (a finding that is not harmless), `healthy` (nothing wrong was found, and something that
    works was seen) or `unknown` (the log has lines that say that something failed, or in which somebody complains, and
    no cause explains them: `unexplained`; or nothing at all to judge). `contradictions` are sentences about the log and
    the host file that cannot both be true of one machine; `advice` are lines in which the log says itself what to do;
    `questions` are what to ask or to try where a text alone cannot decide.
    """

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    needs: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return self.verdict == "healthy"
