"""Does every row win somewhere, and is every plugin pair taken somewhere? Tried on machines made for the row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from tfsetup.matrix.choose.releases import Candidate, judge
from tfsetup.matrix.choose.select import decide
from tfsetup.matrix.file.rows import Matrix, Pair, Row
from tfsetup.upkeep.checks.common import Found
from tfsetup.upkeep.probes import machine_for

_ALL = tuple(f"3.{minor}" for minor in range(6, 16))
_MACOS = ("99.0", "13.6", "12.6", "12.0")


def check_reach(row: Row, mine: Sequence[str], matrix: Matrix) -> Found:
    """A row that wins on no machine is noise; a pair or a rule that changes nothing is too."""
    fits = [v for v in mine if isinstance(_on_its_machine(row, v, matrix), Candidate)]
    if not fits:
        yield ("versions",), "no release of this row fits even the best machine"
        return
    if not _wins(row, fits, matrix):
        yield ("id",), "unreachable: on every machine and for every ask another row wins"
    if row.plugin is not None:
        used = [_pair_used(row, v, minor, macos, matrix) for v in fits for minor in _ALL for macos in _MACOS]
        for place, pair in enumerate(row.plugin.pairs):
            if not any(pair is taken for taken in used):
                yield ("plugin", "pairs", place), "unreachable: an earlier pair is taken on every machine"


def _on_its_machine(row: Row, text: str, matrix: Matrix) -> object:
    host, ask = machine_for(row, tensorflow=f"=={text}", pre=True)
    return judge(row, text, host, ask, matrix)


def _wins(row: Row, releases: Sequence[str], matrix: Matrix) -> bool:
    """Whether any release wins anywhere; every release on the best machine first, where nearly every row wins."""
    machines = [(bare, minor) for bare in (False, True) for minor in (None, *_ALL)]
    for (bare, minor), text in product(machines, releases):
        host, ask = machine_for(row, tensorflow=f"=={text}", python=minor, bare=bare, pre=True)
        if decide(host, ask, matrix).row == row.id:
            return True
    return False


def _pair_used(row: Row, text: str, minor: str, macos: str, matrix: Matrix) -> Pair | None:
    host, ask = machine_for(row, tensorflow=f"=={text}", python=minor, pre=True, macos=macos)
    found = judge(row, text, host, ask, matrix)
    return found.pair if isinstance(found, Candidate) else None
