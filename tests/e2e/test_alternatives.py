"""What is kept of alternatives against their real wheels on the index, opened and resolved again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from support.matrix import mac, shipped
from tfsetup.matrix.alternatives import Alternative, Alternatives, Openings
from tfsetup.matrix.file.disk import read_alternatives, read_openings
from tfsetup.matrix.model import Ask
from tfsetup.upkeep.alternatives.course import open_alternatives
from tfsetup.upkeep.index.client import IndexClient, client
from tfsetup.workflows.resolve import resolve

pytestmark = [pytest.mark.e2e, pytest.mark.network]
KNOWN, KEPT, NOTHING = read_alternatives(), read_openings(), Openings(opened=())
SMALLEST = "jax-mps"  # a wheel of 45 MB with one library; the others are larger


@pytest.fixture(scope="module")
def index() -> Iterator[IndexClient]:
    found = client()
    yield found
    found.close()


def only(name: str, symbol: str | None = None) -> Alternatives:
    one = next(one for one in KNOWN.alternatives if one.id == name)
    assert one.library is not None
    library = replace(one.library, symbol=symbol or one.library.symbol)
    return replace(KNOWN, alternatives=(replace(one, library=library),))


def written(folder: Path) -> Openings:
    return msgspec.json.decode((folder / "gpu-alternatives.json").read_bytes(), type=Openings)


def any_python(_requirements: Sequence[str], _python: str, _macos: str) -> bool:
    return True


def test_a_real_wheel_opens_as_it_is_kept_and_what_is_told_of_it_is_true(index: IndexClient, tmp_path: Path) -> None:
    found = open_alternatives(only(SMALLEST), NOTHING, shipped(), tmp_path, index.pages, solves=any_python)
    assert (found.verdict, found.differences) == ("as told", ())
    kept = next(one for one in KEPT.opened if one.id == SMALLEST)
    assert written(tmp_path).opened == (kept,)


@pytest.mark.exhaustive
def test_a_real_library_without_the_name_that_is_looked_up(index: IndexClient, tmp_path: Path) -> None:
    known = only(SMALLEST, "GetNoApi")
    found = open_alternatives(known, NOTHING, shipped(), tmp_path, index.pages, solves=any_python)
    (pin,) = found.read or ()
    assert (found.verdict, found.differences) == ("differs", (f"{pin}: its library opens on no macOS",))


@pytest.mark.exhaustive
def test_all_that_is_kept_is_found_again(index: IndexClient, tmp_path: Path) -> None:
    """200 MB of wheels, and uv for every Python."""
    found = open_alternatives(KNOWN, NOTHING, shipped(), tmp_path, index.pages)
    assert (found.verdict, found.differences) == ("as told", ())
    assert written(tmp_path) == KEPT


@pytest.mark.exhaustive
@pytest.mark.process
@pytest.mark.parametrize("one", [one for one in KNOWN.alternatives if one.library], ids=lambda one: one.id)
def test_what_is_told_to_be_installed_beside_tensorflow_fits_with_it(one: Alternative) -> None:
    host = mac("3.13.1", os_version="26.0")
    answer = resolve(host, Ask(accelerator="cpu", python="3.13"), wanted=(one.pin,))
    assert answer.selection.installable
    assert answer.companions == (one.pin,)
