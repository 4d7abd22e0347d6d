"""Locks that other programs wrote, as people meet them: `preflight FILE` and `install --lock FILE`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from support.cli import Tfsetup
from support.fake_mac_tensorflow import PLUGIN, plugin, tensorflow_files
from support.macho import build
from support.wheels import wheel_bytes, whole_wheel

CASES = Path(__file__).parents[1] / "cases" / "pylock"
TF = "tensorflow-2.19.1-cp312-cp312-macosx_12_0_arm64.whl"
METAL = "tensorflow_metal-1.2.0-cp312-cp312-macosx_12_0_arm64.whl"
MAC = {"os": "macos", "os_version": "14.4.1", "arch": "arm64", "rosetta": False}
A = "a" * 64
ABSENT = "https://files.example/packages/tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl"


@pytest.fixture
def mac(tmp_path: Path) -> str:
    (tmp_path / "mac.json").write_text(json.dumps(MAC))
    return str(tmp_path / "mac.json")


def save(folder: Path, filename: str, files: Mapping[str, bytes | str]) -> str:
    """Write a wheel into `vendor/`, and return its sha256."""
    content = whole_wheel(filename, files)
    (folder / "vendor").mkdir(exist_ok=True)
    (folder / "vendor" / filename).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def lock(folder: Path, *, imports: str = "_TF_NewStatus", more: str = "", head: str = "") -> str:
    """A lock for Macs and Linux; the Mac's wheels lie in the project: one by its path, one as an archive (uv's way)."""
    tensorflow, metal = save(folder, TF, tensorflow_files()), save(folder, METAL, {PLUGIN: build(plugin(imports))})
    linux = f'{{ url = "{ABSENT}", hashes = {{ sha256 = "{A}" }} }}'
    text = f"""\
lock-version = "1.0"
created-by = "uv"
{head}
[[packages]]
name = "tensorflow-cpu"
version = "2.21.0"
marker = "sys_platform == 'linux'"
wheels = [{linux}]

[[packages]]
name = "tensorflow"
version = "2.19.1"
marker = "sys_platform == 'darwin'"
wheels = [{{ path = "vendor/{TF}", hashes = {{ sha256 = "{tensorflow}" }} }}]

[[packages]]
name = "tensorflow-metal"
version = "1.2.0"
marker = "sys_platform == 'darwin'"
archive = {{ path = "vendor/{METAL}", hashes = {{ sha256 = "{metal}" }} }}
{more}"""
    (folder / "pylock.toml").write_text(text)
    return str(folder / "pylock.toml")


# ---------------------------------------------------------------------------------------------------------- preflight


@pytest.mark.parametrize(("imports", "status", "verdict"), [("_TF_NewStatus", 0, "loads"), ("_TF_Gone", 7, "fails")])
def test_only_what_applies_is_judged_and_wheels_of_the_project_are_wheels(
    tfsetup: Tfsetup, tmp_path: Path, mac: str, imports: str, status: int, verdict: str
) -> None:
    ran = tfsetup("preflight", "--json", "--host", mac, lock(tmp_path, imports=imports))
    data = ran.document["data"]
    assert (ran.status, data["verdict"], data["tensorflow"], data["images"] > 0) == (status, verdict, "2.19.1", True)


def test_the_python_is_one_that_the_lock_is_for(tfsetup: Tfsetup, tmp_path: Path) -> None:
    pythons = [{"version": "3.13.1", "arch": "arm64"}, {"version": "3.12.4", "arch": "arm64"}]
    (tmp_path / "two.json").write_text(json.dumps({**MAC, "pythons": pythons}))
    there = lock(tmp_path, head='requires-python = "==3.12.*"')
    ran = tfsetup("preflight", "--json", "--host", str(tmp_path / "two.json"), there)
    assert (ran.status, ran.document["data"]["python"]) == (0, "3.12")


def test_a_wheel_of_the_project_that_is_another_is_a_hash_failure(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    there = lock(tmp_path)
    (tmp_path / "vendor" / TF).write_bytes(wheel_bytes({"tensorflow/__init__.py": "other"}))
    ran = tfsetup("preflight", "--host", mac, there)
    assert ran.status == 5
    assert ran.err.splitlines() == [
        f"error: vendor/{TF} is not the wheel of tensorflow that was locked: its sha256 is another.",
        f"   at: {there}:11",
        " hint: Put the locked wheel back, or write the lock anew if the change was meant.",
    ]


def test_a_wheel_of_the_project_that_is_gone_is_named_with_its_line(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    there = lock(tmp_path)
    (tmp_path / "vendor" / METAL).unlink()
    ran = tfsetup("preflight", "--host", mac, there)
    assert ran.status == 3
    assert f"The wheel of tensorflow-metal, vendor/{METAL}, cannot be read: No such file" in ran.err
    assert f"at: {there}:17" in ran.err


BUILT = {
    "source distribution": f'sdist = {{ url = "https://a.io/promise-2.3.tar.gz", hashes = {{ sha256 = "{A}" }} }}',
    "directory": 'directory = { path = ".", editable = true }',
    "repository": 'vcs = { type = "git", url = "https://a.io/promise.git", commit-id = "0123456789" }',
    "archive of sources": f'archive = {{ url = "https://a.io/promise.zip", hashes = {{ sha256 = "{A}" }} }}',
}


@pytest.mark.parametrize("source", BUILT)
def test_what_must_be_built_is_named_and_the_rest_is_judged(
    tfsetup: Tfsetup, tmp_path: Path, mac: str, source: str
) -> None:
    more = f'\n[[packages]]\nname = "promise"\nversion = "2.3"\n{BUILT[source]}\n'
    there = lock(tmp_path, more=more)
    ran = tfsetup("preflight", "--json", "--host", mac, there)
    data = ran.document["data"]
    assert (ran.status, data["verdict"], data["images"]) == (0, "undecided", 5)
    (unseen,) = [each["reason"] for each in data["not_covered"] if each["matters"]]
    assert unseen == f"promise 2.3 is locked to a {source}, which must be built first: what it will hold is not known"
    assert tfsetup("preflight", "--strict", "--host", mac, there).status == 9
    fails = tfsetup("preflight", "--json", "--host", mac, lock(tmp_path, imports="_TF_Gone", more=more))
    assert (fails.status, fails.document["data"]["verdict"]) == (7, "fails")


def test_a_lock_of_which_nothing_applies_is_no_yes(tfsetup: Tfsetup, tmp_path: Path, mac: str) -> None:
    (tmp_path / "pylock.toml").write_text('lock-version = "1.0"\ncreated-by = "uv"\npackages = []\n')
    ran = tfsetup("preflight", "--json", "--host", mac, str(tmp_path / "pylock.toml"))
    assert (ran.status, ran.document["data"]["verdict"], ran.document["data"]["images"]) == (9, "undecided", 0)


def test_a_machine_that_a_lock_does_not_cover_is_refused(tfsetup: Tfsetup, mac: str) -> None:
    file = CASES / "uv.toml"
    ran = tfsetup("preflight", "--host", "linux-aarch64-cpu", "--python", "3.12", str(file))
    assert ran.status == 8
    assert ran.err.splitlines()[0].startswith("error: This lock is not for Python 3.12 on Linux aarch64")
    assert f"   at: {file}:5" in ran.err.splitlines()
    ran = tfsetup("preflight", "--host", mac, "--python", "3.13", str(file))
    assert ran.status == 8
    assert ran.err.splitlines()[:2] == [
        "error: This lock is for Python ==3.12.*, and this is Python 3.13 on macOS 14.4 arm64.",
        f"   at: {file}:6",
    ]


# ------------------------------------------------------------------------------------------------------------ install


@pytest.mark.parametrize(
    ("program", "packages", "size"),
    [("uv", 2, 260_011_000), ("poetry", 3, 3000), ("pdm", 2, 0), ("pip", 2, 0)],
)
def test_an_installation_takes_what_is_for_this_machine(
    tfsetup: Tfsetup, host_file: Callable[[str], str], program: str, packages: int, size: int
) -> None:
    argv = ["install", "--dry-run", "--json", "--lock", str(CASES / f"{program}.toml")]
    ran = tfsetup(*argv, "--host", host_file("linux-x86_64-glibc-2.36"))
    data = ran.document["data"]
    assert (ran.status, len(data["packages"]), data["download_bytes"]) == (0, packages, size)
    assert [each for each in data["packages"] if "tensorflow" in each] == ["tensorflow-cpu==2.21.0"]
    assert data["python"] == "3.12"


def test_nothing_is_built_from_another_program_s_lock(
    tfsetup: Tfsetup, host_file: Callable[[str], str], tmp_path: Path
) -> None:
    source = '\n[[packages]]\nname = "demo"\ndirectory = { path = ".", editable = true }\n'
    (tmp_path / "pylock.toml").write_text((CASES / "uv.toml").read_text() + source)
    argv = ["install", "--dry-run", "--lock", "pylock.toml", "--host", host_file("linux-x86_64-glibc-2.36")]
    ran = tfsetup(*argv)
    assert ran.status == 3
    assert "`demo` is not locked to wheels, but to a directory; nothing is built from source" in ran.err
    assert "at: pylock.toml:52" in ran.err
    assert "uv export --no-emit-project" in " ".join(ran.err.split())
