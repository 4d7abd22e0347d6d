"""Pages whose bytes lack their signed hash: on arm64 the kernel kills the process that touches one, without a word.

All pages of a small image are compared. Of a large one only those that loading reads: load commands, the tables of
`__LINKEDIT`. Hashing the rest of a 650 MB library takes longer than everything else together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tfsetup.loader.bytes import MalformedImage, answers
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.macho.image import MachO, Range
from tfsetup.loader.macho.signature import read_code_directory

WHOLE = 4 << 20
"""Images up to this many bytes are compared as a whole."""


def killed_at_mapping(mac: Mac, image: MachO) -> bool:
    """Say whether reading the load commands already touches a wrong page."""
    known = _known(mac, image)
    return known[0] if known else _any_wrong(mac, image, [Range(offset=0, size=image.commands_end)])


def killed_at_binding(mac: Mac, image: MachO) -> bool:
    """Say whether binding (or, for a small image, anything later) touches a wrong page."""
    known = _known(mac, image)
    return known[1] if known else _any_wrong(mac, image, _touched(image))


def verdicts(image: MachO) -> tuple[bool, bool]:
    """Return what both functions say of an image where pages matter, on arm64."""
    return _wrong(image, [Range(offset=0, size=image.commands_end)]), _wrong(image, _touched(image))


def _known(mac: Mac, image: MachO) -> tuple[bool, bool] | None:
    """Return what was found when the whole file was at hand."""
    found = answers(image.source) if mac.architecture == "arm64" else None
    return found[0].pages.get(found[1]) if found else None


def _any_wrong(mac: Mac, image: MachO, places: Iterable[Range]) -> bool:
    return mac.architecture == "arm64" and _wrong(image, places)


def _wrong(image: MachO, places: Iterable[Range]) -> bool:
    try:
        directory = read_code_directory(image)
        if directory is None:
            return False
        return any(directory.wrong_pages(image, directory.pages(place)) for place in places)
    except MalformedImage:
        return True  # a signed page that is not in the file at all


def _touched(image: MachO) -> Iterator[Range]:
    if image.source.size <= WHOLE:
        yield Range(offset=0, size=image.source.size)
        return
    if image.dyld_info:
        yield from (image.dyld_info.bind, image.dyld_info.lazy, image.dyld_info.exports)
    yield from (place for place in (image.exports_trie, image.chained_fixups) if place)
