"""What TensorFlow says where a device has no kernel, as 2.16 to 2.21 really say it: no failure, and its name."""

from __future__ import annotations

import pytest

from tfsetup.verify.kernels import without_kernel, without_xla

EAGER = (
    "Could not satisfy device specification '/job:localhost/replica:0/task:0/device:GPU:0'. enable_soft_placement=0. "
    "Supported device types [CPU]. All available devices [/job:localhost/replica:0/task:0/device:CPU:0, "
    "/job:localhost/replica:0/task:0/device:GPU:0]. [Op:Einsum] name: "
)
GRAPH = """Cannot assign a device for operation random_uniform/RandomUniform: Could not satisfy explicit device \
specification '/device:GPU:0' because no supported kernel for GPU devices is available.
Colocation Debug Info:
Colocation group had the following types and supported devices:
Root Member(assigned_device_name_index_=-1 requested_device_name_='/device:GPU:0' supported_device_types_=[CPU]
RandomUniform: CPU

Op: RandomUniform
Node attrs: seed2=0, seed=0, T=DT_INT32, dtype=DT_FLOAT
Registered kernels:
  device='CPU'; dtype in [DT_DOUBLE]

\t [[{{node random_uniform/RandomUniform}}]] [Op:__inference_placed_5]"""
COLOCATED = """Cannot assign a device for operation map/Neg: Could not satisfy explicit device specification
Colocation Debug Info:
Neg: CPU
\t [[{{node map/Neg}}]] [Op:__inference_whole_7]"""
NODE = "Cannot assign a device for operation cell/Roll_1: \t [[{{node cell/Roll_1}}]] [Op:__inference_f_7]"
RUNTIME = "No OpKernel was registered to support Op 'CudnnRNNV3' used by {{node CudnnRNNV3}} with these attrs: []"
REGISTERED = "No registered 'TopKV2' OpKernel for 'GPU' devices compatible with node {{node TopKV2}}"


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (EAGER, "Einsum"),
        (GRAPH, "RandomUniform"),
        (COLOCATED, "Neg"),
        (NODE, "Roll_1"),
        (RUNTIME, "CudnnRNNV3"),
        (REGISTERED, "TopKV2"),
        ("Could not satisfy device specification", "an operation"),
    ],
)
def test_the_operation_is_named(message: str, name: str) -> None:
    assert without_kernel({"type": "InvalidArgumentError", "message": message}) == name


@pytest.mark.parametrize(
    "message",
    ["OOM when allocating tensor with shape[64,256] [Op:MatMul]", "indices[1] = 300 is not in [0, 300)", "", None],
)
def test_another_error_is_another_error(message: str | None) -> None:
    assert without_kernel({"message": message}) is None
    assert without_xla({"message": message}) is None


def test_a_missing_compiler_is_no_missing_kernel() -> None:
    error = {"message": "Could not find compiler for platform FAKE: NOT_FOUND [Op:__inference_layer_3]"}
    assert without_kernel(error) is None
    assert without_xla(error) == "Could not find compiler for platform FAKE: NOT_FOUND"
