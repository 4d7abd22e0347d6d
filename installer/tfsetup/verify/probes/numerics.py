"""The right answer of a matrix product, in float64 on the host, and how far a device's answer is from it."""

from __future__ import annotations

from typing import Any

WHOLE = 1024  # up to this size every element is compared; above, the reference alone would outlast the measurement
ROWS = 64


class Reference:
    """What `a @ b` must be: some rows in full, and the image of one vector of signs, which every element enters.

    The second is Freivalds' check: `c x = a (b x)` costs two matrix-vector products instead of a product of matrices.
    """

    def __init__(self, np: Any, a: Any, b: Any) -> None:
        """Take float32 or float64 arrays that hold exactly the numbers the device was given."""
        n = a.shape[0]
        wide = b.astype(np.float64)
        self.np = np
        self.rows = np.arange(n) if n <= WHOLE else np.unique(np.linspace(0, n - 1, ROWS).astype(int))
        self.block = a[self.rows].astype(np.float64) @ wide
        self.signs = np.where(np.arange(n) % 3 == 0, -1.0, 1.0)
        self.image = product(np, a, wide @ self.signs)

    def compare(self, c: Any) -> dict[str, Any]:
        """Return the largest error of an element and of the image, both relative to the answer's largest element."""
        np = self.np
        scale = float(np.abs(self.block).max())
        finite = bool(np.isfinite(c).all())
        with np.errstate(all="ignore"):
            error = np.abs(c[self.rows].astype(np.float64) - self.block).max() / scale
            image = np.abs(product(np, c, self.signs) - self.image).max() / (scale * len(self.signs) ** 0.5)
        return {
            "finite": finite,
            "max_rel_error": float(error),
            "checksum_error": float(image),
            "compared": "every element" if len(self.rows) == len(c) else f"{len(self.rows)} rows and a checksum",
        }


def product(np: Any, matrix: Any, vector: Any) -> Any:
    """Return `matrix @ vector` in float64 without a float64 copy of the whole matrix."""
    parts = [matrix[start : start + WHOLE].astype(np.float64) @ vector for start in range(0, len(matrix), WHOLE)]
    return np.concatenate(parts)


def operands(np: Any, n: int) -> tuple[Any, Any]:
    """Return two n-by-n float32 matrices of standard normal numbers, the first scaled so that the product's are too."""
    random = np.random.default_rng(n)
    a = random.standard_normal((n, n), dtype=np.float32)
    a /= np.float32(n**0.5)
    return a, random.standard_normal((n, n), dtype=np.float32)
