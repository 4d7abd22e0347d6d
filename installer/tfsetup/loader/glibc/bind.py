"""Version checks and symbol binding of objects that glibc has just mapped.

Sources: glibc elf/dl-version.c (`_dl_check_map_versions`), elf/dl-lookup.c (`_dl_lookup_symbol_x`), elf/dl-reloc.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.elf.image import Tag
from tfsetup.loader.elf.relocations import Reference
from tfsetup.loader.elf.symbols import Query, VersionTableMissing
from tfsetup.loader.elf.versions import Need, Version
from tfsetup.loader.glibc.map import Map
from tfsetup.loader.glibc.stock import Stock
from tfsetup.loader.glibc.system import System
from tfsetup.loader.model import LoadFailure, NotCovered

RELR_CHECK_SINCE = (2, 36)
MOVED_SYMBOLS_SINCE = (2, 30)
"""Since then a versioned symbol may be found in another library than the one named with the version (bug 24741)."""

_LIBC = "libc.so.6"
"""Stands for the whole C library where that cannot be read: every Python has its parts in the process."""

COMMA_BEFORE = (2, 27)
"""glibc wrote a comma before `version` until it composed its messages with `_dl_exception_create_format`."""


def inconsistency(file: str, function: str, assertion: str) -> str:
    """Return the words of an assertion of ld.so, after which the process ends (the line number is left out)."""
    return f"Inconsistency detected by ld.so: {file}: {function}: Assertion `{assertion}' failed!"


# -- versions ----------------------------------------------------------------------------------------------------------


def check_versions(
    wanting: Map, loaded: Sequence[Map], glibc: tuple[int, int] | None
) -> tuple[LoadFailure | None, list[NotCovered]]:
    """Check that all versions an object needs are defined, in the order of its records.

    Args:
        wanting: the object.
        loaded: all objects of the process, in the order in which they were mapped.
        glibc: release of the C library.
    """
    unknown: list[NotCovered] = []
    if wanting.symbols is None or wanting.elf is None or Tag.STRTAB not in wanting.elf.tags:
        return None, unknown
    needs = wanting.symbols.versions.needs
    if needs and needs[0].revision != 1:
        text = f"unsupported version {needs[0].revision} of Verneed record"
        return _malformed(wanting, text), unknown
    for need in needs:
        provider = next((other for other in loaded if need.file in other.names), None)
        if provider is None:
            text = inconsistency("dl-version.c", "_dl_check_map_versions", "needed != NULL")
            return LoadFailure(kind="malformed-image", image=wanting.path, message=text, library=need.file), unknown
        failure = _check_need(wanting, need, provider, unknown)
        if failure:
            return failure, unknown
    return _check_relr(wanting, needs, glibc), unknown


def _check_need(wanting: Map, need: Need, provider: Map, unknown: list[NotCovered]) -> LoadFailure | None:
    for version in need.versions:
        answer = _provides(provider, version)
        if answer is None and (provider.stock is None or provider.stock.presence == "always"):
            # of a library that may not be there that has been said, and it is the same question
            reason = f"whether {provider.name} of that system defines {version.name}"
            unknown.append(NotCovered(reason=reason, image=wanting.path, matters=True))
        elif answer is False and not version.weak:
            text = f"version `{version.name}' not found (required by {wanting.name})"
            return LoadFailure(
                kind="version-not-found",
                image=wanting.path,
                message=f"{provider.name}: {text}",
                symbol=version.name,
                library=provider.path,
            )
    return None


def _provides(provider: Map, version: Version) -> bool | None:
    """Say whether an object defines a version; one without any definitions is never asked (`match_symbol`)."""
    if provider.stock is not None:
        return provider.stock.provides(version.name)
    definitions = provider.symbols.versions.definitions if provider.symbols is not None else None
    if definitions is None:
        return True
    return any(entry.version.hash == version.hash and entry.version.name == version.name for entry in definitions)


def _check_relr(wanting: Map, needs: Sequence[Need], glibc: tuple[int, int] | None) -> LoadFailure | None:
    """Packed relative relocations need a loader that knows them; a file has to say so with a version of libc."""
    if wanting.elf is None or Tag.RELR not in wanting.elf.tags or (glibc is not None and glibc < RELR_CHECK_SINCE):
        return None
    of_libc = [version.name for need in needs if need.file.startswith("libc.so.") for version in need.versions]
    if not of_libc or "GLIBC_ABI_DT_RELR" in of_libc:
        return None
    return _malformed(wanting, "DT_RELR without GLIBC_ABI_DT_RELR dependency")


def _malformed(wanting: Map, text: str) -> LoadFailure:
    return LoadFailure(kind="malformed-image", image=wanting.path, message=f"{wanting.name}: {text}")


# -- symbols -----------------------------------------------------------------------------------------------------------


def bind(
    wanting: Map, scope: Sequence[Map], system: System, *, now: bool
) -> tuple[LoadFailure | None, list[NotCovered]]:
    """Resolve everything relocation of one object asks for; the first that fails, in its order, is the answer.

    Args:
        wanting: the object.
        scope: where it looks, in order, without repetition.
        system: the machine; its C library counts.
        now: RTLD_NOW; otherwise functions are left for their first call.
    """
    if wanting.symbols is None or wanting.relocations is None:
        return None, []
    if wanting.symbols.versions_unusable:
        raise MalformedImage("its version tables are incomplete")
    references = wanting.relocations.references(functions=now)
    pending: dict[Query, Reference] = {reference.query: reference for reference in references}
    troubles: dict[Query, LoadFailure] = {}
    unsure: dict[Query, NotCovered | None] = {}
    glibc = system.glibc
    may_move = glibc is None or glibc >= MOVED_SYMBOLS_SINCE
    for other in scope:
        for query in list(pending):
            if _may_define(other, query, system):
                unsure.setdefault(query, _unsure(wanting, query, other))
                continue
            try:
                answer = defines(other, query, system)
            except VersionTableMissing:
                troubles[query] = _assertion(wanting, query)
            else:
                if answer is False or (answer is None and may_move):
                    continue
                if answer is None:
                    troubles[query] = _not_defined_in(wanting, query, glibc)
            del pending[query]
    left = [query for query, reference in pending.items() if not reference.weak]
    troubles |= {query: _undefined(wanting, query) for query in left if query not in unsure}
    failure = next((troubles[reference.query] for reference in references if reference.query in troubles), None)
    return failure, [note for query in left if (note := unsure.get(query))]


def defines(other: Map, query: Query, system: System, *, newest: bool = False) -> bool | None:
    """Say whether an object defines what is asked for (see `Symbols.lookup`)."""
    if other.symbols is not None:
        return other.symbols.lookup(query, names=other.names, newest=newest)
    if other.stock is None:
        return query.version is None and _interpreter_defines(query, system)
    if query.version is None:
        return _answers(other.stock, query, system) is True
    return query.version.file in other.names


def _answers(stock: Stock, query: Query, system: System) -> bool | None:
    """Say whether a library that cannot be read defines a name asked for without version; None: could not tell."""
    if stock.levels.keys() & {"GLIBC_PRIVATE"}:  # a part of the C library: all of them are told of together
        return stock.soname == _LIBC and system.c_library_defines(query.text)
    return stock.answers(query.name)


def _may_define(other: Map, query: Query, system: System) -> bool:
    unversioned = other.stock is not None and query.version is None
    return unversioned and other.stock is not None and _answers(other.stock, query, system) is None


def _unsure(wanting: Map, query: Query, other: Map) -> NotCovered | None:
    """Return what is not known of a library that is there; of one that may not be, that has been said."""
    if other.stock is None or other.stock.presence == "unknown":
        return None
    reason = f"whether {other.stock.soname} of that system defines {query.text}"
    return NotCovered(reason=reason, image=wanting.path, matters=True, library=other.stock.soname)


def _interpreter_defines(query: Query, system: System) -> bool:
    """Whether the interpreter, or the C library it brings into every process, defines a name without version."""
    return query.name.startswith((b"Py", b"_Py")) or system.c_library_defines(query.text)


def without_repetition(*scopes: Iterable[Map]) -> list[Map]:
    """Join search lists; an object is looked into once."""
    return list({id(entry): entry for scope in scopes for entry in scope}.values())


def _assertion(wanting: Map, query: Query) -> LoadFailure:
    text = "version->filename == NULL || ! _dl_name_match_p (version->filename, map)"
    return LoadFailure(
        kind="symbol-not-found",
        image=wanting.path,
        message=inconsistency("dl-lookup.c", "check_match", text),
        symbol=query.text,
        library=query.version.file if query.version else None,
    )


def _not_defined_in(wanting: Map, query: Query, glibc: tuple[int, int] | None) -> LoadFailure:
    assert query.version is not None  # noqa: S101 - only a version with a file leads here
    comma = "," if glibc is not None and glibc < COMMA_BEFORE else ""
    name, file = query.version.name, query.version.file
    text = f"symbol {query.text}{comma} version {name} not defined in file {file} with link time reference"
    return LoadFailure(
        kind="symbol-not-found", image=wanting.path, message=f"{wanting.name}: {text}", symbol=query.text, library=file
    )


def _undefined(wanting: Map, query: Query) -> LoadFailure:
    version = f", version {query.version.name}" if query.version else ""
    return LoadFailure(
        kind="symbol-not-found",
        image=wanting.path,
        message=f"{wanting.name}: undefined symbol: {query.text}{version}",
        symbol=query.text,
    )
