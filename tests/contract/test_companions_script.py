"""`scripts/companions`: what it calls written, refused, wrong and undecided, and its table."""

from __future__ import annotations

import json
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "companions"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = SourceFileLoader("companions_script", str(SCRIPT))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def answer(message: str, where: str | None = None) -> str:
    return json.dumps({"error": {"code": "x", "message": message, "hint": "", "where": where}})


@pytest.mark.parametrize(
    ("status", "output", "found"),
    [
        (0, "{}", None),
        (7, answer("does not\nfit"), ("refused", "does not fit")),
        (3, answer("no", "team.yaml:2:16"), ("refused", "no (team.yaml:2:16)")),
        (4, answer("nothing"), ("refused", "nothing")),
        (5, answer("no answer"), ("undecided", "exit status 5: no answer")),
        (6, answer("uv failed"), ("wrong", "exit status 6: uv failed")),
        (1, answer("a bug"), ("wrong", "exit status 1: a bug")),
        (7, answer(""), ("wrong", "exit status 7 without a reason")),
        (7, '{"error": null}', ("wrong", "exit status 7 without a reason")),
        (139, "", ("wrong", "exit status 139 without an answer")),
    ],
)
def test_a_no_needs_a_reason_and_a_failure_is_none(
    script: ModuleType, status: int, output: str, found: tuple[str, str] | None
) -> None:
    assert script.classify(status, output) == found


def test_there_are_forty_and_each_has_its_line(script: ModuleType) -> None:
    assert len(set(script.COMPANIONS)) == 40
    one = {"class": "written", "why": "", "locked": "tensorflow==1, ydf==2", "day": "2026-11-27"}
    other = {"class": "refused", "why": "no wheel", "locked": "", "day": "2026-11-28"}
    text = script.table({"ydf linux-x86_64-cpu": one, "ydf windows-x86_64-cpu": other})
    assert "2026-11-27 to 2026-11-28: 1 written, 1 refused, 0 wrong, 0 undecided" in text
    assert "| ydf |  | written |  | refused |\n" in text
    assert "- ydf, windows-x86_64-cpu: **refused**: no wheel\n" in text
    assert "torch" not in text


def test_its_rows_are_rows_of_the_matrix(script: ModuleType) -> None:
    from support.matrix import shipped

    assert set(script.ROWS) <= {row.id for row in shipped().rows}
    assert script.INSTALLED in script.ROWS
