"""The receipt of what somebody else built, and the moment that stands in one. (Reads the clock.)."""

from __future__ import annotations

from datetime import UTC, datetime

from tfsetup import __version__
from tfsetup.envs.model import ADOPTED, Receipt


def adopted(number: int) -> Receipt:
    """Return the receipt of a folder that was there before tfsetup came: nothing about it is known."""
    return Receipt(
        generation=number,
        row=ADOPTED,
        digest="",
        python="",
        requirements=(),
        packages=(),
        created=now(),
        tfsetup=__version__,
        lock_sha256="",
    )


def now() -> str:
    """Return this moment as receipts have it: UTC in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
