"""What the cases do not show: what a process remembers, what is unknown of macOS, how searches are laid out."""

from __future__ import annotations

import pytest

from support.macho import Offered, Plan, Wanted, build
from support.tree import Tree
from tfsetup.loader.dyld import words
from tfsetup.loader.dyld.process import DyldProcess
from tfsetup.loader.dyld.runtimes import has_always, narrow_twin
from tfsetup.loader.dyld.search import Candidate, Request, candidates, link, main_link
from tfsetup.loader.dyld.system import System, parse_system
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.model import Mode
from tfsetup.loader.shipped import load_system

NOW = Mode()
SYSTEM = load_system()
LIBSYSTEM = ("/usr/lib/libSystem.B.dylib", "normal")


def process(files: dict[str, Plan], mac: Mac | None = None, system: System = SYSTEM) -> DyldProcess:
    return DyldProcess(mac or Mac(version=(14, 4)), Tree({path: build(plan) for path, plan in files.items()}), system)


def test_images_are_counted_once_and_those_of_macos_not() -> None:
    run = process({"/S/a.so": Plan(dylibs=[LIBSYSTEM, ("/S/b.dylib", "normal")]), "/S/b.dylib": Plan()})
    assert run.images == 0
    assert run.dlopen("/S/a.so", NOW) is None
    assert run.dlopen("/S/a.so", NOW) is None
    assert run.dlopen("/S/b.dylib", NOW) is None
    assert run.images == 2


def test_a_failed_dlopen_leaves_nothing() -> None:
    run = process(
        {"/S/a.so": Plan(dylibs=[("/S/b.dylib", "normal")], imports=[Wanted(symbol="_f")]), "/S/b.dylib": Plan()}
    )
    failure = run.dlopen("/S/a.so", NOW)
    assert failure is not None
    assert (failure.kind, failure.image, failure.symbol) == ("symbol-not-found", "/S/a.so", "_f")
    assert (failure.library, run.images) == ("/S/b.dylib", 0)


def test_what_a_loaded_file_exports() -> None:
    run = process({"/S/a.so": Plan(exports=[Offered(symbol="_SE_InitPlugin")])})
    assert not run.exports("/S/a.so", "SE_InitPlugin")
    run.dlopen("/S/a.so", NOW)
    assert run.exports("/S/a.so", "SE_InitPlugin")
    assert not run.exports("/S/a.so", "_SE_InitPlugin")
    assert not run.exports("/S/nowhere.so", "SE_InitPlugin")


def test_opening_macos_own_library_is_no_failure() -> None:
    run = process({})
    assert run.dlopen("/usr/lib/libSystem.B.dylib", NOW) is None
    assert run.images == 0


@pytest.mark.parametrize("name", ["/usr/lib/libnew.dylib", "/System/Library/Frameworks/New.framework/New"])
def test_a_system_library_that_is_not_known_is_taken_as_present_and_said(name: str) -> None:
    run = process({"/S/a.so": Plan(dylibs=[(name, "normal")], imports=[Wanted(symbol="_anything")])})
    assert run.dlopen("/S/a.so", NOW) is None
    (unknown,) = run.not_covered
    assert name in unknown.reason
    assert not unknown.matters


def test_a_system_library_that_came_later_is_missing_before() -> None:
    system = parse_system({"since": {"13.0": ["/usr/lib/liblate.dylib"]}})
    files = {"/S/a.so": Plan(dylibs=[("/usr/lib/liblate.dylib", "normal")])}
    assert process(files, Mac(version=(13, 1)), system).dlopen("/S/a.so", NOW) is None
    failure = process(files, Mac(version=(12, 6)), system).dlopen("/S/a.so", NOW)
    assert failure is not None
    assert "'/usr/lib/liblate.dylib' (no such file)" in failure.message


def test_both_spellings_of_a_framework_are_known() -> None:
    for name in ("Foundation.framework/Versions/C/Foundation", "Foundation.framework/Foundation"):
        assert SYSTEM.has_library(Mac(version=(12, 0)), f"/System/Library/Frameworks/{name}") is True


NEWER = Plan(minos="15.0", dylibs=[LIBSYSTEM], imports=[Wanted(symbol="_brand_new"), Wanted(symbol="_old")])


@pytest.mark.parametrize(("version", "matters"), [((14, 4), True), ((15, 0), False), ((26, 0), False)])
def test_a_file_for_a_newer_macos_is_in_doubt_where_it_takes_what_may_not_be_there(
    version: tuple[int, int], matters: bool
) -> None:
    system = parse_system({"always": ["/usr/lib/libSystem.B.dylib"]}, "_old\n")
    run = process({"/S/a.so": NEWER}, Mac(version=version), system)
    assert run.dlopen("/S/a.so", NOW) is None
    assert [each.matters for each in run.not_covered] == [True] * matters
    if matters:
        assert (
            run.not_covered[0].reason == "it was built for macOS 15.0; whether this macOS has _brand_new is not known"
        )


@pytest.mark.parametrize("version", [(10, 9), (10, 15), (11, 0), (26, 0)])
@pytest.mark.parametrize("name", ["libSystem.B", "libc++.1", "libc++abi", "libobjc.A", "libz.1"])
def test_a_library_without_a_known_beginning_is_on_every_macos(name: str, version: tuple[int, int]) -> None:
    assert SYSTEM.has_library(Mac(version=version), f"/usr/lib/{name}.dylib") is True


@pytest.mark.parametrize(
    ("section", "version", "there"),
    [
        ("always", (10, 9), True),
        ("since", (12, 6), False),
        ("since", (13, 0), True),
        ("by", (12, 6), None),
        ("by", (13, 0), True),
        ("by", (26, 0), True),
    ],
)
def test_a_table_of_libraries_has_edges(section: str, version: tuple[int, int], there: bool | None) -> None:
    paths = ["/usr/lib/libx.dylib", "/System/Library/Frameworks/X.framework/Versions/A/X"]
    system = parse_system({section: paths if section == "always" else {"13.0": paths}})
    assert [system.has_library(Mac(version=version), path) for path in paths] == [there, there]
    assert system.has_library(Mac(version=version), "/usr/lib/libother.dylib") is None
    assert system.has_library(Mac(version=version), "/opt/lib/libx.dylib") is False


LATE = parse_system({}, late="# why\n13.3 _f\n<26.0 _g\n14.0 __ZNSt3__13pmr*\n13.3 *$NEW\n")


@pytest.mark.parametrize(
    ("version", "symbol", "lacking", "sure"),
    [
        ((13, 2), "_f", True, False),
        ((13, 3), "_f", False, True),
        ((15, 6), "_g", True, False),
        ((26, 0), "_g", False, False),  # when it came is not known
        ((13, 6), "__ZNSt3__13pmr20get_default_resourceEv", True, False),
        ((14, 0), "__ZNSt3__13pmr20get_default_resourceEv", False, True),
        ((13, 2), "_dgemm$NEW", True, False),
        ((13, 2), "_dgemm$NEWER", False, False),
        ((13, 2), "_ff", False, False),
        ((13, 2), "_why", False, False),
    ],
)
def test_what_came_late_is_lacking_before(version: tuple[int, int], symbol: str, lacking: bool, sure: bool) -> None:
    mac = Mac(version=version)
    assert LATE.lacking(mac).has(symbol) is lacking
    assert LATE.lacking(mac).of({symbol.encode(), b"_other"}) == ({symbol.encode()} if lacking else set())
    assert LATE.surely_exports(mac, symbol) is sure


def test_nothing_is_lacking_on_the_newest_macos() -> None:
    lacking = SYSTEM.lacking(Mac(version=(26, 0)))
    assert lacking.of({b"_f", b"___cxa_init_primary_exception", b"_dgemm$NEWLAPACK"}) == set()


def test_every_line_of_what_came_late_has_a_release_and_a_name() -> None:
    assert len({(each.part, each.text) for each in SYSTEM.late}) == len(SYSTEM.late)
    for each in SYSTEM.late:
        assert (10, 13) <= each.since <= (26, 0)
        assert each.text.startswith("$" if each.part == "end" else "_")
        assert "*" not in each.text
        assert len(each.text) > len("__ZNS")  # no table of half the library


def test_of_macos_11_nothing_is_known() -> None:
    system = parse_system({"always": ["/usr/lib/libSystem.B.dylib"]}, "_old\n_brand_new\n")
    assert system.surely_exports(Mac(version=(12, 0)), "_old")
    assert not system.surely_exports(Mac(version=(11, 7)), "_old")


@pytest.mark.parametrize(
    ("symbol", "always"),
    [
        ("__ZTIl", True),
        ("__ZTIPv", True),
        ("__ZTIPKd", True),
        ("__ZTSDn", True),
        ("__ZTIDi", True),
        ("__ZTVN10__cxxabiv120__si_class_type_infoE", True),
        ("__ZTIn", False),  # of 128 bits: libc++ exports it since version 19
        ("__ZTIDu", False),
        ("__ZTIN10__cxxabiv117__class_type_infoE", False),
        ("__ZTIKl", False),
        ("__ZTIPPl", False),
        ("__ZTVl", False),
        ("__ZTIN3own4NameE", False),
        ("_l", False),
    ],
)
def test_type_information_of_built_in_types_is_in_every_macos(symbol: str, *, always: bool) -> None:
    assert has_always(symbol) is always
    assert parse_system({}).surely_exports(Mac(version=(10, 13)), symbol) is always


OSTREAM = "__ZNSt3__113basic_ostreamI{0}NS_11char_traitsI{0}EEE"
STRING = "__ZNSt3__112basic_stringI{0}NS_11char_traitsI{0}EENS_9allocatorI{0}EEE"


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (STRING.format("w") + "6assignEPKw", STRING.format("c") + "6assignEPKc"),
        (STRING.format("w") + "9push_backEw", STRING.format("c") + "9push_backEc"),
        (STRING.format("w") + "C1ERKS5_mmRKS4_", STRING.format("c") + "C1ERKS5_mmRKS4_"),
        (STRING.format("w") + "D1Ev", STRING.format("c") + "D1Ev"),
        (OSTREAM.format("w") + "lsEi", OSTREAM.format("c") + "lsEi"),
        ("__ZNSt3__113basic_filebufIwNS_11char_traitsIwEEEC1Ev", None),  # instantiated for char alone
        (STRING.format("c") + "6assignEPKc", None),
        ("__ZN3own12basic_stringIwE6assignEPKw", None),
    ],
)
def test_what_the_library_instantiates_for_char_it_does_for_wide_characters(wide: str, narrow: str | None) -> None:
    assert narrow_twin(wide) == narrow
    system = parse_system({}, narrow or "_f")
    assert system.surely_exports(Mac(version=(12, 0)), wide) is (narrow is not None)
    assert not system.surely_exports(Mac(version=(11, 0)), wide)


AHEAD = Plan(minos="26.0", dylibs=[LIBSYSTEM, ("/usr/lib/libobjc.A.dylib", "normal")], imports=[Wanted(symbol="_x")])


@pytest.mark.parametrize(
    ("minos", "weak", "library", "known"),
    [
        ("13.0", False, LIBSYSTEM, True),
        ("15.5", False, LIBSYSTEM, True),
        ("15.6", False, LIBSYSTEM, False),  # as new as the macOS that lacks it
        ("13.0", True, LIBSYSTEM, False),  # it goes without
        ("13.0", False, ("/usr/lib/libz.1.dylib", "normal"), False),  # of another library
    ],
)
def test_what_an_older_image_cannot_do_without_is_there(
    minos: str, library: tuple[str, str], *, weak: bool, known: bool
) -> None:
    older = Plan(minos=minos, dylibs=[library], imports=[Wanted(symbol="_x", weak=weak)])
    run = process({"/S/old.so": older, "/S/new.so": AHEAD}, Mac(version=(15, 5)))
    assert run.dlopen("/S/new.so", NOW) is None
    assert [each.matters for each in run.not_covered] == [True]
    both = process({"/S/old.so": older, "/S/new.so": AHEAD}, Mac(version=(15, 5)))
    assert both.dlopen("/S/old.so", NOW) is None
    before = len(both.not_covered)
    assert both.dlopen("/S/new.so", NOW) is None
    assert (len(both.not_covered) == before) is known


def test_a_repeated_rpath_of_an_older_sdk_is_in_doubt_on_15_4() -> None:
    plan = Plan(sdk="13.0", rpaths=["@loader_path/x", "@loader_path/x"])
    run = process({"/S/a.so": plan}, Mac(version=(15, 5)))
    assert run.dlopen("/S/a.so", NOW) is None
    assert [each.matters for each in run.not_covered] == [True]


@pytest.mark.parametrize(
    ("symbol", "there"),
    [
        ("_objc_msgSend", True),
        ("_OBJC_CLASS_$_NSString", True),
        ("_MTLCreateSystemDefaultDevice", True),
        ("___stack_chk_fail", True),
        ("_CVPixelBufferGetWidth", True),
        ("_FSPathMakeRef", True),  # CarbonCore's, which PyObjC looks up in every image
        ("_AXUIElementGetTypeID", True),
        ("_AudioObjectGetPropertyData", True),
        ("_CVODE_create", False),
        ("_CTC_decode", False),
        ("_LSTMCell_forward", False),
        ("_Audiofile", False),
        ("___memcpy_chk", True),
        ("___cxa_throw", True),
        ("__Znwm", True),
        ("__ZdlPv", True),
        ("__ZNSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE6appendEPKc", True),
        ("__ZNKSt3__16locale9has_facetERNS0_2idE", True),
        ("__ZTVN10__cxxabiv117__class_type_infoE", True),
        ("__ZTISt9exception", True),
        ("__ZTIi", True),
        ("_f", False),
        ("_TF_NewStatus", False),
        ("_PyInit_x", False),
        ("__ZN10tensorflow16TensorShapeProtoC1ERKS0_", False),
        ("__ZN4absl12lts_2023080210StatusCodeE", False),
        ("__ZTVN10tensorflow8OpKernelE", False),
        ("__ZNSt3__16vectorIN10tensorflow6TensorENS_9allocatorIS2_EEE9push_backERKS2_", False),
    ],
)
def test_which_names_macos_may_export(symbol: str, there: bool) -> None:
    assert parse_system({}).may_export(symbol) is there
    assert parse_system({}, symbol).may_export(symbol)


PATHS = ("/S/site/p.so", ["@loader_path/x", "relative", "@executable_path/../lib", "/opt/y/"])


def paths(mac: Mac, name: str, **changes: object) -> list[str]:
    request = Request(name=name, chain=(link(*PATHS), main_link(mac)), **changes)  # type: ignore[arg-type]
    return [each.path for each in candidates(mac, request)]


def test_the_rpaths_of_one_link_in_order() -> None:
    mac = Mac(version=(14, 4), executable="/venv/bin/python3")
    assert paths(mac, "@rpath/l.dylib", sdk=(14, 0, 0)) == [
        "/S/site/x/l.dylib",
        "relative/l.dylib",
        "/venv/lib/l.dylib",
        "/opt/y/l.dylib",
        "/System/Volumes/Preboot/Cryptexes/OS/opt/y/l.dylib",
    ]


def test_a_hardened_process_expands_less_and_falls_back_to_less() -> None:
    mac = Mac(version=(14, 4), hardened=True, executable="/venv/bin/python3", library_path=("/override",))
    assert paths(mac, "@rpath/l.dylib", sdk=(13, 0, 0)) == [
        "/S/site/x/l.dylib",
        "/opt/y/l.dylib",
        "/System/Volumes/Preboot/Cryptexes/OS/opt/y/l.dylib",
        "/usr/lib/l.dylib",
    ]
    assert paths(mac, "@executable_path/l.dylib", sdk=(14, 0, 0)) == []


@pytest.mark.parametrize(
    ("mac", "changes", "fallbacks"),
    [
        (Mac(version=(14, 4)), {"sdk": (13, 3, 0)}, ["/usr/local/lib/l.dylib", "/usr/lib/l.dylib"]),
        (Mac(version=(14, 4)), {"sdk": None}, ["/usr/local/lib/l.dylib", "/usr/lib/l.dylib"]),
        (Mac(version=(14, 4)), {"sdk": (14, 0, 0)}, []),
        (Mac(version=(14, 4)), {"argument": True}, []),
        (Mac(version=(12, 6)), {"sdk": (14, 0, 0)}, ["/usr/local/lib/l.dylib", "/usr/lib/l.dylib"]),
        (Mac(version=(14, 4), fallback_library_path=("/f/",)), {}, ["/f/l.dylib"]),
    ],
)
def test_fallbacks(mac: Mac, changes: dict[str, object], fallbacks: list[str]) -> None:
    request = Request(name="/a/l.dylib", chain=(main_link(mac),), **changes)  # type: ignore[arg-type]
    assert [each.path for each in candidates(mac, request) if each.fallback] == fallbacks


def test_frameworks_fall_back_to_frameworks() -> None:
    mac = Mac(version=(13, 0), framework_path=("/fw",))
    request = Request(name="/a/X.framework/Versions/A/X", chain=(main_link(mac),), sdk=(13, 0, 0))
    found = list(candidates(mac, request))
    assert found[0] == Candidate("/fw/X.framework/Versions/A/X", fallback=True)
    assert [each.path for each in found[-2:]] == [
        "/Library/Frameworks/X.framework/Versions/A/X",
        "/System/Library/Frameworks/X.framework/Versions/A/X",
    ]


def test_a_bare_leaf_given_to_dlopen() -> None:
    mac = Mac(version=(14, 4), executable="/venv/bin/python3", executable_rpaths=("@executable_path/../lib",))
    request = Request(name="libx.dylib", chain=(main_link(mac),), argument=True, sdk=(14, 0, 0))
    assert [each.path for each in candidates(mac, request)] == [
        "/venv/lib/libx.dylib",
        "/usr/lib/libx.dylib",
        "libx.dylib",
    ]


def test_absent_rpaths_in_the_words_of_each_macos() -> None:
    reasons = {
        (version, present): words.no_rpaths(Mac(version=version), present=present)
        for version in ((13, 0), (14, 0), (15, 0))
        for present in (False, True)
    }
    assert reasons[(13, 0), False] == reasons[(14, 0), True] == ""
    assert reasons[(14, 0), False] == reasons[(15, 0), False] == "no LC_RPATH's found"
    assert reasons[(15, 0), True].startswith("no LC_RPATH's used.  They may be invalid")


@pytest.mark.parametrize(
    ("mode", "number"),
    [
        (Mode(), 2),
        (Mode(now=False), 1),
        (Mode(scope="local"), 6),
        (Mode(scope="global"), 0xA),
    ],
)
def test_modes_as_dlfcn_h_numbers_them(mode: Mode, number: int) -> None:
    assert words.mode_number(mode) == number


def test_a_damaged_signature_in_the_words_of_12_and_13() -> None:
    named = words.Named(path="/p.so", uuid="U")
    assert words.signature_damaged(Mac(version=(13, 0)), named, 0x4000, 16, 32) == (
        "code signature invalid in <U> '/p.so' (errno=1) sliceOffset=0x00004000, codeBlobOffset=0x00000010, "
        "codeBlobSize=0x00000020"
    )
    assert words.signature_damaged(Mac(version=(12, 3)), named, 0, 16, 32).endswith(
        "codeBlobSize=0x00000020 for '/p.so'"
    )


def test_the_table_of_symbols_holds_what_every_wheel_takes_from_macos() -> None:
    assert len(SYSTEM.symbols) > 1500
    assert {"_malloc", "_printf", "___chkstk_darwin", "_objc_msgSend", "__Znwm"} <= SYSTEM.symbols
    assert not {symbol for symbol in SYSTEM.symbols if symbol.startswith(("_Py", "_TF_", "#")) or " " in symbol}
