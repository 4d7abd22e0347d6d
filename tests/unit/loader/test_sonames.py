"""Two libraries of one name in a process: who is served by whose, and what comes of it."""

from __future__ import annotations

import pytest

from support.elf_build import Define, Import, Library, build_elf
from support.loading import SITE, Files, judge, module
from support.macho import Offered, Plan, Wanted, build
from tfsetup.host.model import Host, Libc
from tfsetup.loader.model import Clash
from tfsetup.loader.report import Report

MAC = Host(os="macos", os_version="14.4", arch="arm64")
MUSL = Host(os="linux", arch="x86_64", libc=Libc(name="musl", version="1.2"))


def library(*functions: str, soname: str = "libq.so") -> bytes:
    return build_elf(Library(soname=soname, defines=[Define(name=each) for each in functions]))


def brings(package: str, data: bytes, *calls: str, source: str = "", name: str = "libq.so") -> Files:
    """Return a package with a library of its own, beside the module that calls it."""
    return {
        f"{package}/__init__.py": f"{source}\nfrom . import _m",
        f"{package}/_m.so": module("_m", name, runpath="$ORIGIN", imports=calls),
        f"{package}/{name}": data,
    }


OLD, NEW = library("f"), library("f", "extra")
OLD_FIRST = (
    f"In one process the libq.so that is loaded first serves all who ask for one: after `import aa`, `import zb` ends "
    f"with: {SITE}/zb/_m.so: undefined symbol: extra"
)


def clash(report: Report) -> Clash:
    (found,) = report.clashes
    assert (found.kind, found.fatal) == ("same-soname", False)
    return found


def test_what_fails_after_the_other_is_told_and_decides_nothing() -> None:
    report = judge({**brings("aa", OLD, "f"), **brings("zb", NEW, "extra")})
    found = clash(report)
    assert (report.verdict, report.failures) == ("loads", ())
    assert {*found.between} == {f"{SITE}/aa/libq.so", f"{SITE}/zb/libq.so"}
    assert (found.names, found.consequence) == (("libq.so",), OLD_FIRST)
    (note,) = report.notes
    assert note.detail == OLD_FIRST
    assert note.title.endswith("do not get along")


def test_both_orders_are_tried() -> None:
    files = {**brings("aa", library("f", "one"), "one"), **brings("zb", library("f", "two"), "two")}
    said = clash(judge(files)).consequence
    assert "after `import aa`, `import zb` ends with: " in said
    assert "after `import zb`, `import aa` ends with: " in said


def test_where_either_does_it_is_told_too() -> None:
    said = clash(judge({**brings("aa", OLD, "f"), **brings("zb", NEW, "f")})).consequence
    assert said.endswith("serves all who ask for one: each package loads with either of them")


def test_one_content_under_one_name_is_no_clash() -> None:
    report = judge({**brings("aa", NEW, "f"), **brings("zb", NEW, "extra")})
    assert (report.clashes, report.images) == ((), 4)


def test_names_with_a_hash_do_not_meet() -> None:
    one, two = library("f", soname="libq-1a2b.so"), library("f", "extra", soname="libq-3c4d.so")
    files = {**brings("aa", one, "f", name="libq-1a2b.so"), **brings("zb", two, "extra", name="libq-3c4d.so")}
    assert judge(files).clashes == ()


def test_one_package_s_libraries_are_its_own_affair() -> None:
    """Another package reaches for the second of them; the two were built to live together."""
    files = {**brings("aa", OLD, "f"), "aa/deep/libq.so": NEW}
    files["zb/_m.so"] = module("_m", "libq.so", runpath="$ORIGIN/../aa/deep", imports=("f",))
    report = judge(files)
    assert (report.clashes, report.images) == ((), 4)


def test_names_of_one_pair_are_told_together() -> None:
    more = ("libr.so", library("g", soname="libr.so"), library("g", "h", soname="libr.so"))
    files = {**brings("aa", OLD, "f"), **brings("zb", NEW, "f")}
    for package, data in (("aa", more[1]), ("zb", more[2])):
        files |= {f"{package}/_r.so": module("_r", "libr.so", runpath="$ORIGIN"), f"{package}/libr.so": data}
    assert clash(judge(files)).names == ("libq.so", "libr.so")


def test_a_copy_of_a_library_of_the_system() -> None:
    """What asks for it is given the system's, and the copy where that was loaded first."""
    versions = ("libstdc++.so.6", "GLIBCXX_3.4")
    copy = build_elf(Library(soname="libstdc++.so.6", versions=versions))
    wanting = build_elf(
        Library(
            needed=("libstdc++.so.6",),
            defines=[Define(name="PyInit__m")],
            needs={"libstdc++.so.6": ["GLIBCXX_3.4.30"]},
            imports=[Import(name="f", version=("libstdc++.so.6", "GLIBCXX_3.4.30"))],
        )
    )
    files = brings("aa", copy, name="libstdc++.so.6")
    report = judge({**files, "zb/__init__.py": "from . import _m", "zb/_m.so": wanting})
    assert report.verdict == "loads"
    assert "after `import aa`, `import zb` ends with: " in clash(report).consequence
    assert "version `GLIBCXX_3.4.30' not found" in clash(report).consequence


# ---------------------------------------------------------------------------------------- of those that meet for sure


@pytest.mark.parametrize("source", ["import aa", "import mm", "try:\n    import aa\nexcept ImportError:\n    pass"])
def test_a_package_that_imports_the_other_fails(source: str) -> None:
    between: Files = {"mm/__init__.py": "import aa\nfrom . import _m", "mm/_m.so": module("_m")}
    report = judge({**brings("aa", OLD, "f"), **between, **brings("zb", NEW, "extra", source=source)})
    assert report.verdict == "fails"
    (failure,) = report.failures
    assert (failure.kind, failure.symbol, failure.stage) == ("symbol-not-found", "extra", "extension")
    assert clash(report).consequence == OLD_FIRST


@pytest.mark.parametrize("source", ["def f():\n    import aa", ""])
def test_one_that_imports_it_later_does_not(source: str) -> None:
    assert judge({**brings("aa", OLD, "f"), **brings("zb", NEW, "extra", source=source)}).failures == ()


def test_one_that_imports_it_behind_its_own_module_does_not() -> None:
    files = {**brings("aa", OLD, "f"), **brings("zb", NEW, "extra")}
    report = judge({**files, "zb/__init__.py": "from . import _m\nimport aa"})
    assert report.failures == ()
    assert clash(report).consequence == OLD_FIRST


def test_a_module_that_its_package_does_without_decides_nothing() -> None:
    guarded = "import aa\ntry:\n    from . import _m\nexcept ImportError:\n    pass"
    files = {**brings("aa", OLD, "f"), **brings("zb", NEW, "extra")}
    assert judge({**files, "zb/__init__.py": guarded}).failures == ()


# ------------------------------------------------------------------------------------------------- of other loaders


def apple(package: str, *exports: str, calls: str, install_name: str = "@rpath/libq.dylib") -> Files:
    own = Plan(install_name=install_name, exports=[Offered(symbol=each) for each in exports])
    asking = Plan(
        dylibs=[(install_name, "normal")],
        rpaths=["@loader_path"],
        exports=[Offered(symbol="_PyInit__m")],
        imports=[Wanted(symbol=calls, ordinal=1)],
    )
    return {f"{package}/_m.so": build(asking), f"{package}/libq.dylib": build(own)}


def test_macos_knows_install_names() -> None:
    files = {**apple("aa", "_f", calls="_f"), **apple("zb", "_f", "_extra", calls="_extra")}
    found = clash(judge(files, MAC))
    assert found.names == ("@rpath/libq.dylib",)
    assert "after `import aa`, `import zb` ends with: dlopen(" in found.consequence


def test_install_names_by_folder_do_not_meet() -> None:
    beside = "@loader_path/libq.dylib"
    files = {
        **apple("aa", "_f", calls="_f", install_name=beside),
        **apple("zb", "_f", "_extra", calls="_extra", install_name=beside),
    }
    assert judge(files, MAC).clashes == ()


def test_musl_knows_the_last_part_of_a_path() -> None:
    files = {**brings("aa", OLD, "f"), **brings("zb", NEW, "extra")}
    assert "Error relocating" in clash(judge(files, MUSL)).consequence
