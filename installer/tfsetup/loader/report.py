"""`Report`: what a prediction found, and the document it is written as."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from tfsetup.loader.model import Clash, LoadFailure, NotCovered, Verdict
from tfsetup.loader.tensorflow.cuda import CudaLibraries


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something worth knowing that does not decide the verdict: a GPU that will not register, a file of two wheels."""

    title: str
    """What was seen."""
    detail: str
    """What it means."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The prediction for one set of files on one host.

    `checked` are the files opened one after another, relative to `site`, `images` counts these and what they brought.
    `tensorflow` is the version found (None: no TensorFlow in the set), `python` the `X.Y` it was judged for. `cuda` is
    what became of the libraries a CUDA build opens by name (None: no such build, or its import already fails).
    """

    site: str
    python: str | None
    tensorflow: str | None
    images: int = 0
    checked: tuple[str, ...] = ()
    failures: tuple[LoadFailure, ...] = ()
    not_covered: tuple[NotCovered, ...] = ()
    notes: tuple[Note, ...] = ()
    cuda: CudaLibraries | None = None
    clashes: tuple[Clash, ...] = ()

    @property
    def fatal(self) -> tuple[Clash, ...]:
        """The clashes that end the process."""
        return tuple(clash for clash in self.clashes if clash.fatal)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it fails, one sentence or message each: what is refused first, then what ends the process."""
        refused = (f"{failure.image}: {failure.message}" for failure in self.failures)
        return (*refused, *(_met(each) for each in self.fatal))

    @property
    def verdict(self) -> Verdict:
        """`fails` when something was refused or ends the process, `undecided` when something unseen matters.

        Where no image was followed, nothing was seen: that is never a yes.
        """
        if self.failures or self.fatal:
            return "fails"
        return "loads" if self.images and not any(each.matters for each in self.not_covered) else "undecided"

    @property
    def unjudged(self) -> bool:
        """Whether nothing at all was judged of what was asked about, or of some part of it."""
        return not self.images or any(each.absent for each in self.not_covered)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnseenDocument:
    """Something that reading bytes cannot decide."""

    reason: str
    """Why not, a sentence."""
    image: str | None
    """The file it is about, relative to `site` where it lies there."""
    matters: bool
    """Whether the verdict turns on it."""
    library: str | None = None  # a receipt of before knows none
    """The system's library in question, where there is one."""
    presumed: bool = False
    """Whether it is taken as there by the rule that `reason` names: the verdict holds on a machine where it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PredictionDocument:
    """A prediction. Paths inside site-packages are relative to it."""

    verdict: Verdict
    """`fails` when something was refused or corrupted, `undecided` when something unseen matters, else `loads`."""
    images: int
    """How many native files were followed, the operating system's own not counted."""
    checked: tuple[str, ...]
    """The files that were opened one after another, as an import opens them."""
    failures: tuple[LoadFailure, ...]
    """What the loader would refuse."""
    not_covered: tuple[UnseenDocument, ...]
    """What reading files cannot decide."""
    tensorflow: str | None
    """The version found; null: there is no TensorFlow among the files."""
    python: str | None
    """The Python it was judged for, `X.Y`."""
    site: str
    """Where site-packages is, or would be."""
    clashes: tuple[Clash, ...]
    """What two parts of the set do to each other; one that ends or corrupts the process makes the verdict `fails`."""
    cuda: CudaLibraries | None
    """What becomes of the libraries a CUDA build opens by name; null: no such build, or its import already fails."""

    def __post_init__(self) -> None:
        """Refuse a yes of which nothing was seen, wherever it was made.

        Raises:
            ValueError: the verdict is `loads`, and there is no image.
        """
        if self.verdict == "loads" and not self.images:
            raise ValueError("nothing seen is never a yes: `loads` without an image")


def prediction_document(report: Report) -> PredictionDocument:
    """Return a report as a document, without its notes."""
    site = report.site
    return PredictionDocument(
        verdict=report.verdict,
        images=report.images,
        checked=report.checked,
        failures=tuple(_failure(each, site) for each in report.failures),
        not_covered=tuple(_unseen(each, site) for each in report.not_covered),
        clashes=tuple(_clash(each, site) for each in report.clashes),
        tensorflow=report.tensorflow,
        python=report.python,
        site=site,
        cuda=_cuda(report.cuda, site) if report.cuda else None,
    )


def summary(verdict: Verdict) -> str:
    """Return the verdict as a sentence."""
    match verdict:
        case "loads":
            return "It loads."
        case "fails":
            return "It does not load."
        case "undecided":
            return "Reading the files cannot decide whether it loads."
        case _:
            assert_never(verdict)


def _cuda(cuda: CudaLibraries, site: str) -> CudaLibraries:
    return replace(cuda, found={name: relative(path, site) for name, path in cuda.found.items()})


def _failure(each: LoadFailure, site: str) -> LoadFailure:
    library = relative(each.library, site) if each.library else None
    return replace(each, image=relative(each.image, site), library=library)


def _met(each: Clash) -> str:
    """Return what a clash does, with whose it is where its words do not say so: a path is in the middle of them."""
    return f"{' and '.join(each.between)}: {each.consequence}" if each.kind == "same-file" else each.consequence


def _clash(each: Clash, site: str) -> Clash:
    return replace(each, between=tuple(relative(path, site) for path in each.between))


def _unseen(each: NotCovered, site: str) -> UnseenDocument:
    image = relative(each.image, site) if each.image else None
    return UnseenDocument(
        reason=each.reason, image=image, matters=each.matters, library=each.library, presumed=each.presumed
    )


def relative(path: str, site: str) -> str:
    """Return a path inside `site` relative to it, any other path as it is."""
    return path.removeprefix(f"{site}/")
