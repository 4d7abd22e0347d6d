"""What may stand for a machine, and what is said of what may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.matrix import shipped
from tfsetup.errors import InvalidFileError
from tfsetup.host.model import Host
from tfsetup.workflows.hosts import host_of


def test_a_host_is_taken_as_it_is() -> None:
    host = Host(os="windows")
    assert host_of(host) is host


def test_the_id_of_a_row_is_its_plainest_machine() -> None:
    host = host_of("macos-arm64-metal")
    assert (host.os, host.arch, host.os_version) == ("macos", "arm64", "14.0")
    assert host_of(Path("macos-arm64-metal")) == host


@pytest.mark.parametrize("row", [row.id for row in shipped().rows])
def test_every_row_has_one(row: str) -> None:
    wanted = next(each.when for each in shipped().rows if each.id == row)
    host = host_of(row)
    assert (host.os, host.arch) == (wanted.os, wanted.arch)


def test_a_file_is_read_also_where_it_has_the_name_of_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mine.json", "macos-arm64-metal"):
        Path(name).write_text(json.dumps({"os": "linux", "arch": "aarch64"}))
        host = host_of(name)
        assert (host.os, host.arch, host.sources["os"]) == ("linux", "aarch64", name)


def test_a_row_of_another_matrix_is_known_where_that_is_given(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match="matrix"):
        host_of("a-row", matrix=tmp_path / "nothing.yaml")


@pytest.mark.parametrize("machine", ["my-laptop", Path("my-laptop")])
def test_what_is_neither_is_refused_with_a_way_on(machine: str | Path) -> None:
    with pytest.raises(InvalidFileError) as caught:
        host_of(machine)
    assert caught.value.message == "--host my-laptop: there is no such file, and the matrix has no row of this name."
    assert "tfsetup matrix show" in caught.value.hint
    assert str(caught.value.where) == "my-laptop"


@pytest.mark.parametrize("path", ["nothing.json", "folder/nothing"])
def test_what_looks_like_a_path_is_not_taken_for_a_row(path: str) -> None:
    with pytest.raises(InvalidFileError, match="There is no such host file"):
        host_of(path)
