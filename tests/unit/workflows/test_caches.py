"""The caches are counted, kept within their limits and emptied; what is not a cache of ours stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tfsetup.errors import BuildError
from tfsetup.loader.digest.store import LIMIT, own_store
from tfsetup.locks.files import _cache as proofs
from tfsetup.workflows import caches as module
from tfsetup.workflows.caches import KINDS, Caches, caches, clear, prune


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept"


def fill(folder: Path, name: str, sizes: dict[str, int]) -> None:
    """Write files, the first the oldest."""
    for age, (path, size) in enumerate(sizes.items()):
        file = folder / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(size))
        os.utime(file, (1_000_000 + age, 1_000_000 + age))


def counts(found: Caches) -> dict[str, tuple[int, int]]:
    return {one.name: (one.files, one.bytes) for one in found.caches if one.files}


def test_an_empty_place_is_no_error(folder: Path) -> None:
    for ask in (caches, prune, clear):
        found = ask()
        assert (found.folder, found.files, found.bytes, found.changed) == (str(folder), 0, 0, False)
        assert [one.name for one in found.caches] == [kind.name for kind in KINDS]
    assert not folder.exists()


def test_each_cache_is_counted(folder: Path) -> None:
    fill(folder, "digests", {"v1/a.sparse": 10, "v1/b.wheel": 5, "v0/c.sparse": 1})
    fill(folder, "index", {"pages/x.json": 3})
    (folder / "probe.json").write_bytes(bytes(7))
    found = caches()
    assert counts(found) == {"digests": (3, 16), "index": (1, 3), "probe.json": (1, 7)}
    assert (found.files, found.bytes) == (5, 26)
    assert found.caches[0].path == str(folder / "digests")


def test_what_was_used_longest_ago_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [kind._replace(limit=kind.limit and 20) for kind in KINDS]
    monkeypatch.setattr(module, "KINDS", tuple(limits))
    fill(folder, "digests", {"v0/oldest": 1, "v1/older": 10, "v1/newer": 15, "v1/newest": 5})
    fill(folder, "listings", {"one": 20})
    (folder / "probe.json").write_bytes(bytes(100))
    done = prune()
    assert counts(done) == {"digests": (2, 20), "listings": (1, 20), "probe.json": (1, 100)}
    assert (done.changed, done.removed_files, done.removed_bytes) == (True, 2, 11)
    assert sorted(path.name for path in (folder / "digests").rglob("*")) == ["newer", "newest", "v1"]
    assert not prune().changed


def test_clearing_takes_all_of_ours_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    for kind in KINDS:
        if kind.limit:
            fill(folder, kind.name, {"deep/er/file": 4, "empty": 0})
    (folder / "probe.json").write_bytes(bytes(7))
    fill(folder, "python", {"bin/python3": 9})
    fill(folder, "uv", {"wheels/x": 9})
    fill(tmp_path, "elsewhere", {"dear": 9})
    (folder / "digests" / "link").symlink_to(tmp_path / "elsewhere")
    done = clear()
    assert (done.files, done.bytes, done.removed_files) == (0, 0, 2 * 4 + 1 + 1)
    assert sorted(path.name for path in folder.iterdir()) == ["python", "uv"]
    assert (folder / "python/bin/python3").exists()
    assert (tmp_path / "elsewhere" / "dear").exists()


def test_a_cache_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    fill(tmp_path, "elsewhere", {"dear": 9})
    folder.mkdir()
    (folder / "digests").symlink_to(tmp_path / "elsewhere")
    assert counts(caches())["digests"][0] == 1
    clear()
    assert (tmp_path / "elsewhere" / "dear").exists()
    assert not (folder / "digests").is_symlink()


def test_what_cannot_be_removed_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder, "digests", {"v1/a": 1})

    def denied(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", denied)
    with pytest.raises(BuildError, match=r"v1.a cannot be removed: Permission denied"):
        clear()


def test_what_another_process_removed_meanwhile_is_gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder, "digests", {"v1/a": 1})
    unlink = Path.unlink

    def first(path: Path) -> None:
        unlink(path)
        unlink(path)

    monkeypatch.setattr(Path, "unlink", first)
    assert not clear().changed


def test_without_a_home_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "known_cache", lambda _environ: None)
    for ask in (caches, prune, clear):
        assert ask() == Caches(folder=None, caches=(), files=0, bytes=0)


@pytest.mark.parametrize(
    ("name", "where"),
    [("digests", lambda: own_store().folder), ("proofs", proofs)],
)
def test_whoever_fills_a_cache_fills_one_that_is_shown(
    folder: Path, name: str, where: Callable[[], Path | None]
) -> None:
    found = where()
    assert found is not None
    assert found.is_relative_to(folder / name)
    assert name in {kind.name for kind in KINDS}


def test_the_limit_of_digests_is_the_one_they_keep_to() -> None:
    assert next(kind.limit for kind in KINDS if kind.name == "digests") == LIMIT
