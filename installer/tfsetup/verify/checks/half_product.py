"""Whether products of shorter types are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, Limit

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="half-product",
    asks="(33, 256) x (256, 17) in float16 and bfloat16, with a bias, the second transposed",
    why="kernels of their own, which came to tensorflow-metal one by one",
    source="the table of kernels of tensorflow-metal 0.5 to 1.2, emulated",
    means="products in float16 or bfloat16 are wrong",
    limit=Limit("sums of 256 products may be kept in float16", terms=256, dtype="float16"),
)

BFLOAT16 = Limit("sums are kept in float32, operands have three digits", terms=256, dtype="bfloat16")


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Give float32 numbers that the shorter type has too."""
    np, tf = asked.np, asked.tf
    inputs, weights = (
        np.round(asked.normal(seed, *shape) * 16) / 16 for seed, shape in ((1, (33, 256)), (2, (256, 17)))
    )
    inputs, weights = inputs.astype(np.float32), weights.astype(np.float32)
    right = asked.numerics.dense(np, inputs, weights)
    turned = np.ascontiguousarray(weights.T)
    questions = []
    for dtype, limit in (("float16", None), ("bfloat16", BFLOAT16)):

        def product(x: Any, w: Any) -> Any:
            return tf.linalg.matmul(x, w)

        def second(x: Any, w: Any) -> Any:
            return tf.linalg.matmul(x, w, transpose_b=True)

        shorter = [asked.shorter(each, dtype) for each in (inputs, weights, turned)]
        questions += [
            asked.question(dtype, product, shorter[:2], right, limit),
            asked.question(f"{dtype} transposed", second, [shorter[0], shorter[2]], right, limit),
        ]
    yield from asked.answers(questions)
