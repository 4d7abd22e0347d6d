"""The TOML that settings files of uv are written in, for a Python without tomllib (before 3.11). Pure.

Texts, numbers, truths, lists and tables, also one within another; what is none of it (dates) is kept as it is written.
"""

from __future__ import annotations

import re
from typing import Any

Table = Any  # what TOML says, by its keys

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|\#[^\n]*)
    |(?P<long>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5})
    |(?P<text>"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<mark>[\[\]{},=.\n])
    |(?P<word>[A-Za-z0-9_+:-]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(\s*\n\s*)|(.))", re.DOTALL)


def loads(text: str) -> Table:
    """Return what a text in TOML says.

    Raises:
        ValueError: it is no TOML.
    """
    try:
        import tomllib
    except ImportError:
        return _Reader(text).document()
    return tomllib.loads(text)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or found.end() == at:
                raise ValueError(f"no TOML at {text[at : at + 20]!r}")
            if found.lastgroup != "blank":
                self._tokens.append((str(found.lastgroup), found.group()))
            at = found.end()
        self._at = 0

    def document(self) -> Table:
        root: Table = {}
        table = root
        while self._peek():
            if self._take("\n"):
                continue
            if self._take("["):
                several = self._take("[")
                table = _open(root, self._key(), several=several)
                self._need("]")
                if several:
                    self._need("]")
            else:
                self._pair(table)
            if self._peek():
                self._need("\n")
        return root

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise ValueError("the text ends in the middle")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, mark: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == ("mark", mark)
        self._at += found
        return found

    def _need(self, mark: str) -> None:
        if not self._take(mark):
            raise ValueError(f"{self._peek()!r} stands where {mark!r} belongs")

    def _key(self) -> list[str]:
        names = []
        while True:
            kind, word = self._next()
            if kind not in ("word", "text"):
                raise ValueError(f"{word!r} is no key")
            names.append(_text(word) if kind == "text" else word)
            if not self._take("."):
                return names

    def _pair(self, table: Table) -> None:
        *path, last = self._key()
        self._need("=")
        for name in path:
            table = table.setdefault(name, {})
        if not isinstance(table, dict) or last in table:
            raise ValueError(f"{last!r} is said twice")
        table[last] = self._value()

    def _value(self) -> Any:
        kind, word = self._next()
        if kind in ("text", "long"):
            return _text(word)
        if kind == "word":
            while self._take("."):
                word += f".{self._next()[1]}"
            return {"true": True, "false": False}.get(word, _number(word))
        if word == "[":
            return self._list()
        if word != "{":
            raise ValueError(f"{word!r} is no value")
        table: Table = {}
        while not self._take("}"):
            self._pair(table)
            if not self._take(","):
                self._need("}")
                break
        return table

    def _list(self) -> list[Any]:
        found: list[Any] = []
        while True:
            self._lines()
            if self._take("]"):
                return found
            found.append(self._value())
            self._lines()
            if not self._take(","):
                self._need("]")
                return found

    def _lines(self) -> None:
        while self._take("\n"):
            pass


def _open(root: Table, path: list[str], *, several: bool) -> Table:
    for name in path[:-1]:
        root = root.setdefault(name, {})
        root = root[-1] if isinstance(root, list) else root
    if several:
        root.setdefault(path[-1], []).append({})
        return root[path[-1]][-1]
    return root.setdefault(path[-1], {})


def _number(word: str) -> Any:
    plain = word.replace("_", "")
    if re.fullmatch(r"[+-]?[0-9]+", plain):
        return int(plain)
    return float(plain) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|[+-]?(inf|nan)", plain) else word


def _text(word: str) -> str:
    quote = word[:3] if word[:3] in ('"""', "'''") else word[0]
    inner = word[len(quote) : -len(quote)]
    if len(quote) > 1:
        inner = re.sub(r"^\r?\n", "", inner)
    return inner if quote[0] == "'" else _ESCAPE.sub(_escaped, inner)


def _escaped(found: re.Match[str]) -> str:
    code = found.group(1) or found.group(2) or found.group(3)
    if code:
        return chr(int(code, 16))
    if found.group(4):
        return ""
    if found.group(5) not in _ESCAPES:
        raise ValueError(f"{found.group()!r} is no escape")
    return _ESCAPES[found.group(5)]
