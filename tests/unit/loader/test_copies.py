"""Two copies of one library in a process: what dyld makes one of, of which generation it is, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from support.macho import Offered, Plan, Wanted, build
from support.tree import Tree
from support.wheels import wheel
from tfsetup.host.model import Host
from tfsetup.loader.copies import clashes
from tfsetup.loader.dyld.process import DyldProcess
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.machine import machine_of
from tfsetup.loader.model import Clash, Mode, NotCovered
from tfsetup.loader.preflight import preflight
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.question import Question
from tfsetup.loader.report import Report, prediction_document
from tfsetup.loader.shipped import load_knowledge, load_system

SITE = "/venv/lib/python3.12/site-packages"
GUARD = "__ZGVZN6google8protobuf8internal12ShutdownData3getEvE4data"
OTHER_GUARD = "__ZGVZN6google8protobuf20FileDescriptorTables16GetEmptyInstanceEvE22file_descriptor_tables"
OLD = "__ZN6google8protobuf8internal10LogMessageC1ENS0_8LogLevelEPKci"
OLD_TOO = "__ZNK6google8protobuf8internal5AfterENS0_20stringpiece_internal11StringPieceE"
NEW = "__ZN6google8protobuf8internal8TcParser12MpVerifyUtf8ERKN4absl12lts_202501274CordE"
DEFINES, BINDS = 0x8000, 0x10000
BOTH = 0x85 | DEFINES | BINDS
KNOWN = load_knowledge().copies


def image(*generation: str, guards: tuple[str, ...] = (GUARD,), flags: int = BOTH, binds: bool = True) -> Plan:
    """Return an image with variables of a library, and functions that tell its generation."""
    return Plan(
        flags=flags,
        dylibs=[("/usr/lib/libSystem.B.dylib", "normal")],
        exports=[Offered(symbol=name) for name in ("_PyInit_x", *guards, *generation)],
        coalesced=guards if binds else (),
    )


def found(images: Mapping[str, Plan], *, local: str = "") -> tuple[list[Clash], list[NotCovered]]:
    process = DyldProcess(
        Mac(version=(14, 4)), Tree({f"{SITE}/{path}": build(plan) for path, plan in images.items()}), load_system()
    )
    for path in images:
        mode = Mode(scope="local") if path == local else Mode()
        assert process.dlopen(f"{SITE}/{path}", mode) is None
    return clashes(KNOWN, process, SITE)


def test_a_variable_of_two_generations_ends_the_process() -> None:
    (clash,), unseen = found({"a/x.so": image(NEW), "b/x.so": image(OLD)})
    assert clash == Clash(
        kind="weak-definitions",
        between=(f"{SITE}/a/x.so", f"{SITE}/b/x.so"),
        names=(GUARD,),
        consequence=(
            "a was built with protobuf 22 or newer and b with protobuf before 22, and macOS makes one of variables "
            'that both define: a process that imports both dies with "mutex lock failed: Invalid argument" or hangs '
            'with "RAW: Lock blocking", whichever is imported first.'
        ),
        fatal=True,
    )
    assert unseen == []


def test_one_generation_gets_along_with_itself() -> None:
    assert found({"a/x.so": image(OLD), "b/x.so": image(OLD_TOO)}) == ([], [])
    assert found({"a/x.so": image(NEW), "b/x.so": image(NEW)}) == ([], [])


def test_functions_alone_are_no_variables() -> None:
    shared = "__ZN6google8protobuf8internal19arena_delete_objectEPv"
    assert found({"a/x.so": image(NEW, guards=(shared,)), "b/x.so": image(OLD, guards=(shared,))}) == ([], [])


def test_variables_of_different_names_stay_apart() -> None:
    assert found({"a/x.so": image(NEW), "b/x.so": image(OLD, guards=(OTHER_GUARD,))}) == ([], [])


def test_only_images_that_take_part_are_coalesced() -> None:
    assert found({"a/x.so": image(NEW), "b/x.so": image(OLD, flags=0x85 | BINDS)}) == ([], [])


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        (BOTH, BOTH, True),
        (0x85 | DEFINES, BOTH, True),
        (BOTH, 0x85 | DEFINES, True),
        (0x85 | DEFINES, 0x85 | DEFINES, False),
    ],
)
def test_one_that_binds_to_weak_is_enough(first: int, second: int, *, meet: bool) -> None:
    """Which of them is imported first is the user's choice."""
    told, _ = found({"a/x.so": image(NEW, flags=first), "b/x.so": image(OLD, flags=second)})
    assert bool(told) is meet


def test_a_name_that_neither_lists_is_nobody_else_s() -> None:
    assert found({"a/x.so": image(NEW, binds=False), "b/x.so": image(OLD, binds=False)}) == ([], [])


def test_chained_fixups_list_them_as_imports() -> None:
    chained = replace(image(OLD, binds=False), chained=True, imports=[Wanted(symbol=GUARD, ordinal=-3)])
    told, _ = found({"a/x.so": image(NEW, binds=False), "b/x.so": chained})
    assert [clash.names for clash in told] == [(GUARD,)]
    aside = replace(chained, imports=[Wanted(symbol=GUARD, ordinal=-2)])
    assert found({"a/x.so": image(NEW, binds=False), "b/x.so": aside}) == ([], [])


def test_what_was_opened_locally_gives_nothing_and_takes_all_the_same() -> None:
    taking, giving = image(NEW, flags=0x85 | DEFINES), image(OLD)
    assert found({"a/x.so": taking, "b/x.so": giving}, local="a/x.so") == ([], [])
    told, _ = found({"a/x.so": taking, "b/x.so": giving}, local="b/x.so")
    assert len(told) == 1


def test_a_generation_that_cannot_be_read_is_told_and_decides() -> None:
    told, (unseen,) = found({"a/x.so": image(NEW), "b/x.so": image()})
    assert told == []
    assert unseen == NotCovered(
        reason="a and b share variables of protobuf, and which release of it this has is not known",
        image=f"{SITE}/b/x.so",
        matters=True,
    )


def test_files_of_one_package_were_built_together() -> None:
    assert found({"a/x.so": image(NEW), "a/y.so": image()}) == ([], [])


def test_each_pair_of_packages_is_told_once() -> None:
    two = (GUARD, OTHER_GUARD)
    images = {"a/x.so": image(NEW, guards=two), "b/x.so": image(OLD), "b/y.so": image(OLD, guards=two)}
    (first, second), _ = found(images | {"c/x.so": image(OLD)})
    assert [each.removeprefix(f"{SITE}/") for each in first.between] == ["a/x.so", "b/x.so", "b/y.so"]
    assert first.names == (OTHER_GUARD, GUARD)
    assert [each.removeprefix(f"{SITE}/") for each in second.between] == ["a/x.so", "c/x.so"]


# --------------------------------------------------------------------------------------------------------- OpenMP

RUNTIME = Plan(install_name="@rpath/libomp.dylib", exports=[Offered(symbol="___kmpc_fork_call")])


def runtimes(*paths: str, plan: Plan = RUNTIME) -> list[Clash]:
    """Return the clashes of runtimes at `paths`; each has a name of its own, as `delocate` gives one."""
    told, unseen = found({path: replace(plan, install_name=f"/DLC/{path}") for path in paths})
    assert unseen == []
    return told


def test_two_runtimes_end_the_process_where_both_start() -> None:
    (clash,) = runtimes("sklearn/.dylibs/libomp.dylib", "torch/lib/libiomp5.dylib")
    assert clash == Clash(
        kind="openmp",
        between=(f"{SITE}/sklearn/.dylibs/libomp.dylib", f"{SITE}/torch/lib/libiomp5.dylib"),
        names=("__kmpc_fork_call",),
        consequence=(
            'Where both start in one process, the second ends it: "OMP: Error #15: Initializing libiomp5.dylib, but '
            'found libomp.dylib already initialized."'
        ),
    )


def test_one_package_s_runtimes_are_its_own_affair() -> None:
    assert runtimes("torch/lib/libomp.dylib", "torch/.dylibs/libomp.dylib") == []


def test_a_runtime_is_known_by_what_it_exports() -> None:
    assert runtimes("a/libomp.dylib", "b/libomptarget.dylib", plan=replace(RUNTIME, exports=())) == []
    assert runtimes("a/libgomp.1.dylib", "b/libgomp.1.dylib") == []


# -------------------------------------------------------------------------------------------------- the prediction


def judged(images: Mapping[str, Plan]) -> Report:
    """Return the prediction for a wheel a package."""
    packages = dict.fromkeys(path.partition("/")[0] for path in images)
    wheels = [
        wheel(
            f"{package}-1.0-cp312-cp312-macosx_12_0_arm64.whl",
            {path: build(plan) for path, plan in images.items() if path.startswith(f"{package}/")},
        )
        for package in packages
    ]
    view, machine = WheelView(wheels, at=SITE), machine_of(Host(os="macos", os_version="14.4", arch="arm64"), "3.12")
    names = tuple(name for name, _ in wheels)
    question = Question(files=view, site=SITE, machine=machine, python="3.12", wheels=names)
    around = Surroundings(files=view, macos=load_system(), prefix="/venv")
    return preflight(question, new_process(machine, Host(os="macos", arch="arm64"), "3.12", around), load_knowledge())


def test_a_clash_that_ends_the_process_is_no_yes() -> None:
    report = judged({"a/x.so": image(NEW), "b/x.so": image(OLD)})
    (clash,) = report.clashes
    assert (report.verdict, report.failures, report.notes) == ("fails", (), ())
    assert report.reasons == (clash.consequence,)
    assert prediction_document(report).clashes[0].between == ("a/x.so", "b/x.so")


def test_what_cannot_be_told_makes_it_undecided() -> None:
    report = judged({"a/x.so": image(NEW), "b/x.so": image()})
    assert (report.verdict, report.clashes) == ("undecided", ())
    assert [each.image for each in report.not_covered] == [f"{SITE}/b/x.so"]


def test_two_runtimes_are_a_note() -> None:
    own = [("@loader_path/libomp.dylib", "normal")]
    images = {
        f"{package}/{name}": plan
        for package in ("a", "b")
        for name, plan in (
            ("x.so", Plan(dylibs=own, exports=[Offered(symbol="_PyInit_x")])),
            ("libomp.dylib", replace(RUNTIME, install_name=f"/DLC/{package}/libomp.dylib")),
        )
    }
    report = judged(images)
    assert report.verdict == "loads"
    assert [(clash.kind, clash.fatal) for clash in report.clashes] == [("openmp", False)]
    (note,) = report.notes
    assert note.title == "a/libomp.dylib and b/libomp.dylib do not get along"
    assert "OMP: Error #15" in note.detail
