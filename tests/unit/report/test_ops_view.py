"""What is read of the operations at 80 columns: verdict first, gaps with floats before the others, nothing cut off."""

from __future__ import annotations

from dataclasses import replace

from tfsetup.report.ops import ops_lines
from tfsetup.workflows.ops import DroppedActivation, Gap, Operations

GAPS = (
    Gap(
        op="Einsum", count=6, types=("T:float32",), floating=True,
        remedy="tf.linalg.matmul, with tf.transpose where the axes need it: the same products and sums",
    ),
    Gap(op="LookupTableFindV2", count=2, types=("Tin:string", "Tout:int64"), floating=False, remedy=""),
    Gap(op="Erfc", count=1, types=("T:float32",), floating=True, remedy=""),
)  # fmt: skip
FOUND = Operations(
    model="models/reader", signature="serving_default", other_signatures=("serve",), saved_by="2.18.1",
    row="macos-arm64-metal", tensorflow="2.19.1", plugin="tensorflow-metal==1.2.0", macos="14.0", total=211, on_gpu=180,
    in_host_memory=22, on_cpu=GAPS, undecided=(), because=(), training=None,
    training_unknown="a saved model does not hold it",
)  # fmt: skip

WRITTEN = """\
tensorflow-metal==1.2.0:  leaves 9 of 211 operations to the CPU in a prediction
  target     macos-arm64-metal: TensorFlow 2.19.1, macOS 14.0
  model      models/reader (saved by TensorFlow 2.18.1)
  signature  serving_default (not counted: serve)
  counted    180 on the GPU, 22 with shapes and indices beside it
  training   not known: a saved model does not hold it

On the CPU, with a wait for it and two copies
  6 x Einsum  (T:float32)
      instead:  tf.linalg.matmul, with tf.transpose where the axes need it: the
                same products and sums
  1 x Erfc  (T:float32)

On the CPU, and no floating-point numbers are in them
  2 x LookupTableFindV2  (Tin:string, Tout:int64)"""


def test_the_answer_at_80_columns() -> None:
    assert "\n".join(ops_lines(FOUND, width=80)) == WRITTEN


def test_nothing_left_is_said_in_the_first_line() -> None:
    first = next(ops_lines(replace(FOUND, on_cpu=()), width=80))
    assert first == "tensorflow-metal==1.2.0:  leaves nothing to the CPU in a prediction"


def test_a_step_of_training_has_its_own_line_and_its_own_gaps() -> None:
    more = Gap(op="Einsum", count=9, types=("T:float32",), floating=True, remedy="", in_="train")
    text = "\n".join(ops_lines(replace(FOUND, on_cpu=(GAPS[2], more), training=700, training_unknown=""), width=80))
    assert "leaves 1 of 211 operations to the CPU in a prediction\n" in text
    assert "  training   9 of 700 operations of a step stay on the CPU\n" in text
    assert text.endswith(
        "On the CPU, with a wait for it and two copies\n  1 x Erfc  (T:float32)\n\n"
        "On the CPU in a step of training, with a wait for it and two copies\n  9 x Einsum  (T:float32)"
    )


def test_nothing_judged_is_never_nothing_left() -> None:
    every = (Gap(op="MatMul", count=211, types=(), floating=False, remedy=""),)
    found = replace(
        FOUND, on_cpu=(), on_gpu=0, in_host_memory=0, undecided=every, because=("nobody has listed the kernels",)
    )
    text = "\n".join(ops_lines(found, width=80))
    assert text.startswith("tensorflow-metal==1.2.0:  what it leaves to the CPU could not be decided\n")
    assert text.endswith("does not hold it\n  because  nobody has listed the kernels")


def test_what_is_open_is_counted_beside_what_is_left() -> None:
    some = (Gap(op="Mystery", count=3, types=(), floating=False, remedy=""),)
    first, *rest = ops_lines(replace(FOUND, undecided=some, because=("it does not say",)), width=120)
    assert first.endswith("leaves 9 of 211 operations to the CPU in a prediction; 3 could not be decided")
    assert rest[-3:] == ["Not decided", "  3 x Mystery", "  because  it does not say"]


DROPPED = """
Wrong on the GPU where nothing prevents it: fused, and the activation dropped
  3 x _FusedMatMul  of MatMul, BiasAdd, Relu: Relu is dropped
  2 x _FusedMatMul  of MatMul, BiasAdd, Elu in a step of training: Elu is dropped
      cured:  SOME_SWITCH=1 in the environment: it keeps the plugin from it. Environments made by
              tfsetup have it"""


def test_what_is_dropped_has_lines_of_its_own_and_its_cure_once() -> None:
    cure = "SOME_SWITCH=1 in the environment: it keeps the plugin from it"
    one = DroppedActivation(op="_FusedMatMul", parts=("MatMul", "BiasAdd", "Relu"), count=3, cure=cure)
    other = replace(one, parts=("MatMul", "BiasAdd", "Elu"), count=2, in_="train")
    text = "\n".join(ops_lines(replace(FOUND, on_cpu=(), dropped=(one, other)), width=100))
    assert text.endswith(DROPPED)
    uncured = "\n".join(ops_lines(replace(FOUND, on_cpu=(), dropped=(replace(one, cure=""),)), width=100))
    assert uncured.endswith("Relu is dropped")
