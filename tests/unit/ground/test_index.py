"""Which index, who said so, and which addresses may be used."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.index_folder import IndexFolder
from tfsetup.errors import UsageError
from tfsetup.ground.index import (
    BY_HASH,
    choose,
    default_index,
    index_variables,
    insecure,
    not_used,
    project_page,
    refuse_files,
    refuse_insecure,
    told,
)
from tfsetup.ground.uv_files import Here, SettingsFile, find
from tfsetup.ground.uv_settings import Choice, Said

MIRROR = "https://mirror.example/simple"
UV = """
extra-index-url = ["https://legacy.example/simple"]
find-links = ["wheels", "https://links.example/"]
allow-insecure-host = ["plain.example"]
[[index]]
name = "company"
url = "https://company.example/simple"
default = true
[[index]]
name = "second"
url = "https://second.example/simple"
[[index]]
name = "torch"
url = "https://torch.example/simple"
explicit = true
"""


def files(**texts: str) -> tuple[SettingsFile, ...]:
    """Return what is found with `uv.toml` in the working folder, and one of the user's."""
    places = {"/home/me/p/uv.toml": texts.get("project"), "/home/me/.config/uv/uv.toml": texts.get("user")}
    return find({}, Here(cwd="/home/me/p", home="/home/me"), places.get)


@pytest.mark.parametrize(
    ("environ", "option", "expected"),
    [
        ({}, None, {}),
        ({"PIP_INDEX_URL": MIRROR}, None, {"UV_DEFAULT_INDEX": MIRROR}),
        ({"PIP_INDEX_URL": MIRROR, "UV_DEFAULT_INDEX": "x"}, None, {}),
        ({"PIP_INDEX_URL": MIRROR, "UV_INDEX_URL": "x"}, None, {}),
        ({"PIP_INDEX_URL": ""}, None, {}),
        ({"PIP_EXTRA_INDEX_URL": MIRROR}, None, {"UV_INDEX": MIRROR}),
        ({"PIP_EXTRA_INDEX_URL": MIRROR, "UV_EXTRA_INDEX_URL": "x"}, None, {}),
        ({"PIP_TRUSTED_HOST": "h"}, None, {"UV_INSECURE_HOST": "h"}),
        ({"PIP_INDEX_URL": "p", "UV_DEFAULT_INDEX": "u"}, MIRROR, {"UV_DEFAULT_INDEX": MIRROR}),
    ],
)
def test_pip_s_settings_become_uv_s(environ: dict[str, str], option: str | None, expected: dict[str, str]) -> None:
    assert index_variables(environ, option) == expected


@pytest.mark.parametrize(
    ("environ", "default", "where", "extra"),
    [
        ({}, None, None, ()),
        ({"UV_DEFAULT_INDEX": "https://a.example/s"}, "https://a.example/s", "UV_DEFAULT_INDEX", ()),
        ({"UV_INDEX_URL": "https://old.example/s"}, "https://old.example/s", "UV_INDEX_URL", ()),
        (
            {"UV_DEFAULT_INDEX": "https://a.example/s", "UV_INDEX": "team=https://b.example/s https://c.example/s"},
            "https://a.example/s",
            "UV_DEFAULT_INDEX",
            ("https://b.example/s", "https://c.example/s"),
        ),
        ({"PIP_INDEX_URL": "https://p.example/s"}, "https://p.example/s", "PIP_INDEX_URL", ()),
        ({"PIP_EXTRA_INDEX_URL": "https://e.example/s?key=1"}, None, None, ("https://e.example/s?key=1",)),
        ({"UV_INDEX_URL": "https://u.example/s", "PIP_INDEX_URL": "x"}, "https://u.example/s", "UV_INDEX_URL", ()),
    ],
)
def test_the_environment(
    environ: dict[str, str], default: str | None, where: str | None, extra: tuple[str, ...]
) -> None:
    found = choose(environ, ())
    assert (found.default.url, found.default.where) == (default, where) if found.default else default is None
    assert tuple(said.url for said in found.extra) == extra


def test_uv_s_own_file_and_the_lines_that_said_so() -> None:
    found = choose({}, files(user=UV))
    path = "/home/me/.config/uv/uv.toml"
    assert found.default == Said(url="https://company.example/simple", where=f"{path}:7", name="company")
    assert [said.url for said in found.extra] == ["https://second.example/simple", "https://legacy.example/simple"]
    assert found.explicit == (Said(url="https://torch.example/simple", where=f"{path}:14", name="torch"),)
    assert [said.url for said in found.find_links] == ["/home/me/.config/uv/wheels", "https://links.example/"]
    assert found.trusted == {"plain.example"}


def test_the_option_wins_over_variables_and_these_over_files_and_the_projects_over_the_user_s() -> None:
    project = 'index-url = "https://project.example/s"\n'
    mine = files(project=project, user='index-url = "https://user.example/s"\n')
    assert choose({}, mine).default == Said(url="https://project.example/s", where="/home/me/p/uv.toml:1")
    assert choose({"UV_INDEX_URL": "https://v.example/"}, mine).default == Said(
        url="https://v.example/", where="UV_INDEX_URL"
    )
    option = choose({"UV_INDEX_URL": "https://v.example/"}, mine, MIRROR)
    assert option.default == Said(url=MIRROR, where="--index-url")


@pytest.mark.parametrize("environ", [{"UV_OFFLINE": "1"}, {"UV_OFFLINE": "true"}])
def test_offline(environ: dict[str, str]) -> None:
    assert choose(environ, ()).offline
    assert choose({}, files(project="offline = true\n")).offline
    assert not choose({}, files(project="offline = false\n")).offline


@pytest.mark.parametrize(
    ("environ", "option", "expected"),
    [
        ({}, None, None),
        ({"PIP_INDEX_URL": f"{MIRROR}/"}, None, MIRROR),
        ({"UV_INDEX_URL": MIRROR, "PIP_INDEX_URL": "https://other"}, None, MIRROR),
        ({"UV_DEFAULT_INDEX": f"company={MIRROR}"}, None, MIRROR),
        ({"UV_DEFAULT_INDEX": "https://other"}, MIRROR, MIRROR),
        ({}, "https://user:secret@mirror.example/simple", MIRROR),
    ],
)
def test_the_index_that_was_asked_for(environ: dict[str, str], option: str | None, expected: str | None) -> None:
    assert default_index(choose(environ, (), option)) == expected


def test_the_index_of_a_settings_file_is_one_that_was_asked_for() -> None:
    assert default_index(choose({}, files(user=UV))) == "https://company.example/simple"


def test_what_is_not_the_default_is_told_with_who_said_so_and_without_secrets() -> None:
    environ = {
        "UV_DEFAULT_INDEX": "https://user:secret@h.example/simple",
        "UV_FIND_LINKS": "https://l.example/?k=secret",
    }
    assert told(choose(environ, ())) == (
        "https://***@h.example/simple (from UV_DEFAULT_INDEX)",
        "https://l.example/?*** (from UV_FIND_LINKS)",
    )
    assert told(choose({}, ())) == ()


def test_settings_that_are_not_used_are_told() -> None:
    found = choose({}, files(project="prerelease = 'allow'\nresolution = 'lowest'\n", user="no-build = true\n"))
    assert not_used(found) == (
        "/home/me/p/uv.toml: prerelease, resolution of uv's settings are not used here.",
        "/home/me/.config/uv/uv.toml: no-build of uv's settings are not used here.",
    )
    assert not_used(choose({}, files(user=UV))) == ()


# ------------------------------------------------------------------------------------------------ judging

FINE = [
    "https://index.test/simple",
    "HTTPS://INDEX.TEST/simple",
    "http://127.0.0.1:8080/simple",
    "http://127.9.9.9/simple",
    "http://[::1]:8080/simple",
    "http://localhost:8080/simple",
    "file:///srv/simple",
    "/srv/wheels",
    "./wheels",
    "C:\\wheels",
]
BAD = [
    "http://index.test/simple",
    "HTTP://INDEX.test/b",
    "http://127.0.0.1.index.test/simple",
    "http://index.test@127.0.0.1.evil.test/",
    "http://evil.test\\@127.0.0.1/simple",
    "http://evil.test\t@127.0.0.1/",
    " http://evil.test/",
    "http:evil.test",
    "http:/evil.test",
    "http:\\\\evil.test",
    "http://[broken",
    "ftp://index.test/",
    "git+http://index.test/x",
    "http://localhost.evil.test/",
    "http://evil.localhost/",
    "http://0.0.0.0/simple",
    "http://169.254.169.254/simple",
]


@pytest.mark.parametrize("url", FINE)
def test_an_index_is_https_or_a_file_or_on_this_machine(url: str) -> None:
    assert insecure(url) is None


@pytest.mark.parametrize("url", BAD)
def test_anything_else_is_insecure(url: str) -> None:
    assert insecure(url)


@pytest.mark.parametrize(
    ("entry", "url", "fine"),
    [
        ("index.test", "http://index.test/", True),
        ("INDEX.test", "http://index.test/", True),
        ("index.test:80", "http://index.test/", True),
        ("index.test:80", "http://index.test:8080/", False),
        ("http://index.test", "http://index.test/", True),
        ("https://index.test", "http://index.test/", False),
        ("*", "http://index.test/", True),
        ("test", "http://index.test/", False),
        ("index.test:x", "http://index.test/", False),
        ("", "http://index.test/", False),
        ("other.test", "http://index.test/", False),
        ("index.test", "http://index.test\\@evil.test/", False),
    ],
)
def test_a_host_can_be_allowed(entry: str, url: str, fine: bool) -> None:
    assert (insecure(url, [entry]) is None) is fine


@given(st.from_regex(r"[a-z]{1,10}\.(test|example)", fullmatch=True), st.sampled_from(["", ":80", ":8443"]))
def test_no_plain_host_of_the_network_is_ever_fine(host: str, port: str) -> None:
    assert insecure(f"http://{host}{port}/simple")
    assert insecure(f"https://{host}{port}/simple") is None


@pytest.mark.parametrize(
    ("environ", "refused"),
    [
        ({"UV_DEFAULT_INDEX": "http://user:secret@index.test/simple?token=x"}, "http://***@index.test/simple?***"),
        ({"UV_INDEX": "mine=http://index.test/a other=https://fine.test"}, "http://index.test/a"),
        ({"PIP_EXTRA_INDEX_URL": "https://fine.test HTTP://INDEX.test/b"}, "http://INDEX.test/b"),
        ({"UV_FIND_LINKS": "wheels,http://index.test/l"}, "http://index.test/l"),
        ({"UV_PYTHON_INSTALL_MIRROR": "http://index.test/py"}, "http://index.test/py"),
        ({"UV_PYTHON_DOWNLOADS_JSON_URL": "http://index.test/py.json"}, "http://index.test/py.json"),
        ({"PIP_INDEX_URL": "http://index.test/", "PIP_TRUSTED_HOST": "test"}, "http://index.test/"),
    ],
    ids=str,
)
def test_every_variable_with_an_address_is_judged(environ: dict[str, str], refused: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_insecure(choose(environ, ()))
    assert f"The index {refused} is neither https" in caught.value.message
    assert f"({next(iter(environ))} names it.)" in caught.value.message
    assert "secret" not in caught.value.message
    assert "token" not in caught.value.message
    assert caught.value.hint.endswith("UV_INSECURE_HOST=index.test")


@pytest.mark.parametrize(
    "text",
    [
        'index-url = "http://index.test/simple"',
        'extra-index-url = ["http://index.test/simple"]',
        'find-links = ["http://index.test/simple"]',
        'index = [{ url = "http://index.test/simple", default = true }]',
        'index = [{ url = "http://index.test/simple" }]',
        'index = [{ name = "x", url = "http://index.test/simple", explicit = true }]',
        '[pip]\nindex-url = "http://index.test/simple"',
        '[pip]\nextra-index-url = ["http://index.test/simple"]',
        '[pip]\nfind-links = ["http://index.test/simple"]',
        'python-install-mirror = "http://index.test/simple"',
        'python-downloads-json-url = "http://index.test/simple"',
    ],
)
def test_every_key_with_an_address_is_judged_and_its_place_is_named(text: str) -> None:
    line = 2 if text.startswith("[pip]") else 1
    with pytest.raises(UsageError, match=rf"uv\.toml:{line} names it"):
        refuse_insecure(choose({}, files(project=text)))
    refuse_insecure(choose({"UV_INSECURE_HOST": "index.test"}, files(project=text)))
    refuse_insecure(choose({}, files(project=f'allow-insecure-host = ["index.test"]\n{text}')))


def test_a_file_that_an_index_leads_to_is_judged() -> None:
    refuse_files(["https://files.test/a.whl", "file:///srv/a.whl"], ())
    refuse_files(["http://files.test/a.whl"], ["files.test"])
    with pytest.raises(UsageError, match=r"http://files\.test/a\.whl is neither https.*leads to this file"):
        refuse_files(["https://files.test/a.whl", "http://files.test/a.whl"], ())


def test_nothing_said_is_nothing_refused() -> None:
    refuse_insecure(Choice())


@pytest.mark.parametrize(
    ("index", "page"),
    [
        ("https://h/simple", "https://h/simple/six/"),
        ("https://h/simple/", "https://h/simple/six/"),
        ("https://h", "https://h/six/"),
        ("https://h/simple?token=x", "https://h/simple/six/?token=x"),
        ("https://u:p@h/simple/?a=1&b=2#frag", "https://u:p@h/simple/six/?a=1&b=2"),
        ("file:///srv/simple", "file:///srv/simple/six/"),
    ],
)
def test_a_project_s_page_is_a_step_of_the_path(index: str, page: str) -> None:
    assert project_page(index, "six") == page


@pytest.mark.process
def test_a_file_that_is_known_by_its_hash_is_taken_from_whichever_index_has_it(tmp_path: Path) -> None:
    from uv import find_uv_bin

    additional, public = IndexFolder(tmp_path / "additional"), IndexFolder(tmp_path / "public")
    additional.add("alpha", "1.0", "py3-none-any")
    wanted = public.add("alpha", "2.0", "py3-none-any")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"alpha==2.0 --hash=sha256:{hashlib.sha256(wanted.read_bytes()).hexdigest()}\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    environ |= {"UV_INDEX": additional.root.as_uri(), "UV_DEFAULT_INDEX": public.root.as_uri(), "UV_NO_CONFIG": "1"}
    command = [find_uv_bin(), "pip", "install", "--dry-run", "--target", str(tmp_path / "there"), "--no-deps"]
    command += ["--python", sys.executable, "--cache-dir", str(tmp_path / "cache")]

    def tried(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *options, "-r", str(lock)], env=environ, capture_output=True, text=True, check=False
        )

    assert "+ alpha==2.0" in tried(*BY_HASH).stderr
    assert "unsatisfiable" in tried("--require-hashes").stderr  # what uv does by itself
