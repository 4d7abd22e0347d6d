"""The examples of `docs/python.md`, and running them as they stand."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
_FENCE = re.compile(r"(<!-- network -->\n)?```python\n(.*?)```", re.DOTALL)


def examples(*, network: bool) -> str:
    """Return the examples that ask the index, or the others."""
    return "".join(code for mark, code in _FENCE.findall(PAGE) if bool(mark) is network)


def run(text: str) -> None:
    """Run examples in the current folder, and compare what they say with what is shown."""
    said: list[str] = []
    case = doctest.DocTestParser().get_doctest(text, {}, "python.md", "docs/python.md", 0)
    outcome = doctest.DocTestRunner(verbose=False).run(case, out=said.append)
    assert outcome.attempted > 0
    assert outcome.failed == 0, "".join(said)
