"""The examples of `docs/python.md` that ask a real index."""

from __future__ import annotations

import pytest

from support.python_page import examples, run

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.process]


def test_the_examples_that_ask_the_index_say_what_it_shows() -> None:
    run(examples(network=True))
