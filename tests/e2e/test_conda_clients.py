"""Our lock and our prefixes in the hands of others: conda-lock, and a real conda."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.channel_server import serve
from support.forge import Forge
from support.real_conda import Conda, make_conda

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Conda:
    return make_conda(tmp_path_factory.mktemp("real conda") / "conda")


@pytest.fixture(scope="module")
def lock(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lock of this machine's platform."""
    folder = tmp_path_factory.mktemp("lock")
    argv = ["lock", "--backend", "conda", "--platform", "linux-x86_64-cpu", "--python", forge.minor, "--no-prove"]
    done = forge.run(*argv, "-o", str(folder), cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "conda-lock.yml"


@pytest.fixture(scope="module")
def explicit(lock: Path) -> Path:
    """conda-lock's explicit rendering of it."""
    command = [sys.executable, "-W", "ignore", "-m", "conda_lock", "render", "--kind", "explicit"]
    done = subprocess.run(
        [*command, "--platform", "linux-64", lock.name], cwd=lock.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return lock.parent / "conda-linux-64.lock"


@pytest.fixture(scope="module")
def made(conda: Conda, explicit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What conda makes of the rendering."""
    prefix = tmp_path_factory.mktemp("made by conda") / "env"
    done = conda.run("create", "--yes", "--quiet", "-p", str(prefix), "--file", str(explicit), cwd=prefix.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    return prefix


def test_conda_installs_the_explicit_rendering(conda: Conda, made: Path, explicit: Path) -> None:
    listed = conda.run("list", "-p", str(made), "--explicit", "--md5", cwd=made.parent)
    urls = {line for line in explicit.read_text().splitlines() if line.startswith("file:")}
    assert {line for line in listed.stdout.splitlines() if line.startswith("file:")} == urls
    code = (
        "import numpy, scipy, h5py, sys; assert (numpy.eye(2) @ numpy.eye(2) == numpy.eye(2)).all(); print(sys.prefix)"
    )
    done = subprocess.run([made / "bin" / "python", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(made), done.stderr


@pytest.mark.parametrize(("spoil", "status"), [(False, 0), (True, 1)])
def test_conda_checks_the_hashes_of_what_is_served(
    forge: Forge, conda: Conda, explicit: Path, tmp_path: Path, spoil: bool, status: int
) -> None:
    """Over http; what is a file of this machine conda takes unchecked, as rattler does."""
    url, _, md5 = next(line for line in explicit.read_text().splitlines() if "/tzdata-" in line).partition("#")
    lines = tmp_path / "explicit.lock"
    with serve(forge.folder) as served:
        served_at = url.replace(forge.folder.as_uri(), served.url)
        lines.write_text(f"@EXPLICIT\n{served_at}#{'0' * 32 if spoil else md5}\n")
        argv = ["create", "--yes", "--quiet", "-p", str(tmp_path / "env"), "--file", str(lines)]
        done = conda.run(*argv, cwd=tmp_path, CONDA_PKGS_DIRS=str(tmp_path / "pkgs"))
    assert done.returncode == status, done.stderr
    assert ("ChecksumMismatchError" in done.stdout + done.stderr) is spoil


@pytest.fixture(scope="module")
def ours(forge: Forge, lock: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prefix of ours from the same lock."""
    prefix = tmp_path_factory.mktemp("made by us") / "env"
    argv = ["install", "--lock", str(lock), "--prefix", str(prefix), "--no-verify", "--no-preflight"]
    done = forge.run(*argv, cwd=prefix.parent)
    assert done.returncode == 0, done.stderr
    return prefix


def test_conda_sees_in_our_prefix_what_it_would_have_made(conda: Conda, made: Path, ours: Path) -> None:
    both = [json.loads(conda.run("list", "-p", str(one), "--json", cwd=ours.parent).stdout) for one in (made, ours)]
    theirs, mine = [{(e["name"], e["version"], e["build_string"]) for e in listed} for listed in both]
    from_index = {name for name, _, build in mine - theirs if build == "pypi_0"}
    assert theirs <= mine
    assert mine - theirs == {one for one in mine if one[0] in from_index}
    assert "tensorflow-cpu" in from_index


def test_conda_activate_takes_our_prefix(conda: Conda, ours: Path) -> None:
    """`conda activate PATH` evaluates what this prints; the rest of it is the shell function that calls conda."""
    printed = conda.run("shell.posix", "activate", str(ours), cwd=ours.parent)
    assert printed.returncode == 0, printed.stderr
    script = f'{printed.stdout}\npython -c "import sys, numpy; print(sys.prefix)"; echo "$CONDA_PREFIX $CONDA_SHLVL"'
    done = subprocess.run(
        ["bash", "-c", script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [str(ours), f"{ours} 1"], done.stderr


def test_our_run_works_inside_an_active_conda(forge: Forge, conda: Conda, made: Path, ours: Path) -> None:
    """With another conda environment active, `tfsetup run` gives this one, and leaves nothing of the other."""
    printed = conda.run("shell.posix", "activate", str(made), cwd=ours.parent)
    command = [sys.executable, "-m", "tfsetup", "run", str(ours), "--", "python", "-c"]
    code = "import os, sys; print(sys.prefix, os.environ['CONDA_PREFIX'], os.environ.get('CONDA_SHLVL'), sep=';')"
    quoted = shlex.join([*command, code])
    root = Path(__file__).parents[2]
    done = subprocess.run(
        ["bash", "-c", f"{printed.stdout}\n{quoted}"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root / "installer")} | forge.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip().split(";") == [str(ours), str(ours), "None"], done.stderr


@pytest.mark.exhaustive
def test_conda_lock_installs_the_whole_lock(conda: Conda, lock: Path, tmp_path: Path) -> None:
    """Packages through conda, wheels through pip.

    conda-lock calls `conda run -p PREFIX pip`, whose shell part this conda has not; it is done here as activation would
    do it. With a broken activation the wheels would go to whatever pip comes first on PATH, and success be reported.
    """
    prefix = tmp_path / "env"
    path = f"{prefix}/bin:/usr/bin:/bin"
    variables = " ".join(f"{name}='{value}'" for name, value in conda.environ.items())
    program = tmp_path / "conda"
    program.write_text(
        "#!/bin/bash\n"
        'if [ "$1" = run ]; then\n'
        f"  while [ \"$1\" != pip ]; do shift; done; shift; exec env -i PATH='{path}' HOME='{conda.home}' "
        f"'{prefix}/bin/python' -m pip \"$@\"\nfi\n"
        f"exec env -i {variables} '{sys.executable}' -W ignore -m conda \"$@\"\n"
    )
    program.chmod(0o755)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "conda_lock",
        "install",
        "--conda",
        str(program),
        "-p",
        str(prefix),
    ]
    environ = {"PATH": path, "HOME": str(conda.home)}
    done = subprocess.run([*command, str(lock)], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = "import tensorflow as tf; print(float(tf.reduce_sum(tf.eye(8) @ tf.eye(8))))"
    ran = subprocess.run([prefix / "bin" / "python", "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "8.0", ran.stderr
