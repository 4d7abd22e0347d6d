"""What a known defect of the shipped matrix says of `verify` is true: the check it names is one that asks a device.

The matrix room lies below verify and cannot look; here both are seen.
"""

from __future__ import annotations

from tfsetup.matrix.file.disk import read_matrix
from tfsetup.verify.checks import names


def test_every_check_that_a_hazard_names_is_one_of_verify_s() -> None:
    asked = {name: hazard.id for hazard in read_matrix().hazards for name in hazard.asked_by}
    assert asked
    assert {name: by for name, by in asked.items() if name not in names("quick")} == {}
