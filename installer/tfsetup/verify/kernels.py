"""What TensorFlow says where a device has no kernel for an operation: its name, and that it is no failure. Pure.

With soft placement an operation like that runs on the CPU, silently; the checks switch it off and read the refusal.
"""

from __future__ import annotations

import re
from typing import Final

from tfsetup.verify.checks.xla import without_compiler
from tfsetup.verify.model import Event

_REFUSED: Final = re.compile(
    r"could not satisfy (?:explicit )?device specification"
    r"|no (?:supported|registered '?[^ ']{1,80}'?) (?:kernel|opkernel)|no opkernel was registered"
    r"|cannot assign a device for operation|no kernel for",
    re.IGNORECASE,
)
# Where the operation's name stands: in a graph's refusal, in an eager call's last words, in a kernel's own refusal, in
# the list of what is colocated (`TopKV2: CPU`), in a node's name.
_NAMED: Final = (
    re.compile(r"^Op: ([A-Za-z0-9_]{1,80})$", re.MULTILINE),
    re.compile(r"\[Op:((?!__)[A-Za-z0-9_]{1,80})\]"),
    re.compile(r"(?:registered to support Op|No registered) '([A-Za-z0-9_]{1,80})'"),
    re.compile(r"^([A-Z_][A-Za-z0-9_]{0,80}): (?:CPU|XLA_CPU)", re.MULTILINE),
    re.compile(r"for operation ([A-Za-z0-9_/]{1,120})"),
    re.compile(r"\{\{node ([A-Za-z0-9_/]{1,120})\}\}"),
)


def without_kernel(error: Event) -> str | None:
    """Return the operation that a device has no kernel for, by the error that it gave; None: it is another error."""
    message = str(error.get("message") or "")
    if not _REFUSED.search(message):
        return None
    found = next((match[1] for pattern in _NAMED if (match := pattern.search(message))), "")
    return found.rpartition("/")[2] or "an operation"


def without_xla(error: Event) -> str | None:
    """Return the device's own line about a missing compiler; None: it is another error."""
    return without_compiler(str(error.get("message") or ""))
