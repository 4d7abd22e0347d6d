"""The link at a prefix: read, made in one step, taken away. A junction on Windows, which needs no privilege."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def link_target(prefix: Path) -> Path | None:
    """Return where the link leads (one step, as an absolute path), None when it is not a link (or junction)."""
    try:
        target = Path(os.readlink(prefix))  # noqa: PTH115 - also reads junctions, which Path.readlink did not before 3.12
    except OSError:
        return None
    target = Path(str(target).removeprefix("\\\\?\\"))
    return target if target.is_absolute() else prefix.parent / target


def is_real_folder(path: Path) -> bool:
    """Tell whether a folder itself stands at `path`, and not a link to one."""
    return path.is_dir() and not path.is_symlink()


def make_link(prefix: Path, folder: Path) -> None:
    """Let the link `prefix` lead to `folder`; at every moment it leads to the old or to the new one.

    Raises:
        OSError: it cannot be made; the old one stays.
    """
    draft = folder.parent / f".link-{os.getpid()}"
    draft.unlink(missing_ok=True)
    if sys.platform == "win32":
        import _winapi

        # A directory junction needs no privilege, but cannot be replaced in one step; the gap is two system calls.
        _winapi.CreateJunction(str(folder), str(draft))
        with suppress(FileNotFoundError):
            prefix.rmdir()
        draft.rename(prefix)
        return
    # Relative, so that a project folder that is moved or mounted elsewhere keeps its link.
    draft.symlink_to(Path(folder.parent.name) / folder.name)
    draft.replace(prefix)


def take_away(link: Path) -> None:
    """Remove a link, and nothing else that may stand there."""
    with suppress(FileNotFoundError):
        if sys.platform == "win32":
            link.rmdir()
        elif link.is_symlink():
            link.unlink()
