"""JSON text → nodes. Strict (RFC 8259), and in our own words, which do not change with the version of Python.

Not by the YAML parser, although JSON is nearly YAML: that refuses tabs in front, surrogate pairs, DEL and long keys,
takes what JSON forbids, and importing it takes longer than all of `resolve`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Final

from tfsetup.ground.marked import Event, InvalidTextError, Node, Scalar, refused, tree
from tfsetup.ground.text import Lines

_IN_TEXT: Final = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*'
_TOKEN: Final = re.compile(
    rf'(?P<sign>[\[\]{{}}:,])|(?P<text>{_IN_TEXT}")'
    r"|(?P<word>true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![\w.+-])"
)
_UNFINISHED: Final = re.compile(_IN_TEXT)
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WORDS: Final[dict[str, Scalar]] = {"true": True, "false": False, "null": None}


def compose_json(text: str, file: str) -> Node:
    """Return the root node of a JSON document; `file` is its name in errors.

    Raises:
        InvalidTextError: the text is not JSON, or nested too deep.
    """
    return tree(_Reader(text, file).document(), file)


class _Reader:
    """Yields events, one token at hand: `kind` is the sign itself, "text" or "word", and "" where there is none."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.lines = Lines(text, file)
        self.end = 0
        self._step()

    def document(self) -> Iterator[Event]:
        yield from self._value()
        if self.at < len(self.text):
            raise self._error("there is more after the end of the JSON value")

    def _step(self) -> None:
        spaces = _SPACE.match(self.text, self.end)
        self.at = spaces.end() if spaces else self.end
        found = _TOKEN.match(self.text, self.at)
        self.token = found[0] if found else ""
        self.end = self.at + len(self.token)
        self.kind = str(found["sign"] or found.lastgroup) if found else ""

    def _value(self) -> Iterator[Event]:
        where = self.lines.where(self.at)
        if self.kind in {"[", "{"}:
            opened, closer = self.kind, "]" if self.kind == "[" else "}"
            yield Event(opened, where)
            self._step()
            yield from self._items(closer, self._value if opened == "[" else self._member)
            yield Event(closer, where)
        elif self.kind == "text":
            yield self._text()
            return
        elif self.kind == "word":
            yield Event("scalar", where, _meaning(self.token), self.token)
        else:
            raise self._error("a JSON value is expected here")
        self._step()

    def _items(self, closer: str, item: Callable[[], Iterator[Event]]) -> Iterator[Event]:
        if self.kind == closer:
            return
        yield from item()
        while self.kind != closer:
            self._expect(",", f'"," or "{closer}"')
            if self.kind == closer:
                raise self._error("there is a comma before the closing bracket")
            yield from item()

    def _member(self) -> Iterator[Event]:
        if self.kind != "text":
            raise self._error("a key in double quotes is expected here")
        yield self._text()
        self._expect(":", '":"')
        yield from self._value()

    def _text(self) -> Event:
        value = json.loads(self.token) if "\\" in self.token else self.token[1:-1]
        if _SURROGATE.search(value):
            raise self._error("the text has half of a surrogate pair, which is no character")
        event = Event("scalar", self.lines.where(self.at), value, value)
        self._step()
        return event

    def _expect(self, sign: str, words: str) -> None:
        if self.kind != sign:
            raise self._error(f"{words} is expected here")
        self._step()

    def _error(self, message: str) -> InvalidTextError:
        at = self.at
        if not self.kind and (begun := _UNFINISHED.match(self.text, at)):
            at = begun.end()
            escape = self.text.startswith("\\", at)
            message = "JSON does not know this escape" if escape else "a text must not have a control character"
        if at >= len(self.text):
            message = "the file ends too early"
        return refused(self.lines.where(at), f"not valid JSON: {message}")


def _meaning(word: str) -> Scalar:
    if word in _WORDS:
        return _WORDS[word]
    whole = word.lstrip("-").isdigit() and len(word) < 300  # noqa: PLR2004 - longer is no number of a float either
    return int(word) if whole else float(word)
