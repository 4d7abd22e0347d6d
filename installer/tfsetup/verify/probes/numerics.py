"""The right answer of a matrix product, in float64 on the host, and how far a device's answer is from it."""

from __future__ import annotations

from typing import Any

WHOLE = 1024  # up to this size every element is compared; above, the reference alone would outlast the measurement
ROWS = 64


class Reference:
    """What `a @ b` must be: some rows in full, and the image of one vector of signs, which every element enters.

    The second is Freivalds' check: `c x = a (b x)` costs two matrix-vector products instead of a product of matrices.
    It is computed without any BLAS, so that a broken BLAS under NumPy is found out and not taken for the truth.
    """

    def __init__(self, np: Any, a: Any, b: Any) -> None:
        """Take float32 or float64 arrays that hold exactly the numbers the device was given."""
        n = a.shape[0]
        self.np = np
        self.rows = np.arange(n) if n <= WHOLE else np.unique(np.linspace(0, n - 1, ROWS).astype(int))
        with np.errstate(
            all="ignore"
        ):  # some BLAS kernels (Arm SME) leave floating-point flags behind that mean nothing
            self.block = a[self.rows].astype(np.float64) @ b.astype(np.float64)
        self.signs = np.where(np.arange(n) % 3 == 0, -1.0, 1.0)
        self.image = product(np, a, product(np, b, self.signs))
        self.scale = float(np.abs(self.block).max())

    def compare(self, c: Any) -> dict[str, Any]:
        """Return the largest error of an element and of the image, both relative to the answer's largest element."""
        np = self.np
        with np.errstate(all="ignore"):
            error = np.abs(c[self.rows].astype(np.float64) - self.block).max() / self.scale
            image = self._distance(product(np, c, self.signs), self.image)
        return {
            "finite": bool(np.isfinite(c).all()),
            "max_rel_error": float(error),
            "checksum_error": image,
            "compared": "every element" if len(self.rows) == len(c) else f"{len(self.rows)} rows and a checksum",
        }

    def own_error(self) -> float:
        """Return how far the reference itself, which NumPy's BLAS computed, is from what plain sums give."""
        return self._distance(product(self.np, self.block, self.signs), self.image[self.rows])

    def _distance(self, image: Any, other: Any) -> float:
        return float(self.np.abs(image - other).max() / (self.scale * len(self.signs) ** 0.5))


def product(np: Any, matrix: Any, vector: Any) -> Any:
    """Return `matrix @ vector` in float64, by NumPy's own loops: no BLAS, no float64 copy of the whole matrix."""
    parts = [
        np.einsum("ij,j->i", matrix[start : start + WHOLE].astype(np.float64), vector, optimize=False)
        for start in range(0, len(matrix), WHOLE)
    ]
    return np.concatenate(parts)


def operands(np: Any, n: int) -> tuple[Any, Any]:
    """Return two n-by-n float32 matrices of standard normal numbers, the first scaled so that the product's are too."""
    random = np.random.default_rng(n)
    a = random.standard_normal((n, n), dtype=np.float32)
    a /= np.float32(n**0.5)
    return a, random.standard_normal((n, n), dtype=np.float32)


def convolution(np: Any, images: Any, kernels: Any) -> Any:
    """Return the convolution of (samples, rows, columns, channels) with 3 by 3 kernels, edges padded, in float64.

    By NumPy's own loops, as `product`: what a broken BLAS says is not the truth, and its threads would spin for long.
    """
    padded = np.pad(images.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows, columns = images.shape[1:3]
    shifted = (
        dense(np, padded[:, row : row + rows, column : column + columns], kernels[row, column])
        for row in range(3)
        for column in range(3)
    )
    return sum(shifted)


def dense(np: Any, inputs: Any, weights: Any) -> Any:
    """Return `inputs @ weights` in float64, by NumPy's own loops."""
    return np.einsum("...i,io->...o", inputs.astype(np.float64), weights.astype(np.float64), optimize=False)


def distance(np: Any, values: Any, right: Any) -> float:
    """Return the largest error of `values` relative to the largest element of the right answer."""
    values, right = np.asarray(values), np.asarray(right, np.float64)
    if values.shape != right.shape:
        return float("inf")
    if not right.size:
        return 0.0
    with np.errstate(all="ignore"):
        return float(np.abs(values.astype(np.float64) - right).max()) / (float(np.abs(right).max()) or 1.0)


def differing(np: Any, values: Any, right: Any) -> float:
    """Return which share of the elements is not the right one; of another shape, all."""
    values, right = np.asarray(values), np.asarray(right)
    if values.shape != right.shape:
        return 1.0
    return float(np.mean(values != right)) if right.size else 0.0
