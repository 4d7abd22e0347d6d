"""What the cores could do at best."""

from __future__ import annotations

import pytest

from tfsetup.verify.ceiling import ceiling


@pytest.mark.parametrize(
    ("cores", "clock", "features", "gflops"),
    [
        (2, 2.45, ["SSE2", "AVX", "AVX2", "FMA3"], 156.8),
        (16, 2.0, ["SSE2", "AVX", "AVX2", "FMA3", "AVX512F"], 2048.0),
        (4, 3.0, ["SSE2", "AVX"], 192.0),
        (4, 1.5, ["NEON", "ASIMD"], 96.0),
        (None, 2.0, ["AVX"], None),
        (4, None, ["AVX"], None),
        (4, 2.0, None, None),
        (4, 2.0, ["RVV"], None),
    ],
)
def test_the_peak_is_cores_times_clock_times_width(
    cores: int | None, clock: float | None, features: list[str] | None, gflops: float | None
) -> None:
    assert ceiling(cores, clock, features) == (None if gflops is None else pytest.approx(gflops))
