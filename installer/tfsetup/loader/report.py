"""`Report`: what preflight found, and its JSON form (INTERFACE, `preflight`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, assert_never

if TYPE_CHECKING:
    from tfsetup.loader.model import LoadFailure, NotCovered, Verdict
    from tfsetup.loader.tensorflow.cuda import CudaLibraries


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something worth knowing that does not decide the verdict: a GPU that will not register, a file of two wheels."""

    title: str
    detail: str


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

    @property
    def verdict(self) -> Verdict:
        """`fails` when something was refused, `undecided` when something unseen matters, else `loads`."""
        if self.failures:
            return "fails"
        return "undecided" if any(each.matters for each in self.not_covered) else "loads"


def to_data(report: Report) -> dict[str, Any]:
    """Return the report as JSON values; paths inside site-packages are relative to it."""
    return {
        "verdict": report.verdict,
        "images": report.images,
        "checked": list(report.checked),
        "failures": [_failure(each, report.site) for each in report.failures],
        "not_covered": [_not_covered(each, report.site) for each in report.not_covered],
        "tensorflow": report.tensorflow,
        "python": report.python,
        "site": report.site,
        "cuda": _cuda(report.cuda, report.site) if report.cuda else None,
        "notes": [asdict(each) for each in report.notes],
    }


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


def _cuda(cuda: CudaLibraries, site: str) -> dict[str, Any]:
    return {
        "cuda": cuda.cuda,
        "cudnn": cuda.cudnn,
        "found": {name: relative(path, site) for name, path in cuda.found.items()},
        "missing": list(cuda.missing),
    }


def _failure(each: LoadFailure, site: str) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "image": relative(each.image, site),
        "symbol": each.symbol,
        "library": relative(each.library, site) if each.library else None,
        "message": each.message,
        "stage": each.stage,
    }


def _not_covered(each: NotCovered, site: str) -> dict[str, Any]:
    return {"reason": each.reason, "image": relative(each.image, site) if each.image else None, "matters": each.matters}


def relative(path: str, site: str) -> str:
    """Return a path inside `site` relative to it, any other path as it is."""
    return path.removeprefix(f"{site}/")
