"""Eight installations at once: into one prefix, where one builds and seven wait; into eight, where all build."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import standin
from support.faulty_index import Index, serve
from support.process import ROOT

pytestmark = pytest.mark.heavy

EIGHT = 8


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    files = {"tensorflow/__init__.py": f"__version__ = '{standin.VERSIONS[0]}'\n"}
    standin.write_wheel(folder, "tensorflow-cpu", standin.VERSIONS[0], files, requires=["six"])
    standin.write_wheel(folder, "six", "1.17.0", {"six.py": "value = 6\n"})
    with serve(Index(folder)) as running:
        yield running


def start(folder: Path, prefix: str, index: Index) -> subprocess.Popen[str]:
    argv = ["install", "--no-lock", "--no-verify", *standin.ASK, "--prefix", prefix, "--json"]
    variables = {"UV_DEFAULT_INDEX": index.url, "PIP_EXTRA_INDEX_URL": "", "UV_CACHE_DIR": str(folder / "cache")}
    return subprocess.Popen(
        [sys.executable, "-m", "tfsetup", *argv],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "installer")} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "prefixes", [["one"] * EIGHT, [f"env-{number}" for number in range(EIGHT)]], ids=["one", "eight"]
)
def test_eight_at_once(prefixes: list[str], index: Index, tmp_path: Path) -> None:
    running = [start(tmp_path, prefix, index) for prefix in prefixes]
    ended = [(child.communicate(), child.returncode) for child in running]
    assert [status for _, status in ended] == [0] * EIGHT, [said[1] for said, _ in ended]
    told = [json.loads(said[0])["data"] for said, _ in ended]
    assert sum(one["changed"] for one in told) == len(set(prefixes))
    assert {one["generation"] for one in told} == {1}
    for prefix in set(prefixes):
        left = sorted(path.name for path in (tmp_path / f"{prefix}.generations").iterdir())
        assert left == [".gitignore", "1", "1.json", "lock"]
        say = "import tensorflow; print(tensorflow.__version__)"
        done = subprocess.run(
            [tmp_path / prefix / "bin" / "python", "-c", say], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == standin.VERSIONS[0]
    if len(set(prefixes)) == 1:
        waited = [said[1] for said, _ in ended if "waiting for it" in said[1]]
        assert len(waited) <= EIGHT - 1
