"""JSON text with the place of every value: msgspec and `json` say what is wrong, this says where in the user's file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # the stdlib's own string reader, not in typeshed
from typing import Any

from tfsetup.errors import InvalidFileError, Where

JsonPath = tuple[str | int, ...]
Place = tuple[int, int]  # line and column, from 1

_DEEPEST = 32
_SPACE = " \t\n\r"
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """A JSON document: its value, and for each path the offsets in the text of its value and of its key."""

    value: Any
    text: str
    values: dict[JsonPath, int]
    keys: dict[JsonPath, int]

    def place(self, path: JsonPath) -> Place:
        """Return the place of the value at `path`, or of the nearest thing around it that is there."""
        while path not in self.values and path:
            path = path[:-1]
        return place_of(self.text, self.values.get(path, 0))

    def at(self, path: JsonPath) -> Any:
        """Return the value at `path`, which must be there."""
        value = self.value
        for part in path:
            value = value[part]
        return value

    def key_place(self, path: JsonPath) -> Place:
        """Return the place of the key that `path` ends with."""
        return place_of(self.text, self.keys[path]) if path in self.keys else self.place(path)


def place_of(text: str, at: int) -> Place:
    """Return line and column of an offset."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def read_marked(text: str, file: str) -> Marked:
    """Parse strict JSON.

    Raises:
        InvalidFileError: not JSON, a key twice in one object, or nested deeper than 32 levels.
    """
    reader = _Reader(text, file)
    value = reader.document()
    return Marked(value=value, text=text, values=reader.values, keys=reader.keys)


class _Reader:
    """A recursive-descent reader over `json`'s own scanners; depth is limited, so the recursion is."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.at = 0
        self.values: dict[JsonPath, int] = {}
        self.keys: dict[JsonPath, int] = {}
        self._decoder = json.JSONDecoder(parse_constant=self._no_constant)

    def document(self) -> Any:
        value = self._value(())
        self._skip()
        if self.at < len(self.text):
            raise self._error("There is more after the end of the JSON value.", self.at)
        return value

    def _value(self, path: JsonPath) -> Any:
        self._skip()
        self.values[path] = self.at
        if len(path) > _DEEPEST:
            raise self._error(f"This is nested deeper than {_DEEPEST} levels.", self.at)
        match self.text[self.at : self.at + 1]:
            case "{":
                return self._object(path)
            case "[":
                return self._array(path)
            case '"':
                return self._string()
            case _:
                return self._scalar()

    def _object(self, path: JsonPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.at += 1
        while not self._closes("}", first=not found):
            self._skip()
            start = self.at
            if self.text[start : start + 1] != '"':
                raise self._error("A key in double quotes is expected here.", start)
            key = self._string()
            if key in found:
                raise self._error(f'The key "{key}" is there twice.', start)
            self._expect(":")
            self.keys[*path, key] = start
            found[key] = self._value((*path, key))
        return found

    def _array(self, path: JsonPath) -> list[Any]:
        found: list[Any] = []
        self.at += 1
        while not self._closes("]", first=not found):
            found.append(self._value((*path, len(found))))
        return found

    def _closes(self, bracket: str, *, first: bool) -> bool:
        """Step over the closing bracket (true) or the comma before the next item (false)."""
        self._skip()
        character = self.text[self.at : self.at + 1]
        if character == bracket:
            self.at += 1
            return True
        if first:
            return False
        self._expect(",", f'"," or "{bracket}"')
        self._skip()
        if self.text[self.at : self.at + 1] == bracket:
            raise self._error("There is a comma before the closing bracket.", self.at)
        return False

    def _string(self) -> str:
        start = self.at
        try:
            value, self.at = scanstring(self.text, start + 1, True)
        except json.JSONDecodeError as error:
            raise self._error(
                f"The text cannot be read ({error.msg.removesuffix(' at').lower()}).", error.pos
            ) from None
        if _SURROGATE.search(value):
            raise self._error("The text has half of a surrogate pair, which is no character.", start)
        return str(value)

    def _scalar(self) -> Any:
        start = self.at
        try:
            value, self.at = self._decoder.raw_decode(self.text, start)
        except (json.JSONDecodeError, ValueError):
            raise self._error("A JSON value is expected here.", start) from None
        return value

    def _expect(self, character: str, words: str = "") -> None:
        self._skip()
        if self.text[self.at : self.at + 1] != character:
            raise self._error(f"{words or chr(34) + character + chr(34)} is expected here.", self.at)
        self.at += 1

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1

    def _no_constant(self, name: str) -> Any:
        raise ValueError(name)  # NaN and Infinity are no JSON

    def _error(self, message: str, at: int) -> InvalidFileError:
        line, column = place_of(self.text, at)
        return InvalidFileError(
            f"The host file is not valid JSON. {'The file ends too early.' if at >= len(self.text) else message}",
            where=Where(file=self.file, line=line, column=column),
            hint="`tfsetup host --json > host.json` writes a valid one to start from.",
        )
