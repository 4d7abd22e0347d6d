"""Starting uv: what is asked before it may run at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.errors import UsageError
from tfsetup.locks.run import run_uv

UV = '[[index]]\nurl = "http://index.test/simple"\ndefault = true\n'
PROJECT = f"[tool.uv]\n{UV.replace('[[index]]', '[[tool.uv.index]]')}"
OLD = 'index-url = "http://index.test/simple"\n'
EXTRA = '[pip]\nextra-index-url = ["https://fine.test/simple", "http://index.test/simple"]\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("project/uv.toml", UV),
        ("project/uv.toml", OLD),
        ("project/uv.toml", EXTRA),
        ("project/pyproject.toml", PROJECT),
        ("config/uv/uv.toml", UV),
        ("named.toml", UV),
    ],
)
def test_no_uv_is_started_with_an_index_of_a_settings_file_that_anybody_could_answer_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    # Starting a process would fail this test by itself: it has no mark that lets it.
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in ("UV_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INSECURE_HOST", "PIP_TRUSTED_HOST"):
        monkeypatch.delenv(variable, raising=False)
    if name == "named.toml":
        monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / name))
    with pytest.raises(UsageError, match=r"http://index\.test/simple is neither https"):
        run_uv(["pip", "compile", "-"], doing="Resolving")
