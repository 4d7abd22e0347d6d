"""`python3 -I -B scripts/bootstrap uv` prints the path of a uv; `… environment FOLDER REQUIREMENTS` makes ours."""

from __future__ import annotations

import os
import signal
import sys


def _start() -> int:
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - before anything is imported
    sys.path[0] = os.path.dirname(here)  # noqa: PTH120
    from bootstrap.commands import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    # Whoever ends a make ends this too: what it began is cleared away then, as after Ctrl-C.
    for _name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, _name):
            signal.signal(getattr(signal, _name), lambda number, _: sys.exit(128 + number))
    try:
        sys.exit(_start())
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; nothing is left half-done. Run make again.\n")
        sys.exit(130)
