"""Which GPUs a piece of code can run on, by NVIDIA's rules of compatibility. Pure.

Sources: CUDA C++ Programming Guide, "Binary Compatibility" (a cubin runs on its own major, on the same or a greater
minor), "PTX Compatibility" (any later GPU), and "Architecture-specific features" (a target that ends in `a` runs on
exactly its own GPU, one that ends in `f` on its family).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Capability = tuple[int, int]
"""A compute capability, `(9, 0)`."""

_NAME = re.compile(r"(sm|compute)_([0-9]{1,3})([0-9])([af?]?)\Z")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Target:
    """What one image in a fat binary was compiled for.

    `kind`: `sm` is machine code, `compute` is PTX, which the driver compiles. `suffix`: `a`, `f`, nothing, or `?` where
    the PTX could not be read, so that nobody knows. `isa`: the version of the PTX language, which the driver must know.
    """

    kind: Literal["sm", "compute"]
    capability: Capability
    suffix: Literal["", "a", "f", "?"] = ""
    isa: Capability | None = None

    def __str__(self) -> str:
        """As nvcc writes it: `sm_90`, `compute_90a`; the version of the language after an @: `compute_90@8.5`."""
        major, minor = self.capability
        return f"{self.kind}_{major}{minor}{self.suffix}" + ("@{}.{}".format(*self.isa) if self.isa else "")

    def runs_on(self, gpu: Capability) -> bool:
        """Whether a GPU of that compute capability can run it (the driver willing)."""
        if self.suffix in ("a", "?"):
            return gpu == self.capability
        same_family = gpu[0] == self.capability[0] and gpu[1] >= self.capability[1]
        return same_family if self.kind == "sm" or self.suffix == "f" else gpu >= self.capability


def read_target(text: str) -> Target | None:
    """Return the target that `str` gave; None for another text."""
    name, _, isa = text.partition("@")
    found = _NAME.match(name)
    if found is None:
        return None
    language = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})", isa)
    if "@" in text and language is None:
        return None
    return Target(
        kind="sm" if found[1] == "sm" else "compute",
        capability=(int(found[2]), int(found[3])),
        suffix=_SUFFIXES[found[4]],
        isa=(int(language[1]), int(language[2])) if language else None,
    )


_SUFFIXES: dict[str, Literal["", "a", "f", "?"]] = {"": "", "a": "a", "f": "f", "?": "?"}


def general(containers: Iterable[frozenset[Target]]) -> list[frozenset[Target]]:
    """Return the fat binaries of a library that are for every GPU it knows: those with code for its oldest one.

    The others are for one kind of GPU only (tuned engines, kernels of one generation), and stand beside general ones.
    Where others have PTX, one without any was linked from several objects, which leaves none: in TensorFlow's wheels
    that is NCCL's code between GPUs, and a single GPU needs none of it.
    """
    kept = [one for one in containers if one]
    oldest = min((target.capability for one in kept for target in one), default=None)
    found = [one for one in kept if any(target.capability == oldest for target in one)]
    with_ptx = [one for one in found if any(target.kind == "compute" for target in one)]
    return with_ptx or found


def serves(containers: Iterable[frozenset[Target]], gpu: Capability) -> bool:
    """Whether a GPU can run every general fat binary of a library; a library without any serves none."""
    needed = general(containers)
    return bool(needed) and all(any(target.runs_on(gpu) for target in one) for one in needed)
