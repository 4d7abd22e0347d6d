"""Host files: `--host FILE` replays a machine described in JSON, as `tfsetup host --json` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

from tfsetup.errors import UsageError
from tfsetup.ground import text
from tfsetup.ground.decode import JSON, Decoder
from tfsetup.ground.marked import InvalidTextError, Node, Problem, refused
from tfsetup.ground.marked_json import compose_json
from tfsetup.ground.platforms import read_mac_version, spelled
from tfsetup.host.model import MOST_CORES, Host

_WHAT: Final = "host file"
_START: Final = "`tfsetup host --json > host.json` writes a valid host file to start from."
_LEAST_PAGE: Final = 4096
_FACTS: Final = tuple(field.name for field in fields(Host) if field.name != "sources")


def read_host(path: Path) -> Host:
    """Return the host described in `path` (`-`: standard input), every fact with the file as its source.

    The JSON document `tfsetup host --json` prints is taken as well. A key left out, or null, is "could not tell".

    Raises:
        InvalidFileError: the file cannot be read, is no JSON, or has an unknown key, a wrong type or a bad value.
    """
    return parse_host(host_text(path), str(path))


def host_text(path: Path) -> str:
    """Return the text of a host file, `-` for standard input.

    Raises:
        InvalidFileError: it cannot be read, or is no text.
    """
    if str(path) == "-":
        return text.decoded(sys.stdin.buffer.read(text.MOST + 1), "-", _WHAT, hint=_START)
    return text.read(path, _WHAT, hint=_START)


def read_hosts(folder: Path) -> dict[str, Host]:
    """Return the hosts of a folder by name; files that stand beside them with expected answers are not hosts.

    Raises:
        UsageError: there is none.
        InvalidFileError: one cannot be read, as `read_host` says.
    """
    paths = [path for path in sorted(folder.glob("*.json")) if not path.name.endswith(".expected.json")]
    if not paths:
        raise UsageError(f"--hosts {folder}: there is no host file.")
    return {path.stem: read_host(path) for path in paths}


def parse_host(content: str, file: str) -> Host:
    """Return the host described by a text; `file` is its name in messages and sources.

    Raises:
        InvalidTextError: as in `read_host`.
    """
    decoder = Decoder(JSON)
    try:
        found = decoder.decode(_unwrapped(compose_json(content, file)), Host)
    except InvalidTextError as error:
        raise InvalidTextError(error.problems, hint=_START) from None
    problems = decoder.problems or [
        Problem(where=decoder.marks[key,], message=message, hint=hint) for key, message, hint in _contradictions(found)
    ]
    if problems:
        raise InvalidTextError(problems, hint=_START)
    return _host(found, file)


def _unwrapped(root: Node) -> Node:
    """Return the host within the document `tfsetup host --json` prints, without what that adds and nobody keeps."""
    data = root.get("data")
    if data is None or root.get("schema") is None:
        return root.only(_is_kept)
    said = [(found := root.get(key)) and found.value for key in ("command", "status", "schema")]
    if said != ["host", "ok", 1]:
        where = (root.get("command") or root).where
        raise refused(where, "this is tfsetup's JSON, but not the answer of `tfsetup host` in schema 1")
    return data.only(_is_kept)


def _is_kept(key: str) -> bool:
    return key not in {"sources", "summary"}


def _contradictions(found: Host) -> Iterator[tuple[str, str, str]]:
    """Yield key, message and hint of facts that cannot be true, or not both."""
    if found.os == "macos" and found.os_version is not None and read_mac_version(found.os_version) is None:
        hint = "Take what `sw_vers -productVersion` prints; 10.16 and 16.x are what old programs are told."
        yield "os_version", f'"{found.os_version}" is no version of macOS', hint
    if found.rosetta and found.os not in {"macos", None}:
        yield "rosetta", f"`rosetta` is true, but `os` is {found.os}", "Rosetta exists on macOS only: leave it out."
    if found.wsl and found.os not in {"linux", None}:
        yield "wsl", f"`wsl` is true, but `os` is {found.os}", 'Inside WSL the system is Linux: "os": "linux".'
    if found.page_size is not None and (found.page_size < _LEAST_PAGE or found.page_size & (found.page_size - 1)):
        yield "page_size", f"{found.page_size} is no size of a page", "Take what `getconf PAGESIZE` prints, in bytes."
    if found.page_size is not None and found.os not in {"linux", None}:
        yield "page_size", f"`page_size` is given, but `os` is {found.os}", "It matters on Linux only: leave it out."
    for gpu in found.gpus or ():
        if gpu.cores is not None and not 0 < gpu.cores <= MOST_CORES:
            yield "gpus", f"{gpu.cores} is no number of a GPU's cores", f"1 to {MOST_CORES}; leave it out if not known."
    if found.libc is not None and found.os not in {"linux", None}:
        yield "libc", f"`libc` is given, but `os` is {found.os}", "It is asked about on Linux only: leave it out."


def _host(found: Host, file: str) -> Host:
    """Return the value; every fact that is there has `file` as its source.

    Two spellings mean the same machine and become one: 64-bit ARM is `aarch64` on Linux and `arm64` elsewhere, and a
    translated process runs on arm64 whatever it sees itself.
    """
    sources = {name: f"not in {file}" if getattr(found, name) is None else file for name in _FACTS}
    arch = "arm64" if found.rosetta else spelled(found.arch, found.os)
    pythons = found.pythons and tuple(replace(one, arch=spelled(one.arch, found.os)) for one in found.pythons)
    return replace(found, arch=arch, pythons=pythons, sources=sources)
