"""The document of `tfsetup resolve --explain`."""

from __future__ import annotations

from dataclasses import dataclass

from tfsetup.matrix.model import Chapter
from tfsetup.report.resolve import ResolveDocument


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainedDocument(ResolveDocument):
    """The same with the whole story: `tfsetup resolve --explain`."""

    explained: tuple[Chapter, ...]
    """The ask, the machine, the row, its rules and bounds, the known defects, and every row that lost."""
