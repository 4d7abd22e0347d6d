"""The course of an inventory: which wheels are opened, and what stands there when one cannot be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.locks import origin, package
from support.matrix import shipped
from support.wheels import wheel
from tfsetup.errors import BuildError, NetworkError
from tfsetup.loader.files.archive import Contents
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.choose.reference import reference_host
from tfsetup.workflows.backends import Case
from tfsetup.workflows.inventory import Open, inventory, write_inventory

ROW = "macos-arm64-metal"
MAC, LINUX = "cp312-cp312-macosx_11_0_arm64", "cp312-cp312-manylinux_2_17_x86_64"
ALPHA = package("alpha", "1.0", LINUX, MAC)
SOURCE = replace(package("beta", "2.0"), wheels=(), sdist=package("beta", "2.0").wheels[0])


def case(*packages: LockedPackage, **changes: Any) -> Case:
    note = origin(**changes)
    row = next(row for row in shipped().rows if row.id == ROW)
    wheels = [cure_wheel(note.cures).package] if note.cures else []
    lock = write_lock([*packages, *wheels], note, "pylock")
    return Case(lock=lock, origin=note, packages=packages, host=reference_host(row), name=ROW, file="f", key="f")


def opened(addresses: Mapping[str, str]) -> Sequence[tuple[str, Contents]]:
    return [
        wheel(name, {"alpha/x.so": b"", "alpha/x.py": "", "alpha-1.0.dist-info/METADATA": "License-Expression: MIT\n"})
        for name in addresses
    ]


def made(one: Case, *, opened: Open = opened, offline: bool = False) -> dict[str, dict[str, Any]]:
    proofs = {ROW: one.unproven("not asked for")}
    text = inventory([one], proofs, lambda _: None, offline=offline, opened=opened)
    return {each["name"]: each for each in json.loads(text)["components"]}


def said(component: dict[str, Any]) -> list[str]:
    return [one["value"] for one in component.get("properties", [])]


def test_the_wheel_of_the_target_is_opened_and_read() -> None:
    asked: list[str] = []

    def listening(addresses: Mapping[str, str]) -> Sequence[tuple[str, Contents]]:
        asked.extend(addresses)
        return opened(addresses)

    alpha = made(case(ALPHA), opened=listening)["alpha"]
    assert asked == [f"alpha-1.0-{MAC}.whl"]
    assert alpha["hashes"][0]["content"] == ALPHA.wheels[1].sha256
    assert alpha["licenses"] == [{"license": {"id": "MIT"}}]
    assert said(alpha) == ["alpha/x.so"]


def test_what_is_built_on_the_machine_is_not_said_to_be_known() -> None:
    assert said(made(case(SOURCE, sdists=("beta",)))["beta"]) == ["not read: it is built from source on the machine"]


def test_the_wheel_that_cures_is_in_it() -> None:
    found = made(case(ALPHA, cures={"TURN_OFF_REMAPPER": "1"}))
    assert said(found["tfsetup-cures"]) == ["not read: it has no address"]
    assert "TURN_OFF_REMAPPER=1" in said(found[ROW])


def test_offline_and_an_index_that_does_not_answer_are_said_and_never_an_empty_list() -> None:
    def silent(_: Mapping[str, str]) -> Sequence[tuple[str, Contents]]:
        raise NetworkError("nobody answers")

    assert said(made(case(ALPHA), opened=silent)["alpha"]) == ["not read: nobody answers"]
    assert said(made(case(ALPHA), offline=True, opened=silent)["alpha"]) == ["not read: --offline"]


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_inventory(tmp_path / "bom.json", "{}\n")
    assert (tmp_path / "bom.json").read_text(encoding="utf-8") == "{}\n"
    with pytest.raises(BuildError, match="cannot be written"):
        write_inventory(tmp_path / "gone" / "bom.json", "{}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["bom.json"]
