"""The files of an environment that set its cures: where they are, and what is said when they cannot be written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import tfsetup.envs.cure_files as room
from tfsetup.envs.activate import activate_script
from tfsetup.envs.cure_files import set_at_start, write_cures
from tfsetup.envs.model import Layout
from tfsetup.errors import BuildError, Code
from tfsetup.ground.start_up import START_UP, start_up_text

ONE = {"TURN_OFF_REMAPPER": "1"}


def listed(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("windows", "site"), [(False, "lib/python3.12/site-packages"), (True, "Lib/site-packages")], ids=["unix", "windows"]
)
def test_the_start_up_file_is_where_that_system_s_python_looks(tmp_path: Path, windows: bool, site: str) -> None:
    layout = Layout(prefix=tmp_path / ".venv", windows=windows)
    write_cures(layout, tmp_path, "3.12", ONE, conda=False)
    assert listed(tmp_path) == [f"{site}/{START_UP}"]
    assert (tmp_path / site / START_UP).read_text() == start_up_text(ONE)
    assert set_at_start(tmp_path) == ONE


def test_a_conda_prefix_gets_scripts_for_its_activation_too(tmp_path: Path) -> None:
    write_cures(Layout(prefix=tmp_path / ".venv"), tmp_path, "3.12", ONE, conda=True)
    assert f"lib/python3.12/site-packages/{START_UP}" in listed(tmp_path)
    assert "etc/conda/activate.d/tfsetup-cures.sh" in listed(tmp_path)
    assert "etc/conda/deactivate.d/tfsetup-cures.bat" in listed(tmp_path)


@pytest.mark.process
def test_the_activate_script_of_a_conda_prefix_sets_it_and_gives_it_back(tmp_path: Path) -> None:
    prefix = tmp_path / "a prefix"
    write_cures(Layout(prefix=prefix), prefix, "3.12", ONE, conda=True)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "activate").write_text(activate_script(prefix))
    ask = "printf '%s ' \"${TURN_OFF_REMAPPER-unset}\""
    script = f"{ask}; . '{prefix}/bin/activate'; {ask}; deactivate; {ask}"
    for environ, expected in (({}, "unset 1 unset"), ({"TURN_OFF_REMAPPER": "0"}, "0 0 0")):
        plain = {"PATH": "/usr/bin:/bin"} | environ
        done = subprocess.run(["sh", "-c", script], env=plain, capture_output=True, text=True, check=True)
        assert done.stdout.split() == expected.split(), done.stderr


def test_scripts_keep_their_mode_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "activate"
    script.write_bytes(b"deactivate () {\n}\n# \xff\n")
    script.chmod(0o755)
    write_cures(Layout(prefix=tmp_path / ".venv"), tmp_path, "3.12", ONE, conda=False)
    assert script.read_bytes().startswith(b"deactivate () {\n    if [ -n")
    assert b"# \xff\n" in script.read_bytes()
    assert script.stat().st_mode & 0o777 == 0o755


def test_a_file_that_is_right_already_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(prefix=tmp_path / ".venv")
    write_cures(layout, tmp_path, "3.12", ONE, conda=True)
    monkeypatch.setattr(room, "write_whole", lambda *_, **__: pytest.fail("written again"))
    write_cures(layout, tmp_path, "3.12", ONE, conda=True)


def test_what_cannot_be_written_is_told_with_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, _content: bytes, *, mode: int) -> None:
        raise PermissionError(13, "Permission denied", str(path), mode)

    monkeypatch.setattr(room, "write_whole", refused)
    path = tmp_path / "lib/python3.12/site-packages" / START_UP
    with pytest.raises(BuildError) as caught:
        write_cures(Layout(prefix=tmp_path / ".venv"), tmp_path, "3.12", ONE, conda=False)
    assert caught.value.code is Code.BUILD
    assert caught.value.message == (
        f"{path} cannot be written: Permission denied. It sets TURN_OFF_REMAPPER=1, without which a known defect of "
        "what is installed makes results wrong."
    )
    assert "--prefix" in (caught.value.hint or "")


@pytest.mark.parametrize("text", [None, "import evil\n", ""])
def test_an_environment_without_a_file_of_ours_sets_nothing(tmp_path: Path, text: str | None) -> None:
    site = tmp_path / "lib/python3.12/site-packages"
    site.mkdir(parents=True)
    if text is not None:
        (site / START_UP).write_text(text)
    assert set_at_start(tmp_path) == {}
    assert set_at_start(tmp_path / "nowhere") == {}
