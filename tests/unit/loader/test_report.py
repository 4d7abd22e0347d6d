"""The verdict of a report: nothing seen is never a yes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfsetup.loader.model import LoadFailure, NotCovered
from tfsetup.loader.report import Report, prediction_document

SEEN = Report(site="/s", python="3.12", tensorflow=None, images=1)
SMALL = NotCovered(reason="a trifle")
GREAT = NotCovered(reason="it matters", matters=True)
GONE = NotCovered(reason="it is not there", matters=True, absent=True)
FAILURE = LoadFailure(kind="python-abi", image="/s/a.so", message="no")


@pytest.mark.parametrize(
    ("report", "verdict", "unjudged"),
    [
        (SEEN, "loads", False),
        (replace(SEEN, not_covered=(SMALL,)), "loads", False),
        (replace(SEEN, not_covered=(SMALL, GREAT)), "undecided", False),
        (replace(SEEN, not_covered=(GONE,)), "undecided", True),
        (replace(SEEN, images=0), "undecided", True),
        (replace(SEEN, images=0, failures=(FAILURE,)), "fails", True),
        (replace(SEEN, failures=(FAILURE,), not_covered=(GREAT,)), "fails", False),
    ],
)
def test_a_yes_needs_an_image_and_nothing_that_matters(report: Report, verdict: str, unjudged: bool) -> None:
    assert (report.verdict, report.unjudged) == (verdict, unjudged)
    assert prediction_document(report).verdict == verdict


def test_no_document_can_say_yes_without_an_image() -> None:
    document = prediction_document(SEEN)
    with pytest.raises(ValueError, match="nothing seen is never a yes"):
        replace(document, images=0)
    assert replace(document, images=0, verdict="undecided").images == 0
