"""How many examples a property test takes: a share of what the running profile gives, never a number of its own.

`make check` has a minute for everything (profile `house`); `make exhaustive` has time (`thorough`).
"""

from __future__ import annotations

from hypothesis import settings


def examples(share: float) -> settings:
    """Return settings with a share of the running profile's examples, at least one."""
    return settings(max_examples=max(1, round(settings().max_examples * share)))
