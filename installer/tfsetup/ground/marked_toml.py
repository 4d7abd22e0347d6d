"""TOML text → nodes. Python's own parser says what a text means and whether it is TOML; this says where each value is.

Once the parser has taken a text, finding the places needs no grammar but that of strings, brackets and keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tfsetup.errors import Where
from tfsetup.ground.marked import InvalidTextError, Node, Problem
from tfsetup.ground.text import Lines

Path = tuple[str | int, ...]

_STRING: Final = r'"""(?:\\.|[^\\])*?"{3,5}(?!")|"(?:\\.|[^"\\\n])*"' + r"|'''.*?'{3,5}(?!')|'[^'\n]*'"
_TOKEN: Final = re.compile(rf"(?:[ \t\r]|#[^\n]*)*({_STRING}|[\[\]{{}}=,.\n]|[^\s\[\]{{}}=,.\"'#]+)", re.DOTALL)
_SPELLED: Final = re.compile(r"[^\s,\]}#]*")
_PLACE: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def compose_toml(text: str, file: str) -> Node:
    """Return the root node of a TOML document; `file` is its name in errors.

    Raises:
        InvalidTextError: the text is not TOML.
    """
    try:
        return _Nodes(text, file).node(load_toml(text, file), ())
    except RecursionError:
        raise _too_deep(file) from None


def load_toml(text: str, file: str, *, hint: str = "") -> dict[str, Any]:
    """Return the plain content of a TOML document; `file` is its name in errors.

    Raises:
        InvalidTextError: the text is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(str(error), text, file, hint) from None
    except RecursionError:
        raise _too_deep(file, hint) from None


def _too_deep(file: str, hint: str = "") -> InvalidTextError:
    where = Where(file=file, line=1, column=1)
    return InvalidTextError([Problem(where=where, message="not valid TOML: nested too deep")], hint=hint)


def _invalid(words: str, text: str, file: str, hint: str) -> InvalidTextError:
    found = _PLACE.fullmatch(words)
    where = Lines(text, file).where(len(text))
    if found and found[2]:
        where = Where(file=file, line=int(found[2]), column=int(found[3]))
    message = f"not valid TOML: {found[1] if found else words}"
    return InvalidTextError([Problem(where=where, message=message)], hint=hint)


class _Nodes:
    """Builds nodes of the values of a document, whose places it has looked up."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.lines = Lines(text, file)
        self.places = _Places(text).found

    def node(self, value: Any, path: Path) -> Node:
        _, at = self.places.get(path, (0, 0))
        where = self.lines.where(at)
        if isinstance(value, dict):
            paths = {key: (*path, key) for key in value}
            pairs = tuple((self._key(key, paths[key]), self.node(inner, paths[key])) for key, inner in value.items())
            return Node(kind="mapping", value=pairs, where=where)
        if isinstance(value, list):
            items = tuple(self.node(inner, (*path, place)) for place, inner in enumerate(value))
            return Node(kind="sequence", value=items, where=where)
        spelled = _SPELLED.match(self.text, at)
        text = value if isinstance(value, str) else spelled[0] if spelled else str(value)
        return Node(kind="scalar", value=value, where=where, text=text)

    def _key(self, name: str, path: Path) -> Node:
        at, _ = self.places.get(path, (0, 0))
        return Node(kind="scalar", value=name, where=self.lines.where(at), text=name)


class _Places:
    """Walks over the text of a document that is TOML; `found` has the offsets of key and value of each path."""

    def __init__(self, text: str) -> None:
        self.found: dict[Path, tuple[int, int]] = {(): (0, 0)}
        self._tokens = [(token[1], token.start(1)) for token in _TOKEN.finditer(text)]
        self._next = 0
        self._tables: dict[Path, int] = {}  # how far the tables of an array are counted
        table: Path = ()
        while self._sign:
            if self._takes("\n"):
                continue
            if self._sign == "[":
                table = self._header()
            else:
                self._pair(table)

    @property
    def _sign(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    @property
    def _at(self) -> int:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else 0

    def _takes(self, *signs: str) -> bool:
        if self._sign not in signs:
            return False
        self._next += 1
        return True

    def _keys(self) -> Iterator[tuple[str, int]]:
        while self._sign:
            name, at = self._sign, self._at
            self._next += 1
            yield _unquoted(name), at
            if not self._takes("."):
                return

    def _header(self) -> Path:
        at = self._at
        self._next += 1
        of_an_array = self._takes("[")
        path: Path = ()
        for name, place in list(self._keys()):
            path = (*path, *((self._tables[path],) if path in self._tables else ()), name)
            self.found.setdefault(path, (place, at))
        if of_an_array:
            self._tables[path] = self._tables.get(path, -1) + 1
        if path in self._tables:
            path = (*path, self._tables[path])
            self.found.setdefault(path, (at, at))
        while self._takes("]"):
            pass
        return path

    def _pair(self, path: Path) -> None:
        for name, at in list(self._keys()):
            path = (*path, name)
            self.found.setdefault(path, (at, at))
        key = self.found[path][0]
        self._takes("=")
        self.found[path] = key, self._at
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._takes("["):
            count = 0
            while self._sign and not self._takes("]"):
                if not self._takes(",", "\n"):
                    self.found[*path, count] = self._at, self._at
                    self._value((*path, count))
                    count += 1
        elif self._takes("{"):
            while self._sign and not self._takes("}"):
                if not self._takes(",", "\n"):
                    self._pair(path)
        else:
            while self._sign not in {"", ",", "\n", "]", "}"}:
                self._next += 1


def _unquoted(name: str) -> str:
    import tomllib

    return next(iter(tomllib.loads(f"{name} = 0"))) if name[0] in "\"'" else name
