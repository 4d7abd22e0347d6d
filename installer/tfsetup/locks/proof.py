"""What was found about a lock: would it load on its target? Written down beside the locks. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Literal

from msgspec import UNSET, UnsetType

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.encode import encode
from tfsetup.ground.owners import SharedFiles
from tfsetup.ground.values import value
from tfsetup.host.model import Host
from tfsetup.locks.cure import is_cure
from tfsetup.locks.model import LockedPackage

Verdict = Literal["loads", "fails", "undecided"]
SCHEMA = 1


@value
class Proof:
    """The verdict of the preflight on one lock file.

    `row` and `python` say which lock it was, should its file be missing. `sha256` is that of the lock file: a proof of
    another text is none. `subject` is the fingerprint of what was judged: the same files on the same machine need not
    be judged again. `images` were opened. `reasons` are the failures, or why there is no verdict.
    `conflicts` are packages with a path of two contents. `digests` are those that were handed on with the lock: the
    sha256 of each by file name.
    """

    row: str
    python: str
    sha256: str
    verdict: Verdict
    subject: str = ""
    images: int = 0
    reasons: tuple[str, ...] = ()
    conflicts: tuple[SharedFiles, ...] | UnsetType = UNSET
    digests: dict[str, str] | UnsetType = UNSET


def subject(packages: Sequence[LockedPackage], host: Host, python: str) -> str:
    """Return a fingerprint of what is judged: the files, the machine and the Python."""
    judged = [package for package in packages if not is_cure(package)]  # it has nothing that could be loaded
    return fingerprint([file.sha256 for package in judged for file in package.files], host, python)


def fingerprint(hashes: Sequence[str], host: Host, python: str) -> str:
    """Return the fingerprint of files (their sha256, in any order) on a machine with a Python.

    Whether a GPU is a virtual machine's, and how many cores it has, says nothing about what a loader does, and proofs
    are older than both questions.
    """
    machine = asdict(host)
    for gpu in machine["gpus"] or ():
        del gpu["virtual"], gpu["cores"]
    return hashlib.sha256(json.dumps([sorted(hashes), machine, python], sort_keys=True).encode()).hexdigest()


def parse_proofs(text: str, file: str) -> dict[str, Proof]:
    """Return the proofs by file name.

    Raises:
        InvalidFileError: it is no such record.
    """
    import msgspec

    hint = "It is written by `tfsetup lock`; remove it and write it anew."
    try:
        found = msgspec.json.decode(text.encode(), type=_File)
    except (msgspec.DecodeError, UnicodeEncodeError) as problem:
        raise InvalidFileError(
            f"The record of proofs is damaged: {problem}.", where=Where(file=file), hint=hint
        ) from None
    if found.schema != SCHEMA:
        raise InvalidFileError("The record of proofs is of another schema.", where=Where(file=file), hint=hint)
    return found.locks


@value
class _File:
    schema: int
    locks: dict[str, Proof]


def render_proofs(proofs: Mapping[str, Proof]) -> str:
    """Return the record as text: one entry a lock, sorted, the same bytes for the same proofs."""
    record = _File(schema=SCHEMA, locks=dict(sorted(proofs.items())))
    return json.dumps(encode(record), indent=1, ensure_ascii=False) + "\n"
