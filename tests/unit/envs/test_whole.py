"""Whether a generation still is what its receipt says."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.envs import finish, install_alpha, make_receipt, make_store, starting
from tfsetup.envs.model import ADOPTED, Layout
from tfsetup.envs.store import Store
from tfsetup.envs.whole import added, lacks
from tfsetup.ground.start_up import START_UP, start_up_text

SITE = "lib/python3.12/site-packages"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = make_store(tmp_path)
    finish(made, 1)
    return made


def site(store: Store) -> Path:
    return store.layout.folder(1) / SITE


def said(store: Store, **changes: object) -> list[str]:
    return [str(one) for one in lacks(store.layout, make_receipt(1, **changes), starts=starting)]


def record(store: Store, info: str, *rows: str) -> None:
    folder = site(store) / info
    folder.mkdir(exist_ok=True)
    (folder / "RECORD").write_text("".join(f"{row}\n" for row in rows))


def test_what_was_just_built_is_whole(store: Store) -> None:
    assert said(store) == []


def test_the_interpreter_must_be_there_and_start(store: Store) -> None:
    python = store.layout.python(store.layout.folder(1))
    refused = lacks(store.layout, make_receipt(1), starts=lambda one: f"was asked: {one == python}")
    assert [str(one) for one in refused] == ["bin/python was asked: True"]
    python.unlink()
    assert said(store) == ["bin/python is gone"]
    python.symlink_to("/nowhere/python3.12")
    assert said(store) == ["bin/python leads to /nowhere/python3.12, which is gone"]
    python.unlink()
    python.symlink_to(python)
    assert said(store) == ["bin/python cannot be read: Too many levels of symbolic links"]


def test_a_distribution_that_was_uninstalled_is_named(store: Store) -> None:
    shutil.rmtree(site(store) / "alpha-1.dist-info")
    assert said(store) == ["alpha 1 is not installed any more"]
    assert said(store, packages=("alpha-1.dist-info", "b_c-2.dist-info")) == [
        "alpha 1 is not installed any more",
        "b_c 2 is not installed any more",
    ]


def test_a_distribution_in_another_version_is_changed_and_not_added(store: Store) -> None:
    (site(store) / "alpha-1.dist-info").rename(site(store) / "Alpha-2.0.dist-info")
    assert said(store) == ["alpha 1 was changed to 2.0"]
    assert added(store.layout, make_receipt(1)) == ()


def test_what_is_added_by_hand_takes_nothing_from_it(store: Store) -> None:
    for name in ("beta-2.dist-info", "pip-27.0.dist-info", "not-a-package"):
        (site(store) / name).mkdir()
    assert said(store) == []
    assert added(store.layout, make_receipt(1, tools=("pip-26.3.dist-info",))) == ("beta==2",)
    assert added(store.layout, make_receipt(1, row=ADOPTED)) == ()
    assert added(store.layout, make_receipt(7)) == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is missing"),
        ("", "is empty"),
        ("value = ", "has 8 bytes, not 10"),
        ("value = 1000\n", "has 13 bytes, not 10"),
    ],
)
def test_a_file_must_be_there_in_its_size(store: Store, content: str | None, words: str) -> None:
    file = site(store) / "alpha.py"
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    assert said(store) == [f"{SITE}/alpha.py {words}"]


def test_a_folder_in_place_of_a_file_is_none(store: Store) -> None:
    (site(store) / "alpha.py").unlink()
    (site(store) / "alpha.py").mkdir()
    assert said(store) == [f"{SITE}/alpha.py is not a file any more"]


@pytest.mark.parametrize("loss", ["gone", "empty"])
def test_without_its_list_of_files_a_distribution_is_not_judged_to_be_whole(store: Store, loss: str) -> None:
    path = site(store) / "alpha-1.dist-info" / "RECORD"
    path.unlink()
    if loss == "empty":
        path.write_text("")
    assert said(store) == ["alpha-1.dist-info/RECORD is missing or empty"]


def test_what_was_added_by_hand_takes_nothing_away(store: Store) -> None:
    record(store, "extra-1.dist-info", "extra.py,sha256=x,99")
    (site(store) / "mine.py").write_text("")
    assert said(store) == []


def test_a_file_of_two_distributions_may_have_either_size(store: Store) -> None:
    record(store, "beta-1.dist-info", "alpha.py,sha256=x,4")
    (site(store) / "alpha.py").write_text("four")
    assert said(store) == []
    (site(store) / "alpha.py").write_text("three")
    assert said(store) == [f"{SITE}/alpha.py has 5 bytes, not 4"]


def test_scripts_must_be_there_but_may_be_rewritten(store: Store) -> None:
    record(store, "alpha-1.dist-info", "../../../bin/alpha,sha256=x,10")
    script = store.layout.folder(1) / "bin/alpha"
    assert said(store) == ["bin/alpha is missing"]
    script.write_text("#!/a/longer/path/python\n")
    assert said(store) == []
    script.write_text("")
    assert said(store) == ["bin/alpha is empty"]


def test_data_elsewhere_and_byte_code_are_not_looked_at(store: Store) -> None:
    rows = ("../../../share/alpha/page.html,sha256=x,10", "__pycache__/alpha.pyc,,", "alpha-1.dist-info/RECORD,,")
    record(store, "alpha-1.dist-info", *rows)
    assert said(store) == []


def test_what_conda_itself_had_changed_is_excused_and_nothing_else(store: Store) -> None:
    (site(store) / "alpha.py").write_text("prefix")
    known = {"backend": "conda", "differing": (f"{SITE}/alpha.py",)}
    assert said(store, **known) == []
    (site(store) / "alpha-1.dist-info" / "METADATA").write_text("")
    assert said(store, **known) == [f"{SITE}/alpha-1.dist-info/METADATA is empty"]


def test_an_old_receipt_of_conda_vouches_for_its_distributions_only(store: Store) -> None:
    (site(store) / "alpha.py").write_text("prefix")
    assert said(store, backend="conda") == []
    shutil.rmtree(site(store) / "alpha-1.dist-info")
    assert said(store, backend="conda") == ["alpha 1 is not installed any more"]


def test_of_what_was_there_before_only_an_interpreter_is_asked(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.layout.folder(1).mkdir(parents=True)
    assert said(store, row=ADOPTED, packages=()) == []
    finish(store, 2)
    receipt = make_receipt(2, row=ADOPTED)
    assert [str(one) for one in lacks(store.layout, receipt, starts=lambda _: "ends")] == ["bin/python ends"]


def test_a_generation_whose_folder_is_gone_says_so(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    assert said(store) == [f"{store.layout.folder(1)} is gone"]


def test_whose_it_is_is_asked_before_anything_is_started(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfsetup.envs.whole.may_own", lambda *_owners: False)
    found = lacks(store.layout, make_receipt(1), starts=lambda _python: "was started")
    assert [str(one) for one in found] == [f"{store.layout.root} belongs to another user"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("name", [".", "1", "1/bin"])
def test_nothing_of_somebody_else_is_started(store: Store, name: str) -> None:
    os.chown(store.layout.root / name, 23456, -1)
    started: list[Path] = []

    def start(python: Path) -> str | None:
        started.append(python)
        return None

    found = lacks(store.layout, make_receipt(1), starts=start)
    assert [one.how for one in found] == ["belongs to another user"]
    assert started == []


def test_on_windows_the_paths_are_its_own(tmp_path: Path) -> None:
    layout = Layout(prefix=tmp_path / ".venv", windows=True)
    install_alpha(layout.site_packages(layout.folder(1), "3.12"))
    python = layout.python(layout.folder(1))
    python.parent.mkdir()
    python.write_text("MZ")
    assert lacks(layout, make_receipt(1), starts=starting) == ()
    (layout.folder(1) / "Lib/site-packages/alpha.py").unlink()
    assert [str(one) for one in lacks(layout, make_receipt(1), starts=starting)] == [
        "Lib/site-packages/alpha.py is missing"
    ]


def test_what_may_not_be_looked_at_is_not_called_gone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_path: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "lstat", closed)
    assert said(store) == [f"{store.layout.folder(1)} cannot be read: Permission denied"]
    assert store.unknown(1) == f"{store.layout.folder(1)} cannot be read: Permission denied"


ONE = {"TURN_OFF_REMAPPER": "1"}


def test_the_start_up_file_is_part_of_what_was_built(store: Store) -> None:
    start_up = site(store) / START_UP
    assert said(store, cures=ONE) == [f"{SITE}/{START_UP} is missing; it sets TURN_OFF_REMAPPER=1"]
    start_up.write_text(start_up_text(ONE))
    assert said(store, cures=ONE) == []
    start_up.write_text(start_up_text(ONE).replace('"1"', '"0"'))  # of the same size
    assert said(store, cures=ONE) == [f"{SITE}/{START_UP} was edited; it sets TURN_OFF_REMAPPER=1"]
    assert said(store) == []  # a generation that was built without it


def test_it_is_named_once_also_when_a_wheel_brought_it(store: Store) -> None:
    record(store, "tfsetup_cures-1.2.dist-info", f"{START_UP},sha256=x,59")
    packages = ("alpha-1.dist-info", "tfsetup_cures-1.2.dist-info")
    missing = [f"{SITE}/{START_UP} is missing; it sets TURN_OFF_REMAPPER=1"]
    assert said(store, cures=ONE, packages=packages) == missing


def test_conda_may_not_have_changed_it(store: Store) -> None:
    changed = {"cures": ONE, "backend": "conda", "differing": (f"{SITE}/{START_UP}",)}
    assert said(store, **changed) == [f"{SITE}/{START_UP} is missing; it sets TURN_OFF_REMAPPER=1"]
