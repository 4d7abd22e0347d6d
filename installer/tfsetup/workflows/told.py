"""All that a course knows of a screen: whom it tells what it does, and whom it may ask.

Any callable of one text will do, a list's `append` too. A `Detail` is a text like any other to who keeps everything;
a screen shows it only to people who asked for every step.
"""

from __future__ import annotations

from collections.abc import Callable

Told = Callable[[str], object]
"""Takes one line of progress, without a line end."""

Asked = Callable[[str], bool]
"""Puts a question that a person answers with yes or no. Where nobody can be asked a course is given None for it."""


class Detail(str):
    """A line for those who want to see every step."""

    __slots__ = ()


def silent(_line: str) -> None:
    """Tell nobody."""
