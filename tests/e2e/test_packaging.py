"""Wheel, sdist and editable install alike reach the matrix."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from uv import find_uv_bin

from support.own_requirements import pythons, stated_range
from support.process import ROOT

pytestmark = pytest.mark.network


def _uv(*argv: str) -> None:
    done = subprocess.run([find_uv_bin(), *argv], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _uv("build", "--quiet", "--out-dir", str(folder), str(ROOT))
    return folder


@pytest.mark.parametrize("form", ["wheel", "sdist", "editable"])
def test_every_form_of_installation_resolves(built: Path, tmp_path: Path, form: str) -> None:
    what = {
        "wheel": [str(next(built.glob("*.whl")))],
        "sdist": [str(next(built.glob("*.tar.gz")))],
        "editable": ["--editable", str(ROOT)],
    }[form]
    environment = tmp_path / "env"
    _uv("venv", "--quiet", "--no-project", "--python", stated_range(), str(environment))
    _uv("pip", "install", "--quiet", "--python", str(environment / "bin" / "python"), *what)
    host = ROOT / "tests" / "cases" / "hosts" / "macos-14-m3.json"
    argv = [str(environment / "bin" / "tfsetup"), "resolve", "--json", "--host", str(host)]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"row": "macos-arm64-metal"' in done.stdout


def test_what_uvx_runs_names_itself_so_that_it_can_be_typed(built: Path, tmp_path: Path) -> None:
    wheel = next(built.glob("*.whl"))
    environ = os.environ | {"PATH": f"{Path(find_uv_bin()).parent}{os.pathsep}{os.environ['PATH']}"}
    first = subprocess.run(
        ["uvx", "--from", wheel, "tfsetup", "list"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    hint = re.search("`(.*) install` builds one", first.stdout)
    assert hint is not None, first.stdout
    assert hint[1] == f"uvx --from {wheel} tfsetup"
    again = subprocess.run(
        ["sh", "-c", f"{hint[1]} --version"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout.startswith("tfsetup ")


def test_who_takes_the_wheel_is_told_for_which_pythons_it_is(built: Path, tmp_path: Path) -> None:
    """Pip holds to both ends of the range; uv, and so `uvx --from`, to the lower one."""
    wheel = next(built.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        said = HeaderParser().parsestr(archive.read(name).decode())["Requires-Python"]
    assert SpecifierSet(said) == SpecifierSet(stated_range())
    older = f"3.{int(pythons()[0][2:]) - 1}"
    for python, code in ((older, 1), (pythons()[0], 0), (pythons()[-1], 0)):
        words = ["pip", "install", "--dry-run", "--target", str(tmp_path), "--python-version", python, str(wheel)]
        done = subprocess.run([find_uv_bin(), *words], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert not code or "Python" in done.stderr, done.stderr
