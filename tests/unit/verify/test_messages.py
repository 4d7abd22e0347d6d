"""Sorting TensorFlow's log lines; the lines are quoted from real start-ups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.messages import Kind, sort_messages, unused_cpu_features

STAMP = "2026-02-03 10:11:12.123456: "
LINES: list[tuple[str, Kind]] = [
    (STAMP + "I tensorflow/core/util/port.cc:153] oneDNN custom operations are on. You may see slightly …", "harmless"),
    (
        STAMP + "E external/local_xla/xla/stream_executor/cuda/cuda_fft.cc:477] Unable to register cuFFT factory",
        "harmless",
    ),
    ("WARNING: All log messages before absl::InitializeLog() is called are written to STDERR", "harmless"),
    (STAMP + "W tensorflow/core/common_runtime/gpu/gpu_device.cc:2343] Cannot dlopen some GPU libraries.", "matters"),
    (
        STAMP + "W tensorflow/compiler/tf2tensorrt/utils/py_utils.cc:38] TF-TRT Warning: Could not find TensorRT",
        "harmless",
    ),
    ("E0000 00:00:1 cuda_executor.cc:1228] INTERNAL: failed call to cuInit: UNKNOWN ERROR (303)", "matters"),
    (STAMP + "W tensorflow/core/some/file.cc:1] never seen before", "unknown"),
    ("W0000 00:00:1795415027.2 9671 other.cc:7] never seen either", "unknown"),
]


@pytest.mark.parametrize(("line", "kind"), LINES)
def test_a_line_is_sorted(line: str, kind: Kind) -> None:
    (message,) = sort_messages(line)
    assert message.kind == kind
    assert bool(message.meaning) is (kind != "unknown")


def test_plain_output_is_no_message() -> None:
    assert sort_messages("Epoch 1/5\nloss: 0.3\n2026 was a good year\n") == ()


def test_repeated_lines_count_once() -> None:
    (message,) = sort_messages("\n".join([LINES[3][0]] * 3))
    assert message.times == 3


@pytest.mark.parametrize(
    ("log", "features"),
    [
        ("To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow", ("avx2", "fma")),
        (
            "To enable the following instructions: AVX512F AVX512_VNNI SSE4.1, in other operations,",
            ("avx512f", "avx512_vnni", "sse4.1"),
        ),
        ("nothing of the kind", ()),
    ],
)
def test_unused_cpu_features_come_from_the_start_up_line(log: str, features: tuple[str, ...]) -> None:
    assert unused_cpu_features(log) == features


@given(st.text())
def test_no_log_breaks_the_sorting(log: str) -> None:
    assert all(message.line == message.line.strip() for message in sort_messages(log))


RETRACED = (
    "WARNING:tensorflow:5 out of the last 5 calls to <function {} at 0x7efec7185440> triggered tf.function retracing."
)


@pytest.mark.parametrize(
    ("function", "kind"), [("Asked.eager.<locals>.placed", "harmless"), ("train_step", "unknown")]
)  # fmt: skip
def test_graphs_of_the_checks_are_harmless_and_those_of_others_are_not(function: str, kind: str) -> None:
    [message] = sort_messages(RETRACED.format(function))
    assert message.kind == kind
