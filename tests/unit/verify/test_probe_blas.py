"""Which BLAS a file is, and what it says of itself; the libraries are stand-ins that answer as real ones do."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tfsetup.verify.probes import blas


class Function:
    """A C function: called without arguments it answers."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.restype: object = None

    def __call__(self, *_arguments: object) -> object:
        return self.answer


def library(**answers: object) -> Any:
    """Return a loaded library with only these functions."""
    return SimpleNamespace(**{name: Function(answer) for name, answer in answers.items()})


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/env/numpy.libs/libscipy_openblas64_-ff651d7f.so", "openblas"),
        ("/env/lib/libopenblasp-r0.3.21.so", "openblas"),
        ("C:/env/numpy.libs/openblas64__v0.3.23.dll", "openblas"),
        ("/opt/intel/libmkl_rt.so.2", "mkl"),
        ("/System/Library/Frameworks/Accelerate.framework/Versions/A/Accelerate", "accelerate"),
        ("/System/Library/Frameworks/vecLib.framework/libBLAS.dylib", "accelerate"),
        ("/usr/lib/libblis.so.4", "blis"),
        ("/usr/lib/libflexiblas.so.3", "flexiblas"),
        ("/usr/lib/libblas.so.3", "netlib"),
        ("/usr/lib/libcblas.so.3", "netlib"),
        ("/usr/lib/libm.so.6", None),
        ("/env/tensorflow/libtensorflow_cc.so.2", None),
        ("/home/openblas/libm.so.6", None),
    ],
)
def test_a_blas_is_known_by_the_name_of_its_file(path: str, family: str | None) -> None:
    assert blas.family(path) == family


@pytest.mark.parametrize("prefix", ["", "scipy_"])
@pytest.mark.parametrize("suffix", ["", "64_", "_64", "64"])
def test_openblas_answers_whatever_its_names_are_wrapped_in(
    prefix: str, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("openblas_get_config", "openblas_get_corename", "openblas_get_num_threads")
    answers = (b"OpenBLAS 0.3.27  USE64BITINT DYNAMIC_ARCH", b"Haswell", 8)
    made = library(**{f"{prefix}{name}{suffix}": answer for name, answer in zip(names, answers, strict=True)})
    monkeypatch.setattr(ctypes, "CDLL", lambda _path: made)
    found = blas.describe_library("/x/libopenblas.so")
    assert (found["library"], found["version"], found["core"], found["threads"]) == ("openblas", "0.3.27", "Haswell", 8)


def test_an_openblas_that_tells_nothing_is_one_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _path: library())
    found = blas.describe_library("/x/libopenblas.so")
    assert (found["library"], found["version"], found["core"], found["threads"]) == ("openblas", None, None, None)


def test_mkl_says_its_version_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(buffer: Any, _length: object) -> None:
        buffer.value = b"Intel(R) oneAPI Math Kernel Library Version 2024.1-Product Build 20240215"

    made = SimpleNamespace(MKL_Get_Version_String=version, MKL_Get_Max_Threads=lambda: 4)
    monkeypatch.setattr(ctypes, "CDLL", lambda _path: made)
    found = blas.describe_library("/x/libmkl_rt.so.2")
    assert (found["version"], found["core"], found["threads"]) == ("2024.1", None, 4)


def test_a_library_that_cannot_be_opened_again_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: str) -> object:
        raise OSError("wrong ELF class")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert blas.describe_library("/x/libopenblas.so")["problem"] == "wrong ELF class"


def test_accelerate_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda path: pytest.fail(f"{path} has no such functions"))
    assert blas.describe_library("/x/Accelerate")["library"] == "accelerate"


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"Build Dependencies": {"blas": {"name": "scipy-openblas"}}}, "scipy-openblas"),
        ({"Build Dependencies": {"blas": {"name": ""}}}, None),
        ({"Build Dependencies": {}}, None),
        (None, None),
    ],
)
def test_what_numpy_says_it_was_built_with(config: dict[str, Any] | None, name: str | None) -> None:
    assert blas.configured(SimpleNamespace(__config__=SimpleNamespace(CONFIG=config))) == name


def test_an_old_numpy_keeps_no_record() -> None:
    assert blas.configured(SimpleNamespace()) is None
    assert blas.configured(SimpleNamespace(__config__=SimpleNamespace())) is None


def test_a_rate_is_operations_over_the_median() -> None:
    products: list[int] = []

    def product(a: Any, b: Any) -> Any:
        products.append(len(a))
        return a @ b

    found = blas.product_rate(np, product, 32, 3)
    assert products == [32] * 4  # one to warm up
    assert (found["n"], found["dtype"], found["runs"]) == (32, "float32", 3)
    assert found["gflops"] == pytest.approx(2e-9 * 32**3 / found["median_s"])
