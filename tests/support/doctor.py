"""Log fixtures of the doctor: a JSON line (cause, host, packages), then the log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tfsetup.doctor import weights
from tfsetup.doctor.diagnose import LIKE, diagnose
from tfsetup.doctor.gather import informed_by
from tfsetup.doctor.model import Diagnosis, Evidence, Knowledge
from tfsetup.host.file import parse_host
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_matrix

LOGS = Path(__file__).parents[1] / "cases" / "doctor" / "logs"

# Reports whose words are the same; which of them it is, only facts can tell that a report often does not give.
LOOK_ALIKES = (
    {"rosetta-no-avx", "cpu-no-avx", "emulated-x86-container-no-avx", "tf-requires-newer-cpu-than-avx"},
    {
        "no-wheel-for-python-version", "no-wheel-for-platform", "python-32bit", "macos-platform-tag", "pip-too-old",
        "x86-python-on-apple-silicon", "x86-mac-no-wheel-for-version", "no-wheel-musl",
    },
    {"cuda-libs-missing", "cuda-version-mismatch", "nvidia-driver-not-visible"},
    # What a lock tool leaves out is the target of the empty package: one is how it came about, the other what is there.
    {"incomplete-install-shim-without-target", "lock-tool-foreign-metadata"},
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class LogCase:
    """A fixture: `cause` is None for a log that has none of the doctor's."""

    name: str
    cause: str | None
    host: Host | None
    packages: dict[str, str]
    log: str

    def diagnose(self) -> Diagnosis:
        """Return the doctor's answer, worked out once a session."""
        return _answer(self.name)

    def ask(self) -> Diagnosis:
        """Ask the doctor."""
        return diagnose(Evidence(log=self.log, host=self.host, packages=self.packages or None), knowledge())


def log_case(path: Path) -> LogCase:
    """Read a fixture."""
    head, _, log = path.read_text(encoding="utf-8").partition("\n")
    facts = json.loads(head)
    host = parse_host(json.dumps(facts["host"]), path.name) if "host" in facts else None
    return LogCase(name=path.stem, cause=facts["cause"], host=host, packages=facts.get("packages", {}), log=log)


@cache
def knowledge() -> Knowledge:
    """What the doctor knows with the matrix that comes with tfsetup."""
    return informed_by(read_matrix())


def merely_resembles(found: Diagnosis) -> bool:
    """Return whether no more is said than that the words are like those of other reports."""
    alike = (one.evidence[0].startswith(LIKE) and one.confidence <= weights.ALIKE_MOST for one in found.findings)
    return found.verdict == "unknown" and bool(found.unexplained) and bool(found.findings) and all(alike)


@cache
def log_cases() -> tuple[LogCase, ...]:
    """Read all fixtures, in the order of their names."""
    return tuple(log_case(path) for path in sorted(LOGS.glob("*.txt")))


@cache
def _answer(name: str) -> Diagnosis:
    return next(case for case in log_cases() if case.name == name).ask()


def command_of(fix: str) -> str:
    """Return the command of a fix without the remark behind it."""
    return fix.partition(" # ")[0].strip()


def same(one: str, other: str) -> bool:
    """Return whether two causes are the same, or cannot be told apart by a log."""
    return one == other or any(one in group and other in group for group in LOOK_ALIKES)
