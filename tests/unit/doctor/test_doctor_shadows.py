"""A file of the user's that a library imported, in tracebacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import knowledge
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Evidence
from tfsetup.doctor.shadows import shadowed
from tfsetup.doctor.text import clean

TENSORFLOW = "/e/lib/python3.10/site-packages/tensorflow/__init__.py"
WINDOWS = "C:\\Python39\\lib\\site-packages\\tensorflow\\python\\__init__.py"


def traceback(*frames: tuple[str, str], error: str = "ImportError: cannot import name 'x'") -> str:
    lines = [f'  File "{path}", line 7, in {where}\n    import something' for path, where in frames]
    return "\n".join(["Traceback (most recent call last):", *lines, error])


@pytest.mark.parametrize(
    ("frames", "module"),
    [
        ([("/home/a/run.py", "<module>"), (TENSORFLOW, "<module>"), ("/home/a/token.py", "<module>")], "token"),
        ([(TENSORFLOW, "<module>"), ("C:\\work\\random.py", "<module>")], "random"),
        ([(WINDOWS, "<module>"), ("D:\\x\\platform.py", "<module>")], "platform"),
        ([(TENSORFLOW, "<module>"), ("/home/a/queue.py", "<module>"), (TENSORFLOW, "f")], "queue"),
        # The program itself is run, nobody imports it.
        ([("/home/a/random.py", "<module>"), (TENSORFLOW, "<module>")], None),
        # A function of the user's that a library calls is no import.
        ([("/home/a/run.py", "<module>"), (TENSORFLOW, "fit"), ("/home/a/queue.py", "call")], None),
        # Every name that no module has may be the user's.
        ([(TENSORFLOW, "<module>"), ("/home/a/plugin.py", "<module>")], None),
        ([(TENSORFLOW, "<module>"), ("/home/a/test.py", "<module>")], None),
        # The real ones.
        ([(TENSORFLOW, "<module>"), ("/usr/lib/python3.10/random.py", "<module>")], None),
        ([(WINDOWS, "<module>"), ("C:\\Python39-32\\lib\\random.py", "<module>")], None),
        ([(TENSORFLOW, "<module>"), ("C:\\Users\\a\\miniconda3\\lib\\random.py", "<module>")], None),
        ([], None),
    ],
)
def test_a_file_behind_a_library(frames: list[tuple[str, str]], module: str | None) -> None:
    found = [one.subject for one in shadowed(clean(traceback(*frames)))]
    assert found == ([] if module is None else [module])


def test_it_decides_whatever_the_error() -> None:
    log = traceback((TENSORFLOW, "<module>"), ("/home/a/signal.py", "<module>"), error="NameError: name 'x'")
    first = diagnose(Evidence(log=log), knowledge()).findings[0]
    assert (first.cause, first.confidence > 0.9) == ("local-file-shadows-module", True)
    assert not any("/home/a" in step for step in first.fix)


@given(
    st.lists(st.sampled_from(['File "', "/site-packages/", "x.py", '", line 1', ", in <module>", "\n", "random", "/"]))
)
def test_any_text_can_be_read(parts: list[str]) -> None:
    assert len(list(shadowed(clean("".join(parts))))) <= 1
