"""What the real loader says: libraries opened with ctypes, each in a forked child, here or in an emulated machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfsetup.loader.elf.symbols import BEHIND_THE_VERSIONS
from tfsetup.loader.model import LoadFailure

CHILD = """
import ctypes, json, os, sys
for path, mode in json.loads(sys.stdin.read()):
    out, inn = os.pipe()
    errors_out, errors_in = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(errors_in, 2)
        try:
            ctypes.CDLL(path, mode=mode)
            text = "loads"
        except OSError as error:
            text = str(error)
        os.write(inn, text.encode())
        os._exit(0)
    os.close(inn)
    os.close(errors_in)
    text = b"".join(iter(lambda: os.read(out, 65536), b""))
    errors = b"".join(iter(lambda: os.read(errors_out, 65536), b""))
    os.close(out)
    os.close(errors_out)
    status = os.waitpid(child, 0)[1]
    print(json.dumps([text.decode() if text else None, errors.decode(), status]), flush=True)
"""

_LINE = re.compile(r"(dl-[a-z]+\.c): \d+: ")


@dataclass(frozen=True)
class Truth:
    """What really happened: the words, or None when the process died, and how."""

    words: str | None
    death: str = ""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One question: which file, bound lazily or at once."""

    path: str
    lazy: bool = False


def ask(command: Sequence[str], openings: Sequence[Opening], library_path: str = "") -> list[Truth]:
    """Let a Python started by `command` open files, each in a process of its own that has nothing but ctypes loaded."""
    environment = {**os.environ, "LD_LIBRARY_PATH": library_path} if library_path else dict(os.environ)
    modes = [(opening.path, os.RTLD_LAZY if opening.lazy else os.RTLD_NOW) for opening in openings]
    run = subprocess.run(
        [*command, "-S", "-c", CHILD],
        input=json.dumps(modes),
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(found) == len(openings)
    return [Truth(words, _LINE.sub(r"\1: ", death.strip()) or f"status {status}") for words, death, status in found]


def differs(truth: Truth, failure: LoadFailure | None, *, undecided: bool) -> str | None:
    """Return what is wrong with a prediction, None when it agrees.

    A process that dies without a word agrees with a predicted death, or with a prediction that is said to be undecided.
    """
    predicted = failure.message if failure else "loads"
    if truth.words == predicted:
        return None
    if failure is not None and BEHIND_THE_VERSIONS in predicted:
        return None  # what is read there is chance: a death, or a version whose name is garbage
    if truth.words is None and failure is not None and ("is killed" in predicted or predicted in truth.death):
        return None
    if truth.words is None and failure is None and undecided:
        return None
    return f"really: {truth.words or truth.death!r}; predicted: {predicted!r} (undecided: {undecided})"


def is_elf(path: Path) -> bool:
    """Say whether a path is an ELF file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"
