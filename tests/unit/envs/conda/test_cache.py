"""A package cache that conda filled before: used where it is the very archive, and left as it is in any case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.channel_archive import Entry, Package, read_index, write_conda
from support.conda import package, settings
from tfsetup.envs.conda.engine import OWN, link, own_cache
from tfsetup.locks.conda.library import rattler
from tfsetup.locks.conda.model import CondaPackage
from tfsetup.locks.conda.run import local_path


def written(channel: Path, content: bytes) -> CondaPackage:
    """Write a package of always the same name; only what is in it differs."""
    made = Package("libs", "1.0", "h0_0", "linux-64", entries=[Entry("share/x.txt", content)])
    path = write_conda(made, channel)
    facts = read_index(path)
    return package("libs", "1.0", build="h0_0", url=path.as_uri(), md5=facts["md5"], sha256=facts["sha256"])


def unpacked_by_conda(one: CondaPackage, cache: Path, *, record: bool = True) -> Path:
    """Leave an entry as conda does: the unpacked archive and the channel's record in it."""
    rattler()
    from rattler.package_streaming import extract

    entry = cache / one.stem
    extract(local_path(one.url), entry)
    if record:
        (entry / "info" / "repodata_record.json").write_text(json.dumps({"sha256": one.sha256, "url": one.url}))
    return entry


def test_another_archive_of_the_same_name_is_not_taken_from_conda_s_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "pkgs"
    entry = unpacked_by_conda(written(tmp_path / "a", b"theirs"), cache)
    before = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    link([written(tmp_path / "b", b"locked")], "linux-64", tmp_path / "env", settings(tmp_path), offline=False)
    assert (tmp_path / "env" / "share" / "x.txt").read_text() == "locked"
    assert (entry / "share" / "x.txt").read_text() == "theirs"
    assert {path: path.read_bytes() for path in before} == before
    assert (cache / OWN / "libs-1.0-h0_0").is_dir()


def test_the_very_archive_is_taken_from_it(tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "pkgs"
    one = written(tmp_path / "a", b"same")
    entry = unpacked_by_conda(one, cache)
    link([one], "linux-64", tmp_path / "env", settings(tmp_path), offline=False)
    assert (tmp_path / "env" / "share" / "x.txt").samefile(entry / "share" / "x.txt")
    assert not (cache / OWN).exists()


def test_two_archives_of_one_name_of_our_own_are_kept_apart(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        one = written(tmp_path / content.decode(), content)
        link([one], "linux-64", tmp_path / f"env-{content.decode()}", settings(tmp_path), offline=False)
        assert (tmp_path / f"env-{content.decode()}" / "share" / "x.txt").read_bytes() == content


@pytest.mark.parametrize(
    ("record", "lock", "own"),
    [
        (None, False, True),  # somebody's, who does not say what it is
        (None, True, False),  # rattler's
        ({"sha256": "a" * 64}, False, False),
        ({"sha256": "b" * 64}, False, True),
        ({"sha256": "b" * 64}, True, True),
        ({}, True, True),
        ([], True, True),
        ("{", True, True),
    ],
)
def test_which_entries_may_be_used(tmp_path: Path, record: object, lock: bool, own: bool) -> None:
    one = package("libs", "1.0", build="h0_0")
    info = tmp_path / one.stem / "info"
    info.mkdir(parents=True)
    if record is not None:
        (info / "repodata_record.json").write_text(record if isinstance(record, str) else json.dumps(record))
    if lock:
        (tmp_path / f"{one.stem}.lock").write_bytes(b"")
    assert own_cache([one, package("other")], tmp_path) == (tmp_path / OWN if own else tmp_path)


def test_an_empty_cache_is_as_good_as_any(tmp_path: Path) -> None:
    assert own_cache([package()], tmp_path / "nowhere") == tmp_path / "nowhere"
