"""A limit on what reading one file may cost, so that no bytes make it endless or fill the memory."""

from __future__ import annotations

from tfsetup.loader.bytes import MalformedImage


class Budget:
    """Counts down; spending more than there is means the file lies about itself."""

    __slots__ = ("_left", "_what")

    def __init__(self, limit: int, what: str) -> None:
        """Allow `limit` units in all; `what` they are stands in the message."""
        self._left, self._what = limit, what

    def spend(self, amount: int = 1) -> None:
        """Take `amount` units.

        Raises:
            MalformedImage: there are not that many left.
        """
        self._left -= amount
        if self._left < 0:
            raise MalformedImage(f"more {self._what} than any library has")
