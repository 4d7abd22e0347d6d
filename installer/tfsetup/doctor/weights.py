"""The numbers of the doctor, in one place: log-odds points of signals, and how they become a confidence.

A cause starts at `PRIOR` (log-odds, base e): nobody has it until something says so. The words of the causes are
worth `POINTS`. They were set on the fixtures of tests/cases/doctor and checked against logs that were not looked at
before; the calibration test holds what they must give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tfsetup.doctor.model import Weight

PRIOR: Final = -4.0
POINTS: Final = {
    "proof": 9.0,  # a text only this cause prints
    "strong": 7.0,  # this cause in all but odd cases
    "likely": 5.5,  # more often this one than any other
    "possible": 4.0,  # one of several causes print this
    "hint": 2.5,  # seen with this cause, says little alone
    "supports-much": 3.0,
    "supports": 1.5,
    "weakens": -1.5,
    "against": -3.0,
    "excludes": -12.0,
}
# Weights that say what stands beside something seen.
SUPPORTING: Final = frozenset(("supports-much", "supports"))
# What names and versions alone show, beside the text of a failure, which may be about something else: `proof` is what
# is certain from them. The same without a text, or seen in files, keeps its weight.
LISTED: Final[Mapping[Weight, Weight]] = {
    "proof": "likely", "strong": "supports-much", "likely": "supports-much", "possible": "supports", "hint": "supports",
}  # fmt: skip
# Signals of one cause are rarely independent: beside the strongest, the rest counts little.
REST_SHARE: Final = 0.2
REST_MOST: Final = 1.5
# The last error is the one the program died of; the same bonus goes to no cause when only one was seen.
LAST_BONUS: Final = 0.8
# A log signal whose condition could not be decided (the fact is unknown).
UNDECIDED: Final = -3.0
# A degraded run (no GPU) or a harmless line says nothing about the error that ended the run.
BELOW: Final = {"fatal": 0.0, "install": 0.0, "degraded": -3.0, "harmless": -6.0}
# Nobody is ever certain from a text.
MOST: Final = 0.97
LEAST: Final = 0.08
# A defect that the installed versions are known to have; whether the user has met it, the list cannot tell.
KNOWN_DEFECT: Final = 0.9
# One that the version has which somebody names who reports no error.
SAID_DEFECT: Final = 0.6
# From here on a finding explains what was seen.
LIKELY: Final = 0.5
# Below this a finding is a remark, not a problem.
PROBLEM: Final = 0.2
# A harmless line beside one that nobody understands.
REMARK: Final = 0.3
# What merely resembles other reports, by how alike it is (0 to 1): of reports that were held back 4 in 10 at 0.2, half
# at 0.4 and more. Never enough to explain anything.
ALIKE: Final = 0.2
ALIKE_SHARE: Final = 0.5
ALIKE_MOST: Final = 0.45
# One sign that other causes might give as well is never surer than this.
ONE_SIGN: Final = 0.79
