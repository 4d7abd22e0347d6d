"""A signal that the evidence shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tfsetup.doctor.model import Weight


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A signal that the evidence shows. `offset` is its last place in the log's stream, -1 for anything else.

    `places` are all of its places there, as far as they were looked for. `captures` is what the evidence says, whoever
    wrote it; `looked` are paths that we found on this machine ourselves. `decisive` are facts of the machine that would
    tell what it shows from what else would look so. `beside`: it supports something that was seen, as a fact does.
    """

    weight: Weight
    decided: bool = True
    proof: str = ""
    offset: int = -1
    places: tuple[int, ...] = ()
    captures: Mapping[str, str] = field(default_factory=dict)
    looked: Mapping[str, str] = field(default_factory=dict)
    decisive: tuple[str, ...] = ()
    beside: bool = False

    @property
    def visible(self) -> bool:
        """Whether this is something seen in log, files or packages, not a fact that merely fits."""
        return bool(self.proof) and not self.beside
