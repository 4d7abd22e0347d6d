"""A receipt that was lost, written anew from what the files of its generation still tell."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from tfsetup.envs.added import sorted_out, tools_of
from tfsetup.envs.cure_files import start_up_in
from tfsetup.envs.cures import NOTHING
from tfsetup.envs.model import RECEIPT_SCHEMA, UNKNOWN, Layout, Receipt
from tfsetup.ground.looking import python_of
from tfsetup.ground.start_up import START_UP, variables_in

_LOCK = re.compile(r"pylock\.(?P<pylock>.+)\.toml|requirements\.(?P<requirements>.+)\.txt|conda-lock\.yml")


def is_lost(layout: Layout, generation: int) -> bool:
    """Tell whether a receipt is gone, or is no receipt at all.

    One of another version of tfsetup is not lost, nor is one that may not be read.
    """
    import msgspec

    try:
        content = layout.receipt(generation).read_bytes()
        known = msgspec.json.decode(content)
        if isinstance(known, dict) and known.get("schema", RECEIPT_SCHEMA) != RECEIPT_SCHEMA:
            return False
        msgspec.json.decode(content, type=Receipt)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return True
    except OSError:
        return False
    return False


def rebuilt(layout: Layout, generation: int) -> Receipt:
    """Return a receipt from what is there.

    Raises:
        OSError: a file of the generation cannot be read.
    """
    folder = layout.folder(generation)
    names = [
        path
        for pattern in ("pylock.*.toml", "requirements.*.txt", "conda-meta/conda-lock.yml")
        for path in folder.glob(pattern)
    ]
    python = python_of(folder, (path.name for path in folder.glob("lib/python3.*"))) or ""
    return from_files(
        generation,
        python=python,
        packages=[path.name for path in layout.site_packages(folder, python).glob("*.dist-info")],
        beside={path.name: path.read_text("utf-8", "replace") for path in names},
        conda=(folder / "conda-meta").is_dir(),
        cures=variables_in(start_up_in(layout.site_packages(folder, python) / START_UP) or "") or {},
    )


def from_files(
    generation: int,
    *,
    python: str,
    packages: Sequence[str],
    beside: Mapping[str, str],
    conda: bool,
    cures: Mapping[str, str] = NOTHING,
) -> Receipt:
    """Return a receipt that claims no more than is known; what is not is empty, and the row `UNKNOWN`.

    `packages` are the names of `*.dist-info` folders, `beside` the text of each lock file kept in the environment, by
    name: tfsetup names them after the row. `cures` are what a start-up file of ours sets. Without a digest no
    installation takes the generation for what is asked.
    """
    found = next(((match, text) for name, text in sorted(beside.items()) if (match := _LOCK.fullmatch(name))), None)
    row = (found[0]["pylock"] or found[0]["requirements"]) if found else None
    kept, tools = sorted_out(packages, tools_of(found[1] if found else "", conda=conda))
    return Receipt(
        generation=generation,
        row=row or UNKNOWN,
        digest="",
        python=python,
        requirements=(),
        packages=kept,
        tools=tools,
        created="",
        tfsetup="",
        lock_sha256=hashlib.sha256(found[1].encode()).hexdigest() if found else "",
        backend="conda" if conda else "venv",
        rebuilt=True,
        cures=dict(cures),
    )
