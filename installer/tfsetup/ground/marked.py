"""YAML text → nodes that remember their line and column, within limits, with every problem gathered.

Only plain data is read: no tags, no anchors, no aliases (the usual way to make a small file enormous), one document.
A scalar keeps the type its spelling has in YAML, so that `3.10` is seen to be a number before it passes for a version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tfsetup.errors import Where

MAX_BYTES = 1_000_000
MAX_DEPTH = 12
MAX_NODES = 50_000

Scalar = str | int | float | bool | None

# YAML 1.1 (yaml.org/type), which PyYAML and most editors follow: these spellings are not text.
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NULLS = {"", "~", "null"}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)\Z")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*)?\.[0-9]*(e[-+]?[0-9]+)?\Z", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One value of the file. `value` is a scalar, a tuple of nodes, or a tuple of (key node, value node) pairs."""

    kind: str  # "scalar", "sequence" or "mapping"
    value: Any
    where: Where
    text: str = ""  # a scalar as it is spelled


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with a file, and how to put it right."""

    where: Where
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Return `file:line:column: message (hint)`."""
        return f"{self.where}: {self.message}" + (f". {self.hint}" if self.hint else "")


class UnreadableError(Exception):
    """The text cannot be read any further; the problems found so far are `problems`."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem."""
        super().__init__(str(problem))
        self.problem = problem


def compose(text: str, file: str) -> Node:
    """Return the root node of a YAML document.

    Raises:
        UnreadableError: the text is not YAML, too large or too deep, or uses anchors, aliases, tags or two documents.
    """
    import yaml

    if len(text) > MAX_BYTES:
        raise UnreadableError(Problem(where=Where(file=file), message=f"larger than {MAX_BYTES:,} bytes"))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Composer(file).document(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Where(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Where(file=file)
        raise UnreadableError(Problem(where=where, message=f"not valid YAML: {error.problem}")) from error
    except yaml.YAMLError as error:
        raise UnreadableError(Problem(where=Where(file=file), message=f"not valid YAML: {error}")) from error


class _Composer:
    """Builds nodes from PyYAML's events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0

    def document(self, events: Iterator[Any]) -> Node:
        root: Node | None = None
        documents = 0
        for event in events:
            name = type(event).__name__
            if name == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise self._refuse(event, "a second document starts here; one is expected")
            elif name not in {"StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"}:
                root = self._node(event, events, 0)
        if root is None:
            raise UnreadableError(Problem(where=Where(file=self.file, line=1, column=1), message="the file is empty"))
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        self.count += 1
        if depth > MAX_DEPTH:
            raise self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        if self.count > MAX_NODES:
            raise self._refuse(event, f"more than {MAX_NODES:,} values")
        name = type(event).__name__
        if name == "AliasEvent" or event.anchor is not None:
            raise self._refuse(event, "anchors and aliases are not read here; write the value out")
        if event.tag is not None:
            raise self._refuse(event, f"the tag {event.tag} is not read here; remove it")
        where = self._where(event)
        if name == "ScalarEvent":
            value = event.value if event.style else resolve(event.value)  # libyaml's plain style is the empty string
            return Node(kind="scalar", value=value, where=where, text=event.value)
        if name == "SequenceStartEvent":
            items = tuple(self._until("SequenceEndEvent", events, depth))
            return Node(kind="sequence", value=items, where=where)
        flat = list(self._until("MappingEndEvent", events, depth))
        return Node(kind="mapping", value=tuple(zip(flat[::2], flat[1::2], strict=True)), where=where)

    def _until(self, end: str, events: Iterator[Any], depth: int) -> Iterator[Node]:
        for event in events:
            if type(event).__name__ == end:
                return
            yield self._node(event, events, depth + 1)

    def _where(self, event: Any) -> Where:
        return Where(file=self.file, line=event.start_mark.line + 1, column=event.start_mark.column + 1)

    def _refuse(self, event: Any, message: str) -> UnreadableError:
        return UnreadableError(Problem(where=self._where(event), message=message))


def unfolded(value: Any, limit: int = 2_000_000) -> int:
    """Return how many values YAML content has once every alias is written out, at most about `limit` of them.

    For files that other programs write, aliases and all: each is a small text for a part that may be enormous.

    Raises:
        ValueError: there are more, or one holds itself.
    """
    known: dict[int, int] = {}

    def count(one: Any) -> int:
        if not isinstance(one, dict | list):
            return 1
        if id(one) not in known:
            known[id(one)] = limit  # whoever comes here again while this is counted is inside of it
            inner = [*one, *one.values()] if isinstance(one, dict) else one
            known[id(one)] = 1 + sum(map(count, inner))
        if known[id(one)] >= limit:
            raise ValueError(f"its aliases stand for more than {limit:,} values")
        return known[id(one)]

    return count(value)


def resolve(text: str) -> Scalar:
    """Return what an unquoted YAML scalar means."""
    lower = text.lower()
    if lower in _NULLS:
        return None
    if lower in _BOOLEANS:
        return _BOOLEANS[lower]
    if _INTEGER.match(text):
        return int(text.replace("_", "")) if len(text) < 20 else text  # noqa: PLR2004 - longer is nobody's number
    if _FLOAT.match(text) and any(c.isdigit() for c in text):
        return float(text.replace("_", ""))
    return text
