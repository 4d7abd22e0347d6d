"""TensorFlow imported from a folder of its sources, read off a traceback. Pure.

Who starts Python beside a checkout or an unpacked source archive imports the folder `tensorflow/` there, which lacks
what a build generates, and not what is installed. Python's and IPython's frames, and the path behind a name that
"cannot be imported", say where the file lies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tfsetup.doctor.model import Observation
from tfsetup.doctor.pattern import candidates
from tfsetup.doctor.text import LogText

# Folders of the sources that are imported first, as they stand in a path.
_PARTS: Final = (
    "tensorflow/python/", "tensorflow/core/", "tensorflow/__init__.py", "tensorflow\\python\\", "tensorflow\\core\\",
    "tensorflow\\__init__.py",
)  # fmt: skip
_FILE: Final = re.compile(r"tensorflow[\\/](?:\w{1,80}[\\/]){0,12}\w{1,80}\.py\b")
_LONGEST: Final = 300
_PATH_BEFORE: Final = re.compile(r"[^\s'\"()<>]*\Z")
# Where TensorFlow is put on purpose: installers' folders, a build's own, archives, and images of functions.
_PUT_THERE: Final = re.compile(
    r"(?:site|dist)-packages|[\\/]lib(?:64)?[\\/]python[0-9.]+[\\/]|bazel-|runfiles|execroot|__pypackages__|_MEI|\.zip"
    r"|\.pex|\.egg|^/var/task/|^/opt/python/|[\\/](?:vendor|_vendor|libs?|packages|target|deps)[\\/]$",
    re.IGNORECASE,
)
# What only a build makes, and the sentence that TensorFlow itself has for it.
_LACKS: Final = re.compile(
    r"cannot import name '?(?:build_info|\w{1,60}_pb2|_?pywrap_\w{1,60}|gen_\w{1,60}_ops)\b"
    r"|No module named '?tensorflow\.(?:python\.(?:platform\.build_info|_?pywrap_\w{1,60}|ops\.gen_\w{1,60})"
    r"|core\.[\w.]{1,80}_pb2|_api)\b"
    r"|No module named '?(?:core\.framework|tensorflow\.core\.framework)"
    r"|not (?:try to )?import tensorflow from its source directory"
)
_WORDS: Final = ("annot import name", "o module named", "from its source directory")


def from_sources(log: LogText) -> Iterator[Observation]:
    """Yield that the module tensorflow is a folder of sources, where a part of it lacks what a build makes."""
    if not _lacks_what_is_built(log.stream):
        return
    found = sorted({at for part in _PARTS for at in candidates(log.stream, part)})
    folders = [_folder(log.stream, at) for at in found if _FILE.match(log.stream, at)]
    if not folders or any(_PUT_THERE.search(one) for one in folders):
        return
    words = f"{folders[-1]}tensorflow is a folder of the sources, which is imported in the place of the module."
    captures = {"module": "tensorflow", "found_by": "sources"}
    yield Observation(check="shadowing-file", subject="tensorflow", detail=words, captures=captures)


def _lacks_what_is_built(stream: str) -> bool:
    places = (at for word in _WORDS for at in candidates(stream, word))
    return any(_LACKS.search(stream, max(0, at - 40), at + 160) for at in places)


def _folder(stream: str, at: int) -> str:
    """Return the folder in which `tensorflow/` lies, of the path that goes on at `at`; empty: the working folder."""
    before = _PATH_BEFORE.search(stream[max(0, at - _LONGEST) : at])
    return before[0] if before is not None else ""
