"""Packages read where they lie: what is fetched, what is checked, and that it is what an installer would write."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from support.channel_archive import PLACEHOLDER, Entry, Package, read_index, write_conda
from support.conda import settings
from tfsetup.envs.conda.engine import link
from tfsetup.envs.conda.unpack import pieces, unpacked
from tfsetup.errors import NetworkError
from tfsetup.loader.files.prefix import PrefixView
from tfsetup.locks.conda.model import CondaPackage
from tfsetup.locks.conda.run import local_path

BINARY = b"\x7fELF\0" + PLACEHOLDER.encode() + b"/lib\0tail"
FILES = (
    Entry("lib/libblas.so.3", link="libreal.so"),
    Entry("lib/libreal.so", b"\x7fELF real"),
    Entry("lib/now", link="deep"),
    Entry("lib/deep/inner.so", b"\x7fELF inner"),
    Entry("lib/with-prefix.so", BINARY, placeholder=PLACEHOLDER, file_mode="binary"),
    Entry("share/text.txt", f"prefix={PLACEHOLDER}\n".encode(), placeholder=PLACEHOLDER),
)


def written(channel: Path, package: Package) -> CondaPackage:
    """Write a package into a channel and return it as a lock has it."""
    path = write_conda(package, channel)
    facts = read_index(path)
    return CondaPackage(
        name=package.name,
        version=package.version,
        build=package.build,
        subdir=package.subdir,
        url=path.as_uri(),
        md5=facts["md5"],
        sha256=facts["sha256"],
        depends=tuple(package.depends),
    )


@pytest.fixture
def libs(tmp_path: Path) -> CondaPackage:
    return written(tmp_path / "channel", Package("libs", "1.0", "h0_0", "linux-64", entries=list(FILES)))


def content(view: PrefixView, path: str) -> bytes:
    entry = view.lookup(path)
    assert entry is not None, path
    assert entry.source is not None, path
    return entry.source.read(0, entry.source.size)


def test_the_view_is_what_an_installer_writes(libs: CondaPackage, tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    link([libs], "linux-64", prefix, settings(tmp_path), offline=False)
    names = ["lib/libblas.so.3", "lib/libreal.so", "lib/now/inner.so", "lib/deep/inner.so", "lib/with-prefix.so"]
    with unpacked([libs], settings(tmp_path), offline=False) as folders:
        view = PrefixView(pieces(folders, str(prefix)), at=str(prefix))
        seen: Mapping[str, bytes] = {name: content(view, f"{prefix}/{name}") for name in names}
        assert view.lookup(f"{prefix}/info/paths.json") is None
    assert seen == {name: (prefix / name).read_bytes() for name in names}
    assert str(prefix).encode() in seen["lib/with-prefix.so"]
    assert not any(folder.exists() for folder in folders)


def test_what_is_pure_python_is_not_fetched(libs: CondaPackage, tmp_path: Path) -> None:
    nowhere = replace(libs, name="pure", subdir="noarch", url="http://127.0.0.1:9/forge/noarch/pure-1.0-h0_0.conda")
    with unpacked([libs, nowhere], settings(tmp_path), offline=False) as folders:
        assert len(folders) == 1


def test_an_archive_that_is_not_the_locked_one_is_not_looked_at(libs: CondaPackage, tmp_path: Path) -> None:
    wrong = replace(libs, sha256="0" * 64)
    refused = pytest.raises(NetworkError, match="is not the archive that was locked")
    with refused, unpacked([wrong], settings(tmp_path), offline=False):
        pytest.fail("it was unpacked")


def test_a_damaged_archive_is_named(libs: CondaPackage, tmp_path: Path) -> None:
    path = local_path(libs.url)
    path.write_bytes(path.read_bytes()[:300])
    cut = replace(libs, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    refused = pytest.raises(
        NetworkError, match=r"Reading the conda packages \(libs-1\.0-h0_0\.conda\): a package is not"
    )
    with refused, unpacked([cut], settings(tmp_path), offline=False):
        pytest.fail("it was unpacked")


def test_offline_nothing_is_fetched(libs: CondaPackage, tmp_path: Path) -> None:
    away = replace(libs, url="http://127.0.0.1:9/forge/linux-64/libs-1.0-h0_0.conda")
    refused = pytest.raises(NetworkError, match=r"libs-1\.0-h0_0\.conda would have to be fetched .* --offline forbids")
    with refused, unpacked([away], settings(tmp_path), offline=True):
        pytest.fail("it was unpacked")
