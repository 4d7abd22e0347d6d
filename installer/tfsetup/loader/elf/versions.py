"""Symbol versions of an ELF file: what it needs of others, what it defines itself.

Source of the layout: Linux Standard Base Core, "Symbol Versioning"; how records are walked: glibc elf/dl-version.c.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import Struct

from tfsetup.loader.bytes import unpack
from tfsetup.loader.elf.image import Elf, Tag
from tfsetup.loader.files.budget import Budget

MAX_RECORDS = 1 << 13
"""Most version records of one file that are believed (glibc itself defines about 50)."""

INDEX, HIDDEN = 0x7FFF, 0x8000
"""Parts of a version index: the number, and the bit that hides a definition from references to another version."""

BASE, WEAK = 0x1, 0x2
_NEED, _AUX, _DEF, _DEFAUX = "HHIII", "IHHII", "HHHHIII", "II"


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version by which symbols are referred to (`file` says of which library) or defined (`file` is None).

    `hidden` is bit 15 of a reference's own index; `weak`: the need is forgiven (VER_FLG_WEAK).
    """

    name: str
    hash: int
    index: int
    file: str | None = None
    hidden: bool = False
    weak: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """The versions needed of one library, in the order of the file. `revision` of the record is 1 or a refusal."""

    file: str
    revision: int
    versions: tuple[Version, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """One version the file defines; `base` is the file's own name and no version to refer to."""

    revision: int
    base: bool
    version: Version


@dataclass(frozen=True, kw_only=True, slots=True)
class Versions:
    """All version tables of one file. `definitions` None: the file has no DT_VERDEF at all.

    `by_index` maps the numbers in the DT_VERSYM table to versions (glibc's `l_versions`); it is None when there is
    neither need nor definition, and then the DT_VERSYM table is not looked at.
    """

    needs: tuple[Need, ...]
    definitions: tuple[Definition, ...] | None
    by_index: Mapping[int, Version] | None


def read_versions(elf: Elf) -> Versions:
    """Read the version tables.

    Raises:
        MalformedImage: a record lies outside the file, or the chain of records has no end.
    """
    needs = tuple(_needs(elf)) if Tag.VERNEED in elf.tags else ()
    definitions = tuple(_definitions(elf)) if Tag.VERDEF in elf.tags else None
    table = {version.index: version for need in needs for version in need.versions}
    defined = [entry.version for entry in definitions or () if not entry.base]
    table |= {version.index: version for version in defined}
    any_index = any(table) or any(entry.version.index for entry in definitions or ())
    return Versions(needs=needs, definitions=definitions, by_index=table if any_index else None)


def _chain(
    elf: Elf, form: Struct, offset: int, budget: Budget, *, next_field: int
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Walk records that each hold the distance to the next one; yield (offset, fields)."""
    while True:
        budget.spend()
        fields = unpack(elf.source, form, offset)
        yield offset, fields
        if not fields[next_field]:
            return
        offset += fields[next_field]


def _needs(elf: Elf) -> Iterator[Need]:
    order = elf.header.order
    need, aux, budget = Struct(order + _NEED), Struct(order + _AUX), Budget(MAX_RECORDS, "version records")
    start = elf.offset_of(elf.tags[Tag.VERNEED])
    for offset, (revision, _, file, first, _) in _chain(elf, need, start, budget, next_field=4):
        name = elf.string(file)
        versions = tuple(
            Version(
                name=elf.string(string),
                hash=value,
                index=other & INDEX,
                file=name,
                hidden=bool(other & HIDDEN),
                weak=bool(flags & WEAK),
            )
            for _, (value, flags, other, string, _) in _chain(elf, aux, offset + first, budget, next_field=4)
        )
        yield Need(file=name, revision=revision, versions=versions)


def _definitions(elf: Elf) -> Iterator[Definition]:
    order = elf.header.order
    form, aux, budget = Struct(order + _DEF), Struct(order + _DEFAUX), Budget(MAX_RECORDS, "version records")
    start = elf.offset_of(elf.tags[Tag.VERDEF])
    for offset, fields in _chain(elf, form, start, budget, next_field=6):
        revision, flags, index, _, value, first, _ = fields
        name = elf.string(unpack(elf.source, aux, offset + first)[0])
        version = Version(name=name, hash=value, index=index & INDEX)
        yield Definition(revision=revision, base=bool(flags & BASE), version=version)
