from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.macho import Offered, Plan, build, trie
from support.macho_exports import exports_of
from support.outcome import outcome
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.macho.exports import Export, ExportTable
from tfsetup.loader.macho.image import MachO, Range, read_macho


def image_of(data: bytes) -> MachO:
    """Return an image that is nothing but a trie."""
    return MachO(
        source=Memory(data),
        slice_offset=0,
        architecture="arm64",
        file_type=6,
        flags=0,
        commands_end=0,
        exports_trie=Range(offset=0, size=len(data)),
    )


def table(data: bytes) -> ExportTable:
    return ExportTable(image_of(data))


names = st.text(st.sampled_from("_ZabN1"), min_size=1, max_size=12)


@given(st.sets(names, min_size=1, max_size=40), st.sets(names, max_size=40))
def test_exactly_the_names_that_were_put_in_are_found(inside: set[str], others: set[str]) -> None:
    image = image_of(trie([Offered(symbol=name) for name in sorted(inside)]))
    exports = ExportTable(image)
    assert set(exports.find_all(inside | others)) == inside
    assert {name for name, _ in exports_of(image)} == inside
    assert all((exports.find(name) is not None) == (name in inside) for name in others)


def walk_as_dyld(data: bytes, name: bytes) -> int | None:
    """Walk one name as dyld's `ExportsTrie::trieWalk` does; return the terminal's offset."""

    def uleb(at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte, at = data[at], at + 1
            value, shift = value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value, at

    at = 0
    for _ in range(1000):
        size, body = uleb(at)
        if not name and size:
            return body
        at = body + size
        count, at = data[at], at + 1
        following = 0
        for _ in range(count):
            end = data.index(0, at)
            edge = data[at:end]
            target, at = uleb(end + 1)
            if name.startswith(edge):
                following, name = target, name[len(edge) :]
                break
        if not following:
            return None
        at = following
    raise AssertionError("no end")


@given(st.sets(names, min_size=1, max_size=30), st.sets(names, min_size=1, max_size=30))
def test_the_walk_agrees_with_dyld_on_tries_with_empty_edges(inside: set[str], asked: set[str]) -> None:
    data = with_empty_edges(sorted(inside))
    found = table(data).find_all(asked | inside)
    for name in asked | inside:
        assert (walk_as_dyld(data, name.encode()) is not None) == (name in found)


def with_empty_edges(names: list[str]) -> bytes:
    """Write a trie as ld64 does: the end of a name that begins another hangs on an empty edge, behind the others."""

    def node(tails: list[str]) -> tuple[list[tuple[str, list[str]]], bool]:
        if tails == [""]:
            return [], True
        firsts = dict.fromkeys(tail[:1] for tail in tails)
        ordered = sorted(firsts, key=lambda first: first == "")
        return [(first, [tail[1:] for tail in tails if tail[:1] == first]) for first in ordered], False

    nodes: list[tuple[list[tuple[str, int]], bool]] = []

    def place(tails: list[str]) -> int:
        index = len(nodes)
        nodes.append(([], False))
        edges, is_end = node(tails)
        nodes[index] = ([(first, place(rest)) for first, rest in edges], is_end)
        return index

    place(names)
    sizes = [1 + (2 if end else 0) + 1 + sum(len(edge) + 4 for edge, _ in edges) for edges, end in nodes]
    starts = [sum(sizes[:index]) for index in range(len(nodes))]
    out = b""
    for edges, end in nodes:
        out += (b"\2\0\7" if end else b"\0") + bytes((len(edges),))
        for edge, target in edges:
            at = starts[target]
            out += edge.encode() + b"\0" + bytes((at & 0x7F | 0x80, at >> 7 & 0x7F | 0x80, at >> 14))
    return out


def test_reexports_keep_their_ordinal_and_alias() -> None:
    exports = table(
        trie(
            [
                Offered(symbol="_f", ordinal=2),
                Offered(symbol="_g", ordinal=130, alias="_h"),
                Offered(symbol="_bad", ordinal=-2),
            ]
        )
    )
    assert exports.find("_f") == Export(reexport=2)
    assert exports.find("_g") == Export(reexport=130, alias="_h")
    assert exports.find("_bad") == Export(reexport=-2)


def test_a_weak_definition_is_one() -> None:
    data = b"\0\1_f\0\6\2\4\0\0"
    assert table(data).find("_f") == Export(weak=True)


def test_terminals_may_be_larger_than_127_bytes() -> None:
    alias = "_" + "x" * 200
    assert table(trie([Offered(symbol="_f", ordinal=1, alias=alias), Offered(symbol="_fg")])).find("_fg") == Export()


@pytest.mark.parametrize(
    "data",
    [
        b"\x05\0",  # the node ends outside of the trie
        b"\0\1_f",  # an edge without end
        b"\0\1_\0\x80",  # a target without end
        b"\0\1_\0\x7f",  # a target outside of the trie
        b"\0\1\0\0",  # an empty edge back to the root, for ever
        b"\0\2",  # two children promised, none there
        b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\1",  # a size wider than 64 bits
    ],
)
def test_damaged_tries_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedImage):
        table(data).find("_f")
    with pytest.raises(MalformedImage):
        list(exports_of(image_of(data)))


@given(st.binary(min_size=1, max_size=300), st.lists(names, max_size=5))
def test_any_bytes_are_a_trie_or_malformed(data: bytes, asked: list[str]) -> None:
    for question in (lambda: table(data).find_all(asked), lambda: list(exports_of(image_of(data)))):
        assert outcome(question)


def test_many_equal_edges_do_not_multiply_the_work() -> None:
    node = b"\0\xff" + b"a\0\0" * 255  # every edge is "a" and leads back to the root
    assert table(node).find_all(["a" * 5000]) == {}


def test_without_a_trie_the_symbol_table_counts() -> None:
    data = build(Plan(exports=[Offered(symbol="_ignored")]))
    image = read_macho(Memory(data))
    strings = b"\0_f\0_local\0_private\0_undefined\0"
    entries = b"".join(
        struct.pack("<IBBHQ", strings.index(name), kind, 1, 0, 0)
        for name, kind in ((b"_f", 0x0F), (b"_local", 0x0E), (b"_private", 0x1F), (b"_undefined", 0x01))
    )
    from dataclasses import replace

    from tfsetup.loader.macho.image import Symtab

    bare = replace(
        image,
        source=Memory(entries + strings),
        dyld_info=None,
        symtab=Symtab(
            entries=Range(offset=0, size=len(entries)), strings=Range(offset=len(entries), size=len(strings))
        ),
    )
    assert dict(exports_of(bare)) == {"_f": Export()}
    assert ExportTable(bare).find("_f") == Export()
    assert ExportTable(replace(bare, symtab=None)).find("_f") is None


def test_an_image_that_exports_nothing() -> None:
    image = read_macho(Memory(build(Plan())))
    assert ExportTable(image).find("_f") is None
    assert list(exports_of(image)) == []


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ([b"_fa", b"_f"], {"_fa": True, "_fb": False, "_f": False}),  # two edges begin alike: the first that agrees
        ([b"_f", b"_fa"], {"_fa": False, "_f": False}),
        ([b"", b"_f"], {"_f": False}),  # an empty edge in front takes every name
    ],
)
def test_edges_no_linker_writes_are_tried_in_order(edges: list[bytes], found: dict[str, bool]) -> None:
    size = 2 + sum(len(edge) + 2 for edge in edges)
    node = b"\0" + bytes((len(edges),))
    for index, edge in enumerate(edges):
        node += edge + b"\0" + bytes((size + 4 * index,))
    leaves = b"".join(b"\2\0\7\0" if edge == b"_fa" else b"\0\0\0\0" for edge in edges)
    exports = table(node + leaves)
    for name, is_there in found.items():
        assert (walk_as_dyld(node + leaves, name.encode()) is not None) is is_there
        assert (exports.find(name) is not None) is is_there


def test_an_answer_is_remembered_whether_it_was_yes_or_no() -> None:
    exports = table(trie([Offered(symbol="_f")]))
    assert exports.find_raw([b"_f", b"_g"]) == exports.find_raw([b"_g", b"_f"]) == {b"_f": Export()}


def test_the_names_that_begin_so_are_found_and_no_others() -> None:
    names = ["_a", "_ab", "_abc", "_abd", "_b", "__ab"]
    exports = ExportTable(image_of(trie([Offered(symbol=name) for name in names])))
    assert set(exports.below(b"_ab")) == {b"_ab", b"_abc", b"_abd"}
    assert set(exports.below(b"_abcd")) == set()
    assert set(exports.below(b"")) == {name.encode() for name in names}
    assert set(ExportTable(image_of(b"")).below(b"")) == set()


@given(st.sets(st.text("abc_", min_size=1, max_size=6), min_size=1), st.text("abc_", max_size=4))
def test_below_agrees_with_a_list_of_all_names(names: set[str], prefix: str) -> None:
    exports = ExportTable(image_of(trie([Offered(symbol=name) for name in sorted(names)])))
    assert sorted(exports.below(prefix.encode())) == sorted(n.encode() for n in names if n.startswith(prefix))


def test_a_circle_in_the_trie_ends() -> None:
    assert set(ExportTable(image_of(b"\0\x01a\0\0")).below(b"aaa")) == set()
