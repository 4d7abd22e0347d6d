"""Building what has no wheel, by consent: only where there is none, only pure Python, only the locked bytes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from support.locks import FakeResolver, package, sha
from tfsetup.errors import Code, NetworkError, TfsetupError, UnsolvableError
from tfsetup.ground.index import BY_HASH
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.run import Finished
from tfsetup.locks.venv.consent import refuse_impure, sources, without_wheels
from tfsetup.locks.venv.solve import Wish, answered
from tfsetup.matrix.model import Selection, Target

LINUX = Target(platform="x86_64-manylinux_2_28", python="3.12", glibc="2.28")
PINNED = Selection(installable=True, row="linux-x86_64-cpu", requirements=("tensorflow==2.21.0",), target=LINUX)


def source(name: str, version: str = "1.0") -> LockedPackage:
    made = package(name, version)
    return replace(made, wheels=(), sdist=replace(made.wheels[0], filename=f"{name}-{version}.tar.gz"))


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@dataclass
class Builder:
    """A uv that builds a wheel with these tags."""

    tags: tuple[str, ...]
    calls: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, arguments: list[str], **options: Any) -> Finished:
        self.calls.append({"arguments": arguments, **options})
        info = Path(arguments[arguments.index("--target") + 1]) / "alpha-1.0.dist-info"
        info.mkdir()
        info.joinpath("WHEEL").write_text("Wheel-Version: 1.0\n" + "".join(f"Tag: {tag}\n" for tag in self.tags))
        return Finished(stdout="", stderr="")


def built(monkeypatch: pytest.MonkeyPatch, *tags: str) -> Builder:
    builder = Builder(tags)
    monkeypatch.setattr("tfsetup.locks.venv.consent.run_uv", builder)
    return builder


def test_what_has_a_wheel_is_not_built() -> None:
    def ask(name: str) -> None:
        if name == "alpha":
            raise UnsolvableError("alpha has no usable wheels")

    assert without_wheels(("alpha", "beta"), ask) == ("alpha",)


def test_an_index_that_does_not_answer_is_no_lack_of_wheels() -> None:
    def ask(_: str) -> None:
        raise NetworkError("no network")

    with pytest.raises(NetworkError):
        without_wheels(("alpha",), ask)


def test_pure_python_passes_and_is_built_of_the_locked_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = built(monkeypatch, "py2-none-any", "py3-none-any")
    refuse_impure([source("alpha"), package("beta", "1")], ["alpha"], environ={"A": "b"})
    (call,) = builder.calls
    words = " ".join(call["arguments"])
    assert " ".join((*BY_HASH, "--only-binary :all: --no-binary alpha")) in words
    assert "--no-deps" in words
    assert call["stdin"] == f"alpha==1.0 --hash=sha256:{sha('alpha-1.0-py3-none-any.whl')}\n"
    assert call["environ"] == {"A": "b"}


@pytest.mark.parametrize("tags", [("cp312-cp312-linux_x86_64",), ("py3-none-any", "py3-none-linux_x86_64"), ()])
def test_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch, tags: tuple[str, ...]) -> None:
    built(monkeypatch, *tags)
    with pytest.raises(TfsetupError, match=r"alpha 1\.0 is not pure Python") as caught:
        refuse_impure([source("alpha")], ["alpha"])
    assert caught.value.code is Code.ANSWER_IS_NO


def test_what_the_row_builds_is_not_judged_here(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = built(monkeypatch, "cp312-cp312-linux_x86_64")
    refuse_impure([source("wrapt")], ["alpha"])
    assert builder.calls == []


def test_sources_are_what_has_no_wheel_in_the_lock() -> None:
    both = replace(package("both", "1"), sdist=source("both").sdist)
    assert sources([package("wheel", "1"), source("alpha"), both]) == ("alpha",)


@pytest.mark.parametrize(("agreed", "with_wheel"), [(("promise",), False), (("promise",), True), ((), False)])
def test_consent_is_used_where_it_is_needed_and_only_there(
    monkeypatch: pytest.MonkeyPatch,
    agreed: tuple[str, ...],
    with_wheel: bool,
) -> None:
    uv = FakeResolver(brings={"tfds": ("promise",)}, sources=frozenset() if with_wheel else frozenset({"promise"}))
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", uv)
    builder = built(monkeypatch, "py3-none-any")
    wish = Wish(selection=PINNED, team=("tfds",), builds=agreed)
    if not agreed:
        with pytest.raises(UnsolvableError, match="promise"):
            answered(wish)
        assert builder.calls == []
        return
    found = {one.name: one for one in answered(wish).packages}
    assert (found["promise"].sdist is None) is with_wheel
    assert len(builder.calls) == (0 if with_wheel else 1)
    assert "--no-deps" in uv.calls[0]["arguments"]
    assert ("--no-binary" in uv.calls[1]["arguments"]) is not with_wheel
