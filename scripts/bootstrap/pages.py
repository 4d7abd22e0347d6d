"""What an index says of a project: the files of a page in JSON (PEP 691) or HTML (PEP 503). Pure."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


class Offered:
    """A file of a page: its name, its address, and its sha256 where the page tells it."""

    def __init__(self, name: str, url: str, sha256: str | None) -> None:
        self.name, self.url, self.sha256 = name, url, sha256


def files_of(body: bytes, kind: str, url: str) -> list[Offered]:
    """Return the files of a page that came from `url` with the content type `kind`.

    Raises:
        ValueError: it is no page of an index.
    """
    text = body.decode("utf-8", "replace")
    return _of_json(text, url) if "json" in kind else _of_html(text, url)


def _of_json(text: str, url: str) -> list[Offered]:
    try:
        listed = json.loads(text)["files"]
        return [
            Offered(str(one["filename"]), urljoin(url, str(one["url"])), dict(one.get("hashes") or {}).get("sha256"))
            for one in listed
        ]
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError("it is no page of an index in JSON") from error


def _of_html(text: str, url: str) -> list[Offered]:
    anchors = _Anchors(url)
    anchors.feed(text)
    found = []
    for address in anchors.found:
        parts = urlsplit(address)
        told = re.search(r"(?:^|&)sha256=([0-9a-f]{64})(?:&|$)", parts.fragment)
        name = unquote(parts.path.rsplit("/", 1)[-1])
        found.append(Offered(name, parts._replace(fragment="").geturl(), told.group(1) if told else None))
    return found


class _Anchors(HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.base = url
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href")
        if not address:
            return
        if tag == "base":
            self.base = urljoin(self.base, address)
        elif tag == "a":
            try:
                self.found.append(urljoin(self.base, address.strip()))
            except ValueError:
                return
