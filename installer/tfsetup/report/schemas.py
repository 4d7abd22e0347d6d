"""Which type each command answers with, and the JSON schemas made of them: the one table of `tfsetup schema`.

A document is open: keys may be added in a later version, and a reader passes over those it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tfsetup.envs.model import Receipt
from tfsetup.ground.schema import DIALECT, schema, schemas
from tfsetup.host.model import Host
from tfsetup.loader.report import Note
from tfsetup.report.doctor_document import DoctorDocument, UnfixedDocument
from tfsetup.report.explained import ExplainedDocument
from tfsetup.report.host import HostDocument
from tfsetup.report.install_document import InstallDocument, NotInstallable
from tfsetup.report.matrix import MatrixFinding
from tfsetup.report.preflight import PreflightDocument
from tfsetup.report.resolve import ResolveDocument
from tfsetup.report.result import Envelope, ErrorDocument
from tfsetup.report.verify_document import VerifyDocument
from tfsetup.upkeep.check import MatrixChecked
from tfsetup.upkeep.overview import MatrixShown
from tfsetup.upkeep.update import MatrixUpdated
from tfsetup.verify.model import Finding as VerifyFinding
from tfsetup.workflows.caches import Caches
from tfsetup.workflows.locked import Locked
from tfsetup.workflows.maintain import Collected, Listed, NotWhole, Removed, RolledBack
from tfsetup.workflows.ops import Operations


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaDocument:
    """JSON schemas."""

    schemas: Mapping[str, Mapping[str, Any]]
    """By the name of the command or of the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a command answers with: one of `data`, and `findings` of one type (None: never any)."""

    data: tuple[type, ...]
    findings: type | None = None


ANSWERS: Final = {
    "host": Answer(data=(HostDocument,)),
    "resolve": Answer(data=(ResolveDocument, ExplainedDocument)),
    "lock": Answer(data=(Locked,), findings=VerifyFinding),
    "preflight": Answer(data=(PreflightDocument,), findings=Note),
    "ops": Answer(data=(Operations,)),
    "verify": Answer(data=(VerifyDocument,), findings=VerifyFinding),
    "doctor": Answer(data=(DoctorDocument, UnfixedDocument)),
    "install": Answer(data=(InstallDocument, NotInstallable), findings=VerifyFinding),
    "list": Answer(data=(Listed,)),
    "rollback": Answer(data=(RolledBack, NotWhole)),
    "remove": Answer(data=(Removed,)),
    "gc": Answer(data=(Collected,)),
    "cache": Answer(data=(Caches,)),
    "matrix show": Answer(data=(MatrixShown,)),
    "matrix check": Answer(data=(MatrixChecked,), findings=MatrixFinding),
    "matrix update": Answer(data=(MatrixUpdated,), findings=MatrixFinding),
    "schema": Answer(data=(SchemaDocument,)),
}
"""By the full name of a command."""

FILES: Final[Mapping[str, type]] = {"host-file": Host, "receipt": Receipt}
"""Files that people or other programs read or write, by the name of their schema."""


def names() -> list[str]:
    """Return the name of every schema."""
    return [*ANSWERS, *FILES]


def schema_of(name: str) -> dict[str, Any]:
    """Return a schema by its name; of a command it is that of the whole JSON document.

    Raises:
        KeyError: there is none of this name.
    """
    return _document(name, ANSWERS[name]) if name in ANSWERS else schema(FILES[name], f"tfsetup {name}")


def _document(command: str, answer: Answer) -> dict[str, object]:
    kinds = [*answer.data, *([answer.findings] if answer.findings else [])]
    (whole, error, *parts), definitions = schemas([Envelope, ErrorDocument, *kinds])
    data, findings = parts[: len(answer.data)], parts[len(answer.data) :]
    refused = {"data": {"maxProperties": 0}, "findings": {"maxItems": 0}, "error": error}
    answered = {
        "data": data[0] if len(data) == 1 else {"anyOf": data},
        "findings": {"items": findings[0]} if findings else {"maxItems": 0},
        "error": {"type": "null"},
    }
    return {
        "$schema": DIALECT,
        "title": f"tfsetup {command} --json",
        **whole,
        "properties": {"command": {"const": command}},
        "if": {"properties": {"status": {"const": "error"}}},
        "then": {"properties": refused},
        "else": {"properties": answered},
        "$defs": definitions,
    }
