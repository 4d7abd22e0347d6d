"""Which indexes the matrix's own client reads: uv's choice where uv has one, else pip's settings. Pure, over texts.

The only place where pip's files count: uv knows nothing of them, and this client reads what `pip index` would.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tfsetup.errors import InvalidFileError, UsageError, Where
from tfsetup.ground.index import refuse_insecure
from tfsetup.ground.uv_settings import Choice, Said


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexes:
    """`default`: the main index, None where nobody named one; `extra`: further ones. `source` says who chose.

    `trusted` are the hosts for which plain http is allowed (`ground.index.insecure`).
    """

    default: str | None = None
    extra: tuple[str, ...] = ()
    source: str = "the default"
    offline: bool = False
    trusted: frozenset[str] = frozenset()


def indexes(choice: Choice, pip_files: Mapping[str, str], environ: Mapping[str, str]) -> Indexes:
    """Return the indexes to read: those of `choice` (which has pip's variables), else those of pip's settings files.

    `pip_files`: text of each settings file of pip that exists, by path, the strongest first.

    Raises:
        InvalidFileError: a settings file cannot be parsed.
        UsageError: an index is one that anybody on the way could answer for.
    """
    offline = choice.offline or environ.get("PIP_NO_INDEX", "0") not in {"0", ""}
    pip = [_pip_file(path, text) for path, text in pip_files.items()]
    if choice.default is None and not choice.extra:
        default = next((part.default for part in pip if part.default), None)
        extra = tuple(said for part in pip for said in part.extra)
        choice = Choice(default=default, extra=extra, trusted=choice.trusted)
    refuse_insecure(choice)
    named = [*((choice.default,) if choice.default else ()), *choice.extra]
    return Indexes(
        default=choice.default.url if choice.default else None,
        extra=tuple(dict.fromkeys(said.url for said in choice.extra)),
        source=named[0].where if named else "the default",
        offline=offline,
        trusted=choice.trusted,
    )


def index_of_uv(help_text: str) -> str:
    """Return the index that uv takes where nobody named one; its help is the only place that says which that is.

    Raises:
        UsageError: it does not say so any more.
    """
    found = re.search(r"by\s+default:\s+<(https://[^>\s]+)>", help_text)
    if found is None:
        raise UsageError("No index is named, and uv does not say which its own is.", hint="Set UV_DEFAULT_INDEX.")
    return found[1]


def _pip_file(path: str, text: str) -> Choice:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        message = f"pip's settings cannot be read: {error.message.splitlines()[0]}"
        raise InvalidFileError(message, where=Where(file=path)) from error
    found: dict[str, str] = {}
    for section in ("global", "install"):  # pip lets the command's section win
        if parser.has_section(section):
            found |= {key: value for key, value in parser.items(section) if key in {"index-url", "extra-index-url"}}
    default = found.get("index-url", "").strip()
    return Choice(
        default=Said(url=default, where=path) if default else None,
        extra=tuple(Said(url=url, where=path) for url in found.get("extra-index-url", "").split()),
    )
