"""Whether uv could bring a Python: the user's settings in uv's own order, then the name of the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.recorded_world import RecordedWorld
from tfsetup.host.downloads import download_url, start_downloads

UV = "/opt/uv"
LISTING = json.dumps(
    [
        {"implementation": "pypy", "url": "https://pypy.example.org/pypy.tar.bz2"},
        {"implementation": "cpython", "url": None},
        {"implementation": "cpython", "url": "https://python.example.org/a.tar.gz"},
    ]
)
ARGV = [UV, "python", "list", "--only-downloads", "--show-urls", "--output-format", "json", "--offline"]
ANSWERS = [{"argv": ARGV, "stdout": LISTING}]
SERVER = "uv python list, name of its download server"


def machine(
    tmp_path: Path, env: dict[str, str] | None = None, files: dict[str, str] | None = None, **record: Any
) -> RecordedWorld:
    whole = {
        "process": {"platform": "linux", "machine": "x86_64"},
        "env": {"HOME": "/home/ada"} | (env or {}),
        "cwd": "/home/ada/project/deep",
        "commands": ANSWERS,
        "uv": UV,
        "resolves": True,
    } | record
    (tmp_path / "machine.json").write_text(json.dumps(whole))
    for path, text in (files or {}).items():
        place = tmp_path / "root" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return RecordedWorld(tmp_path)


def told(world: RecordedWorld) -> tuple[bool | None, str]:
    fact = start_downloads(world)()()
    return fact.value, fact.source


@pytest.mark.parametrize(
    ("resolves", "words"), [(True, "resolves"), (False, "does not resolve"), (None, "not looked up within 1.5 s")]
)
def test_the_name_of_uvs_own_server_is_looked_up(tmp_path: Path, resolves: bool | None, words: str) -> None:
    world = machine(tmp_path, resolves=resolves)
    assert told(world) == (resolves, f"{SERVER} {words}")
    assert world.started[-1] == ["resolve", "python.example.org"]


@pytest.mark.parametrize(
    ("env", "source"),
    [
        ({"UV_OFFLINE": "1"}, "UV_OFFLINE: offline = 1"),
        ({"UV_OFFLINE": "TRUE"}, "UV_OFFLINE: offline = true"),
        ({"UV_PYTHON_DOWNLOADS": "never"}, "UV_PYTHON_DOWNLOADS: python-downloads = never"),
        ({"UV_PYTHON_DOWNLOADS": "manual"}, "UV_PYTHON_DOWNLOADS: python-downloads = manual"),
        ({"UV_NO_MANAGED_PYTHON": "1"}, "UV_NO_MANAGED_PYTHON: no-managed-python = 1"),
        ({"UV_PYTHON_PREFERENCE": "only-system"}, "UV_PYTHON_PREFERENCE: python-preference = only-system"),
    ],
)
def test_a_variable_forbids_it_and_nothing_is_asked(tmp_path: Path, env: dict[str, str], source: str) -> None:
    world = machine(tmp_path, env)
    assert told(world) == (False, source)
    assert world.started == []


@pytest.mark.parametrize("env", [{"UV_OFFLINE": "0"}, {"UV_OFFLINE": ""}, {"UV_PYTHON_DOWNLOADS": "automatic"}])
def test_a_variable_that_forbids_nothing(tmp_path: Path, env: dict[str, str]) -> None:
    assert told(machine(tmp_path, env)) == (True, f"{SERVER} resolves")


NEVER = 'python-downloads = "never"\n'
AUTOMATIC = 'python-downloads = "automatic"\n'


@pytest.mark.parametrize(
    ("env", "files", "where"),
    [
        ({}, {"/home/ada/.config/uv/uv.toml": NEVER}, "/home/ada/.config/uv/uv.toml"),
        ({"XDG_CONFIG_HOME": "/xdg"}, {"/xdg/uv/uv.toml": NEVER}, "/xdg/uv/uv.toml"),
        ({}, {"/etc/uv/uv.toml": NEVER}, "/etc/uv/uv.toml"),
        ({}, {"/home/ada/project/uv.toml": NEVER}, "/home/ada/project/uv.toml"),
        ({}, {"/home/ada/pyproject.toml": f"[tool.uv]\n{NEVER}"}, "/home/ada/pyproject.toml"),
        ({}, {"/home/ada/project/pyproject.toml": "", "/home/ada/uv.toml": NEVER}, "/home/ada/uv.toml"),
        ({"UV_CONFIG_FILE": "/mine.toml"}, {"/mine.toml": NEVER, "/etc/uv/uv.toml": AUTOMATIC}, "/mine.toml"),
        ({}, {"/home/ada/project/uv.toml": NEVER, "/etc/uv/uv.toml": AUTOMATIC}, "/home/ada/project/uv.toml"),
    ],
)
def test_a_file_forbids_it(tmp_path: Path, env: dict[str, str], files: dict[str, str], where: str) -> None:
    assert told(machine(tmp_path, env, files)) == (False, f"{where}: python-downloads = never")


@pytest.mark.parametrize(
    ("env", "files"),
    [
        ({"UV_PYTHON_DOWNLOADS": "automatic"}, {"/etc/uv/uv.toml": NEVER}),
        ({"UV_NO_CONFIG": "1"}, {"/home/ada/.config/uv/uv.toml": NEVER}),
        ({"UV_CONFIG_FILE": "/mine.toml"}, {"/mine.toml": "", "/etc/uv/uv.toml": NEVER}),
        ({}, {"/home/ada/.config/uv/uv.toml": AUTOMATIC, "/etc/uv/uv.toml": NEVER}),
        ({}, {"/home/ada/project/uv.toml": "", "/home/ada/project/pyproject.toml": f"[tool.uv]\n{NEVER}"}),
        ({}, {"/home/ada/project/pyproject.toml": "[tool.uv]\n", "/home/ada/uv.toml": NEVER}),
        ({}, {"/home/ada/pyproject.toml": '[project]\nname = "x"\n'}),
        ({}, {"/home/ada/pyproject.toml": "tool = 3\n"}),
        ({}, {"/etc/uv/uv.toml": "python-downloads = \n"}),
    ],
)
def test_what_is_stronger_or_not_there_wins(tmp_path: Path, env: dict[str, str], files: dict[str, str]) -> None:
    assert told(machine(tmp_path, env, files))[0] is True


def test_a_mirror_is_looked_up_instead(tmp_path: Path) -> None:
    world = machine(tmp_path, {"UV_PYTHON_INSTALL_MIRROR": "https://mirror.example.org/python"})
    assert told(world) == (True, "UV_PYTHON_INSTALL_MIRROR, name of its download server resolves")
    assert world.started == [["resolve", "mirror.example.org"]]


def test_a_mirror_on_this_machine_is_there_or_not(tmp_path: Path) -> None:
    world = machine(tmp_path, {"UV_PYTHON_INSTALL_MIRROR": "file:///srv/my%20mirror"}, {"/srv/my mirror/x": ""})
    assert told(world) == (True, "UV_PYTHON_INSTALL_MIRROR: a folder of this machine")
    world = machine(tmp_path, {"UV_PYTHON_INSTALL_MIRROR": "file:///srv/none"})
    assert told(world)[0] is False


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_behind_a_proxy_the_name_says_nothing(tmp_path: Path, variable: str) -> None:
    world = machine(tmp_path, {variable: "http://proxy.example.org:3128"})
    assert told(world) == (None, f"not tried: {variable} is set")


@pytest.mark.parametrize("mirror", ["mirror", "https://", "https://[::1", "https:///path"])
def test_a_mirror_that_is_no_address(tmp_path: Path, mirror: str) -> None:
    assert told(machine(tmp_path, {"UV_PYTHON_INSTALL_MIRROR": mirror}))[0] is None


def test_without_uv_or_without_its_answer_it_cannot_be_told(tmp_path: Path) -> None:
    assert told(machine(tmp_path, uv=None)) == (None, "no uv to ask where it downloads from")
    failing = [{"argv": ARGV, "status": 2, "stderr": "error: unexpected argument '--show-urls'"}]
    words = "uv python list: exit status 2: error: unexpected argument '--show-urls'"
    assert told(machine(tmp_path, commands=failing)) == (None, words)
    assert told(machine(tmp_path, commands=[])) == (None, "uv python list: no such file or directory")


@given(st.text(max_size=50) | st.recursive(st.none() | st.integers(), st.lists).map(json.dumps))
def test_a_listing_that_is_none(text: str) -> None:
    assert download_url(text) is None


def test_a_listing_is_read_for_the_first_cpython_with_an_address() -> None:
    assert download_url(LISTING) == "https://python.example.org/a.tar.gz"
