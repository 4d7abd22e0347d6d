"""Public reports of failures as the doctor is scored on them: a JSON object a line, with a log, facts and its cause.

Besides `log` and `root_cause` an object may have `also_ok` (causes that the text cannot tell apart), `os`,
`os_version`, `arch`, `rosetta`, `python` and `packages`. Such collections are not part of this repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.gather import parse_machine, parse_packages
from tfsetup.doctor.model import Diagnosis, Evidence, Knowledge
from tfsetup.errors import Code
from tfsetup.host.model import Host
from tfsetup.report.doctor import outcome

NOT_OURS = frozenset(("unknown", "not-installation"))
FINE = NOT_OURS | {"harmless-message"}
CLAIMED = 0.5  # from here on an answer claims to know the cause
CONFIDENT = 0.8
_WHOLE = 10  # packages are a whole environment; `workflows/diagnose.py` has the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One report. `causes`: every answer that counts as right."""

    name: str
    causes: frozenset[str]
    fails: bool
    log: str
    host: Host | None
    packages: Mapping[str, str]

    def evidence(self) -> Evidence:
        """Return what the doctor is given."""
        whole = len(self.packages) >= _WHOLE
        return Evidence(log=self.log, host=self.host, packages=self.packages or None, whole=whole)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """What the doctor said of a report, and whether it was right."""

    report: Report
    diagnosis: Diagnosis

    @property
    def cause(self) -> str:
        """The first finding; `unknown` for none."""
        return self.diagnosis.findings[0].cause if self.diagnosis.findings else "unknown"

    @property
    def confidence(self) -> float:
        """How sure the doctor is of it."""
        return self.diagnosis.findings[0].confidence if self.diagnosis.findings else 0.0

    @property
    def right(self) -> bool:
        """Whether that is the cause; where there is none to know, whether none is claimed."""
        nothing_claimed = not self.diagnosis.findings or self.confidence < CLAIMED
        return self.cause in self.report.causes or bool(self.report.causes & NOT_OURS and nothing_claimed)

    @property
    def passed_over(self) -> bool:
        """Whether a failure ends with exit status 0."""
        code: Code | None = outcome(self.diagnosis)
        return self.report.fails and code is None


def read_reports(paths: Iterable[Path]) -> Iterator[Report]:
    """Yield the reports of files in JSON lines."""
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield parse_report(json.loads(line))


def parse_report(item: Mapping[str, Any]) -> Report:
    """Return one report from its JSON object."""
    listed = [{"name": name, "version": str(version)} for name, version in (item.get("packages") or {}).items()]
    return Report(
        name=str(item.get("id", "")),
        causes=frozenset((item["root_cause"], *(item.get("also_ok") or ()))),
        fails=item["root_cause"] not in FINE,
        log=item["log"],
        host=_host(item),
        packages=parse_packages(json.dumps(listed)),
    )


def score(reports: Iterable[Report], knowledge: Knowledge) -> list[Scored]:
    """Ask the doctor about each."""
    return [Scored(report=one, diagnosis=diagnose(one.evidence(), knowledge)) for one in reports]


def reliability(scored: Sequence[Scored], edges: Sequence[float]) -> dict[tuple[float, float], tuple[int, int]]:
    """Return for each band of confidence (from, below) how many answers were right, of how many."""
    table = {}
    for low, high in zip(edges, (*edges[1:], 1.01), strict=True):
        band = [one for one in scored if low <= one.confidence < high and one.diagnosis.findings]
        table[low, high] = (sum(one.right for one in band), len(band))
    return table


def _host(item: Mapping[str, Any]) -> Host | None:
    wsl = item.get("os") == "wsl"
    facts = {
        "os": "linux" if wsl else item.get("os"), "os_version": item.get("os_version"), "arch": item.get("arch"),
        "rosetta": item.get("rosetta"), "wsl": wsl or None,
        "pythons": [{"version": item["python"]}] if item.get("python") else None,
    }  # fmt: skip
    told = {name: value for name, value in facts.items() if value is not None}
    return parse_machine(json.dumps(told), "host")[0] if told else None
