"""An environment of ours that may be moved: nothing in it says where it lies. (Touches the world, but for `moved`.).

A virtual environment has its own folder written into its programs, and an editable install the folder of the sources.
Both are said relatively here, so that a clone that was moved, copied or mounted elsewhere works as it did.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

# To the shell this is a call of the Python beside the program, wherever a link to it stands; to Python, a text that
# nobody looks at. -E: PYTHONHOME and PYTHONPATH are another Python's. macOS before 12.3 has no `readlink -f`.
_START = b"""#!/bin/sh
'''exec' "$(dirname -- "$(readlink -f -- "$0" 2>/dev/null || printf %s "$0")")/python" -E "$0" "$@"
' '''
"""


def settle(folder: Path, root: Path) -> None:
    """Say relatively, in a fresh environment, where its Python and the sources are.

    Raises:
        OSError: a file cannot be read or written.
    """
    for program in sorted((folder / "bin").iterdir()):
        if program.is_file() and not program.is_symlink():
            with program.open("rb") as file:
                is_script = file.read(2) == b"#!"
            if is_script:
                _write(program, moved(program.read_bytes(), os.fsencode(folder.resolve())))
    for path in sorted(folder.glob("lib/python*/site-packages/*.pth")):
        inside = path.read_text(encoding="utf-8")
        lines = [_relative(line, root, path.parent) for line in inside.splitlines(keepends=True)]
        _write(path, "".join(lines).encode())


def moved(script: bytes, folder: bytes) -> bytes:
    """Return a script that is run by the Python of `folder` as one that is run by the Python beside it. Pure."""
    plain = re.match(rb"#!" + re.escape(folder) + rb"/bin/python[0-9.]*[^\n]*\n", script)
    found = plain or _wrapped(script, folder)
    return _START + script[found.end() :] if found else script


def _wrapped(script: bytes, folder: bytes) -> re.Match[bytes] | None:
    """Return the beginning that installers write where the path is long, or has a blank or a quote in it. Pure.

    The line of `#!` takes neither; a shell reads it, and Python takes it for a string.
    """
    found = re.match(rb"#!/bin/sh\n'''exec' ([^\n]*)\n' '''\n", script)
    try:
        words = shlex.split(os.fsdecode(found[1])) if found else []
    except ValueError:
        return None
    python = re.escape(os.fsdecode(folder)) + r"/bin/python[0-9.]*"
    return found if words and re.fullmatch(python, words[0]) else None


def _relative(line: str, root: Path, site: Path) -> str:
    inside = line.strip()
    if not inside or inside.startswith(("import ", "#")) or not os.path.isabs(inside):  # noqa: PTH117
        return line
    here = Path(inside)
    if root.resolve() not in (here.resolve(), *here.resolve().parents):
        return line
    return os.path.relpath(str(here.resolve()), str(site.resolve())) + "\n"


def _write(path: Path, content: bytes) -> None:
    if path.read_bytes() == content:
        return
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    draft.chmod(path.stat().st_mode & 0o777)  # also: a program that is linked to uv's cache is not written into
    draft.replace(path)
