"""What a row promised for an environment that tfsetup built: the expectation its receipt keeps."""

from __future__ import annotations

from pathlib import Path

from msgspec import ValidationError, convert

from tfsetup.envs.model import Receipt
from tfsetup.envs.store import Store, layout_for
from tfsetup.errors import TfsetupError
from tfsetup.matrix.model import Expectation


def receipt_of(prefix: Path) -> Receipt | None:
    """Return the receipt of the current generation at `prefix`; None for an environment of somebody else's."""
    try:
        store = Store(layout_for(prefix))
        number = store.current()
        return None if number is None else store.receipt(number)
    except TfsetupError:
        return None


def expectation_of(receipt: Receipt | None) -> Expectation | None:
    """Return the expectation in a receipt; None if it was installed without verification."""
    kept = (receipt.verify or {}).get("expected") if receipt is not None else None
    try:
        promised = convert(kept, Expectation) if kept else None
    except ValidationError:  # of another tfsetup: what nobody understands promises nothing
        return None
    return promised if promised is not None and promised.devices else None
