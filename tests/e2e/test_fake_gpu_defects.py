"""Defects planted in a device of TensorFlow: `verify` names each, and accuses nothing else of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from uv import find_uv_bin

from support.fake_gpu import plugin
from support.planted import THREADS, Planted, accused, examined, planted
from support.process import tfsetup
from tfsetup.ground.looking import find
from tfsetup.host.probe import probe

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.heavy,
    pytest.mark.skipif(bool(plugin.missing()), reason=plugin.missing() or "it can be built"),
]

NEWEST = "2.21.0"
RELEASES = (NEWEST, "2.18.1")
PYTHONS = {
    python.minor: python.path
    for python in probe(downloads=False).pythons or ()
    if python.path and not python.free_threaded
}
MINOR = max(set(PYTHONS) & {"3.10", "3.11", "3.12"}, key=lambda text: int(text.split(".")[1]))

QUICK = tuple(each for each in planted() if each.mode == "quick")
TOGETHER = ("k2-bias", "rows-2e16", "transposed-ignored", "first-batch", "sort16", "arg-type", "long-sums",
            "softmax-overflow", "repeat-random")  # fmt: skip
"""Defects of the quick mode that do not hide each other: each is named where all are there."""

Make = Callable[[str], Path]


@pytest.fixture(scope="module")
def with_device(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return what makes, once, an interpreter that has a release of TensorFlow and the device beside it."""
    made: dict[str, Path] = {}

    def make(release: str) -> Path:
        if release not in made:
            environment = tmp_path_factory.mktemp("planted") / release
            uv = find_uv_bin()
            subprocess.run([uv, "venv", "-q", "-p", str(PYTHONS[MINOR]), str(environment)], check=True)
            wanted = f"tensorflow-cpu=={release}"
            subprocess.run([uv, "pip", "install", "-q", "--python", str(environment), wanted], check=True)
            plugin.put(plugin.site_packages(environment), tmp_path_factory.getbasetemp() / "fake-gpu")
            made[release] = find(environment).python
        return made[release]

    return make


def test_each_kernel_of_the_device_agrees_with_the_cpu(with_device: Make) -> None:
    script = Path(plugin.__file__).with_name("agreement.py")
    command = [str(with_device(NEWEST)), str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["differing"] == []
    assert told["lacking"] == []
    assert told["asked"] > 700  # in four types


def test_a_healthy_device_is_accused_of_nothing(with_device: Make) -> None:
    found = examined(with_device(NEWEST), "", "quick")
    assert accused(found) == {}
    assert accused(found, "CPU:0") == {}
    assert found.ok, found.findings


def test_many_defects_at_once_are_all_named(with_device: Make) -> None:
    named = accused(examined(with_device(NEWEST), ",".join(TOGETHER), "quick"))
    wanted = [each for each in QUICK if each.words in TOGETHER]
    assert {name: named.get(name) for each in wanted for name in each.named} == {
        name: status for each in wanted for name, status in each.named.items()
    }
    assert set(named) <= {name for each in wanted for name in each.suspects}


@pytest.mark.parametrize("words", ["drop-activation", "crash=Softmax"])
def test_a_defect_is_named_and_nothing_else(with_device: Make, words: str) -> None:
    hold(with_device(NEWEST), next(each for each in QUICK if each.words == words))


def hold(python: Path, each: Planted) -> None:
    """Have one defect named by whom the list says, in the shortest mode that it says, and by nobody else."""
    found = examined(python, each.words, each.mode)
    named = accused(found)
    assert {name: named.get(name) for name in each.named} == dict(each.named), each.what
    assert set(named) <= each.suspects, each.what
    assert accused(found, "CPU:0") == {}
    assert found.ok == (set(each.named.values()) == {"slow"})  # being slow is no fault


@pytest.mark.exhaustive
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("each", [each for each in planted() if each.named], ids=lambda each: each.words)
def test_every_defect_of_the_list_is_named_and_nothing_else(with_device: Make, each: Planted, release: str) -> None:
    hold(with_device(release), each)


@pytest.mark.exhaustive
@pytest.mark.parametrize("each", [each for each in planted() if each.finding], ids=lambda each: each.words)
def test_what_takes_an_earlier_run_to_know_is_told(with_device: Make, each: Planted) -> None:
    prefix = with_device(NEWEST).parents[1]
    told = []
    for words in ("", "", each.words):
        settings = {"FAKE_GPU_DEFECTS": words, **THREADS}
        done = tfsetup("verify", str(prefix), "--quick", "--size", "512", "--json", cwd=prefix.parent, **settings)
        titles = [finding["title"] for finding in json.loads(done.stdout)["findings"]]
        told.append(any(re.match(each.finding, title) for title in titles))
    assert told == [False, False, True]


@pytest.mark.exhaustive
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("mode", ["quick", "full"])
def test_its_healthy_twin_is_accused_of_nothing(with_device: Make, mode: str, release: str) -> None:
    found = examined(with_device(release), "", "full" if mode == "full" else "quick")
    assert accused(found) == {}
    assert accused(found, "CPU:0") == {}
