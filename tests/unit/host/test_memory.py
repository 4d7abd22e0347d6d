"""What is remembered of earlier runs, and when it no longer counts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.disk import assert_written_whole, watching
from tfsetup.host.memory import Memory
from tfsetup.host.probe import ThisMachine
from tfsetup.host.world import Output

ANSWER = Output(status=0, stdout="3.12.4 \udcff \x00 é")


def a_program(folder: Path, text: str = "one") -> str:
    path = folder / "python3"
    path.write_text(text)
    os.utime(path, ns=(10**18, 10**18))
    return str(path)


def remembered(folder: Path, argv: list[str], program: str) -> str | None:
    found = Memory(folder).recall(argv, program)
    return None if found is None else found.stdout


def keep(folder: Path, argv: list[str], program: str, output: Output = ANSWER) -> None:
    memory = Memory(folder)
    memory.keep(argv, program, output)
    memory.save()


def test_a_success_is_remembered_as_long_as_the_file_is_the_same(tmp_path: Path) -> None:
    program = a_program(tmp_path)
    cache = tmp_path / "cache"
    keep(cache, [program, "-c", "x"], program)
    found = Memory(cache).recall([program, "-c", "x"], program)
    assert found == Output(status=0, stdout=ANSWER.stdout, remembered=True)
    assert remembered(cache, [program, "-c", "y"], program) is None
    assert remembered(cache, ["/usr/bin/arch", program, "-c", "x"], program) is None


def test_another_size_time_or_file_is_another_program(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    program = a_program(tmp_path)
    argv = [program]
    keep(cache, argv, program)
    a_program(tmp_path, "longer")
    assert remembered(cache, argv, program) is None
    a_program(tmp_path)
    assert remembered(cache, argv, program) == ANSWER.stdout
    os.utime(program, ns=(10**18, 10**18 + 1))
    assert remembered(cache, argv, program) is None
    replacement = tmp_path / "new"
    replacement.write_text("one")
    os.utime(replacement, ns=(10**18, 10**18))
    replacement.replace(program)
    assert remembered(cache, argv, program) is None
    Path(program).unlink()
    assert remembered(cache, argv, program) is None


def test_a_link_is_judged_by_what_it_points_to(tmp_path: Path) -> None:
    cache, program = tmp_path / "cache", a_program(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(program)
    keep(cache, [str(link)], str(link))
    assert remembered(cache, [str(link)], str(link)) == ANSWER.stdout
    (tmp_path / "other").write_text("other")
    link.unlink()
    link.symlink_to(tmp_path / "other")
    assert remembered(cache, [str(link)], str(link)) is None


@pytest.mark.parametrize("output", [Output(status=1, stdout="x"), Output(problem="no answer within 5 s")])
def test_a_failure_is_asked_again(tmp_path: Path, output: Output) -> None:
    program = a_program(tmp_path)
    keep(tmp_path / "cache", [program], program, output)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", '{"schema": 2, "entries": {}}', '{"schema": 1}', '{"schema": 1, "entries": []}',
        '{"schema": 1, "entries": {"KEY": 3}}', '{"schema": 1, "entries": {"KEY": {"stamp": 1, "stdout": "x"}}}',
        '{"schema": 1, "entries": {"KEY": {"stamp": [], "stdout": 4}}}', "[" * 100_000, " " * 2_000_001,
    ],
)  # fmt: skip
def test_a_damaged_memory_is_an_empty_one(tmp_path: Path, text: str) -> None:
    program = a_program(tmp_path)
    keep(tmp_path, [program], program)
    key = next(iter(json.loads((tmp_path / "probe.json").read_text())["entries"]))
    (tmp_path / "probe.json").write_text(text.replace("KEY", key))
    assert remembered(tmp_path, [program], program) is None


@given(st.binary(max_size=60))
def test_any_bytes_are_no_trouble(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    folder = tmp_path_factory.mktemp("cache")
    (folder / "probe.json").write_bytes(raw)
    assert Memory(folder).recall(["x"], "x") is None


def test_it_does_not_grow_without_end(tmp_path: Path) -> None:
    program = a_program(tmp_path)
    memory = Memory(tmp_path)
    for n in range(400):
        memory.keep([program, str(n)], program, ANSWER)
    memory.save()
    assert len(json.loads((tmp_path / "probe.json").read_text())["entries"]) == 300
    assert remembered(tmp_path, [program, "399"], program) == ANSWER.stdout


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    program = a_program(tmp_path)
    (tmp_path / "file").write_text("")
    keep(tmp_path / "file", [program], program)
    keep(tmp_path / "file" / "inner", [program], program)
    assert (tmp_path / "file").read_text() == ""
    memory = Memory(None)
    memory.keep([program], program, ANSWER)
    memory.save()
    assert memory.recall([program], program) is not None


@pytest.mark.process
def test_the_second_run_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    argv: list[Any] = [sys.executable, "-c", "print('hello')"]
    with ThisMachine() as machine:
        first = machine.start(argv, program=sys.executable)()
    with ThisMachine() as machine:
        second = machine.start(argv, program=sys.executable)()
        assert machine._running == []
    assert (first.stdout, first.remembered) == (second.stdout, False)
    assert second.remembered


def test_what_is_remembered_is_written_whole(tmp_path: Path) -> None:
    program = a_program(tmp_path)
    with watching(tmp_path) as seen:
        keep(tmp_path / "cache", [program], program)
    assert_written_whole(seen, tmp_path / "cache" / "probe.json")
