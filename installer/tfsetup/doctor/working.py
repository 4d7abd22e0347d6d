"""What programs print that did their work: without one of these traces a text cannot show health. Pure."""

from __future__ import annotations

from typing import Final

from tfsetup.doctor.facts import trend
from tfsetup.doctor.prose import in_small_letters
from tfsetup.doctor.text import LogText

# An installer that ended well, devices that were made, results that were printed, a run that went through.
_WORKING: Final = (
    "successfully installed", "requirement already satisfied", "physicaldevice(", "tf.tensor(", " passed in ",
    "to device: ", "created device", "created tensorflow device", "100%|", "all requested packages already installed",
    "resolved ", "audited ", "saved model", "all fine", "[==============================]", "tensorflow version: 2",
    "import successful", "everything works", "successfully opened dynamic library",
)  # fmt: skip


def shows_it_working(log: LogText) -> bool:
    """Return whether something that runs left its traces: an installer that ended well, devices, falling losses."""
    stream = in_small_letters(log).stream
    return any(word in stream for word in _WORKING) or trend(log.stream) == "falling"
