"""What loading says on Windows, case by case (tests/cases/loader/windows); `@` is the folder of a case."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.pe_build import Dll, build_pe
from support.source import read_yaml
from support.tree import Tree
from tfsetup.host.model import Host
from tfsetup.loader.machine import machine_of
from tfsetup.loader.model import Mode
from tfsetup.loader.preparing import Preparing
from tfsetup.loader.python.brought import Brought
from tfsetup.loader.question import Question
from tfsetup.loader.shipped import load_editions, load_windows
from tfsetup.loader.windows.process import WindowsProcess, WindowsSystem

FOLDER = Path(__file__).parents[2] / "cases" / "loader" / "windows"
CASES = sorted(FOLDER.glob("*/case.yaml"))
ROOT = "C:/case"


def place(text: str) -> str:
    return text.replace("@/", f"{ROOT}/")


def content(spec: Mapping[str, Any]) -> bytes:
    return spec["raw"].encode() if "raw" in spec else build_pe(Dll(**spec))


def files_of(case: Mapping[str, Any]) -> Tree:
    return Tree({place(path): content(spec) for path, spec in case["files"].items()})


def preparing(case: Mapping[str, Any], files: Tree) -> Preparing:
    host = Host(os="windows", arch=case.get("arch", "x86_64"))
    question = Question(files=files, site=ROOT, machine=machine_of(host))
    return Preparing(question, question.machine.target(str(case.get("python", "3.12"))), "tensorflow")


def start(case: Mapping[str, Any], tree: Tree) -> WindowsProcess:
    process = WindowsProcess(
        WindowsSystem(
            arch=case.get("arch", "x86_64"),
            files=tree,
            python=str(case.get("python", "3.12")),
            redistributable=case.get("redistributable"),
            libraries=load_windows(),
            editions=load_editions(),
            brought=Brought(files=tree, site=ROOT, folded=True),
        )
    )
    for folder in case.get("directories", ()):
        process.add_dll_directory(place(folder))
    return process


def test_there_are_cases() -> None:
    assert len(CASES) > 20


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_case(path: Path) -> None:
    case = read_yaml(path.read_text())
    files = files_of(case)
    process, prepared = start(case, files), preparing(case, files)
    for step in case["open"]:
        failure = prepared.open(process, place(step["path"]), Mode(scope=step.get("scope")))
        if step["says"] == "loads":
            assert failure is None
            continue
        assert failure is not None
        assert (failure.message, failure.kind) == (place(step["says"]), step["kind"])
        for name in ("symbol", "library", "image"):
            if name in step:
                assert getattr(failure, name) == place(step[name])
    assert [note.reason for note in process.not_covered] == case.get("not_covered", [])
    assert [place(note) for note in case.get("runtime", [])] == [note.reason for note in process.runtime.not_covered]
    if "images" in case:
        assert process.images == case["images"]


def test_exports_of_a_loaded_module() -> None:
    tree = Tree({"C:/case/p.dll": build_pe(Dll(exports=["SE_InitPlugin", "TF_InitKernel"]))})
    process = WindowsProcess(WindowsSystem(arch="x86_64", files=tree, python="3.12"))
    assert not process.exports("C:/case/p.dll", "SE_InitPlugin")
    assert process.dlopen("C:/case/p.dll", Mode()) is None
    assert process.exports("C:/case/p.dll", "SE_InitPlugin")
    assert not process.exports("C:/case/p.dll", "TF_InitGraph")
    assert process.loaded == ["C:/case/p.dll"]
