"""Solving the stub channel with rattler, in process and from files: no process is started, no socket opened."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.channel import write_repodata
from support.conda import HOSTS, ask_channel, settings
from tfsetup.errors import BuildError, NetworkError, UsageError
from tfsetup.locks.conda import library
from tfsetup.locks.conda.model import CondaPackage
from tfsetup.locks.conda.platforms import virtual_packages
from tfsetup.locks.conda.run import distributions, distributions_in, local_path, solve


def versions(packages: tuple[CondaPackage, ...]) -> dict[str, str]:
    return {one.name: f"{one.version} {one.build}" for one in packages}


def test_five_platforms_are_solved_at_once(channel: Path, tmp_path: Path) -> None:
    requests = [ask_channel(channel, "python 3.12.*", "numpy", "scipy", "h5py", subdir=subdir) for subdir in HOSTS]
    solved = solve(requests, settings(tmp_path))
    assert list(solved) == list(HOSTS)
    for subdir, packages in solved.items():
        assert {"python", "numpy", "scipy", "h5py", "libblas"} <= set(versions(packages))
        assert {one.subdir for one in packages} == {subdir, "noarch"}
        assert [one.name for one in packages] == sorted(one.name for one in packages)
        for one in packages:
            assert local_path(one.url).is_file()
            assert (len(one.sha256), len(one.md5)) == (64, 32)


@pytest.mark.parametrize(
    ("macos", "spec", "expected"),
    [
        ("14.0", "libblas * *_newaccelerate", "3.11.0 5_hlocal_newaccelerate"),
        ("13.0", "libblas * *_accelerate", "3.11.0 5_hlocal_accelerate"),
        ("14.0", "libblas * *_accelerate", "3.11.0 5_hlocal_accelerate"),
        ("14.0", "libblas=*=*_newaccelerate", "3.11.0 5_hlocal_newaccelerate"),
        ("14.0", "libblas", "3.11.0 5_hlocal_openblas"),
    ],
)
def test_the_exact_build_of_the_blas_switch_is_what_comes(
    channel: Path, tmp_path: Path, macos: str, spec: str, expected: str
) -> None:
    host = replace(HOSTS["osx-arm64"], os_version=macos)
    request = ask_channel(channel, "numpy", "python 3.12.*", spec, virtual=virtual_packages(host, "osx-arm64"))
    assert versions(solve([request], settings(tmp_path))["osx-arm64"])["libblas"] == expected


def test_the_new_accelerate_is_not_for_an_old_macos(channel: Path, tmp_path: Path) -> None:
    host = replace(HOSTS["osx-arm64"], os_version="13.0")
    request = ask_channel(channel, "libblas * *_newaccelerate", virtual=virtual_packages(host, "osx-arm64"))
    with pytest.raises(BuildError, match=r"__osx >=13\.3 is a fact about the machine: this one has 13\.0"):
        solve([request], settings(tmp_path))


def test_the_machine_that_solves_does_not_matter(
    channel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask_channel(channel, "needs-cuda", subdir="linux-64")
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "12.4")
    with pytest.raises(BuildError, match=r"__cuda >=12\.0 is a fact about the machine: this one has none"):
        solve([request], settings(tmp_path))


def test_a_limit_holds_and_brings_nothing_in(channel: Path, tmp_path: Path) -> None:
    request = ask_channel(channel, "python 3.12.*", "numpy", limits=("numpy <=2.1.3", "h5py <=3.14.0"))
    found = versions(solve([request], settings(tmp_path))["osx-arm64"])
    assert found["numpy"] == "2.1.3 py312hlocal_0"
    assert "h5py" not in found


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("nosuch", "nosuch: no version"),
        ("numpy 9.*", "numpy: there are 2.5.5, 2.1.3, 1.26.4"),
        ("scipy 1.11.*", None),
    ],
)
def test_an_impossible_wish_says_what_there_is(channel: Path, tmp_path: Path, spec: str, says: str | None) -> None:
    request = ask_channel(channel, "python 3.12.*", "numpy 2.*", spec)
    with pytest.raises(BuildError) as caught:
        solve([request], settings(tmp_path))
    assert "do not fit together" in caught.value.message
    assert f"Asked for: python 3.12.*, numpy 2.*, {spec}" in caught.value.message
    if says:
        assert says in caught.value.message


def test_a_channel_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="no package list there"):
        solve([ask_channel(tmp_path / "nowhere", "python")], settings(tmp_path))


@pytest.mark.parametrize("missing", ["md5", "sha256"])
def test_a_package_without_hashes_is_not_locked(channel: Path, tmp_path: Path, missing: str) -> None:
    copy = tmp_path / "channel"
    for subdir in ("noarch", "osx-arm64"):
        records = json.loads((channel / subdir / "repodata.json").read_text())["packages.conda"]
        (copy / subdir).mkdir(parents=True)
        for record in records.values():
            record.pop(missing if record["name"] == "tzdata" else "none", None)
        write_repodata(copy / subdir, records)
    with pytest.raises(NetworkError, match=r"no sha256 for tzdata-2025c-hlocal_0\.conda"):
        solve([ask_channel(copy, "python 3.12.*")], settings(tmp_path))


def test_the_names_inside_the_archives(channel: Path, tmp_path: Path) -> None:
    solved = solve([ask_channel(channel, "python 3.12.*", "numpy", "h5py")], settings(tmp_path))["osx-arm64"]
    expected = {"numpy": ("2.5.5", "numpy"), "h5py": ("3.16.0", "h5py")}
    assert distributions(solved, settings(tmp_path)) == expected
    gone = tuple(replace(one, url=one.url + ".gone") for one in solved)
    assert distributions(gone, settings(tmp_path)) == expected, "an archive that was looked into is remembered"


def test_an_archive_that_is_gone_is_named(channel: Path, tmp_path: Path) -> None:
    solved = solve([ask_channel(channel, "python 3.12.*", "numpy")], settings(tmp_path))["osx-arm64"]
    gone = tuple(replace(one, url=one.url.replace("numpy-2", "numpy-9")) for one in solved)
    with pytest.raises((NetworkError, BuildError), match="Looking into numpy-9"):
        distributions(gone, settings(tmp_path))


def test_distributions_are_recognised_by_their_folder() -> None:
    paths = [
        "lib/python3.12/site-packages/Opt_Einsum-3.4.0.dist-info/METADATA",
        "Lib\\site-packages\\h5py-3.14.0.dist-info\\RECORD",
        "site-packages/old.thing-1.2.egg-info/PKG-INFO",
        "lib/python3.12/site-packages/numpy/core.py",
        "share/other-1.0.dist-info/METADATA",
    ]
    assert distributions_in(paths) == {"opt-einsum": "3.4.0", "h5py": "3.14.0", "old-thing": "1.2"}


def test_a_missing_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rattler", None)
    library.rattler.cache_clear()
    try:
        with pytest.raises(UsageError, match="needs py-rattler") as caught:
            library.rattler()
    finally:
        library.rattler.cache_clear()
    assert "uv pip install --python" in caught.value.hint
    assert library.REQUIREMENT in caught.value.hint


def test_the_remedy_is_what_the_extra_asks_for() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())
    assert library.REQUIREMENT in project["project"]["optional-dependencies"]["conda"]


def test_the_process_pauses_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[Any] = []
    monkeypatch.setattr("atexit.register", lambda *call: registered.append(call))
    library.rattler.cache_clear()
    try:
        library.rattler()
        library.rattler()
    finally:
        library.rattler.cache_clear()
    assert len(registered) == 1
    pause, seconds = registered[0]
    assert (pause.__module__, pause.__name__) == ("time", "sleep")
    assert seconds >= 0.01


def test_only_archives_that_are_old_enough_are_taken(channel: Path, tmp_path: Path) -> None:
    # Everything in the channel is of the first day of 2026.
    request = ask_channel(channel, "python 3.12.*")
    old = replace(request, before=datetime(2026, 6, 1, tzinfo=UTC))
    assert solve([old], settings(tmp_path)) == solve([request], settings(tmp_path))
    with pytest.raises(BuildError, match=r"Only archives from before 2025-12-01T00:00:00Z may be taken"):
        solve([replace(request, before=datetime(2025, 12, 1, tzinfo=UTC))], settings(tmp_path))
