"""How a check asks a device: the same operations eagerly and in a `tf.function`, soft placement off, held to NumPy.

With soft placement off an operation without a kernel is an error that names it, and not a result of the CPU's.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, ContextManager, Dict, Iterator, NamedTuple, Sequence  # noqa: UP035 - see channel.py

from . import numerics
from .channel import describe
from .devices import actual, softly

Case = Dict[str, Any]  # noqa: UP006 - Python 3.8; what one way came to: `way`, `what`, and `off` or `error`

EAGER, GRAPH = "eager", "graph"


class Question(NamedTuple):
    """Operations, what they get, and what must come out."""

    what: str
    """Types and sizes, for people."""
    function: Callable[..., Any]
    """Calls TensorFlow; returns a tensor, or several."""
    arrays: Sequence[Any]
    """NumPy arrays, its arguments."""
    right: Any
    """The right answer, or several: as NumPy has them."""
    limit: Any = None
    """Another limit than the check's own, as `checks.frame.Limit`."""
    measure: Callable[..., float] | None = None
    """How far `values` are from `right`; None: the largest error, relative to the largest element of it."""
    ways: Sequence[str] = (EAGER, GRAPH)


def exactly(what: str, function: Callable[..., Any], arrays: Sequence[Any], right: Any) -> Question:
    """Return a question whose answer is not rounded: every element is the right one or is not."""
    return Question(what, function, arrays, right, measure=numerics.differing)


class Asked:
    """A device, and what is needed to ask it. `kept` is for what a check computes once for all devices.

    `quick`: only what takes no time. `thorough`: with the largest sizes too.
    """

    def __init__(self, tf: Any, np: Any, device: str, *, mode: str, kept: dict[Any, Any]) -> None:
        """Ask `device`, as `GPU:0`; `mode` is how much may be asked of it."""
        self.tf, self.np, self.device = tf, np, device
        self.quick, self.thorough, self.kept = mode == "quick", mode == "thorough", kept
        self._soft = False
        self.question, self.exactly, self.numerics = Question, exactly, numerics

    @staticmethod
    def described(error: BaseException) -> dict[str, Any]:
        """Return an exception as the channel has it."""
        return describe(error)

    @staticmethod
    def actual(tensor: Any) -> str:
        """Return the device whose memory holds a tensor."""
        return actual(tensor)

    def on(self) -> ContextManager[Any]:
        """Put what follows on the device."""
        return self.tf.device("/device:" + self.device)  # type: ignore[no-any-return]

    @contextlib.contextmanager
    def softly(self) -> Iterator[None]:
        """Let what the device has no kernel for run on the CPU, as in everybody's programs; cases then say so."""
        self._soft = True
        try:
            with softly(self.tf):
                yield
        finally:
            self._soft = False

    def random(self, seed: int) -> Any:
        """Return NumPy's random numbers, the same ones each time."""
        return self.np.random.default_rng(seed)

    def normal(self, seed: int, *shape: int) -> Any:
        """Return float32 numbers of the standard normal distribution."""
        return self.random(seed).standard_normal(shape, dtype=self.np.float32)

    def shorter(self, array: Any, dtype: str) -> Any:
        """Return an array in a type that NumPy may not have: a tensor of the CPU's."""
        with self.tf.device("/device:CPU:0"):
            return self.tf.cast(array, dtype)

    def place(self, array: Any) -> Any:
        """Return a tensor in the device's memory."""
        with self.on():
            return self.tf.identity(array)

    def eager(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return what computes the same on the device, an operation at a time."""

        def placed(*arguments: Any) -> Any:
            with self.on():
                return function(*arguments)

        return placed

    def graph(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return what computes the same in a graph on the device."""
        return self.tf.function(self.eager(function), autograph=False)  # type: ignore[no-any-return]

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what `make` returns, computed once for all devices."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def answers(self, questions: Sequence[Question]) -> Iterator[Case]:
        """Ask each question eagerly, then all in one graph, or each in its own where one of them has no kernel."""
        able = []
        for each in questions:
            if EAGER in each.ways:
                found = self._eagerly(each)
                yield found
                if "error" in found:
                    continue
            if GRAPH in each.ways:
                able.append(each)
        yield from self._in_graphs(able)

    def _eagerly(self, question: Question) -> Case:
        tensors = map(self.tf.convert_to_tensor, question.arrays)
        return self._case(EAGER, question, lambda: self.eager(question.function)(*tensors))

    def _in_graphs(self, questions: Sequence[Question]) -> Iterator[Case]:
        if not questions:
            return
        counts = [len(each.arrays) for each in questions]

        def whole(*tensors: Any) -> Any:
            left = list(tensors)
            results = []
            for each, count in zip(questions, counts):  # noqa: B905 - Python 3.9
                results.append(each.function(*left[:count]))
                del left[:count]
            return results

        try:
            results = self.graph(whole)(*[array for each in questions for array in each.arrays])
        except Exception as error:
            if len(questions) == 1:
                yield {"way": GRAPH, "what": questions[0].what, "error": describe(error)}
                return
            for each in questions:
                yield from self._in_graphs([each])
            return
        for each, result in zip(questions, results):  # noqa: B905 - Python 3.9
            yield self._case(GRAPH, each, lambda result=result: result)  # type: ignore[misc]

    def _case(self, way: str, question: Question, compute: Callable[[], Any]) -> Case:
        try:
            tensors = compute()
            several = isinstance(tensors, (list, tuple))
            tensors = list(tensors) if several else [tensors]
            rights = list(question.right) if several else [question.right]
            values = [self.host(tensor) for tensor in tensors]
            off = max(self._off(question, value, right) for value, right in zip(values, rights))  # noqa: B905
        except Exception as error:
            return {"way": way, "what": question.what, "error": describe(error)}
        found = {"way": way, "what": question.what, "off": off, "finite": all(map(self._finite, values, rights))}
        return self._with(found, question.limit, tensors)

    def _with(self, found: Case, limit: Any, tensors: Sequence[Any]) -> Case:
        """Add to a case its own limit, and where its results are."""
        if limit is not None:
            found["limit"] = limited(limit)
        where = [actual(tensor) for tensor in tensors if _floating(tensor)]
        if where:
            found["placed_on"] = next((place for place in where if place != self.device), where[0])
        if self._soft:
            found["soft"] = True
        return found

    def _off(self, question: Question, value: Any, right: Any) -> float:
        return float((question.measure or numerics.distance)(self.np, value, right))

    def host(self, tensor: Any) -> Any:
        """Return a tensor's numbers in a type that NumPy computes with."""
        array = self.np.asarray(tensor.numpy() if hasattr(tensor, "numpy") else tensor)
        return array.astype(self.np.float32) if array.dtype.name in {"bfloat16", "float16"} else array

    def _finite(self, values: Any, right: Any) -> bool:
        right = self.np.asarray(right)
        if values.dtype.kind != "f" or values.shape != right.shape or right.dtype.kind != "f":
            return bool(values.dtype.kind != "f" or self.np.isfinite(values).all())
        return bool(self.np.isfinite(values[self.np.isfinite(right)]).all())

    def tried(self, way: str, what: str, measure: Callable[[], Any], limit: Any = None) -> Case:
        """Return what `measure` says how far off something is; what it raises is told."""
        try:
            return self.told(way, what, measure(), limit)
        except Exception as error:
            return self.raised(way, what, error)

    def told(self, way: str, what: str, off: Any, limit: Any = None, tensors: Sequence[Any] = ()) -> Case:
        """Return how far off something is, as the channel has it; `tensors` say where it was computed."""
        found = {"way": way, "what": what, "off": float(off), "finite": bool(self.np.isfinite(off))}
        return self._with(found, limit, tensors)

    @staticmethod
    def raised(way: str, what: str, error: BaseException) -> Case:
        """Return that a way of asking raised an error."""
        return {"way": way, "what": what, "error": describe(error)}


def limited(limit: Any) -> dict[str, Any]:
    """Return a limit as the channel has it: its numbers, without its reason."""
    return {key: value for key, value in limit._asdict().items() if key != "because"}


def _floating(tensor: Any) -> bool:
    """Tell whether a tensor holds floating-point numbers; integers may lie in the host's memory, by rule."""
    return bool(getattr(getattr(tensor, "dtype", None), "is_floating", False))
