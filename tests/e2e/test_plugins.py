"""A plugin of TensorFlow in an environment reached through its link is loaded once.

TensorFlow collects the folders of plugins as path strings (`tensorflow/__init__.py`: `site.getsitepackages()`,
`sys.path` and all of sysconfig's schemes) and loads each, so that with two spellings of one folder its plugins are
registered twice.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support import standin
from support.killing import Sandbox

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="the link is another kind on Windows; built with gcc"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="a plugin is built with gcc"),
]

# TensorFlow calls `TF_InitKernel` at each registration of a library; a constructor would run once for all of them.
SOURCE = """
#include <stdio.h>
#include <stdlib.h>
void TF_InitKernel(void) {
    FILE *log = fopen(getenv("PLUGIN_LOG"), "a");
    fputs("initialised\\n", log);
    fclose(log);
}
"""
ONCE = 1
# What Python reads of the folder, and which spellings of it TensorFlow is given.
WATCH = """
import json, os, sys
seen = []
def watch(event, arguments):
    if event == "os.listdir" and str(arguments[0]).endswith("tensorflow-plugins"):
        seen.append(str(arguments[0]))
sys.addaudithook(watch)
import tensorflow as tf
total = float(tf.reduce_sum(tf.ones((4, 4))))
print(json.dumps({"folders": sorted(set(seen)), "prefix": sys.prefix, "total": total}))
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A project with a real TensorFlow and a real plugin in it."""
    home = tmp_path_factory.mktemp("plugins")
    cache = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache/uv"))
    made = Sandbox(home=home, variables={"UV_CACHE_DIR": cache})
    made.project.mkdir()
    made.run("install", "--no-lock", "--no-verify", *standin.ASK)
    folder = made.prefix / "lib" / f"python{standin.MINOR}" / "site-packages" / "tensorflow-plugins"
    folder.mkdir()
    source = home / "plugin.c"
    source.write_text(SOURCE)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "libplugin.so", source], check=True)
    return made


def start(box: Sandbox, command: list[str], **variables: str) -> tuple[dict[str, Any], int]:
    """Run a program in the project; return what it saw and how often the plugin was initialised."""
    log = box.home / "plugin.log"
    log.unlink(missing_ok=True)
    environ = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        command,
        cwd=box.project,
        env=environ | {"PLUGIN_LOG": str(log)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), len(log.read_text().splitlines())


def places(box: Sandbox) -> dict[str, Path]:
    return {"link": box.prefix, "real": box.prefix.resolve()}


@pytest.mark.parametrize("place", ["link", pytest.param("real", marks=pytest.mark.exhaustive)])
def test_python_of_the_environment_loads_a_plugin_once(place: str, box: Sandbox) -> None:
    prefix = places(box)[place]
    seen, times = start(box, [str(prefix / "bin" / "python"), "-c", WATCH])
    assert len(seen["folders"]) == 1, seen
    assert (seen["total"], times) == (16.0, ONCE)


@pytest.mark.parametrize("shell", [pytest.param("sh", marks=pytest.mark.exhaustive), "bash"])
def test_an_activated_shell_loads_a_plugin_once(shell: str, box: Sandbox) -> None:
    script = f'. "{box.prefix}/bin/activate" && exec python -c "$WATCH"'
    seen, times = start(box, [shell, "-c", script], WATCH=WATCH)
    assert len(seen["folders"]) == 1, seen
    assert (seen["prefix"], times) == (str(box.prefix), ONCE)


@pytest.mark.parametrize(
    "way", [*(pytest.param(way, marks=pytest.mark.exhaustive) for way in ("module", "relative")), "script"]
)
def test_other_ways_in_load_a_plugin_once(way: str, box: Sandbox) -> None:
    (box.project / "program.py").write_text(WATCH)
    script = box.project / "script"
    script.write_text(f"#!{box.prefix}/bin/python\n{WATCH}")
    script.chmod(0o755)
    command = {
        "module": [str(box.prefix / "bin" / "python"), "-m", "program"],
        "relative": [".venv/bin/python", "program.py"],
        "script": [str(script)],
    }[way]
    seen, times = start(box, command)
    assert len(seen["folders"]) == 1, seen
    assert times == ONCE


def test_two_spellings_would_be_seen(box: Sandbox) -> None:
    """The count can fail: with the folder under both names TensorFlow initialises the plugin once more."""
    packages = Path("lib") / f"python{standin.MINOR}" / "site-packages"
    command = [str(places(box)["real"] / "bin" / "python"), "-c", WATCH]
    seen, times = start(box, command, PYTHONPATH=str(box.prefix / packages))
    assert len(seen["folders"]) == 2, seen
    assert times > ONCE
