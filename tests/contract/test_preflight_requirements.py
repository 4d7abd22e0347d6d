"""`tfsetup preflight REQUIREMENT...` with the real uv and an index of this machine: what is chosen, what has none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.cli import Ran, Tfsetup
from support.elf_build import Define, Library, build_elf
from support.faulty_index import Handler, Index, serve
from support.wheels import whole_wheel

# Real uv, a dozen times over: more than `make check` has time for.
pytestmark = [pytest.mark.process, pytest.mark.loopback, pytest.mark.heavy]

CORE = build_elf(Library(defines=[Define(name="PyInit_core")]))
WHEELS: Mapping[str, Mapping[str, bytes | str]] = {
    "alpha-1.0-cp312-cp312-manylinux_2_17_x86_64.whl": {"alpha/__init__.py": "", "alpha/core.so": CORE},
    "alpha-1.0-cp312-cp312-musllinux_1_2_x86_64.whl": {"alpha/__init__.py": "", "alpha/core.so": CORE},
    "alpha-1.0-cp37-cp37m-manylinux_2_17_x86_64.whl": {"alpha/__init__.py": "", "alpha/core.so": CORE},
    "alpha-1.0-cp36-cp36m-manylinux_2_17_x86_64.whl": {"alpha/__init__.py": "", "alpha/core.so": CORE},
    "everywhere-1.0-py3-none-any.whl": {"everywhere/__init__.py": "", "everywhere/core.so": CORE},
    "pure-1.0-py3-none-any.whl": {"pure.py": "x = 1\n"},
    "maconly-1.0-cp312-cp312-macosx_11_0_arm64.whl": {"maconly/core.so": b"\xcf\xfa\xed\xfe"},
    "tensorflow-2.19.1-py3-none-any.whl": {"a_name_and_nothing_else.py": ""},
}
NEEDY = "needy-1.0-py3-none-any.whl"
GLIBC, MUSL = {"name": "glibc", "version": "2.36"}, {"name": "musl", "version": "1.2.4"}


def _hollow(handler: Handler, body: bytes) -> bytes:
    """The page of a project of which every file was taken away."""
    return b"<html></html>" if "/simple/hollow/" in handler.path else body


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    folder = tmp_path / "index"
    folder.mkdir()
    for name, files in WHEELS.items():
        (folder / name).write_bytes(whole_wheel(name, files))
    needy = whole_wheel(NEEDY, {"needy.py": ""}, requires=["maconly", "everywhere"])
    (folder / NEEDY).write_bytes(needy)
    (folder / "hollow-1.0.txt").write_text("gone")
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    with serve(Index(folder, misbehave=_hollow)) as running:
        monkeypatch.setenv("UV_DEFAULT_INDEX", running.url)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
        monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield running


Judge = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def judge(tfsetup: Tfsetup, index: Index, tmp_path: Path) -> Judge:
    """Return a function from requirements to exit status and data, on a Linux with a C library."""

    def judged(*requirements: str, libc: Mapping[str, str] = GLIBC, python: str = "3.12") -> tuple[int, dict[str, Any]]:
        host = {"os": "linux", "arch": "x86_64", "libc": libc}
        (tmp_path / "host.json").write_text(json.dumps(host))
        argv = ["preflight", "--json", "--python", python, "--host", str(tmp_path / "host.json"), *requirements]
        ran: Ran = tfsetup(*argv)
        return ran.status, ran.document["data"] or ran.document["error"]

    return judged


def reasons(data: Mapping[str, Any]) -> list[str]:
    return [each["reason"] for each in data["not_covered"] if each["matters"]]


@pytest.mark.parametrize(("libc", "python"), [(GLIBC, "3.12"), (MUSL, "3.12"), (GLIBC, "3.7"), (GLIBC, "3.6")], ids=str)
def test_there_is_a_wheel_for_every_c_library_and_every_python(
    judge: Judge, libc: Mapping[str, str], python: str
) -> None:
    status, data = judge("alpha", libc=libc, python=python)
    assert (status, data["verdict"], data["images"], data["checked"]) == (0, "loads", 1, ["alpha/core.so"])


def test_a_wheel_for_any_platform_may_hold_a_library_and_is_read(judge: Judge) -> None:
    status, data = judge("everywhere", "pure")
    assert (status, data["verdict"], data["checked"]) == (0, "loads", ["everywhere/core.so"])


@pytest.mark.parametrize(
    ("requirement", "libc", "why"),
    [
        ("maconly", GLIBC, "no wheel of maconly is for Python 3.12 on Linux x86_64 with glibc 2.36"),
        ("maconly>=1", MUSL, "no wheel of maconly>=1 is for Python 3.12 on Linux x86_64 with musl 1.2.4"),
        ("needy", GLIBC, "no wheel of maconly is for Python 3.12 on Linux x86_64 with glibc 2.36"),
        ("hollow", GLIBC, "the index has no file of hollow"),
        (
            "alpha; sys_platform == 'win32'", GLIBC,
            'alpha; sys_platform == "win32" does not apply to Python 3.12 on Linux x86_64 with glibc 2.36',
        ),
    ],
)  # fmt: skip
def test_what_has_no_wheel_is_named_and_the_rest_is_judged(
    judge: Judge, requirement: str, libc: Mapping[str, str], why: str
) -> None:
    status, data = judge(requirement, "everywhere", libc=libc)
    assert (status, data["verdict"], data["checked"]) == (9, "undecided", ["everywhere/core.so"])
    assert reasons(data) == [f"{why}, so that nothing of it was judged"]


def test_where_nothing_has_a_wheel_nothing_was_judged(judge: Judge) -> None:
    status, data = judge("maconly", "hollow")
    assert (status, data["verdict"], data["images"]) == (9, "undecided", 0)
    assert {reason.partition(" of ")[2].split()[0].strip(",") for reason in reasons(data)} >= {"maconly", "hollow"}


def test_pure_packages_are_nothing_to_judge(judge: Judge) -> None:
    status, data = judge("pure")
    assert (status, data["verdict"], reasons(data)) == (9, "undecided", ["no native file of the set was judged"])


def test_a_tensorflow_that_was_asked_for_and_is_not_there_is_named(judge: Judge) -> None:
    status, data = judge("tensorflow", "everywhere")
    assert (status, data["verdict"], data["images"]) == (9, "undecided", 1)
    assert reasons(data) == ["tensorflow was asked for, and there is no TensorFlow among the files"]


@pytest.mark.parametrize("requirements", [["alpha>1"], ["alpha", "alpha<1"], ["not-there-at-all"]])
def test_what_does_not_fit_together_is_no_question_of_wheels(judge: Judge, requirements: list[str]) -> None:
    status, error = judge(*requirements)
    assert (status, error["code"]) == (7, "answer-is-no")
    assert "do not fit together" in error["message"]
