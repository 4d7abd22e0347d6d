"""Host files: `--host FILE` replays a machine described in JSON (INTERFACE, "Host file")."""

from __future__ import annotations

import difflib
import json
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from tfsetup.errors import InvalidFileError, UsageError, Where
from tfsetup.ground.encode import encode
from tfsetup.host.file_schema import HostFile, expectation, keys_at, to_host
from tfsetup.host.json_marks import JsonPath, Marked, Place, read_marked
from tfsetup.host.model import Host

_LARGEST = 1_000_000
_START = "`tfsetup host --json > host.json` writes a valid host file to start from."


def read_host(path: Path) -> Host:
    """Return the host described in `path` (`-`: standard input), every fact with the file as its source.

    The JSON document `tfsetup host --json` prints is taken as well. A key left out, or null, is "could not tell".

    Raises:
        InvalidFileError: the file cannot be read, is no JSON, or has an unknown key, a wrong type or a bad value.
    """
    return parse_host(_text(path), str(path))


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


def parse_host(text: str, file: str) -> Host:
    """Return the host described by `text`; `file` is its name in messages and sources.

    Raises:
        InvalidFileError: as in `read_host`.
    """
    marked = read_marked(text, file)
    prefix, value = _unwrapped(marked, file)
    try:
        parsed = msgspec.convert(value, HostFile, strict=True)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), marked, prefix, file) from None
    contradiction = parsed.contradiction()
    if contradiction:
        key, message, hint = contradiction
        raise InvalidFileError(message, where=_where(marked.place((*prefix, key)), file), hint=hint)
    return to_host(parsed, file)


def to_json(host: Host) -> dict[str, Any]:
    """Return the host as a host file, facts that could not be told left out, with the sources beside them."""
    found = encode(host)
    assert isinstance(found, dict)  # noqa: S101 - a dataclass becomes an object
    return found


def _text(path: Path) -> str:
    where = Where(file=str(path))
    try:
        if str(path) == "-":
            raw = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with path.open("rb") as file:
                raw = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidFileError(f"The host file cannot be read: {reason}.", where=where, hint=_START) from None
    if len(raw) > _LARGEST:
        message = f"The host file is larger than {_LARGEST // 1_000_000} MB; it is not one."
        raise InvalidFileError(message, where=where, hint=_START)
    try:
        return raw.decode(_encoding(raw))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        message = f"The host file is not {error.encoding.upper()} text."
        raise InvalidFileError(
            message, where=Where(file=str(path), line=line, column=column), hint="Save it as UTF-8."
        ) from None


def _encoding(raw: bytes) -> str:
    # PowerShell's `>` writes UTF-16 with a mark, Windows editors UTF-8 with one.
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8"


def _unwrapped(marked: Marked, file: str) -> tuple[tuple[str, ...], Any]:
    """Return the host within the document `tfsetup host --json` prints, and the path to it."""
    value = marked.value
    if not isinstance(value, dict) or "schema" not in value or "data" not in value:
        return (), value
    if value.get("command") != "host" or value.get("status") != "ok" or value["schema"] != 1:
        raise InvalidFileError(
            "This is tfsetup's JSON, but not the answer of `tfsetup host` in schema 1.",
            where=_where(marked.place(("command",)), file),
            hint=_START,
        )
    return ("data",), value["data"]


def _where(place: Place, file: str) -> Where:
    return Where(file=file, line=place[0], column=place[1])


def _invalid(words: str, marked: Marked, prefix: tuple[str, ...], file: str) -> InvalidFileError:
    """Turn msgspec's `what - at `$.path`` into the place in the file and words about the key."""
    what, _, at = words.partition(" - at `$")
    path: JsonPath = tuple(int(index) if index else name for name, index in re.findall(r"\.([^.\[`]+)|\[(\d+)\]", at))
    unknown = re.match(r"Object contains unknown field `(.*)`", what, re.DOTALL)
    if unknown:
        place = marked.key_place((*prefix, *path, unknown[1]))
        return _unknown_key(unknown[1], path, _where(place, file))
    key = f"In {_dotted(path)}: " if path else ""
    where = _where(marked.place((*prefix, *path)), file)
    return InvalidFileError(f"{key}{_plain(what, marked.at((*prefix, *path)))}", where=where, hint=expectation(path))


def _unknown_key(name: str, path: JsonPath, where: Where) -> InvalidFileError:
    known = keys_at(path)
    close = difflib.get_close_matches(name, known, n=1)
    guess = f'Did you mean "{close[0]}"? ' if close else ""
    owner = f" in {_dotted(path)}" if path else ""
    return InvalidFileError(
        f'Unknown key "{name}"{owner}.', where=where, hint=f"{guess}Known keys here: {', '.join(known)}."
    )


def _dotted(path: JsonPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


_JSON_WORDS = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false", "array": "a list",
               "object": "an object"}  # fmt: skip


def _plain(what: str, value: Any) -> str:
    """Say msgspec's complaint about `value` in JSON's words."""
    shown = json.dumps(value)[:60]
    if "matching regex" in what or "Invalid enum value" in what:
        return f"{shown} is not what belongs there."
    missing = re.fullmatch(r"Object missing required field `(.*)`", what)
    if missing:
        return f'The key "{missing[1]}" is missing.'
    if "of length" in what:
        return f"{shown} is too short or too long."
    words = re.sub(r"`([^`]*)`", r"\1", what).replace(" | null", "")
    words = re.sub(r"\b(str|int|float|bool|array|object)\b", lambda found: _JSON_WORDS[found[0]], words)
    return f"{words}."
