"""The fingerprint of what was decided: two selections with the same digest want the same environment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

from tfsetup.matrix.model import Selection


def digest(selection: Selection, *, more: Sequence[str] = ()) -> str:
    """Return a sha256 (hex) over the row, the requirements, the target and the backend of `selection`.

    `more` is what else was asked for with it. Reasons, warnings and the path of the interpreter are left out: they may
    change without the environment changing.
    """
    decided = {
        "row": selection.row,
        "requirements": selection.requirements,
        "source_builds": selection.source_builds,
        "sdists": selection.sdists,
        "conda": selection.conda,
        "channels": selection.conda_channels,
        "backend": selection.backend,
        "target": asdict(selection.target) if selection.target else None,
    }
    if more:
        decided["more"] = tuple(more)
    return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()
