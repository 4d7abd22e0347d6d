"""The files of a matrix folder, read and written together; touches the world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tfsetup.errors import BuildError
from tfsetup.ground.copies import copy_of
from tfsetup.ground.files import write_all
from tfsetup.ground.text import read
from tfsetup.matrix.facts import Index
from tfsetup.matrix.file.disk import COMPILED, MATRIX, SNAPSHOT, environments, read_index
from tfsetup.matrix.file.load import parse


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """The files of a matrix folder, for `matrix update`."""

    matrix: Path
    snapshot: Path

    @classmethod
    def of(cls, folder: Path | None) -> Self:
        """Return the files of a folder; of tfsetup's own matrix when there is none."""
        place = folder or environments()
        return cls(matrix=place / MATRIX, snapshot=place / SNAPSHOT)

    def matrix_text(self) -> str:
        """Return the text of the matrix; raises `InvalidFileError` when it cannot be read."""
        return read(self.matrix, "matrix file")

    def index(self) -> Index:
        """Return the snapshot."""
        return read_index(self.snapshot)

    def write(self, matrix: str, snapshot: str) -> None:
        """Put new texts in the place of both files and of the compiled copy, all or none.

        Raises:
            BuildError: the folder cannot be written; the files are as they were.
        """
        compiled = copy_of(parse(matrix, str(self.matrix)).content, matrix)
        files = {self.snapshot: snapshot, self.matrix: matrix, self.matrix.with_name(COMPILED): compiled}
        try:
            write_all(files)
        except OSError as error:
            message = f"{self.matrix.parent} cannot be written: {error.strerror or error}"
            raise BuildError(message, hint="Run this in a checkout, or give --dir.") from error
