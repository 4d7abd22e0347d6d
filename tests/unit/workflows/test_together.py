"""What is resolved together with a row on one machine, with uv against an index of this machine where it resolves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.index import make_wheel, serve
from support.matrix import linux, mac, shipped
from tfsetup.errors import Code, InvalidFileError, TfsetupError, UsageError, Where
from tfsetup.ground.marked import Marked
from tfsetup.locks.cooldown import Cooldown
from tfsetup.matrix.model import Ask
from tfsetup.workflows.together import Together, besides, chosen, companions, gathered, joined, solved, wish_for

CPU = Ask(accelerator="cpu")
PROJECT = '[project]\nrequires-python = "{}"\ndependencies = ["pandas"]\n'


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lines(*texts: str) -> tuple[Marked, ...]:
    return tuple(Marked(text=text, where=Where(file="r.txt", line=n, column=1)) for n, text in enumerate(texts, 1))


def of(*texts: str, **asked: Any) -> Together:
    return Together(ask=replace(CPU, **asked), items=lines(*texts))


def for_pythons(wanted: str, *texts: str, **asked: Any) -> Together:
    at = Where(file="p.toml", line=2, column=19)
    return replace(of(*texts, **asked), requires_python=Marked(text=wanted, where=at))


# ---------------------------------------------------------------------------------------------------- what is asked for


def test_nothing_asked_for_is_nothing() -> None:
    assert gathered(CPU, (), ()) is None
    assert besides(CPU, (), ()) is None


def test_options_files_and_the_project_are_taken_in_the_order_of_their_weight(tmp_path: Path) -> None:
    Path("r.txt").write_text("einops\n")
    (tmp_path / "p.toml").write_text(PROJECT.format(">=3.11"))
    Path("pyproject.toml").write_text(
        f'{PROJECT.format("<3.13")}[tool.tfsetup]\ntensorflow = "2.18.*"\nexclude-newer = "2026-01-01"\n'
    )
    found = besides(CPU, ["six"], [Path("r.txt"), Path("p.toml")])
    assert found is not None
    assert [str(one.where) for one in found.items] == ["pyproject.toml:3:17", "--with", "r.txt:1:1", "p.toml:3:17"]
    assert found.texts == ("pandas", "six", "einops", "python >=3.11,<3.13")
    assert (found.ask.tensorflow, found.option.words) == ("2.18.*", "tensorflow: 2.18.*")
    assert str(found.option.where) == "pyproject.toml:5:14"
    assert found.cooldown == Cooldown(newer="2026-01-01")


def test_the_command_s_own_tensorflow_counts_before_the_project_s() -> None:
    Path("pyproject.toml").write_text(f'{PROJECT.format(">=3.9")}[tool.tfsetup]\ntensorflow = "2.18.*"\n')
    found = besides(replace(CPU, tensorflow="2.19.1"), (), ())
    assert found is not None
    assert (found.ask.tensorflow, found.option.words) == ("2.19.1", "--tensorflow 2.19.1")


def test_a_project_that_did_not_ask_for_it_is_left_alone_and_told_how_to() -> None:
    Path("pyproject.toml").write_text(PROJECT.format(">=3.11"))
    told = list[str]()
    assert besides(CPU, (), (), told=told.append) is None
    (line,) = told
    assert line == (
        "Note      the dependencies in pyproject.toml are left alone; a table `[tool.tfsetup]` in it would have them "
        "resolved together with TensorFlow"
    )


def test_with_locks_in_place_the_project_s_locks_decide() -> None:
    Path("pyproject.toml").write_text(f"{PROJECT.format('>=3.9')}[tool.tfsetup]\n")
    assert besides(CPU, (), ()) is not None
    assert besides(CPU, (), (), no_lock=True) is None
    assert besides(CPU, (), (), update_lock=True) is None
    Path("environments/locks").mkdir(parents=True)
    Path("environments/locks/pylock.linux-x86_64-cpu.toml").write_text("")
    assert besides(CPU, (), ()) is None
    told = list[str]()
    assert besides(CPU, ["six"], (), told=told.append) is not None
    assert told == ["Note      the locks in place are not used: more is asked for than they hold"]


@pytest.mark.parametrize(("ask", "lock"), [(CPU, True), (Ask(backend="conda"), False)])
def test_more_has_no_place_in_a_lock_or_beside_conda(ask: Ask, lock: bool) -> None:
    assert besides(ask, (), (), lock=lock) is None
    with pytest.raises(UsageError, match="have no place here"):
        besides(ask, ["six"], (), lock=lock)


def test_what_is_no_requirement_is_refused() -> None:
    with pytest.raises(UsageError, match="--with six=>1: not a requirement"):
        gathered(CPU, ["six=>1"], ())
    Path("r.txt").write_text("six\n-e .\n")
    with pytest.raises(InvalidFileError) as caught:
        gathered(CPU, (), [Path("r.txt")])
    assert str(caught.value.where) == "r.txt:2:1"


# ------------------------------------------------------------------------------------------------------ what is chosen


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("tensorflow==2.18.*", "tensorflow==2.18.1"),
        ("tensorflow-intel[and-cuda]<2.17", "tensorflow==2.16.2"),
        ("tensorflow-macos==2.12.0", "tensorflow-macos==2.12.0"),
        ("tensorflow==2.18.1; sys_platform == 'linux'", "tensorflow==2.21.0"),
        ("tensorflow==2.18.1; platform_machine == 'arm64'", "tensorflow==2.18.1"),
    ],
)
def test_a_line_that_names_tensorflow_chooses_the_version(line: str, requirement: str) -> None:
    host = mac("3.11.4", gpus=())
    assert chosen(host, of("pandas", line), shipped()).requirements[0] == requirement


def test_where_nothing_fits_the_line_is_named() -> None:
    found = chosen(mac("3.10.4", gpus=()), of("pandas", "tensorflow==2.8.1"), shipped())
    assert not found.installable
    assert found.reasons[0] == "`tensorflow==2.8.1` (r.txt:2:1) chooses the TensorFlow"


def test_lines_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(TfsetupError, match=r"`tensorflow<2.17` \(r.txt:1:1\) and `tensorflow-cpu>2.18`") as caught:
        chosen(linux(), of("tensorflow<2.17", "tensorflow-cpu>2.18"), shipped())
    assert caught.value.code is Code.ANSWER_IS_NO


def test_the_python_is_one_that_the_project_is_for() -> None:
    host = linux("3.13.1", "3.12.4", "3.11.2")
    assert chosen(host, of(), shipped()).python == "3.13"
    assert chosen(host, for_pythons("<3.12"), shipped()).python == "3.11"
    assert chosen(host, for_pythons(">=3.10"), shipped()).python == "3.13"


def test_without_a_python_for_the_project_nothing_fits_and_the_line_is_named() -> None:
    found = chosen(linux("3.13.1"), for_pythons("<3.12"), shipped())
    assert not found.installable
    assert found.reasons == ("no Python here is within `requires-python`: <3.12 (p.toml:2:19)",)


def test_a_python_that_was_asked_for_is_never_replaced() -> None:
    with pytest.raises(UsageError) as caught:
        chosen(linux("3.13.1"), for_pythons("<3.12", python="3.13"), shipped())
    assert caught.value.message == (
        "Python 3.13 is asked for, and the project is for <3.12 (`requires-python`, p.toml:2:19)."
    )


def test_a_cooldown_of_the_project_holds_for_tensorflow_too() -> None:
    young = replace(of(), cooldown=Cooldown(newer="2025-06-01"))
    assert chosen(linux(), young, shipped()).version == "2.19.0"


def test_uv_is_asked_for_what_the_row_takes_and_told_is_what_it_does_not() -> None:
    with_it = of("six", "tensorflow-macos[and-cuda]==2.18.1")
    told = list[str]()
    wish = wish_for(chosen(linux(), with_it, shipped()), with_it, linux(), shipped(), offline=True, told=told.append)
    assert (wish.team, wish.offline, wish.selection.distribution) == (("six",), True, "tensorflow-cpu")
    assert wish.otherwise is not None
    assert (wish.otherwise.selection.distribution, wish.otherwise.keeps_out) == ("tensorflow", ("tensorflow-cpu",))
    assert [line.split()[0] for line in told] == ["Left", "Note"]
    assert all("(r.txt:2:1)" in line for line in told)


# ------------------------------------------------------------------------------------------------- what uv resolves


@pytest.fixture
def index(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An index with TensorFlow under two names, and companions that go with some of its releases."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for version in ("2.16.2", "2.18.1", "2.20.0", "2.21.0"):
        for name in ("tensorflow", "tensorflow_cpu"):
            make_wheel(folder, f"{name}-{version}-py3-none-any.whl")
    for version, wants in (("2.16.1", "<2.17"), ("2.18.0", "<2.19")):
        make_wheel(folder, f"companion-{version}-cp311-none-any.whl", f"tensorflow{wants}")
    for name in ("six-1.5", "setuptools-81.0.0"):
        make_wheel(folder, f"{name}-py3-none-any.whl")
    with serve(folder, "user:word") as port:
        yield {"UV_DEFAULT_INDEX": f"http://user:word@127.0.0.1:{port}/simple", "UV_CACHE_DIR": str(tmp_path / "uv")}


needs_uv = [pytest.mark.process, pytest.mark.loopback]
HOST = linux("3.12.4", "3.11.2")


def answer(index: dict[str, str], with_it: Together, told: list[str] | None = None) -> Any:
    selection = chosen(HOST, with_it, shipped())
    heard = list[str]() if told is None else told
    return solved(selection, with_it, HOST, shipped(), environ=index, told=heard.append)


class TestResolved:
    pytestmark = needs_uv

    def test_companions_come_with_the_row_s_own_version(self, index: dict[str, str]) -> None:
        found = answer(index, of("six>=1"))
        assert (found.wish.selection.distribution, found.wish.selection.version) == ("tensorflow-cpu", "2.21.0")
        assert companions(found, of("six>=1")) == ("six==1.5",)

    def test_a_companion_that_goes_with_an_older_one_only_chooses_that_and_its_python(
        self, index: dict[str, str]
    ) -> None:
        told = list[str]()
        with_it = of("companion==2.16.*")
        found = answer(index, with_it, told)
        now = found.wish.selection
        assert (now.distribution, now.version, now.python) == ("tensorflow", "2.16.2", "3.11")
        assert companions(found, with_it) == ("companion==2.16.1",)
        assert told == ["Note      TensorFlow 2.16.2 on Python 3.11: the newest that goes with `companion==2.16.*`"]

    def test_a_tensorflow_that_was_asked_for_is_never_replaced(self, index: dict[str, str]) -> None:
        with pytest.raises(TfsetupError) as caught:
            answer(index, of("companion==2.16.*", tensorflow="2.18.1"))
        assert "`companion==2.16.*` (r.txt:1:1)" in caught.value.message
        assert str(caught.value.where) == "r.txt:1:1"
        assert caught.value.hint == (
            "Ask for TensorFlow 2.16.2 on Python 3.11 in place of it: that goes with the others."
        )

    def test_a_line_that_chose_it_is_what_costs_least(self, index: dict[str, str]) -> None:
        with pytest.raises(TfsetupError) as caught:
            answer(index, of("tensorflow==2.20.0", "companion"))
        assert caught.value.hint == (
            "Ask for TensorFlow 2.18.1 on Python 3.11 in place of it: that goes with the others."
        )

    def test_a_companion_without_such_a_version_is_refused_with_one_that_fits(self, index: dict[str, str]) -> None:
        with pytest.raises(TfsetupError) as caught:
            answer(index, of("companion==2.13.*"))
        assert caught.value.hint == "Write companion==2.18.0: that goes with TensorFlow 2.18.1 on Python 3.11."

    def test_what_stands_in_no_file_has_no_place_and_its_own_status(self, index: dict[str, str]) -> None:
        with_it = gathered(CPU, ["companion==2.13.*"], ())
        assert with_it is not None
        with pytest.raises(TfsetupError) as caught:
            answer(index, with_it)
        assert (caught.value.code, caught.value.where) == (Code.ANSWER_IS_NO, None)

    def test_an_installation_tells_the_name_that_it_gave_way_to(self, index: dict[str, str]) -> None:
        with_it, told = of("companion==2.18.*", tensorflow="2.18.1", python="3.11"), list[str]()
        selection = chosen(HOST, with_it, shipped())
        now, lock = joined(selection, with_it, HOST, shipped(), environ=index, offline=False, told=told.append)
        assert (selection.distribution, now.distribution) == ("tensorflow-cpu", "tensorflow")
        assert {one.name for one in lock.packages} == {"companion", "tensorflow", "setuptools"}
        assert told[-1].startswith("Note      linux-x86_64-cpu: tensorflow in place of tensorflow-cpu")

    def test_an_index_that_does_not_answer_is_no_conflict(self, index: dict[str, str]) -> None:
        nobody = {**index, "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
        with pytest.raises(TfsetupError) as caught:
            answer(nobody, of("six"))
        assert caught.value.code is Code.NETWORK
