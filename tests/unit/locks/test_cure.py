"""The wheel that cures: its bytes, what is in it, and that only the right one is taken for it."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from dataclasses import replace

import pytest

from support.locks import origin, package
from support.matrix import shipped
from tfsetup.ground.start_up import START_UP, start_up_text
from tfsetup.locks.cure import FILE, as_locked, carried, cure_wheel, others
from tfsetup.locks.model import Lock
from tfsetup.locks.venv.pylock import read_pylock
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.model import Expectation, Selection

ONE = {"TURN_OFF_REMAPPER": "1"}
TWO = {"TURN_OFF_REMAPPER": "1", "OTHER": "x"}
SHA256 = "5ec4d7266360347ca283635600564fc8cef7f943fb767d4354d101407b5f229f"


def opened(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


def test_its_bytes_are_the_same_on_every_machine() -> None:
    wheel = cure_wheel(ONE)
    assert wheel == cure_wheel(dict(ONE))
    assert wheel.filename == "tfsetup_cures-1.21218759-py3-none-any.whl"
    assert len(wheel.content) < 1500
    assert hashlib.sha256(wheel.content).hexdigest() == SHA256
    assert cure_wheel(TWO) == cure_wheel(dict(reversed(TWO.items())))


def test_nothing_of_this_moment_or_this_system_is_in_it() -> None:
    for entry in opened(cure_wheel(ONE).content).infolist():
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert (entry.create_system, entry.external_attr >> 16) == (3, 0o100644)
        assert entry.compress_type == zipfile.ZIP_STORED
        assert entry.extra == b""


def test_what_a_wheel_must_have_and_the_start_up_file() -> None:
    wheel = cure_wheel(ONE)
    archive = opened(wheel.content)
    info = f"tfsetup_cures-{wheel.version}.dist-info"
    assert archive.namelist() == [START_UP, f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"]
    assert archive.read(START_UP).decode() == start_up_text(ONE)
    about = archive.read(f"{info}/METADATA").decode()
    assert f"Name: tfsetup-cures\nVersion: {wheel.version}\n" in about
    assert "TURN_OFF_REMAPPER" in about
    assert "Root-Is-Purelib: true\nTag: py3-none-any\n" in archive.read(f"{info}/WHEEL").decode()
    rows = [line.split(",") for line in archive.read(f"{info}/RECORD").decode().splitlines()]
    assert rows.pop() == [f"{info}/RECORD", "", ""]
    for path, digest, size in rows:
        content = archive.read(path)
        expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, int(size)) == (f"sha256={expected}", len(content))
    assert {row[0] for row in rows} == set(archive.namelist()[:-1])


@pytest.mark.parametrize("other", [TWO, {"TURN_OFF_REMAPPER": "0"}, {"TURN_OFF_REMAPPEr": "1"}])
def test_another_content_has_another_version(other: dict[str, str]) -> None:
    assert cure_wheel(other).version != cure_wheel(ONE).version
    assert FILE.fullmatch(cure_wheel(other).filename)


def test_a_lock_names_it_by_a_path_beside_it_and_reads_it_again() -> None:
    wheel = cure_wheel(ONE)
    lock = write_lock([package("alpha", "1.0"), wheel.package], origin(cures=ONE), "pylock")
    sha256 = hashlib.sha256(wheel.content).hexdigest()
    line = (
        f'    {{ name = "{wheel.filename}", path = "{wheel.filename}", size = {len(wheel.content)}, '
        f'hashes = {{ sha256 = "{sha256}" }} }},\n'
    )
    assert line in lock.text
    assert 'cures.TURN_OFF_REMAPPER = "1"\n' in lock.text
    again = read_pylock(lock.text, file="pylock.row.toml")
    assert again == lock
    assert carried(again, ONE) == wheel
    assert [one.name for one in others(again)] == ["alpha"]


def test_only_the_wheel_for_these_variables_counts() -> None:
    def lock(*packages: object) -> Lock:
        return Lock(text="", packages=tuple(packages))  # type: ignore[arg-type]

    mine = cure_wheel(ONE).package
    assert carried(lock(mine), ONE) == cure_wheel(ONE)
    assert carried(lock(mine), TWO) is None
    assert carried(lock(mine), {}) is None
    assert carried(lock(), ONE) is None
    forged = replace(mine, wheels=(replace(mine.wheels[0], sha256="0" * 64),))
    assert carried(lock(forged), ONE) is None
    assert carried(lock(replace(mine, marker="os_name == 'nt'")), ONE) is None


def test_the_defects_are_those_of_what_a_lock_holds() -> None:
    expect = Expectation(devices=("CPU", "GPU"), blas=None, arch="arm64")
    selected = Selection(installable=True, row="macos-arm64-metal", expect=expect)
    known = shipped().hazards
    found = as_locked(selected, {"tensorflow-metal": "1.1.0"}, known, "14.4")
    assert [hazard.id for hazard in found.hazards] == ["metal-activation-dropped"]
    assert found.environment == ONE
    assert found.expect == replace(expect, environment=ONE)
    safe = as_locked(found, {"tensorflow-metal": "0.8.0"}, known, "14.4")
    assert (safe.hazards, safe.environment) == ((), {})
    assert safe.expect == expect
    assert as_locked(replace(selected, expect=None), {}, known, None).expect is None
