"""`tfsetup resolve` and `tfsetup matrix`, called as a user calls them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Tfsetup
from support.matrix import CASES, shipped
from tfsetup.matrix.files import environments
from tfsetup.matrix.schema import schema_text
from tfsetup.report.matrix import support_table

HostFile = Callable[[str], str]


def test_resolve_is_one_document_with_the_data_of_the_interface(tfsetup: Tfsetup, host_file: HostFile) -> None:
    ran = tfsetup("resolve", "--json", "--host", host_file("macos-14-m3"))
    assert ran.status == 0
    assert ran.document["command"] == "resolve"
    data = ran.document["data"]
    assert (data["installable"], data["row"], data["accelerator"]) == (True, "macos-arm64-metal", "metal")
    assert data["requirements"] == ["tensorflow==2.19.1", "tensorflow-metal==1.2.0"]
    assert {entry["row"] for entry in data["rejected"]} == {row.id for row in shipped().rows} - {data["row"]}


def test_resolve_says_no_with_exit_4_and_what_would_help(tfsetup: Tfsetup, host_file: HostFile) -> None:
    ran = tfsetup("resolve", "--host", host_file("linux-x86_64-python-3.14-only"))
    assert ran.status == 4
    assert "Nothing fits this machine and this ask." in ran.out
    assert "install Python 3.13" in ran.out


def test_resolve_tells_the_whole_story(tfsetup: Tfsetup, host_file: HostFile) -> None:
    ran = tfsetup("resolve", "--explain", "--host", host_file("linux-x86_64-nvidia-550"))
    assert ran.status == 0
    for heading in ("The machine", "The row linux-x86_64-cuda", "Rules for 2.20.0", "Rows that lost"):
        assert heading in ran.out


@pytest.mark.parametrize("argv", [("--tensorflow", "newest"), ("--python", "three"), ("--accelerator", "tpu")])
def test_an_ask_that_is_not_understood_is_exit_2(tfsetup: Tfsetup, host_file: HostFile, argv: tuple[str, str]) -> None:
    ran = tfsetup("resolve", "--json", "--host", host_file("macos-14-m3"), *argv)
    assert ran.status == 2
    assert ran.document["error"]["code"] == "usage"


def test_a_users_matrix_decides_and_its_mistakes_have_places(tfsetup: Tfsetup, host_file: HostFile) -> None:
    mine = str(CASES / "matrix" / "valid" / "one-row.yaml")
    ran = tfsetup(
        "--matrix", mine, "resolve", "--json", "--host", host_file("linux-x86_64-glibc-2.36"), "--python", "3.12"
    )
    assert ran.document["data"]["row"] in {"linux-x86_64-mine", None}
    wrong = str(CASES / "matrix" / "invalid" / "many-at-once.yaml")
    ran = tfsetup("--matrix", wrong, "resolve", "--json", "--host", host_file("macos-14-m3"))
    assert ran.status == 3
    error = ran.document["error"]
    assert error["code"] == "invalid-file"
    assert error["where"].endswith("many-at-once.yaml:5:16")
    assert error["message"].startswith("5 problems in the matrix:")


def test_the_matrix_as_a_table_as_markdown_and_as_a_schema(tfsetup: Tfsetup) -> None:
    assert "macos-arm64-metal" in tfsetup("matrix", "show").out
    assert tfsetup("matrix", "show", "--markdown").out == support_table(shipped())
    assert tfsetup("matrix", "show", "--schema").out == schema_text()
    rows = tfsetup("matrix", "show", "--json").document["data"]["rows"]
    assert [row["row"] for row in rows] == [row.id for row in shipped().rows]


def test_the_matrix_proves_itself_against_the_snapshot(tfsetup: Tfsetup) -> None:
    ran = tfsetup("matrix", "check", "--offline", "--hosts", str(CASES / "hosts"))
    assert ran.status == 0, ran.out
    assert "The matrix holds." in ran.out


def test_a_matrix_that_is_not_true_is_exit_3_with_line_and_column(tfsetup: Tfsetup, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    text = (CASES / "matrix" / "valid" / "one-row.yaml").read_text(encoding="utf-8")
    mine.write_text(text.replace('"==2.19.*"', '"==2.99.*"'), encoding="utf-8")
    ran = tfsetup("--matrix", str(mine), "matrix", "check", "--offline", "--json")
    assert ran.status == 3
    found = {finding["where"]: finding["message"] for finding in ran.document["findings"]}
    assert found[f"{mine}:9:15"] == "no release of tensorflow-cpu is in this range"


def test_hosts_that_are_not_there_are_a_usage_error(tfsetup: Tfsetup, tmp_path: Path) -> None:
    assert tfsetup("matrix", "check", "--offline", "--hosts", str(tmp_path)).status == 2


def test_update_without_an_index_is_exit_5(tfsetup: Tfsetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("matrix.yaml", "index.json"):
        shutil.copy(environments() / name, tmp_path / name)
    monkeypatch.setenv("UV_OFFLINE", "1")
    ran = tfsetup("matrix", "update", "--json", "--dir", str(tmp_path))
    assert ran.status == 5
    assert ran.document["error"]["code"] == "network"
