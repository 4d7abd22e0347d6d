"""Native files that nothing reached are said, each with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.tree import Tree
from tfsetup.ground.platforms import Os
from tfsetup.loader.files.sources import LocalTree
from tfsetup.loader.findings import Findings
from tfsetup.loader.machine import Machine
from tfsetup.loader.model import LoadFailure, NotCovered
from tfsetup.loader.python.modules import Module
from tfsetup.loader.question import Question
from tfsetup.loader.shipped import load_knowledge
from tfsetup.loader.unreached import unreached

SITE = "/S"
NOBODY = "no import, dependency or opening that was followed leads there"


def findings(*paths: str, system: Os = "linux") -> Findings:
    machine = Machine(system=system, version=None, arch="x86_64", rosetta=False, features=None, libc=None, gpus=None)
    files = Tree({f"{SITE}/{path}": b"x" for path in paths})
    question = Question(files=files, site=SITE, machine=machine)
    return Findings(question=question, knowledge=load_knowledge(), progress=lambda _text: None)


def told(found: Findings, *loaded: str) -> dict[str, str]:
    seen = list(unreached(found, [f"{SITE}/{path}" for path in loaded]))
    assert not any(each.matters for each in seen)
    return {(each.image or "").removeprefix(f"{SITE}/"): each.reason for each in seen}


def test_what_was_mapped_is_not_told_and_the_rest_is() -> None:
    found = findings("a/x.so", "a/y.so.2.1", "a/z.py", "a.libs/l.so", "a/text.json")
    assert told(found, "a/x.so", "a.libs/l.so") == {"a/y.so.2.1": NOBODY}


def test_what_was_opened_or_told_before_is_not_told_again() -> None:
    found = findings("a/x.so", "a/y.so", "a/z.so")
    found.checked[f"{SITE}/a/x.so"] = None
    found.failures.append(LoadFailure(kind="python-abi", image=f"{SITE}/a/y.so", message="no"))
    found.not_covered.append(NotCovered(reason="why", image=f"{SITE}/a/z.so"))
    assert told(found) == {}


@pytest.mark.parametrize(
    ("system", "reasons"),
    [
        ("linux", ["made for macOS, and Linux opens no such file", "made for Windows, and Linux opens no such file"]),
        ("macos", [NOBODY, "made for Windows, and macOS opens no such file"]),
        ("windows", ["made for macOS, and Windows opens no such file", NOBODY]),
    ],
)
def test_files_of_another_system_say_so(system: Os, reasons: list[str]) -> None:
    assert [*told(findings("a/x.dylib", "a/y.dll", system=system)).values()] == reasons


def test_behind_an_import_of_tensorflow_that_fails_nothing_is_reached() -> None:
    found = findings("tensorflow/python/_late.so", "other/x.so")
    found.failures.append(LoadFailure(kind="symbol-not-found", image=f"{SITE}/tensorflow/a.so", message="no"))
    assert told(found) == {"tensorflow/python/_late.so": "the import of TensorFlow ends before", "other/x.so": NOBODY}


def test_a_module_that_is_passed_over_says_why() -> None:
    modules = [
        Module(name="a.x", path=f"{SITE}/a/x.so"),
        Module(name="a.x", path=f"{SITE}/a/x.abi3.so", status="behind"),
        Module(name="a.y", path=f"{SITE}/a/y.cpython-39-darwin.so", status="foreign"),
    ]
    found = findings(*(each.path.removeprefix(f"{SITE}/") for each in modules))
    seen = {each.image: each.reason for each in unreached(found, [], modules)}
    assert seen == {
        modules[0].path: NOBODY,
        modules[1].path: "another file is imported under its name",
        modules[2].path: "named for other Pythons or platforms than this one",
    }


def test_another_name_of_a_mapped_file_is_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "x.so.1").write_bytes(b"x")
    (tmp_path / "x.so").symlink_to("x.so.1")
    (tmp_path / "y.so").symlink_to("gone.so")
    found = findings()
    found.question = replace(found.question, files=LocalTree(tmp_path), site=str(tmp_path))
    assert list(unreached(found, [str(tmp_path / "x.so.1")])) == []
