"""Predictions that turn on which file an import takes, and on what the package's sources import on that machine."""

from __future__ import annotations

import pytest

from support.elf_build import Define, Library, build_elf
from support.wheels import wheel
from tfsetup.host.model import Host, Libc
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.machine import machine_of
from tfsetup.loader.preflight import preflight
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.question import Question
from tfsetup.loader.report import Report
from tfsetup.loader.shipped import load_knowledge, load_system

SITE = "/venv/lib/python3.11/site-packages"
LINUX = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"))


def native(*functions: str, needed: tuple[str, ...] = ()) -> bytes:
    return build_elf(Library(needed=needed, defines=[Define(name=name) for name in functions]))


def broken(leaf: str) -> bytes:
    return native(f"PyInit_{leaf}", needed=("$ORIGIN/gone.so",))


GOOD = {"p/good.so": native("PyInit_good")}


def judge(files: dict[str, bytes | str], host: Host = LINUX) -> Report:
    laid = wheel("p-1.0-py3-none-any.whl", {**GOOD, **files})
    view, machine = WheelView([laid], at=SITE), machine_of(host, "3.11")
    question = Question(files=view, site=SITE, machine=machine, python="3.11")
    process = new_process(machine, host, "3.11", Surroundings(files=view, macos=load_system(), prefix="/venv"))
    return preflight(question, process, load_knowledge())


@pytest.mark.parametrize("name", ["m.so", "m.abi3.so", "m.cpython-311-x86_64-linux-gnu.so"])
def test_a_library_where_a_module_should_be(name: str) -> None:
    report = judge({name: native("f")})
    (failure,) = report.failures
    assert (failure.kind, failure.image, failure.symbol) == ("symbol-not-found", f"{SITE}/{name}", "PyInit_m")
    assert failure.message == "dynamic module does not define module export function (PyInit_m)"
    assert failure.stage == "extension"


def test_a_module_under_another_name() -> None:
    report = judge({"p/__init__.py": "from . import _core", "p/_core.so": native("PyInit_other")})
    assert [each.symbol for each in report.failures] == ["PyInit__core"]


def test_a_module_under_another_name_that_its_package_does_without() -> None:
    source = "try:\n    from . import _core\nexcept ImportError:\n    _core = None\n"
    report = judge({"p/__init__.py": source, "p/_core.so": native("PyInit_other")})
    assert (report.verdict, report.failures) == ("loads", ())
    assert "(PyInit__core)" in report.notes[0].detail


def test_a_library_beside_sources_that_do_not_import_it_is_none() -> None:
    report = judge({"p/__init__.py": "import ctypes\n", "p/_core.so": native("f"), "p/libx.so": native("g")})
    assert (report.verdict, report.failures, report.notes) == ("loads", (), ())


def test_what_the_loader_refuses_comes_before_what_is_no_module() -> None:
    (failure,) = judge({"m.so": native("f", needed=("$ORIGIN/gone.so",))}).failures
    assert failure.kind == "library-not-found"


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        ({"p/__init__.py": "from . import a", "p/a.cpython-311-x86_64-linux-gnu.so": "bad", "p/a.so": "good"}, True),
        ({"p/__init__.py": "from . import a", "p/a.cpython-311-x86_64-linux-gnu.so": "good", "p/a.so": "bad"}, False),
        ({"p/__init__.py": "from . import a", "p/a.abi3.so": "bad", "p/a.so": "good"}, True),
        ({"p/__init__.py": "from . import a", "p/a.so": "bad", "p/a.py": "x = 1"}, True),
        ({"p/__init__.py": "from . import a", "p/a.so": "bad", "p/a/__init__.py": "x = 1"}, False),
        ({"p/__init__.py": "from . import a", "p/a.cpython-310-x86_64-linux-gnu.so": "bad", "p/a.py": "x"}, False),
    ],
)
def test_the_file_that_is_taken_decides(files: dict[str, str], *, taken: bool) -> None:
    made: dict[str, bytes | str] = {
        path: {"bad": broken("a"), "good": native("PyInit_a")}.get(text, text) for path, text in files.items()
    }
    assert judge(made).verdict == ("fails" if taken else "loads")


FOR_OTHERS = ("310-x86_64-linux-gnu", "311-aarch64-linux-gnu", "311-x86_64-linux-musl", "311d-x86_64-linux-gnu")


@pytest.mark.parametrize("tag", FOR_OTHERS)
def test_a_file_for_others_is_no_candidate(tag: str) -> None:
    report = judge({"p/__init__.py": "import p._core", f"p/_core.cpython-{tag}.so": native("PyInit__core")})
    (failure,) = report.failures
    assert (failure.kind, failure.message) == ("python-abi", "ModuleNotFoundError: No module named 'p._core'")


def test_a_package_that_asks_itself_for_a_file_for_others() -> None:
    name = "p/_core.cpython-310-x86_64-linux-gnu.so"
    (failure,) = judge({"p/__init__.py": "from . import _core", name: native("PyInit__core")}).failures
    assert failure.message.startswith("ImportError: cannot import name '_core' from partially initialized module 'p' ")
    assert failure.message.endswith(f"({SITE}/p/__init__.py)")


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("sys.platform == 'win32'", "loads"),
        ("sys.platform == 'linux'", "fails"),
        ("sys.version_info < (3, 9)", "loads"),
        ("sys.version_info >= (3, 9)", "fails"),
        ("platform.machine() == 'aarch64'", "loads"),
        ("os.environ.get('X')", "fails"),  # nobody knows: as if it held
        ("TYPE_CHECKING", "loads"),
    ],
)
def test_a_condition_that_the_machine_decides(condition: str, verdict: str) -> None:
    source = f"import os, platform, sys\nif {condition}:\n    from . import _n\n"
    assert judge({"p/__init__.py": source, "p/_n.so": broken("_n")}).verdict == verdict


LOOP = "import importlib\nfor name in names():\n    importlib.import_module('._' + name, __package__)\n"


def test_a_module_that_may_be_imported_by_a_name_made_at_run_time_is_undecided() -> None:
    report = judge({"p/__init__.py": LOOP, "p/_n.so": broken("_n")})
    assert report.verdict == "undecided"
    unseen = next(each for each in report.not_covered if each.matters)
    assert unseen.image == f"{SITE}/p/_n.so"
    assert unseen.reason.startswith("p/__init__.py:3 imports by a name made at run time, which may be this module")
    assert "gone.so: cannot open shared object file" in unseen.reason


def test_a_module_that_loads_needs_nobody_who_imports_it() -> None:
    report = judge({"p/__init__.py": LOOP, "p/_n.so": native("PyInit__n")})
    assert (report.verdict, [each for each in report.not_covered if each.matters]) == ("loads", [])


def test_on_musl_the_names_say_so() -> None:
    alpine = Host(os="linux", arch="x86_64", libc=Libc(name="musl", version="1.2"))
    source = {"p/__init__.py": "import p.m"}
    assert judge({**source, "p/m.cpython-311-x86_64-linux-gnu.so": native("PyInit_m")}, alpine).verdict == "fails"
    assert judge({**source, "p/m.cpython-311-x86_64-linux-musl.so": native("PyInit_m")}, alpine).verdict == "loads"
