"""Which GPUs the wheels have code for: what is read of them, what is kept, and what the rules must say of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from support import fatbins
from support.matrix import shipped
from tfsetup.errors import InvalidFileError, NetworkError
from tfsetup.loader.bytes import Memory
from tfsetup.loader.files.archive import Archive, read_archive
from tfsetup.loader.gpu.scan import scan
from tfsetup.loader.gpu.targets import read_target
from tfsetup.matrix.file.rows import Matrix, Rule
from tfsetup.upkeep.gpucode.evidence import (
    Evidence,
    Library,
    Plan,
    Subject,
    Wheel,
    evidence_of,
    library,
    parse_plan,
    read_evidence,
    render_evidence,
)
from tfsetup.upkeep.gpucode.judge import judge, served
from tfsetup.upkeep.gpucode.read import KEPT, read_code, shipped_evidence, shipped_plan
from tfsetup.upkeep.index.snapshot import File

CUDA, ROCM = "linux-x86_64-cuda", "linux-x86_64-rocm"
PLAN = shipped_plan()


def kept() -> Evidence:
    found = shipped_evidence()
    assert found is not None
    return found


def matrix_with(row_id: str, change: Callable[[Rule], Rule | None]) -> Matrix:
    """The shipped matrix, and each rule of one row as `change` makes it; None takes it out."""
    rows = tuple(
        replace(row, rules=tuple(new for rule in row.rules if (new := change(rule)))) if row.id == row_id else row
        for row in shipped().rows
    )
    return replace(shipped(), rows=rows)


def said(matrix: Matrix, evidence: Evidence | None = None, plan: Plan = PLAN) -> list[str]:
    return [words for _, words in judge(evidence or kept(), plan, matrix)]


# ----------------------------------------------------------------------------------------------------------- the rules


def test_the_rules_admit_what_the_wheels_have_code_for() -> None:
    assert said(shipped()) == []


def test_everything_that_the_plan_names_is_kept() -> None:
    have = {(wheel.distribution, wheel.version) for wheel in kept().wheels}
    assert {(subject.distribution, version) for subject in PLAN.wheels for version in subject.versions} <= have
    assert all(library.damaged == 0 for wheel in kept().wheels for library in wheel.libraries)


GPU_RULES = [
    rule
    for row in shipped().rows
    if row.id in {CUDA, ROCM}
    for rule in row.rules
    if (rule.capability, rule.capability_most, rule.on_capability) != (None, None, None) or rule.gfx
    if rule.capability != "3.5"  # CUDA 11 and older: no such wheel was read
]


@pytest.mark.parametrize("rule", GPU_RULES, ids=lambda rule: rule.because[:60])
def test_no_rule_about_gpus_can_be_left_out(rule: Rule) -> None:
    row = ROCM if rule.gfx else CUDA
    assert said(matrix_with(row, lambda one: None if one is rule else one))


def test_a_release_without_code_for_a_gpu_must_not_be_given_to_it() -> None:
    matrix = matrix_with(CUDA, lambda rule: replace(rule, capability_most="99.0") if rule.capability_most else rule)
    found = said(matrix)
    assert "2.20.0 on GPUs of 12.0: admitted, and tensorflow 2.20.0 has no code for them" in found
    assert not any(words.startswith("2.21.0") for words in found)


def test_a_release_must_not_be_kept_from_a_gpu_that_it_has_code_for() -> None:
    matrix = matrix_with(CUDA, lambda rule: replace(rule, capability_most="8.9") if rule.capability_most else rule)
    assert "2.20.0 on GPUs of 9.0: kept out, and everything has code for them" in said(matrix)


def test_the_companion_that_a_resolver_would_take_counts() -> None:
    matrix = matrix_with(CUDA, lambda rule: replace(rule, add=(), warn=True) if rule.add else rule)
    newest = max((w.version for w in kept().wheels if w.distribution == "nvidia-cudnn-cu12"), key=_numbers)
    assert f"2.20.0 on GPUs of 7.0: admitted, and nvidia-cudnn-cu12 {newest} has no code for them" in said(matrix)
    assert not any("2.19.1" in words for words in said(matrix))  # which pins one that has


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def test_a_companion_of_which_nothing_was_read_serves_nobody() -> None:
    only = msgspec.structs.replace(kept(), wheels=tuple(w for w in kept().wheels if w.version != "9.3.0.75"))
    assert any("2.19.1" in words and "(none was read)" in words for words in said(shipped(), only))


def test_ptx_that_no_driver_of_the_rules_compiles() -> None:
    matrix = matrix_with(CUDA, lambda rule: None if rule.driver == "555.42" else rule)
    assert "2.20.0 on GPUs of 9.0: they get PTX that needs driver 555, and no rule says so" in said(matrix)


def test_nothing_but_ptx_must_be_told() -> None:
    silent = matrix_with(CUDA, lambda rule: replace(rule, verdict=None) if rule.verdict == "asked" else rule)
    assert "2.21.0 on GPUs of 12.0: they get nothing but PTX, and no rule says so" in said(silent)


def test_names_that_are_joined_in_a_list_are_not_served() -> None:
    (wheel,) = (w for w in kept().wheels if (w.distribution, w.version) == ("tensorflow-rocm", "2.14.0.600"))
    assert any("gfx1100" in lib.gfx() for lib in wheel.libraries)
    assert any(lib.joined == ("gfx1030gfx1100",) for lib in wheel.libraries)
    assert served(wheel) == {"gfx900", "gfx906", "gfx908", "gfx90a"}


def test_gpus_that_a_rule_names_and_the_wheel_does_not_serve() -> None:
    matrix = matrix_with(ROCM, lambda rule: replace(rule, gfx=(*rule.gfx, "gfx1100")) if rule.gfx else rule)
    assert any(words.startswith("2.14.0.600: the rules name gfx1100") for words in said(matrix))


def test_damaged_code_serves_nobody() -> None:
    wheels = [
        msgspec.structs.replace(w, libraries=tuple(msgspec.structs.replace(lib, damaged=1) for lib in w.libraries))
        for w in kept().wheels
    ]
    assert any(words.startswith("2.20.0 on GPUs of 8.0: admitted") for words in said(shipped(), evidence_of(wheels)))


# ------------------------------------------------------------------------------------------------------------ the file


def test_evidence_is_read_as_it_was_written() -> None:
    text = render_evidence(kept())
    assert read_evidence(text, "x") == kept()
    assert render_evidence(evidence_of(reversed(kept().wheels))) == text


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 1, "wheels": [], "more": 1}', '{"schema": 2, "wheels": []}'])
def test_what_is_no_evidence(text: str) -> None:
    with pytest.raises(InvalidFileError, match="evidence") as caught:
        read_evidence(text, "gpu-code.json")
    assert "matrix check --prove" in caught.value.hint


@pytest.mark.parametrize("text", ["[", "a: 1", "wheels: 3"])
def test_what_is_no_plan(text: str) -> None:
    with pytest.raises(InvalidFileError, match="no plan"):
        parse_plan(text, "gpucode.yaml")


def test_a_library_is_kept_with_the_commonest_first_and_read_as_it_was() -> None:
    made = [target for name in ("sm_80", "compute_90a@8.5") if (target := read_target(name))]
    data = fatbins.fatbin(made[:1]) + fatbins.fatbin(made) * 2 + fatbins.bundle(["gfx90a", "gfx900"])
    found = library("lib.so", scan(Memory(data)))
    assert found == Library(
        name="lib.so", fatbins={"compute_90a@8.5 sm_80": 2, "sm_80": 1}, bundles={"gfx900 gfx90a": 1}
    )
    assert found.targets() == [frozenset(made), frozenset(made[:1])]
    assert found.gfx() == {"gfx900", "gfx90a"}


# ------------------------------------------------------------------------------------------------------------- reading

SUBJECT = Subject(distribution="thing", versions=("1.0",), libraries=("libthing.so.1",), newest=True)
LIBRARY = fatbins.fatbin([target for name in ("sm_80",) if (target := read_target(name))])


def _file(version: str, tag: str = "cp312-cp312-manylinux_2_17_x86_64") -> File:
    name = f"thing-{version}-{tag}.whl"
    return File(filename=name, version=version, url=f"https://x/{name}", sha256=version)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The wheels that were opened, by name."""
    names: list[str] = []

    def open_all(addresses: dict[str, str]) -> list[tuple[str, Archive]]:
        names.extend(addresses)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("thing/libthing.so.1", LIBRARY)
            archive.writestr("thing/libother.so.1", LIBRARY)
        return [(name, read_archive(Memory(buffer.getvalue()))) for name in addresses]

    monkeypatch.setattr("tfsetup.loader.files.remote.open_all", open_all)
    return names


def pages(files: Sequence[File]) -> Callable[[list[str]], dict[str, Sequence[File]]]:
    return lambda names: dict.fromkeys(names, files)


def plan_of(*subjects: Subject) -> Plan:
    return msgspec.structs.replace(PLAN, wheels=subjects)


FILES = [
    _file("1.0", "cp39-cp39-manylinux_2_17_x86_64"),
    _file("1.0"),
    _file("1.0", "cp312-cp312-manylinux_2_17_aarch64"),
    _file("1.5"),
    _file("2.0"),
    _file("3.0rc1"),
]


def test_one_wheel_of_each_release_of_the_plan_and_the_newest_stable_one(opened: list[str], tmp_path: Path) -> None:
    found = read_code(shipped(), tmp_path, pages(FILES), plan=plan_of(SUBJECT), kept=None)
    assert opened == [FILES[1].filename, FILES[4].filename]
    assert (found.read, found.wheels) == (("thing 1.0", "thing 2.0"), ("thing 1.0", "thing 2.0"))
    written = read_evidence((tmp_path / Path(KEPT).name).read_text(), "x")
    assert [lib.name for lib in written.wheels[0].libraries] == ["thing/libthing.so.1"]


def test_a_wheel_that_is_kept_is_not_read_again(opened: list[str], tmp_path: Path) -> None:
    read_code(shipped(), tmp_path, pages(FILES), plan=plan_of(SUBJECT), kept=None)
    before = read_evidence((tmp_path / Path(KEPT).name).read_text(), "x")
    opened.clear()
    assert read_code(shipped(), tmp_path, pages(FILES), plan=plan_of(SUBJECT), kept=before).read == ()
    assert opened == []
    changed = [replace(file, sha256="another") if file.version == "2.0" else file for file in FILES]
    assert read_code(shipped(), tmp_path, pages(changed), plan=plan_of(SUBJECT), kept=before).read == ("thing 2.0",)


def test_nothing_is_read_where_the_index_is_not_asked(opened: list[str], tmp_path: Path) -> None:
    found = read_code(shipped(), tmp_path, None, plan=plan_of(SUBJECT), kept=kept())
    assert (found.verdict, opened, list(tmp_path.iterdir())) == ("not asked", [], [])
    assert len(found.wheels) == len(kept().wheels)


def test_what_the_rules_say_otherwise_is_told(opened: list[str], tmp_path: Path) -> None:
    wheel = Wheel(distribution="tensorflow", version="2.20.0", wheel="w", sha256="0", libraries=())
    found = read_code(shipped(), tmp_path, pages(FILES), plan=plan_of(SUBJECT), kept=evidence_of([wheel]))
    assert opened
    assert found.verdict == "differs"
    assert found.differences


@pytest.mark.usefixtures("opened")
def test_a_release_that_the_index_lacks_and_a_wheel_without_the_library(tmp_path: Path) -> None:
    missing = msgspec.structs.replace(SUBJECT, versions=("9.9",))
    with pytest.raises(NetworkError, match=r"no Linux wheel of thing 9\.9"):
        read_code(shipped(), tmp_path, pages(FILES), plan=plan_of(missing), kept=None)
    other = msgspec.structs.replace(SUBJECT, libraries=("libgone.so",))
    with pytest.raises(NetworkError, match="holds none of libgone"):
        read_code(shipped(), tmp_path, pages(FILES), plan=plan_of(other), kept=None)
