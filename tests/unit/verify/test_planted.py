"""The list of planted defects is whole: enough of them, each for a check that there is, each known to the device."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from support.fake_gpu import plugin
from support.planted import Planted, planted
from tfsetup.verify.checks import names
from tfsetup.verify.model import CheckStatus

SOURCES = Path(plugin.__file__).parent
ASKED = re.compile(r'(?:defective_device|defective|asked)\((?:run, )?"([a-z0-9-]+)"')
NOT_LISTED = {"nan", "slow"}  # for tests of other rooms


def known() -> Iterator[str]:
    """Return the words that the device's sources ask for."""
    for source in SOURCES.glob("*.c"):
        yield from ASKED.findall(source.read_text(encoding="utf-8"))


def word(each: Planted) -> str:
    return each.words.partition("=")[0]


def test_there_are_enough_of_them() -> None:
    every = planted()
    assert len({each.words for each in every}) == len(every)
    assert len(every) >= 25
    assert sum(each.mode == "quick" for each in every) >= 10


@pytest.mark.parametrize("each", planted(), ids=lambda each: each.words)
def test_each_is_named_by_a_check_of_its_mode(each: Planted) -> None:
    assert set(each.named) <= set(names(each.mode))
    assert set(each.also) <= set(names("full"))
    assert not set(each.named) & set(each.also)
    assert set(each.named.values()) <= set(get_args(CheckStatus)) - {"ok", "skipped"}
    assert each.named or each.finding
    assert each.what


def test_the_device_knows_all_words_and_the_list_all_of_the_devices() -> None:
    assert {word(each) for each in planted()} | NOT_LISTED == set(known())


def test_the_words_are_explained() -> None:
    told = re.findall(r"`([a-z0-9-]+)`", (SOURCES / "README.md").read_text(encoding="utf-8"))
    assert set(known()) <= set(told)
