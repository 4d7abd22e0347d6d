"""What the end-to-end tests of the conda backend share: one real channel, built once a run."""

from __future__ import annotations

import pytest

from support.forge import Forge, make_forge


@pytest.fixture(scope="session")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    """A channel with this machine's CPython, real wheels repacked, and stand-ins for the other platforms."""
    return make_forge(tmp_path_factory.mktemp("conda"))
