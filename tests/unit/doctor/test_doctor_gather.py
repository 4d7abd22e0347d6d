"""Reading logs, package lists and site-packages: any bytes, clear complaints, nothing judged."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.doctor import gather
from tfsetup.doctor.environment import BadFile
from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.ground.prefix import Absent, Gone, Prefix


def test_a_log_may_hold_any_bytes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"error \xff\x00 end")
    assert gather.read_log(str(log)) == "error \ufffd\x00 end"


def test_a_log_of_powershell_is_utf_16(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes("error: x".encode("utf-16"))
    assert gather.read_log(str(log)) == "error: x"


def test_of_a_huge_log_the_ends_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "_LARGEST_LOG", 10)
    log = tmp_path / "log"
    log.write_bytes(b"abcdefghijklmnopqrstuvwxyz")
    assert gather.read_log(str(log)) == "abcdevwxyz"
    log.write_bytes(b"abcdefgh")
    assert gather.read_log(str(log)) == "abcdefgh"


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        gather.read_log(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"name": "TensorFlow_Text", "version": "2.19.0"}]', {"tensorflow-text": "2.19.0"}),
        ("tensorflow==2.19.1\nnumpy==2.1.3\n", {"tensorflow": "2.19.1", "numpy": "2.1.3"}),
        ("# a comment\n-e git+https://x/y\nkeras @ file:///x\n", {"keras": "file:///x"}),
        ("Package    Version\n---------- -------\nnumpy      1.26.4\n", {"numpy": "1.26.4"}),
        ("[]", {}),
        ("", {}),
    ],
)
def test_package_lists_of_pip(text: str, expected: dict[str, str]) -> None:
    assert gather.parse_packages(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{}", "the JSON is not a list"),
        ('[{"name": "x"}]', "each item must have"),
        ("[1]", "each item must have"),
        ("[", "This is no list of packages"),
        ("just words here", "This is no list of packages."),
    ],
)
def test_what_is_no_package_list(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "packages"
    path.write_text(text)
    with pytest.raises(InvalidFileError, match=complaint) as caught:
        gather.read_packages(path)
    assert caught.value.where is not None
    assert "pip list --format json" in caught.value.hint


def test_a_package_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match="There is no such package list"):
        gather.read_packages(tmp_path / "none")


@examples(1.7)
@given(st.text(max_size=200))
def test_any_text_is_a_list_or_refused(text: str) -> None:
    try:
        found = gather.parse_packages(text)
    except (ValueError, RecursionError):
        return
    assert all(name == name.lower() for name in found)


def make(
    site: Path, name: str, version: str, files: dict[str, str], *, record: bool = True, requires: str = ""
) -> Path:
    """Write a distribution the way an installer does."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: cp312-cp312-linux_x86_64\n")
    (info / "INSTALLER").write_text("pip\n")
    rows = []
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
        rows.append(f"{path},sha256=x,{len(text)}")
    if record:
        (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,"]) + "\n")
    return info


def test_a_distribution_is_read_with_its_files(tmp_path: Path) -> None:
    make(
        tmp_path,
        "TensorFlow",
        "2.19.1",
        {"tensorflow/__init__.py": "x", "tensorflow/a.so": "1234"},
        requires="Requires-Dist: numpy",
    )
    [one] = gather._distributions(tmp_path)
    assert (one.name, one.version, one.requires) == ("tensorflow", "2.19.1", ("numpy",))
    assert one.tags == ("cp312-cp312-linux_x86_64",)
    assert one.owns == {"tensorflow/__init__.py"}
    assert (one.record, one.bad) == (True, ())


def test_missing_short_and_changed_files_are_seen(tmp_path: Path) -> None:
    make(
        tmp_path,
        "tensorflow",
        "2.19.1",
        {f"tensorflow/{name}": "1234" for name in ("a.so", "b.so", "c.py", "__init__.py")},
    )
    (tmp_path / "tensorflow/a.so").unlink()
    (tmp_path / "tensorflow/b.so").write_text("12")
    (tmp_path / "tensorflow/c.py").write_text("123456")
    [one] = gather._distributions(tmp_path)
    assert one.bad == (
        BadFile(path="tensorflow/a.so", state="missing", expected=4),
        BadFile(path="tensorflow/b.so", state="shorter", expected=4, found=2),
        BadFile(path="tensorflow/c.py", state="changed", expected=4, found=6),
    )


def test_byte_code_and_scripts_are_nobodys_business(tmp_path: Path) -> None:
    info = make(tmp_path, "tensorflow", "2", {})
    (info / "RECORD").write_text("a/__pycache__/x.cpython-312.pyc,,\n../../bin/tool,sha256=x,9\nb.pyc,,\n")
    [one] = gather._distributions(tmp_path)
    assert one.bad == ()


def test_a_distribution_without_a_record(tmp_path: Path) -> None:
    make(tmp_path, "wrapt", "1.11", {}, record=False)
    assert [one.record for one in gather._distributions(tmp_path)] == [False]


def test_a_site_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert list(gather._distributions(tmp_path / "none")) == []


def test_a_distribution_without_a_name_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "junk-1.dist-info").mkdir()
    (tmp_path / "junk-1.dist-info" / "METADATA").write_text("nothing\n")
    assert [one.metadata["Name"] for one in importlib.metadata.distributions(path=[str(tmp_path)])] == [None]
    assert list(gather._distributions(tmp_path)) == []


def test_folders_without_an_owner_are_left_overs(tmp_path: Path) -> None:
    (tmp_path / "tensorflow").mkdir()
    assert list(gather._leftovers([tmp_path], [])) == [str(tmp_path / "tensorflow")]


def test_files_that_hide_modules(tmp_path: Path) -> None:
    site = tmp_path / "site"
    make(site, "tensorflow", "2", {"tensorflow/__init__.py": ""})
    found = list(gather._distributions(site))
    here = tmp_path / "here"
    (here / "tensorflow").mkdir(parents=True)
    (here / "json").mkdir()
    (here / "json" / "__init__.py").write_text("")
    for name in ("random.py", "tensorflow.py", "main.py", "turtle.py", "types.txt"):
        (here / name).write_text("")
    assert list(gather._shadows(here, found)) == [
        ("json", str(here / "json")),
        ("random", str(here / "random.py")),
        ("tensorflow", str(here / "tensorflow.py")),
    ]
    assert list(gather._shadows(tmp_path / "none", found)) == []


def test_packages_that_conda_installed(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "ca-certificates-2024.7.4-hbcca054_0.json").write_text("{}")
    (tmp_path / "conda-meta" / "numpy-1.26.4-py312_0.json").write_text("{}")
    (tmp_path / "conda-meta" / "history").write_text("")
    assert dict(gather._conda(tmp_path)) == {"ca-certificates": "2024.7.4", "numpy": "1.26.4"}


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder; no environment is active."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def python_of(prefix: str | None) -> Path:
    found = gather.environment_meant(prefix)
    assert isinstance(found, Prefix)
    return found.python


@pytest.mark.parametrize("place", ["bin/python", "Scripts/python.exe", "python.exe"])
def test_the_interpreter_of_an_environment(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("")
    assert python_of(str(tmp_path)) == tmp_path / place
    assert python_of(str(tmp_path / place)) == tmp_path / place


def test_an_environment_named_from_here_is_found_from_anywhere(nowhere: Path) -> None:
    """The interpreter is run in another folder, where a relative path leads nowhere."""
    (nowhere / ".venv" / "bin").mkdir(parents=True)
    (nowhere / ".venv" / "bin" / "python").touch()
    wanted = nowhere / ".venv" / "bin" / "python"
    assert python_of(".venv") == python_of("./.venv/bin/python") == wanted
    assert python_of(None) == wanted


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_active_environment(nowhere: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    (nowhere / "bin").mkdir()
    (nowhere / "bin" / "python").write_text("")
    monkeypatch.setenv(variable, str(nowhere))
    assert python_of(None) == nowhere / "bin" / "python"


def test_no_environment_at_all(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(nowhere))
    assert gather.environment_meant(None) is None
    assert gather.python_on_path() is None
    assert gather.environment_meant(str(nowhere)) == Absent(path=nowhere, instead="folder")


def test_a_python_on_path_stands_for_no_environment_that_is_gone(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / "python").write_text("#!/bin/sh\n")
    (nowhere / "python").chmod(0o755)
    monkeypatch.setenv("PATH", str(nowhere))
    assert gather.python_on_path() == nowhere / "python"
    (nowhere / ".venv").symlink_to(".venv.generations/3")
    gone = Path(".venv.generations/3")
    assert gather.environment_meant(None) == Gone(path=Path(".venv"), link=Path(".venv"), target=gone, ours=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(nowhere / "left"))
    assert gather.environment_meant(None) == Absent(path=nowhere / "left")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (-4, "Illegal instruction (core dumped)"),
        (-6, "Aborted (core dumped)"),
        (-9, "Killed"),
        (1, "exit status 1"),
        (-15, "exit status -15"),
    ],
)
def test_how_a_process_ended_in_a_shells_words(status: int, words: str) -> None:
    assert gather.ending(status).strip() == words


@pytest.mark.process
def test_a_real_interpreter_describes_itself(tmp_path: Path) -> None:
    import sys

    found = gather.ask(Path(sys.executable))
    assert found.version.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert found.markers["sys_platform"] == sys.platform
    environment = gather.look_at(Path(sys.executable), tmp_path)
    assert environment.packages["packaging"]
    assert environment.shadows == ()


@pytest.mark.process
def test_an_interpreter_says_which_variables_its_processes_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURN_OFF_REMAPPER", "1")
    monkeypatch.delenv("NEVER_SET", raising=False)
    found = gather.ask(Path(sys.executable), ["TURN_OFF_REMAPPER", "NEVER_SET"])
    assert found.environment == {"TURN_OFF_REMAPPER": "1"}
    assert gather.ask(Path(sys.executable)).environment == {}


@pytest.mark.process
def test_an_interpreter_that_does_not_run(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho broken\n")
    fake.chmod(0o755)
    with pytest.raises(UsageError, match="does not run"):
        gather.ask(fake)
    with pytest.raises(UsageError, match="does not run"):
        gather.ask(tmp_path / "none")


@pytest.mark.process
def test_what_an_import_printed_and_how_it_ended(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho out; echo err >&2; kill -ILL $$\n")
    fake.chmod(0o755)
    assert gather.try_import(fake) == "out\nerr\n\nIllegal instruction (core dumped)\n"
    fake.write_text("#!/bin/sh\necho fine\n")
    assert gather.try_import(fake) is None
    assert "No such file" in str(gather.try_import(tmp_path / "none"))


def test_json_of_this_interpreter_is_a_list(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps([{"name": "a", "version": "1"}]), encoding="utf-16")
    assert gather.read_packages(path) == {"a": "1"}
    assert os.path.exists(path)  # noqa: PTH110 - it is only read


@pytest.mark.parametrize(
    ("text", "kept", "remark"),
    [
        ('{"os": "macos", "os_version": "14.4"}', ("macos", "14.4"), ""),
        ('{"os": "macos", "os_version": "Mojave", "arch": "x86_64"}', ("macos", "Mojave"), "os_version is left out: "),
        ('{"os": "linux", "arch": "riscv"}', ("linux", None), "arch is left out: "),
        ('{"os": "linux", "pythons": [{"version": "three"}]}', ("linux", None), "pythons is left out: "),
        (
            '{"os": "macos", "os_version": "Big Sur", "arch": "M1", "pythons": [{"version": "3.8.10, 3.9.7"}]}',
            ("macos", "Big Sur"),
            "arch and pythons and os_version are left out: ",
        ),
    ],
)
def test_a_fact_written_down_by_a_person_may_be_wrong(
    tmp_path: Path, text: str, kept: tuple[str, str | None], remark: str
) -> None:
    path = tmp_path / "host.json"
    path.write_text(text)
    host, said = gather.read_machine(path)
    assert (host.os, host.os_version) == kept
    assert said.startswith(remark)
    assert bool(said) == bool(remark)


@pytest.mark.parametrize("text", ["{", "[]", '{"arch": "riscv", "os": "beos"}'])
def test_what_is_no_host_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "host.json"
    path.write_text(text)
    with pytest.raises(InvalidFileError):
        gather.read_machine(path)


@pytest.mark.process
def test_the_doctor_s_children_see_the_scrubbed_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('found on PYTHONPATH')")
    python = Path(sys.executable)
    assert str(tmp_path) not in gather.ask(python).path
    assert "found on PYTHONPATH" not in (gather.try_import(python) or "")
