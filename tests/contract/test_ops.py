"""`tfsetup ops`, called as a user calls it, and `tfsetup.ops`: what a plugin leaves to the CPU, from bytes alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tfsetup as house
from support.cli import Tfsetup
from support.saved_models import Saved, attention, node
from tfsetup.errors import InvalidFileError

HOST = ("--host", "macos-arm64-metal")


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(attention().write(tmp_path / "attention"))


def test_the_gaps_are_named_with_how_often_and_what_would_avoid_them(tfsetup: Tfsetup, model: str) -> None:
    ran = tfsetup("ops", model, *HOST, "--json")
    data = ran.document["data"]
    assert (ran.status, ran.document["status"]) == (0, "ok")
    assert (data["plugin"], data["row"], data["training"]) == ("tensorflow-metal==1.2.0", "macos-arm64-metal", None)
    gaps = [(gap["count"], gap["op"], gap["types"], gap["in"]) for gap in data["on_cpu"]]
    assert gaps == [
        (2, "Einsum", ["T:float32"], "predict"),
        (1, "ArgMax", ["T:float32", "Tidx:int32", "output_type:int64"], "predict"),
        (1, "Erfc", ["T:float32"], "predict"),
    ]
    assert [gap["remedy"].partition(" ")[0] for gap in data["on_cpu"]] == ["tf.linalg.matmul,", "int32", "1"]
    assert data["total"] == data["on_gpu"] + data["in_host_memory"] + 4 == 10


def test_the_file_itself_may_be_named(tfsetup: Tfsetup, model: str) -> None:
    ran = tfsetup("ops", f"{model}/saved_model.pb", *HOST, "--json")
    assert [gap["op"] for gap in ran.document["data"]["on_cpu"]] == ["Einsum", "ArgMax", "Erfc"]


def test_an_older_release_has_its_own_kernels(tfsetup: Tfsetup, model: str) -> None:
    data = tfsetup("ops", model, *HOST, "--tensorflow", "2.13.1", "--python", "3.11", "--json").document["data"]
    assert data["plugin"] == "tensorflow-metal==1.0.0"
    assert {gap["op"] for gap in data["on_cpu"]} >= {"Einsum", "Erfc"}


def test_a_row_that_others_go_before_answers_for_itself(tfsetup: Tfsetup, model: str) -> None:
    data = tfsetup("ops", model, "--host", "macos-arm64-metal-legacy", "--json").document["data"]
    assert (data["row"], data["plugin"]) == ("macos-arm64-metal-legacy", "tensorflow-metal==0.8.0")
    assert {gap["op"] for gap in data["on_cpu"]} >= {"Einsum", "Erfc"}


def test_a_model_that_stays_on_the_gpu_says_so(tfsetup: Tfsetup, tmp_path: Path) -> None:
    saved = Saved(nodes=[node("r", "Relu", T="float32")], signatures={"serving_default": ["r:0"]})
    ran = tfsetup("ops", str(saved.write(tmp_path / "m")), *HOST)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("tensorflow-metal==1.2.0:  leaves nothing to the CPU in a prediction\n")


def dense(tmp_path: Path) -> str:
    """Return a model of two dense layers, the second with an activation that the plugin does not fuse."""
    nodes = [
        node(f"{what}{at}", op, *sources, T="float32")
        for at, activation, x in ((1, "Relu", "x"), (2, "LeakyRelu", "a1"))
        for what, op, sources in (
            ("p", "MatMul", (x, "w")), ("b", "BiasAdd", (f"p{at}", "v")), ("a", activation, (f"b{at}",)),
        )
    ]  # fmt: skip
    return str(Saved(nodes=nodes, signatures={"serving_default": ["a2:0"]}).write(tmp_path / "dense"))


def test_an_activation_that_the_plugin_drops_is_named_with_its_cure(tfsetup: Tfsetup, tmp_path: Path) -> None:
    ran = tfsetup("ops", dense(tmp_path), *HOST, "--json")
    (lost,) = ran.document["data"]["dropped"]
    assert (ran.status, lost["op"], lost["parts"]) == (0, "_FusedMatMul", ["MatMul", "BiasAdd", "Relu"])
    assert (lost["count"], lost["in"]) == (1, "predict")
    assert lost["cure"].startswith("TURN_OFF_REMAPPER=1 in the environment: ")
    shown = tfsetup("ops", dense(tmp_path), *HOST).out
    assert "1 x _FusedMatMul  of MatMul, BiasAdd, Relu: Relu is dropped\n" in shown
    assert "cured:  TURN_OFF_REMAPPER=1" in shown


def test_a_release_that_fuses_nothing_by_itself_drops_nothing(tfsetup: Tfsetup, tmp_path: Path) -> None:
    found = tfsetup("ops", dense(tmp_path), "--host", "macos-arm64-metal-legacy", "--python", "3.10", "--json")
    data = found.document["data"]
    assert (data["plugin"], data["dropped"]) == ("tensorflow-metal==0.8.0", [])
    later = tfsetup("ops", dense(tmp_path), "--host", "macos-arm64-metal-legacy", "--python", "3.11", "--json")
    data = later.document["data"]
    assert (data["plugin"], len(data["dropped"])) == ("tensorflow-metal==0.8.0", 1)


def untold(tmp_path: Path) -> str:
    """Return a model with an operation that does not say its type."""
    nodes = [node("r", "Relu", T="float32"), node("m", "MatMul", "r")]
    return str(Saved(nodes=nodes, signatures={"s": ["m:0"]}).write(tmp_path / "untold"))


def test_what_is_undecided_is_told_and_ends_with_9_only_under_strict(tfsetup: Tfsetup, tmp_path: Path) -> None:
    ran = tfsetup("ops", untold(tmp_path), *HOST)
    assert ran.status == 0
    assert "Not decided\n  1 x MatMul" in ran.out
    assert "does not say of which type" in ran.out
    assert tfsetup("ops", untold(tmp_path), *HOST, "--strict").status == 9


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("--host macos-x86_64-metal-amd", "the half for arm64, and this machine is x86_64"),
        ("--host macos-arm64-metal-community", "nobody has listed the kernels of tensorflow-metal-plugin"),
    ],
)
def test_where_nothing_can_be_judged_the_answer_is_undecided(
    tfsetup: Tfsetup, model: str, words: str, why: str
) -> None:
    ran = tfsetup("ops", model, *words.split(), "--json")
    data = ran.document["data"]
    assert (ran.status, ran.document["status"], data["on_cpu"]) == (9, "failed", [])
    assert sum(gap["count"] for gap in data["undecided"]) == data["total"]
    assert why in data["because"][0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone", "There is no model at gone."),
        ("empty", "there is no saved_model.pb in it"),
        ("pieces", "its graph is in pieces"),
        ("net.keras", "Only TensorFlow can tell what net.keras computes"),
        ("net.h5", "Only TensorFlow can tell what net.h5 computes"),
        ("train:make", "Only TensorFlow can tell what train:make computes"),
    ],
)
def test_what_is_no_saved_model_is_wrong_usage_and_says_how_to_get_one(
    tfsetup: Tfsetup, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "pieces").mkdir()
    (tmp_path / "pieces" / "saved_model.cpb").touch()
    (tmp_path / "net.keras").touch()
    (tmp_path / "net.h5").touch()
    ran = tfsetup("ops", name, *HOST, "--json")
    error = ran.document["error"]
    assert ran.status == 2
    assert error["code"] == "usage"
    assert words in error["message"]
    assert "saved_model" in error["hint"]


def test_an_environment_that_is_not_there_is_wrong_usage(tfsetup: Tfsetup) -> None:
    ran = tfsetup("ops", "train:make", *HOST, "--prefix", "nowhere", "--json")
    assert (ran.status, ran.document["error"]["code"]) == (2, "usage")
    assert "nowhere" in ran.document["error"]["message"]


def test_a_damaged_model_is_an_invalid_file(tfsetup: Tfsetup, tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(attention().content()[:-9])
    ran = tfsetup("ops", ".", *HOST, "--json")
    assert (ran.status, ran.document["error"]["where"]) == (3, "saved_model.pb")


def test_a_row_without_a_plugin_names_one_that_has_it(tfsetup: Tfsetup, model: str) -> None:
    ran = tfsetup("ops", model, "--host", "linux-x86_64-cpu", "--json")
    assert (ran.status, ran.document["error"]["code"]) == (2, "usage")
    assert "everything runs on the CPU" in ran.document["error"]["message"]
    assert "--host macos-arm64-metal" in ran.document["error"]["hint"]


def test_a_signature_may_be_named(tfsetup: Tfsetup, tmp_path: Path) -> None:
    nodes = [node("r", "Relu", T="float32"), node("e", "Elu", "r", T="float32")]
    saved = Saved(nodes=nodes, signatures={"serving_default": ["r:0"], "embed": ["e:0"]})
    folder = str(saved.write(tmp_path / "two"))
    assert tfsetup("ops", folder, *HOST, "--json").document["data"]["on_cpu"] == []
    data = tfsetup("ops", folder, *HOST, "--signature", "embed", "--json").document["data"]
    assert ([gap["op"] for gap in data["on_cpu"]], data["other_signatures"]) == (["Elu"], ["serving_default"])
    assert tfsetup("ops", folder, *HOST, "--signature", "train", "--json").status == 2


def test_python_is_answered_as_the_command_line_is(tfsetup: Tfsetup, model: str) -> None:
    found = house.ops(model, "macos-arm64-metal")
    data = tfsetup("ops", model, *HOST, "--json").document["data"]
    assert [gap.op for gap in found.on_cpu] == [gap["op"] for gap in data["on_cpu"]]
    assert (found.plugin, found.total, found.unjudged) == (data["plugin"], data["total"], False)


def test_python_meets_errors_that_are_tfsetup_s(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"no model")
    with pytest.raises(InvalidFileError):
        house.ops(tmp_path, "macos-arm64-metal")


@pytest.mark.process
def test_tensorflow_is_not_imported(model: str) -> None:
    code = (
        "import sys, tfsetup\n"
        f"tfsetup.ops({model!r}, 'macos-arm64-metal')\n"
        "import json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "google", "numpy", "rich", "typer"} & set(json.loads(ran.stdout))
