"""Which locks: from platforms and Pythons to rows and answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.locks import package
from support.matrix import shipped
from tfsetup.errors import Code, InvalidFileError, TfsetupError, UsageError, Where
from tfsetup.locks.model import Lock
from tfsetup.locks.order import Order, current_rows, rows_for, takes
from tfsetup.locks.team import Marked
from tfsetup.locks.venv.targets import LockTarget, row_parts, targets_for
from tfsetup.matrix.file.rows import Row
from tfsetup.matrix.model import Ask


def row(name: str) -> Row:
    return next(row for row in shipped().rows if row.id == name)


def named(*names: str, line: int | None = None) -> list[Marked]:
    return [Marked(text=name, where=Where(file="team.yaml", line=line)) for name in names]


def order(tensorflow: str | None = None, *pythons: str, **more: object) -> Order:
    return replace(Order(ask=Ask(tensorflow=tensorflow), pythons=pythons), **more)  # type: ignore[arg-type]


def locked(name: str, version: str) -> Lock:
    return Lock(text="", packages=(package(name, version),))


def one(row_id: str, wanted: Order, **options: object) -> LockTarget:
    options.setdefault("locked", {})
    return targets_for(row(row_id), wanted, shipped(), **options)[0]  # type: ignore[arg-type]


def ids(platforms: list[Marked], accelerator: str = "auto") -> list[str]:
    return [found.id for found, _ in rows_for(platforms, shipped(), accelerator)]


def test_rows_and_platforms_may_be_mixed_and_each_row_comes_once() -> None:
    assert ids(named("macos-arm64-cpu", "macos-arm64")) == ["macos-arm64-cpu", "macos-arm64-metal"]


@pytest.mark.parametrize("name", ["linux-x86_64", "linux-64", "x86_64-unknown-linux-gnu"])
def test_a_platform_has_several_names(name: str) -> None:
    assert ids(named(name)) == ["linux-x86_64-cuda", "linux-x86_64-cpu"]


def test_the_accelerator_narrows_a_platform_but_not_a_row() -> None:
    assert ids(named("linux-x86_64", "macos-arm64-metal"), "cpu") == ["linux-x86_64-cpu", "macos-arm64-metal"]


def test_a_row_that_is_not_current_may_be_named() -> None:
    assert ids(named("windows-x86_64-cuda-legacy")) == ["windows-x86_64-cuda-legacy"]


def test_every_current_row_by_default() -> None:
    assert [found.id for found in current_rows(shipped(), "cuda")] == ["linux-x86_64-cuda"]


def test_an_unknown_name_is_told_with_its_line() -> None:
    with pytest.raises(InvalidFileError) as caught:
        rows_for(named("macos-arm64-metall", line=3), shipped())
    assert str(caught.value.where) == "team.yaml:3"
    assert caught.value.hint == "Did you mean `macos-arm64-metal`?"


def test_an_unknown_name_on_the_command_line_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="--platform: `beos` is neither a row"):
        rows_for(named("beos"), shipped())


def test_the_first_python_that_fits_has_the_row_s_name() -> None:
    found = targets_for(row("macos-arm64-metal"), order(None, "3.13", "3.12", "3.11"), shipped(), locked={})
    assert [(t.name, t.origin.python, t.origin.asked_python) for t in found] == [
        ("macos-arm64-metal", "3.12", True),
        ("macos-arm64-metal-py311", "3.11", True),
    ]


def test_without_a_python_it_is_the_row_s_own() -> None:
    found = one("linux-x86_64-cpu", order())
    assert (found.origin.python, found.origin.asked_python) == (row("linux-x86_64-cpu").python, False)


def test_a_row_with_no_release_for_the_ask_says_why() -> None:
    with pytest.raises(TfsetupError) as caught:
        one("macos-arm64-metal", order(None, "3.13"))
    assert caught.value.code is Code.NO_ROW
    assert caught.value.message.startswith("Nothing to lock for macos-arm64-metal: ")
    assert "3.13" in caught.value.message


def test_the_locked_release_stays_while_it_fits() -> None:
    kept = one("linux-x86_64-cpu", order(), locked={"linux-x86_64-cpu": locked("tensorflow-cpu", "2.19.1")})
    assert kept.selection.requirements[0] == "tensorflow-cpu==2.19.1"
    assert kept.origin.tensorflow is None


@pytest.mark.parametrize("upgrade", [None, {"tensorflow-cpu"}])
def test_the_locked_release_moves_on_when_it_may(upgrade: set[str] | None) -> None:
    newest = one("linux-x86_64-cpu", order()).selection.requirements
    there = {"linux-x86_64-cpu": locked("tensorflow-cpu", "2.19.1")}
    assert one("linux-x86_64-cpu", order(), locked=there, upgrade=upgrade).selection.requirements == newest
    kept = one("linux-x86_64-cpu", order(), locked=there, upgrade={"numpy"}).selection.requirements
    assert kept == ("tensorflow-cpu==2.19.1", "setuptools<82")


def test_the_locked_release_goes_when_another_is_asked_for() -> None:
    there = {"linux-x86_64-cpu": locked("tensorflow-cpu", "2.19.1")}
    found = one("linux-x86_64-cpu", order("2.18.*"), locked=there)
    assert found.selection.requirements[0].startswith("tensorflow-cpu==2.18.")


def test_a_release_that_is_better_avoided_is_not_kept_only_for_being_locked() -> None:
    avoided = next(rule for rule in row("linux-x86_64-cuda").rules if rule.verdict == "avoid" and rule.tensorflow)
    version = (avoided.tensorflow or "").removeprefix("==")
    there = {"linux-x86_64-cuda": locked("tensorflow", version)}
    assert f"=={version}" not in one("linux-x86_64-cuda", order(), locked=there).selection.requirements[0]
    asked = one("linux-x86_64-cuda", order(f"=={version}"), locked=there)
    assert asked.selection.requirements[0].endswith(f"=={version}")


def test_the_note_says_what_was_asked_and_decided() -> None:
    found = one("macos-arm64-metal", order(">=2.18", "3.12", team=("b>=1", "a", "b>=1"))).origin
    assert (found.tensorflow, found.team, found.macos) == (">=2.18", ("a", "b>=1"), "14.0")
    assert found.requirements == one("macos-arm64-metal", order(">=2.18", "3.12")).selection.requirements
    assert set(found.rules) == {"when", "accelerator", "distribution", "versions", "python", "plugin", "rules"}


def test_words_do_not_count_and_facts_do() -> None:
    before = row("linux-x86_64-cuda")
    reworded = replace(
        before, title="another title", source="another", rules=tuple(replace(r, because="x" * 9) for r in before.rules)
    )
    assert row_parts(reworded, "2.20.0", shipped()) == row_parts(before, "2.20.0", shipped())
    narrowed = replace(before, versions=">=2.6")
    assert row_parts(narrowed, "2.20.0", shipped()) != row_parts(before, "2.20.0", shipped())


def test_a_rule_about_another_release_does_not_count() -> None:
    before = row("linux-x86_64-cuda")
    about = [rule for rule in before.rules if rule.tensorflow != "==2.16.1"]
    assert row_parts(replace(before, rules=tuple(about)), "2.20.0", shipped()) == row_parts(before, "2.20.0", shipped())
    assert (
        row_parts(replace(before, rules=()), "2.20.0", shipped())["rules"]
        != row_parts(before, "2.20.0", shipped())["rules"]
    )


def test_all_pythons_are_the_row_s_own_and_those_it_would_take_where_they_are() -> None:
    found = targets_for(row("macos-arm64-metal"), order(None, "all"), shipped(), locked={})
    assert [(t.name, t.origin.python, t.origin.asked_python) for t in found] == [
        ("macos-arm64-metal", "3.12", False),
        ("macos-arm64-metal-py311", "3.11", True),
        ("macos-arm64-metal-py310", "3.10", True),
    ]
    alone = replace(row("macos-arm64-metal"), reuse=None)
    assert [t.name for t in targets_for(alone, order(None, "all"), shipped(), locked={})] == ["macos-arm64-metal"]


def test_the_row_s_own_python_may_give_way_and_then_comes_once() -> None:
    found = targets_for(row("linux-x86_64-cpu"), order("2.17.1", "all"), shipped(), locked={})
    assert [(t.name, t.origin.python) for t in found] == [
        ("linux-x86_64-cpu", "3.12"),
        ("linux-x86_64-cpu-py311", "3.11"),
        ("linux-x86_64-cpu-py310", "3.10"),
    ]


def test_what_is_locked_for_another_python_is_locked_again() -> None:
    there = {
        "linux-x86_64-cpu": locked("tensorflow-cpu", "2.20.0"),
        "linux-x86_64-cpu-py311": locked("tensorflow-cpu", "2.19.1"),
        "linux-x86_64-cuda-py310": locked("tensorflow", "2.19.1"),
    }
    found = targets_for(row("linux-x86_64-cpu"), order(), shipped(), locked=there)
    assert [(t.name, t.selection.requirements) for t in found] == [
        ("linux-x86_64-cpu", ("tensorflow-cpu==2.20.0", "setuptools<82")),
        ("linux-x86_64-cpu-py311", ("tensorflow-cpu==2.19.1", "setuptools<82")),
    ]
    named_one = targets_for(row("linux-x86_64-cpu"), order(None, "3.12"), shipped(), locked=there)
    assert [(t.name, t.origin.python) for t in named_one] == [("linux-x86_64-cpu", "3.12")]


@pytest.mark.parametrize(
    ("pythons", "python", "taken"),
    [((), "3.11", True), (("all",), "3.11", True), (("3.11", "3.12"), "3.11", True), (("3.12",), "3.11", False)],
)
def test_which_pythons_an_order_takes(pythons: tuple[str, ...], python: str, taken: bool) -> None:
    assert takes(order(None, *pythons), python) is taken
