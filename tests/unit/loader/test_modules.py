from __future__ import annotations

from importlib.machinery import ExtensionFileLoader, FileFinder, SourceFileLoader, SourcelessFileLoader
from pathlib import Path
from typing import Any

import pytest

from support.source import read_yaml
from support.tree import Tree
from tfsetup.loader.python.modules import Module, extension_modules, no_module, not_found
from tfsetup.loader.python.target import Target

SITE = "/S"
CASES: list[dict[str, Any]] = read_yaml(
    (Path(__file__).parents[2] / "cases/loader/modules/files.yaml").read_text("utf-8")
)


def found(names: list[str], **interpreter: Any) -> list[tuple[str, str, str]]:
    target = Target(**{"system": "linux", "arch": "x86_64", "python": "3.11", **interpreter})
    modules = extension_modules(Tree({f"{SITE}/{name}": b"" for name in names}), SITE, target)
    return [(each.path.removeprefix(f"{SITE}/"), each.name, each.status) for each in modules]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_which_file_an_import_takes(case: dict[str, Any]) -> None:
    wanted = {
        path: (name, status) for status in ("taken", "behind", "foreign") for path, name in case.get(status, {}).items()
    }
    there = found([*wanted, *case.get("beside", [])], **case.get("interpreter", {}))
    assert {path: (name, status) for path, name, status in there} == wanted


def by_cpython(folder: Path, name: str, target: Target) -> str | None:
    """Return the file that CPython's own finder takes for a dotted name, if it looks for the target's endings."""
    loaders = (
        (ExtensionFileLoader, list(target.suffixes)), (SourceFileLoader, [".py"]), (SourcelessFileLoader, [".pyc"]),
    )  # fmt: skip
    places, parts = [str(folder)], name.split(".")
    spec = None
    for count in range(1, len(parts) + 1):
        finders = [FileFinder(place, *loaders) for place in places]
        spec = next((one for each in finders if (one := each.find_spec(".".join(parts[:count])))), None)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or ())
    return str(Path(spec.origin).relative_to(folder)) if spec and spec.origin else None


@pytest.mark.parametrize("case", [each for each in CASES if each.get("interpreter", {}).get("python", "3.11")],
                         ids=lambda case: case["name"])  # fmt: skip
def test_the_cases_are_what_the_finder_of_cpython_does(case: dict[str, Any], tmp_path: Path) -> None:
    target = Target(**{"system": "linux", "arch": "x86_64", "python": "3.11", **case.get("interpreter", {})})
    names = {path: name for status in ("taken", "behind", "foreign") for path, name in case.get(status, {}).items()}
    for path in (*names, *case.get("beside", [])):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    for path, name in names.items():
        really = by_cpython(tmp_path, name, target)
        status = "taken" if path in case.get("taken", {}) else "behind" if path in case.get("behind", {}) else "foreign"
        twin = name in case.get("foreign", {}).values()  # one of several for others
        assert {"taken": really == path, "behind": (really is None) is twin, "foreign": really is None}[status], path
        assert status == "taken" or really != path


def test_case_names_are_distinct_and_speak_of_every_status() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all(any(case.get(status) for case in CASES) for status in ("taken", "behind", "foreign"))


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("m", "PyInit_m"),
        ("p.q.m", "PyInit_m"),
        ("p.my-ext", "PyInit_my_ext"),
        ("p.größe", "PyInitU_gre_6ka8i"),
        ("p.蟒", "PyInitU_1j2a"),
    ],
)
def test_the_function_that_cpython_calls(name: str, function: str) -> None:
    assert Module(name=name, path="/S/m.so").initializer == function


def test_the_words_of_what_is_no_module_and_of_what_is_not_there() -> None:
    module = Module(name="p._m", path="/S/p/_m.so")
    assert no_module(module).message == "dynamic module does not define module export function (PyInit__m)"
    assert (no_module(module).kind, no_module(module).symbol) == ("symbol-not-found", "PyInit__m")
    target = Target(system="linux", arch="x86_64", python="3.11")
    assert not_found(module, target).message == "ModuleNotFoundError: No module named 'p._m'"
    assert not_found(module, target).kind == "python-abi"
    assert not_found(module, target, "/S/p/__init__.py").message == (
        "ImportError: cannot import name '_m' from partially initialized module 'p' "
        "(most likely due to a circular import) (/S/p/__init__.py)"
    )
    old = Target(system="linux", arch="x86_64", python="3.7")
    assert not_found(module, old, "/S/p/__init__.py").message == (
        "ImportError: cannot import name '_m' from 'p' (/S/p/__init__.py)"
    )
