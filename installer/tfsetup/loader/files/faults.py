"""What is wrong with a wheel as a whole, told from the names in it: what nobody installs, and names of two files. Pure.

Sources: binary distribution format, "Contents" and "The .dist-info directory"; pip, `_internal/utils/wheel.py`
(`wheel_dist_info_dir`) and `_internal/operations/install/wheel.py` (it reads RECORD), whose words these are as far as
it has any; uv refuses the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from tfsetup.loader.files.archive import Contents
from tfsetup.loader.files.view import installed_path
from tfsetup.loader.model import LoadFailure, NotCovered

_INFO = ".dist-info"


def refused(filename: str, archive: Contents) -> LoadFailure | None:
    """Return why installers refuse the wheel of this name, None when they take it."""
    why = _why_refused(filename.partition("-")[0], archive)
    if why is None:
        return None
    message = f"{filename.partition('-')[0]} has an invalid wheel, {why}"
    return LoadFailure(kind="malformed-image", image=filename, message=message)


def _why_refused(name: str, archive: Contents) -> str | None:
    tops = {member.partition("/")[0] for member in archive.members if "/" in member}
    infos = sorted(each for each in tops if each.endswith(_INFO))
    if not infos:
        return f"{_INFO} directory not found"
    if len(infos) > 1:
        return f"multiple {_INFO} directories found: {', '.join(infos)}"
    (info,) = infos
    if not canonicalize_name(info).startswith(canonicalize_name(name)):
        return f"{_INFO} directory {info!r} does not start with {canonicalize_name(name)!r}"
    return None if f"{info}/RECORD" in archive.members else f"there is no RECORD in {info}"


def unclear(filename: str, archive: Contents, *, fold: bool) -> Iterator[NotCovered]:
    """Yield the names of which it cannot be told which file installing leaves there.

    `fold`: the system's disks take upper and lower case for the same, unless somebody made them otherwise.
    """
    for name in archive.twice:
        reason = f"{filename} holds two files named {name}, and which of them stays is up to the installer"
        yield NotCovered(reason=reason, image=installed_path(name), matters=True)
    for names in _alike(archive):
        differ = len({archive.members[name].crc for name in names}) > 1
        what = f"{filename} holds names that differ only in upper and lower case, {' and '.join(names)}"
        reason = f"{what}: where that makes no difference, one of them stays"
        yield NotCovered(reason=reason, image=installed_path(names[0]), matters=fold and differ)


def _alike(archive: Contents) -> list[list[str]]:
    groups = defaultdict[str, list[str]](list)
    for name in archive.members:
        groups[name.casefold()].append(name)
    return [names for names in groups.values() if len(names) > 1] if len(groups) < len(archive.members) else []
