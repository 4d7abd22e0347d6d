"""Versions of NVIDIA's libraries against each other: the CUDA a missing one is of and the one there, two drivers. Pure.

NVIDIA gives the runtime and cuBLAS the toolkit's version in their names: `libcudart.so.10.1`, `cudart64_101.dll`, from
CUDA 11 on one name for a major (`libcudart.so.11.0` of every 11.x, `cudart64_110.dll`; `libcudart.so.12`). Other parts
count on their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_ONE_NAME_FROM: Final = 11
_JOINED: Final = re.compile(r"(?P<major>[89]|1[0-9])(?P<minor>[0-9])")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_DIGITS: Final = re.compile(r"(?P<major>[0-9]{1,2})(?:\.(?P<minor>[0-9]{1,2}))?")


def compared(captures: Mapping[str, str], cuda: str | None) -> dict[str, str]:
    """Return `cuda`: whether the CUDA that a pattern captured as `wanted` is the `same` as `cuda`, or an `other`.

    `unsaid` where nobody says which is there; {} where none is wanted. `wanted` is what stands behind the name of the
    runtime or of cuBLAS.
    """
    if "wanted" not in captures:
        return {}
    wanted, here = _version(captures["wanted"]), _version(cuda or "")
    if wanted is None or here is None:
        return {"cuda": "unsaid"}
    known = [pair for pair in zip(wanted, here, strict=True) if None not in pair]
    counting = known[:1] if (wanted[0] or 0) >= _ONE_NAME_FROM else known
    return {"cuda": "same" if all(one == other for one, other in counting) else "other"}


def drivers(captures: Mapping[str, str]) -> dict[str, str]:
    """Return `drivers`: whether the driver's library `dso` is of the `same` version as the module in the `kernel`."""
    if "dso" not in captures or "kernel" not in captures:
        return {}
    dso, kernel = (_NUMBER.findall(captures[name]) for name in ("dso", "kernel"))
    known = list(zip(dso, kernel, strict=False))
    return {"drivers": "unsaid" if not known else "same" if all(int(a) == int(b) for a, b in known) else "other"}


def _version(text: str) -> tuple[int | None, int | None] | None:
    """Return major and minor of `10.1`, of `12` and of `101`, `90` as Windows' files have them."""
    joined = _JOINED.fullmatch(text)
    found = joined or _DIGITS.match(text)
    if found is None:
        return None
    return int(found["major"]), None if found["minor"] is None else int(found["minor"])
