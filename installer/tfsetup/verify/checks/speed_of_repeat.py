"""Whether the hundredth call is as right and as fast as the first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

from .frame import About, bound, rounding

if TYPE_CHECKING:
    from ..probes.asking import Asked

ABOUT = About(
    name="speed-of-repeat",
    asks="a (128, 128) product 160 times, eagerly and in a graph: each result; the time of the last 50 by the first",
    why="a device that is right at first and wrong later, or slower at each call",
    source="tensorflow 60616, 59438, of the same kind",
    means="calls become wrong, or slow, when they are repeated",
    limit=rounding(128, "128 products are added up", products=True),
)

CALLS, PART, WARM = 160, 50, 10
AGAIN, PAUSE_S = 8, 0.1
SLOWER = bound(1.7, "the fastest of fifty calls varies by a third on a busy machine", "times as long")


def ask(asked: Asked) -> Iterator[dict[str, Any]]:
    """Fetch each result; the fastest calls of both parts are compared."""
    np, tf = asked.np, asked.tf
    a, b = asked.normal(1, 128, 128), asked.normal(2, 128, 128)
    right = asked.numerics.dense(np, a, b)

    for way, call in (("eager", asked.eager(tf.linalg.matmul)), ("graph", asked.graph(tf.linalg.matmul))):
        seconds: list[float] = []
        host: list[float] = []
        worst = 0.0
        try:
            for _time in range(CALLS):
                started = time.perf_counter()
                found = asked.host(call(a, b))
                seconds.append(time.perf_counter() - started)
                host.append(_host_s(asked))
                off = float(asked.numerics.distance(np, found, right))
                worst = off if off != off else max(worst, off)  # noqa: PLR0124 - NaN stays
        except Exception as error:
            yield asked.raised(way, f"call {len(seconds) + 1}", error)
            continue
        yield asked.told(way, f"{CALLS} products", worst)
        if not asked.device.startswith("CPU"):  # whose cores are everybody's
            yield asked.told(way, "the last by the first", _slower(asked, call, (a, b), seconds, host), SLOWER)


def _slower(asked: Asked, call: Any, operands: Any, seconds: list[float], host: list[float]) -> float:
    """Return how much longer the last calls take.

    What seems slow is asked again, for at most eight more parts: a busy host passes, a slow device stays.
    """
    found = min(_ratio(seconds), _ratio(seconds) / _ratio(host))
    for _time in range(AGAIN):
        if found <= SLOWER.bound:
            break
        time.sleep(PAUSE_S)
        for _call in range(PART):
            started = time.perf_counter()
            asked.host(call(*operands))
            seconds.append(time.perf_counter() - started)
        found = min(found, _ratio(seconds))
    return found


def _ratio(seconds: list[float]) -> float:
    return min(seconds[-PART:]) / min(seconds[WARM : WARM + PART])


def _host_s(asked: Asked) -> float:
    """Return how long a small sum takes on the host: who slows that down slows the device's calls down too."""
    block = asked.once("block", lambda: asked.normal(3, 32, 32))
    started = time.perf_counter()
    asked.np.einsum("ij,jk->ik", block, block, optimize=False)
    return time.perf_counter() - started
