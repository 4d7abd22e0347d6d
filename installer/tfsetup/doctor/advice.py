"""Lines in which a log says itself what to do: passed on as they are, marked as the log's and not ours. Pure."""

from __future__ import annotations

import re
from typing import Final

from tfsetup.doctor.pattern import candidates
from tfsetup.doctor.text import LogText

MOST: Final = 3
# How programs begin their advice: uv and rustc, argparse and Django, pip, protobuf, TensorFlow, Keras, conda, XLA.
_OPENINGS: Final = (
    "hint:", "HINT:", "Hint:", "help: ", "Please install", "please install", "Please upgrade", "please upgrade",
    "Please update", "please update", "please use", "Please use", "To fix this", "to fix this", "Try: ", "Try using",
    "try setting", "You can ", "you can ", "Consider ", "consider ", "You should", "you should", "you must", "You must",
    "Set TF_", "set the environment variable", "make sure", "Make sure", "workaround", "Downgrade the protobuf",
    "Follow the guide", "Either upgrade", "recommended that you", "is recommended to", "Install ",
)  # fmt: skip
# Who advises is a program: it stands behind an error or a warning, or names what to type.
_TYPED: Final = re.compile(
    r"\b(?:pip3?|conda|mamba|uv|poetry|pdm|brew|apt|apt-get|python3?|export|install|upgrade|downgrade|set)\b|==|--[a-z]"
)
# Notices that every run prints; following them mends nothing.
_NOTICES: Final = ("new release of pip", "upgrading via the", "rebuild TensorFlow with", "recommended to use a virtual")


def advice(log: LogText) -> tuple[str, ...]:
    """Return the last lines of `log` that say what to type or set, in their order."""
    places = sorted({log.line_at(at) for opening in _OPENINGS for at in candidates(log.stream, opening)})
    lines = (log.quote_line(number) for number in places)
    told = [line for line in lines if _TYPED.search(line) and not any(notice in line for notice in _NOTICES)]
    return tuple(dict.fromkeys(told))[-MOST:]
