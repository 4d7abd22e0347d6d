"""Where uv and pip keep their settings, and what stands there. Reads files; what they mean is `settings`' business."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tfsetup.ground.folders import home_folder
from tfsetup.matrix.settings import indexes


def settings_texts(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each settings file of uv and pip that there is, by its path, the strongest first."""
    return {str(path): text for path in _places(environ) if (text := _read(path)) is not None}


def configured(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the addresses of the indexes that settings files of uv name.

    Raises:
        InvalidFileError: a settings file cannot be parsed.
    """
    files = {path: text for path, text in settings_texts(environ).items() if path.endswith(".toml")}
    found = indexes({}, files)
    return tuple(url for url in (found.default, *found.extra) if url)


def _places(environ: Mapping[str, str]) -> list[Path]:
    here, home = Path.cwd(), home_folder(environ) or Path("/nonexistent")
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    named = [Path(environ[name]) for name in ("UV_CONFIG_FILE", "PIP_CONFIG_FILE") if environ.get(name)]
    project = [here / "uv.toml", here / "pyproject.toml"]
    user = [config / "uv" / "uv.toml", config / "pip" / "pip.conf", home / ".pip" / "pip.conf"]
    apple = [home / "Library" / "Application Support" / "pip" / "pip.conf"]
    windows = [Path(environ["APPDATA"]) / "pip" / "pip.ini"] if environ.get("APPDATA") else []
    return [*named, *project, *user, *apple, *windows, Path("/etc/uv/uv.toml"), Path("/etc/pip.conf")]


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
