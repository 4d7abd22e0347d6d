"""A machine as cases of the tests: its host file, what is chosen for it, and its verification. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tfsetup.ground.encode import encode
from tfsetup.host.describe import describe
from tfsetup.host.model import Host
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import read_chips
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Accelerator, Ask, Expectation, Selection
from tfsetup.verify.judge import judge
from tfsetup.verify.model import ProbeOutcome, Verification

_ASKS: Final[Mapping[str, tuple[Accelerator, ...]]] = {
    "macos": ("auto", "cpu", "metal"),
    "linux": ("auto", "cpu", "cuda"),
}


def host_case(host: Host) -> dict[str, Any]:
    """Return the host file of tests/cases/hosts: the facts, without where each came from."""
    return {name: value for name, value in encode(host).items() if name != "sources"}


def answers_case(host: Host, matrix: Matrix) -> list[dict[str, Any]]:
    """Return what is chosen for a machine under each accelerator, as `NAME.expected.json` has it."""
    asks = _ASKS.get(host.os or "", ("auto", "cpu"))
    return [_answer(one, select(host, Ask(accelerator=one), matrix)) for one in asks]


def _answer(accelerator: Accelerator, found: Selection) -> dict[str, Any]:
    asked: dict[str, Any] = {"accelerator": accelerator, "row": found.row}
    if not found.installable or found.target is None:
        return asked | {"because": found.reasons[0], "suggestions": list(found.suggestions)}
    return asked | {
        "python": found.python, "requirements": list(found.requirements), "blas": found.blas,
        "platform": found.target.platform, "interpreter": found.interpreter.path if found.interpreter else None,
    }  # fmt: skip


def line_case(name: str, host: Host) -> str:
    """Return the machine in one line, as tests/cases/host/lines has it."""
    return f"{name}: {describe(host)}\n"


def verify_case(
    source: str, outcome: ProbeOutcome, expectation: Expectation | None, host: Host, matrix: Matrix
) -> dict[str, Any]:
    """Return a case of tests/cases/verify: the run of the probe, and the verdict that it gets today."""
    found = judge(outcome, expectation, host, gpus=matrix.gpus, chips=read_chips())
    case = {"source": source, "outcome": encode(outcome)}
    if expectation is not None:
        case |= {"expectation": encode(expectation)}
    return case | {"host": host_case(host), "want": _want(found)}


def _want(found: Verification) -> dict[str, Any]:
    said = (f"{one.severity}: {one.title}" for one in found.findings if one.severity != "note")
    return {
        "ok": found.ok, "devices": {one.name: one.status for one in found.devices},
        "failure": found.failure.kind if found.failure else None, "findings": list(said),
    }  # fmt: skip


def cases(
    name: str, host: Host, outcome: ProbeOutcome | None, expectation: Expectation | None, matrix: Matrix, source: str
) -> Iterator[tuple[str, str]]:
    """Yield path below tests/cases and text of each file. `outcome` None: there was no environment to verify."""
    yield f"hosts/{name}.json", _text(host_case(host))
    yield f"hosts/{name}.expected.json", _text(answers_case(host, matrix))
    yield f"host/lines/{name}.txt", line_case(name, host)
    if outcome is not None:
        yield f"verify/{name}.json", _text(verify_case(source, outcome, expectation, host, matrix))


def _text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
