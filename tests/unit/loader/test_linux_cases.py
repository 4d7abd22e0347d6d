"""What glibc and musl say, case by case."""

from __future__ import annotations

import pytest

from support.linux_cases import Case, load_cases, place
from tfsetup.loader.model import Mode

ROOT = "/case"
CASES = load_cases()


def test_there_are_cases() -> None:
    assert len(CASES) > 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    process = case.process(ROOT)
    for step in case.data["open"]:
        mode = Mode(now=step.get("mode", "now") == "now", scope=step.get("scope"))
        caller = place(step["caller"], ROOT) if "caller" in step else None
        failure = process.dlopen(place(step["path"], ROOT), mode, caller=caller)
        expected = place(step["says"], ROOT)
        if expected == "loads":
            assert failure is None
            continue
        assert failure is not None
        assert failure.message.startswith(expected) if step.get("starts") else failure.message == expected
        assert failure.kind == step["kind"]
        for name in ("symbol", "library", "image"):
            if name in step:
                assert getattr(failure, name) == place(step[name], ROOT)
    assert [note.reason for note in process.not_covered] == case.data.get("not_covered", [])
    if "images" in case.data:
        assert process.images == case.data["images"]
    assert len(process.loaded) >= process.images
    assert len(set(process.loaded)) == len(process.loaded)
