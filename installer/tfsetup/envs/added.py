"""The `*.dist-info` folders of an environment: what belongs to it, what is there to work with, what came later. Pure.

Their names are `name-version.dist-info`, with the name in the spelling of who built the wheel (PEP 427, PEP 503).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from tfsetup.envs.model import Receipt
from tfsetup.matrix.pips import PIP

INFO = ".dist-info"
_NAMES_PIP = re.compile(r'^(?:name = "pip"|pip==)', re.MULTILINE)


def distribution(info: str) -> tuple[str, str]:
    """Return the normalised name and the version that the name of a `*.dist-info` folder says."""
    name, _, version = info.removesuffix(INFO).partition("-")
    return re.sub(r"[-_.]+", "-", name).lower(), version


def sorted_out(infos: Iterable[str], tools: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what belongs to an environment and what is there to work with, both in order."""
    found = sorted(infos)
    return (
        tuple(info for info in found if distribution(info)[0] not in tools),
        tuple(info for info in found if distribution(info)[0] in tools),
    )


def tools_of(lock: str, *, conda: bool) -> tuple[str, ...]:
    """Return what is there to work with in an environment of which only the text of its lock is left."""
    return (PIP,) if conda or not _NAMES_PIP.search(lock) else ()


def added(receipt: Receipt, infos: Iterable[str]) -> tuple[str, ...]:
    """Return what somebody put in by hand since the generation of `receipt` was built, `name==version`.

    `infos` are the folders that are there now. A package of the receipt in another version is changed, not added.
    """
    known = {distribution(info)[0] for info in (*receipt.packages, *receipt.tools)}
    found = (distribution(info) for info in sorted(infos))
    return tuple(f"{name}=={version}" for name, version in found if name not in known)
