"""Which files are taken for interpreters, and which of them are asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.recorded_world import RecordedWorld
from tfsetup.host.gather import gather
from tfsetup.host.model import Python


def machine(tmp_path: Path, files: dict[str, str] | None = None, **record: Any) -> RecordedWorld:
    """Return a Linux machine with these interpreters, scripts and files."""
    env = {"HOME": "/home/ada", "PATH": "/usr/bin"}
    whole = {"process": {"platform": "linux", "machine": "x86_64", "glibc": "glibc 2.36"}, "env": env} | record
    (tmp_path / "machine.json").write_text(json.dumps(whole))
    for path, text in (files or {}).items():
        place = tmp_path / "root" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return RecordedWorld(tmp_path)


def found(world: RecordedWorld) -> list[tuple[str | None, str]]:
    host = gather(world, pythons=True, downloads=False)
    return [(python.path, python.version) for python in host.pythons or ()]


def says(version: str, **more: Any) -> dict[str, Any]:
    return {"says": {"x86_64": f"{version};cpython;x86_64;64;0"}} | more


def test_one_file_is_one_interpreter_whatever_its_names(tmp_path: Path) -> None:
    real = "/opt/python/3.12.4/bin/python3.12"
    world = machine(
        tmp_path,
        env={"PATH": "/usr/bin:/usr/bin:/bin:relative:", "HOME": "/home/ada"},
        interpreters={
            "/usr/bin/python3": says("3.12.4", real=real),
            "/usr/bin/python3.12": says("3.12.4", real=real),
            "/usr/bin/python": says("3.12.4", real=real),
            "/bin/python3": says("3.12.4", real=real),
        },
    )
    assert found(world) == [("/usr/bin/python3.12", "3.12.4")]
    assert len(world.started) == 1


def test_names_that_only_look_like_an_interpreter_are_not_asked(tmp_path: Path) -> None:
    names = ["python3-config", "python3.12-gdb", "python2.7", "pythonw", "python3.12.bak", "ipython3", "python.exe"]
    world = machine(tmp_path, interpreters={f"/usr/bin/{name}": {"must_not_run": True} for name in names})
    assert found(world) == []
    assert world.started == []


def test_a_folder_of_python_2_alone_is_left_alone(tmp_path: Path) -> None:
    folder = "/home/ada/.pyenv/versions/2.7.18/bin"
    programs = {f"{folder}/{name}": {"must_not_run": True} for name in ("python", "python2", "python2.7")}
    assert found(machine(tmp_path, interpreters=programs)) == []


def test_a_venv_stands_for_the_interpreter_it_was_made_from(tmp_path: Path) -> None:
    base = "/opt/3.13/bin/python3.13"
    world = machine(
        tmp_path,
        {"/home/ada/.venv/pyvenv.cfg": "home = /opt/3.13/bin\n"},
        env={"PATH": "/home/ada/.venv/bin", "HOME": "/home/ada"},
        interpreters={"/home/ada/.venv/bin/python": says("3.13.1", real=base), base: says("3.13.1")},
    )
    assert found(world) == [(base, "3.13.1")]


def test_a_dangling_link_is_not_there(tmp_path: Path) -> None:
    world = machine(tmp_path, links={"/usr/bin/python3.9": "/gone/python3.9"})
    assert found(world) == []


def test_every_manager_has_its_folder(tmp_path: Path) -> None:
    home = "/home/ada"
    places = {
        f"{home}/.local/share/uv/python/cpython-3.12.3-linux-x86_64-gnu/bin/python3.12": "3.12.3",
        f"{home}/.pyenv/versions/3.11.9/bin/python3.11": "3.11.9",
        f"{home}/.asdf/installs/python/3.10.14/bin/python3.10": "3.10.14",
        f"{home}/.local/share/mise/installs/python/3.13.1/bin/python3.13": "3.13.1",
        f"{home}/miniforge3/envs/tf/bin/python3.12": "3.12.8",
        "/usr/local/bin/python3.9": "3.9.19",
        "/home/linuxbrew/.linuxbrew/bin/python3.14": "3.14.0",
    }
    listed = {f"{home}/.conda/environments.txt": f"{home}/miniforge3/envs/tf\n\n/gone\n"}
    world = machine(tmp_path, listed, interpreters={path: says(version) for path, version in places.items()})
    assert sorted(version for _, version in found(world)) == sorted(places.values())


def test_folders_named_by_variables(tmp_path: Path) -> None:
    env = {
        "HOME": "/home/ada", "UV_PYTHON_INSTALL_DIR": "/uv", "PYENV_ROOT": "/pyenv", "ASDF_DATA_DIR": "/asdf",
        "MISE_DATA_DIR": "/mise", "CONDA_PREFIX": "/conda",
    }  # fmt: skip
    folders = ("/uv/x/bin", "/pyenv/versions/x/bin", "/asdf/installs/python/x/bin", "/mise/installs/python/x/bin")
    paths = [f"{folder}/python3.12" for folder in (*folders, "/conda/bin")]
    world = machine(tmp_path, env=env, interpreters={path: says("3.12.4") for path in paths})
    assert [path for path, _ in found(world)] == paths


def test_broken_interpreters_are_named_and_do_not_hide_the_others(tmp_path: Path) -> None:
    world = machine(
        tmp_path,
        interpreters={
            "/usr/bin/python3.9": {
                "fails": {"status": 127, "stderr": "libpython3.9.so.1.0: cannot open shared object"}
            },
            "/usr/bin/python3.10": {"fails": {"problem": "no answer within 5 s"}},
            "/usr/bin/python3.11": {"says": {"x86_64": "nonsense"}},
            "/usr/bin/python3.12": says("3.12.4"),
        },
        scripts=["/usr/bin/python3"],
    )
    host = gather(world, pythons=True, downloads=False)
    assert host.pythons == (Python(version="3.12.4", arch="x86_64", path="/usr/bin/python3.12", free_threaded=False),)
    source = host.sources["pythons"]
    assert "/usr/bin/python3.9 (exit status 127: libpython3.9.so.1.0: cannot open shared object)" in source
    assert "/usr/bin/python3.10 (no answer within 5 s)" in source
    assert "/usr/bin/python3.11 (no answer)" in source
    assert "left out: 1 scripts, such as shims, /usr" in source


def test_not_more_than_64_processes(tmp_path: Path) -> None:
    programs = {f"/home/ada/.pyenv/versions/3.12.{n}/bin/python3.12": says(f"3.12.{n}") for n in range(80)}
    world = machine(tmp_path, interpreters=programs)
    assert len(found(world)) == 64
    assert "16 more than 64" in gather(world, pythons=True, downloads=False).sources["pythons"]


def test_children_get_an_environment_without_what_changes_them(tmp_path: Path) -> None:
    given = {
        "HOME": "/home/ada", "PATH": "/usr/bin", "PYTHONHOME": "/x", "PYTHONPATH": "/x", "LD_PRELOAD": "/x",
        "__PYVENV_LAUNCHER__": "/x", "DYLD_INSERT_LIBRARIES": "/x",
    }  # fmt: skip
    world = machine(tmp_path, env=given, interpreters={"/usr/bin/python3.12": says("3.12.4")})
    assert found(world) == [("/usr/bin/python3.12", "3.12.4")]
    assert world.environments == [{"HOME": "/home/ada", "PATH": "/usr/bin"}]


def test_no_interpreter_at_all_is_an_answer(tmp_path: Path) -> None:
    host = gather(machine(tmp_path), pythons=True, downloads=False)
    assert host.pythons == ()
    assert host.sources["pythons"].startswith("asked 0 ")
