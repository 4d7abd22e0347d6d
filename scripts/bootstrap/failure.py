"""Why it did not work, for a person: the cause, and the next step. No secret, no traceback, 80 columns."""

from __future__ import annotations

import re
import sys
import textwrap
from urllib.parse import urlsplit

_COLUMNS = 80
_USER = re.compile(r"(?<=://)[^/\s\"'<>]*@")


class Failure(Exception):  # noqa: N818 - what is shown of it is its text
    """Something that a person can mend; `hint` is the next step, in words of ours alone."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.text, self.hint = hidden(text), hint


def shown(failure: Failure) -> str:
    """Return the lines of a failure."""
    return f"{_block('error: ', failure.text)}\n{_block(' hint: ', failure.hint)}\n"


def _block(head: str, text: str) -> str:
    return textwrap.fill(
        text,
        width=_COLUMNS,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def say(text: str) -> None:
    """Tell a person what is going on; what programs read goes to standard output alone."""
    sys.stderr.write(f"{hidden(text)}\n")
    sys.stderr.flush()


def hidden(text: str) -> str:
    """Return a text without the user names and passwords of addresses in it."""
    return _USER.sub("***@", text)


def host_of(url: str) -> str:
    """Return the host of an address in small letters; empty where it has none, or is no address."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
