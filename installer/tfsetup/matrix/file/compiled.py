"""The shipped matrix as JSON beside its YAML, so that `resolve` need not wait for a YAML parser.

It is made from `matrix.yaml` and names the hash of that text. Where the text beside it has another hash, the copy is
not used: the YAML is the matrix, and this is a copy that can be late but never wrong.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

from tfsetup.matrix.file.rows import (
    BlasRule,
    CondaBlas,
    CondaRelease,
    CondaSupply,
    MatrixFile,
    Pair,
    Plugin,
    Refusal,
    Row,
    Rule,
    When,
)
from tfsetup.matrix.hazards import Cure, Hazard

# Which fields hold other row types: one, or a list of them. Everything else is plain. A test holds this to the types.
_NESTED: dict[type, dict[str, type]] = {
    MatrixFile: {"rows": Row, "rules": Rule, "refusals": Refusal, "conda": CondaSupply, "hazards": Hazard},
    Row: {"when": When, "plugin": Plugin, "rules": Rule, "blas": BlasRule, "conda": CondaRelease},
    Plugin: {"pairs": Pair},
    CondaSupply: {"blas": CondaBlas},
    Hazard: {"cure": Cure},
}


def compile_matrix(content: MatrixFile, text: str) -> str:
    """Return the text of `environments/matrix.json` for a matrix and the YAML it was read from."""
    document = {"sha256": _hash(text), "matrix": plain(content)}
    return json.dumps(document, separators=(",", ":")) + "\n"


def load_compiled(compiled: str, text: str) -> MatrixFile | None:
    """Return the matrix; None when it was not made from `text`, or is damaged."""
    try:
        document = json.loads(compiled)
        if document["sha256"] != _hash(text):
            return None
        found = _value(MatrixFile, document["matrix"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if isinstance(found, MatrixFile) else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """Return a row type as a mapping of what differs from its defaults."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    fields = dataclasses.fields(value)
    return {f.name: plain(found) for f in fields if (found := getattr(value, f.name)) not in ({}, f.default)}


def _value(wanted: type, plain: dict[str, Any]) -> Any:
    nested = _NESTED.get(wanted, {})
    return wanted(**{name: _field(nested.get(name), value) for name, value in plain.items()})


def _field(inner: type | None, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value if inner is None else (_value(inner, item) for item in value))
    return value if inner is None else _value(inner, value)
