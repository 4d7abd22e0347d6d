"""A uv to work with: the one on PATH, else a private one in .tool/uv, fetched and put there whole or not at all."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bootstrap import hints, indexes, pages, wheels
from bootstrap.failure import Failure, host_of, say
from bootstrap.web import Web

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE = 32 << 20  # bytes; PyPI's page of uv has a few millions
_WHEEL = 256 << 20


def usable_uv(root: Path, environ: Mapping[str, str]) -> Path:
    """Return the path of a uv that is new enough; the caller holds the lock.

    Raises:
        Failure: there is none, and none could be fetched.
    """
    least, (version, hashes) = least_version(root), pinned(root)
    private = root / ".tool" / "uv"
    mine = next((one for one in _programs(private) if one.is_file()), None)
    there = shutil.which("uv", path=environ.get("PATH"))
    known = version_of(Path(there)) if there else None
    if there and known and known >= least:
        return Path(there)
    if there and mine is None:
        say(f"{there} is older than uv {_dotted(least)}, or does not start; a private one is used")
    had = version_of(mine) if mine else None
    if mine and had == _numbers(version):
        return mine
    say("Putting a private uv into .tool/uv")
    try:
        return put(root, environ, version, hashes)
    except Failure:
        if mine and had and had >= least:  # an older pin's, and no network: it still does
            return mine
        raise


def _programs(folder: Path) -> list[Path]:
    return [folder / "bin" / "uv", folder / "Scripts" / "uv.exe"]


def pinned(root: Path) -> tuple[str, frozenset[str]]:
    """Return the version of uv that is fetched, and the hashes of its wheels."""
    text = (root / "requirements" / "uv.txt").read_text(encoding="utf-8")
    found = re.match(r"uv==([0-9.]+)", text)
    if found is None:
        raise Failure("requirements/uv.txt names no uv.", "Restore it: git checkout requirements/uv.txt")
    return found.group(1), frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))


def least_version(root: Path) -> tuple[int, ...]:
    """Return the oldest uv that does what is asked of it, which pyproject.toml says (`uv>=`)."""
    found = re.search(r'"uv>=([0-9.]+)', (root / "pyproject.toml").read_text(encoding="utf-8"))
    return _numbers(found.group(1)) if found else (0,)


def version_of(uv: Path) -> tuple[int, ...] | None:
    """Return the version of a uv, None where it does not start."""
    try:
        done = subprocess.run(
            [str(uv), "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(rb"uv ([0-9]+(?:\.[0-9]+)*)", done.stdout)
    return _numbers(found.group(1).decode()) if found and not done.returncode else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def put(root: Path, environ: Mapping[str, str], version: str, hashes: frozenset[str]) -> Path:
    """Fetch uv's wheel for this machine from the first index that has it, and put it in its place.

    Raises:
        Failure: no index has it; with what each of them said.
    """
    machine, failures = wheels.this_machine(), []
    variables = indexes.with_files(environ, root)
    for index in indexes.asked(environ, root):
        try:
            body = fetch(index, variables, machine, version, hashes)
        except Failure as failure:
            failures.append(failure)
            continue
        return unpack(root, body)
    text = " ".join(dict.fromkeys(failure.text for failure in failures))
    raise Failure(f"uv {version} could not be fetched. {text}", f"{failures[0].hint} Or {hints.UV}")


def fetch(
    index: indexes.Said, environ: Mapping[str, str], machine: wheels.Machine, version: str, hashes: frozenset[str]
) -> bytes:
    """Return uv's wheel for a machine from an index, checked.

    Raises:
        Failure: the index does not have it, or sends something else.
    """
    web, host = Web(environ, index.url, index.login(environ)), host_of(index.url) or index.url
    parts = urlsplit(index.url)
    address = parts._replace(path=f"{parts.path.rstrip('/')}/uv/", fragment="").geturl()
    page = web.get(address, accept=pages.ACCEPT, most=_PAGE)
    try:
        offered = pages.files_of(page.body, page.kind, page.url)
    except ValueError as error:
        raise Failure(f"What {host} says of uv cannot be read: {error}.", f"Check what {index.who} says.") from None
    fitting = wheels.best(machine, offered, version)
    if not fitting:
        raise Failure(
            f"{host} has no wheel of uv {version} for {machine} ({index.who}).",
            hints.ANOTHER_INDEX,
        )
    known = [one for one in fitting if one.sha256 is None or one.sha256 in hashes]
    if not known:
        raise _another(host, fitting[0].name)
    chosen = known[0]
    body = web.get(chosen.url, accept="*/*", most=_WHEEL).body
    if hashlib.sha256(body).hexdigest() not in hashes:
        raise _another(host, chosen.name)
    return body


def _another(host: str, name: str) -> Failure:
    return Failure(
        f"{name} from {host} is not the file that requirements/uv.txt pins by its hash.",
        hints.ANOTHER_FILE,
    )


def unpack(root: Path, body: bytes) -> Path:
    """Put the programs of a wheel into .tool/uv: beside it first, then in its place in one step.

    Raises:
        Failure: the folder cannot be written.
    """
    tool = root / ".tool"
    try:
        sweep(tool)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=str(tool)))
        try:
            found = _unpacked(body, draft)
            draft.chmod(0o755)
            old = tool / f"{draft.name}-old"
            if (tool / "uv").exists():
                (tool / "uv").rename(old)
            draft.rename(tool / "uv")
        finally:
            sweep(tool)
    except OSError as error:
        raise Failure(
            f"{error.filename or tool} cannot be written: {error.strerror or error}.",
            hints.WRITE,
        ) from None
    return tool / "uv" / found


def _unpacked(body: bytes, draft: Path) -> Path:
    windows = sys.platform == "win32"
    folder = draft / ("Scripts" if windows else "bin")
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for name in archive.namelist():
            found = re.fullmatch(r"uv-[^/]+\.data/scripts/(uvx?(?:\.exe)?)", name)
            if found:
                program = folder / found.group(1)
                program.write_bytes(archive.read(name))
                program.chmod(0o755)
    return Path(folder.name, "uv.exe" if windows else "uv")


def sweep(tool: Path) -> None:
    """Remove what was begun and not ended: by this process, or by one that was killed (nobody else holds the lock)."""
    for left in tool.glob("draft-*"):
        shutil.rmtree(str(left), ignore_errors=True)
