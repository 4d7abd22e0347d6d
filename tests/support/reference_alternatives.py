"""The page of what else computes on a Mac's GPU, of `environments/alternatives.json` and what came of opening them."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import Final

from tfsetup.doctor.causes.references import value_of
from tfsetup.matrix.alternatives import Alternative, Alternatives, Known, LeftOut, Openings
from tfsetup.matrix.file.rows import Matrix

INTRODUCTION: Final = """# What else computes on a Mac's GPU

Apple's plugin has no wheel for Python {python} or newer, and none that loads with a TensorFlow beyond {newest}.
Where a Mac with Apple silicon is asked for such a one, `tfsetup resolve` names what else there is (`--explain`: all
that is known of it; in JSON `alternatives`); `tfsetup doctor`, `verify` and `install` point there. It never counts as
an answer, and none of it is ever installed unasked: the command that would do it is told, to be typed. Other systems
are told of nothing.

`tfsetup matrix check --prove` opens the library of each, out of its real wheel, as dyld would on each macOS, looks up
the name that its framework looks up, and asks uv for which Pythons there are wheels of all it needs: {judged}. One
whose library does not open on a machine's macOS is not told there.
"""
HEAD: Final = ("what", "release", "of", "state", "Python", "macOS", "used by")
_ROW: Final = "macos-arm64-metal"  # Apple's plugin, where it is there
OPENINGS: Final = """## Opened

Read on Linux, by the loader that `tfsetup preflight` has. A newer macOS counts as the last one here.
"""
OPENINGS_HEAD: Final = ("what", "wheel", "macOS", "opens", "because")
KNOWN: Final = "## Known\n\nWhat their own pages say, and the day on which they were read.\n"
LEFT_OUT: Final = "## Left out\n"


def introduction(known: Alternatives, matrix: Matrix) -> str:
    """Return what stands above the first table."""
    python, newest = (value_of(f"row.{_ROW}.{what}", matrix) for what in ("beyond", "minor"))
    paragraphs = INTRODUCTION.format(judged=known.judged, python=python, newest=newest).strip().split("\n\n")
    folded = (one if one.startswith("#") else fill(one, 120, break_on_hyphens=False) for one in paragraphs)
    return "\n\n".join(folded) + "\n"


def releases(known: Alternatives) -> Iterator[tuple[str, ...]]:
    """Yield a row for each alternative."""
    for one in known.alternatives:
        used = " ".join(f"`{name}={text}`" for name, text in one.environment.items()) or f"row `{one.row}`"
        what = f"{one.title}: [{one.distribution}]({one.release.source})"
        release = one.release
        yield what, release.version, release.released, one.maturity.word, release.python, release.macos, used


def openings(known: Alternatives, opened: Openings) -> Iterator[tuple[str, ...]]:
    """Yield for each alternative with a library what came of it on each macOS."""
    for one in known.alternatives:
        came = opened.of(one)
        for each in came.openings if came is not None else ():
            wheel = came.wheel.name if came is not None else ""
            yield one.distribution, f"`{wheel}`", each.macos, each.verdict, each.because


def facts(one: Alternative) -> Iterator[str]:
    """Yield what is known of one, a line each."""
    yield f"[{one.pin}]({one.release.source})\n"
    yield from (_fact(fact) for fact in one.known)
    yield ""


def _fact(fact: Known) -> str:
    return f"- {fact.says} ({fact.place}; read {fact.read})"


def left_out(one: LeftOut) -> str:
    """Return why something is not among them."""
    return f"- {one.what}: {one.says} ([{one.place}]({one.source}); read {one.read})"
