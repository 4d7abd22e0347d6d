"""Commands of tfsetup in texts for people, as whoever reads them can type them. Pure.

Texts name the program `tfsetup`; that is what JSON keeps, which scripts read and which travels between machines. On a
screen it is called as this user called it: by a path, by `python -m`, by `uvx`. Quoted lines of others stay as they
are: only what stands in backquotes is taken for a command, and what a fix or a hint says.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

NAME: Final = "tfsetup"
_ADVICE: Final = re.compile(r"\s*(?:fix|or|next|hint): ")


class Typed:
    """How tfsetup is called here."""

    def __init__(self, command: str, names: Collection[str]) -> None:
        """Take what is typed to call tfsetup, and the names of its commands."""
        self.command = command
        self._names = names

    @cached_property
    def _in_quotes(self) -> re.Pattern[str]:
        return re.compile(rf"(?<=`){NAME}(?= )")

    @cached_property
    def _in_advice(self) -> re.Pattern[str]:
        known = "|".join(map(re.escape, self._names))
        return re.compile(rf"(?<![\w./\\-]){NAME}(?= (?:(?:{known})\b|COMMAND\b|--[a-z]))")

    def text(self, text: str) -> str:
        """Return a text, perhaps of several lines, with each command as it is typed here."""
        if self.command == NAME or NAME not in text:
            return text
        return "\n".join(self._line(line) for line in text.split("\n"))

    def _line(self, line: str) -> str:
        return self._pattern(line).sub(lambda _: self.command, line)

    def _pattern(self, line: str) -> re.Pattern[str]:
        return self._in_advice if _ADVICE.match(line) else self._in_quotes

    def part(self, part: RenderableType) -> RenderableType:
        """Return a part of a report the same way; tables are left as they are: no command stands in one."""
        if self.command == NAME or isinstance(part, str):
            return self.text(part) if isinstance(part, str) else part
        from rich.console import Group
        from rich.text import Text

        match part:
            case Text():
                return Text("\n").join(map(self._styled, part.split("\n", allow_blank=True)))
            case Group():
                return Group(*map(self.part, part.renderables))
            case _:
                return part

    def _styled(self, line: Text) -> Text:
        from rich.text import Text

        cuts = [place for found in self._pattern(line.plain).finditer(line.plain) for place in found.span()]
        pieces = list(line.divide(cuts)) if cuts else [line]
        for place, piece in enumerate(pieces):
            if place % 2:
                styles = [found.style for found in piece.spans]
                pieces[place] = Text(self.command, style=piece.style)
                for style in styles:
                    pieces[place].stylize(style)
        return Text(style=line.style, end=line.end).join(pieces)
