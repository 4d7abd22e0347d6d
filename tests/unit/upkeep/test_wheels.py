"""Which wheels are read for the emulator, and what is taken out of them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import msgspec
import pytest

from support.tiny_macho import Tiny, build
from tfsetup.errors import NetworkError, TfsetupError
from tfsetup.loader.bytes import Memory
from tfsetup.loader.files.archive import Archive, read_archive
from tfsetup.upkeep.index.snapshot import File
from tfsetup.upkeep.xray.asked import GRAPHS
from tfsetup.upkeep.xray.evidence import evidence_of
from tfsetup.upkeep.xray.files import keep_evidence, kept_evidence, read_plan
from tfsetup.upkeep.xray.wheels import fetch

PLAN = msgspec.structs.replace(read_plan(), versions=">=0.5")
PLUGIN, FRAMEWORK = PLAN.distribution, PLAN.framework.distribution
LIBRARY = "tensorflow-plugins/libmetal_plugin.dylib"
BESIDE = "tensorflow/libtensorflow_framework.2.dylib"


class Index:
    """Stands in for the index client."""

    def __init__(self, plugins: list[File], frameworks: list[File]) -> None:
        self._pages = {PLUGIN: plugins, FRAMEWORK: frameworks}

    def pages(self, names: list[str]) -> dict[str, list[File]]:
        return {name: self._pages[name] for name in names}


def _file(distribution: str, version: str, python: str, platform: str = "macosx_12_0_arm64") -> File:
    name = f"{distribution.replace('-', '_')}-{version}-{python}-{python}-{platform}.whl"
    return File(filename=name, version=version, url=f"https://x/{name}", sha256="0")


def _wheel(members: dict[str, bytes]) -> Archive:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return read_archive(Memory(buffer.getvalue()))


FRAMEWORKS = [_file(FRAMEWORK, PLAN.framework.version, python) for python in ("cp39", "cp312", "cp310")]


@pytest.fixture
def wheels(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, bytes]]:
    """What is in a wheel by its name, where it is not the usual."""
    odd: dict[str, dict[str, bytes]] = {}

    def open_all(addresses: dict[str, str]) -> list[tuple[str, Archive]]:
        usual = {LIBRARY: build(Tiny()), BESIDE: b"framework", "other/x.dylib": b""}
        return [(name, _wheel(odd.get(name, usual))) for name in addresses]

    monkeypatch.setattr("tfsetup.loader.files.remote.open_all", open_all)
    return odd


def _fetch(*plugins: File, frameworks: list[File] | None = None) -> list[tuple[str, tuple[str, ...]]]:
    index = Index(list(plugins), FRAMEWORKS if frameworks is None else frameworks)
    found = fetch(PLAN, index)  # type: ignore[arg-type] # the part of the client that is used
    return [(library.version, library.wheels) for library in found.plugins]


@pytest.mark.usefixtures("wheels")
def test_only_wheels_of_the_range_and_the_processor_are_read() -> None:
    kept = _file(PLUGIN, "1.2.0", "cp312")
    others = [_file(PLUGIN, "0.4.0", "cp38"), _file(PLUGIN, "1.0.0", "cp38", "macosx_12_0_x86_64")]
    assert _fetch(*others, kept) == [("1.2.0", (kept.filename,))]


def test_equal_libraries_of_a_release_are_one_and_other_ones_are_not(wheels: dict[str, dict[str, bytes]]) -> None:
    files = [_file(PLUGIN, "0.8.0", python) for python in ("cp39", "cp311", "cp310")]
    wheels[files[1].filename] = {LIBRARY: build(Tiny(data=b"x"))}
    same = tuple(sorted((files[0].filename, files[2].filename)))
    assert _fetch(*files) == [("0.8.0", same), ("0.8.0", (files[1].filename,))]


@pytest.mark.usefixtures("wheels")
def test_releases_stand_in_their_order() -> None:
    files = [_file(PLUGIN, version, "cp310") for version in ("1.10.0", "0.5.0", "1.2.0")]
    assert [version for version, _wheels in _fetch(*files)] == ["0.5.0", "1.2.0", "1.10.0"]


@pytest.mark.usefixtures("wheels")
def test_the_framework_is_that_of_the_plan_for_the_newest_python() -> None:
    found = fetch(PLAN, Index([_file(PLUGIN, "1.2.0", "cp312")], FRAMEWORKS))  # type: ignore[arg-type]
    assert found.framework.wheels == (FRAMEWORKS[1].filename,)
    assert found.framework.content == b"framework"


def test_an_index_without_them_is_said() -> None:
    with pytest.raises(NetworkError, match=f"no wheel of {PLUGIN} for macOS on arm64"):
        _fetch()
    with pytest.raises(NetworkError, match=f"no wheel of {FRAMEWORK} for macOS on arm64"):
        _fetch(_file(PLUGIN, "1.2.0", "cp312"), frameworks=[])


def test_a_wheel_without_a_library_or_with_two_is_said(wheels: dict[str, dict[str, bytes]]) -> None:
    file = _file(PLUGIN, "1.2.0", "cp312")
    for members in ({}, {LIBRARY: b"1", "tensorflow-plugins/libother.dylib": b"2"}):
        wheels[file.filename] = members
        with pytest.raises(NetworkError, match=f"{file.filename} holds {len(members)} libraries"):
            _fetch(file)


EVIDENCE = evidence_of(PLAN, {"A": "1"}, GRAPHS, "0", [])


def test_what_is_kept_is_never_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "evidence"
    assert keep_evidence(folder, EVIDENCE)
    path = folder / f"{EVIDENCE.hazard}.json"
    before = path.read_bytes()
    assert not keep_evidence(folder, evidence_of(PLAN, {"B": "2"}, GRAPHS, "0", []))
    assert path.read_bytes() == before
    assert kept_evidence(EVIDENCE.hazard, folder) == EVIDENCE


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TfsetupError, match="cannot be written"):
        keep_evidence(tmp_path / "file" / "x", EVIDENCE)


def test_nothing_is_kept_about_what_nobody_asked(tmp_path: Path) -> None:
    assert kept_evidence("no-such-hazard", tmp_path) is None
