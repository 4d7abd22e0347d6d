"""How large an error of a product of matrices may be before it is no rounding error any more.

The rounding error of an inner product of length n grows like √n times the unit roundoff of the type it is summed in
(Higham and Mary 2019, "A new approach to probabilistic rounding error analysis"); the result is rounded once more to
its own type.
Both errors here are relative to the largest element of the answer. Garbage has an error near or above 1.
"""

from __future__ import annotations

from math import sqrt

from tfsetup.verify.checks.frame import Limit

UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
TENSOR_FLOAT_32 = 2.0**-11  # NVIDIA, "TensorFloat-32": inputs are rounded to 10 stored bits, sums stay in float32
SAFETY = 4.0
CAP = 0.25
GRAPH = 1e-3  # a fused kernel may sum in any order; one that computes no activation is 0.5 to 1 off
TRAINING = 100.0  # three steps of SGD feed rounding errors back into the weights


def tolerance(dtype: str, n: int, *, tensor_float_32: bool = False) -> float:
    """Return the largest error that is still right for an n-by-n product of `dtype`.

    Half-precision sums may be kept in float16 (some GPUs and CPU kernels do); bfloat16 is summed in float32 everywhere.
    """
    own = UNIT_ROUNDOFF.get(dtype, UNIT_ROUNDOFF["bfloat16"])
    if dtype == "float32" and tensor_float_32:
        return SAFETY * (TENSOR_FLOAT_32 + sqrt(n) * own)
    summed = UNIT_ROUNDOFF["float32"] if dtype == "bfloat16" else own
    return min(CAP, SAFETY * (own + sqrt(n) * summed))


def check_tolerance(name: str, *, tensor_float_32: bool = False) -> float:
    """Return the largest error that is still right for a correctness check (sums of up to 1000 float32 products)."""
    base = tolerance("float32", 1000, tensor_float_32=tensor_float_32)
    if name.endswith("-graph"):
        return max(GRAPH, base)
    return min(CAP, base * (TRAINING if name == "training step" else 1.0))


def limit_of(limit: Limit, *, tensor_float_32: bool = False) -> float:
    """Return a check's limit as a number: its bound, or the rounding of a sum of its terms."""
    if not limit.terms:
        return limit.bound
    base = tolerance(limit.dtype, limit.terms, tensor_float_32=tensor_float_32 and limit.products)
    return min(CAP, limit.factor * base)
