"""`tfsetup preflight` as scripts and people see it: targets, JSON, exit status, the explanation word for word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.cli import Tfsetup
from support.fake_mac_tensorflow import FRAMEWORK, GUARD, PLUGIN, RUNTIME, TF2, plans, plugin, tensorflow_files
from support.macho import build
from support.wheels import whole_wheel

TF = "tensorflow-2.19.1-cp312-cp312-macosx_12_0_arm64.whl"
METAL = "tensorflow_metal-1.2.0-cp312-cp312-macosx_12_0_arm64.whl"
MAC = {"os": "macos", "os_version": "14.4.1", "arch": "arm64", "rosetta": False}


@pytest.fixture
def mac(tmp_path: Path) -> str:
    path = tmp_path / "mac.json"
    path.write_text(json.dumps(MAC))
    return str(path)


def save(folder: Path, filename: str, files: Mapping[str, bytes | str]) -> str:
    folder.mkdir(exist_ok=True)
    (folder / filename).write_bytes(whole_wheel(filename, files))
    return str(folder / filename)


def good(folder: Path) -> list[str]:
    return [
        save(folder, TF, tensorflow_files()),
        save(folder, METAL, {PLUGIN: build(plugin("_TF_NewStatus", "_TF_Old"))}),
    ]


def bad(folder: Path) -> list[str]:
    return [save(folder, TF, tensorflow_files()), save(folder, METAL, {PLUGIN: build(plugin("_TF_Gone"))})]


def environment(root: Path, files: Mapping[str, bytes | str]) -> Path:
    site = root / "lib" / "python3.12" / "site-packages"
    for name, content in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return site


def test_a_row_is_a_machine_to_judge_for(tfsetup: Tfsetup, tmp_path: Path) -> None:
    ran = tfsetup("preflight", "--json", "--host", "macos-arm64-metal", *good(tmp_path / "w"))
    assert (ran.status, ran.document["data"]["verdict"]) == (0, "loads")
    assert (ran.document["data"]["host"]["os"], ran.document["data"]["host"]["arch"]) == ("macos", "arm64")
    ran = tfsetup("preflight", "--json", "--host", "linux-x86_64-cpu", *good(tmp_path / "w"))
    assert (ran.status, ran.document["data"]["failures"][0]["kind"]) == (7, "wrong-architecture")


def test_yes_is_0_and_one_json_document(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    ran = tfsetup("preflight", "--json", "--host", mac, *good(tmp_path / "w"))
    assert (ran.status, ran.document["status"], ran.document["command"]) == (0, "ok", "preflight")
    data = ran.document["data"]
    assert {"verdict", "host", "images", "checked", "failures", "not_covered"} <= set(data)
    assert (data["verdict"], data["images"], data["failures"]) == ("loads", 5, [])
    assert data["checked"] == [GUARD, RUNTIME, TF2, PLUGIN]
    assert data["host"]["os_version"] == "14.4.1"


def test_no_is_7_with_the_loaders_words(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    ran = tfsetup("preflight", "--json", "--host", mac, *bad(tmp_path / "w"))
    assert (ran.status, ran.document["status"], ran.document["error"]) == (7, "failed", None)
    (failure,) = ran.document["data"]["failures"]
    assert (failure["kind"], failure["image"], failure["symbol"]) == ("symbol-not-found", PLUGIN, "_TF_Gone")
    assert (failure["library"], failure["stage"]) == (RUNTIME, "plugin")
    assert any("tensorflow-metal" in line for line in ran.document["data"]["would_load"])


def test_the_explanation_word_for_word(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    ran = tfsetup("preflight", "--host", mac, *bad(tmp_path / "w"))
    site = "/venv/lib/python3.12/site-packages"
    lines = ran.out.splitlines()
    assert lines[:12] == [
        "It does not load.",
        "  judged: TensorFlow 2.19.1, Python 3.12, macOS 14.4.1 arm64; 4 native files followed",
        "",
        PLUGIN,
        f"  | dlopen({site}/{PLUGIN}, 0x0006): Symbol not found: _TF_Gone",
        f"  |   Referenced from: <{plugin().uuid}> {site}/{PLUGIN}",
        f"  |   Expected in:     <{plans()[RUNTIME].uuid}> {site}/{RUNTIME}",
        (
            f"  Why: it needs _TF_Gone, and {RUNTIME} does not have it. Both files are found and intact: "
            "they were built for different versions of each other."
        ),
        "  Consequence: TensorFlow loads every plugin it finds while it is imported, so the whole import ends here.",
        *lines[9:12],
    ]
    assert lines[9].startswith("would load: tensorflow-metal 1.2.0 with TensorFlow >=2.18,<2.20: ")


def test_a_folder_of_wheels(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    good(tmp_path / "w")
    ran = tfsetup("preflight", "--host", mac, str(tmp_path / "w"))
    assert (ran.status, ran.out.splitlines()[0]) == (0, "It loads.")


@pytest.mark.parametrize("target", ["env", "env/lib/python3.12/site-packages"])
def test_an_environment_and_its_site_packages(tfsetup: Tfsetup, tmp_path: Path, mac: str, target: str) -> None:
    files = {**tensorflow_files(), PLUGIN: build(plugin("_TF_Gone")), "tensorflow-2.19.1.dist-info/METADATA": ""}
    site = environment(tmp_path / "env", files)
    ran = tfsetup("preflight", "--json", "--host", mac, str(tmp_path / target))
    data = ran.document["data"]
    assert (data["tensorflow"], data["python"], data["verdict"]) == ("2.19.1", "3.12", "fails")
    assert data["failures"][0]["image"] == PLUGIN
    assert f"dlopen({site}/{PLUGIN}, 0x0006)" in data["failures"][0]["message"]


def test_where_nothing_was_judged_it_ends_with_9_strict_or_not(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    alone = save(tmp_path / "w", METAL, {PLUGIN: build(plugin())})
    for strict in ([], ["--strict"]):
        ran = tfsetup("preflight", "--host", mac, *strict, alone)
        assert ran.status == 9
        assert "  ? there is a plugin and no TensorFlow to load it" in ran.out.splitlines()


def test_another_python_than_the_wheels(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    ran = tfsetup("preflight", "--json", "--host", mac, "--python", "3.11", *good(tmp_path / "w"))
    kinds = {failure["kind"] for failure in ran.document["data"]["failures"]}
    assert (ran.status, kinds) == (7, {"python-abi"})


def test_a_damaged_library_is_a_finding_and_no_error(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    files = tensorflow_files() | {FRAMEWORK: b"\xcf\xfa\xed\xfe" + b"\xff" * 100}
    ran = tfsetup("preflight", "--json", "--host", mac, save(tmp_path / "w", TF, files))
    assert ran.status == 7
    assert ran.document["data"]["failures"][0]["kind"] in {"malformed-image", "wrong-architecture"}


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("x.whl", b"no zip", 3, "cannot be read"),
        ("x.txt", b"", 2, "neither a wheel nor a lock file"),
        ("x.toml", b"= no toml", 3, "TOML"),
    ],
)
def test_targets_that_cannot_be_read(
    tfsetup: Tfsetup, tmp_path: Path, mac: str, name: str, content: bytes, status: int, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    ran = tfsetup("preflight", "--json", "--host", mac, str(tmp_path / name))
    assert ran.status == status
    assert words in ran.document["error"]["message"]


@pytest.mark.parametrize("target", ["not/there.whl", "what is this?", "=="])
def test_targets_that_are_nothing(tfsetup: Tfsetup, mac: str, target: str) -> None:
    ran = tfsetup("preflight", "--json", "--host", mac, target)
    assert (ran.status, ran.document["error"]["code"]) == (2, "usage")


def test_an_empty_folder_and_a_mixture(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    (tmp_path / "empty").mkdir()
    assert "nothing to judge" in tfsetup("preflight", "--host", mac, str(tmp_path / "empty")).err
    environment(tmp_path / "env", {"x-1.dist-info/METADATA": ""})
    mixed = tfsetup("preflight", "--host", mac, str(tmp_path / "env"), *good(tmp_path / "w"))
    assert (mixed.status, "by itself" in mixed.err) == (2, True)


def test_a_host_that_does_not_say_what_it_is(tfsetup: Tfsetup, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    path.write_text("{}")
    ran = tfsetup("preflight", "--json", "--host", str(path), *good(tmp_path / "w"))
    assert (ran.status, ran.document["error"]["code"]) == (2, "usage")
