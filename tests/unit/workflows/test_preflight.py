"""The course of a prediction: what it is pointed at, whom it tells, what the matrix knows instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from support.elf_build import Define, Library, build_elf
from support.fake_mac_tensorflow import GUARD, PLUGIN, RUNTIME, TF2, plugin, tensorflow_files
from support.macho import build
from support.wheels import wheel_bytes, whole_wheel
from tfsetup.errors import InvalidFileError, LockError, UsageError
from tfsetup.host.model import Host, Libc, Python
from tfsetup.loader.model import LoadFailure
from tfsetup.loader.report import Report
from tfsetup.workflows.preflight import judge, preflight, would_load
from tfsetup.workflows.subjects import of_environment, subject_of
from tfsetup.workflows.told import Detail

TF = "tensorflow-2.19.1-cp312-cp312-macosx_12_0_arm64.whl"
METAL = "tensorflow_metal-1.2.0-cp312-cp312-macosx_12_0_arm64.whl"
MAC = Host(os="macos", os_version="14.4.1", arch="arm64", rosetta=False)
LINUX = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"))


def save(folder: Path, filename: str, files: Mapping[str, bytes | str]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / filename).write_bytes(whole_wheel(filename, files))
    return folder / filename


def wheels(folder: Path, *, imports: str = "_TF_NewStatus") -> list[Path]:
    return [save(folder, TF, tensorflow_files()), save(folder, METAL, {PLUGIN: build(plugin(imports))})]


def environment(root: Path, *, imports: str) -> Path:
    site = root / "lib" / "python3.12" / "site-packages"
    files = {**tensorflow_files(), PLUGIN: build(plugin(imports)), "tensorflow-2.19.1.dist-info/METADATA": ""}
    for name, content in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


# ---------------------------------------------------------------------------------------------------------- preflight


def test_a_subject_and_a_host_in_a_report_out_and_each_file_is_told(tmp_path: Path) -> None:
    lines: list[str] = []
    report = preflight(subject_of(wheels(tmp_path), MAC, "3.12"), MAC, told=lines.append)
    assert (report.verdict, report.tensorflow, report.python) == ("loads", "2.19.1", "3.12")
    assert [line.strip() for line in lines] == [GUARD, RUNTIME, TF2, PLUGIN]
    assert all(isinstance(line, Detail) for line in lines)


def test_the_variables_of_dyld_are_told_of_an_environment_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = environment(tmp_path / "e", imports="_TF_NewStatus")
    monkeypatch.setenv("DYLD_LIBRARY_PATH", "/x")
    reports = [preflight(of_environment(root, replayed=replayed), MAC, python="3.12") for replayed in (False, True)]
    told = [[each.reason for each in report.not_covered if "DYLD_" in each.reason] for report in reports]
    assert told == [["DYLD_LIBRARY_PATH is set: it is judged as if not, and another library may be taken"], []]
    assert [report.verdict for report in reports] == ["loads", "loads"]


def test_apple_s_own_python_is_told_where_the_host_would_take_it(tmp_path: Path) -> None:
    pythons = (Python(version="3.12.1", path="/usr/bin/python3"),)
    report = preflight(subject_of(wheels(tmp_path), MAC, "3.12"), replace(MAC, pythons=pythons), python="3.12")
    assert [each.reason.partition(":")[0] for each in report.not_covered] == [
        "/usr/bin/python3 is Apple's, and may run hardened"
    ]
    other = replace(MAC, pythons=(Python(version="3.11.1", path="/usr/bin/python3"),))
    assert preflight(subject_of(wheels(tmp_path), MAC, "3.12"), other, python="3.12").not_covered == ()


def test_the_python_that_is_asked_for_counts_not_the_files_own(tmp_path: Path) -> None:
    subject = subject_of(wheels(tmp_path), MAC)
    assert (preflight(subject, MAC).python, preflight(subject, MAC, python="3.11").python) == ("3.12", "3.11")


def test_a_wheel_that_nobody_installs_does_not_load(tmp_path: Path) -> None:
    (tmp_path / TF).write_bytes(wheel_bytes({**tensorflow_files(), "tensorflow-2.19.1.dist-info/METADATA": ""}))
    report = preflight(subject_of([tmp_path / TF], MAC), MAC)
    assert (report.verdict, report.images > 0) == ("fails", True)
    assert [(each.kind, each.image, each.message) for each in report.failures] == [
        ("malformed-image", TF, "tensorflow has an invalid wheel, there is no RECORD in tensorflow-2.19.1.dist-info")
    ]


@pytest.mark.parametrize(("host", "verdict"), [(MAC, "undecided"), (LINUX, "loads")])
def test_names_that_differ_in_case_are_told(tmp_path: Path, host: Host, verdict: str) -> None:
    name = "p-1.0-py3-none-any.whl"
    core = build_elf(Library(defines=[Define(name="PyInit_core")])) if host is LINUX else build(plugin())
    ending = "so" if host is LINUX else "dylib"
    files: dict[str, bytes | str] = {
        "p/__init__.py": "",
        "p/core.so": core,
        f"p/lib.{ending}": "1",
        f"p/LIB.{ending}": "2",
    }
    save(tmp_path, name, files)
    report = preflight(subject_of([tmp_path / name], host, "3.12"), host)
    (told,) = [each for each in report.not_covered if "differ only in upper and lower case" in each.reason]
    assert told.matters is (verdict == "undecided")
    assert f"p/lib.{ending} and p/LIB.{ending}" in told.reason
    assert host is MAC or report.verdict == verdict


def test_another_system_refuses_it(tmp_path: Path) -> None:
    report = preflight(subject_of(wheels(tmp_path), LINUX, "3.12"), LINUX)
    assert report.failures[0].kind == "wrong-architecture"


# ----------------------------------------------------------------------------------------------------------- subjects


def test_a_folder_of_wheels_an_environment_and_its_site_packages_are_subjects(tmp_path: Path) -> None:
    wheels(tmp_path / "w")
    root = environment(tmp_path / "env", imports="_TF_Gone")
    assert subject_of([tmp_path / "w"], MAC).wheels == (TF, METAL)
    for target in (root, root / "lib" / "python3.12" / "site-packages"):
        subject = subject_of([target], MAC, replayed=True)
        assert (subject.python, subject.real, subject.executable) == ("3.12", False, None)
        assert preflight(subject, MAC).failures[0].symbol == "_TF_Gone"


def test_an_environment_of_this_machine_is_looked_at_with_its_links(tmp_path: Path) -> None:
    root = environment(tmp_path / "env", imports="_TF_Gone")
    assert of_environment(root).real
    assert not of_environment(root, replayed=True).real
    with pytest.raises(UsageError, match="is not an environment"):
        of_environment(tmp_path)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("no such thing", "neither a file, a folder nor a requirement"),
        ("./nothing", "There is no environment at"),
        (Path("tensorflow"), "There is no environment at tensorflow"),
        ("empty", "There is nothing to judge in empty"),
        ("notes.txt", "neither a wheel nor a lock file"),
    ],
)
def test_what_is_no_target_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str | Path, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("notes.txt").write_text("notes")
    with pytest.raises(UsageError, match=words):
        subject_of([target], MAC)


def test_an_environment_is_judged_by_itself(tmp_path: Path) -> None:
    root = environment(tmp_path / "env", imports="_TF_Gone")
    with pytest.raises(UsageError, match="judged by itself"):
        subject_of([root, *wheels(tmp_path / "w")], MAC)


def test_a_wheel_that_is_none_is_an_invalid_file(tmp_path: Path) -> None:
    (tmp_path / TF).write_bytes(b"no zip")
    with pytest.raises(InvalidFileError, match="This wheel cannot be read"):
        subject_of([tmp_path / TF], MAC)


# -------------------------------------------------------------------------------------------------------------- judge


def test_what_does_not_load_comes_with_what_would(tmp_path: Path) -> None:
    found = judge(wheels(tmp_path, imports="_TF_Gone"), MAC)
    assert found.report.verdict == "fails"
    assert found.would_load[0].startswith("tensorflow-metal 1.2.0 with TensorFlow >=2.18,<2.20: ")


def test_what_loads_needs_nothing_else(tmp_path: Path) -> None:
    assert judge(wheels(tmp_path), MAC).would_load == ()


def test_a_conda_lock_is_judged_by_itself(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="A conda lock is judged by itself"):
        judge(["conda-lock.yml", *wheels(tmp_path)], MAC)
    with pytest.raises(LockError):
        judge([tmp_path / "conda-lock.yml"], LINUX)


def test_suggestions_are_the_machine_s_and_those_for_this_tensorflow_come_first() -> None:
    failure = LoadFailure(kind="symbol-not-found", image="p", message="m", stage="plugin")
    report = Report(site="/s", python="3.12", tensorflow="2.16.2", failures=(failure,))
    assert "with TensorFlow" in would_load(report, MAC)[0]
    first = [" 2.16" in text.partition("with TensorFlow")[2] for text in would_load(report, MAC)]
    assert first[0] or not any(first)
    assert would_load(report, LINUX) == ()
    assert would_load(replace(report, failures=(replace(failure, stage="import"),)), MAC) == ()
