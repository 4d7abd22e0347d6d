"""What is remembered while one answer is found never changes the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.matrix import shipped
from tfsetup.host.file import read_host
from tfsetup.host.model import Host
from tfsetup.matrix.choose import releases
from tfsetup.matrix.choose import select as room
from tfsetup.matrix.choose.once import Memo, directly
from tfsetup.matrix.choose.select import decide, select
from tfsetup.matrix.choose.suggest import suggestions
from tfsetup.matrix.file.rows import Matrix, Row, RowRelease, Rule
from tfsetup.matrix.model import Ask, Selection

FOLDER = Path(__file__).parents[2] / "cases" / "hosts"
HOSTS = [path for path in sorted(FOLDER.glob("*.json")) if not path.name.endswith(".expected.json")]
ASKS = [
    Ask(), Ask(accelerator="cpu"), Ask(accelerator="metal"), Ask(accelerator="cuda"), Ask(accelerator="rocm"),
    Ask(tensorflow="2.19.*"), Ask(tensorflow="2.16.*", accelerator="cpu"), Ask(python="3.12"), Ask(python="3.14"),
    Ask(tensorflow="2.21.*", accelerator="metal"), Ask(python="3.13t"), Ask(pre=True), Ask(tensorflow=">=2.30"),
    Ask(python="3.9", tensorflow="2.20.*"), Ask(backend="conda"), Ask(backend="conda", python="3.14"),
]  # fmt: skip


def unremembered(host: Host, ask: Ask) -> Selection:
    """Return the answer with everything decided as often as it is asked, by a matrix that has answered nothing yet."""
    matrix = replace(shipped())
    assert matrix.offers == {}
    answer = decide(host, ask, matrix)
    if answer.installable:
        return answer
    return replace(answer, suggestions=suggestions(host, ask, matrix, decide))


@pytest.mark.parametrize("place", range(len(HOSTS)), ids=[path.stem for path in HOSTS])
def test_the_answer_is_that_of_deciding_everything_anew(place: int) -> None:
    """Two asks of each machine, another two of the next."""
    host, first = read_host(HOSTS[place]), 2 * place % len(ASKS)
    for ask in ASKS[first : first + 2]:
        assert select(host, ask, shipped()) == unremembered(host, ask), ask


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.stem)
def test_and_so_it_is_for_every_ask(path: Path) -> None:
    host = read_host(path)
    for ask in ASKS:
        assert select(host, ask, shipped()) == unremembered(host, ask), ask


def test_a_memo_asks_once_and_tells_values_apart_by_what_they_are() -> None:
    asked: list[object] = []

    def question(one: list[int], other: str) -> int:
        asked.append(one)
        return len(one)

    once, first, second = Memo(), [1], [1]
    assert [once(question, first, "a"), once(question, first, "a"), once(question, second, "a")] == [1, 1, 1]
    assert len(asked) == 2  # equal lists are two: the one may change while the other does not
    assert once(len, first) == 1
    assert directly(question, first, "a") == 1
    assert len(asked) == 3


def test_what_a_memo_was_asked_about_stays_what_it_was() -> None:
    """Identity is that of a living value: a new one in the place of an old one must not get its answer."""
    once = Memo()
    assert [once(sum, [number]) for number in range(1000)] == list(range(1000))


def test_nothing_outlives_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Memo] = []

    def memo() -> Memo:
        made.append(Memo())
        return made[-1]

    monkeypatch.setattr(room, "Memo", memo)
    host = read_host(HOSTS[0])
    select(host, Ask(python="3.14"), shipped())
    select(host, Ask(python="3.14"), shipped())
    assert len(made) == 2
    assert made[0] is not made[1]


def test_a_release_is_judged_once_for_all_asks_that_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[tuple[object, ...]] = []
    real = releases.judged

    def seen(*on: object) -> object:
        judged.append(tuple(map(id, on)))
        return real(*on)  # type: ignore[arg-type] # as it was asked

    monkeypatch.setattr(room, "judged", seen)
    host = read_host(FOLDER / "linux-x86_64-nvidia-glibc-2.17.json")
    answer = select(host, Ask(python="3.9", tensorflow="2.20.*"), shipped())
    assert not answer.installable
    assert answer.suggestions
    assert len(judged) == len(set(judged))
    remembered = len(judged)
    judged.clear()
    unremembered(host, Ask(python="3.14", tensorflow="2.19.*"))
    assert len(judged) > 1.5 * remembered


def test_what_a_release_offers_is_worked_out_once_for_all_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out: list[tuple[str, str]] = []
    real = releases._offered

    def seen(row: Row, version: str, matrix: Matrix) -> RowRelease | None:
        worked_out.append((row.id, version))
        return real(row, version, matrix)

    monkeypatch.setattr(releases, "_offered", seen)
    matrix = replace(shipped())
    for path in HOSTS[::9]:
        select(read_host(path), Ask(), matrix)
    assert worked_out
    assert len(worked_out) == len(set(worked_out))


def test_a_matrix_with_another_rule_has_offers_of_its_own() -> None:
    host = read_host(FOLDER / "linux-x86_64-nvidia-glibc-2.17.json")
    ask = Ask(accelerator="cpu")
    before = select(host, ask, shipped())
    rule = Rule(because="nothing of it is good", source="https://example.test", verdict="refuse")
    stricter = replace(shipped(), rules=(rule, *shipped().rules))
    assert before.installable
    assert not select(host, ask, stricter).installable
    assert select(host, ask, shipped()) == before


@pytest.mark.parametrize(
    "change",
    [{"cpu": "avx"}, {"macos": ">=12"}, {"driver": "500"}, {"capability": "5.0"}, {"capability_most": "9.0"},
     {"gfx": ("gfx900",)}, {"verdict": "refuse"}, {"verdict": "asked"}],
    ids=str,
)  # fmt: skip
def test_whatever_a_rule_asks_of_a_machine_is_asked(change: dict[str, Any]) -> None:
    rule = Rule(because="so it is", source="https://example.test")
    assert not releases._of_machines(rule)
    assert releases._of_machines(replace(rule, **change))
