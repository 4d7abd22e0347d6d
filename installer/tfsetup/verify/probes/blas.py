"""The BLAS libraries in this process: which, built for which core, with how many threads, and how fast under NumPy.

The entry points asked are those threadpoolctl asks (its `OpenBLASController` and `MKLController`); it is not imported,
because the environment under test seldom has it.
"""

from __future__ import annotations

import ctypes
import os
import re
import time
from typing import Any

from .matmul import median
from .numerics import operands

LIBRARIES = (
    ("openblas", re.compile(r"^(lib)?(scipy_)?openblas", re.IGNORECASE)),
    ("mkl", re.compile(r"^(lib)?mkl_rt", re.IGNORECASE)),
    ("accelerate", re.compile(r"^(Accelerate|libBLAS\.dylib|libLAPACK\.dylib|vecLib)$")),
    ("blis", re.compile(r"^(lib)?blis", re.IGNORECASE)),
    ("flexiblas", re.compile(r"^libflexiblas", re.IGNORECASE)),
    ("netlib", re.compile(r"^(lib)?(cblas|blas|refblas)[.-]", re.IGNORECASE)),
)
# numpy's and scipy's own builds of OpenBLAS prefix and suffix every name; `64_` marks 64-bit integers.
OPENBLAS_PREFIXES = ("", "scipy_")
OPENBLAS_SUFFIXES = ("", "64_", "_64", "64")


def family(path: str) -> str | None:
    """Return which BLAS the file at `path` is, by its name; None if it is none."""
    name = os.path.basename(path)  # noqa: PTH119
    for library, pattern in LIBRARIES:
        if pattern.match(name):
            return library
    return None


def describe_library(path: str) -> dict[str, Any]:
    """Return library, path, version, core and threads of a BLAS that is already mapped; None where it does not tell."""
    found: dict[str, Any] = {"library": family(path), "path": path, "version": None, "core": None, "threads": None}
    try:
        if found["library"] == "openblas":
            found.update(_openblas(ctypes.CDLL(path)))
        elif found["library"] == "mkl":
            found.update(_mkl(ctypes.CDLL(path)))
    except OSError as error:
        found["problem"] = str(error)
    return found


def _openblas(library: Any) -> dict[str, Any]:
    config = _call(library, "openblas_get_config", ctypes.c_char_p)
    core = _call(library, "openblas_get_corename", ctypes.c_char_p)
    words = config.decode("utf-8", "replace").split() if config else []
    return {
        "version": words[1] if len(words) > 1 else None,
        "core": core.decode("utf-8", "replace") if core else None,
        "threads": _call(library, "openblas_get_num_threads", ctypes.c_int),
    }


def _mkl(library: Any) -> dict[str, Any]:
    text = ctypes.create_string_buffer(200)
    library.MKL_Get_Version_String(text, ctypes.c_int(200))
    version = re.search(r"Version ([0-9.]+)", text.value.decode("utf-8", "replace"))
    return {"version": version.group(1) if version else None, "core": None, "threads": library.MKL_Get_Max_Threads()}


def _call(library: Any, name: str, result: Any) -> Any:
    for prefix in OPENBLAS_PREFIXES:
        for suffix in OPENBLAS_SUFFIXES:
            function = getattr(library, prefix + name + suffix, None)
            if function is not None:
                function.restype = result
                return function()
    return None


def configured(np: Any) -> str | None:
    """Return the BLAS NumPy says it was built with; NumPy before 1.25 has no such record."""
    config = getattr(getattr(np, "__config__", None), "CONFIG", None)
    if not isinstance(config, dict):
        return None
    name = config.get("Build Dependencies", {}).get("blas", {}).get("name")
    return str(name) if name else None


def product_rate(np: Any, product: Any, n: int, runs: int) -> dict[str, Any]:
    """Time `product` of two n-by-n float32 matrices; NumPy's is the ceiling a CPU device is held against."""
    a, b = operands(np, n)
    product(a, b)
    samples = []
    for _run in range(runs):
        started = time.perf_counter()
        product(a, b)
        samples.append(time.perf_counter() - started)
    middle = median(samples)
    return {"n": n, "dtype": "float32", "runs": runs, "median_s": middle, "gflops": 2e-9 * n**3 / middle}
