"""Whether tensors are put together, cut and padded rightly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, exact

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="concat-split-pad",
    asks="concat, stack, split, slices with steps, pad in three modes, tile, broadcast, repeat, one_hot",
    why="moving numbers needs offsets: one is off by one, or in 16 bits",
    source="the table of kernels of tensorflow-metal: MirrorPad came and went",
    means="tensors are put together or cut wrongly",
    limit=exact("numbers are moved and not computed"),
)


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Ask odd sizes along each axis."""
    np, tf = asked.np, asked.tf
    a, b = asked.normal(1, 5, 7, 3), asked.normal(2, 5, 2, 3)
    edges = [[1, 2], [0, 3], [2, 1]]
    labels = asked.random(3).integers(-1, 6, 40).astype(np.int32)
    ask_for = asked.exactly
    yield from asked.answers([
        ask_for("concat", lambda x, y: tf.concat([x, y, x], axis=1), (a, b), np.concatenate([a, b, a], axis=1)),
        ask_for("stack", lambda x: tf.stack([x, x + x, x], axis=2), (a,), np.stack([a, a + a, a], axis=2)),
        ask_for("unstack", lambda x: tf.unstack(x, axis=1), (a,), [a[:, place] for place in range(7)]),
        ask_for("split", lambda x: tf.split(x, [1, 4, 2], axis=1), (a,), np.split(a, [1, 5], axis=1)),
        ask_for("slices", lambda x: (x[1:4, ::2], x[::-1, 5:1:-2], x[:, 2, None]), (a,),
                (a[1:4, ::2], a[::-1, 5:1:-2], a[:, 2, None])),
        ask_for("pad", lambda x: tf.pad(x, edges, constant_values=2), (a,), np.pad(a, edges, constant_values=2)),
        ask_for("pad reflect", lambda x: tf.pad(x, edges, "REFLECT"), (a,), np.pad(a, edges, "reflect")),
        ask_for("pad symmetric", lambda x: tf.pad(x, edges, "SYMMETRIC"), (a,), np.pad(a, edges, "symmetric")),
        ask_for("tile", lambda x: tf.tile(x, [2, 1, 3]), (a,), np.tile(a, (2, 1, 3))),
        ask_for("broadcast_to", lambda x: tf.broadcast_to(x, (4, 5, 2, 3)), (b,), np.broadcast_to(b, (4, 5, 2, 3))),
        ask_for("repeat", lambda x: tf.repeat(x, 3, axis=1), (b,), np.repeat(b, 3, axis=1)),
        ask_for("one_hot", lambda x: tf.one_hot(x, 6), (labels,), (labels[:, None] == np.arange(6)).astype(np.float32)),
    ])  # fmt: skip
