"""What reading hostile bytes may end in: a result, or one `MalformedImage` with a reason. Anything else escapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfsetup.loader.bytes import MalformedImage


def outcome(question: Callable[[], Any]) -> str:
    """Return `read`, or the reason why not."""
    try:
        question()
    except MalformedImage as error:
        return error.reason
    return "read"
