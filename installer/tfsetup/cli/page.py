"""The page of a verification: whether it can be written is found out before minutes are spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfsetup.errors import UsageError
from tfsetup.workflows.told import Told

if TYPE_CHECKING:
    from tfsetup.report.verify_document import VerifyDocument
    from tfsetup.verify.model import Finding

WritePage = Callable[["VerifyDocument", "Sequence[Finding]"], None]


def page_at(path: Path | None, told: Told) -> WritePage:
    """Return what writes the page to `path`; None: nobody wants one.

    Raises:
        UsageError: `path` is no file in a folder that exists.
    """
    if path is None:
        return lambda _data, _findings: None
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"{path} is not a file one could write.", hint="Name a file in a folder that exists.")

    def write(data: VerifyDocument, findings: Sequence[Finding]) -> None:
        from tfsetup.report.page import verify_page

        try:
            path.write_text(verify_page(data, findings, data.history), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}.", hint="Choose another file.") from error
        told(f"Report    {path}")

    return write
