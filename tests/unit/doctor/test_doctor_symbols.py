"""Who missed a symbol and whose it is: read from the sentences of two loaders, whatever their text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.doctor.symbols import told_by

IN_TENSORFLOW = "/v/lib/python3.10/site-packages/tensorflow/python/platform/../../libtensorflow_cc.so.2"
ADDONS = "/v/lib/python3.8/site-packages/tensorflow_addons/custom_ops/layers/_correlation_cost_ops.so"
STATUS = "_ZN3tsl6StatusC1Ev"


@pytest.mark.parametrize(
    ("library", "asker"),
    [
        (IN_TENSORFLOW, "tensorflow"),
        ("/v/lib/python2.7/site-packages/tensorflow/contrib/rnn/python/ops/_lstm_ops.so", "tensorflow"),
        ("/v/lib/python3.7/site-packages/tensorflow_core/python/_pywrap_tensorflow_internal.so", "tensorflow"),
        ("libtensorflow_framework.so.2", "tensorflow"),
        ("C:\\v\\lib\\site-packages\\tensorflow\\python\\_pywrap_bfloat16.pyd", "tensorflow"),
        (ADDONS, "extension"),
        ("/v/lib/site-packages/tensorflow_decision_forests/tensorflow/ops/training.so", "extension"),
        ("/home/u/build/libmy_custom_op.so", "extension"),
        ("/v/lib/python3.9/site-packages/tensorflow_text/python/ops/_regex_split_ops.so", "text"),
        ("/v/lib/python3.11/site-packages/tensorflow-plugins/libmetal_plugin.dylib", "metal"),
        ("/v/lib/python3.10/site-packages/tensorflow-plugins/libtfdml_plugin.so", "directml"),
        ("/v/lib/python3.10/site-packages/tensorflow-plugins/libitex_gpu.so", "plugin"),
        ("/v/lib/python3.10/site-packages/torch/lib/libtorch_cuda.so", "torch"),
        ("/v/lib/python3.10/site-packages/nvidia/cudnn/lib/libcudnn.so.8", "cuda"),
        ("/envs/tensorflow/lib/python3.10/site-packages/scipy/linalg/_fblas.so", "other"),
        ("/envs/tensorflow/lib/libstdc++.so.6", "other"),
        ("NotFoundError", "unknown"),
    ],
)
def test_whose_file_asks(library: str, asker: str) -> None:
    assert told_by({"library": library, "symbol": STATUS})["asker"] == asker


@pytest.mark.parametrize(
    ("symbol", "owner"),
    [
        ("_ZN10tensorflow8OpKernel11TraceStringB5cxx11ERKNS_15OpKernelContextEb", "tensorflow"),
        ("_ZNK10tensorflow8OpKernel11TraceStringERKNS_15OpKernelContextEb", "tensorflow"),
        ("_ZTIN10tensorflow8OpKernelE", "tensorflow"),
        ("__ZN3tsl8internal10LogMessageC1EPKcii", "tensorflow"),
        ("_ZN15stream_executor14StreamExecutorD1Ev", "tensorflow"),
        ("_Z14tf_git_versionv", "tensorflow"),
        ("_ZNSt8functionIFvvEEC1ERKN10tensorflow6StatusE", "libstdc++"),
        ("_TF_AssignUpdateVariable", "tensorflow"),
        ("TF_GetInput", "tensorflow"),
        ("__ZN4absl12lts_2023080212log_internal10LogMessageD1Ev", "absl"),
        ("_ZN6google8protobuf7MessageD2Ev", "protobuf"),
        ("_ZNSt7__cxx1112basic_stringIcE9_M_createERmm", "libstdc++"),
        ("__ZNKSt3__115basic_stringbufIcE3strEv", "libc++"),
        ("PyUnicodeUCS4_FromString", "python"),
        ("__PyThreadState_Current", "python"),
        ("cublasLtGetVersion", "cuda"),
        ("__nvJitLinkAddData_12_1", "cuda"),
        ("GOMP_parallel", "openmp"),
        ("_OBJC_CLASS_$_MPSGraphRandomOpDescriptor", "system"),
        ("_SecKeyCopyExternalRepresentation", "system"),
        ("_ZdlPvm", "other"),
        ("PGfoo", "other"),
        ("_ZN2at6Tensor4viewEv", "torch"),
    ],
)
def test_whose_symbol_is_missed(symbol: str, owner: str) -> None:
    assert told_by({"library": IN_TENSORFLOW, "symbol": symbol})["owner"] == owner


@pytest.mark.parametrize(
    ("expected", "where"),
    [
        ("usr/lib/libSystem.B.dylib", "system"),
        ("System/Library/Frameworks/Accelerate.framework/Versions/A/Accelerate", "system"),
        ("/usr/lib/libc++.1.dylib", "system"),
        ("Users/x/lib/python3.9/site-packages/tensorflow/libtensorflow_framework.2.dylib", "tensorflow"),
        ("Users/x/usr/lib/libother.dylib", "other"),
    ],
)
def test_where_it_was_expected(expected: str, where: str) -> None:
    assert told_by({"referenced": ADDONS, "symbol": STATUS, "expected": expected})["expected_in"] == where


def test_who_referred_to_it_counts_before_what_was_opened() -> None:
    assert told_by({"library": IN_TENSORFLOW, "referenced": ADDONS, "symbol": STATUS})["asker"] == "extension"


def test_nothing_is_said_without_a_symbol() -> None:
    assert told_by({"library": IN_TENSORFLOW}) == {}


@examples(1)
@given(st.fixed_dictionaries({"symbol": st.text()}, optional={"library": st.text(), "expected": st.text()}))
def test_any_text_is_read(captures: dict[str, str]) -> None:
    found = told_by(captures)
    assert set(found) == {"asker", "owner", "expected_in"}
    assert all(found.values())
