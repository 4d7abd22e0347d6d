"""Which indexes the matrix's own client reads: those that uv uses. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tfsetup.errors import UsageError
from tfsetup.ground.index import STRATEGY, refuse_insecure
from tfsetup.ground.uv_settings import Choice


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexes:
    """`default`: the main index, None where nobody named one; `extra`: further ones. `source` says who chose.

    `choice` is all that the settings say, which the client goes by. `merged`: a project's files are those of every
    index that has it; else of the first one, as with uv's `first-index`.
    """

    default: str | None = None
    extra: tuple[str, ...] = ()
    source: str = "the default"
    offline: bool = False
    choice: Choice = field(default_factory=Choice)
    merged: bool = False


def indexes(choice: Choice, environ: Mapping[str, str]) -> Indexes:
    """Return the indexes to read: those of `choice`.

    Raises:
        UsageError: an index is one that anybody on the way could answer for.
    """
    refuse_insecure(choice)
    named = [*((choice.default,) if choice.default else ()), *choice.extra]
    return Indexes(
        default=choice.default.url if choice.default else None,
        extra=tuple(dict.fromkeys(said.url for said in choice.extra)),
        source=named[0].where if named else "the default",
        offline=choice.offline or {**environ, **choice.variables}.get("PIP_NO_INDEX", "0") not in {"0", ""},
        choice=choice,
        merged=str(environ.get(STRATEGY) or choice.variables.get(STRATEGY) or _strategy(choice)).startswith("unsafe-"),
    )


def _strategy(choice: Choice) -> object:
    pip = choice.settings.get("pip")
    return (pip.get("index-strategy") if isinstance(pip, dict) else None) or choice.settings.get("index-strategy")


def index_of_uv(help_text: str) -> str:
    """Return the index that uv takes where nobody named one; its help is the only place that says which that is.

    Raises:
        UsageError: it does not say so any more.
    """
    found = re.search(r"by\s+default:\s+<(https://[^>\s]+)>", help_text)
    if found is None:
        raise UsageError("No index is named, and uv does not say which its own is.", hint="Set UV_DEFAULT_INDEX.")
    return found[1]
