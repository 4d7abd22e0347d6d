"""Looking symbols up, and listing what relocation asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.elf_build import Define, Import, Library, build_elf
from support.elf_damage import edit_symbol, retag
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.elf.image import Elf, Tag
from tfsetup.loader.elf.relocations import Relocations
from tfsetup.loader.elf.symbols import Query, Symbols, VersionTableMissing, gnu_hash, sysv_hash
from tfsetup.loader.elf.versions import Version

KINDS = [(64, "<", 62), (64, "<", 183), (32, "<", 3), (32, ">", 40)]
STYLES = ["gnu", "sysv", "both"]


def symbols_of(library: Library) -> Symbols:
    return Symbols(Elf(Memory(build_elf(library))))


def relocations_of(library: Library) -> Relocations:
    return Relocations(symbols_of(library))


@pytest.mark.parametrize(
    ("name", "gnu", "sysv"),
    [(b"", 5381, 0), (b"printf", 0x156B2BB8, 0x077905A6), (b"exit", 0x7C967E3F, 0x0006CF04)],
)
def test_hashes(name: bytes, gnu: int, sysv: int) -> None:
    assert (gnu_hash(name), sysv_hash(name)) == (gnu, sysv)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("bits", "order", "machine"), KINDS)
def test_lookup(bits: int, order: str, machine: int, style: str) -> None:
    names = [f"symbol_{number}" for number in range(60)]
    defines = [Define(name=name) for name in names]
    symbols = symbols_of(Library(defines=defines, bits=bits, order=order, machine=machine, hash_style=style))
    assert all(symbols.lookup(Query(name.encode())) for name in names)
    assert not symbols.lookup(Query(b"symbol_60"))
    assert not symbols.lookup(Query(b""))


@given(st.sets(st.text("abcdef_", min_size=1, max_size=6), max_size=30), st.text("abcdef_", min_size=1, max_size=6))
def test_lookup_is_membership(names: set[str], wanted: str) -> None:
    for style in STYLES:
        symbols = symbols_of(Library(defines=[Define(name=name) for name in sorted(names)], hash_style=style))
        assert bool(symbols.lookup(Query(wanted.encode()))) == (wanted in names)


def test_no_symbols_at_all() -> None:
    assert symbols_of(Library()).lookup(Query(b"f")) is False
    assert list(relocations_of(Library()).references()) == []


def test_no_hash_table() -> None:
    data = retag(build_elf(Library(defines=[Define(name="f")])), Tag.GNU_HASH, 0x6FFFFF00)
    assert Symbols(Elf(Memory(data))).lookup(Query(b"f")) is False


@pytest.mark.parametrize(("bits", "order", "machine"), KINDS)
def test_references_come_in_the_order_of_relocation(bits: int, order: str, machine: int) -> None:
    imports = [
        Import(name="call", slot=True),
        Import(name="zeta"),
        Import(name="alpha", weak=True),
        Import(name="other_call", slot=True),
    ]
    symbols = symbols_of(Library(imports=imports, bits=bits, order=order, machine=machine))
    found = [(ref.query.name, ref.weak, ref.query.call) for ref in Relocations(symbols).references()]
    assert found == [
        (b"zeta", False, False),
        (b"alpha", True, False),
        (b"call", False, True),
        (b"other_call", False, True),
    ]
    assert [ref.query.name for ref in Relocations(symbols).references(functions=False)] == [b"zeta", b"alpha"]


def test_bind_now_makes_functions_due() -> None:
    symbols = symbols_of(Library(imports=[Import(name="call", slot=True)], flags=8))
    assert [ref.query.name for ref in Relocations(symbols).references(functions=False)] == [b"call"]


def test_references_know_their_versions() -> None:
    imports = [Import(name="f", version=("liba.so", "A_1")), Import(name="g")]
    first, second = relocations_of(Library(imports=imports)).references()
    assert first.query.version == Version(name="A_1", hash=sysv_hash(b"A_1"), index=2, file="liba.so")
    assert second.query.version is None


@pytest.mark.parametrize(
    ("have", "hidden", "wanted", "answer"),
    [
        ("A_1", False, "A_1", True),
        ("A_1", True, "A_1", True),
        ("A_2", False, "A_1", False),
        (None, False, "A_1", True),
        ("A_1", False, None, True),
        ("A_2", False, None, True),
        ("A_2", True, None, False),
    ],
)
def test_version_rules(have: str | None, hidden: bool, wanted: str | None, answer: bool) -> None:
    define = Define(name="f", version=have, hidden=hidden)
    symbols = symbols_of(Library(soname="a", versions=["a", "A_1", "A_2"], defines=[define]))
    version = Version(name=wanted, hash=sysv_hash(wanted.encode()), index=2) if wanted else None
    assert symbols.lookup(Query(b"f", version)) is answer


def test_a_version_of_this_very_file_that_it_lacks() -> None:
    symbols = symbols_of(Library(soname="a", versions=["a", "A_1"], defines=[Define(name="g", version="A_1")]))
    version = Version(name="A_1", hash=sysv_hash(b"A_1"), index=2, file="a")
    assert symbols.lookup(Query(b"f", version), names={"a"}) is None
    assert symbols.lookup(Query(b"f", version), names={"b"}) is False


def test_a_version_of_this_very_file_without_any() -> None:
    symbols = symbols_of(Library(defines=[Define(name="f")]))
    version = Version(name="A_1", hash=sysv_hash(b"A_1"), index=2, file="a")
    assert symbols.lookup(Query(b"f", version), names={"b"}) is True
    with pytest.raises(VersionTableMissing):
        symbols.lookup(Query(b"f", version), names={"a"})


def test_dlsym_takes_the_newest() -> None:
    library = Library(soname="a", versions=["a", "A_1"], defines=[Define(name="f", version="A_1")])
    assert symbols_of(library).lookup(Query(b"f"), newest=True) is True


def test_an_address_in_the_linkage_table_serves_data_only() -> None:
    data = build_elf(Library(defines=[Define(name="f", section=0)]))
    symbols = Symbols(Elf(Memory(data)))
    assert symbols.lookup(Query(b"f", call=False)) is True
    assert symbols.lookup(Query(b"f", call=True)) is False


def test_a_damaged_own_definition_is_looked_for_elsewhere() -> None:
    data = build_elf(Library(defines=[Define(name="f")], imports=[Import(name="f")], hash_style="sysv"))
    damaged = edit_symbol(data, b"f", offset=4, form="B", value=0x14)
    assert [ref.query.name for ref in Relocations(Symbols(Elf(Memory(damaged)))).references()] == [b"f"]


@pytest.mark.parametrize("machine", [62, 183])
def test_static_tls(machine: int) -> None:
    assert relocations_of(Library(tls=8, static_tls=True, machine=machine)).uses_static_tls
    assert not relocations_of(Library(tls=8, machine=machine)).uses_static_tls


def test_incomplete_version_tables() -> None:
    data = build_elf(Library(imports=[Import(name="f", version=("liba.so", "A_1"))]))
    assert not Symbols(Elf(Memory(data))).versions_unusable
    assert Symbols(Elf(Memory(retag(data, Tag.VERSYM, 0x6FFFFF00)))).versions_unusable
    assert Symbols(Elf(Memory(retag(data, Tag.VERNEED, 0x6FFFFF00)))).versions_unusable


def test_a_relocation_table_outside_of_the_file() -> None:
    data = retag(build_elf(Library(imports=[Import(name="f")])), Tag.RELASZ, Tag.FLAGS)
    elf = Elf(Memory(data))
    assert list(Relocations(Symbols(elf)).references()) == []
    grown = build_elf(Library(imports=[Import(name="f")], tags=[(int(Tag.RELASZ), 1 << 40)]))
    with pytest.raises(MalformedImage):
        Relocations(Symbols(Elf(Memory(grown)))).references()


def test_a_symbol_that_cannot_exist() -> None:
    with pytest.raises(MalformedImage):
        symbols_of(Library()).symbol(1 << 30)


def test_a_version_behind_the_table() -> None:
    library = Library(soname="a", versions=["a"], imports=[Import(name="f", version=("liba.so", "A_1"))])
    data = retag(build_elf(library), Tag.VERNEED, 0x6FFFFF00)
    with pytest.raises(MalformedImage, match="a symbol's version lies behind the table of versions"):
        Relocations(Symbols(Elf(Memory(data)))).references()
