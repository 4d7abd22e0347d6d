"""What people write in their own words: read without regard to capitals, and what they say of versions. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from packaging.utils import canonicalize_name

from tfsetup.doctor.pattern import candidates
from tfsetup.doctor.text import LogText

# A person writes before or after what a program printed; a log's middle is the program's.
_WINDOW: Final = 200_000
_APART: Final = 4000
# Only ASCII is made small: any other letter may change its length, and places must stay.
_SMALL: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# What stands between a name and its version: `==1.1.0`, `-1.1.0`, ` v1.1.0`, ` (1.1.0)`, and what pip show prints.
_BETWEEN: Final = r"(?: ?(?:==?|:|-|@|v|\(|\||version|=>)){0,3} ?"
_NUMBER: Final = r"(?P<version>[0-9]{1,3}\.[0-9]{1,3}(?:\.[0-9]{1,3})?(?:(?:rc|\.post)[0-9]{1,2})?)(?![0-9.]*[0-9])"
_LISTED: Final = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._-]{0,60})(?:==| +)(?P<version>[0-9]{1,4}(?:\.[0-9a-z]{1,12}){1,4})(?:$|[ \t])",
    re.IGNORECASE,
)
# So many lines of names and versions, and nothing less, are a list that a program wrote.
_LIST: Final = 3
# Words with which people ask for help. Whoever uses one has not seen a thing work.
_COMPLAINTS: Final = (
    "wrong", "incorrect", "nonsense", "garbage", "inconsistent", "explode", "diverge", "loss: nan", "is nan",
    "becomes nan", "does not", "doesn't", "do not", "don't", "cannot", "can't", "won't", "never", "fails", "broken",
    "problem", "issue", "unable", "stuck", "differ", "worse", "negative", "no effect", "ignored", "why ", "strange",
    "weird", "unexpected", "expected", "bug", "slow", "crash", "hang", "freez", "failed", "failing", " dies", " died",
    "build error", "an error", "the error", "this error", "error when", "error while", "errors", "killed", "missing",
    "not found", "no longer", "no progress", "? ", "stopped", "not working", "not using", "not used", "help",
)  # fmt: skip

# What people say of a thing that does not do its work; a question about a line of a log is not among it.
_SUFFERED: Final = (
    "crash", "hang", "freez", "frozen", " dies", " died", "gets killed", "is killed", "stuck", "slow", "wrong",
    "is nan", "loss: nan", "not using the gpu", "not use the gpu", "not used", "isn't used", "is not detected",
    "not detect", "isn't detected", "does not work", "doesn't work", "not working", "stopped working",
    "no longer works", "cannot train", "can't train", "explode", "diverge", "never ends", "never finishes",
    "nothing happens",
)  # fmt: skip

# Of what people speak who report what a program computes; and what an installer and an error print.
_ABOUT: Final = (
    "loss", "accuracy", "predict", "train", "network", "model", "keras", "layer", "result", "auc", "mse", "epoch",
)  # fmt: skip
_INSTALLER: Final = ("successfully installed", "requirement already satisfied", "collecting ", "downloading ")
_ERRORS: Final = ("traceback (most recent", "error:", "fatal", "aborted", "core dumped")


@lru_cache(maxsize=4)  # whoever reads a text reads it in small letters
def in_small_letters(log: LogText) -> LogText:
    """Return both ends of `log` in small letters, as one text; a place in it has the line it has in `log`."""
    cut = len(log.stream) - 2 * _WINDOW
    if cut <= 0:
        return replace(log, stream=log.stream.translate(_SMALL))
    # The two ends are kept apart by a line's length of blanks, so that no pattern reaches from one into the other.
    ends = (log.stream[:_WINDOW], log.stream[-_WINDOW:])
    starts = (at if at <= _WINDOW else max(_WINDOW, at - cut) + _APART for at in log.starts)
    return replace(log, stream=(" " * _APART).join(ends).translate(_SMALL), starts=tuple(starts))


@dataclass(frozen=True, slots=True)
class Said:
    """A version that a text speaks of, and the line in which it does."""

    version: str
    line: str


def versions_said(log: LogText, names: Iterable[str]) -> dict[str, Said]:
    """Return which version of each of `names` (normalised) the text speaks of: the one said last.

    A text that speaks of a version does not say that it is installed; but when it complains, that is what it is about.
    """
    said: dict[str, Said] = {}
    small = in_small_letters(log)
    for name in names:
        # Who has said "TensorFlow" goes on with "metal 1.2".
        spelled = rf"(?<![a-z0-9])(?:{re.escape(name).replace(chr(92) + '-', '[-_]')}|{re.escape(name.split('-')[-1])})"
        found = list(re.finditer(spelled + _BETWEEN + _NUMBER, small.stream))
        if found:
            said[name] = Said(version=found[-1]["version"], line=small.quote(found[-1].start()))
    return said


def packages_listed(log: LogText) -> dict[str, str]:
    """Return the packages of a list that stands in the text, as pip or conda print it; empty: no list."""
    found = [match for line in log.lines if (match := _LISTED.match(line)) is not None]
    return {canonicalize_name(one["name"]): one["version"] for one in found} if len(found) >= _LIST else {}


def complaint(log: LogText) -> str:
    """Return the line in which a person complains; empty: nobody does."""
    return _first_line(log, _COMPLAINTS)


def suffering(log: LogText, *, but: Collection[int] = ()) -> str:
    """Return the line in which a person says that something does not do its work; empty: nobody does.

    The lines numbered `but` are not read: they are known to mean something else.
    """
    return _first_line(log, _SUFFERED, but)


def _first_line(log: LogText, words: Iterable[str], but: Collection[int] = ()) -> str:
    small = in_small_letters(log)
    places = sorted(at for word in words for at in candidates(small.stream, word) if small.line_at(at) not in but)
    return small.quote(places[0]) if places else ""


def is_report(log: LogText) -> bool:
    """Return whether this is somebody's report about what a program computes, and not what a program printed."""
    small = in_small_letters(log).stream
    about = any(word in small for word in _ABOUT)
    return about and not any(word in small for word in (*_INSTALLER, *_ERRORS))
