"""`import tfsetup`: the names of the public page, what they load, and the page's examples as they stand."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import tfsetup
from support.fake_mac_tensorflow import PLUGIN, plugin, tensorflow_files
from support.macho import build
from support.python_page import PAGE, examples, run
from support.wheels import whole_wheel


def test_the_examples_of_the_page_say_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels: dict[str, Mapping[str, bytes | str]] = {
        "tensorflow-2.19.1-cp312-cp312-macosx_12_0_arm64.whl": tensorflow_files(),
        "tensorflow_metal-1.2.0-cp312-cp312-macosx_12_0_arm64.whl": {PLUGIN: build(plugin("_TF_Gone"))},
    }
    (tmp_path / "wheels").mkdir()
    for name, files in wheels.items():
        (tmp_path / "wheels" / name).write_bytes(whole_wheel(name, files))
    monkeypatch.chdir(tmp_path)
    run(examples(network=False))


def test_every_public_name_is_there_and_on_the_page() -> None:
    table = PAGE.partition("<!-- names -->")[2].partition("<!-- /names -->")[0]
    named = {word.partition("(")[0] for word in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)}
    assert set(re.findall(r"`(\w+)", " ".join(named))) == set(tfsetup.__all__)
    assert tfsetup.__all__ == sorted(tfsetup.__all__)
    assert dir(tfsetup) == sorted([*tfsetup.__all__, "__version__"])
    assert all(getattr(tfsetup, name).__doc__ for name in tfsetup.__all__)


def _home(name: str) -> object:
    """Return a public name; of a room that can be called what it calls."""
    found = getattr(tfsetup, name)
    return found.__wrapped__ if isinstance(found, ModuleType) else found


def test_every_function_is_typed_and_says_what_it_raises() -> None:
    functions = [made for name in tfsetup.__all__ if isinstance(made := _home(name), FunctionType)]
    assert {function.__name__ for function in functions} == {name for name in tfsetup.__all__ if name.islower()}
    for function in functions:
        assert "return" in function.__annotations__
        assert "Raises:" in (function.__doc__ or "")


def test_what_type_checkers_are_told_is_what_is_loaded() -> None:
    """The names imported for a type checker, each from where the table has it."""
    source = ast.parse(Path(tfsetup.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(source) if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    told = {
        alias.name: node.module
        for node in imports
        for alias in node.names
        if (node.module or "").startswith("tfsetup.")
    }
    assert set(told) == set(tfsetup.__all__)
    for name, module in told.items():
        assert getattr(import_module(module or ""), name) is _home(name)
    assert (Path(tfsetup.__file__).parent / "py.typed").exists()


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tfsetup' has no attribute 'nothing'"):
        _ = tfsetup.nothing  # type: ignore[attr-defined]


def test_a_room_with_a_verb_s_name_stays_a_room_and_does_what_the_verb_does() -> None:
    import tfsetup.verify.model as room

    assert isinstance(room, ModuleType)
    assert room.Verification is tfsetup.Verification
    assert isinstance(sys.modules["tfsetup.verify"], ModuleType)
    with pytest.raises(tfsetup.TfsetupError, match="There is no environment at nowhere"):
        tfsetup.verify("nowhere")
    assert list(inspect.signature(tfsetup.verify).parameters)[:2] == ["prefix", "host"]


def _loaded(program: str) -> set[str]:
    program = f"import sys; before = set(sys.modules); {program}; print(*sorted(set(sys.modules) - before))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return set(ran.stdout.split())


@pytest.mark.process
def test_importing_it_loads_nothing_else() -> None:
    assert _loaded("import tfsetup") <= {"tfsetup", "types", "__future__"}


@pytest.mark.process
@pytest.mark.parametrize(
    "call",
    [
        "tfsetup.resolve('linux-x86_64-cpu')",
        "tfsetup.preflight('.', host='macos-arm64-metal')",
        "tfsetup.diagnose(log='Illegal instruction: 4')",
        "tfsetup.Host, tfsetup.Ask, tfsetup.Lock, tfsetup.Report, tfsetup.Verification, tfsetup.Diagnosis",
    ],
)
def test_no_function_loads_a_terminal_library(tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "tensorflow-2.19.1-cp312-cp312-macosx_12_0_arm64.whl"
    wheel.write_bytes(whole_wheel(wheel.name, tensorflow_files()))
    monkeypatch.chdir(tmp_path)
    rooms = _loaded(f"import tfsetup; {call}")
    loaded = {name.partition(".")[0] for name in rooms}
    assert "tfsetup" in loaded
    assert loaded & {"typer", "rich", "click", "plotly", "rattler", "conda_lock"} == set()
    assert {name for name in rooms if name.startswith(("tfsetup.cli", "tfsetup.report", "tfsetup.upkeep"))} == set()
