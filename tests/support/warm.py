"""A pytest that is ready: it reads lists of arguments, a line each, and runs each in a child of its own.

Most of what a run of a few tests costs is importing pytest, Hypothesis and the packages that tfsetup needs. That is
done here once; a child begins behind it. Nothing of the tree under test is imported before there is a child. For each
line the child's process number is printed, then its exit status. `python -P warm.py`, in the tree under test. (POSIX.)
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

# Whatever is not there, or has moved, is imported by the child that needs it. Nothing that starts a thread: no numpy.
_FIRST: Final = (
    "hypothesis.strategies",
    "_hypothesis_pytestplugin",
    "xdist.plugin",
    "unittest.mock",
    "msgspec",
    "yaml",
    "packaging.requirements",
    "requests",
    "typer.testing",
    "rich.console",
    "rich.table",
    "rich.progress",
)
_OF_THE_TREE: Final = frozenset({"tfsetup", "support", "conftest"})


def serve() -> None:
    """Answer until there are no more lines."""
    import pytest  # noqa: F401 - for the children
    from hypothesis import HealthCheck, Phase, settings

    # The same examples for every mutant, and none is made smaller: that a test fails is all that is asked.
    phases = (Phase.explicit, Phase.generate)
    slow = (HealthCheck.too_slow,)
    settings.register_profile(
        "mutants", derandomize=True, deadline=None, max_examples=30, phases=phases, suppress_health_check=slow
    )
    for name in _FIRST:
        with suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(json.loads(line))
        with suppress(OSError):
            os.setpgid(child, child)  # here and there: whoever comes first
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(arguments: Sequence[str]) -> None:
    """Run pytest and end with its status, whatever threads are left."""
    status = 3
    try:
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        sys.argv = ["pytest", *arguments]
        sys.path.insert(0, "")  # as `python -m pytest` does
        if not _OF_THE_TREE & sys.modules.keys():
            import pytest

            # Hypothesis is there already, and plain assertions need no rewriting to fail.
            status = int(pytest.main(["--assert=plain", "--hypothesis-profile=mutants", *arguments]))
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve()
