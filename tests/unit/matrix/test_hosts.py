"""Replayed machines: the expected answers stand beside each host file, one for each accelerator asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.matrix import CASES, shipped
from tfsetup.host.file import read_host
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.model import Ask

HOSTS = sorted(path for path in (CASES / "hosts").glob("*.json") if not path.name.endswith(".expected.json"))


def test_there_are_enough_of_them() -> None:
    assert len(HOSTS) >= 25


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.stem)
def test_a_replayed_machine(path: Path) -> None:
    expected: list[dict[str, Any]] = json.loads(path.with_suffix(".expected.json").read_text(encoding="utf-8"))
    host = read_host(path)
    assert [case["accelerator"] for case in expected][:2] == ["auto", "cpu"]
    for case in expected:
        answer = select(host, Ask(accelerator=case["accelerator"]), shipped())
        assert answer.row == case["row"]
        if answer.installable:
            assert answer.target is not None
            found = {
                "python": answer.python,
                "requirements": list(answer.requirements),
                "blas": answer.blas,
                "platform": answer.target.platform,
                "interpreter": answer.interpreter.path if answer.interpreter else None,
            }
        else:
            found = {"because": answer.reasons[0], "suggestions": list(answer.suggestions)}
        assert found == {key: value for key, value in case.items() if key not in {"accelerator", "row"}}


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.stem)
def test_exactly_one_row_wins_or_every_row_says_why(path: Path) -> None:
    answer = select(read_host(path), Ask(), shipped())
    rows = [row.id for row in shipped().rows]
    assert [r.row for r in answer.rejected] == [row for row in rows if row != answer.row]
    assert all(r.reason for r in answer.rejected)
