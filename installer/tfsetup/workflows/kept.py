"""What a receipt keeps of a prediction."""

from __future__ import annotations

from dataclasses import fields

from tfsetup.ground.values import value
from tfsetup.loader.model import Clash, LoadFailure, Verdict
from tfsetup.loader.report import Note, Report, UnseenDocument, prediction_document
from tfsetup.loader.tensorflow.cuda import CudaLibraries


@value
class KeptPrediction:
    """A prediction as a receipt keeps it: how many files were opened, not which. Paths are relative to `site`."""

    verdict: Verdict
    """`fails` when something was refused, `undecided` when something unseen matters, else `loads`."""
    images: int
    """How many native files were followed, the operating system's own not counted."""
    checked: int
    """How many files were opened one after another, as an import opens them."""
    failures: tuple[LoadFailure, ...]
    """What the loader would refuse."""
    not_covered: tuple[UnseenDocument, ...]
    """What reading files cannot decide."""
    tensorflow: str | None
    """The version found; null: there is no TensorFlow among the files."""
    python: str | None
    """The Python it was judged for, `X.Y`."""
    site: str
    """Where site-packages is."""
    clashes: tuple[Clash, ...] = ()  # a receipt of before knows none
    """What does not go together in one process, though each of it loads."""
    cuda: CudaLibraries | None
    """What becomes of the libraries a CUDA build opens by name; null: no such build, or its import already fails."""
    notes: tuple[Note, ...]
    """What is worth knowing and does not decide the verdict."""


def kept(report: Report) -> KeptPrediction:
    """Return what a receipt keeps of a prediction."""
    whole = prediction_document(report)
    parts = {each.name: getattr(whole, each.name) for each in fields(whole)}
    return KeptPrediction(**(parts | {"checked": len(whole.checked), "notes": report.notes}))
