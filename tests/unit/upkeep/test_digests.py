"""Which pairs have their digests made, and the list of them: sorted, merged, the same bytes for the same digests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from support.elf_build import Define, Library, build_elf
from support.wheels import whole_wheel
from tfsetup.errors import UnsolvableError
from tfsetup.host.model import Host, Libc
from tfsetup.matrix.file.disk import environments
from tfsetup.upkeep import digests as module
from tfsetup.upkeep.digests import Pair, asked, released, rendered
from tfsetup.workflows.handed import Listed, opened_with, parse_released
from tfsetup.workflows.opened import Opened
from tfsetup.workflows.subjects import Subject, subject_of

HERE = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"))
NAME = "alpha-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"


def test_every_metal_plugin_is_among_the_pairs_and_each_is_asked_once() -> None:
    pairs = list(asked())
    metal = {one for pair in pairs for one in pair.requirements if one.startswith("tensorflow-metal==")}
    assert {"tensorflow-metal==1.2.0", "tensorflow-metal==1.0.0", "tensorflow-metal==0.5.0"} <= metal
    assert len({(pair.host.os, pair.host.arch, pair.requirements, pair.python) for pair in pairs}) == len(pairs)
    assert {pair.host.os for pair in pairs} == {"linux", "macos", "windows"}


def test_rows_may_be_named() -> None:
    found = list(asked(["windows-x86_64-cpu"]))
    assert [pair.name.partition(",")[0] for pair in found] == ["windows-x86_64-cpu"]


def test_a_pair_is_made_and_listed_beside_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    core = build_elf(Library(defines=[Define(name="PyInit_core")]), padding=300_000)
    data = whole_wheel(NAME, {"alpha/__init__.py": "", "alpha/core.so": core})
    (tmp_path / NAME).write_bytes(data)
    record = tmp_path / "digests.json"
    record.write_text(rendered({"5" * 64: Listed(name="zeta-1.0-any.whl", digests={"a": "6" * 64})}))
    monkeypatch.setattr(
        module, "subject_of", lambda _names, *rest, **more: subject_of([tmp_path / NAME], *rest, **more)
    )
    pair = Pair(name="alpha", requirements=("alpha==1.0",), host=HERE, python="3.12")
    files, total = released(pair, tmp_path / "given", record)
    assert files == len(list((tmp_path / "given").iterdir())) == 2
    assert total == sum(path.stat().st_size for path in (tmp_path / "given").iterdir())
    known = parse_released(record.read_text(), "digests.json")
    assert [one.name for one in known.values()] == [NAME, "zeta-1.0-any.whl"]
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "given").iterdir()}
    assert known[hashlib.sha256(data).hexdigest()].digests == hashes
    before = record.read_text()
    released(pair, tmp_path / "given", record)
    assert record.read_text() == before


def test_the_list_in_git_is_as_it_is_written() -> None:
    path = environments() / "digests.json"
    if path.exists():
        text = path.read_text(encoding="utf-8")
        assert text == rendered(parse_released(text, str(path)))
        assert json.loads(text)["schema"] == 1


def test_the_list_in_git_is_read_where_digests_are_given(tmp_path: Path) -> None:
    assert opened_with(tmp_path).store.given == [tmp_path]


GONE = {"tensorflow-macos==2.5.0", "tensorflow-macos==2.6.0"}
"""They ask for a NumPy that has no wheel for arm64: nobody can install them, and their plugins are listed alone."""


def test_every_plugin_and_tensorflow_of_the_pairs_is_in_the_list() -> None:
    path = environments() / "digests.json"
    known = [one.name.split("-")[:2] for one in parse_released(path.read_text(encoding="utf-8"), str(path)).values()]
    listed = {f"{name.replace('_', '-')}=={version}" for name, version in known}
    wanted = {one for pair in asked() for one in pair.requirements if one.startswith("tensorflow") and "==" in one}
    assert len(wanted) > 30
    assert wanted - GONE <= listed


def test_of_a_pair_that_nobody_can_install_the_plugin_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, ...]] = []

    def subject(names: tuple[str, ...], *_: object, **__: object) -> Subject:
        tried.append(tuple(names))
        if len(names) > 1 or names[0].startswith("tensorflow=="):
            raise UnsolvableError("no", said="no")
        return subject_of([], HERE)

    monkeypatch.setattr(module, "subject_of", subject)
    module._subject(Pair(name="x", requirements=("tensorflow==1", "plugin==2"), host=HERE, python="3.9"), Opened())
    assert tried == [("tensorflow==1", "plugin==2"), ("plugin==2",)]
    with pytest.raises(UnsolvableError):
        module._subject(Pair(name="x", requirements=("tensorflow==1",), host=HERE, python="3.9"), Opened())
