"""Temporary folders of a run, named after its process, so that what killed runs have left can be told and removed."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfsetup.ground.processes import alive

_NAME = re.compile(r"tfsetup-(\d+)-\w+")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder that is gone after the `with`; a killed run's stays until `sweep_temporary`."""
    with tempfile.TemporaryDirectory(prefix=f"tfsetup-{os.getpid()}-", dir=_place()) as folder:
        yield Path(folder)


def sweep_temporary() -> int:
    """Remove the temporary folders that killed runs of this user have left; return how many there were."""
    count = 0
    for folder in Path(_place()).glob("tfsetup-*-*"):
        found = _NAME.fullmatch(folder.name)
        if found and not alive(int(found[1])):
            with suppress(OSError):
                shutil.rmtree(folder)
                count += 1
    return count


def _place() -> str:
    """Return where temporary files go, by the rules of `tempfile.gettempdir`, which is asked last.

    It tries a folder by writing a file of a random name there, and a kill at that moment leaves the file.
    """
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    usual = () if os.name == "nt" else ("/tmp",)  # noqa: S108 - only a folder of our own is made in it
    for folder in (*filter(None, named), *usual):
        if os.access(folder, os.R_OK | os.W_OK | os.X_OK) and Path(folder).is_dir():
            return str(Path(folder).absolute())
    return tempfile.gettempdir()
