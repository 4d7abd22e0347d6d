"""Programs, packages and requirements of what is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.loader.files.sources import LocalTree
from tfsetup.loader.python.survey import Program, Surveyed, brought_by, survey, surveyed

RECORD = """\
../../../bin/board,sha256=x,1
board/__init__.py,,
board/main.py,,
board/sub/__init__.py,,
google/protobuf/__init__.py,,
google/_upb/__init__.py,,
six.py,,
native.cpython-312-x86_64-linux-gnu.so,,
81d243__mypyc.cpython-312-x86_64-linux-gnu.so,,
_private/__init__.py,,
tests/__init__.py,,
"with, comma/__init__.py",,
board-1.0.dist-info/RECORD,,
"""
POINTS = """\
[console_scripts]
Board = board.main:run
other=board.tools : Class.start [extra]
broken = nothing to call

[board_plugins]
x = board.x:X
"""


def test_what_a_distribution_brings() -> None:
    metadata = (
        "Metadata-Version: 2.1\nName: board\nRequires-Dist: numpy>=1\nRequires-Dist: rich; extra == 'tui'\n\nText"
    )
    found = surveyed("board", "1.0", {"RECORD": RECORD, "METADATA": metadata, "entry_points.txt": POINTS})
    assert found.modules == ("board", "google.protobuf", "native", "six")
    assert found.programs == (
        Program(name="Board", module="board.main", attribute="run"),
        Program(name="other", module="board.tools", attribute="Class.start"),
    )
    assert found.requires == ("numpy>=1", "rich; extra == 'tui'")


@pytest.mark.parametrize("points", ["", "no section\n", "[console_scripts]\n", "[gui_scripts]\na = b:c\n"])
def test_nothing_to_start(points: str) -> None:
    assert surveyed("a", "1", {"entry_points.txt": points}).programs == ()


def test_a_site_packages_is_surveyed_by_its_folders(tmp_path: Path) -> None:
    folder = tmp_path / "Some_Board-1.0.dist-info"
    folder.mkdir()
    (folder / "RECORD").write_text(RECORD)
    (tmp_path / "empty-2.0.dist-info").mkdir()
    (tmp_path / "not-a-distribution").mkdir()
    found = survey(LocalTree(tmp_path), tmp_path.as_posix())
    assert [(one.name, one.version, len(one.modules)) for one in found] == [
        ("empty", "2.0", 0),
        ("some-board", "1.0", 4),
    ]


KNOWN = (
    Surveyed(name="tensorflow", version="2", requires=("tensorboard~=2.20", 'nvidia; extra == "and-cuda"', "???")),
    Surveyed(name="tensorboard", version="2.20", requires=("setuptools>=41; python_version < '3'", "tensorflow")),
    Surveyed(name="setuptools", version="81"),
    Surveyed(name="nvidia", version="1"),
    Surveyed(name="pandas", version="2", requires=("pytz",)),
    Surveyed(name="pytz", version="1"),
)


@pytest.mark.parametrize(
    ("requirements", "names"),
    [
        (["TensorFlow==2"], {"tensorflow", "tensorboard", "setuptools"}),
        (["tensorflow[and_cuda]==2"], {"tensorflow", "tensorboard", "setuptools", "nvidia"}),
        (["pandas", "absent"], {"pandas", "pytz"}),
        (["no requirement at all"], set()),
    ],
)
def test_who_is_brought_by_whom(requirements: list[str], names: set[str]) -> None:
    assert brought_by(requirements, KNOWN) == names
