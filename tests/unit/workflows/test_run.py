"""A command inside an environment: which program, by which name, with which variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.envs import finish, install_python, make_store
from tfsetup.envs.store import Store
from tfsetup.errors import BuildError, UsageError
from tfsetup.ground.start_up import START_UP, start_up_text
from tfsetup.workflows.run import inside


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store whose prefix leads to a generation with the program `say`."""
    store = make_store(tmp_path)
    install_python(finish(store, 1) / "bin" / "say")
    store.switch(1)
    return store


def test_a_program_of_the_environment_comes_first(store: Store) -> None:
    prefix = store.layout.prefix
    install_python(prefix.parent / "elsewhere" / "say")
    environ = {"PATH": f"{prefix.parent}/elsewhere", "HOME": "/home/you"}
    started = inside(prefix, ["say", "--loud", "hello"], environ, windows=False)
    assert started.program == f"{prefix}/bin/say"
    assert started.arguments == ("say", "--loud", "hello")
    assert started.environ["VIRTUAL_ENV"] == str(prefix)
    assert started.environ["PATH"] == f"{prefix}/bin:{prefix.parent}/elsewhere"
    assert started.environ["HOME"] == "/home/you"


def test_a_program_from_elsewhere_sees_the_environment_too(store: Store) -> None:
    elsewhere = store.layout.prefix.parent / "elsewhere"
    install_python(elsewhere / "make")
    started = inside(store.layout.prefix, ["make"], {"PATH": str(elsewhere)}, windows=False)
    assert started.program == str(elsewhere / "make")
    assert started.environ["VIRTUAL_ENV"] == str(store.layout.prefix)


@pytest.mark.parametrize(("mine", "expected"), [({}, "1"), ({"A": "0"}, "0"), ({"A": ""}, "")], ids=str)
def test_what_cures_is_set_unless_the_user_set_it(store: Store, mine: dict[str, str], expected: str) -> None:
    site = store.layout.site_packages(store.layout.prefix, "3.12")
    (site / START_UP).write_text(start_up_text({"A": "1"}))
    assert inside(store.layout.prefix, ["say"], {"PATH": "/usr/bin"} | mine, windows=False).environ["A"] == expected


def test_a_program_that_is_nowhere_is_wrong_usage(store: Store) -> None:
    with pytest.raises(UsageError, match="`no-such-program` is neither in"):
        inside(store.layout.prefix, ["no-such-program"], {"PATH": "/nowhere"}, windows=False)


def test_there_must_be_an_environment(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="There is no environment at"):
        inside(tmp_path / ".venv", ["python"], {"PATH": ""}, windows=False)
