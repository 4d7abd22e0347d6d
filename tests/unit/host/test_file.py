"""Host files: what is read comes out again, and what is wrong is told with its place."""

from __future__ import annotations

import io
import json
import string
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.messages import message
from tfsetup.errors import Code, InvalidFileError
from tfsetup.ground.encode import encode
from tfsetup.host.file import parse_host, read_host
from tfsetup.host.model import Cpu, Gpu, Host, Libc, Python

CASES = Path(__file__).parents[2] / "cases"
HOSTS = sorted(path for path in (CASES / "hosts").glob("*.json") if not path.name.endswith(".expected.json"))
INVALID = sorted((CASES / "host" / "invalid").glob("*.json"))


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.stem)
def test_a_host_file_comes_out_as_it_went_in(path: Path) -> None:
    host = read_host(path)
    written = encode(host)
    sources = written.pop("sources")
    assert written == json.loads(path.read_text())
    assert {name for name, source in sources.items() if source == str(path)} == set(written)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_is_refused_in_these_words(path: Path) -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse_host(path.read_text(), path.name)
    assert caught.value.code is Code.INVALID_FILE
    assert message(caught.value) == path.with_suffix(".txt").read_text()


def test_there_are_enough_machines() -> None:
    systems = [read_host(path).os for path in HOSTS]
    assert len(HOSTS) >= 60
    assert {system: systems.count(system) >= 8 for system in ("macos", "linux", "windows")} == {
        "macos": True,
        "linux": True,
        "windows": True,
    }


def test_left_out_and_null_are_both_could_not_tell_and_empty_is_not() -> None:
    assert parse_host("{}", "h").gpus is None
    assert parse_host('{"gpus": null}', "h").gpus is None
    assert parse_host('{"gpus": []}', "h").gpus == ()
    assert parse_host('{"rosetta": false}', "h").rosetta is False


def test_every_fact_names_the_file_and_the_missing_ones_say_so() -> None:
    sources = parse_host('{"os": "linux"}', "h.json").sources
    assert sources["os"] == "h.json"
    assert sources["gpus"] == "not in h.json"
    assert len(sources) == 12


def test_what_tfsetup_prints_is_taken_back() -> None:
    host = parse_host(HOSTS[0].read_text(), "x")
    document = {"schema": 1, "tool": "tfsetup", "command": "host", "status": "ok", "data": encode(host)}
    assert parse_host(json.dumps(document), "x") == host


def test_a_translated_process_runs_on_arm64_whatever_it_sees() -> None:
    text = '{"os": "macos", "arch": "x86_64", "rosetta": true, "pythons": [{"version": "3.12", "arch": "x86_64"}]}'
    host = parse_host(text, "h")
    assert host.arch == "arm64"
    assert host.pythons is not None
    assert host.pythons[0].arch == "x86_64"


@pytest.mark.parametrize(
    ("system", "given_arch", "arch"),
    [("linux", "arm64", "aarch64"), ("macos", "aarch64", "arm64"), ("windows", "aarch64", "arm64")],
)
def test_64_bit_arm_has_one_name_a_system(system: str, given_arch: str, arch: str) -> None:
    document = {"os": system, "arch": given_arch, "pythons": [{"version": "3.12.1", "arch": given_arch}]}
    host = parse_host(json.dumps(document), "h")
    assert host.pythons is not None
    assert (host.arch, host.pythons[0].arch) == (arch, arch)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_editors_and_powershell_write_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "host.json"
    path.write_text('{"os": "linux", "cpu": {"brand": "Prozeßor"}}', encoding=encoding)
    host = read_host(path)
    assert host.cpu == Cpu(brand="Prozeßor")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"os": "windows"}')))
    assert read_host(Path("-")).os == "windows"


def refused(path: Path) -> str:
    with pytest.raises(InvalidFileError) as caught:
        read_host(path)
    return message(caught.value).replace(str(path), "FILE")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    hint = "hint: `tfsetup host --json > host.json` writes a valid host file to start from.\n"
    missing = "invalid-file: There is no such host file.\nat FILE\n"
    folder = "invalid-file: The host file is a folder.\nat FILE\n"
    assert refused(tmp_path / "none.json") == missing + hint
    assert refused(tmp_path) == folder + hint
    assert "cannot be read" in refused(Path("a\0b"))


def test_a_file_that_is_too_large_or_no_text(tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    path.write_bytes(b" " * 1_000_001)
    assert "larger than 1 MB" in refused(path)
    path.write_bytes(b'{"os":\n  "\xe9t\xe9"}')
    words = "invalid-file: The host file is not UTF-8 text.\nat FILE:2:4\nhint: Save it as UTF-8.\n"
    assert refused(path) == words


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
versions = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}", fullmatch=True)
arches = st.sampled_from(["x86_64", "armv7l", "i686"])
gpus = st.builds(
    Gpu,
    vendor=st.sampled_from(["apple", "nvidia", "amd", "intel"]),
    name=st.none() | texts,
    driver=st.none() | versions,
    compute_capability=st.none() | st.from_regex(r"[0-9]\.[0-9]", fullmatch=True),
)
pythons = st.builds(
    Python,
    version=st.from_regex(r"3\.[0-9]{1,2}(\.[0-9]{1,2})?(rc[0-9])?", fullmatch=True),
    arch=st.none() | arches,
    path=st.none() | texts,
    free_threaded=st.none() | st.booleans(),
)
cpus = st.builds(
    Cpu,
    brand=st.none() | texts,
    features=st.none() | st.lists(st.text(string.ascii_lowercase + "_", min_size=1, max_size=9)).map(tuple),
)
libcs = st.builds(Libc, name=st.sampled_from(["glibc", "musl"]), version=st.none() | versions)
hosts = st.builds(
    Host,
    os=st.just("linux"),
    os_version=st.none() | texts,
    arch=st.none() | arches,
    rosetta=st.none() | st.just(value=False),
    wsl=st.none() | st.booleans(),
    libc=st.none() | libcs,
    page_size=st.none() | st.sampled_from([4096, 16384, 65536]),
    cpu=st.none() | cpus,
    gpus=st.none() | st.lists(gpus, max_size=3).map(tuple),
    pythons=st.none() | st.lists(pythons, max_size=3).map(tuple),
    python_downloads=st.none() | st.booleans(),
    xcode_clt=st.none() | st.booleans(),
)


@given(hosts)
def test_any_host_survives_writing_and_reading(host: Host) -> None:
    again = parse_host(json.dumps(encode(host)), "h")
    expected, written = encode(host), encode(again)
    del expected["sources"], written["sources"]
    assert written == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_a_host_or_is_refused_with_a_place(value: Any) -> None:
    told = outcome(json.dumps(value))
    assert told.startswith(("Host(", "refused h:1:"))


def outcome(text: str) -> str:
    """Return what was read, or that it was refused and where."""
    try:
        return repr(parse_host(text, "h"))
    except InvalidFileError as error:
        return f"refused {error.where}: {error.message}"
