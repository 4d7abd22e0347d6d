"""What is watched while TensorFlow is imported: packages' seconds, native modules by name, and nothing afterwards."""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tfsetup.verify.probes import watch as watching
from tfsetup.verify.probes.watch import ImportWatch


class Sent:
    """A channel that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def send(self, event: str, **fields: Any) -> None:
        self.events.append({"event": event, **fields})


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of modules that can be imported, each anew in each test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def watched(channel: Sent) -> ImportWatch:
    return ImportWatch(channel)  # type: ignore[arg-type]


def test_each_second_is_counted_once_and_where_it_was_spent(packages: Path) -> None:
    (packages / "slow_inside.py").write_text("import time\ntime.sleep(0.05)\n")
    (packages / "fast_outside.py").write_text("import slow_inside\n")
    watch = watched(Sent())
    with watch:
        importlib.import_module("fast_outside")
    assert watch.seconds["slow_inside"] >= 0.05
    assert watch.seconds["fast_outside"] < 0.05


def test_a_package_s_modules_are_counted_together(packages: Path) -> None:
    (packages / "two_parts").mkdir()
    (packages / "two_parts" / "__init__.py").write_text("from two_parts import second\n")
    (packages / "two_parts" / "second.py").write_text("")
    watch = watched(Sent())
    with watch:
        importlib.import_module("two_parts")
    assert set(watch.seconds) == {"two_parts"}


def test_a_module_that_raises_was_timed_all_the_same(packages: Path) -> None:
    (packages / "breaks_off.py").write_text("raise ImportError('no')\n")
    watch = watched(Sent())
    with watch, pytest.raises(ImportError):
        importlib.import_module("breaks_off")
    assert "breaks_off" in watch.seconds


def test_the_loaders_are_left_as_they_were() -> None:
    source, native = importlib.machinery.SourceFileLoader, importlib.machinery.ExtensionFileLoader
    before = [dict(vars(source)), dict(vars(native))]
    with watched(Sent()):
        assert source.exec_module is not before[0].get("exec_module")
    assert [dict(vars(source)), dict(vars(native))] == before


def spec(name: str) -> Any:
    return SimpleNamespace(name=name, origin=f"/site/{name}.so")


def timed(watch: ImportWatch, name: str) -> object:
    """Load a native module of that name, as far as the watch can tell."""
    return watch._timed_native(lambda _loader, _spec: ModuleType(name), None, spec(name))


def test_a_native_module_is_named_before_its_code_runs() -> None:
    channel = Sent()
    watch = watched(channel)

    def dies(_loader: object, _spec: object) -> None:
        assert channel.events == [{"event": "native", "module": "a.b", "path": "/site/a.b.so"}]
        raise OSError("killed here")

    with pytest.raises(OSError, match="killed here"):
        watch._timed_native(dies, None, spec("a.b"))
    assert watch.native_seconds > 0


def test_libraries_that_come_with_a_blas_user_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = iter([["/lib/libc.so"], ["/lib/libc.so", "/np/libopenblas.so"]])
    monkeypatch.setattr(watching, "mapped_paths", lambda: next(maps))
    watch = watched(Sent())
    timed(watch, "numpy._core._multiarray_umath")
    assert watch.blas_paths == {"numpy": ["/np/libopenblas.so"]}


def test_any_other_module_s_libraries_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "mapped_paths", lambda: pytest.fail("the map of the process is long"))
    watch = watched(Sent())
    timed(watch, "google._upb")
    assert watch.blas_paths == {}


@pytest.mark.parametrize(
    ("event", "arguments", "path"),
    [
        ("ctypes.dlopen", ("/lib/libcuda.so.1",), "/lib/libcuda.so.1"),
        ("os.listdir", ("/site/tensorflow-plugins",), "/site/tensorflow-plugins"),
        ("os.listdir", ("/home/me",), None),
        ("ctypes.dlopen", (None,), None),
        ("open", ("/site/tensorflow-plugins",), None),
    ],
)
def test_what_is_opened_from_c_is_named_where_python_sees_it(
    event: str, arguments: tuple[str | None], path: str | None
) -> None:
    channel = Sent()
    watch = watched(channel)
    watch._audit(event, arguments)
    assert channel.events == []  # nobody watches yet
    watch._active = True
    watch._audit(event, arguments)
    assert [one["path"] for one in channel.events] == ([path] if path else [])
