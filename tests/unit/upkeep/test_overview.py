from __future__ import annotations

import pytest

from support.matrix import shipped
from tfsetup.upkeep.overview import Line, overview


@pytest.fixture(scope="module")
def lines() -> dict[str, Line]:
    return {line.row: line for line in overview(shipped())}


def test_a_line_for_each_row_in_its_order(lines: dict[str, Line]) -> None:
    assert list(lines) == [row.id for row in shipped().rows]
    assert all("==" in line.newest and line.pythons and line.releases != "none" for line in lines.values())


@pytest.mark.parametrize(
    ("row", "newest", "releases", "pythons", "needs"),
    [
        (
            "macos-arm64-metal",
            "tensorflow==2.19.1  tensorflow-metal==1.2.0",
            "2.13.0 to 2.19.1",
            "3.8-3.12",
            "macOS 12.1+",
        ),
        ("macos-arm64-cpu", "tensorflow==2.21.0", "2.13.0 to 2.21.0", "3.8-3.13", "macOS 12.0+"),
        (
            "linux-x86_64-cuda",
            "tensorflow[and-cuda]==2.20.0",
            "2.5.0 to 2.21.0",
            "3.6-3.13",
            "glibc 2.17+; AVX; driver 525.60.13+",
        ),
        ("linux-x86_64-rocm", "tensorflow-rocm==2.14.0.600", "2.5.0 to 2.14.0.600", "3.6-3.11", "glibc 2.17+; AVX"),
        (
            "macos-arm64-metal-community",
            "tensorflow==2.21.0  tensorflow-metal-plugin==0.4.1",
            "2.21.0",
            "3.10-3.13",
            "macOS 15+; Xcode command line tools; a version asked for",
        ),
    ],
)
def test_what_a_line_says(
    lines: dict[str, Line], row: str, newest: str, releases: str, pythons: str, needs: str
) -> None:
    line = lines[row]
    assert (line.newest, line.releases, line.pythons, line.needs) == (newest, releases, pythons, needs)
