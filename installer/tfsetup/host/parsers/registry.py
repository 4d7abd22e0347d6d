"""What Windows' `reg query KEY /s` prints: keys at the margin, their values indented."""

from __future__ import annotations

import re

_VALUE = r"\s+(?P<name>.+?)\s{2,}(?P<type>REG_[A-Z_]+)(?:\s{2,}(?P<value>.*))?$"


def read_reg(text: str) -> dict[str, dict[str, str]]:
    """Return key → value name → text; names in other languages (`(Standard)`) stay as they are."""
    keys: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("HKEY_"):
            current = keys.setdefault(line.strip(), {})
        elif found := re.match(_VALUE, line):
            current[found["name"]] = (found["value"] or "").strip()
    return keys


def interpreters(keys: dict[str, dict[str, str]]) -> tuple[str, ...]:
    r"""Return the executables registered as PEP 514 says: `…\Company\Tag\InstallPath`, value `ExecutablePath`.

    The launcher's own entry (`PyLauncher`) is not an interpreter.
    """
    found = (
        values.get("ExecutablePath", "")
        for key, values in keys.items()
        if key.lower().endswith("\\installpath") and "\\pylauncher" not in key.lower()
    )
    return tuple(dict.fromkeys(path for path in found if path))
