"""What pip's settings files say of indexes and of how they are reached, by the variable that says the same. Pure.

pip's order (its page "Configuration"): the files from the weakest to the strongest, of which a later one replaces a
value, and in each the section of the command, `[install]`, before `[global]`. uv knows nothing of these files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tfsetup.errors import InvalidFileError, Where

_KEYS: Final = ("index-url", "extra-index-url", "no-index", "trusted-host", "cert", "proxy")
INDEXES: Final = frozenset({"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"})
"""Those of them that name an index."""

Told = Mapping[str, tuple[str, str]]
"""A variable of pip's: the value that a file gives it, and that file's path."""


def pip_variables(texts: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what the files say; `texts` is the text of each that there is, by its path, the strongest first.

    Raises:
        InvalidFileError: one of them cannot be parsed.
    """
    found: dict[str, tuple[str, str]] = {}
    for path, text in texts.items():
        for name, value in _said(path, text).items():
            found.setdefault(name, (value, path))
    return found


def speaks(text: str) -> bool:
    """Tell whether a file may say any of it; one that does not is nobody's business."""
    plain = text.lower().replace("_", "-")
    return any(key in plain for key in _KEYS)


def _said(path: str, text: str) -> dict[str, str]:
    import configparser  # most machines have no such file, and start-up is measured

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text.removeprefix("\ufeff"))
    except configparser.Error as error:
        message = f"pip's settings cannot be read: {error.message.splitlines()[0]}"
        raise InvalidFileError(message, where=Where(file=path)) from error
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found |= {key.lower().replace("_", "-"): value for key, value in parser.items(section)}
    return {f"PIP_{key.upper().replace('-', '_')}": found[key].strip() for key in _KEYS if found.get(key, "").strip()}
