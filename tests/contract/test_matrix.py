"""`tfsetup resolve` and `tfsetup matrix`, called as a user calls them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Tfsetup
from support.matrix import CASES, shipped
from tfsetup.matrix.file.disk import environments
from tfsetup.matrix.file.schema import schema_text
from tfsetup.report.matrix import support_table

HostFile = Callable[[str], str]


def test_resolve_is_one_document_with_the_data_of_the_interface(tfsetup: Tfsetup, host_file: HostFile) -> None:
    ran = tfsetup("resolve", "--json", "--host", host_file("macos-14-m3"))
    assert ran.status == 0
    assert ran.document["command"] == "resolve"
    data = ran.document["data"]
    assert (data["installable"], data["row"], data["accelerator"]) == (True, "macos-arm64-metal", "metal")
    assert data["requirements"] == ["tensorflow==2.19.1", "tensorflow-metal==1.2.0", "setuptools<82"]
    assert {entry["row"] for entry in data["rejected"]} == {row.id for row in shipped().rows} - {data["row"]}


DROPPED = "metal-activation-dropped"
VARIABLE = {"TURN_OFF_REMAPPER": "1"}


@pytest.mark.parametrize(
    ("row", "version", "told"),
    [
        ("macos-arm64-metal", "1.2.0", (DROPPED, "tensorflow-metal >=1.0,<=1.2", True)),
        ("macos-x86_64-metal-amd", "0.8.0", (f"{DROPPED}-py311", "tensorflow-metal ==0.8.0 (Python ==3.11.*)", True)),
    ],
)
def test_resolve_tells_the_known_defects_of_what_it_chooses(
    tfsetup: Tfsetup, row: str, version: str, told: tuple[str, str, bool]
) -> None:
    ran = tfsetup("resolve", "--json", "--host", row, "--accelerator", "metal")
    data = ran.document["data"]
    assert f"tensorflow-metal=={version}" in data["requirements"]
    assert [(one["id"], one["affects"], one["cured"]) for one in data["hazards"]] == [told]
    assert data["environment"] == data["expect"]["environment"] == VARIABLE
    assert data["hazards"][0]["evidence"]
    assert data["hazards"][0]["cure"]["environment"] == VARIABLE


def test_resolve_says_it_in_a_sentence_and_the_evidence_on_demand(tfsetup: Tfsetup) -> None:
    said = "tensorflow-metal 1.2.0 drops the activation of Dense layers on the GPU; cured here by TURN_OFF_REMAPPER=1"
    short = tfsetup("resolve", "--host", "macos-arm64-metal").out
    assert said in " ".join(short.split())
    assert "_FusedMatMul" not in short
    long = tfsetup("resolve", "--explain", "--host", "macos-arm64-metal").out
    assert said in " ".join(long.split())
    assert "Known defect metal-activation-dropped" in long
    assert "_FusedMatMul" in long


def test_an_intel_mac_that_gets_the_plugin_is_told_too(tfsetup: Tfsetup, tmp_path: Path) -> None:
    host = tmp_path / "imac.json"
    host.write_text(
        '{"os": "macos", "os_version": "14.4", "arch": "x86_64", "cpu": {"features": ["avx"]},'
        ' "gpus": [{"vendor": "amd"}], "pythons": [], "python_downloads": true}'
    )
    data = tfsetup("resolve", "--json", "--accelerator", "metal", "--host", str(host)).document["data"]
    assert data["requirements"][1] == "tensorflow-metal==1.0.0"
    assert (data["environment"], [one["id"] for one in data["hazards"]]) == (VARIABLE, [DROPPED])


def test_a_users_matrix_adds_a_defect_and_takes_one_out(tfsetup: Tfsetup, tmp_path: Path) -> None:
    mine = str(CASES / "matrix" / "valid" / "hazards.yaml")
    data = tfsetup("--matrix", mine, "resolve", "--json", "--host", "linux-x86_64-cpu").document["data"]
    assert data["row"] == "linux-x86_64-mine"
    assert data["environment"] == {"TF_ENABLE_ONEDNN_OPTS": "0", "OUR_KERNELS": "off"}
    assert [one["id"] for one in data["hazards"]] == ["cpu-rounds-otherwise"]
    without = tmp_path / "without.yaml"
    without.write_text(f"schema: 1\nremove: [{DROPPED}]\n")
    data = tfsetup("--matrix", str(without), "resolve", "--json", "--host", "macos-arm64-metal").document["data"]
    assert (data["row"], data["environment"], data["hazards"]) == ("macos-arm64-metal", {}, [])


def test_every_mistake_in_a_hazard_is_named_at_once_with_exit_3(tfsetup: Tfsetup) -> None:
    wrong = CASES / "matrix" / "invalid" / "hazard-names.yaml"
    ran = tfsetup("--matrix", str(wrong), "resolve", "--json", "--host", "macos-arm64-metal")
    assert ran.status == 3
    error = ran.document["error"]
    assert error["where"].endswith("hazard-names.yaml:16:19")
    assert error["message"].startswith("6 problems:")
    assert "hazard-names.yaml:16:19: no row brings `tensorflow-metl`" in error["message"]
    assert "hazard-names.yaml:30:61: the cure sets MINE, which the row `linux-x86_64-mine` sets" in error["message"]


def test_a_hazard_about_no_published_release_is_exit_3_with_line_and_column(tfsetup: Tfsetup, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    text = (CASES / "matrix" / "valid" / "hazards.yaml").read_text(encoding="utf-8")
    text = text.replace('"==1.2.0"', '"==7.0"').replace('">=2.19,<2.20"', '">9,<8"')
    mine.write_text(text, encoding="utf-8")
    metal, cpu = (text[: text.index(part)].count("\n") + 1 for part in ('"==7.0"', '">9,<8"'))
    ran = tfsetup("--matrix", str(mine), "matrix", "check", "--offline", "--json")
    assert ran.status == 3
    found = {finding["where"]: finding["message"] for finding in ran.document["findings"]}
    assert found[f"{mine}:{metal}:15"] == "no published release of tensorflow-metal is in this range"
    assert found[f"{mine}:{cpu}:15"] == "no published release of tensorflow-cpu is in this range"


def test_the_matrix_shows_the_known_defects(tfsetup: Tfsetup) -> None:
    data = tfsetup("matrix", "show", "--json").document["data"]
    assert [one["id"] for one in data["hazards"]] == [one.id for one in shipped().hazards]
    defects = {row["row"]: row["defects"] for row in data["rows"]}
    assert (defects["macos-arm64-metal"], defects["macos-arm64-cpu"]) == (DROPPED, "")
    shown = " ".join(tfsetup("matrix", "show").out.split())
    assert "rows: macos-arm64-metal, macos-x86_64-metal-amd" in shown


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
    assert error["message"].startswith("5 problems:")


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
