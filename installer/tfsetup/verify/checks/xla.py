"""What TensorFlow says where XLA has no compiler for a plugin's platform, and how to go without."""

from __future__ import annotations

import re

# TensorFlow 2.11 to 2.21.
NO_COMPILER = re.compile(
    r"[^\n]*(?:could not find compiler for platform|could not find registered (?:compiler|platform))[^\n]*",
    re.IGNORECASE,
)


def without_compiler(message: str) -> str | None:
    """Return the line of an error that says that XLA has no compiler for this device; None: it is another error."""
    found = NO_COMPILER.search(message)
    return found.group(0).split("[Op:")[0].strip()[:300] if found else None
