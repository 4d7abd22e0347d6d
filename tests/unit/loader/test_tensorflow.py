from __future__ import annotations

import re

import pytest

from support.tree import Tree
from tfsetup.loader.model import Mode
from tfsetup.loader.python.distributions import Distribution
from tfsetup.loader.python.modules import Module
from tfsetup.loader.shipped import load_knowledge
from tfsetup.loader.tensorflow import knowledge as tensorflow
from tfsetup.loader.tensorflow.knowledge import order_for, parse_knowledge, steps

SITE = "/S"
KNOWN = load_knowledge()
GUARD = "tensorflow.python.platform._pywrap_cpu_feature_guard"
INTERNAL = "tensorflow.python._pywrap_tensorflow_internal"
TF2 = "tensorflow.python.platform._pywrap_tf2"


def module(name: str, suffix: str = ".so") -> Module:
    return Module(name=name, path=f"{SITE}/{name.replace('.', '/')}{suffix}")


@pytest.mark.parametrize(
    ("version", "first"),
    [
        ("2.13.1", [GUARD, INTERNAL]),
        ("2.14.0", [GUARD, INTERNAL]),
        ("2.15.1", [TF2]),
        ("2.16.2", [TF2]),
        ("2.17.1", [GUARD, INTERNAL, TF2]),
        ("2.22.0rc0", [GUARD, INTERNAL, TF2]),
        ("2.30.1", [GUARD, INTERNAL, TF2]),
        ("2.5.3", [GUARD, INTERNAL]),
    ],
)
def test_the_first_files_of_each_release_line(version: str, first: list[str]) -> None:
    own = [name for name in order_for(KNOWN, version) if name.startswith("tensorflow.")]
    assert own[: len(first)] == first


def test_every_order_file_says_how_it_was_measured_and_names_modules_once() -> None:
    assert len(KNOWN.orders) >= 10
    for line, names in KNOWN.orders.items():
        assert re.fullmatch(r"\d+\.\d+", line)
        assert len(set(names)) == len(names) > 60
        assert INTERNAL in names
        assert all(re.fullmatch(r"[\w.]+", name) for name in names)


def test_comments_and_blank_lines_of_an_order_do_not_count() -> None:
    found = parse_knowledge(KNOWN.facts, {"2.1": "# measured\n\na.b  # why\nc\n"}, KNOWN.copies)
    assert found.orders == {"2.1": ("a.b", "c")}


def test_steps_in_order_with_their_modes() -> None:
    modules = {name: module(name) for name in (TF2, INTERNAL, GUARD)}
    files = Tree({f"{SITE}/tensorflow-plugins/{name}": b"" for name in ("b.dylib", "a.dylib", "x.so", "README")})
    found = list(steps(KNOWN, "2.19.1", files, SITE, "macos", modules))
    assert [(step.how, step.stage, step.name.rpartition("/")[2]) for step in found] == [
        ("module", "import", "_pywrap_cpu_feature_guard.so"),
        ("module", "import", "_pywrap_tensorflow_internal.so"),
        ("module", "import", "_pywrap_tf2.so"),
        ("plugin", "plugin", "a.dylib"),
        ("plugin", "plugin", "b.dylib"),
    ]
    assert [step.mode for step in found[:3]] == [Mode(), Mode(scope="local"), Mode()]
    assert found[3].mode == Mode(scope="local")
    assert found[3].caller == f"{SITE}/tensorflow/libtensorflow_framework.2.dylib"


def test_windows_checks_its_redistributable_before_the_runtime_and_has_no_guard() -> None:
    modules = {name: module(name, ".pyd") for name in (INTERNAL, GUARD)}
    files = Tree({f"{SITE}/tensorflow-plugins/x.dll": b""})
    found = list(steps(KNOWN, "2.18.1", files, SITE, "windows", modules))
    assert [(step.how, step.name.rpartition("/")[2]) for step in found] == [
        ("preload", "msvcp140.dll"),
        ("preload", "msvcp140_1.dll"),
        ("module", "_pywrap_tensorflow_internal.pyd"),
        ("plugin", "x.dll"),
    ]


@pytest.mark.parametrize(
    ("system", "names"),
    [
        ("macos", ["a.dylib"]),
        ("linux", ["a.so", "a.so.1", "a.so.2.3"]),
        ("windows", ["a.dll"]),
    ],
)
def test_what_counts_as_a_plugin(system: str, names: list[str]) -> None:
    every = ["a.dylib", "a.so", "a.so.1", "a.so.2.3", "a.so.old", "a.dll", "a.txt"]
    files = Tree({f"{SITE}/tensorflow-plugins/{name}": b"" for name in every})
    found = tensorflow.plugins(KNOWN, files, SITE, system)  # type: ignore[arg-type]
    assert [path.rpartition("/")[2] for path in found] == names


def test_the_text_of_the_preload_check() -> None:
    text = tensorflow.preload_message(KNOWN, "windows", ["msvcp140.dll", "msvcp140_1.dll"])
    assert text.startswith("Could not find the DLL(s) 'msvcp140.dll or msvcp140_1.dll'. TensorFlow requires")
    assert "in your %PATH% environment variable." in text
    assert text.endswith("the-latest-supported-visual-c-downloads")


def test_the_version_is_that_of_whichever_distribution_brings_the_package() -> None:
    there = Tree({f"{SITE}/tensorflow/__init__.py": b""})
    cpu = Distribution(name="tensorflow-cpu", version="2.18.1", tags=())
    assert tensorflow.version_in(KNOWN, [cpu], there, SITE) == "2.18.1"
    assert tensorflow.version_in(KNOWN, [], there, SITE) == ""
    assert tensorflow.version_in(KNOWN, [cpu], Tree({}), SITE) is None
    assert tensorflow.shims(KNOWN, [cpu]) == (cpu,)
