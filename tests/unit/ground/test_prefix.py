"""What may become an environment, decided from facts alone: every forbidden relation, and the words about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.prefix import (
    NAMES,
    Above,
    Absent,
    Gone,
    Kept,
    Place,
    What,
    command_for,
    interpreter_name,
    objection,
    repair,
    sentence,
)

HERE = Path("/home/me/project/.venv")
FREE: tuple[What, ...] = ("absent", "empty", "generation")
OTHERS: tuple[What, ...] = ("venv", "conda")
NEVER: tuple[What, ...] = ("folder", "file", "link", "unreadable", "installation", "conda-base")
names = st.text("abcxyz0123456789_-. é", min_size=1, max_size=8).filter(
    lambda name: name[0] != "-" and name[-1] not in ". " and not name.endswith(".generations")
)
paths = st.lists(names, min_size=1, max_size=5).map(lambda parts: Path("/", *parts))
identities = st.tuples(st.integers(1, 3), st.integers(1, 50))


def place(path: Path = HERE, what: What = "absent", **facts: object) -> Place:
    return Place(text=str(path), path=path, what=what, **facts)  # type: ignore[arg-type]


def message(found: Place, *kept: Kept, replace: bool = False, windows: bool = False) -> str:
    """Return the objection, message and hint; empty: there is none."""
    one = objection(found, kept, replace=replace, windows=windows)
    return f"{one.message} {one.hint}" if one else ""


@pytest.mark.parametrize("what", FREE)
@pytest.mark.parametrize("replace", [False, True])
def test_nothing_an_empty_folder_and_a_link_of_our_own_may(what: What, replace: bool) -> None:
    assert message(place(what=what), replace=replace) == ""


@pytest.mark.parametrize("what", OTHERS)
def test_an_environment_of_somebody_else_may_be_replaced_when_that_was_said(what: What) -> None:
    assert message(place(what=what), replace=True) == ""
    refused = message(place(what=what))
    assert f"{HERE} exists and was not made by tfsetup" in refused
    assert "--replace" in refused


@pytest.mark.parametrize("what", NEVER)
def test_nothing_else_may_and_no_refusal_hints_at_replacing_it(what: What) -> None:
    for replace in (False, True):
        refused = message(place(what=what, target=Path("/t"), problem="Permission denied"), replace=replace)
        assert str(HERE) in refused
        assert "--replace" not in refused


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("folder", "holds files, is no environment and was not made by tfsetup; it is left as it is."),
        ("file", "is no folder and was not made by tfsetup; it is left as it is."),
        ("link", "is a link to /t and was not made by tfsetup; it is left as it is."),
        ("installation", "is an installation of Python, not an environment; it is never replaced."),
        ("conda-base", "is a conda installation with its base environment; it is never touched."),
        ("unreadable", "cannot be looked at: Permission denied."),
    ],
)
def test_each_refusal_says_what_stands_there(what: What, words: str) -> None:
    found = place(what=what, target=Path("/t"), problem="Permission denied")
    assert message(found, replace=True).startswith(f"{HERE} {words} ")


@pytest.mark.parametrize("what", OTHERS)
def test_an_environment_in_the_root_of_a_project_is_not_swallowed(what: What) -> None:
    refused = message(place(what=what, project="pyproject.toml"), replace=True)
    assert "holds pyproject.toml, is no environment" in refused
    assert "move this one away yourself" in refused


@given(path=paths, what=st.sampled_from([*FREE, *OTHERS]), below=st.lists(names, max_size=4))
def test_what_is_kept_is_held_by_itself_and_by_every_folder_above_it(path: Path, what: What, below: list[str]) -> None:
    kept = Kept(what="your home folder", paths=(path.joinpath(*below),))
    verb = "holds" if below else "is"
    assert f"{path} cannot be an environment: it {verb} your home folder." in message(
        place(path, what), kept, replace=True
    )


@given(path=paths, below=st.lists(names, min_size=1, max_size=4), what=st.sampled_from(FREE))
def test_what_lies_in_or_beside_what_is_kept_may(path: Path, below: list[str], what: What) -> None:
    assert message(place(path.joinpath(*below), what), Kept(what="it", paths=(path,))) == ""
    beside = path.with_name(f"{path.name}x")
    assert message(place(beside, what), Kept(what="it", paths=(path,))) == ""


@given(path=paths, other=paths, identity=identities, more=st.frozensets(identities))
def test_one_folder_under_two_names_is_one_folder(
    path: Path, other: Path, identity: tuple[int, int], more: frozenset[tuple[int, int]]
) -> None:
    """Upper and lower case, a bind mount: the entries tell, not the names."""
    kept = Kept(what="uv", paths=(other / "uv",), identities=more | {identity})
    assert "uv." in message(place(path, "venv", identity=identity), kept, replace=True)
    apart = Kept(what="uv", paths=(Path("/elsewhere/bin/uv"),), identities=more - {identity})
    assert message(place(path, "venv", identity=identity), apart, replace=True) == ""


@pytest.mark.parametrize("kind", ["venv", "conda", "generations", "conda-base"])
@pytest.mark.parametrize("what", [*FREE, *OTHERS])
def test_nothing_inside_an_environment_or_its_generations_may(kind: str, what: What) -> None:
    above = Above(path=Path("/home/me/project"), kind=kind)  # type: ignore[arg-type]
    refused = message(place(what=what, above=(above,)), replace=True)
    inside = "the generations" if kind == "generations" else "the environment"
    assert f"it lies inside {inside} /home/me/project." in refused


def test_conda_s_own_place_for_environments_is_none_inside_another() -> None:
    base = Above(path=Path("/opt/miniforge3"), kind="conda-base")
    assert message(place(Path("/opt/miniforge3/envs/tf"), above=(base,))) == ""
    assert "lies inside" in message(place(Path("/opt/miniforge3/envs/tf/x"), above=(base,)))
    assert "lies inside" in message(place(Path("/opt/miniforge3/lib"), above=(base,)))
    plain = Above(path=Path("/opt/miniforge3"), kind="conda")
    assert "lies inside" in message(place(Path("/opt/miniforge3/envs/tf"), above=(plain,)))


@pytest.mark.parametrize("what", [*FREE, *OTHERS])
def test_where_a_file_system_is_mounted_nothing_can_change_places(what: What) -> None:
    assert "another file system is mounted" in message(place(what=what, mount=True), replace=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-x", "begins with a dash"),
        ("./-x", "begins with a dash"),
        ("--replace", "begins with a dash"),
        ("", "is the working folder"),
        (".", "is the working folder"),
        ("..", "does not name a folder"),
        ("a/..", "does not name a folder"),
        ("/", "root of a file system"),
        ("env.", "ends in a dot"),
        ("env...", "ends in a dot"),
        ("env ", "ends in a dot or a space"),
        ("env.generations", "for the generations"),
        ("a\nb", "characters that no terminal"),
        ("a\x00b", "characters that no terminal"),
        ("a\x1b[2J", "characters that no terminal"),
        ("a\x7f", "characters that no terminal"),
        ("a\x9b", "characters that no terminal"),
        ("\u202egol", "characters that no terminal"),
        ("a\u2028b", "characters that no terminal"),
        ("\udcffx", "characters that no terminal"),
        ("a:b", "separates the folders of PATH"),
    ],
)
@pytest.mark.parametrize("what", [*FREE, *OTHERS])
def test_names_that_cannot_be_typed_or_shown_are_none(text: str, words: str, what: What) -> None:
    path = Path("/") if text == "/" else Path("/home/me") / (text if text not in {"", "."} else "")
    refused = message(Place(text=text, path=path, what=what), replace=True)
    assert words in refused
    assert refused.isprintable()


@pytest.mark.parametrize("name", ["NUL", "con", "Com1", "aux"])
def test_windows_keeps_names_for_devices(name: str) -> None:
    assert "Windows keeps this name" in message(place(HERE.with_name(name)), windows=True)
    assert "Windows keeps this name" in message(place(HERE.with_name(f"{name}.d")), windows=True)
    assert message(place(HERE.with_name(name))) == ""
    assert message(place(HERE.with_name(f"{name}x")), windows=True) == ""


@given(path=paths, what=st.sampled_from(FREE))
def test_any_other_name_may(path: Path, what: What) -> None:
    assert message(place(path, what)) == ""


@given(
    path=paths,
    what=st.sampled_from([*FREE, *OTHERS, *NEVER]),
    kept=st.lists(paths, max_size=3),
    mount=st.booleans(),
    replace=st.booleans(),
    project=st.sampled_from([None, ".git"]),
)
def test_a_place_that_is_refused_with_replace_is_refused_without(
    path: Path, what: What, kept: list[Path], mount: bool, replace: bool, project: str | None
) -> None:
    """And the refusal hints at `--replace` exactly where that would do."""
    found = place(path, what, mount=mount, project=project)
    held = [Kept(what="it", paths=(one,)) for one in kept]
    without, with_it = message(found, *held), message(found, *held, replace=True)
    assert bool(without) >= bool(with_it)
    assert ("--replace" in without) == (bool(without) and not with_it)
    assert "--replace" not in with_it
    assert message(found, *held, replace=replace) in {without, with_it}


VENV = Path(".venv")
LOOKED = "bin/python, bin/python3, Scripts/python.exe, python.exe"


@pytest.mark.parametrize(
    ("found", "says", "does"),
    [
        (
            Absent(path=VENV),
            "There is no environment at .venv. It does not exist.",
            "`tfsetup install` builds one; or name an environment's folder, or its interpreter.",
        ),
        (
            Absent(path=VENV, instead="folder"),
            f"There is no environment at .venv. The folder holds no Python interpreter (looked for {LOOKED}).",
            "`tfsetup install` builds one; or name an environment's folder, or its interpreter.",
        ),
        (
            Absent(path=Path("/dev/null"), instead="other"),
            "There is no environment at /dev/null. It is neither a folder nor an interpreter.",
            "`tfsetup install` builds one; or name an environment's folder, or its interpreter.",
        ),
        (
            Gone(path=VENV, link=VENV, target=Path(".venv.generations/3"), ours=True),
            ".venv points to .venv.generations/3, which is gone.",
            "`tfsetup install` builds it anew; `tfsetup rollback` goes back to one before it.",
        ),
        (
            Gone(path=Path("my env"), link=Path("my env"), target=Path("/mnt/x")),
            "my env points to /mnt/x, which is gone.",
            "Remove the link; then `tfsetup install --prefix 'my env'` builds an environment there.",
        ),
        (
            Gone(path=VENV, link=VENV / "bin/python", target=Path("/opt/py/bin/python3.12")),
            ".venv/bin/python points to /opt/py/bin/python3.12, which is gone.",
            "The Python it was built on was removed or moved; `tfsetup install --replace` builds the environment anew.",
        ),
        (
            Gone(path=VENV, link=VENV / "bin/python", target=VENV / "bin/python", ours=True),
            ".venv/bin/python is gone.",
            "The Python it was built on was removed or moved; `tfsetup install` builds the environment anew.",
        ),
    ],
)
def test_what_is_missing_is_told_in_the_same_words_everywhere(found: Absent | Gone, says: str, does: str) -> None:
    assert sentence(found) == says
    assert repair(found) == does


def test_the_command_names_a_prefix_only_when_it_must() -> None:
    assert command_for(VENV) == "tfsetup install"
    assert command_for(Path("a b"), replace=True) == "tfsetup install --prefix 'a b' --replace"


def test_where_an_interpreter_is() -> None:
    assert NAMES == ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")
    assert interpreter_name(windows=False) == interpreter_name(windows=False, conda=True) == "bin/python"
    assert interpreter_name(windows=True) == "Scripts/python.exe"
    assert interpreter_name(windows=True, conda=True) == "python.exe"
