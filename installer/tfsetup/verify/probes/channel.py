"""The way findings leave the process: one JSON object a line, written at once, on a descriptor nobody else knows."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time
import traceback
from typing import Any, Iterator  # noqa: UP035 - collections.abc.Iterator[...] needs Python 3.9

MOST = 4000  # characters of an error's text


class Channel:
    """Writes events; each line reaches the kernel before the next statement runs, so a crash loses nothing."""

    def __init__(self, descriptor: int) -> None:
        """Write to `descriptor`, which the caller leaves open for as long as the process lives."""
        self.descriptor = descriptor
        self.started = time.perf_counter()

    def send(self, event: str, **fields: Any) -> None:
        """Write one event; `at_s` is seconds since the probe started."""
        record = {"event": event, "at_s": round(time.perf_counter() - self.started, 4)}
        record.update(fields)
        line = (json.dumps(plain(record)) + "\n").encode("utf-8")
        while line:
            line = line[os.write(self.descriptor, line) :]

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Bracket a phase by `begin` and `end`; an exception becomes an `error` event and ends only the phase."""
        started = time.perf_counter()
        self.send("begin", phase=name)
        try:
            yield
        except Exception as error:
            self.send("error", phase=name, **describe(error))
        else:
            self.send("end", phase=name, seconds=time.perf_counter() - started)


def describe(error: BaseException) -> dict[str, Any]:
    """Return type, text and the last frames.

    A TensorFlow error can quote a whole graph, and says the cause at the end: of a long text the middle is left out.
    """
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    kind = type(error)
    name = getattr(error, "name", None)
    return {
        "type": kind.__name__,
        "message": shortened(str(error)),
        "where": where,
        "missing_module": name if isinstance(error, ImportError) and isinstance(name, str) else None,
    }


def shortened(text: str) -> str:
    """Return a text of at most some 4000 characters, with its beginning and its end."""
    return text if len(text) <= MOST else text[: MOST // 2] + "\n[...]\n" + text[-MOST // 2 :]


def plain(value: Any) -> Any:
    """Return `value` in strict JSON: numbers that are not finite become the strings `nan`, `inf`, `-inf`."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def take_standard_output() -> Channel:
    """Keep the pipe behind descriptor 1 for findings and send everybody else's standard output to standard error.

    TensorFlow and its plugins print to descriptor 1 from C++, so redirecting `sys.stdout` would not do.
    """
    sys.stdout.flush()
    private = os.dup(1)
    os.dup2(2, 1)
    return Channel(private)
