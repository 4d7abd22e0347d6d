"""The lock through conda-lock's own models, and back through its own reader and renderer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import urllib3  # noqa: F401 - it binds a socket when it is imported, which a test may not do

from support.conda import HOSTS, ask_channel, package, platform_lock, wheel
from tfsetup.locks.conda.lockfile import read_conda_lock_text
from tfsetup.locks.conda.model import PlatformLock, Request, VirtualPackage
from tfsetup.locks.conda.writing import LOCK, write_conda_lock

CHANNEL = "https://channel.example/forge"
SUBDIRS = ("linux-64", "osx-arm64")


def requests() -> list[Request]:
    return [ask_channel(CHANNEL, "python 3.12.*", "numpy", subdir=subdir) for subdir in SUBDIRS]


def platforms() -> list[PlatformLock]:
    return [platform_lock(subdir, content_hash="") for subdir in SUBDIRS]


def asked() -> dict[str, list[str]]:
    return {subdir: ["keras==3.1"] for subdir in SUBDIRS}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    for name, text in write_conda_lock(platforms(), requests(), asked()).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_three_files_are_written() -> None:
    assert sorted(write_conda_lock(platforms(), requests(), asked())) == [
        "conda-lock.yml",
        "environment.yml",
        "virtual-packages.yml",
    ]


def test_the_order_of_the_input_does_not_matter() -> None:
    one = write_conda_lock(platforms(), requests(), asked())
    other = write_conda_lock(platforms()[::-1], requests()[::-1], asked())
    assert one == other


def test_we_read_what_conda_lock_wrote(written: Path) -> None:
    back = read_conda_lock_text((written / LOCK).read_text(), file=LOCK)
    assert back.channels == (CHANNEL,)
    for expected in platforms():
        found = back.platforms[expected.subdir]
        # Builds of dependencies and the order of names are conda-lock's; what is installed is ours.
        assert {one.sha256 for one in found.packages} == {one.sha256 for one in expected.packages}
        assert [(one.name, one.version, one.url) for one in found.entries] == [
            (one.name, one.version, one.url) for one in expected.entries
        ]
        assert (found.row, found.digest) == (expected.row, expected.digest)
        assert len(found.content_hash) == 64


def test_conda_lock_reads_what_we_wrote(written: Path) -> None:
    from conda_lock.lockfile import parse_conda_lock_file

    found = parse_conda_lock_file(written / LOCK)
    assert {(one.name, one.platform, one.manager) for one in found.package} == {
        (one.name, lock.subdir, "pip" if one in lock.wheels else "conda")
        for lock in platforms()
        for one in lock.entries
    }
    assert found.metadata.platforms == sorted(SUBDIRS)


@pytest.mark.parametrize("subdir", SUBDIRS)
def test_conda_lock_renders_it_as_an_explicit_list(written: Path, subdir: str) -> None:
    from conda_lock.conda_lock import render_lockfile_for_platform
    from conda_lock.lockfile import parse_conda_lock_file

    lines = render_lockfile_for_platform(
        lockfile=parse_conda_lock_file(written / LOCK),
        extras=set(),
        include_dev_dependencies=False,
        kind="explicit",
        platform=subdir,
    )
    expected = next(lock for lock in platforms() if lock.subdir == subdir)
    assert sorted(line for line in lines if line.startswith("http")) == sorted(
        f"{one.url}#{one.md5}" for one in expected.packages
    )
    assert [line for line in lines if line.startswith("# pip")] == [
        f"# pip {one.name} @ {one.url}#sha256={one.sha256}" for one in expected.wheels
    ]


def test_conda_lock_finds_its_input_unchanged(written: Path) -> None:
    from conda_lock.content_hash import compute_content_hashes
    from conda_lock.src_parser import make_lock_spec
    from conda_lock.virtual_package import virtual_package_repo_from_specification

    (written / "names.json").write_text("{}")
    spec = make_lock_spec(src_files=[written / "environment.yml"], mapping_url=str(written / "names.json"))
    machines = virtual_package_repo_from_specification(written / "virtual-packages.yml")
    recorded = read_conda_lock_text((written / LOCK).read_text(), file=LOCK)
    hashes = {subdir: lock.content_hash for subdir, lock in recorded.platforms.items()}
    assert compute_content_hashes(spec, machines) == hashes


@pytest.mark.parametrize("change", ["specs", "virtual", "requirements"])
def test_another_ask_is_another_content_hash(change: str) -> None:
    def hashes(asking: list[Request], index: dict[str, list[str]]) -> list[str]:
        text = write_conda_lock(platforms(), asking, index)[LOCK]
        return [lock.content_hash for lock in read_conda_lock_text(text, file=LOCK).platforms.values()]

    before = hashes(requests(), asked())
    changes: dict[str, Any] = {
        "specs": {"specs": ("python 3.11.*",)},
        "virtual": {"virtual": (VirtualPackage(name="__unix", version="1"),)},
        "requirements": {},
    }
    other = [replace(request, **changes[change]) for request in requests()]
    index = {subdir: ["keras==3.2"] for subdir in SUBDIRS} if change == "requirements" else asked()
    assert all(one != two for one, two in zip(before, hashes(other, index), strict=True))


def test_virtual_packages_are_no_packages() -> None:
    lock = platform_lock(
        "linux-64", packages=(package("__glibc", "2.36"), *platform_lock().packages), wheels=(wheel(),)
    )
    text = write_conda_lock([lock], [ask_channel(CHANNEL, "numpy", subdir="linux-64")], {"linux-64": ["keras==3.1"]})[
        LOCK
    ]
    assert "__glibc" not in text


def test_every_platform_we_know_conda_lock_knows() -> None:
    asking = [ask_channel(CHANNEL, "numpy", subdir=subdir) for subdir in HOSTS]
    texts = write_conda_lock([platform_lock(subdir) for subdir in HOSTS], asking, {})
    assert list(read_conda_lock_text(texts[LOCK], file=LOCK).platforms) == sorted(HOSTS)
