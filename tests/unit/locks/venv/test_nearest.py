"""What would fit in place of what does not: which questions are asked, in which order, and what counts as an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from support.locks import HOST, NO_WHEEL, package, sha
from tfsetup.errors import UnsolvableError
from tfsetup.locks.explain import explain_uv
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.run import Finished
from tfsetup.locks.venv.nearest import Fit, Trouble, loosened, nearest, questions
from tfsetup.locks.venv.solve import Wish
from tfsetup.matrix.model import Selection, Target

MAC = Target(platform="aarch64-apple-darwin", python="3.10", macos="14.0")


def selection(version: str) -> Selection:
    return Selection(installable=True, row="mac", requirements=(f"tensorflow=={version}",), target=MAC)


def trouble(line: str, version: str = "2.19.1", builds: tuple[str, ...] = (), **changes: Any) -> Trouble:
    wish = Wish(selection=selection(version), team=(line, "six"), builds=builds)
    return replace(
        Trouble(
            wish=wish,
            names=frozenset({line.partition("=")[0]}),
            sources=(),
            range=">=2.10,<2.20",
            at=lambda found: replace(wish, selection=selection(found)),
        ),
        **changes,
    )


@dataclass
class Answers:
    """A uv that has an answer to some requirements, without what it is told to pass over, and none to all others."""

    table: Mapping[tuple[str, ...], Mapping[str, str]]
    sources: frozenset[str] = frozenset()
    asked: list[tuple[str, ...]] = field(default_factory=list)
    excluded: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, _arguments: Sequence[str], **options: Any) -> Finished:
        lines = tuple(options["stdin"].splitlines())
        self.asked.append(lines)
        self.excluded.append(tuple(options["excluded"]))
        if missing := sorted(self.sources - {*options["excluded"]}):
            raise explain_uv(NO_WHEEL.format(name=missing[0]), "Locking")
        if lines not in self.table:
            raise UnsolvableError("no")
        return Finished(stdout="".join(_entries(self.table[lines])), stderr="")


def _entries(found: Mapping[str, str]) -> list[str]:
    head = 'lock-version = "1.0"\ncreated-by = "uv"\n'
    tags = {"tensorflow": "cp310-cp310-macosx_12_0_arm64", "tensorflow-text": "cp310-cp310-macosx_12_0_arm64"}
    texts = [head]
    for name, version in found.items():
        year = 2016 if version == "0.1" else 2025
        file = f"{name.replace('-', '_')}-{version}-{tags.get(name, 'py3-none-any')}.whl"
        entry = f'url = "{HOST}/{file}", upload-time = {year}-01-01T00:00:00Z, hashes = {{ sha256 = "{sha(file)}" }}'
        texts.append(f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = [{{ {entry} }}]\n')
    return texts


def ask(monkeypatch: pytest.MonkeyPatch, about: Trouble, answers: Answers) -> Fit | None:
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", answers)
    return nearest(about, {})


FREE = "tensorflow>=2.10,<2.20"
PINNED = ("tensorflow==2.19.1", "models", "six")
SET = {"models": "2.19.0", "six": "1", "tensorboard": "2.19.0", "tensorflow": "2.19.1", "tensorflow-text": "2.19.0"}


def test_what_has_no_wheel_is_passed_over_so_that_none_of_its_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers({PINNED: SET})
    found = ask(monkeypatch, trouble("models", sources=("promise",)), answers)
    assert found is not None
    assert found.words == (
        "What fits, found by asking: models 2.19.0 with tensorflow 2.19.1, tensorflow-text 2.19.0, promise built "
        "(--allow-build-of promise)."
    )
    assert answers.excluded == [("promise",)]
    again = ask(monkeypatch, trouble("models", builds=("promise",), sources=("promise",)), answers)
    assert again is not None
    assert again.words.endswith(" promise built.")


def test_one_without_a_wheel_behind_another_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers({PINNED: SET}, sources=frozenset({"promise", "other"}))
    found = ask(monkeypatch, trouble("models", sources=("promise",)), answers)
    assert found is not None
    assert found.builds == ("other", "promise")


def test_another_release_is_found_and_asked_for_as_the_row_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    older = {"models": "2.18.0", "six": "1", "tensorflow": "2.18.1"}
    free, again = ("models", "six", FREE), ("tensorflow==2.18.1", "models==2.18.0", "six")
    answers = Answers({free: older, again: older})
    found = ask(monkeypatch, trouble("models"), answers)
    assert found == Fit(versions={"models": "2.18.0", "tensorflow": "2.18.1"})
    assert answers.asked == [free, again]


def test_a_release_that_the_row_does_not_take_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers({("models", "six", FREE): {"models": "2.18.0", "tensorflow": "2.18.1"}})
    assert ask(monkeypatch, trouble("models", at=lambda _: None), answers) is None


def test_a_pin_without_a_wheel_leads_to_the_next_version_that_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"tensorflow-text": "2.17.0", "tensorflow": "2.17.0"}
    lowest = ("tensorflow-text>=2.13.0", "six", f"{FREE},>=2.13.0")
    answers = Answers({lowest: there, ("tensorflow==2.17.0", "tensorflow-text==2.17.0", "six"): there})
    found = ask(monkeypatch, trouble("tensorflow-text==2.13.0", "2.13.0"), answers)
    assert found == Fit(versions={"tensorflow-text": "2.17.0", "tensorflow": "2.17.0"})


def test_the_smallest_change_is_asked_about_first() -> None:
    asked = [(one.wish.selection.requirements, one.wish.team, one.free) for one in questions(trouble("alpha==1"))]
    pinned = ("tensorflow==2.19.1",)
    assert asked == [
        ((), ("alpha==1", "six", FREE), True),
        (pinned, ("alpha>=1", "six"), False),
        ((), ("alpha>=1", "six", f"{FREE},>=2.19.1"), True),
        ((), ("alpha>=1", "six", f"{FREE},>=2.19.1"), True),
    ]
    assert all(one.wish.builds == () for one in questions(trouble("alpha==1", builds=("promise",))))


@pytest.mark.parametrize("version", ["2.19.0.dev1", "0.1"])
def test_something_unfinished_or_years_old_is_no_answer(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    answers = Answers({PINNED: SET | {"models": version}})
    assert ask(monkeypatch, trouble("models", sources=("promise",)), answers) is None


def test_a_set_with_a_path_of_two_contents_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(packages: Sequence[LockedPackage]) -> bool:
        return len(packages) < len(SET)

    assert ask(monkeypatch, trouble("models", sources=("promise",), whole=whole), Answers({PINNED: SET})) is None


def test_behind_the_newest_are_releases_that_may_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    made = package("models", "2.20.0")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    newest = replace(made, wheels=(replace(made.wheels[0], uploaded=moment),))
    line = ("tensorflow==2.19.1", "models", "six", "models>=2.19.0")
    table = {("models<2.20.0",): {"models": "2.19.0"}, ("models<2.19.0",): {"models": "0.1"}, line: SET}
    answers = Answers(table)
    found = ask(monkeypatch, trouble("models", behind=(newest,)), answers)
    assert found is not None
    assert found.versions["models"] == "2.19.0"
    assert answers.asked[:2] == [("models<2.20.0",), ("models<2.19.0",)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a==1", "a>=1"),
        ("a[x]===1.0; python_version == '3.10'", "a[x]>=1.0; python_version == '3.10'"),
        ("a~=1.2", "a>=1.2"),
        ("a==1.*", "a>=1"),
        ("a!=1,<2", "a!=1,<2"),
        ("a", "a"),
    ],
)
def test_a_pin_is_loosened_upwards(line: str, found: str) -> None:
    assert loosened(line) == found
