"""Somebody's conda is recognised and left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.envs.conda.base import is_conda_base, refuse_base
from tfsetup.errors import BuildError


@pytest.mark.parametrize("sign", ["condabin/conda", "conda-meta/conda-26.7.1-py312_0.json"])
def test_a_base_is_recognised_by_conda_in_it(tmp_path: Path, sign: str) -> None:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / sign).parent.mkdir(exist_ok=True)
    (tmp_path / sign).write_text("")
    assert is_conda_base(tmp_path)
    with pytest.raises(BuildError, match="base environment; it is never touched") as caught:
        refuse_base(tmp_path)
    assert "--prefix" in caught.value.hint


@pytest.mark.parametrize(
    "sign", ["conda-meta/history", "conda-meta/conda-lock.yml", "conda-meta/numpy-2.1.3-0.json", "x"]
)
def test_any_other_folder_is_none(tmp_path: Path, sign: str) -> None:
    (tmp_path / sign).parent.mkdir(exist_ok=True)
    (tmp_path / sign).write_text("")
    assert not is_conda_base(tmp_path)
    refuse_base(tmp_path)
    refuse_base(tmp_path / "nowhere")
