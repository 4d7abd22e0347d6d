"""The values: a refusal as an installer words it, and what explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Speaker = Literal["pip", "pipenv", "uv", "uv-lock", "poetry", "pdm", "somebody"]
"""`uv-lock`: uv, of a lock that was made elsewhere; `somebody`: in a sentence, not an installer's."""
Blame = Literal["python", "platform", "version"]
Why = Literal[
    "python", "platform", "intel-mac", "translated", "narrow", "musl", "old-tags", "old-pip", "old-macos", "later",
    "never", "network",
]  # fmt: skip
"""What may be the matter.

`python`: another Python would be served; `platform`: another system; `intel-mac`: another Mac; `translated`: an arm64
Python on this Mac; `narrow`: the Python is a 32-bit one; `musl`: no glibc; `old-tags`: the Python takes the system for
an older macOS; `old-pip`: pip knows no such wheels; `old-macos`: they are for a newer macOS; `later`: published, and
not yet there for who asked; `never`: nothing like it was published; `network`: no index was reached.
"""


FAMILY: Final = ("tensorflow", "tf-", "keras", "tflite", "tensorboard", "tfx", "tfds", "tfp")
"""How the names begin of what is ours, though nobody recorded it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """What was asked for and not had.

    `offered` are the versions that were seen (None: the installer names none), `cut`: the text ends before they do.
    `wanted` are specifiers (PEP 440), empty for any version; `asker`: the distribution that asks for it; `blamed`: what
    the installer itself says is the matter; `tag`: the Python or platform that it names for itself; `start`: the place
    in the stream; `since` and `until`: the days (ISO) between which installers use these words.
    """

    name: str
    wanted: str = ""
    offered: tuple[str, ...] | None = None
    cut: bool = False
    speaker: Speaker = "pip"
    asker: str = ""
    blamed: Blame | None = None
    tag: str = ""
    start: int = 0
    since: str = ""
    until: str = "9999"


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """One of the reasons that explain a refusal: `share` of all that do. `exact`: a list fits a machine to the letter.

    `captures` are what fixes may name: `name`, `want`, and `nearest`, the version there is; `decisive`: facts that
    would tell it from the others.
    """

    why: Why
    share: float
    refusal: Refusal
    exact: bool = False
    captures: Mapping[str, str] = field(default_factory=dict)
    decisive: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The distribution that is refused, and the one that asks for it."""
        return (self.refusal.name, self.refusal.asker) if self.refusal.asker else (self.refusal.name,)
