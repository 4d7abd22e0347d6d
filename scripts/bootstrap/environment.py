"""An environment for tfsetup itself, editable, which still works when the clone is moved. (Touches the world.)."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap import certificates, hints, indexes, moving, place
from bootstrap.explain import LOG, explained
from bootstrap.failure import Failure, say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

READY = "ready"


def make(root: Path, folder: Path, requirements: Path, environ: Mapping[str, str]) -> None:
    """Make an environment, or bring it up to date; the caller holds the lock.

    A `ready` in it says that it is whole, and from what it was made: a clone that was copied, or a branch that was
    left and come back to, has newer files of the same content.

    Raises:
        Failure: it could not be made.
    """
    os.chdir(root)
    made_from = digest(sources(root, requirements))
    if is_whole(folder, made_from):
        (folder / READY).touch()
        return
    run = _Uv(root, requirements, environ)
    say(f"Preparing tfsetup itself in {folder} (once)")
    try:
        _fill(run, folder, root, requirements)
        draft = folder / f".{READY}"
        draft.write_text(made_from, encoding="ascii")
        draft.replace(folder / READY)
        with suppress(FileNotFoundError):
            Path(LOG).unlink()
    except OSError as error:
        raise Failure(
            f"{error.filename or folder} cannot be written: {error.strerror or error}.", hints.WRITE
        ) from None


def _fill(run: _Uv, folder: Path, root: Path, requirements: Path) -> None:
    ready, python = folder / READY, folder / "bin" / "python"
    if not ready.is_file() or not _starts(python) or not fits(_version(folder), run.pythons):
        if folder.exists():
            shutil.rmtree(str(folder))
        run("venv", "--quiet", "--no-project", "--python", run.pythons, str(folder))
    ready.unlink(missing_ok=True)
    target = ("--quiet", "--python", str(python))
    # Of several indexes whichever has the file: its hash is known, so no index can hand out another in its place.
    anywhere = ("--index-strategy", "unsafe-best-match")
    run("pip", "sync", *target, *anywhere, "--require-hashes", "--only-binary", ":all:", str(requirements))
    run("pip", "install", *target, "--no-deps", "--no-build-isolation", "--editable", ".")
    moving.settle(folder, root)


class _Uv:
    """Runs uv, with what the user means by variables and files; what it says of a failure is told in our words."""

    def __init__(self, root: Path, requirements: Path, environ: Mapping[str, str]) -> None:
        self._program = place.usable_uv(root, environ)
        self._variables = variables_for_uv(root, environ)
        self._file = str(requirements)
        self.pythons = python_range(root, requirements)

    def __call__(self, *words: str) -> None:
        command = [str(self._program), *words]
        done = subprocess.run(
            command, env=self._variables, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace")
            Path(LOG).write_text(f"{' '.join(command)}\n{said}", encoding="utf-8")
            raise explained(said, pythons=self.pythons, file=self._file if words[0] == "pip" else None)
        sys.stderr.buffer.write(done.stderr)


def fits(version: tuple[int, ...], pythons: str) -> bool:
    """Tell whether a Python is in a range such as `>=3.11,<3.16,!=3.15.*`. Pure."""
    for sign, text in re.findall(r"(>=|<|!=)([0-9.]+)", pythons):
        bound = tuple(map(int, text.strip(".").split(".")))
        part = version[: len(bound)]
        if not {">=": part >= bound, "<": part < bound, "!=": part != bound}[sign]:
            return False
    return True


def _version(folder: Path) -> tuple[int, ...]:
    found = re.search(r"(?m)^version(?:_info)? *= *([0-9.]+)", (folder / "pyvenv.cfg").read_text(encoding="utf-8"))
    return tuple(map(int, found.group(1).strip(".").split("."))) if found else ()


def is_whole(folder: Path, made_from: str) -> bool:
    """Tell whether nothing need be done: another make may have done it while this one waited."""
    try:
        return (folder / READY).read_text(encoding="utf-8") == made_from and _starts(folder / "bin" / "python")
    except (OSError, UnicodeDecodeError):
        return False


def digest(files: list[Path]) -> str:
    """Return what tells these files from those of other content."""
    found = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)}\n".encode() + content)
    return found.hexdigest()


def sources(root: Path, requirements: Path) -> list[Path]:
    """Return the files that an environment is made from; the Makefile names the same."""
    ours = [
        root / "pyproject.toml",
        root / requirements,
        root / "scripts" / "uv",
        root / "scripts" / "tool-environment",
    ]
    return [*ours, root / "scripts" / "first-python", *sorted((root / "scripts" / "bootstrap").glob("*.py"))]


def python_range(root: Path, requirements: Path) -> str:
    """Return which Pythons tfsetup runs under with these requirements: pyproject.toml says it, `requires-python`."""
    done = subprocess.run(
        ["/bin/sh", str(root / "scripts" / "python-range"), requirements.stem],
        cwd=str(root),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise Failure(f"scripts/python-range: {done.stderr.decode('utf-8', 'replace').strip()}", "Restore the clone.")
    return done.stdout.decode("ascii").strip()


def variables_for_uv(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that uv is run with: none that would lead it elsewhere, and what it is to believe and ask.

    Which are taken out is for ground/environ.py to say. That one file needs nothing but the standard library, and runs
    under every Python that this does.
    """
    told = indexes.with_files(environ, root)
    kept, _ = _environ(root).scrub(told)
    proxy = told.get("PIP_PROXY")
    if proxy and not {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} & {name.upper() for name in told}:
        kept.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), proxy if "://" in proxy else f"http://{proxy}"))
    # uv and OpenSSL take these for a path even where they are empty, and then believe nobody.
    empty = {name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if kept.get(name) == ""}
    kept = {name: value for name, value in kept.items() if name not in empty}
    return {**kept, **certificates.uv_variables(told), **indexes.uv_variables(told)}


def _environ(root: Path) -> ModuleType:
    path = root / "installer" / "tfsetup" / "ground" / "environ.py"
    spec = importlib.util.spec_from_file_location("bootstrap_environ", str(path))
    assert spec is not None  # noqa: S101 - a file that is there has one
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _starts(python: Path) -> bool:
    try:
        return not subprocess.run([str(python), "-I", "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode
    except OSError:
        return False
