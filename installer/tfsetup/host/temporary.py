"""Temporary folders of a run, named after its process, so that what killed runs have left can be told and removed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfsetup.ground.folders import temporary_place
from tfsetup.ground.processes import alive

_NAME = re.compile(r"tfsetup-(\d+)-\w+")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder that is gone after the `with`; a killed run's stays until `sweep_temporary`."""
    import tempfile  # start-up is measured

    with tempfile.TemporaryDirectory(prefix=f"tfsetup-{os.getpid()}-", dir=temporary_place(os.environ)) as folder:
        yield Path(folder)


def sweep_temporary() -> int:
    """Remove the temporary folders that killed runs of this user have left; return how many there were."""
    count = 0
    for folder in temporary_place(os.environ).glob("tfsetup-*-*"):
        found = _NAME.fullmatch(folder.name)
        if found and not alive(int(found[1])):
            with suppress(OSError):
                shutil.rmtree(folder)
                count += 1
    return count
