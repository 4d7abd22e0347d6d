"""Which BLAS NumPy and SciPy call, told from what was mapped when, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from tfsetup.matrix.model import Expectation
from tfsetup.verify.blas import blas, blas_findings, numpy_findings
from tfsetup.verify.model import Blas, ProbeOutcome
from tfsetup.verify.observed import Observed

OPENBLAS = {"library": "openblas", "path": "/np/libopenblas.so", "version": "0.3.27", "core": "Haswell", "threads": 8}
MKL = {"library": "mkl", "path": "/mkl/libmkl_rt.so"}
SCIPY = {"library": "openblas", "path": "/sp/libscipy_openblas.so"}


def seen(*events: dict[str, Any]) -> Observed:
    return Observed(outcome=ProbeOutcome(python="python", ended="finished", events=events))


def asked(*libraries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"event": "blas", "libraries": libraries, **more}


def mapped(**wheels: str) -> dict[str, Any]:
    paths = {"numpy": OPENBLAS["path"], "mkl": MKL["path"], "scipy": SCIPY["path"]}
    entries = [{"path": paths[name], "arch": "x86_64", "wheel": wheel} for name, wheel in wheels.items()]
    return {"event": "libraries", "libraries": entries}


def numpys(found: Blas | None) -> Blas:
    assert found is not None
    return found


def test_a_probe_that_did_not_come_to_ask_says_nothing() -> None:
    assert blas(seen()) is None


def test_the_only_one_is_numpy_s() -> None:
    found = numpys(blas(seen(asked(OPENBLAS), mapped(numpy="numpy 2.5.5"))))
    assert (found.library, found.version, found.core, found.threads) == ("openblas", "0.3.27", "Haswell", 8)
    assert (found.wheel, found.arch) == ("numpy 2.5.5", "x86_64")
    assert found.scipy is UNSET


def test_of_several_the_one_that_appeared_with_numpy_is_its_own() -> None:
    found = numpys(blas(seen(asked(OPENBLAS, MKL, users={"numpy": [MKL["path"]]}))))
    assert found.library == "mkl"


def test_else_the_one_in_its_own_wheel() -> None:
    found = numpys(blas(seen(asked(MKL, OPENBLAS), mapped(mkl="mkl 2024.1", numpy="numpy 2.5.5"))))
    assert found.library == "openblas"


def test_where_nothing_tells_the_build_s_own_words_do() -> None:
    assert numpys(blas(seen(asked(OPENBLAS, MKL)))).library is None
    assert numpys(blas(seen(asked(configured="scipy-openblas")))).library == "openblas"
    assert numpys(blas(seen(asked(configured="atlas")))).library is None


def test_scipy_s_stands_beside_it_where_there_is_scipy() -> None:
    event = asked(OPENBLAS, SCIPY, scipy_version="1.14", scipy={"gflops": 20.0, "n": 512})
    found = numpys(blas(seen(event, mapped(numpy="numpy 2.5.5", scipy="scipy 1.14"))))
    assert found.path == OPENBLAS["path"]
    assert found.scipy is not UNSET
    assert (found.scipy.user, found.scipy.path, found.scipy.gflops) == ("scipy", SCIPY["path"], 20.0)


def test_numpy_s_products_are_kept_and_the_fastest_named() -> None:
    events = [{"event": "numpy", "n": n, "dtype": "float32", "gflops": rate, "finite": True, "repeatable": False}
              for n, rate in ((512, 20.0), (1024, 30.0))]  # fmt: skip
    found = numpys(blas(seen(asked(OPENBLAS), *events)))
    assert (found.gflops, found.n) == (30.0, 1024)
    assert [(item.n, item.gflops, item.repeatable) for item in found.matmul] == [(512, 20.0, None), (1024, 30.0, None)]


def product(**errors: object) -> dict[str, Any]:
    return {
        "event": "numpy",
        "n": 512,
        "reference_error": 1e-7,
        "max_rel_error": 1e-7,
        "checksum_error": 1e-7,
        **errors,
    }


@pytest.mark.parametrize("name", ["reference_error", "max_rel_error", "checksum_error"])
@pytest.mark.parametrize("error", [0.5, None, "nan"])
def test_a_numpy_that_is_wrong_is_an_error(name: str, error: object) -> None:
    (finding,) = numpy_findings(seen(product(), product(**{name: error}), product(**{name: error})))
    assert finding.severity == "error"
    assert finding.title == "NumPy's BLAS computes wrong results"
    assert name.replace("_", " ") in finding.detail


def test_a_right_one_is_not_spoken_of() -> None:
    assert list(numpy_findings(seen(product()))) == []


def titles(found: Blas | None, expect: Expectation | None = None, features: set[str] | None = None) -> list[str]:
    return [finding.title for finding in blas_findings(found, expect, features)]


ACCELERATE = Expectation(devices=("CPU",), blas="accelerate", arch=None)


def test_another_blas_than_the_row_s_is_a_warning() -> None:
    assert titles(Blas(user="numpy", library="openblas"), ACCELERATE) == [
        "NumPy calls openblas, accelerate was expected"
    ]
    assert titles(Blas(user="numpy", library=None), ACCELERATE) == [
        "NumPy calls an unknown BLAS, accelerate was expected"
    ]
    assert titles(Blas(user="numpy", library="accelerate"), ACCELERATE) == []
    assert titles(None, ACCELERATE) == []


def test_the_row_speaks_of_numpy_s_only() -> None:
    scipy = Blas(user="scipy", library="openblas")
    assert titles(Blas(user="numpy", library="accelerate", scipy=scipy), ACCELERATE) == []


@pytest.mark.parametrize("features", [None, {"avx2"}, {"sse2"}])
def test_kernels_that_are_too_old_for_the_cpu_are_named(features: set[str] | None) -> None:
    found = Blas(user="numpy", library="openblas", core="Prescott", path="/x/libopenblas.so")
    assert bool(titles(found, None, features)) == (features == {"avx2"})


def test_the_reference_blas_is_named_whoever_calls_it() -> None:
    scipy = Blas(user="scipy", library="netlib")
    assert titles(Blas(user="numpy", library="openblas", scipy=scipy)) == [
        "scipy calls the reference BLAS, many times slower than an optimised one"
    ]
