"""The files of an environment that set the variables of its cures: written, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tfsetup.envs.activate import scripts_folder
from tfsetup.envs.cures import assignments, conda_scripts, scripted
from tfsetup.envs.model import Layout
from tfsetup.errors import BuildError
from tfsetup.ground.files import make_folder, write_whole
from tfsetup.ground.start_up import START_UP, start_up_text, variables_in


def write_cures(layout: Layout, folder: Path, minor: str, variables: Mapping[str, str], *, conda: bool) -> None:
    """Write everything by which the environment in `folder`, on Python `minor`, sets `variables`.

    The start-up file may be there already: the wheel that a lock carries has it too. Then there is still one.

    Raises:
        BuildError: a file cannot be written; it is named, for without it the environment would compute wrong results.
    """
    if not variables:
        return
    start_up = layout.site_packages(folder, minor) / START_UP
    texts = {start_up: start_up_text(variables)}
    if conda:
        texts |= {folder / path: text for path, text in conda_scripts(variables).items()}
    for path, text in texts.items():
        _write(path, text.encode(), variables)
    scripts = scripts_folder(folder, windows=layout.windows)
    if not conda:
        for path in [*scripts.glob("activate*"), *scripts.glob("deactivate.bat")]:
            text = scripted(path.read_bytes().decode("utf-8", "surrogateescape"), path.name, variables)
            _write(path, text.encode("utf-8", "surrogateescape"), variables)


def _write(path: Path, content: bytes, variables: Mapping[str, str]) -> None:
    try:
        make_folder(path.parent)
        if not path.is_file() or path.read_bytes() != content:
            mode = path.stat().st_mode & 0o777 if path.is_file() else 0o644
            write_whole(path, content, mode=mode)
    except OSError as problem:
        raise BuildError(
            f"{path} cannot be written: {problem.strerror or problem}. It sets {assignments(variables)}, without which "
            "a known defect of what is installed makes results wrong.",
            hint="Get the right to write there, or choose another place with --prefix.",
        ) from problem


def set_at_start(root: Path) -> dict[str, str]:
    """Return the variables that the start-up file of an environment sets; none where there is no such file of ours.

    `root` is the environment's folder, whoever made it: the wheel of a lock, installed by pip, has the file too.
    """
    places = [*root.glob(f"lib/python3*/site-packages/{START_UP}"), *root.glob(f"Lib/site-packages/{START_UP}")]
    return next((found for place in places if (found := variables_in(start_up_in(place) or ""))), {})


def start_up_in(path: Path) -> str | None:
    """Return the text of a start-up file, None when there is none that can be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
