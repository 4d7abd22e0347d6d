"""How a check is described: what it asks, why, and how far an answer may be off."""

from __future__ import annotations

from typing import NamedTuple

COSTS = ("quick", "full", "thorough")
"""When a check is asked: at every installation, by `tfsetup verify`, only with `--thorough`."""


class Limit(NamedTuple):
    """How far an answer may be off, and why so far.

    With `terms` it is the rounding of a sum of so many products or terms, in `dtype` (verify/tolerance.py), times
    `factor`; else it is `bound`.
    """

    because: str
    """Why so far, in a sentence."""
    bound: float = 0.0
    """The largest error, in `unit`."""
    terms: int = 0
    """How many numbers are added up in a result; 0: `bound` holds."""
    dtype: str = "float32"
    """The type that is computed in."""
    products: bool = False
    """Whether it is a product of matrices or a convolution, whose inputs some GPUs round to TensorFloat-32."""
    factor: float = 1.0
    """How many roundings follow each other."""
    unit: str = ""
    """What the error counts: nothing is relative to the largest element of the right answer."""


class About(NamedTuple):
    """What there is to say of a check."""

    name: str
    """As the JSON has it, `top-k`; the file has underscores."""
    asks: str
    """What is asked, with the sizes."""
    why: str
    """What has gone wrong, and where."""
    source: str
    """Whose report that is, or `none` where it is only to be expected."""
    means: str
    """What is not to be trusted where it fails, in a few words."""
    limit: Limit
    """How far an answer may be off."""
    cost: str = "full"
    """One of `COSTS`."""
    patience_s: float = 30.0
    """After so long it hangs; more is given where everything is slow."""


SHARE = "of the elements"


def exact(because: str) -> Limit:
    """Return the limit of what is not rounded: no element may differ."""
    return Limit(because, bound=0.0, unit=SHARE)


def rounding(terms: int, because: str, *, products: bool = False, factor: float = 1.0) -> Limit:
    """Return the limit of float32 sums of so many terms."""
    return Limit(because, terms=terms, products=products, factor=factor)


def bound(most: float, because: str, unit: str = "") -> Limit:
    """Return a limit that is a number."""
    return Limit(because, bound=most, unit=unit)
