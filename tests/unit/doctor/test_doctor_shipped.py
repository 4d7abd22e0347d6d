"""The quick copy of the causes is the causes, and where it is not, it is not used. Order means nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from support.doctor import knowledge, log_cases
from tfsetup.doctor.causes import shipped
from tfsetup.doctor.causes.read import read_causes
from tfsetup.doctor.causes.shipped import COMPILED, FOLDER, LEARNED, compiled_text, learned_text, read_shipped, refer
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Evidence, Knowledge, Learned
from tfsetup.errors import InvalidFileError
from tfsetup.matrix.file.disk import environments, read_matrix

MATRIX = read_matrix()
FILES = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")}


def read(files: dict[str, str]) -> Knowledge:
    return replace(read_causes(files, refer(MATRIX)), learned=read_shipped().learned)


@cache
def said() -> Knowledge:
    """What the YAML says: the reading of it takes half a second."""
    return read(FILES)


def test_the_quick_copy_is_current() -> None:
    assert COMPILED.read_text(encoding="utf-8") == compiled_text(), "write it with: scripts/compile-causes"


def test_what_is_learned_is_current() -> None:
    reports = ((case.log, case.cause) for case in log_cases())
    assert LEARNED.read_text(encoding="utf-8") == learned_text(reports), "write it with: scripts/compile-causes"


def test_it_says_exactly_what_the_yaml_says() -> None:
    assert read_shipped() == said()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the folder, which the package then takes for its own."""
    folder = tmp_path / "causes"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setattr(shipped, "FOLDER", folder)
    monkeypatch.setattr(shipped, "COMPILED", folder / "causes.json")
    monkeypatch.setattr(shipped, "LEARNED", folder / "learned.json")
    read_shipped.cache_clear()
    yield folder
    read_shipped.cache_clear()


def test_while_the_copy_is_current_no_yaml_is_read(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert len(read_shipped().causes) > 80
    (elsewhere / "causes.json").unlink()
    read_shipped.cache_clear()
    with pytest.raises(ImportError):
        read_shipped()


@pytest.mark.parametrize("copy", ["", "{", "[]", "{}", "{}\n{}\n"])
def test_a_damaged_copy_is_no_copy(elsewhere: Path, copy: str) -> None:
    (elsewhere / "causes.json").write_text(copy, encoding="utf-8")
    assert read_shipped() == said()


def test_a_late_copy_is_no_copy(elsewhere: Path) -> None:
    text = (elsewhere / "harmless.yaml").read_text(encoding="utf-8")
    more = (
        text.partition("\n- cause:")[0]
        + """
- cause: one-more
  title: T
  meaning: M.
  kind: fatal
  signals: [{weight: proof, log: "nobody prints this"}]
  fixes: [{do: fix}]
"""
    )
    (elsewhere / "more.yaml").write_text(more, encoding="utf-8")
    assert len(read_shipped().causes) == len(said().causes) + 1


@pytest.mark.parametrize("name", ["index.json", "matrix.yaml", "alternatives.json"])
def test_a_copy_from_before_the_index_changed_is_late(
    name: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "environments"
    shutil.copytree(environments(), folder)
    monkeypatch.setattr(shipped, "environments", lambda: folder)
    before = compiled_text()
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert compiled_text() != before


def test_without_causes_the_installation_is_incomplete(elsewhere: Path) -> None:
    for path in elsewhere.glob("*.yaml"):
        path.unlink()
    with pytest.raises(InvalidFileError, match="not part of this installation"):
        read_shipped()


def test_a_file_that_is_no_text_is_told(elsewhere: Path) -> None:
    (elsewhere / "cpu.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidFileError, match="cannot be read") as caught:
        read_shipped()
    assert str(caught.value.where) == str(elsewhere / "cpu.yaml")


def test_the_order_of_files_and_of_causes_changes_no_answer() -> None:
    backwards = replace(knowledge(), causes=knowledge().causes[::-1])
    for case in log_cases()[::5]:
        evidence = Evidence(log=case.log, host=case.host, packages=case.packages or None)
        assert diagnose(evidence, backwards) == case.diagnose(), case.name
    assert read(dict(reversed(FILES.items()))) == said()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rarity": {"a": "b"}}'])
def test_damaged_learning_is_a_damaged_installation(elsewhere: Path, text: str) -> None:
    (elsewhere / "learned.json").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFileError, match="damaged") as caught:
        read_shipped()
    assert caught.value.where is not None
    assert caught.value.where.file == str(elsewhere / "learned.json")


def test_without_it_nothing_is_resembled(elsewhere: Path) -> None:
    (elsewhere / "learned.json").unlink()
    assert read_shipped().learned == Learned()
