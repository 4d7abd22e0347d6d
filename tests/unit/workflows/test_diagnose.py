"""The course of a diagnosis: what is looked at, what is not asked, and whom the fixes are for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tfsetup.doctor.environment import Distribution, Environment, Interpreter
from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.workflows.api import diagnose
from tfsetup.workflows.diagnose import Examined, Files, Given, Senses, brought, concluded, examine

LINUX = Host(os="linux", arch="x86_64")
MATRIX = read_matrix()
NO_MODULE = "ModuleNotFoundError: No module named 'tensorflow'\n"
TENSORFLOW = Distribution(name="tensorflow", version="2.19.1", site="/s", owns=frozenset({"tensorflow/__init__.py"}))


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder, with no environment active."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


class World:
    """A machine as the doctor's senses find it, and a list of what was looked at."""

    def __init__(self, *distributions: Distribution, on_path: Path | None = None, says: str | None = None) -> None:
        self.distributions = distributions
        self.on_path = on_path
        self.says = says
        self.looked: list[str] = []
        self.lines: list[str] = []
        self.variables: list[str] = []

    @property
    def senses(self) -> Senses:
        return Senses(machine=self._machine, on_path=self._on_path, environment=self._environment, start=self._start)

    def _machine(self) -> Host:
        self.looked.append("machine")
        return LINUX

    def _on_path(self) -> Path | None:
        return self.on_path

    def _environment(self, python: Path, _folder: Path, variables: Iterable[str]) -> Environment:
        self.looked.append("environment")
        self.variables += variables
        if python.name == "broken":
            raise UsageError("The interpreter broken does not run: no.")
        interpreter = Interpreter(
            executable=str(python), version="3.12.4", machine="x86_64", platform="linux-x86_64", bits=64, soabi="",
            markers={}, environment={"SEEN": "1"},
        )  # fmt: skip
        prefix = str(python.parent.parent)
        return Environment(prefix=prefix, interpreter=interpreter, distributions=self.distributions)

    def _start(self, _python: Path) -> str | None:
        self.looked.append("import")
        return self.says

    def examine(self, **given: Any) -> Examined:
        return examine(Given(**given), MATRIX, told=self.lines.append, senses=self.senses)


def environment(folder: Path) -> Path:
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_bytes(b"")
    (folder / "pyvenv.cfg").write_text("version = 3.12.4\n")
    return folder


def test_a_log_alone_asks_nothing_of_this_machine() -> None:
    world = World(on_path=Path("/usr/bin/python3"))
    found = world.examine(log=NO_MODULE)
    assert world.looked == world.lines == []
    assert (found.evidence.log, found.evidence.host, found.evidence.packages) == (NO_MODULE, None, None)
    assert found.missing is None


@pytest.mark.parametrize(("count", "whole"), [(0, False), (9, False), (10, True)])
def test_a_short_package_list_is_somebody_s_excerpt(count: int, whole: bool) -> None:
    packages = {f"p{n}": "1.0" for n in range(count)}
    found = World().examine(packages=packages, host=LINUX)
    assert (found.evidence.packages, found.evidence.whole, found.evidence.host) == (packages, whole, LINUX)


def test_an_environment_is_looked_at_and_started(tmp_path: Path) -> None:
    folder = environment(tmp_path / "env")
    world = World(TENSORFLOW, says=NO_MODULE)
    found = world.examine(prefix=folder)
    assert world.looked == ["environment", "machine", "import"]
    assert world.lines[0] == f"Looking at {folder / 'bin' / 'python'}"
    assert "TURN_OFF_REMAPPER" in world.variables
    evidence = found.evidence
    assert (evidence.log, evidence.packages, evidence.whole) == (NO_MODULE, {"tensorflow": "2.19.1"}, True)
    assert evidence.prefix == str(folder)
    assert evidence.environment == {"SEEN": "1"}
    assert evidence.host is not None
    assert [python.version for python in evidence.host.pythons or ()] == ["3.12.4"]


@pytest.mark.parametrize("given", [{"log": "ImportError: x"}, {"importing": False}])
def test_nothing_is_started_where_a_log_tells_or_nobody_wants_it(tmp_path: Path, given: dict[str, Any]) -> None:
    world = World(TENSORFLOW)
    found = world.examine(prefix=environment(tmp_path / "env"), **given)
    assert "import" not in world.looked
    assert found.evidence.log == given.get("log")


def test_another_machine_s_description_is_not_mixed_with_this_one(tmp_path: Path) -> None:
    world = World(TENSORFLOW)
    mac = Host(os="macos", os_version="14.4", arch="arm64")
    found = world.examine(prefix=environment(tmp_path / "env"), host=mac, importing=False)
    assert "machine" not in world.looked
    assert found.evidence.host is not None
    assert replace(found.evidence.host, pythons=None) == mac


def test_a_prediction_that_is_not_possible_is_said_and_costs_nothing_else(tmp_path: Path) -> None:
    world = World(TENSORFLOW)
    found = world.examine(prefix=environment(tmp_path / "env"), importing=False)
    assert found.evidence.failures is None
    assert any(line.startswith("No preflight: ") for line in world.lines)


def test_where_nothing_is_active_that_is_the_finding() -> None:
    found = World().examine()
    assert found.missing is not None
    assert found.missing.cause == "no-environment"
    assert found.missing.evidence[1] == "There is no Python on PATH."
    assert found.evidence.prefix == ".venv"


def test_a_python_on_path_is_judged_only_with_tensorflow_in_it(tmp_path: Path) -> None:
    python = environment(tmp_path / "usr") / "bin" / "python"
    bare = World(on_path=python)
    found = bare.examine(importing=False)
    assert found.missing is not None
    assert str(python) in found.missing.evidence[1]
    full = World(TENSORFLOW, on_path=python)
    found = full.examine(importing=False)
    assert found.missing is None
    assert found.evidence.prefix == ".venv"  # what is looked at is never what a fix is for
    assert "from PATH" in full.lines[0]


def test_a_python_on_path_that_does_not_run_is_a_note() -> None:
    world = World(on_path=Path("/usr/bin/broken"))
    found = world.examine()
    assert found.missing is not None
    assert world.lines == ["Note      The interpreter broken does not run: no."]


def test_an_environment_of_which_a_part_is_gone_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").symlink_to(tmp_path / "gone")
    world = World(TENSORFLOW, on_path=Path("/usr/bin/python3"))
    found = world.examine(prefix=tmp_path / "env")
    assert world.looked == ["machine"]
    assert found.missing is not None
    assert found.missing.cause == "environment-gone"


def test_a_prefix_with_nothing_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        World().examine(prefix=tmp_path / "nowhere")


def test_the_active_environment_is_what_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(environment(tmp_path / "active")))
    assert World(TENSORFLOW).examine(importing=False).evidence.prefix == str(tmp_path / "active")


def test_what_is_missing_comes_before_what_the_log_says() -> None:
    world = World()
    found = concluded(replace(world.examine(), evidence=replace(world.examine().evidence, log=NO_MODULE)), MATRIX)
    assert found.verdict == "problem"
    assert [finding.cause for finding in found.findings][:2] == ["no-environment", "wrong-python-environment"]


def test_fixes_say_what_they_would_install_where_the_machine_is_known() -> None:
    unknown = diagnose(log=NO_MODULE)
    known = diagnose(log=NO_MODULE, host=Host(os="linux", arch="x86_64"))
    assert not any(" # tensorflow" in fix for fix in unknown.findings[0].fix)
    assert unknown.findings[0].cause == known.findings[0].cause == "wrong-python-environment"
    assert known.verdict == "problem"


def test_a_mac_whose_version_is_words_is_a_mac_all_the_same() -> None:
    told = diagnose(log=NO_MODULE, host=Host(os="macos", os_version="Mojave", arch="x86_64"))
    assert told.verdict == "problem"


def test_health_needs_something_that_was_seen_to_work() -> None:
    assert diagnose(log="hello there\n").verdict == "unknown"
    assert diagnose(packages={"tensorflow": "2.21.0"}).verdict == "healthy"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def no_machine() -> Host:
    pytest.fail("this machine is not asked")


def test_what_somebody_brought_is_read(tmp_path: Path) -> None:
    files = Files(
        log=str(write(tmp_path / "log", NO_MODULE)),
        packages=write(tmp_path / "packages", "tensorflow==2.19.1\n"),
        host=write(tmp_path / "host.json", json.dumps({"os": "linux", "arch": "x86_64"})),
    )
    given = brought(None, files, described=no_machine)
    assert (given.log, given.packages) == (NO_MODULE, {"tensorflow": "2.19.1"})
    assert given.host is not None
    assert (given.host.os, given.host.arch) == ("linux", "x86_64")


def test_a_fact_that_a_person_wrote_in_words_is_left_out_with_a_note(tmp_path: Path) -> None:
    host = write(tmp_path / "host.json", json.dumps({"os": "macos", "os_version": "Mojave"}))
    lines: list[str] = []
    files = Files(log=str(write(tmp_path / "log", "x")), host=host)
    given = brought(None, files, described=no_machine, told=lines.append)
    assert given.host is not None
    assert (given.host.os, given.host.os_version) == ("macos", "Mojave")
    assert [line.startswith("Note      os_version is left out: ") for line in lines] == [True]


def test_a_machine_to_look_at_is_described_exactly(tmp_path: Path) -> None:
    files = Files(log=str(write(tmp_path / "log", "x")), host=tmp_path / "host.json")
    given = brought("env", files, described=lambda: LINUX, importing=False)
    assert given == Given(log="x", prefix="env", host=LINUX, importing=False)
    assert brought("env", Files(), described=no_machine) == Given(prefix="env")
    assert brought(None, Files(), described=no_machine) == Given()


def test_a_package_list_is_read_only_where_it_is_judged(tmp_path: Path) -> None:
    bad = write(tmp_path / "packages", "{}")
    with pytest.raises(InvalidFileError):
        brought(None, Files(packages=bad), described=no_machine)
    assert brought("env", Files(packages=bad), described=no_machine) == Given(prefix="env")


def test_a_log_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        brought(None, Files(log=str(tmp_path / "none")), described=no_machine)
