"""Known defects as a command tells them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.matrix import shipped
from tfsetup.matrix.defects import all_of, defects_of

DROPPED = next(hazard for hazard in shipped().hazards if hazard.id == "metal-activation-dropped")


@pytest.mark.parametrize("cured", [True, False])
def test_a_defect_says_what_the_command_did(*, cured: bool) -> None:
    (defect,) = defects_of([DROPPED], cured=cured)
    assert (defect.id, defect.affects, defect.cured) == (DROPPED.id, DROPPED.affects, cured)
    assert defect.cure.environment == {"TURN_OFF_REMAPPER": "1"}
    assert defect.evidence == (*DROPPED.evidence, DROPPED.source)


def test_what_no_variable_cures_is_not_cured() -> None:
    (defect,) = defects_of([replace(DROPPED, cure=replace(DROPPED.cure, environment={}))], cured=True)
    assert not defect.cured


def test_several_files_are_cured_when_all_of_them_are() -> None:
    good, bad = defects_of([DROPPED], cured=True), defects_of([DROPPED], cured=False)
    other = defects_of([replace(DROPPED, id="other")], cured=True)
    assert all_of([(), good, good]) == good
    assert all_of([good, bad]) == all_of([bad, good]) == bad
    assert all_of([bad, other, good]) == (*bad, *other)
    assert all_of([(), ()]) == ()
