"""The order in which glibc relocates what one dlopen brought: dependencies first.

Source: glibc elf/dl-sort-maps.c. Up to 2.34 the list is rearranged object by object (quadratic, and odd on cycles);
since 2.35 it is a depth-first search (tunable glibc.rtld.dynamic_sort=2). It decides which of several missing symbols
is the one that is named.

Both work on numbers: object 0 is the one that is opened, the others follow breadth-first, and `needs[n]` lists what
object `n` needs (None: glibc does not know it yet, as for an object that is opened for the first time).
"""

from __future__ import annotations

from collections.abc import Sequence

DEPTH_FIRST_SINCE = (2, 35)
"""First glibc release that searches depth-first by default."""


def sort_maps(needs: Sequence[Sequence[int] | None], version: tuple[int, int] | None) -> list[int]:
    """Return the objects with dependants before dependencies, as that release of glibc does; relocation runs backwards.

    Args:
        needs: for each object what it needs.
        version: of glibc; None counts as a new one.
    """
    if version is not None and version < DEPTH_FIRST_SINCE:
        return [0, *sort_by_moving(needs)]
    return sort_depth_first(needs)


def sort_depth_first(needs: Sequence[Sequence[int] | None]) -> list[int]:
    """Reverse postorder of a search that starts at the last object; object 0 is put first (`_dl_sort_maps_dfs`)."""
    visited: set[int] = set()
    postorder: list[int] = []
    for start in reversed(range(len(needs))):
        if start in visited:
            continue
        visited.add(start)
        stack = [(start, iter(needs[start] or ()))]
        while stack:
            current, rest = stack[-1]
            following = next((other for other in rest if other not in visited), None)
            if following is None:
                postorder.append(current)
                stack.pop()
            else:
                visited.add(following)
                stack.append((following, iter(needs[following] or ())))
    order = postorder[::-1]
    order.remove(0)
    return [0, *order]


def sort_by_moving(needs: Sequence[Sequence[int] | None]) -> list[int]:
    """Sort all but object 0 by moving each behind the last object that needs it (glibc up to 2.34).

    On a cycle an object is moved at most as often as there are objects left, then stays where it is.
    """
    order = list(range(1, len(needs)))
    count = len(order)
    seen = [0] * count
    at = 0
    while at < count:
        seen[at] += 1
        behind = _last_dependant(order, at, needs)
        if behind is None:
            at += 1
            seen[at:] = [0] * (count - at)
            continue
        order.insert(behind, order.pop(at))
        if seen[at + 1] > count - at:
            at += 1
            seen[at:] = [0] * (count - at)
        else:
            seen.insert(behind, seen.pop(at))
    return order


def _last_dependant(order: Sequence[int], at: int, needs: Sequence[Sequence[int] | None]) -> int | None:
    """Return the last place behind `at` whose object needs the one at `at`."""
    places = range(len(order) - 1, at, -1)
    return next((place for place in places if order[at] in (needs[order[place]] or ())), None)
