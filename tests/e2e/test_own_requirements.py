"""The tool's own locks, by hash and as wheels, on every Python of the range and every platform of the matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from support.own_requirements import LOCKS, Cell, Lock, cells, complaint, exempt, lacking, lock_text, pins, pythons
from tfsetup.ground.platforms import fitting_wheels, wheel_tags
from tfsetup.upkeep.index.client import client
from tfsetup.upkeep.index.snapshot import File

pytestmark = [pytest.mark.network, pytest.mark.process]

LOCKED = {lock: pins(lock_text(lock)) for lock in LOCKS}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[File]]:
    """What the indexes of this machine have of each package, all of them: hashes say which file is meant."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_INDEX_STRATEGY", "unsafe-best-match")
        asked = client(tmp_path_factory.mktemp("index"))
    with closing(asked) as index:
        return index.pages(sorted({pin.name for locked in LOCKED.values() for pin in locked}))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_python_and_platform_has_its_wheels(lock: Lock, pages: Mapping[str, Sequence[File]]) -> None:
    """But for those that are named as exceptions; and none is named in vain."""
    found = {str(cell): lacking(cell, LOCKED[lock], pages) for cell in cells(lock)}
    named = {str(cell): exempt(cell) for cell in cells(lock)}
    assert {name: packages for name, packages in found.items() if packages != named[name]} == {}


@pytest.mark.parametrize("python", pythons())
def test_the_hash_of_one_wheel_is_missed_where_it_is_needed(python: str, pages: Mapping[str, Sequence[File]]) -> None:
    """Each wheel of the YAML reader is left out of the lock once: the cells that it was for are the ones that fail."""
    (pin,) = (pin for pin in LOCKED["tool"] if pin.name == "pyyaml")
    here = [cell for cell in cells("tool") if cell.python == python and not exempt(cell)]
    for cell in here:
        tags = wheel_tags(python, cell.target.platform.tags(cell.target.level, musl=cell.target.musl))
        best = set(fitting_wheels([file.filename for file in pages["pyyaml"] if file.sha256 in pin.digests], tags))
        lost = {file.sha256 for file in pages["pyyaml"] if file.filename in best}
        poorer = pin._replace(digests=pin.digests - lost)
        assert lost
        assert lacking(cell, [poorer], pages) == {"pyyaml"}
        assert any(
            not lacking(other, [poorer], pages) for other in here if other.target.platform != cell.target.platform
        )


@pytest.mark.parametrize("lock", LOCKS)
def test_uv_finds_all_that_they_ask_for_in_the_lock(lock: Lock, tmp_path: Path) -> None:
    """On the newest Python of each platform, and the oldest of one; `make exhaustive` asks about all of them."""
    whole = [cell for cell in cells(lock) if not exempt(cell)]
    newest = {cell.target.name: cell for cell in whole}  # the last one stays
    assert complaints([whole[0], *newest.values()], tmp_path) == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize("lock", LOCKS)
def test_uv_finds_it_on_every_python(lock: Lock, tmp_path: Path) -> None:
    assert complaints([cell for cell in cells(lock) if not exempt(cell)], tmp_path) == {}


def complaints(asked: Sequence[Cell], folder: Path) -> dict[str, str]:
    """Ask uv about all of them, a few at a time."""
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda cell: complaint(cell, folder), asked))
    return {str(cell): answer for cell, answer in zip(asked, answers, strict=True) if answer}
