"""TOML text → plain values by Python's own parser, its complaints in our words; and where the texts of a list stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final

from tfsetup.errors import Where
from tfsetup.ground.text import Lines

if TYPE_CHECKING:
    from tfsetup.ground.marked import InvalidTextError, Node

_STRING: Final = r'"""(?:\\.|[^\\])*?"{3,5}(?!")|"(?:\\.|[^"\\\n])*"' + r"|'''.*?'{3,5}(?!')|'[^'\n]*'"
_PLACE: Final = r"(?s)(.*) \(at (?:line (\d+), column (\d+)|end of document)\)"


def load_toml(text: str, file: str, *, hint: str = "") -> dict[str, object]:
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
        raise _invalid("nested too deep (at line 1, column 1)", text, file, hint) from None


def places_in(text: str, file: str, table: str, key: str | None) -> Iterator[Where]:
    """Yield where the value of a key of a table stands, then each text within it; for a document that is TOML.

    A `key` of None stands for the table itself. What is not found (a quoted key) is said to stand where the table does.
    """
    lines = Lines(text, file)
    header = re.search(rf"^[ \t]*(\[)[ \t]*{re.escape(table)}[ \t]*\]", text, re.MULTILINE)
    # Comments and texts are passed over whole: what looks like the key in one of them is none.
    token = re.compile(rf"#[^\n]*|(?P<text>{_STRING})|(?<![\w-]){key}[ \t]*=[ \t]*", re.DOTALL)
    found = token.finditer(text, header.end() if header else 0)
    value = next((one for one in found if key and one[0].startswith(key)), None)
    yield lines.where(value.end() if value else header.start(1) if header else 0)
    yield from (lines.where(one.start()) for one in found if one["text"])


def table_in(text: str, file: str, name: str, table: Mapping[str, object]) -> Node:
    """Return the nodes of a table of a document that is TOML, of scalars and lists of them; `name` is its header."""
    from tfsetup.ground.marked import Node

    (own,) = places_in(text, file, name, None)
    pairs = []
    for key, value in table.items():
        places = places_in(text, file, name, key)
        where = next(places)
        pairs.append((Node(kind="scalar", value=key, where=where, text=key), _node(value, where, places)))
    return Node(kind="mapping", value=tuple(pairs), where=own)


def _node(value: object, where: Where, inner: Iterator[Where]) -> Node:
    from tfsetup.ground.marked import Node

    if isinstance(value, list):
        spots = zip(value, chain(inner, repeat(where)), strict=False)
        return Node(kind="sequence", value=tuple(_node(one, spot, iter(())) for one, spot in spots), where=where)
    if isinstance(value, dict):
        pairs = ((_node(key, where, iter(())), _node(one, where, iter(()))) for key, one in value.items())
        return Node(kind="mapping", value=tuple(pairs), where=where)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Node(kind="scalar", value=value, where=where, text=text)


def _invalid(words: str, text: str, file: str, hint: str) -> InvalidTextError:
    from tfsetup.ground.marked import InvalidTextError, Problem  # most files are right, and start-up is measured

    found = re.fullmatch(_PLACE, words)
    where = Lines(text, file).where(len(text))
    if found and found[2]:
        where = Where(file=file, line=int(found[2]), column=int(found[3]))
    message = f"not valid TOML: {found[1] if found else words}"
    return InvalidTextError([Problem(where=where, message=message)], hint=hint)
