from __future__ import annotations

from dataclasses import replace

import pytest

from support.elf_build import Define, Library, build_elf
from support.fake_mac_tensorflow import (
    FRAMEWORK,
    GUARD,
    PLUGIN,
    RUNTIME,
    TF2,
    for_arch,
    plans,
    plugin,
    tensorflow_files,
)
from support.macho import Offered, Plan, Wanted, build
from support.wheels import wheel
from tfsetup.ground.encode import encode
from tfsetup.host.model import Cpu, Host, Libc, Python
from tfsetup.loader.files.archive import Contents
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.machine import machine_of
from tfsetup.loader.preflight import preflight
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.question import Question
from tfsetup.loader.report import Report, prediction_document, summary
from tfsetup.loader.shipped import load_knowledge, load_system

MAC = Host(os="macos", os_version="14.4", arch="arm64")
SITE = "/venv/lib/python3.12/site-packages"
TF = "tensorflow-2.19.1-cp312-cp312-macosx_12_0_arm64.whl"
METAL = "tensorflow_metal-1.2.0-cp312-cp312-macosx_12_0_arm64.whl"
Wheel = tuple[str, Contents]


def judge(*wheels: Wheel, host: Host = MAC, python: str | None = None) -> Report:
    view = WheelView(wheels, at=SITE)
    names = tuple(name for name, _ in wheels)
    machine = machine_of(host, python)
    question = Question(files=view, site=SITE, machine=machine, python=python, wheels=names, conflicts=view.conflicts)
    process = new_process(machine, host, python, Surroundings(files=view, macos=load_system(), prefix="/venv"))
    return preflight(question, process, load_knowledge())


def metal(plan: Plan, filename: str = METAL) -> Wheel:
    return wheel(filename, {PLUGIN: build(plan)})


def test_a_pair_that_loads() -> None:
    report = judge(wheel(TF, tensorflow_files()), metal(plugin("_TF_NewStatus", "_TF_Old")))
    assert report.verdict == "loads"
    assert report.checked == (GUARD, RUNTIME, TF2, PLUGIN)
    assert (report.images, report.tensorflow, report.python) == (5, "2.19.1", "3.12")
    assert (report.failures, report.not_covered, report.notes) == ((), (), ())


def test_a_symbol_that_is_gone_ends_the_import() -> None:
    report = judge(wheel(TF, tensorflow_files()), metal(plugin("_TF_NewStatus", "_TF_Gone")))
    (failure,) = report.failures
    assert (failure.kind, failure.stage, failure.symbol) == ("symbol-not-found", "plugin", "_TF_Gone")
    assert failure.library == f"{SITE}/{RUNTIME}"
    assert failure.message == (
        f"dlopen({SITE}/{PLUGIN}, 0x0006): Symbol not found: _TF_Gone\n"
        f"  Referenced from: <{plugin().uuid}> {SITE}/{PLUGIN}\n"
        f"  Expected in:     <{plans()[RUNTIME].uuid}> {SITE}/{RUNTIME}"
    )


def test_a_runtime_that_calls_itself_something_else_is_not_found() -> None:
    files = tensorflow_files(runtime_name="bazel-out/bin/lib__pywrap_16.dylib")
    report = judge(wheel(TF.replace("2.19.1", "2.20.0"), files), metal(plugin("_TF_NewStatus")))
    (failure,) = report.failures
    assert (failure.kind, failure.stage) == ("library-not-found", "plugin")
    assert "Library not loaded: @rpath/_pywrap_tensorflow_internal.so" in failure.message
    assert [note.detail for note in report.notes] == [
        (
            f"{RUNTIME} calls itself bazel-out/bin/lib__pywrap_16.dylib, so a loader asked for "
            "@rpath/_pywrap_tensorflow_internal.so does not recognise it."
        )
    ]
    assert failure.message.count("/tensorflow-plugins/../nowhere/_pywrap_tensorflow_internal.so' (no such file)") == 2


def test_the_mode_of_the_runtime_follows_the_release() -> None:
    broken = {path: plan for path, plan in plans().items() if path != GUARD}
    broken[RUNTIME] = replace(broken[RUNTIME], imports=[Wanted(symbol="_gone", ordinal=-2)])
    local = judge(wheel(TF, tensorflow_files(broken)))
    assert local.failures[0].message.startswith(f"dlopen({SITE}/{RUNTIME}, 0x0006): symbol not found")
    flags = {"tensorflow/python/pywrap_dlopen_global_flags.py": ""}
    shared = judge(wheel(TF, {**tensorflow_files(broken), **flags}))
    assert shared.failures[0].message.startswith(f"dlopen({SITE}/{RUNTIME}, 0x000A): symbol not found")
    assert shared.failures[0].stage == "import"


def test_after_a_failed_import_no_plugin_is_opened() -> None:
    broken = plans()
    broken[FRAMEWORK] = replace(broken[FRAMEWORK], dylibs=[("@rpath/gone.dylib", "normal")])
    report = judge(wheel(TF, tensorflow_files(broken)), metal(plugin()))
    assert [failure.stage for failure in report.failures] == ["import"]
    assert PLUGIN not in report.checked


def test_a_plugin_without_entry_points_loads_and_is_noted() -> None:
    report = judge(wheel(TF, tensorflow_files()), metal(plugin("_TF_NewStatus", entry="_nothing")))
    assert report.verdict == "loads"
    assert [note.title for note in report.notes] == [f"{PLUGIN} offers nothing"]


def test_wheels_of_another_architecture_say_so_in_the_loaders_words() -> None:
    intel = wheel(TF, tensorflow_files(for_arch(plans(), "x86_64")))
    (first, *_rest) = judge(intel).failures
    assert first.kind == "wrong-architecture"
    assert "(have 'x86_64', need 'arm64e' or 'arm64')" in first.message


def test_wheels_of_another_system_are_refused_before_anything_is_read() -> None:
    linux = wheel(TF.replace("macosx_12_0_arm64", "manylinux_2_17_x86_64"), {"tensorflow/__init__.py": ""})
    report = judge(linux)
    (failure,) = report.failures
    assert (failure.kind, report.images) == ("wrong-architecture", 0)
    assert failure.message == f"{linux[0]} is not a supported wheel on this platform."


@pytest.mark.parametrize(
    ("filename", "python", "host", "kind"),
    [
        (TF, "3.11", MAC, "python-abi"),
        (TF.replace("12_0", "15_0"), "3.12", MAC, "os-too-old"),
        (TF, "3.12", replace(MAC, os_version="11.7"), "os-too-old"),
    ],
)
def test_tags_that_do_not_fit(filename: str, python: str, host: Host, kind: str) -> None:
    report = judge(wheel(filename, tensorflow_files()), host=host, python=python)
    assert report.failures[0].kind == kind
    assert report.failures[0].image == filename


def test_a_wheel_that_only_names_another_distribution_brings_nothing() -> None:
    shim = wheel("tensorflow_macos-2.15.1-cp311-cp311-macosx_12_0_arm64.whl", {})
    (failure,) = judge(shim).failures
    assert (failure.kind, failure.library) == ("library-not-found", "tensorflow")
    assert failure.message == "ModuleNotFoundError: No module named 'tensorflow'"


def test_a_plugin_alone_cannot_be_judged() -> None:
    report = judge(metal(plugin()))
    assert report.verdict == "undecided"
    assert [(each.reason, each.image, each.matters) for each in report.not_covered] == [
        ("there is a plugin and no TensorFlow to load it", None, True),
        ("no import, dependency or opening that was followed leads there", f"{SITE}/{PLUGIN}", False),
    ]


def test_other_extension_modules_are_opened_too() -> None:
    good = build(Plan(exports=[Offered(symbol="_PyInit_good")]))
    bad = build(Plan(exports=[Offered(symbol="_PyInit_bad")], dylibs=[("@loader_path/gone.dylib", "normal")]))
    other = build(Plan(dylibs=[("@loader_path/gone.dylib", "normal")]))
    files = {"p/good.cpython-312-darwin.so": good, "p/bad.abi3.so": bad, "p/libother.so": other}
    files["p/__init__.py"] = b"from . import bad"
    report = judge(wheel("p-1.0-cp312-cp312-macosx_12_0_arm64.whl", files))
    assert report.checked == ("p/bad.abi3.so", "p/good.cpython-312-darwin.so")
    (failure,) = report.failures
    assert (failure.stage, failure.image) == ("extension", f"{SITE}/p/bad.abi3.so")
    assert report.tensorflow is None


def test_a_module_for_other_pythons_only_cannot_be_imported() -> None:
    data = build(Plan(exports=[Offered(symbol="_PyInit_m"), Offered(symbol="_PyInit_n")]))
    files = {"p/m.cpython-310-darwin.so": data, "p/n.cpython-310-darwin.so": data, "p/n.cpython-312-darwin.so": data}
    files["p/__init__.py"] = b"from . import m, n"
    report = judge(wheel("p-1.0-py3-none-macosx_12_0_arm64.whl", files), python="3.12")
    assert [(each.kind, each.image) for each in report.failures] == [
        ("python-abi", f"{SITE}/p/m.cpython-310-darwin.so")
    ]
    assert report.failures[0].message.startswith("ImportError: cannot import name 'm' from partially initialized")


def test_two_wheels_with_one_library_are_noted() -> None:
    community = metal(plugin("_TF_Old"), "tensorflow_metal_plugin-0.4.1-cp312-cp312-macosx_12_0_arm64.whl")
    report = judge(wheel(TF, tensorflow_files()), metal(plugin("_TF_NewStatus")), community)
    (note,) = report.notes
    assert note.title == f"two wheels bring {PLUGIN}"
    assert METAL in note.detail


INTEL = Host(os="macos", os_version="14.4", arch="arm64", pythons=(Python(version="3.11.7", arch="x86_64"),))


@pytest.mark.parametrize(
    ("version", "verdict", "kinds"), [("14.4", "fails", ["cpu-feature"]), ("15.1", "undecided", [])]
)
def test_rosetta_and_avx(version: str, verdict: str, kinds: list[str]) -> None:
    filename = "tensorflow-2.16.2-cp311-cp311-macosx_10_15_x86_64.whl"
    files = tensorflow_files(for_arch(plans(), "x86_64"))
    report = judge(wheel(filename, files), host=replace(INTEL, os_version=version), python="3.11")
    assert (report.verdict, [each.kind for each in report.failures]) == (verdict, kinds)
    if kinds:
        assert (report.failures[0].message, report.failures[0].library) == ("Illegal instruction: 4", "avx")


def test_arm64_needs_no_avx() -> None:
    host = replace(MAC, cpu=Cpu(features=("neon",)))
    assert judge(wheel(TF, tensorflow_files()), host=host).verdict == "loads"


def test_the_json_form_is_that_of_the_interface() -> None:
    report = judge(wheel(TF, tensorflow_files()), metal(plugin("_TF_Gone")))
    data = encode(prediction_document(report))
    assert data["verdict"] == "fails"
    assert data["checked"] == [GUARD, RUNTIME, TF2, PLUGIN]
    (failure,) = data["failures"]
    assert set(failure) == {"kind", "image", "symbol", "library", "message", "stage"}
    assert (failure["image"], failure["library"]) == (PLUGIN, RUNTIME)


def test_every_verdict_has_a_sentence() -> None:
    assert len({summary("loads"), summary("fails"), summary("undecided")}) == 3


def test_progress_hears_every_file_that_is_opened() -> None:
    wheels = (wheel(TF, tensorflow_files()),)
    view = WheelView(wheels, at=SITE)
    machine = machine_of(MAC, None)
    heard: list[str] = []
    process = new_process(machine, MAC, None, Surroundings(files=view, macos=load_system(), prefix="/venv"))
    report = preflight(Question(files=view, site=SITE, machine=machine), process, load_knowledge(), heard.append)
    assert tuple(heard) == report.checked


def test_where_nothing_was_judged_the_answer_is_no_yes() -> None:
    report = judge(wheel("pure-1.0-py3-none-any.whl", {"pure/__init__.py": ""}))
    assert (report.verdict, report.images, report.failures) == ("undecided", 0, ())
    assert [each.reason for each in report.not_covered] == ["no native file of the set was judged"]


BROKEN = Plan(dylibs=[("@loader_path/gone.dylib", "normal")])
GUARDED = "try:\n    from . import {name}\nexcept ImportError:\n    pass\n"


def science(source: str, plan: Plan = BROKEN) -> Wheel:
    native = build(replace(plan, exports=[Offered(symbol="_PyInit__n")]))
    files: dict[str, bytes | str] = {"science/__init__.py": source, "science/_n.cpython-312-darwin.so": native}
    return wheel("science-1.0-cp312-cp312-macosx_12_0_arm64.whl", files)


@pytest.mark.parametrize(
    ("beside", "verdict"),
    [((), "undecided"), ((wheel(TF, tensorflow_files()),), "loads")],  # by itself nothing of it was followed
)
def test_a_module_its_package_does_without_is_a_note(beside: tuple[Wheel, ...], verdict: str) -> None:
    report = judge(*beside, science(GUARDED.format(name="_n")))
    assert (report.verdict, report.failures, report.images > 0) == (verdict, (), bool(beside))
    (note,) = report.notes
    assert note.title == "science/_n.cpython-312-darwin.so does not load, and its package does without it"
    assert "Library not loaded: @loader_path/gone.dylib" in note.detail
    assert "science/_n.cpython-312-darwin.so" in report.checked


@pytest.mark.parametrize("beside", [(), (wheel(TF, tensorflow_files()),)])
def test_a_module_its_package_needs_decides(beside: tuple[Wheel, ...]) -> None:
    report = judge(*beside, science("from . import _n"))
    assert (report.verdict, report.notes) == ("fails", ())
    (failure,) = report.failures
    assert (failure.kind, failure.stage) == ("library-not-found", "extension")


def test_what_loads_needs_no_importer() -> None:
    report = judge(science("", Plan()))
    assert (report.verdict, report.failures, report.notes) == ("loads", (), ())


def test_the_import_decides_whoever_guards_it() -> None:
    broken = plans()
    broken[FRAMEWORK] = replace(broken[FRAMEWORK], dylibs=[("@rpath/gone.dylib", "normal")])
    files = {**tensorflow_files(broken), "tensorflow/guarding.py": "try:\n    import x\nexcept ImportError:\n    pass"}
    assert [failure.stage for failure in judge(wheel(TF, files)).failures] == ["import"]


def test_the_plugin_decides_though_no_python_code_imports_it() -> None:
    report = judge(wheel(TF, tensorflow_files()), metal(plugin("_TF_Gone")))
    assert [failure.stage for failure in report.failures] == ["plugin"]
    assert report.verdict == "fails"


LINUX = Host(os="linux", os_version="12", arch="x86_64", libc=Libc(name="glibc", version="2.36"))


@pytest.mark.parametrize(("source", "matters"), [(GUARDED.format(name="_n"), False), ("from . import _n", True)])
def test_what_cannot_be_known_of_an_optional_module_does_not_matter(source: str, *, matters: bool) -> None:
    native = build_elf(Library(needed=("libgomp.so.1",), defines=[Define(name="PyInit__n")]))
    files: dict[str, bytes | str] = {"s/__init__.py": source, "s/_n.so": native}
    report = judge(wheel("s-1.0-py3-none-manylinux_2_17_x86_64.whl", files), host=LINUX, python="3.12")
    (unseen,) = report.not_covered
    assert (unseen.reason, unseen.image) == ("whether the system has libgomp.so.1", f"{SITE}/s/_n.so")
    assert (unseen.matters, report.verdict) == (matters, "undecided" if matters else "loads")
