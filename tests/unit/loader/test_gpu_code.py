"""Code for GPUs in libraries: what fat binaries and bundles hold, where they are, and on what their code runs."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support import fatbins
from support.examples import examples
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.gpu import bundle, fatbin
from tfsetup.loader.gpu.lz4 import prefix
from tfsetup.loader.gpu.scan import scan
from tfsetup.loader.gpu.targets import Target, general, read_target, serves

machine_code = st.builds(
    Target, kind=st.just("sm"), capability=st.tuples(st.integers(2, 13), st.integers(0, 9)), suffix=st.just("")
)
texts = st.builds(
    Target,
    kind=st.just("compute"),
    capability=st.tuples(st.integers(2, 13), st.integers(0, 9)),
    suffix=st.sampled_from(["", "a", "f"]),
    isa=st.tuples(st.integers(1, 9), st.integers(0, 9)),
)
targets = st.one_of(machine_code, texts)
kinds = st.lists(targets, min_size=1, max_size=6, unique=True)
flags = st.sampled_from([0, fatbins.LZ4])
gpus = st.tuples(st.integers(3, 13), st.integers(0, 9))


def of(*names: str) -> frozenset[Target]:
    found = [read_target(name) for name in names]
    return frozenset(target for target in found if target is not None)


# --------------------------------------------------------------------------------------------------------- targets


@given(targets)
def test_a_target_is_read_as_it_is_written(target: Target) -> None:
    assert read_target(str(target)) == target


@pytest.mark.parametrize(
    "text", ["", "sm", "sm_9", "sm_90x", "compute_90@", "compute_90@8", "gfx1100", "SM_90", " sm_90"]
)
def test_what_is_no_target(text: str) -> None:
    assert read_target(text) is None


@pytest.mark.parametrize(
    ("target", "runs", "does_not"),
    [
        ("sm_80", [(8, 0), (8, 6), (8, 9)], [(7, 5), (9, 0), (12, 0)]),
        ("sm_89", [(8, 9)], [(8, 6), (9, 0)]),
        ("sm_100", [(10, 0), (10, 3)], [(12, 0), (9, 0)]),
        ("compute_90", [(9, 0), (10, 0), (12, 0)], [(8, 9)]),
        ("compute_90a", [(9, 0)], [(10, 0), (12, 0), (8, 9)]),
        ("compute_100f", [(10, 0), (10, 3)], [(12, 0)]),
        ("compute_120?", [(12, 0)], [(12, 1), (13, 0)]),
    ],
)
def test_on_what_a_target_runs(target: str, runs: list[tuple[int, int]], does_not: list[tuple[int, int]]) -> None:
    (found,) = of(target)
    assert [found.runs_on(gpu) for gpu in runs] == [True] * len(runs)
    assert [found.runs_on(gpu) for gpu in does_not] == [False] * len(does_not)


@given(targets, gpus)
def test_nothing_runs_on_an_older_gpu_than_it_is_for(target: Target, gpu: tuple[int, int]) -> None:
    assert not target.runs_on(gpu) or gpu >= target.capability


def test_a_gpu_is_served_when_every_general_fat_binary_has_something_for_it() -> None:
    plain, own = of("compute_90", "sm_60", "sm_80"), of("compute_90a", "sm_60", "sm_80")
    assert serves([plain], (12, 0))
    assert not serves([plain, own], (12, 0))
    assert serves([plain, own], (9, 0))
    assert not serves([plain, own], (5, 2))


def test_kernels_of_one_generation_stand_beside_the_general_ones() -> None:
    assert serves([of("sm_60", "compute_90"), of("compute_90"), of("sm_90")], (6, 1))
    assert general([of("sm_60", "compute_90"), of("sm_90")]) == [of("sm_60", "compute_90")]


def test_code_linked_without_ptx_does_not_keep_a_newer_gpu_out() -> None:
    linked = of("sm_60", "sm_80")
    assert serves([of("sm_60", "compute_80"), linked], (12, 0))
    assert not serves([linked], (12, 0))  # where nothing has PTX, that is all there is


def test_nothing_seen_serves_nothing() -> None:
    assert not serves([], (8, 0))
    assert not serves([frozenset()], (8, 0))


# ------------------------------------------------------------------------------------------------------- fat binaries


@given(kinds, flags)
def test_a_fat_binary_is_read_as_it_was_made(made: list[Target], packed: int) -> None:
    data = fatbins.fatbin(made, packed)
    assert fatbin.read_fatbin(Memory(data), 0) == frozenset(made)
    assert fatbin.container_size(Memory(data), 0) == len(data)


def test_ptx_packed_in_a_way_that_is_not_read_is_for_its_own_gpu_only() -> None:
    target = Target(kind="compute", capability=(12, 0), isa=(8, 8))
    (found,) = fatbin.read_fatbin(Memory(fatbins.fatbin([target], fatbins.ZSTD)), 0)
    assert str(found) == "compute_120?"


def test_an_entry_of_another_kind_is_passed_over() -> None:
    sm = Target(kind="sm", capability=(8, 0))
    odd = bytearray(fatbins.entry(sm))
    odd[0] = 16
    body = bytes(odd) + fatbins.entry(sm)
    data = fatbin.HEADER.pack(fatbin.MAGIC, 1, fatbin.HEADER.size, len(body)) + body
    assert fatbin.read_fatbin(Memory(data), 0) == {sm}


@pytest.mark.parametrize(
    "data",
    [
        fatbin.MAGIC,
        fatbin.MAGIC + bytes(12),
        fatbin.HEADER.pack(fatbin.MAGIC, 2, 16, 8) + bytes(8),
        fatbin.HEADER.pack(fatbin.MAGIC, 1, 24, 8) + bytes(8),
        fatbin.HEADER.pack(fatbin.MAGIC, 1, 16, 9) + bytes(8),
        fatbin.HEADER.pack(b"\0\0\0\0", 1, 16, 8) + bytes(8),
    ],
)
def test_the_magic_number_alone_is_no_fat_binary(data: bytes) -> None:
    assert fatbin.container_size(Memory(data), 0) is None
    with pytest.raises(MalformedImage):
        fatbin.read_fatbin(Memory(data), 0)


@pytest.mark.parametrize(("field", "value"), [(4, 32), (4, 5000), (8, 1 << 40)])
def test_an_entry_that_leads_out_of_its_fat_binary(field: int, value: int) -> None:
    data = bytearray(fatbins.fatbin([Target(kind="sm", capability=(8, 0))]))
    struct.pack_into("<I" if field == 4 else "<Q", data, fatbin.HEADER.size + field, value)
    with pytest.raises(MalformedImage, match="does not lie inside it"):
        fatbin.read_fatbin(Memory(bytes(data)), 0)


@given(kinds, flags, st.data())
@examples(2)
def test_whatever_is_changed_it_ends_in_a_value_or_in_malformed_image(
    made: list[Target], packed: int, data: st.DataObject
) -> None:
    raw = bytearray(fatbins.fatbin(made, packed))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    source = Memory(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    scan(source)
    with suppress(MalformedImage):
        assert isinstance(fatbin.read_fatbin(source, 0), frozenset)


# -------------------------------------------------------------------------------------------------------------- LZ4


def packed(steps: list[tuple[bytes, int, int]], last: bytes) -> tuple[bytes, bytes]:
    """A block of sequences (literals, distance, length of the match), and what it unpacks to."""
    block, plain = bytearray(), bytearray()
    for literals, distance, length in steps:
        plain += literals
        back = min(distance, len(plain))
        sequence = bytearray(fatbins.literal(literals))
        sequence[0] |= min(length - 4, 15)
        sequence += back.to_bytes(2, "little")
        if length - 4 >= 15:
            rest = length - 19
            sequence += b"\xff" * (rest // 255) + bytes([rest % 255])
        for _ in range(length):
            plain.append(plain[-back])
        block += sequence
    return bytes(block + fatbins.literal(last)), bytes(plain + last)


sequences = st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.integers(1, 60), st.integers(4, 600)), max_size=6)


@given(sequences, st.binary(max_size=400), st.integers(0, 5000))
def test_a_block_unpacks_to_what_was_packed_as_far_as_it_is_wanted(
    steps: list[tuple[bytes, int, int]], last: bytes, most: int
) -> None:
    block, plain = packed(steps, last)
    assert prefix(block, most) == plain[:most]


@given(st.binary(max_size=200))
@examples(2)
def test_no_block_is_more_than_was_wanted(block: bytes) -> None:
    with suppress(MalformedImage):
        assert len(prefix(block, 64)) <= 64


@pytest.mark.parametrize("block", [b"\x00\x01\x00", b"\x10a\x02\x00", b"\x10a\x00\x00"])
def test_a_match_before_the_beginning(block: bytes) -> None:
    with pytest.raises(MalformedImage, match="its own beginning"):
        prefix(block, 100)


# ------------------------------------------------------------------------------------------------------- AMD's bundles

names = st.lists(st.from_regex(r"gfx[0-9a-f]{3,4}", fullmatch=True), max_size=6, unique=True)


@given(names)
def test_a_bundle_names_its_gpus(made: list[str]) -> None:
    assert bundle.read_bundle(Memory(fatbins.bundle(made)), 0) == frozenset(made)


def test_features_of_a_target_are_not_its_name() -> None:
    data = fatbins.bundle(["gfx90a:sramecc+:xnack-"])
    assert bundle.read_bundle(Memory(data), 0) == {"gfx90a"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x" * 40, "no bundle"),
        (bundle.MAGIC + struct.pack("<Q", 1 << 40), "code objects"),
        (bundle.MAGIC + struct.pack("<QQQQ", 1, 0, 0, 1 << 30), "identifier of"),
        (bundle.MAGIC + struct.pack("<QQQQ", 1, 0, 0, 40), "wanted at offset"),
    ],
)
def test_a_bundle_that_is_none(data: bytes, words: str) -> None:
    with pytest.raises(MalformedImage, match=words):
        bundle.read_bundle(Memory(data), 0)


# ---------------------------------------------------------------------------------------------------------- libraries


MARKS = (bundle.MAGIC, fatbin.MAGIC)
BETWEEN = st.binary(max_size=60).filter(lambda gap: not any(mark in gap for mark in MARKS))
"""What no code begins with: a lone mark is a damaged piece, and told as one."""


@given(st.lists(st.tuples(BETWEEN, kinds, flags), max_size=5), BETWEEN)
@example([(b"\0", [Target(kind="sm", capability=(8, 0))], 0)], b"")
def test_every_fat_binary_of_a_library_is_found_once(parts: list[tuple[bytes, list[Target], int]], end: bytes) -> None:
    data = b"".join(gap + fatbins.fatbin(made, how) for gap, made, how in parts) + end
    found = scan(Memory(data))
    assert sum(found.fatbins.values()) == len(parts)
    assert set(found.fatbins) == {frozenset(made) for _, made, _ in parts}
    assert found.damaged == 0


def test_what_is_inside_of_a_fat_binary_is_no_other_one() -> None:
    sm = Target(kind="sm", capability=(8, 0))
    inner = fatbins.fatbin([Target(kind="sm", capability=(5, 0))])
    body = fatbins.entry(sm, inner)
    data = fatbin.HEADER.pack(fatbin.MAGIC, 1, fatbin.HEADER.size, len(body)) + body
    assert dict(scan(Memory(data)).fatbins) == {frozenset({sm}): 1}


@pytest.mark.parametrize("shift", [-40, -16, -8, -3, 0, 3])
def test_a_fat_binary_across_the_pieces_that_are_looked_at(shift: int) -> None:
    made = [Target(kind="sm", capability=(8, 0)), Target(kind="compute", capability=(9, 0), isa=(8, 5))]
    one = fatbins.fatbin(made)
    data = b"\1" * ((4 << 20) + shift) + one + b"\1" * 9 + one
    assert dict(scan(Memory(data)).fatbins) == {frozenset(made): 2}


def test_names_joined_in_a_list_are_told_and_single_ones_are_not() -> None:
    data = b"\0gfx900\0gfx90a\0gfx1030gfx1100\0gfx1030gfx\0notgfx900gfx906\0" + fatbins.bundle(["gfx900", "gfx1030"])
    found = scan(Memory(data))
    assert found.joined == {"gfx1030gfx1100"}
    assert dict(found.bundles) == {frozenset({"gfx900", "gfx1030"}): 1}


def test_what_cannot_be_read_to_its_end_is_counted() -> None:
    data = bytearray(fatbins.fatbin([Target(kind="sm", capability=(8, 0))]))
    struct.pack_into("<I", data, fatbin.HEADER.size + 4, 9)
    found = scan(Memory(bytes(data) + bundle.MAGIC))
    assert (dict(found.fatbins), found.damaged) == ({}, 2)
