"""What a program reaches by its imports, and what of that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.loader.files.sources import LocalTree
from tfsetup.loader.python.reach import Reach, Reached
from tfsetup.loader.python.target import Target

GONE = {"pkg_resources": "taken away", "numpy.bool": "taken away too"}


def reached(folder: Path, sources: dict[str, str], module: str = "app.main") -> Reached:
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Reach(LocalTree(folder), folder.as_posix(), GONE).of(module)


MAIN = {"app/__init__.py": "", "app/main.py": "from app import default\n"}


def test_an_import_two_modules_away_is_found_with_its_line(tmp_path: Path) -> None:
    found = reached(tmp_path, MAIN | {"app/default.py": "import os\n\nimport pkg_resources\n"})
    assert [one.sentence for one in found.lost] == ["app/default.py:3 wants pkg_resources: taken away"]
    assert found.lost[0].certain


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("import pkg_resources.extern", [True]),
        ("from pkg_resources import parse_version", [True]),
        ("def f():\n    import pkg_resources", [False]),
        ("try:\n    import pkg_resources\nexcept ImportError:\n    pkg_resources = None", []),
        ("from .pkg_resources import own", []),
        ("import pkg_resources_of_ours", []),
        ("import numpy as np\nKIND = np.bool", [True]),
        ("import numpy as np\ndef f():\n    return np.bool", [False]),
        ("import numpy as np\nif hasattr(np, 'bool'):\n    KIND = np.bool", [False]),
        ("import numpy as np\nF = lambda: np.bool", [False]),
        ("import numpy as np\nclass A:\n    KIND = np.bool", [True]),
        ("from numpy import bool", [True]),
        ("import other as np\nKIND = np.bool", []),
        ("import numpy as np\nKIND = np.bool_", []),
    ],
)
def test_ways_to_want_what_is_gone(tmp_path: Path, text: str, certain: list[bool]) -> None:
    found = reached(tmp_path, MAIN | {"app/default.py": text})
    assert [one.certain for one in found.lost] == certain


def test_an_import_for_other_pythons_wants_nothing(tmp_path: Path) -> None:
    source = "import sys\nif sys.version_info < (3, 8):\n    import pkg_resources\n"
    assert reached(tmp_path, MAIN | {"app/default.py": source}).lost
    here = Target(system="linux", arch="x86_64", python="3.12")
    assert not Reach(LocalTree(tmp_path), tmp_path.as_posix(), GONE, here).of("app.main").lost


def test_what_the_program_s_own_functions_import_is_followed_and_what_others_do_is_not(tmp_path: Path) -> None:
    sources = {
        "app/__init__.py": "",
        "app/one.py": "import pkg_resources\n",
        "app/two.py": "def f():\n    import app.one\n",
    }
    assert reached(tmp_path, sources | {"app/main.py": "def main():\n    from app import one\n"}).lost
    assert not reached(tmp_path, sources | {"app/main.py": "from app import two\n"}).lost


def test_a_package_may_have_itself_what_another_lost(tmp_path: Path) -> None:
    sources = MAIN | {"app/default.py": "import numpy", "numpy/__init__.py": "import numpy as np\nbool = np.bool\n"}
    assert not reached(tmp_path, sources).lost


def test_what_cannot_be_read_is_named_and_no_module_is_read_twice(tmp_path: Path) -> None:
    found = reached(tmp_path, MAIN | {"app/default.py": "def broken(:\n"})
    assert (found.lost, found.unread) == ((), ("app.default",))
    reach = Reach(LocalTree(tmp_path), tmp_path.as_posix(), GONE)
    reach.of("app.main")
    count = reach.count
    reach.of("app.main")
    assert reach.count == count == 3
