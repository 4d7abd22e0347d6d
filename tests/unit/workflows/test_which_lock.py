"""Which lock an installation takes: the one that was named, the one in place, or none; and when neither will do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from support.conda import package as conda_package
from support.conda import platform_lock, wheel
from support.locks import ONE_PACKAGE, package
from support.matrix import linux, shipped
from tfsetup.errors import LockError
from tfsetup.host.model import Python
from tfsetup.locks import files
from tfsetup.locks.conda.lockfile import make_lock
from tfsetup.locks.model import Form, file_name
from tfsetup.locks.order import Order
from tfsetup.locks.venv.solve import Wish, rendered
from tfsetup.locks.venv.targets import targets_for
from tfsetup.matrix.model import Ask
from tfsetup.workflows.lock_choice import Choice, Relock
from tfsetup.workflows.which_lock import choose, read_of

MATRIX = shipped()
ROW = "linux-x86_64-cpu"
HERE = linux(pythons=tuple(Python(version=f"3.{n}.4", arch="x86_64", path=f"/usr/bin/python3.{n}") for n in (12, 11)))
CPU = Ask(accelerator="cpu")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(order: Order | None = None, form: Form = "portable", row: str = ROW) -> Path:
    """Write the locks of a row, one package a requirement, and return the first one's path."""
    files.LOCKS.mkdir(parents=True, exist_ok=True)
    (found,) = (one for one in MATRIX.rows if one.id == row)
    paths = []
    for target in targets_for(found, order or Order(ask=Ask(), pythons=("3.12",)), MATRIX, locked={}):
        pins = [requirement.partition("==") for requirement in target.selection.requirements]
        packages = [package(name.partition("[")[0], version) for name, _, version in pins]
        lock = rendered(Wish(selection=target.selection, origin=target.origin, form=form), packages)
        paths.append(files.LOCKS / file_name(form, target.name))
        paths[-1].write_text(lock.text, encoding="utf-8")
    return paths[0]


def team(text: str) -> None:
    files.TEAM.parent.mkdir(exist_ok=True)
    files.TEAM.write_text(text)


@dataclass
class Asker:
    """Chooses, and keeps what it was told."""

    said: list[str] = field(default_factory=list)

    def __call__(self, ask: Ask = CPU, *, relock: Relock | None = None, **changes: Any) -> Choice:
        self.said.clear()
        return choose(HERE, ask, MATRIX, relock=relock, told=self.said.append, **changes)


@pytest.fixture
def asker() -> Asker:
    return Asker()


def test_without_locks_something_is_resolved(asker: Asker) -> None:
    choice = asker()
    assert (choice.path, choice.selection.row, asker.said) == (None, ROW, [])
    assert read_of(choice) is None


def test_a_fresh_lock_in_place_is_taken(asker: Asker) -> None:
    path = write()
    choice = asker()
    assert (choice.path, choice.selection.row) == (path, ROW)
    assert asker.said == [f"Lock      {path} is fresh; nothing is resolved"]
    lock = read_of(choice)
    assert lock is not None
    assert lock.text == path.read_text()


@pytest.mark.parametrize("changes", [{"no_lock": True}, {"ask": Ask(accelerator="cpu", backend="conda")}], ids=str)
def test_it_is_left_where_it_lies_on_request_and_under_conda(asker: Asker, changes: dict[str, Any]) -> None:
    write()
    assert asker(**changes).path is None


def test_of_two_pythons_the_one_that_would_be_chosen_is_taken(asker: Asker) -> None:
    write(Order(ask=Ask(), pythons=("3.11", "3.12")))
    choice = asker()
    assert choice.path == files.LOCKS / f"requirements.{ROW}-py312.txt"
    assert choice.selection.python == "3.12"


def test_what_was_asked_for_in_so_many_words_wins_over_the_lock_and_that_is_told(asker: Asker) -> None:
    write()
    choice = asker(Ask(accelerator="cpu", python="3.11"))
    assert choice.path is None
    (line,) = asker.said
    assert line.startswith(f"Note      {files.LOCKS}")
    assert line.endswith("; resolving instead")


def test_locks_for_other_machines_are_told_and_not_taken(asker: Asker) -> None:
    write(row="linux-aarch64-cpu")
    assert asker().path is None
    assert asker.said == [f"Note      there is no lock for {ROW} in {files.LOCKS}; resolving"]


def test_where_nothing_fits_no_lock_is_looked_at(asker: Asker) -> None:
    write()
    choice = asker(Ask(accelerator="metal"))
    assert (choice.path, choice.selection.installable, asker.said) == (None, False, [])


STALE = 'platforms: [linux-x86_64-cpu]\npythons: ["3.12"]\nrequirements: [pandas]\n'


def test_a_stale_lock_is_refused_with_what_changed(asker: Asker) -> None:
    path = write()
    team(STALE)
    with pytest.raises(LockError, match=r"The lock is stale:\n  the team's requirements: \+pandas") as caught:
        asker()
    assert "--update-lock" in caught.value.hint
    assert str(caught.value.where) == str(path)


def test_a_stale_lock_is_written_anew_where_that_was_asked_for(asker: Asker) -> None:
    write()
    team(STALE)
    asked: list[tuple[str, Sequence[str], Form | None]] = []

    def relock(row: str, pythons: Sequence[str], form: Form | None) -> None:
        asked.append((row, pythons, form))
        write(Order(ask=Ask(), pythons=("3.12",), team=("pandas",)))

    assert asker(relock=relock).path == files.LOCKS / f"requirements.{ROW}.txt"
    assert asked == [(ROW, ("3.12",), "portable")]
    assert [line.split()[0] for line in asker.said] == ["Lock", "Lock"]
    assert "is stale: the team's requirements: +pandas" in asker.said[0]


def test_one_that_was_written_anew_and_is_stale_still_is_not_written_for_ever(asker: Asker) -> None:
    write()
    team(STALE)
    asked: list[str] = []
    with pytest.raises(LockError, match="The lock is stale"):
        asker(relock=lambda row, _pythons, _form: asked.append(row))
    assert asked == [ROW]


def test_a_lock_the_team_must_have_and_has_not_is_an_error(asker: Asker) -> None:
    team(f"platforms: [{ROW}]\n")
    with pytest.raises(LockError, match=f"The team's lock for {ROW} is missing"):
        asker()
    asked: list[str] = []

    def relock(row: str, _pythons: Sequence[str], form: Form | None) -> None:
        assert form is None, "as the team file says"
        asked.append(row)
        write()

    assert asker(relock=relock).path is not None
    assert asked == [ROW]


def test_a_machine_the_team_locks_nothing_for_is_an_error(asker: Asker) -> None:
    team("platforms: [macos-arm64-metal]\n")
    with pytest.raises(LockError, match="for which the team locks nothing") as caught:
        asker()
    assert "--no-lock" in caught.value.hint
    assert asker(no_lock=True).path is None


# -------------------------------------------------------------------------------------------------- locks by their name


def test_a_named_lock_is_taken_for_what_it_was_made_for(asker: Asker) -> None:
    path = write(Order(ask=Ask(), pythons=("3.11",)))
    choice = asker(Ask(), lock_file=path)
    assert (choice.path, choice.selection.python) == (path, "3.11")


@pytest.mark.parametrize("ask", [Ask(accelerator="cuda"), Ask(python="3.12"), Ask(tensorflow="==2.10.0")], ids=str)
def test_a_named_lock_is_not_taken_for_something_else(asker: Asker, ask: Ask) -> None:
    path = write(Order(ask=Ask(), pythons=("3.11",)))
    with pytest.raises(LockError, match="This lock cannot be used here: ") as caught:
        asker(ask, lock_file=path)
    assert "leave --lock out" in caught.value.hint


def test_a_lock_of_another_program_says_nothing_of_an_accelerator(asker: Asker) -> None:
    Path("pylock.toml").write_text(ONE_PACKAGE)
    assert asker(lock_file=Path("pylock.toml")).selection.row == ROW
    with pytest.raises(LockError, match="it does not say which accelerator it is for, and cuda was asked for"):
        asker(Ask(accelerator="cuda"), lock_file=Path("pylock.toml"))


def test_a_lock_that_is_not_there_is_an_error(asker: Asker) -> None:
    with pytest.raises(LockError, match="There is no such lock file"):
        asker(lock_file=Path("pylock.toml"))


# ------------------------------------------------------------------------------------------------------ locks of conda


def conda_lock(version: str = "2.18.0") -> Path:
    """Write a conda lock for this machine, with one TensorFlow on one Python."""
    part = platform_lock(packages=(conda_package("python", "3.12.4"),), wheels=(wheel("tensorflow-cpu", version),))
    path = Path("conda-lock.yml")
    path.write_text(make_lock([replace(part, row="", digest="")], ()).text)
    return path


def test_a_conda_lock_completes_the_ask_by_what_it_was_made_for(asker: Asker) -> None:
    choice = asker(Ask(), lock_file=conda_lock())
    assert choice.selection.backend == "conda"
    assert choice.selection.python == "3.12"
    lock = read_of(choice)
    assert lock is not None
    assert lock.part is not None
    assert [(one.name, one.version) for one in lock.packages] == [("python", "3.12.4"), ("tensorflow-cpu", "2.18.0")]


def test_a_conda_lock_is_not_taken_for_another_backend(asker: Asker) -> None:
    with pytest.raises(LockError, match="This lock cannot be used here: "):
        asker(Ask(backend="venv"), lock_file=conda_lock())


# --------------------------------------------------------------------------------------------- other programs' locks

TENSORFLOW = """
[[packages]]
name = "tensorflow-cpu"
version = "2.20.0"
{more}wheels = [{{ url = "https://a.io/tensorflow_cpu-2.20.0-{tag}.whl", hashes = {{ sha256 = "{sha}" }} }}]
"""


def foreign(folder: Path, *entries: str, head: str = "") -> Path:
    text = f'lock-version = "1.0"\n{head}created-by = "uv"\n' + "".join(entries)
    (folder / "pylock.toml").write_text(text)
    return folder / "pylock.toml"


def tensorflow(tag: str, more: str = "") -> str:
    return TENSORFLOW.format(tag=tag, more=more, sha="a" * 64)


LINUX_TAG = "cp{0}-cp{0}-manylinux_2_17_x86_64"


def test_the_row_answers_for_the_tensorflow_that_is_locked(asker: Asker, tmp_path: Path) -> None:
    choice = asker(lock_file=foreign(tmp_path, tensorflow(LINUX_TAG.format(312))))
    assert choice.selection.requirements == ("tensorflow-cpu==2.20.0", "setuptools<82")


def test_a_release_that_no_row_has_is_taken_all_the_same(asker: Asker, tmp_path: Path) -> None:
    text = tensorflow(LINUX_TAG.format(312)).replace("2.20.0", "2.20.999")
    choice = asker(lock_file=foreign(tmp_path, text))
    lock = read_of(choice)
    assert choice.selection.installable
    assert lock is not None
    assert lock.version_of("tensorflow-cpu") == "2.20.999"


def test_what_is_handed_on_is_the_part_for_this_machine(asker: Asker, tmp_path: Path) -> None:
    other = tensorflow("cp312-cp312-win_amd64", "marker = \"sys_platform == 'win32'\"\n")
    path = foreign(tmp_path, tensorflow(LINUX_TAG.format(312), "marker = \"sys_platform == 'linux'\"\n"), other)
    lock = read_of(asker(lock_file=path))
    assert lock is not None
    assert [(one.name, len(one.wheels), one.marker) for one in lock.packages] == [("tensorflow-cpu", 1, None)]
    assert "win32" not in lock.text
    assert lock.sha256 == files.read_lock(path).sha256


@pytest.mark.parametrize(
    ("tag", "head", "python"),
    [
        ("py3-none-any", "", "3.12"),
        ("py3-none-any", 'requires-python = "<3.12"\n', "3.11"),
        (LINUX_TAG.format(311), "", "3.11"),
    ],
)
def test_the_python_is_the_first_that_the_lock_is_for(
    asker: Asker, tmp_path: Path, tag: str, head: str, python: str
) -> None:
    assert asker(lock_file=foreign(tmp_path, tensorflow(tag), head=head)).selection.python == python


def test_a_python_that_is_not_there_may_be_fetched_for_it(tmp_path: Path) -> None:
    path = foreign(tmp_path, tensorflow(LINUX_TAG.format(310)), head='requires-python = "==3.10.*"\n')
    found = choose(replace(HERE, python_downloads=True), CPU, MATRIX, lock_file=path)
    assert (found.selection.installable, found.selection.python) == (True, "3.10")


def test_a_python_that_was_asked_for_is_not_replaced(asker: Asker, tmp_path: Path) -> None:
    path = foreign(tmp_path, tensorflow("py3-none-any"), head='requires-python = "<3.12"\n')
    with pytest.raises(LockError, match=r"for Python <3\.12, and this is Python 3\.12 on Linux x86_64"):
        asker(Ask(accelerator="cpu", python="3.12"), lock_file=path)


def test_a_wheel_of_the_project_is_handed_on_by_its_whole_path(asker: Asker, tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "alpha-1.0-py3-none-any.whl").write_bytes(b"wheel")
    sha = hashlib.sha256(b"wheel").hexdigest()
    place = f'{{ path = "vendor/alpha-1.0-py3-none-any.whl", hashes = {{ sha256 = "{sha}" }} }}'
    alpha = f'\n[[packages]]\nname = "alpha"\narchive = {place}\n'
    foreign(tmp_path, tensorflow("py3-none-any"), alpha)
    lock = read_of(asker(lock_file=Path("pylock.toml")))
    assert lock is not None
    whole = (tmp_path / "vendor" / "alpha-1.0-py3-none-any.whl").as_posix()
    assert [one.path for one in lock.packages[0].files] == [whole]
    assert f'path = "{whole}"' in lock.text
