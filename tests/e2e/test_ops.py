"""Saved models of a real TensorFlow, and kernels of Apple's own plugin: what is read and kept is what is really so."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest
from uv import find_uv_bin

import tfsetup
from tfsetup.graphs.disk import default_kernels, metal_kernels
from tfsetup.host.probe import probe
from tfsetup.loader.bytes import Memory
from tfsetup.upkeep.index.client import client
from tfsetup.upkeep.xray.files import read_plan
from tfsetup.upkeep.xray.images import read_image
from tfsetup.upkeep.xray.listing import compared
from tfsetup.upkeep.xray.registrations import registrations
from tfsetup.upkeep.xray.wheels import fetch

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.heavy]

TENSORFLOW = "2.21.0"
PYTHONS = {one.minor: one.path for one in probe(downloads=False).pythons or () if one.path and not one.free_threaded}
FITTING = sorted(set(PYTHONS) & {"3.10", "3.11", "3.12", "3.13"})

PROGRAM = """
import os, sys
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
import keras, tensorflow as tf
from keras import layers
folder = sys.argv[1]
def save(name, *parts):
    keras.Sequential(list(parts)).export(f"{folder}/{name}", verbose=False)
save("digits", layers.Input((196,)), layers.Dense(32, "relu"), layers.Dropout(0.3), layers.Dense(10))
save("pictures", layers.Input((16, 16, 3)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(),
     layers.MaxPooling2D(), layers.GlobalAveragePooling2D(), layers.Dense(5))
save("sentences", layers.Input((20,)), layers.Embedding(100, 8), layers.LSTM(8), layers.Dense(1))
save("volumes", layers.Input((8, 8, 8, 1)), layers.Conv3D(2, 3), layers.MaxPooling3D(), layers.Flatten())
words = layers.Input((12,))
seen = layers.Embedding(50, 16)(words)
seen = layers.LayerNormalization()(seen + layers.MultiHeadAttention(2, 8)(seen, seen))
keras.Model(words, layers.Dense(50)(layers.Dense(16, "gelu")(seen))).export(f"{folder}/attention", verbose=False)
class Best(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float64)])
    def best(self, x):
        return tf.argmax(tf.linalg.matmul(x, x, transpose_b=True), axis=1)
best = Best()
tf.saved_model.save(best, f"{folder}/double", signatures=best.best)
"""

GAPS = {
    "digits": set(),
    "pictures": set(),
    "sentences": set(),
    "volumes": {"Conv3D", "MaxPool3D"},
    "attention": {"Einsum", "Erfc"},
    "double": {"ArgMax", "MatMul"},
}
"""What computes with floating-point numbers and has no kernel in the newest release of Apple's plugin."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with TensorFlow."""
    if not FITTING:
        pytest.skip(f"no Python here that TensorFlow {TENSORFLOW} has wheels for")
    prefix = tmp_path_factory.mktemp("tensorflow") / "env"
    subprocess.run([find_uv_bin(), "venv", "-q", "--python", str(PYTHONS[FITTING[-1]]), str(prefix)], check=True)
    interpreter = prefix / "bin" / "python"
    wanted = f"tensorflow-cpu=={TENSORFLOW}"
    subprocess.run([find_uv_bin(), "pip", "install", "-q", "--python", str(interpreter), wanted], check=True)
    return interpreter


@pytest.fixture(scope="module")
def models(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([str(python), "-c", PROGRAM, str(folder)], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", GAPS)
def test_the_gaps_of_a_real_model_are_known_from_its_bytes(models: Path, name: str) -> None:
    found = tfsetup.ops(models / name, "macos-arm64-metal")
    assert {gap.op for gap in found.on_cpu if gap.floating} == GAPS[name]
    assert (found.undecided, found.saved_by) == ((), TENSORFLOW)
    assert found.total == found.on_gpu + found.in_host_memory + sum(gap.count for gap in found.on_cpu)


COUNT = """
import collections, json, sys
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2
saved = saved_model_pb2.SavedModel()
saved.ParseFromString(open(sys.argv[1] + "/saved_model.pb", "rb").read())
graph = saved.meta_graphs[0].graph_def
nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
print(json.dumps(collections.Counter(node.op for node in nodes)))
"""


@pytest.mark.parametrize("name", GAPS)
def test_tensorflow_s_own_reader_sees_the_same_nodes(models: Path, python: Path, name: str) -> None:
    from collections import Counter

    from tfsetup.graphs.disk import read_model

    ran = subprocess.run([str(python), "-c", COUNT, str(models / name)], check=True, capture_output=True, text=True)
    graph, _path = read_model(models / name)
    mine = Counter(node.operation.op for nodes in (graph.nodes, *graph.functions.values()) for node in nodes)
    assert mine == json.loads(ran.stdout.splitlines()[-1])


def test_the_kernels_of_apple_s_newest_release_are_registered_again_as_they_are_kept() -> None:
    kept, plan = metal_kernels(), read_plan()
    newest = list(kept.versions)[-1]
    index = client()
    try:
        libraries = fetch(msgspec.structs.replace(plan, versions=f"=={newest}"), index)
    finally:
        index.close()
    alone = msgspec.structs.replace(kept, versions={newest: kept.versions[newest]})
    assert compared(alone, registrations(libraries, plan)).differences == ()
    assert read_image(Memory(libraries.plugins[0].content), plan.architecture).exports["_TF_InitKernel"]


def test_tensorflow_s_kernels_for_every_device_are_of_a_release_the_plugin_loads_with() -> None:
    answer = tfsetup.resolve("macos-arm64-metal")
    assert default_kernels().tensorflow in " ".join(answer.requirements)


BUILDS = """
import keras
from keras import layers
def make():
    model = keras.Sequential([layers.Input((12,)), layers.Dense(8, "gelu"), layers.Dropout(0.4), layers.Dense(3)])
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model
def broken():
    return make().layers[9]
if __name__ == "__main__":
    make().save("net.keras")
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program that makes a model, and the user in it."""
    (tmp_path / "program.py").write_text(BUILDS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_function_and_a_keras_file_are_traced_with_their_step_of_training(python: Path, program: Path) -> None:
    subprocess.run([str(python), "program.py"], check=True, capture_output=True, cwd=program)
    for model in ("program:make", "net.keras"):
        found = tfsetup.ops(model, "macos-arm64-metal", prefix=python.parents[1])
        assert {(gap.op, gap.in_) for gap in found.on_cpu if gap.floating} == {("Erfc", "predict"), ("Erfc", "train")}
        assert found.training is not None
        assert found.training > found.total
        assert found.undecided == ()


def test_a_program_that_fails_says_so_in_its_own_words(python: Path, program: Path) -> None:
    with pytest.raises(tfsetup.TfsetupError, match="IndexError") as caught:
        tfsetup.ops("program:broken", "macos-arm64-metal", prefix=python.parents[1])
    assert (caught.value.code.exit_status, program.is_dir()) == (9, True)
