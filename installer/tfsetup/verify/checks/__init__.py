"""What a device is asked beyond products of matrices: one question a file, in the order in which they are asked.

A file says what it asks, why, by whose report, and how far an answer may be off (`ABOUT`), and asks it (`ask`), in the
interpreter of the environment under test. They keep to the syntax and the standard library of Python 3.8, import
nothing of tfsetup, and get TensorFlow and NumPy handed to them. What they send back is numbers; `verify/checked.py`
judges them.
"""

from __future__ import annotations

import importlib
from typing import Any

from .frame import COSTS, About

ORDER = (
    "dense_relu_graph", "conv_relu_graph", "gradient_of_dense", "small_k_bias", "transposed_product",
    "batched_product", "odd_shapes", "rows_beyond_2e16", "reductions", "softmax_large_logits",
    "layer_norm_zero_variance", "top_k", "argmax_types", "random_uniform", "dropout_masks", "stale_buffer",
    "convolution", "training_step", "predict_fit_eager", "convolution_gradient", "depthwise_convolution", "pooling",
    "filters_beyond_2e16", "product_after_allocations", "einsum", "cross_entropy", "batch_norm_zero_variance", "lstm",
    "gru", "elementwise", "where_and_cast", "integer_arithmetic", "cumulative_sum", "sort", "argsort",
    "gather_out_of_range", "embedding_gradient", "scatter", "concat_split_pad", "transpose", "random_normal",
    "stateless_random", "adam_twice", "sgd_momentum", "half_product", "mixed_precision", "jitted_function",
    "leak_per_step", "speed_of_repeat", "optimizer_step_time",
)  # fmt: skip
"""The files, as they are asked: what most programs do first, then what a device could die of."""

BESIDE = "break-even"
"""What is measured beside the checks."""


def module_of(name: str) -> Any:
    """Return the file of the check called `name`: `ABOUT` says what it is, `ask` asks it."""
    return importlib.import_module("." + slug_of(name), __name__)


def slug_of(name: str) -> str:
    """Return the name of a check's file, without `.py`."""
    return name.replace("-", "_").replace(" ", "_")


def about(name: str) -> About | None:
    """Return what is said of the check called `name`; None: this version has none."""
    return module_of(name).ABOUT if slug_of(name) in ORDER or name == BESIDE else None


def every() -> list[About]:
    """Return what is said of each check, in the order in which they are asked."""
    return [module_of(slug).ABOUT for slug in ORDER]


def names(mode: str) -> list[str]:
    """Return the names of the checks of a mode, which has those of the shorter modes too."""
    most = COSTS.index(mode)
    return [one.name for one in every() if COSTS.index(one.cost) <= most]
