"""What the bootstrap repeats of ground's rules, since it can import nothing of ours, is the same rule."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap import certificates, environment, indexes, settings
from tfsetup.ground import certificates as grounds_certificates
from tfsetup.ground import environ as grounds_environ
from tfsetup.ground import index as grounds_index
from tfsetup.ground.certificates import certificates as grounds_rule
from tfsetup.ground.uv_files import Here, find

ROOT = Path(__file__).parents[3]
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "UV_SYSTEM_CERTS")
INDEXES = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX",
    "UV_EXTRA_INDEX_URL", "UV_INSECURE_HOST",
)  # fmt: skip
HOSTS = st.sampled_from(
    ["a.example", "127.0.0.1", "[::1]", "localhost", "127.9.9.9", "10.0.0.1", "LOCALHOST", "", "[bad"]
)
TRUSTED = ["*", "a.example", "a.example:8080", "http://a.example", "https://a.example", "10.0.0.1:80", "a.example:x"]


@pytest.mark.parametrize("count", range(len(CERTIFICATES) + 1))
def test_the_same_certificates_are_believed_and_handed_to_uv(count: int, tmp_path: Path) -> None:
    for names in itertools.combinations(CERTIFICATES, count):
        for value in ("/a/file.pem", str(tmp_path), ""):
            for store in (True, False):
                environ = dict.fromkeys(names, value)
                theirs = grounds_rule(environ, store=store)
                assert tuple(certificates.named(environ)) == theirs.named, environ
                assert certificates.uv_variables(environ, store=store) == dict(theirs.uv), environ


def test_the_systems_store_is_looked_for_in_the_same_places() -> None:
    text = Path(grounds_certificates.__file__).read_text(encoding="utf-8")
    assert tuple(re.findall(r'^    "(/etc/\S+)",$', text, re.MULTILINE)) == certificates.STORES
    assert certificates.has_store() == grounds_certificates.has_store()


@given(st.dictionaries(st.sampled_from(INDEXES), st.sampled_from(["", "https://a", "b.example"])))
def test_uv_is_told_the_same_of_pips_variables(environ: dict[str, str]) -> None:
    assert indexes.uv_variables(environ) == grounds_index.index_variables(environ)
    assert indexes.trusted_hosts(environ) == grounds_index.trusted_hosts(environ)


@given(st.lists(st.sampled_from(["https://a/s", "file:///s", "FILE:/s", "/s", "C:\\s", "http://b"])).map(" ".join))
def test_the_same_folders_of_pips_files_are_left_out(text: str) -> None:
    assert indexes.elsewhere(text) == grounds_index.elsewhere(text)


@given(
    st.sampled_from(["https", "http", "HTTP", "file", "ftp", "git+https", ""]),
    HOSTS,
    st.sampled_from(["", ":80", ":8080", ":x"]),
    st.sampled_from(["/simple", "/a b", "\\x", "/%20"]),
    st.sets(st.sampled_from(TRUSTED)),
)
def test_the_same_addresses_are_refused(scheme: str, host: str, port: str, path: str, trusted: set[str]) -> None:
    url = f"{scheme}://{host}{port}{path}" if scheme else f"{host}{path}"
    assert indexes.insecure(url, trusted) == (grounds_index.insecure(url, trusted) is not None), url


@pytest.mark.parametrize("named", [None, "here.toml"])
@pytest.mark.parametrize("off", ["", "UV_NO_CONFIG", "UV_NO_SYSTEM_CONFIG"])
@pytest.mark.parametrize("xdg", [None, "xdg", "relative"])
def test_the_same_settings_files_of_uv_count(tmp_path: Path, named: str | None, off: str, xdg: str | None) -> None:
    home, clone = tmp_path / "home", tmp_path / "work" / "clone"
    for name in (".config/uv/uv.toml", "xdg/uv/uv.toml", "etc/uv/uv.toml"):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text('index-url = "https://i.example"\n')
    clone.mkdir(parents=True)
    (clone / "here.toml").write_text("offline = true\n")
    (clone / "pyproject.toml").write_text('[project]\nname = "not-of-uv"\n')
    (tmp_path / "work" / "pyproject.toml").write_text('[tool.uv]\nindex-url = "https://w.example"\n')
    environ = {"HOME": str(home), "XDG_CONFIG_DIRS": f"{home / 'none'}:{home / 'etc'}"}
    environ |= {"UV_CONFIG_FILE": named} if named else {}
    environ |= {off: "1"} if off else {}
    environ |= {"XDG_CONFIG_HOME": str(home / xdg) if xdg == "xdg" else xdg} if xdg else {}
    theirs = find(environ, Here(cwd=str(clone), home=str(home)), lambda path: settings.read(Path(path)))
    ours = settings.uv_files(environ, clone)
    assert [(str(path), table) for path, table in ours] == [(file.path, file.table) for file in theirs]
    assert bool(ours) == bool(named or off != "UV_NO_CONFIG")


def test_what_a_child_must_not_see_is_said_in_one_file_that_an_old_python_reads() -> None:
    environ = {name.replace("*", "X"): "1" for name in grounds_environ.REMOVED} | {"UV_OFFLINE": "1", "PATH": "/bin"}
    assert environment._environ(ROOT).scrub(environ) == grounds_environ.scrub(environ)
    tree = ast.parse(Path(grounds_environ.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"__future__", "collections.abc", "typing"}


def test_nothing_of_it_imports_ours() -> None:
    for path in (ROOT / "scripts" / "bootstrap").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in ("tfsetup", "requests", "packaging")], path
