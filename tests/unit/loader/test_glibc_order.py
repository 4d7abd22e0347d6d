"""The order of relocation, both algorithms of glibc."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tfsetup.loader.glibc.order import sort_by_moving, sort_depth_first, sort_maps


def test_the_release_decides() -> None:
    # 1 and 2 need one another: the search starts at 2 and so leaves 1 first, the older algorithm moves them about
    needs = [None, [1, 2], [2, 1]]
    assert sort_maps(needs, (2, 36)) == sort_maps(needs, None) == [0, 2, 1]
    assert sort_maps(needs, (2, 34)) == [0, *sort_by_moving(needs)]


def test_dependencies_come_last() -> None:
    needs = [None, [1, 2], [2, 3], [3]]
    assert sort_depth_first(needs) == [0, 1, 2, 3]
    assert sort_by_moving(needs) == [1, 2, 3]


def test_a_late_dependant_is_moved_before_what_it_needs() -> None:
    needs = [None, [1], [2], [3, 1]]
    assert sort_by_moving(needs).index(3) < sort_by_moving(needs).index(1)
    assert sort_depth_first(needs).index(3) < sort_depth_first(needs).index(1)


def test_one_object() -> None:
    assert sort_maps([None], (2, 36)) == sort_maps([None], (2, 28)) == [0]


graphs = st.integers(1, 8).flatmap(
    lambda count: st.lists(st.lists(st.integers(0, count - 1), max_size=4, unique=True), min_size=count, max_size=count)
)


@given(graphs)
def test_every_object_once_whatever_the_cycles(needs: list[list[int]]) -> None:
    everything = list(range(len(needs)))
    assert sorted(sort_maps(needs, (2, 36))) == everything
    assert sorted(sort_maps(needs, (2, 28))) == everything
    assert sort_maps(needs, (2, 36))[0] == sort_maps(needs, (2, 28))[0] == 0


@given(graphs)
def test_without_cycles_dependants_come_first(needs: list[list[int]]) -> None:
    forward = [[other for other in wanted if other > number] for number, wanted in enumerate(needs)]
    for version in ((2, 36), (2, 28)):
        place = {number: at for at, number in enumerate(sort_maps(forward, version))}
        # the older algorithm knows direct needs only, and moves an object behind all that need it
        assert all(place[number] < place[other] for number, wanted in enumerate(forward) if number for other in wanted)
