"""`make install ARGS="--backend conda"`: the tool gets what the conda backend needs, and only then."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def pins(name: str) -> dict[str, str]:
    """Return the versions that a requirements file pins."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


def commands(*argv: str) -> list[str]:
    """Return what `make ARGV…` would run for a folder in which nothing is made yet."""
    command = ["make", "--dry-run", "--always-make", *argv]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.process
@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["install"], ["scripts/tool-environment .tool/env requirements/tool.txt", ".tool/env/bin/tfsetup install "]),
        (
            ["install", "ARGS=--backend conda"],
            [
                "scripts/tool-environment .tool/conda requirements/conda.txt",
                ".tool/conda/bin/tfsetup install --backend conda",
            ],
        ),
        (
            ["lock", "ARGS=--backend conda"],
            [
                "scripts/tool-environment .tool/conda requirements/conda.txt",
                ".tool/conda/bin/tfsetup lock  --backend conda",
            ],
        ),
    ],
    ids=["plain", "install with conda", "lock with conda"],
)
def test_make_prepares_the_tool_for_what_is_asked(argv: list[str], expected: list[str]) -> None:
    assert commands(*argv) == expected


def test_the_extra_is_pinned_with_hashes_like_everything_else() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["conda"]
    pinned = pins("conda.txt")
    for requirement in map(Requirement, extra):
        assert requirement.specifier.contains(pinned[requirement.name])
    text = (ROOT / "requirements" / "conda.txt").read_text()
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text


def test_the_tool_is_the_same_with_and_without_it() -> None:
    plain, conda, dev = pins("tool.txt"), pins("conda.txt"), pins("dev.txt")
    assert plain.items() <= conda.items()
    assert {name: version for name, version in conda.items() if dev.get(name) != version} == {}
