"""The pip of an environment in the same run of uv as its wheels: that of its own takes a third of a whole build. Pure.

Only where nothing is judged between the two, and only from uv's cache, where a wheel is known by its index, its name
and its hash: the address that PEP 751 wants of a file is asked by nobody.
"""

from __future__ import annotations

from tfsetup.ground.index import UVS_OWN
from tfsetup.locks.model import Lock, LockedFile, LockedPackage
from tfsetup.locks.venv.write import lines_of
from tfsetup.matrix.pips import PIP, PipWheel

_NOTE = "\n[tool."


def with_pip(lock: Lock, wheel: PipWheel, index: str | None) -> str:
    """Return the text of `lock` with the pip of `wheel`, found on `index` (None: uv's own) by whoever has it cached."""
    address = (index or UVS_OWN).rstrip("/")
    name = f"{PIP}-{wheel.version}-py3-none-any.whl"
    file = LockedFile(filename=name, size=wheel.size, sha256=wheel.sha256, url=f"{address}/{PIP}/{name}")
    package = LockedPackage(name=PIP, version=wheel.version, wheels=(file,), index=address)
    entry = "\n".join(lines_of(package, lock.form)) + "\n"
    before, note, after = lock.text.partition(_NOTE) if lock.form == "pylock" else (lock.text, "", "")
    return f"{before}{entry}{note}{after}"
