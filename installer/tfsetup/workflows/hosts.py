"""What may stand for a machine: a value, a host file, a row for its plainest one, or nothing for this one."""

from __future__ import annotations

from pathlib import Path

from tfsetup.errors import InvalidFileError, Where
from tfsetup.host.model import Host

Machine = Host | str | Path
"""A machine that was described: a value, a path (`-`: standard input), or the id of a row of the matrix."""


def host_of(
    machine: Machine | None, *, matrix: Path | None = None, pythons: bool = True, downloads: bool = True
) -> Host:
    """Return the machine to decide for; None: this one.

    A text that names a file, or looks like a path, is a path; any other is the id of a row. `matrix`: a file that
    extends the one that comes with tfsetup. `pythons` and `downloads` say whether this machine's interpreters are asked
    and whether a name is looked up (see `tfsetup.host.probe.probe`).

    Raises:
        InvalidFileError: there is no such file or row, or the file is no host file.
    """
    if isinstance(machine, Host):
        return machine
    if machine is None:
        from tfsetup.host.probe import probe

        return probe(pythons=pythons, downloads=downloads)
    path = Path(machine)
    if str(path) == "-" or path.parent != Path() or path.suffix or path.exists():
        from tfsetup.host.file import read_host

        return read_host(path)
    from tfsetup.matrix.choose.reference import reference
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.matrix.model import Ask

    rows = read_matrix(matrix)
    for row in rows.rows:
        if row.id == str(machine):
            return reference(row, Ask(), rows)[0]
    raise InvalidFileError(
        f"--host {machine}: there is no such file, and the matrix has no row of this name.",
        where=Where(file=str(machine)),
        hint="`tfsetup matrix show` lists the rows; `tfsetup host --json > host.json` writes a host file.",
    )
