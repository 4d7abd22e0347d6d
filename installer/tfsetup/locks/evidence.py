"""What was found about a row of the matrix, as a text to keep: the same bytes for the same finding. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tfsetup.ground.encode import encode
from tfsetup.host.model import Host
from tfsetup.locks.model import LockedPackage, Origin
from tfsetup.locks.proof import Proof, Verdict

SCHEMA = 1
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What the preflight found about the answer of a row with one Python: the files, the machine, the verdict."""

    origin: Origin
    host: Host
    packages: tuple[LockedPackage, ...]
    proof: Proof

    @property
    def verdict(self) -> Verdict:
        """The proof's verdict; a plugin that is compiled on the machine cannot be said to load before it is there."""
        return "undecided" if self.proof.verdict == "loads" and self.origin.source_builds else self.proof.verdict

    @property
    def read(self) -> bool:
        """Whether any file was opened: else the proof says nothing about the row, only about this attempt."""
        return self.proof.verdict != "undecided" or self.proof.images > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """All that was found about a row, its own Python first. `because`: why there is nothing to judge."""

    row: str
    findings: tuple[Finding, ...] = ()
    because: str = ""

    @property
    def verdict(self) -> Verdict:
        """`fails` when it fails with any Python: there, the row has no release that would load."""
        found = {finding.verdict for finding in self.findings}
        order: tuple[Verdict, ...] = ("fails", "undecided", "loads")
        return next((verdict for verdict in order if verdict in found), "undecided")

    @property
    def error(self) -> str | None:
        """The first failure, with the Python it happened on."""
        failing = next((finding for finding in self.findings if finding.verdict == "fails"), None)
        return f"Python {failing.origin.python}: {_first(failing.proof)}" if failing else None

    @property
    def readable(self) -> bool:
        """Whether it is worth keeping: a file that could not be read today must not replace what was found before."""
        return all(finding.read for finding in self.findings)


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceDocument:
    """The content of `environments/evidence/<row>.json`."""

    schema: int = SCHEMA
    """The number of this form."""
    row: str
    """The row of the matrix."""
    verdict: Verdict
    """`fails` when it fails with any Python."""
    because: str
    """Why there is nothing to judge; "" where there is."""
    judged: tuple[JudgedDocument, ...]
    """What was judged, the row's own Python first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedDocument:
    """What was found about the answer of a row with one Python."""

    python: str
    """The Python, `X.Y`."""
    requirements: tuple[str, ...]
    """The row's requirements."""
    wheels: tuple[WheelDocument, ...]
    """The files of TensorFlow and its plugin that were judged, sorted by name."""
    packages: int
    """How many packages were judged, with what these require."""
    target: TargetDocument
    """The machine."""
    subject: str
    """The fingerprint of what was judged, in hex."""
    images: int
    """How many libraries were opened."""
    verdict: Verdict
    """Whether it would load."""
    error: str | None
    """The first failure, in the loader's words."""
    also: tuple[str, ...]
    """The other failures."""
    undecided: tuple[str, ...]
    """Why there is no verdict."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelDocument:
    """One file: exactly this one."""

    name: str
    """Its name, which carries its tags."""
    sha256: str
    """The fingerprint of its bytes, in hex."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetDocument:
    """The machine that a prediction is for: the plainest one of a row."""

    os: str | None
    """The operating system."""
    os_version: str | None
    """Its version; None on Linux."""
    arch: str | None
    """The architecture."""
    libc: str | None
    """The C library and its version; None elsewhere than on Linux."""
    platform: str
    """The target in uv's words."""


def render_evidence(evidence: Evidence, names: Collection[str]) -> str:
    """Return the text of `environments/evidence/<row>.json`; wheels are listed of the distributions in `names` only."""
    document = EvidenceDocument(
        row=evidence.row,
        verdict=evidence.verdict,
        because=bare(evidence.because),
        judged=tuple(_judged(finding, names) for finding in evidence.findings),
    )
    return json.dumps(encode(document), indent=1, ensure_ascii=False) + "\n"


def bare(text: str) -> str:
    """Return the text without addresses: which mirror a file came from is no part of what was found."""
    return _ADDRESS.sub("(address)", text)


def _judged(finding: Finding, names: Collection[str]) -> JudgedDocument:
    origin, host, proof = finding.origin, finding.host, finding.proof
    fails = proof.verdict == "fails"
    reasons = tuple(bare(reason) for reason in proof.reasons)
    compiled = tuple(f"{name} is compiled on the machine" for name in origin.source_builds)
    return JudgedDocument(
        python=origin.python,
        requirements=origin.requirements,
        wheels=_wheels(finding.packages, names),
        packages=len(finding.packages),
        target=TargetDocument(
            os=host.os,
            os_version=host.os_version,
            arch=host.arch,
            libc=f"{host.libc.name} {host.libc.version}" if host.libc else None,
            platform=origin.platform,
        ),
        subject=proof.subject,
        images=proof.images,
        verdict=finding.verdict,
        error=bare(_first(proof)) if fails else None,
        also=reasons[1:] if fails else (),
        undecided=(*(reasons if proof.verdict == "undecided" else ()), *compiled),
    )


def _wheels(packages: Sequence[LockedPackage], names: Collection[str]) -> tuple[WheelDocument, ...]:
    files = (file for package in packages if package.name in names for file in package.files)
    found = (WheelDocument(name=file.filename, sha256=file.sha256) for file in files)
    return tuple(sorted(found, key=lambda wheel: wheel.name))


def _first(proof: Proof) -> str:
    return proof.reasons[0] if proof.reasons else "it would not load"
