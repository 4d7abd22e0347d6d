"""One process a top-level package: nobody is helped or harmed by a package that it does not import."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.elf_build import Define, Library, build_elf
from support.fake_mac_tensorflow import FRAMEWORK, plans, tensorflow_files
from support.loading import SITE, Files, judge, module
from support.macho import Offered, Plan, Wanted, build
from tfsetup.host.model import Host
from tfsetup.loader.report import Report

MAC = Host(os="macos", os_version="14.4", arch="arm64")
SHARED = build_elf(Library(soname="libs-0a1b2c3d.so", defines=[Define(name="f")]))


GIVING: Files = {
    "aa/__init__.py": "from . import _x",
    "aa/_x.so": module("_x", "libs-0a1b2c3d.so", runpath="$ORIGIN/libs"),
    "aa/libs/libs-0a1b2c3d.so": SHARED,
}


def taking(source: str = "") -> Files:
    """Return a package that finds a library only where the package before it has brought it."""
    return {"zb/__init__.py": f"{source}\nfrom . import _y", "zb/_y.so": module("_y", "libs-0a1b2c3d.so")}


ON_WINDOWS = "import sys\nif sys.platform == 'win32':\n    import aa"
GUARDED = "try:\n    import aa\nexcept ImportError:\n    pass"


def failures(report: Report) -> list[tuple[str, str]]:
    return [(each.kind, each.image.removeprefix(f"{SITE}/")) for each in report.failures]


def test_a_package_is_not_helped_by_another() -> None:
    report = judge({**GIVING, **taking()})
    assert failures(report) == [("library-not-found", "zb/_y.so")]
    assert report.failures[0].message.startswith("libs-0a1b2c3d.so: cannot open shared object file")
    assert report.checked == ("aa/_x.so", "zb/_y.so")


@pytest.mark.parametrize(
    "source",
    [
        "import aa",
        "from aa import _x",
        GUARDED,
        "import pure",
        "import pure.deep",
    ],
)
def test_it_is_helped_by_what_it_imports(source: str) -> None:
    pure: Files = {"pure/__init__.py": "from . import inner", "pure/inner.py": "import aa", "pure/deep.py": ""}
    report = judge({**GIVING, **taking(source), **pure})
    assert (report.verdict, report.failures) == ("loads", ())
    assert report.images == 3
    assert report.checked == ("aa/_x.so", "zb/_y.so")


@pytest.mark.parametrize("source", ["def f():\n    import aa", "import absent", "aa = 1", ON_WINDOWS])
def test_what_is_imported_later_helps_nobody(source: str) -> None:
    assert failures(judge({**GIVING, **taking(source)})) == [("library-not-found", "zb/_y.so")]


def test_what_the_importer_of_a_module_imports_counts() -> None:
    files: Files = {"zb/__init__.py": "", "zb/api.py": "import aa\nfrom . import _y", "zb/_y.so": taking()["zb/_y.so"]}
    assert judge({**GIVING, **files}).verdict == "loads"


def test_what_imports_need_is_in_the_process_too() -> None:
    middle: Files = {
        "mm/__init__.py": "import aa\nfrom . import _m",
        "mm/_m.so": module("_m", "libs-0a1b2c3d.so"),
    }
    report = judge({**GIVING, **middle, **taking("import mm")})
    assert (report.verdict, report.images) == ("loads", 4)


def test_packages_that_import_each_other_are_judged_to_an_end() -> None:
    giving = {**GIVING, "aa/__init__.py": "from . import _x\nimport zb"}
    assert judge({**giving, **taking("import aa")}).verdict == "loads"


def test_who_imports_what_fails_is_not_blamed() -> None:
    broken = {path: data for path, data in GIVING.items() if "libs" not in path}
    report = judge({**broken, **taking("import aa")})
    assert failures(report) == [("library-not-found", "aa/_x.so")]
    (unseen,) = (each for each in report.not_covered if each.image is not None)
    assert (unseen.image, unseen.matters) == (f"{SITE}/zb/_y.so", False)
    assert unseen.reason.startswith("it is imported after aa, which fails, and by itself ends with: libs-0a1b2c3d.so: ")


def test_a_package_is_not_harmed_by_another() -> None:
    """Two libraries of one SONAME: the second has the function that its package calls."""
    one = build_elf(Library(soname="libq.so", defines=[Define(name="f")]))
    two = build_elf(Library(soname="libq.so", defines=[Define(name="f"), Define(name="extra")]))
    files: Files = {
        "aa/_x.so": module("_x", "libq.so", runpath="$ORIGIN", imports=("f",)),
        "aa/libq.so": one,
        "zb/_y.so": module("_y", "libq.so", runpath="$ORIGIN", imports=("extra",)),
        "zb/libq.so": two,
    }
    report = judge(files)
    assert (report.verdict, report.failures, report.images) == ("loads", (), 4)


def test_what_is_not_known_of_one_package_another_may_know() -> None:
    """Whether the system has libgomp.so.1 cannot be known, and need not where a package before has brought one."""
    gomp = build_elf(Library(soname="libgomp.so.1"))
    giving: Files = {"aa/_x.so": module("_x", "libgomp.so.1", runpath="$ORIGIN"), "aa/libgomp.so.1": gomp}
    files: Files = {"zb/__init__.py": "import aa\nfrom . import _y", "zb/_y.so": module("_y", "libgomp.so.1")}
    report = judge({**giving, **files})
    assert (report.verdict, report.not_covered) == ("loads", ())
    alone = judge({**giving, **files, "zb/__init__.py": "from . import _y"})
    assert [each.reason for each in alone.not_covered] == ["whether the system has libgomp.so.1"]
    assert alone.verdict == "undecided"


# ------------------------------------------------------------------------------------------------ after TensorFlow

FLAT = Plan(exports=[Offered(symbol="_PyInit__y")], imports=[Wanted(symbol="_TF_NewStatus", ordinal=-2)])


def beside(source: str) -> Files:
    return {"zb/__init__.py": f"{source}\nfrom . import _y", "zb/_y.so": build(FLAT)}


def tensorflow(broken: dict[str, Plan] | None = None) -> Files:
    return dict(tensorflow_files(broken))


def test_after_tensorflow_where_it_is_imported() -> None:
    report = judge({**tensorflow(), **beside("import tensorflow as tf")}, MAC)
    assert (report.verdict, report.failures) == ("loads", ())


def test_through_a_package_without_native_files() -> None:
    keras: Files = {"keras/__init__.py": "from keras import backend", "keras/backend.py": "import tensorflow as tf"}
    assert judge({**tensorflow(), **keras, **beside("import keras")}, MAC).verdict == "loads"


def test_without_tensorflow_where_it_is_not_imported() -> None:
    report = judge({**tensorflow(), **beside("")}, MAC)
    assert failures(report) == [("symbol-not-found", "zb/_y.so")]
    assert "symbol not found in flat namespace '_TF_NewStatus'" in report.failures[0].message


def test_after_an_import_that_fails_nobody_else_is_blamed() -> None:
    broken = plans()
    broken[FRAMEWORK] = replace(broken[FRAMEWORK], dylibs=[("@rpath/gone.dylib", "normal")])
    report = judge({**tensorflow(broken), **beside("import tensorflow")}, MAC)
    assert [each.stage for each in report.failures] == ["import"]
    assert [each.reason.partition(", and by")[0] for each in report.not_covered] == [
        "it is imported after tensorflow, which fails",
        *2 * ["the import of TensorFlow ends before"],
    ]


def test_the_rest_of_tensorflow_is_judged_after_its_import() -> None:
    more = build(Plan(exports=[Offered(symbol="_PyInit__more")], imports=FLAT.imports))
    report = judge({**tensorflow(), "tensorflow/_more.so": more, "tensorflow/more.py": "from . import _more"}, MAC)
    assert (report.verdict, report.checked[-1]) == ("loads", "tensorflow/_more.so")


def test_modules_that_tensorflow_opens_are_there_for_their_package() -> None:
    """NumPy's first module is opened by the import of TensorFlow, its others by nobody but NumPy."""
    first = Plan(exports=[Offered(symbol=name) for name in ("_PyInit__multiarray_umath", "_given")])
    later = Plan(exports=[Offered(symbol="_PyInit_mtrand")], imports=[Wanted(symbol="_given", ordinal=-2)])
    numpy: Files = {
        "numpy/__init__.py": "from numpy._core import _multiarray_umath\nfrom numpy.random import mtrand",
        "numpy/_core/_multiarray_umath.so": build(first),
        "numpy/random/mtrand.so": build(later),
    }
    report = judge({**tensorflow(), **numpy}, MAC)
    assert report.verdict == "loads"
    assert "numpy/_core/_multiarray_umath.so" in report.checked
    assert report.checked[-1] == "numpy/random/mtrand.so"


PRELOAD = "import ctypes, os\nctypes.CDLL(os.path.join(os.path.dirname(__file__), '../aa/libs/libs-0a1b2c3d.so'))"
UNCLEAR = "import ctypes\nfrom elsewhere import place\nctypes.CDLL(place())"


def test_it_is_helped_by_what_its_code_loads_before() -> None:
    report = judge({**GIVING, **taking(PRELOAD)})
    assert (report.verdict, report.failures, report.images) == ("loads", (), 3)


def test_what_its_code_may_have_loaded_leaves_it_undecided() -> None:
    report = judge({**GIVING, **taking(UNCLEAR)})
    assert (report.verdict, report.failures) == ("undecided", ())
    assert "libs-0a1b2c3d.so was not found; whether zb/__init__.py:3 (ctypes.CDLL) provides it" in [
        each.reason.partition(" cannot")[0] for each in report.not_covered if each.matters
    ]


def test_of_a_module_that_its_package_does_without_nothing_is_undecided() -> None:
    files: Files = {"zb/__init__.py": UNCLEAR, "zb/_y.so": taking()["zb/_y.so"]}
    report = judge({**files, "zb/use.py": "try:\n    from . import _y\nexcept ImportError:\n    _y = None"})
    assert not any("was not found" in each.reason for each in report.not_covered)
    assert [note.title for note in report.notes] == ["zb/_y.so does not load, and its package does without it"]
