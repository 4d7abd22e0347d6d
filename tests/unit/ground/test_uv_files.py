"""Which settings files count, by uv's own rule, and which a stranger could have written."""

from __future__ import annotations

import pytest

from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.ground import marked_toml
from tfsetup.ground.strangers import Me, Owned, stranger
from tfsetup.ground.uv_files import Here, find

HERE = Here(cwd="/home/me/proj/deep", home="/home/me")
SETTING = 'index-url = "https://x.example/"\n'
TOOL = f"[tool.uv]\n{SETTING}"


def paths(places: dict[str, str], environ: dict[str, str] | None = None, here: Here = HERE) -> list[str]:
    return [file.path for file in find(environ or {}, here, places.get)]


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ({}, []),
        ({"/home/me/proj/deep/uv.toml": SETTING}, ["/home/me/proj/deep/uv.toml"]),
        ({"/home/me/proj/uv.toml": SETTING}, ["/home/me/proj/uv.toml"]),
        ({"/uv.toml": SETTING}, ["/uv.toml"]),
        ({"/home/me/pyproject.toml": TOOL}, ["/home/me/pyproject.toml"]),
        ({"/home/me/proj/uv.toml": SETTING, "/home/me/uv.toml": SETTING}, ["/home/me/proj/uv.toml"]),
        ({"/home/me/proj/uv.toml": SETTING, "/home/me/proj/pyproject.toml": TOOL}, ["/home/me/proj/uv.toml"]),
        # Without [tool.uv] a pyproject.toml is none, and uv looks further up.
        ({"/home/me/proj/pyproject.toml": "[project]\nname='uv'\n", "/home/uv.toml": SETTING}, ["/home/uv.toml"]),
        ({"/home/me/proj/pyproject.toml": "uv broken = [", "/home/uv.toml": SETTING}, ["/home/uv.toml"]),
        ({"/home/me/proj/deep/uv.toml": "", "/home/uv.toml": SETTING}, ["/home/me/proj/deep/uv.toml"]),
        (
            {"/home/me/.config/uv/uv.toml": SETTING, "/etc/uv/uv.toml": SETTING, "/home/me/proj/uv.toml": SETTING},
            ["/home/me/proj/uv.toml", "/home/me/.config/uv/uv.toml", "/etc/uv/uv.toml"],
        ),
        ({"/etc/xdg/uv/uv.toml": SETTING, "/etc/uv/uv.toml": SETTING}, ["/etc/xdg/uv/uv.toml"]),
    ],
    ids=str,
)
def test_the_nearest_of_the_project_then_the_user_s_then_the_system_s(places: dict[str, str], found: list[str]) -> None:
    assert paths(places) == found


def test_a_project_is_read_once_however_often_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    real = marked_toml.load_toml

    def load(text: str, file: str, **more: str) -> dict[str, object]:
        texts.append(text)
        return real(text, file, **more)

    monkeypatch.setattr(marked_toml, "load_toml", load)
    text = '[tool.uv]\nindex-url = "https://once.example/"\n'
    for _ in range(3):
        (found,) = find({}, HERE, {"/home/me/pyproject.toml": text}.get)
        assert found.table == {"index-url": "https://once.example/"}
    assert texts == [text]
    (other,) = find({}, HERE, {"/home/me/pyproject.toml": text.replace("once", "twice")}.get)
    assert other.table == {"index-url": "https://twice.example/"}


EVERYWHERE = {
    "/home/me/proj/uv.toml": SETTING,
    "/home/me/.config/uv/uv.toml": SETTING,
    "/conf/uv/uv.toml": SETTING,
    "/etc/uv/uv.toml": SETTING,
    "/named.toml": SETTING,
    "/home/me/proj/deep/named.toml": SETTING,
}


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"UV_NO_CONFIG": "1"}, []),
        ({"UV_ISOLATED": "true"}, []),
        ({"UV_CONFIG_FILE": "/named.toml"}, ["/named.toml"]),
        ({"UV_CONFIG_FILE": "named.toml"}, ["/home/me/proj/deep/named.toml"]),
        ({"UV_CONFIG_FILE": "/named.toml", "UV_NO_CONFIG": "1"}, ["/named.toml"]),
        ({"UV_NO_SYSTEM_CONFIG": "1"}, ["/home/me/proj/uv.toml", "/home/me/.config/uv/uv.toml"]),
        ({"XDG_CONFIG_HOME": "/conf"}, ["/home/me/proj/uv.toml", "/conf/uv/uv.toml", "/etc/uv/uv.toml"]),
        (
            {"XDG_CONFIG_HOME": "conf"},
            ["/home/me/proj/uv.toml", "/home/me/.config/uv/uv.toml", "/etc/uv/uv.toml"],
        ),
        (
            {"XDG_CONFIG_DIRS": "/none:/conf"},
            ["/home/me/proj/uv.toml", "/home/me/.config/uv/uv.toml", "/conf/uv/uv.toml"],
        ),
    ],
    ids=str,
)
def test_variables_say_which_count(environ: dict[str, str], found: list[str]) -> None:
    assert paths(EVERYWHERE, environ) == found


def test_without_a_home_the_user_has_no_file() -> None:
    assert paths(EVERYWHERE, here=Here(cwd="/srv", home=None)) == ["/etc/uv/uv.toml"]


def test_on_windows() -> None:
    here = Here(cwd="C:\\Users\\me\\p", home=None, windows=True)
    places = {
        "C:\\Users\\uv.toml": SETTING,
        "C:\\Roaming\\uv\\uv.toml": SETTING,
        "C:\\ProgramData\\uv\\uv.toml": SETTING,
    }
    environ = {"APPDATA": "C:\\Roaming", "SYSTEMDRIVE": "C:"}
    assert paths(places, environ, here) == list(places)


def test_a_file_that_is_no_toml_is_named_with_its_place() -> None:
    with pytest.raises(InvalidFileError) as caught:
        paths({"/home/me/uv.toml": "a = 1\nindex = ["})
    assert caught.value.where is not None
    assert str(caught.value.where).startswith("/home/me/uv.toml")


def test_a_named_file_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="UV_CONFIG_FILE names /none"):
        paths({}, {"UV_CONFIG_FILE": "/none"})


# ------------------------------------------------------------------------------------------------ whose file

ME = Me(uid=1000, own_groups={1000})
MINE, DIR = Owned(uid=1000, gid=1000, mode=0o100644), Owned(uid=1000, gid=1000, mode=0o40755)
TMP = Owned(uid=0, gid=0, mode=0o41777)


def owned(uid: int, mode: int, gid: int | None = None) -> Owned:
    return Owned(uid=uid, gid=uid if gid is None else gid, mode=mode)


@pytest.mark.parametrize(
    ("file", "folder", "why"),
    [
        (MINE, DIR, None),
        (owned(0, 0o644), owned(0, 0o755), None),
        (MINE, TMP, None),  # in a sticky folder nobody else can replace it
        (owned(1000, 0o664), owned(1000, 0o775), None),  # umask 002 and a private group
        (owned(1001, 0o644), DIR, "belongs to another user"),
        (owned(1001, 0o644), TMP, "belongs to another user"),
        (owned(1000, 0o666), DIR, "other users may write it"),
        (owned(1000, 0o664, 50), DIR, "other users may write it"),
        (owned(0, 0o666), owned(0, 0o755), "other users may write it"),
        (MINE, owned(1001, 0o755), "its folder belongs to another user"),
        (MINE, owned(1000, 0o777), "other users may write its folder"),
        (MINE, owned(1000, 0o775, 50), "other users may write its folder"),
        (MINE, owned(1001, 0o41777), "its folder belongs to another user"),
    ],
    ids=str,
)
def test_whose_settings_are_believed(file: Owned, folder: Owned, why: str | None) -> None:
    found = stranger(file, folder, ME)
    assert found is None if why is None else found is not None and why in found


@pytest.mark.parametrize(
    ("me", "fine"),
    [
        (Me(uid=0, own_groups={0, 1000}, cwd_owner=1000), True),  # a container: root in somebody's bind mount
        (Me(uid=0, own_groups={0}, cwd_owner=0), False),
        (Me(uid=0, own_groups={0}, cwd_owner=1001), False),
        (Me(uid=1001, own_groups={1000, 1001}, cwd_owner=1000), False),  # the exception is root's alone
        (Me(uid=0), False),
    ],
    ids=str,
)
def test_root_believes_the_owner_of_the_folder_it_works_in(me: Me, fine: bool) -> None:
    assert (stranger(owned(1000, 0o664), owned(1000, 0o775), me) is None) is fine
