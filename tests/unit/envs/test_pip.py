"""Where the pip of an environment comes from, and what is said where it is not the pinned one."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import tfsetup.envs.pip as room
from tfsetup.envs.model import AddPip
from tfsetup.envs.pip import add_pip, own_pip
from tfsetup.errors import Code, NetworkError, TfsetupError
from tfsetup.ground.index import BY_HASH
from tfsetup.locks.run import Finished
from tfsetup.matrix.pips import PipWheel

WHEEL = PipWheel(version="26.3", requires_python=">=3.10", size=1, sha256="b" * 64)
STEP = AddPip(wheel=WHEEL, environ={"UV_DEFAULT_INDEX": "https://index.example/simple"})
PYTHON = Path("/env/bin/python")
OWN = Path("/lib/ensurepip/_bundled/pip-24.0-py3-none-any.whl")


@dataclass
class Uv:
    """Stands in for uv: the pinned wheel is in the cache, on the index, or nowhere; its own may be damaged."""

    cached: bool = True
    served: bool = True
    own: bool = True
    failure: TfsetupError = field(default_factory=lambda: NetworkError("The index has no pip 26.3\nmore of it"))
    calls: list[list[str]] = field(default_factory=list)
    given: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, arguments: list[str], **given: Any) -> Finished:
        self.calls.append(arguments)
        self.given.append(given)
        pinned = "--require-hashes" in arguments
        if not (self.own if not pinned else self.cached if "--offline" in arguments else self.served):
            raise self.failure
        return Finished(stdout="", stderr="")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(room, "own_pip", lambda _python: OWN)
    return []


def put(uv: Uv, said: list[str], *, offline: bool = False) -> list[str]:
    add_pip(STEP, PYTHON, uv, offline=offline, say=said.append)
    return ["own" if str(OWN) in call else "cache" if "--offline" in call else "index" for call in uv.calls]


def test_the_cache_comes_first_and_needs_no_word(said: list[str]) -> None:
    uv = Uv()
    assert (put(uv, said), said) == (["cache"], [])
    assert uv.given[0]["stdin"] == f"pip==26.3 --hash=sha256:{'b' * 64}\n"
    assert uv.given[0]["environ"] == STEP.environ
    assert {"--no-deps", "--require-hashes", "--only-binary", str(PYTHON)} <= set(uv.calls[0])


def test_then_the_index(said: list[str]) -> None:
    uv = Uv(cached=False)
    assert (put(uv, said), said) == (["cache", "index"], [])
    assert set(BY_HASH) <= set(uv.calls[1])
    assert uv.given[1]["stdin"] == uv.given[0]["stdin"]


def test_what_an_index_lacks_the_python_itself_has(said: list[str]) -> None:
    assert put(Uv(cached=False, served=False), said) == ["cache", "index", "own"]
    why = "pip 26.3 could not be had: The index has no pip 26.3."
    assert said == [f"Note      {why} The environment has pip 24.0, which its Python came with."]


def test_offline_nobody_is_asked(said: list[str]) -> None:
    assert put(Uv(cached=False), said, offline=True) == ["cache", "own"]


def test_no_pip_is_said_and_no_failure(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert put(Uv(cached=False, served=False, own=False), said) == ["cache", "index", "own"]
    monkeypatch.setattr(room, "own_pip", lambda _python: None)
    assert put(Uv(cached=False, served=False), said) == ["cache", "index"]
    assert [line.partition(" The environment ")[2] for line in said] == [
        "has no pip: `pip` in it would be another Python's."
    ] * 2


def test_an_interrupt_is_passed_on(said: list[str]) -> None:
    uv = Uv(cached=False, served=False, failure=TfsetupError(Code.INTERRUPTED, "Stopped."))
    with pytest.raises(TfsetupError, match="Stopped"):
        put(uv, said)
    assert said == []


@pytest.mark.process
def test_the_wheel_of_an_interpreter_is_found_where_ensurepip_looks(tmp_path: Path) -> None:
    assert own_pip(tmp_path / "no such python") is None
    found = own_pip(Path(sys.executable))
    if found is None:
        pytest.skip("this Python brings no pip")
    assert found.is_file()
    assert found.name.startswith("pip-")
