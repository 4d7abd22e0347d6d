"""Nodes: what a YAML, JSON or TOML file says, each value with its line and column, within limits.

The three notations become the same nodes, so that one decoder reads them (`decode`). Here are the nodes themselves and
YAML, of which only plain data is read: no tags, no anchors, no aliases (the usual way to make a small file enormous),
one document. A scalar keeps the type its spelling has, so that `3.10` is seen to be a number before it passes for a
version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeVar

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.text import MOST, Lines
from tfsetup.ground.values import value

MAX_DEPTH: Final = 12
MAX_NODES: Final = 50_000
_TOO_DEEP: Final = "maximum nesting depth"

Item = TypeVar("Item")
Found = TypeVar("Found")
Scalar = str | int | float | bool | None

# YAML 1.1 (yaml.org/type), which PyYAML and most editors follow: these spellings are not text.
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NULLS = {"", "~", "null"}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)\Z")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*)?\.[0-9]*(e[-+]?[0-9]+)?\Z", re.IGNORECASE)


@value
class Node:
    """One value of the file. `value` is a scalar, a tuple of nodes, or a tuple of (key node, value node) pairs."""

    kind: str  # "scalar", "sequence" or "mapping"
    value: Any
    where: Where
    text: str = ""  # a scalar as it is spelled

    def get(self, name: str) -> Node | None:
        """Return the value of a key, None when there is none or this is no mapping."""
        pairs = self.value if self.kind == "mapping" else ()
        return next((value for key, value in pairs if key.text == name), None)

    def only(self, wanted: Callable[[str], bool]) -> Node:
        """Return the node with those of its keys alone that are `wanted`."""
        if self.kind != "mapping":
            return self
        return replace(self, value=tuple(pair for pair in self.value if wanted(pair[0].text)))


@value
class Marked:
    """A text of a file (a platform, a requirement) and its place."""

    text: str
    where: Where


@value
class Problem:
    """One thing wrong with a file, and how to put it right."""

    where: Where
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Return `file:line:column: message (hint)`."""
        return f"{self.where}: {self.message}" + (f". {self.hint}" if self.hint else "")


class InvalidTextError(InvalidFileError):
    """One or more problems in files of people; `problems` has each with its place, `where` is the first."""

    def __init__(self, problems: Sequence[Problem], *, hint: str = "") -> None:
        """Put every problem into the message, one a line, by file and line; no credentials of addresses in it."""
        from tfsetup.ground.redaction import redact  # not for the compiled matrix, which is what `resolve` reads

        files = list(dict.fromkeys(problem.where.file for problem in problems))
        self.problems = tuple(sorted(problems, key=lambda one: (files.index(one.where.file), *_place(one.where))))
        first = self.problems[0]
        if len(self.problems) == 1:
            message = f"{first.message[:1].upper()}{first.message[1:]}{'' if first.message.endswith('.') else '.'}"
            hint = first.hint or hint
        else:
            message = f"{len(self.problems)} problems:\n" + "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(redact(message), where=first.where, hint=redact(hint))


def refused(where: Where, message: str, hint: str = "") -> InvalidTextError:
    """Return the error of one problem."""
    return InvalidTextError([Problem(where=where, message=message, hint=hint)])


def each(read: Callable[[Item], Found], items: Iterable[Item]) -> tuple[Found, ...]:
    """Return what `read` makes of each item.

    Raises:
        InvalidTextError: `read` refuses some; with all their problems.
    """
    found: list[Found] = []
    problems: list[Problem] = []
    for item in items:
        try:
            found.append(read(item))
        except InvalidTextError as error:
            problems += error.problems
    if problems:
        raise InvalidTextError(problems)
    return tuple(found)


def _place(where: Where) -> tuple[int, int]:
    return where.line or 0, where.column or 0


class Event(NamedTuple):
    """What a notation's reader tells: a scalar, or the begin (`[`, `{`) or end (`]`, `}`) of what holds others."""

    kind: str
    where: Where
    value: Scalar = None
    text: str = ""


def tree(events: Iterator[Event], file: str) -> Node:
    """Return the root node of the one document that `events` tell.

    Raises:
        InvalidTextError: there is none, or it is too deep or has too many values.
    """
    first = next(events, None)
    if first is None:
        raise refused(Where(file=file, line=1, column=1), "the file is empty")
    root = _Tree(events).node(first, 0)
    for _ in events:  # to its end: what follows is the reader's to refuse
        pass
    return root


class _Tree:
    def __init__(self, events: Iterator[Event]) -> None:
        self.events = events
        self.count = 0

    def node(self, event: Event, depth: int) -> Node:
        self.count += 1
        if depth > MAX_DEPTH:
            raise refused(event.where, f"nested deeper than {MAX_DEPTH} levels")
        if self.count > MAX_NODES:
            raise refused(event.where, f"more than {MAX_NODES:,} values")
        if event.kind == "scalar":
            return Node(kind="scalar", value=event.value, where=event.where, text=event.text)
        flat = tuple(self._until("]" if event.kind == "[" else "}", depth))
        if event.kind == "[":
            return Node(kind="sequence", value=flat, where=event.where)
        return Node(kind="mapping", value=tuple(zip(flat[::2], flat[1::2], strict=True)), where=event.where)

    def _until(self, end: str, depth: int) -> Iterator[Node]:
        for event in self.events:
            if event.kind == end:
                return
            yield self.node(event, depth + 1)


def compose(text: str, file: str) -> Node:
    """Return the root node of a YAML document.

    Raises:
        InvalidTextError: the text is not YAML, too large or too deep, or uses anchors, aliases, tags or two documents.
    """
    import yaml

    if len(text) > MOST:
        raise refused(Where(file=file, line=1, column=1), f"larger than {MOST:,} bytes")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return tree(_yaml_events(yaml.parse(text, Loader=loader), file), file)
    except yaml.YAMLError as error:
        if _TOO_DEEP in str(error):  # libyaml from 0.2.6 on reads ahead, and has a bound of its own
            raise refused(Where(file=file, line=1, column=1), f"nested deeper than {MAX_DEPTH} levels") from None
        raise _no_yaml(error, text, file) from None


def load_yaml(text: str, file: str, what: str, *, hint: str = "") -> Any:
    """Return the plain content of YAML that another program writes, aliases and all; `what` it is called.

    Raises:
        InvalidFileError: it is not YAML, or its aliases stand for more than anybody means.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(text, Loader=loader)  # noqa: S506 - it is a safe loader, libyaml's where there is one
        unfolded(content)
    except yaml.YAMLError as error:
        raise _no_yaml(error, text, file, hint) from None
    except (ValueError, RecursionError) as error:
        where = Where(file=file, line=1, column=1)
        raise InvalidFileError(f"This is not a {what}: {error}.", where=where, hint=hint) from None
    return content


def _no_yaml(error: Exception, text: str, file: str, hint: str = "") -> InvalidTextError:
    """Return PyYAML's complaint in our words. It knows a place as a mark, or as the offset of a bad character."""
    mark = getattr(error, "problem_mark", None)
    if mark:
        where = Where(file=file, line=mark.line + 1, column=mark.column + 1)
    else:
        where = Lines(text, file).where(min(getattr(error, "position", 0), len(text)))
    words = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return InvalidTextError([Problem(where=where, message=f"not valid YAML: {words}")], hint=hint)


_ENDS: Final = {"SequenceEndEvent": "]", "MappingEndEvent": "}"}
_STARTS: Final = {"SequenceStartEvent": "[", "MappingStartEvent": "{"}
_AROUND: Final = {"StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"}


def _yaml_events(events: Iterator[Any], file: str) -> Iterator[Event]:
    documents = 0
    for event in events:
        name = type(event).__name__
        where = Where(file=file, line=event.start_mark.line + 1, column=event.start_mark.column + 1)
        if name in _ENDS:
            yield Event(_ENDS[name], where)
        elif name == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                raise refused(where, "a second document starts here; one is expected")
        elif name not in _AROUND:
            yield _yaml_event(event, name, where)


def _yaml_event(event: Any, name: str, where: Where) -> Event:
    if name == "AliasEvent" or event.anchor is not None:
        raise refused(where, "anchors and aliases are not read here; write the value out")
    if event.tag is not None:
        raise refused(where, f"the tag {event.tag} is not read here; remove it")
    if name in _STARTS:
        return Event(_STARTS[name], where)
    value = event.value if event.style else resolve(event.value)  # libyaml's plain style is the empty string
    return Event("scalar", where, value, event.value)


def unfolded(value: object, limit: int = 2_000_000) -> int:
    """Return how many values YAML content has once every alias is written out, at most about `limit` of them.

    For files that other programs write, aliases and all: each is a small text for a part that may be enormous.

    Raises:
        ValueError: there are more, or one holds itself.
    """
    known: dict[int, int] = {}

    def count(one: object) -> int:
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
