"""Many locks at once, without uv: what is asked, what is told, and how it ends."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from support.locks import FakeResolver
from support.matrix import shipped
from tfsetup.errors import BuildError, NetworkError
from tfsetup.locks.order import Order
from tfsetup.locks.run import Children
from tfsetup.locks.venv import many
from tfsetup.locks.venv.many import Resolved, resolve_all
from tfsetup.locks.venv.solve import Answer, Wish, rendered, resolve
from tfsetup.locks.venv.targets import targets_for
from tfsetup.matrix.model import Ask


def wish(row_id: str = "linux-x86_64-cpu", **changes: Any) -> Wish:
    row = next(row for row in shipped().rows if row.id == row_id)
    target = targets_for(row, Order(ask=Ask()), shipped(), locked={})[0]
    return Wish(selection=target.selection, origin=target.origin, **changes)


def test_every_wish_is_resolved_and_told() -> None:
    told: list[str] = []
    uv = FakeResolver()
    names = ["linux-x86_64-cpu", "macos-arm64-metal", "windows-x86_64-cpu"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tfsetup.locks.venv.solve.run_uv", uv)
        found = resolve_all({n: wish(n) for n in names}, environ={"A": "b"}, told=lambda one: told.append(one.name))
    assert [one.name for one in found] == names
    assert sorted(told) == sorted(names)
    assert all(one.packages and one.error is None and one.seconds >= 0 for one in found)
    assert all(call["environ"]["A"] == "b" for call in uv.calls)
    assert {call["environ"].get("MACOSX_DEPLOYMENT_TARGET") for call in uv.calls} == {None, "14.0"}


def test_no_wish_is_no_work() -> None:
    assert resolve_all({}, environ={}, told=lambda _: None) == ()


def test_all_of_them_run_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(7, timeout=60)

    def meet(asked: Wish, **_: Any) -> Answer:
        meeting.wait()
        return Answer(wish=asked, packages=())

    monkeypatch.setattr(many, "answered", meet)
    assert len(resolve_all({str(n): wish() for n in range(7)}, environ={}, told=lambda _: None)) == 7


def test_one_failure_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(asked: Wish, **_: Any) -> Answer:
        if asked.pre:
            raise NetworkError("no network")
        return Answer(wish=asked, packages=())

    monkeypatch.setattr(many, "answered", fails)
    found = resolve_all({"a": wish(), "b": wish(pre=True)}, environ={}, told=lambda _: None)
    assert [one.error.message if one.error else None for one in found] == [None, "no network"]


def test_an_interrupt_ends_every_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def quick(asked: Wish, **_: Any) -> Answer:
        assert asked.pre or ended.wait(60)
        return Answer(wish=asked, packages=())

    def interrupted(_one: Resolved) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(many, "answered", quick)
    monkeypatch.setattr(Children, "end", lambda _self: ended.set())
    with pytest.raises(KeyboardInterrupt):
        resolve_all({"a": wish(), "b": wish(pre=True)}, environ={}, told=interrupted)
    assert ended.is_set()


def test_children_that_come_late_are_ended_too() -> None:
    class Child:
        ended = 0

        def terminate(self) -> None:
            self.ended += 1

    children, early, late, gone = Children(), Child(), Child(), Child()
    children.add(early)  # type: ignore[arg-type]
    children.add(gone)  # type: ignore[arg-type]
    children.remove(gone)  # type: ignore[arg-type]
    children.end()
    children.add(late)  # type: ignore[arg-type]
    assert (early.ended, late.ended, gone.ended) == (1, 1, 0)


def test_what_uv_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    uv = FakeResolver()
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", uv)
    resolve(wish("macos-arm64-metal", team=("pandas>=2",), offline=True))
    call = uv.calls[0]
    asked = call["arguments"]
    assert call["stdin"].splitlines() == [*wish("macos-arm64-metal").selection.requirements, "pandas>=2"]
    assert asked[asked.index("--python-platform") + 1] == "aarch64-apple-darwin"
    assert "--offline" in asked
    assert "--upgrade-package" not in asked
    assert call["output"] is None


def test_versions_are_kept_but_for_those_that_may_move_on(monkeypatch: pytest.MonkeyPatch) -> None:
    uv = FakeResolver(newest={"six": "2.0", "pandas": "3.0"})
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", uv)
    asked = wish(team=("six", "pandas"), keep={"six": "1.5", "pandas": "2.5"}, upgrade=("six",))
    found = {package.name: package.version for package in resolve(asked)}
    assert (found["six"], found["pandas"]) == ("2.0", "2.5")
    name, content = uv.calls[0]["output"]
    assert name == "pylock.linux-x86_64-cpu.toml"
    assert 'name = "six"\nversion = "1.5"' in content


def test_no_credential_reaches_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    class Leaking(FakeResolver):
        def __call__(self, arguments: Any, **options: Any) -> Any:
            from dataclasses import replace

            done = super().__call__(arguments, **options)
            return replace(done, stdout=done.stdout.replace("https://files", "https://user:secret@files"))

    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", Leaking())
    asked = wish(index="https://user:secret@mirror.example/simple")
    for form in ("pylock", "portable"):
        lock = rendered(asked, resolve(asked))
        assert "secret" not in lock.text, form
        assert "user" not in lock.text


def test_the_index_that_was_asked_for_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", FakeResolver())
    asked = wish(index="https://mirror.example/simple")
    lock = rendered(asked, resolve(asked))
    assert {package.index for package in lock.packages} == {"https://mirror.example/simple"}
    assert 'index = "https://mirror.example/simple"' in lock.text


def test_a_file_of_this_machine_is_no_lock_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    class Local(FakeResolver):
        def __call__(self, arguments: Any, **options: Any) -> Any:
            done = super().__call__(arguments, **options)
            return replace(done, stdout=done.stdout.replace('url = "https://files.example', 'path = "/opt/wheels'))

    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", Local())
    packages = resolve(wish())
    with pytest.raises(BuildError, match="was found in a folder of this machine") as caught:
        rendered(wish(), packages)
    assert "--format portable" in caught.value.hint
    assert "/opt" not in rendered(wish(form="portable"), packages).text
    assert "/opt/wheels" in rendered(replace(wish(), origin=None), packages).text
