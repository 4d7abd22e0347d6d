from __future__ import annotations

from typing import Any

import pytest

from support.elf_build import Define, Library, build_elf
from support.fake_mac_tensorflow import tensorflow_files
from support.macho import Offered, Plan, Wanted, build
from support.wheels import wheel
from tfsetup.host.model import Cpu, Host, Libc
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.machine import machine_of
from tfsetup.loader.model import LoadFailure
from tfsetup.loader.preflight import preflight
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.question import Question
from tfsetup.loader.remedies import parse_remedies, remedies_for
from tfsetup.loader.report import Report
from tfsetup.loader.shipped import load_knowledge, load_system

MAC = Host(os="macos", os_version="14.4", arch="arm64")
LINUX = Host(
    os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"), cpu=Cpu(brand="x", features=("avx", "avx2"))
)
SITE = "/venv/lib/python3.12/site-packages"
CTYPES = "import ctypes, os\n{call}ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libx.{end}'))\n"


def judge(files: dict[str, Any], host: Host) -> Report:
    view = WheelView([wheel("p-1.0-py3-none-any.whl", files)], at=SITE)
    machine = machine_of(host, "3.12")
    question = Question(files=view, site=SITE, machine=machine, python="3.12")
    process = new_process(machine, host, "3.12", Surroundings(files=view, macos=load_system(), prefix="/venv"))
    return preflight(question, process, load_knowledge())


def opened(end: str, before: str = "") -> str:
    return CTYPES.format(call=before, end=end)


SOUND = build_elf(Library(defines=[Define(name="x")]))
BROKEN = build_elf(Library(needed=["libgone-0a1b2c3d.so.1"]))


def test_a_library_that_code_opens_when_it_is_imported_is_judged() -> None:
    report = judge({"p/__init__.py": opened("so"), "p/libx.so": SOUND}, LINUX)
    assert (report.verdict, report.images, report.checked) == ("loads", 1, ("p/libx.so",))


def test_its_failure_is_that_of_the_package() -> None:
    report = judge({"p/__init__.py": opened("so"), "p/libx.so": BROKEN}, LINUX)
    (failure,) = report.failures
    assert (failure.kind, failure.stage, failure.image) == ("library-not-found", "extension", f"{SITE}/p/libx.so")
    assert failure.message == "libgone-0a1b2c3d.so.1: cannot open shared object file: No such file or directory"


def test_a_failure_that_is_caught_is_a_note() -> None:
    code = f"import ctypes\ntry:\n    {opened('so').splitlines()[0]}\n    {opened('so').splitlines()[1]}\n"
    report = judge({"p/__init__.py": code + "except OSError:\n    pass\n", "p/libx.so": BROKEN}, LINUX)
    assert report.failures == ()
    (note,) = report.notes
    assert note.title == "p/libx.so does not load, and its package goes on without it"
    assert note.detail.startswith(
        "p/__init__.py:4 opens it where a failure is caught. libgone-0a1b2c3d.so.1: cannot open"
    )


def test_a_failure_under_a_condition_that_is_not_known_leaves_it_open() -> None:
    code = "import foo\n" + opened("so").replace("ctypes.CDLL", "if foo.wants(): ctypes.CDLL")
    report = judge({"p/__init__.py": code, "p/libx.so": BROKEN}, LINUX)
    assert (report.verdict, report.failures) == ("undecided", ())
    (unseen,) = (each for each in report.not_covered if each.matters)
    assert unseen.image == f"{SITE}/p/libx.so"
    assert "p/__init__.py:3 opens it under a condition that is not known" in unseen.reason


def test_what_is_opened_when_it_is_used_is_listed() -> None:
    code = "import ctypes, os\ndef use():\n    " + opened("so").splitlines()[1]
    report = judge({"p/__init__.py": code, "p/libx.so": BROKEN, "p/m.so": SOUND}, LINUX)
    assert report.failures == ()
    reasons = {each.image: each.reason for each in report.not_covered}
    assert reasons[f"{SITE}/p/libx.so"] == "p/__init__.py:3 opens it when it is used, not by an import"


def test_a_call_that_is_not_understood_is_told_with_the_files_it_may_mean() -> None:
    code = "import ctypes, os, foo\nctypes.CDLL(os.path.join(os.path.dirname(__file__), foo.name()))\n"
    report = judge({"p/__init__.py": code, "p/liba.so": SOUND, "p/libb.so": SOUND}, LINUX)
    told = {each.image: each.reason for each in report.not_covered if each.image}
    assert set(told) == {f"{SITE}/p/liba.so", f"{SITE}/p/libb.so"}
    assert set(told.values()) == {
        "p/__init__.py:2 opens a library by a path that is put together at run time (ctypes.CDLL)"
    }
    unknown = judge({"p/__init__.py": "import ctypes, foo\nctypes.CDLL(foo.path())\n", "p/liba.so": SOUND}, LINUX)
    assert "p/__init__.py:2 opens a library" in next(each.reason for each in unknown.not_covered if not each.image)


def test_a_file_that_is_not_there_and_nobody_catches_it() -> None:
    report = judge({"p/__init__.py": opened("so"), "p/other.so": SOUND}, LINUX)
    (failure,) = report.failures
    assert failure.message == f"{SITE}/p/libx.so: cannot open shared object file: No such file or directory"


OPS = "import tensorflow as tf\nfrom tensorflow.python.platform import resource_loader\n"
LOAD = "ops = tf.load_op_library(resource_loader.get_path_to_datafile('x.so'))\n"


def operations(symbol: str) -> bytes:
    return build(Plan(imports=[Wanted(symbol=symbol, ordinal=-2)], dylibs=[], install_name="@rpath/x.so"))


def test_operations_are_opened_after_tensorflow_and_in_its_words() -> None:
    files = {**tensorflow_files(), "ops/__init__.py": OPS + LOAD, "ops/x.so": operations("_TF_NewStatus")}
    assert judge(files, MAC).verdict == "loads"
    report = judge({**files, "ops/x.so": operations("_TF_Gone")}, MAC)
    (failure,) = report.failures
    assert failure.message == f"dlopen({SITE}/ops/x.so, 0x0006): symbol not found in flat namespace '_TF_Gone'"


def test_operations_without_tensorflow_are_not_decided() -> None:
    report = judge({"ops/__init__.py": OPS + LOAD, "ops/x.so": operations("_TF_NewStatus")}, MAC)
    assert (report.verdict, report.images) == ("undecided", 0)
    assert "it is opened by tensorflow, which is not in the set" in {each.reason for each in report.not_covered}


def openmp(*rpaths: str) -> bytes:
    return build(
        Plan(install_name="@rpath/libx.dylib", dylibs=[("@rpath/libomp.dylib", "normal")], rpaths=list(rpaths))
    )


def test_a_mac_without_openmp_is_told_what_brings_it() -> None:
    report = judge({"p/__init__.py": opened("dylib"), "p/libx.dylib": openmp("/opt/homebrew/opt/libomp/lib")}, MAC)
    assert "Library not loaded: @rpath/libomp.dylib" in report.failures[0].message
    (note,) = report.notes
    assert note.title == "libomp.dylib is to be installed: brew install libomp"
    assert note.detail == "p/libx.dylib needs LLVM's OpenMP runtime, which is no part of macOS."


def test_a_remedy_that_would_not_be_looked_at_is_not_told() -> None:
    report = judge({"p/__init__.py": opened("dylib"), "p/libx.dylib": openmp("/opt/elsewhere")}, MAC)
    assert "Library not loaded: @rpath/libomp.dylib" in report.failures[0].message
    assert report.notes == ()


@pytest.mark.parametrize(
    ("system", "kind", "library", "helps"),
    [
        ("macos", "library-not-found", "@rpath/libomp.dylib", True),
        ("linux", "library-not-found", "@rpath/libomp.dylib", False),
        ("macos", "symbol-not-found", "@rpath/libomp.dylib", False),
        ("macos", "library-not-found", "@rpath/libgomp.dylib", False),
    ],
)
def test_a_remedy_is_for_one_library_of_one_system(system: Any, kind: Any, library: str, *, helps: bool) -> None:
    remedies = parse_remedies(
        {"remedy": [{"system": "macos", "library": "libomp.dylib", "what": "w", "do": "d", "folders": ["/b/"]}]}
    )
    failures = [LoadFailure(kind=kind, image=image, library=library, message="/b/libomp.dylib") for image in "aab"]
    found = list(remedies_for(remedies, system, failures))
    assert found == ([(remedies[0], ("a", "b"))] if helps else [])


def test_a_module_outside_of_packages_keeps_its_library_elsewhere() -> None:
    code = (
        "import os\nfrom cffi import FFI\nimport _x_data\n"
        "lib = FFI().dlopen(os.path.join(os.path.dirname(_x_data.__file__), 'libx.so'))\n"
    )
    files = {"x.py": code, "_x_data/__init__.py": "", "_x_data/libx.so": BROKEN}
    (failure,) = judge(files, LINUX).failures
    assert failure.image == f"{SITE}/_x_data/libx.so"


def test_no_source_is_read_where_nothing_is_left() -> None:
    code = "import ctypes, foo\nctypes.CDLL(foo.path())\n"
    assert judge({"p/__init__.py": code}, LINUX).verdict == "undecided"
    assert [each.reason for each in judge({"p/__init__.py": code}, LINUX).not_covered] == [
        "no native file of the set was judged"
    ]


def test_offered_symbols_help() -> None:
    """The plan of a library that has what is wanted loads: what is refused above is refused for its symbol."""
    whole = build(Plan(install_name="@rpath/libx.dylib", dylibs=[], exports=[Offered(symbol="_x")]))
    assert judge({"p/__init__.py": opened("dylib"), "p/libx.dylib": whole}, MAC).verdict == "loads"
