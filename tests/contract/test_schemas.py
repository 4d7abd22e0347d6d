"""`tfsetup schema`: what the commands really answer is what their schemas say, to the key."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from support.cli import Tfsetup
from support.fake_mac_tensorflow import PLUGIN, plugin, tensorflow_files
from support.macho import build
from support.schemas import problems
from support.wheels import whole_wheel
from tfsetup.cli.commands import leaves
from tfsetup.report.schemas import ANSWERS, FILES, names, schema_of

WITHOUT_JSON = {"run"}
HOSTS = Path(__file__).parents[1] / "cases" / "hosts"
HostFile = Callable[[str], str]


def test_every_command_that_answers_in_json_has_a_schema() -> None:
    commands = {name for name, _ in leaves()} - WITHOUT_JSON
    assert set(ANSWERS) <= commands
    assert commands - set(ANSWERS) == set()


def wheels(folder: Path, *, imports: str) -> str:
    folder.mkdir()
    files: dict[str, Mapping[str, bytes | str]] = {
        "tensorflow-2.19.1-cp312-cp312-macosx_12_0_arm64.whl": tensorflow_files(),
        "tensorflow_metal-1.2.0-cp312-cp312-macosx_12_0_arm64.whl": {PLUGIN: build(plugin(imports))},
    }
    for name, content in files.items():
        (folder / name).write_bytes(whole_wheel(name, content))
    return str(folder)


@pytest.mark.parametrize(
    "words",
    [
        "host --host macos-14-m3",
        "host --host linux-x86_64-wsl2-nvidia",
        "host --host linux-x86_64-libc-could-not-tell",
        "resolve --host macos-14-m3",
        "resolve --host macos-14-m3 --explain",
        "resolve --host linux-x86_64-nvidia-550 --backend conda",
        "resolve --host linux-i686",
        "resolve --host linux-i686 --explain",
        "preflight --host macos-14-m3 good",
        "preflight --host macos-14-m3 bad",
        "preflight --host linux-x86_64-nvidia-550 good",
        "doctor --log log.txt",
        "doctor --log empty.txt",
        "schema",
        "schema host",
    ],
)
def test_an_answer_is_what_its_schema_says(
    tfsetup: Tfsetup, host_file: HostFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.txt").write_text(
        "ImportError: dlopen(x/libmetal_plugin.dylib, 0x0006): Symbol not found: _TF_Gone"
    )
    (tmp_path / "empty.txt").write_text("")
    wheels(tmp_path / "good", imports="_TF_NewStatus")
    wheels(tmp_path / "bad", imports="_TF_Gone")
    line = words.split()
    after = line.index("--host") + 1 if "--host" in line else 0
    ran = tfsetup(*(host_file(word) if after and at == after else word for at, word in enumerate(line)), "--json")
    assert ran.document["status"] in {"ok", "failed"}
    assert problems(line[0], ran.document) == []


@pytest.mark.parametrize("name", [name for name in ANSWERS if name != "schema"])
def test_an_error_is_what_the_schema_says(tfsetup: Tfsetup, name: str) -> None:
    ran = tfsetup(*name.split(), "--host", "no-such-machine", "--json", *(["x"] if name == "preflight" else []))
    assert ran.document["status"] == "error"
    assert problems(name, ran.document) == []


def test_the_schemas_refuse_what_is_wrong(tfsetup: Tfsetup, host_file: HostFile) -> None:
    document = tfsetup("resolve", "--host", host_file("macos-14-m3"), "--json").document
    assert problems("host", document) != []
    for key in document:
        assert problems("resolve", {name: part for name, part in document.items() if name != key}) != []
    for key in document["data"]:
        less = {name: part for name, part in document["data"].items() if name != key}
        assert problems("resolve", {**document, "data": less}) != []
    assert problems("resolve", {**document, "status": "error"}) != []
    assert problems("resolve", {**document, "data": {**document["data"], "installable": "yes"}}) != []


def test_the_names_alone_are_listed(tfsetup: Tfsetup) -> None:
    assert tfsetup("schema").out.split("\n")[:-1] == names()


def test_one_is_printed_as_a_schema_and_not_in_an_envelope(tfsetup: Tfsetup) -> None:
    assert json.loads(tfsetup("schema", "receipt").out) == json.loads(json.dumps(schema_of("receipt")))


def test_all_are_in_the_json(tfsetup: Tfsetup) -> None:
    assert list(tfsetup("schema", "--json").document["data"]["schemas"]) == [*ANSWERS, *FILES]


def test_another_name_is_wrong_usage_and_the_known_are_said(tfsetup: Tfsetup) -> None:
    ran = tfsetup("schema", "nothing")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("error: There is no schema of the name nothing.\n hint: Known: host, resolve, ")


@pytest.mark.parametrize("name", ["host", "resolve", "preflight", "schema", "host-file"])
def test_every_field_of_a_schema_says_what_it_means(name: str) -> None:
    schema = schema_of(name)
    without = [
        f"{type_}.{field}"
        for type_, definition in schema["$defs"].items()
        for field, given in definition.get("properties", {}).items()
        if "description" not in given
    ]
    assert without == []


@pytest.mark.parametrize("path", sorted(HOSTS.glob("*[!d].json")), ids=lambda path: path.stem)
def test_a_host_file_is_what_its_schema_says(path: Path) -> None:
    assert Draft202012Validator(schema_of("host-file")).is_valid(json.loads(path.read_text()))


@pytest.mark.parametrize("wrong", [{"os": "beos"}, {"gpus": {}}, {"libc": {"version": "2.36"}}, {"rosetta": "yes"}])
def test_another_file_is_not(wrong: object) -> None:
    assert not Draft202012Validator(schema_of("host-file")).is_valid(wrong)
