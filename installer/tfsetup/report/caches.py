"""The caches as a table, and what went as a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfsetup.ground.folders import CACHE
from tfsetup.ground.units import size
from tfsetup.report.text import printable
from tfsetup.workflows.caches import Caches

if TYPE_CHECKING:
    from rich.console import RenderableType


def shown(found: Caches) -> RenderableType:
    """Return what the caches are, a row each."""
    if found.folder is None:
        return f"There is no home folder, so nothing is kept: {CACHE} names a folder for it."
    from rich.console import Group
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("cache", "files", "size", "at most", "what is in it"):
        right = heading in {"files", "size", "at most"}
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading != "what is in it")
    for one in found.caches:
        limit = "" if one.limit is None else size(one.limit)
        table.add_row(printable(one.name), str(one.files), size(one.bytes), limit, one.what)
    return Group(printable(found.folder), table, f"{size(found.bytes)} in all, which may be removed at any time.")


def removed(done: Caches) -> str:
    """Return one line that says what went and what stays."""
    if done.folder is None or not done.changed:
        return f"Nothing to remove: {size(done.bytes)} in {done.files} files."
    gone = f"{size(done.removed_bytes)} in {done.removed_files} files"
    return f"Removed {gone} from {done.folder}; {size(done.bytes)} stay."
