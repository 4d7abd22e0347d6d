"""What the cores could do at best: cores times clock times floating-point operations a cycle."""

from __future__ import annotations

from collections.abc import Collection

# float32 operations a core completes in a cycle: lanes times two (a fused multiply-add counts as two) times the two
# units that cores of these generations have (optimisation manuals of Intel and AMD, guides of Arm's Cortex cores).
PER_CYCLE = (("avx512f", 64), ("fma3", 32), ("avx", 16), ("sse2", 8), ("asimd", 16), ("neon", 16))


def ceiling(cores: int | None, clock_ghz: float | None, features: Collection[str] | None) -> float | None:
    """Return the peak in float32 GFLOP/s; None where cores, clock or vector width are not known.

    It is an orientation and not a bound: turbo clocks lie above it, and matrix units (Apple AMX, Arm SME) far above.
    """
    if not cores or not clock_ghz or features is None:
        return None
    known = {name.lower() for name in features}
    width = next((count for name, count in PER_CYCLE if name in known), None)
    return None if width is None else cores * clock_ghz * width
