"""Project pages of package indexes, JSON (PEP 691) and HTML (PEP 503), as files. Pure.

Both say the same: the hash in `hashes` or in the address's fragment, `yanked` (PEP 592), `requires-python`, the hash of
the METADATA beside a wheel (PEP 658; its later name counts before its first, PEP 714), the version of the interface
(PEP 629). Only JSON has size and time (PEP 700). What is not known is passed over, as they ask.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import datetime
from email.message import Message
from html.parser import HTMLParser
from typing import Annotated, Final
from urllib.parse import urldefrag, urljoin

import msgspec
from packaging.utils import canonicalize_name

from tfsetup.upkeep.index.snapshot import File

ACCEPT: Final = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.01"
"""What is asked for: JSON before HTML."""

_MAJOR: Final = 1
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SDIST: Final = re.compile(r"\.(?:tar|tar\.(?:bz2|gz|lz|lzma|xz|Z)|tbz|tgz|tlz|txz|zip)$")
_DIGEST: Final = re.compile(r"(\w+)=([0-9A-Fa-f]+)")


class _Entry(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """One file as JSON has it; what HTML says of one is brought to the same form.

    Of METADATA: its hashes by algorithm, or whether there is any; None where the index does not say.
    """

    filename: str
    url: str
    hashes: dict[str, str]
    requires_python: str | None = None
    core_metadata: bool | dict[str, str] | None = None
    dist_info_metadata: bool | dict[str, str] | None = None
    yanked: bool | str | None = False
    size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    upload_time: str | None = None


class _Meta(msgspec.Struct, frozen=True, rename="kebab"):
    api_version: str


class _Project(msgspec.Struct, frozen=True):
    meta: _Meta
    files: list[_Entry]


def read_page(kind: str, body: bytes, url: str, name: str) -> list[File]:
    """Return the files of the project `name`; those of another one, and those without a version, are left out.

    `kind`: the Content-Type. `url`: where the page came from; relative addresses begin there.

    Raises:
        ValueError: it is no such page, or speaks a major version of the interface that is not known.
    """
    try:
        entries, base = _json(body, url) if "json" in kind else _html(_text(kind, body), url)
        return [_file(entry, base, version) for entry in entries if (version := version_in(entry.filename, name))]
    except (msgspec.MsgspecError, AssertionError, RecursionError) as error:  # html.parser asserts
        raise ValueError(str(error)) from error


def version_in(filename: str, name: str) -> str:
    """Return the version in the name of a wheel, an egg or an sdist of the project `name`; else nothing."""
    project = canonicalize_name(name).replace("-", "[-_.]+")
    found = re.match(rf"{project}-(?=[0-9A-Za-z])", filename, re.IGNORECASE)
    rest = filename[found.end() :] if found else ""
    if rest.endswith((".whl", ".egg")):
        return rest[:-4].split("-")[0]
    return _SDIST.sub("", rest) if _SDIST.search(rest) else ""


def _file(entry: _Entry, base: str, version: str) -> File:
    said = entry.dist_info_metadata if entry.core_metadata is None else entry.core_metadata
    return File(
        filename=entry.filename,
        version=version,
        url=urldefrag(urljoin(base, entry.url)).url,
        sha256=_sha256(entry.hashes) or "",
        size=entry.size,
        yanked=entry.yanked not in {False, None},
        requires_python=entry.requires_python or "",
        date=datetime.fromisoformat(entry.upload_time).date().isoformat() if entry.upload_time else "",
        metadata=_sha256(said) if isinstance(said, Mapping) else None,
        has_metadata=said not in (False, None),
    )


def _sha256(hashes: Mapping[str, str]) -> str | None:
    """Return the hash in the form of hashlib's; one that cannot be a SHA-256 is none, and never part of a path."""
    said = hashes.get("sha256", "").lower()
    return said if _SHA256.fullmatch(said) else None


def _supported(version: str) -> None:
    if not version.partition(".")[0].isdecimal() or int(version.partition(".")[0]) > _MAJOR:
        raise ValueError(f"it speaks version {version[:20]!r} of the interface, and only {_MAJOR} is known")


def _json(body: bytes, url: str) -> tuple[list[_Entry], str]:
    project = msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8), type=_Project)
    _supported(project.meta.api_version)
    return project.files, url


def _html(text: str, url: str) -> tuple[list[_Entry], str]:
    reader = _Links()
    reader.feed(text)
    reader.close()
    _supported(reader.version)
    links = [_link("".join(words).strip(), attributes) for words, attributes in reader.links]
    return links, urljoin(url, reader.base or "")


def _link(text: str, attributes: Mapping[str, str]) -> _Entry:
    fragment = urldefrag(attributes["href"]).fragment
    return _Entry(
        filename=text,
        url=attributes["href"],
        hashes=dict(part.partition("=")[::2] for part in fragment.split("&")),
        requires_python=attributes.get("data-requires-python"),
        core_metadata=_said(attributes.get("data-core-metadata")),
        dist_info_metadata=_said(attributes.get("data-dist-info-metadata")),
        yanked=attributes.get("data-yanked", False),
    )


def _said(value: str | None) -> bool | dict[str, str] | None:
    found = _DIGEST.fullmatch(value or "")
    return {found[1]: found[2]} if found else None if value is None else value.lower() == "true"


def _text(kind: str, body: bytes) -> str:
    """Return a page as text: by its byte order mark, as UTF-8, as the Content-Type says, and else as browsers do."""
    header = Message()
    header["content-type"] = kind
    utf16 = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for charset in ("utf-16" if utf16 else "utf-8-sig", str(header.get_content_charset("utf-8"))):
        try:
            return body.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("windows-1252", "replace")


class _Links(HTMLParser):
    """Collects the links of a page with their text, its `<base>`, and its version of the interface."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[list[str], dict[str, str]]] = []
        self.base: str | None = None
        self.version = "1.0"
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a link, or take what the page says of itself; the first `<base>` counts, as in browsers."""
        found = {name: value or "" for name, value in attrs}
        if tag == "a":
            self._open = "href" in found
            self.links += [([], found)] if self._open else []
        elif tag == "base" and self.base is None:
            self.base = found.get("href")
        elif tag == "meta" and found.get("name", "").lower() == "pypi:repository-version":
            self.version = found.get("content", "")

    def handle_endtag(self, tag: str) -> None:
        """End a link."""
        self._open = self._open and tag != "a"

    def handle_data(self, data: str) -> None:
        """Add to the text of the link."""
        if self._open:
            self.links[-1][0].append(data)
