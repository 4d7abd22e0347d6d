"""The verdict on a conda lock: what a prefix's own libraries change is seen from the archives, nothing is linked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from support.channel_archive import Entry, Package, read_index, write_conda
from support.conda import package, platform_lock
from support.elf_build import Define, Import, Library, build_elf
from tfsetup.errors import LockError, UsageError
from tfsetup.host.model import Host, Libc
from tfsetup.locks.conda.lockfile import as_lock, make_lock, seal
from tfsetup.locks.conda.model import CondaPackage, PlatformLock
from tfsetup.locks.model import Origin
from tfsetup.locks.proof import Proof
from tfsetup.workflows.backends import Case
from tfsetup.workflows.prefixes import prefix_of
from tfsetup.workflows.preflight import judge, preflight
from tfsetup.workflows.prove import Prover, known

HOST = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"))
SITE = "lib/python3.12/site-packages"
PYTHON = build_elf(Library(needed=("libc.so.6",), rpath="$ORIGIN/../lib", type=2))


def locked(channel: Path, *packages: Package) -> PlatformLock:
    """Write packages into a channel and return a lock of them, with an interpreter that looks into its own `lib`."""
    python = Package("python", "3.12.1", "h0_0", "linux-64", entries=[Entry("bin/python3.12", PYTHON, executable=True)])
    return replace(platform_lock(packages=tuple(_locked(channel, one) for one in (*packages, python))), wheels=())


def _locked(channel: Path, one: Package) -> CondaPackage:
    path = write_conda(one, channel)
    facts = read_index(path)
    return package(one.name, one.version, build=one.build, url=path.as_uri(), md5=facts["md5"], sha256=facts["sha256"])


def libs(name: str, *entries: Entry) -> Package:
    return Package(name, "1.0", "h0_0", "linux-64", entries=list(entries))


def extension(needed: str, *, symbol: str, version: str | None = None) -> Entry:
    """A module that TensorFlow's neighbours have many of: it needs one library, and one symbol of it."""
    imports = (Import(name=symbol, version=(needed, version) if version else None),)
    wanted = {needed: (version,)} if version else {}
    starts = (Define(name="PyInit_fast"),)
    made = build_elf(Library(needed=(needed,), imports=imports, needs=wanted, defines=starts))
    return Entry(f"{SITE}/fast.cpython-312-x86_64-linux-gnu.so", made)


def standard_library(*versions: str) -> Entry:
    defines = (Define(name="_ZSt4cout", version=versions[-1]),)
    made = Library(soname="libstdc++.so.6", versions=("libstdc++.so.6", *versions), defines=defines)
    return Entry("lib/libstdc++.so.6", build_elf(made))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(tmp_path / "cache" / "rattler"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def case(part: PlatformLock, host: Host = HOST) -> Case:
    """The case that the conda backend makes of a platform."""
    lock = as_lock(part)
    origin = Origin(row=part.row, platform=part.subdir, python="3.12")
    return Case(name=part.subdir, key=part.subdir, lock=lock, origin=origin, packages=lock.packages, host=host)


PROVER = Prover()


def judged(part: PlatformLock) -> tuple[str, Sequence[str]]:
    proof = PROVER.prove(case(part))
    return proof.verdict, proof.reasons


NEW = extension("libstdc++.so.6", symbol="_ZSt4cout", version="GLIBCXX_3.4.30")


def test_the_system_s_library_would_do(tmp_path: Path) -> None:
    assert judged(locked(tmp_path, libs("fast", NEW))) == ("loads", ())


def test_a_conda_libstdcxx_that_is_too_old_comes_first_and_is_seen(tmp_path: Path) -> None:
    old = libs("libstdcxx", standard_library("GLIBCXX_3.4.20", "GLIBCXX_3.4.21"))
    verdict, reasons = judged(locked(tmp_path, libs("fast", NEW), old))
    module = f"/conda/{NEW.path}"
    text = f"/conda/bin/../lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by {module})"
    assert (verdict, list(reasons)) == ("fails", [f"{module}: {text}"])


def test_a_conda_libstdcxx_that_is_new_enough_will_do(tmp_path: Path) -> None:
    new = libs("libstdcxx", standard_library("GLIBCXX_3.4.20", "GLIBCXX_3.4.30"))
    assert judged(locked(tmp_path, libs("fast", NEW), new)) == ("loads", ())


@pytest.mark.parametrize(("symbol", "verdict"), [("pthread_create", "loads"), ("nobody_has_this", "fails")])
def test_a_name_without_version_may_be_the_c_library_s(tmp_path: Path, symbol: str, verdict: str) -> None:
    """With an interpreter that can be read, the system's C library is still known by its table only."""
    assert judged(locked(tmp_path, libs("fast", extension("libc.so.6", symbol=symbol))))[0] == verdict


BLAS = extension("libcblas.so.3", symbol="cblas_sgemm")


def blas(name: str, symbol: str) -> tuple[Package, Package]:
    """The two packages of a BLAS as conda-forge has them: names that are links, and what they lead to."""
    code = build_elf(Library(soname="libcblas.so.3", defines=(Define(name=symbol),)))
    links = libs("libcblas", Entry("lib/libcblas.so.3", link=f"lib{name}.so.0"))
    return links, libs(name, Entry(f"lib/lib{name}.so.0", code))


def test_the_blas_that_links_lead_to_is_found_in_its_own_package(tmp_path: Path) -> None:
    assert judged(locked(tmp_path, libs("fast", BLAS), *blas("openblas", "cblas_sgemm"))) == ("loads", ())


def test_a_blas_without_what_is_called_is_seen(tmp_path: Path) -> None:
    verdict, reasons = judged(locked(tmp_path, libs("fast", BLAS), *blas("otherblas", "cblas_dgemm")))
    assert (verdict, reasons[0].endswith("undefined symbol: cblas_sgemm")) == ("fails", True)


def test_a_blas_whose_links_lead_nowhere_is_seen(tmp_path: Path) -> None:
    links, _ = blas("openblas", "cblas_sgemm")
    verdict, reasons = judged(locked(tmp_path, libs("fast", BLAS), links))
    assert verdict == "fails"
    assert "libcblas.so.3: cannot open shared object file" in reasons[0]


def test_the_view_is_gone_when_it_was_judged(tmp_path: Path) -> None:
    lock = locked(tmp_path, libs("fast", NEW))
    with prefix_of(lock, HOST) as subject:
        assert subject.executable == "/conda/bin/python3.12"
        assert subject.site == f"/conda/{SITE}"
        assert preflight(subject, HOST, python="3.12").verdict == "loads"
        left = list(tmp_path.glob("tfsetup-*"))
        assert left
    assert not any(folder.exists() for folder in left)


def test_a_stand_in_python_has_no_interpreter(tmp_path: Path) -> None:
    lock = locked(tmp_path, libs("fast", NEW))
    lock = replace(lock, packages=tuple(one for one in lock.packages if one.name != "python"))
    with prefix_of(lock, HOST) as subject:
        assert subject.executable is None


def test_what_cannot_be_read_is_not_judged(tmp_path: Path) -> None:
    lock = locked(tmp_path, libs("fast", NEW))
    for archive in (tmp_path / "linux-64").glob("fast*"):
        archive.unlink()
    verdict, reasons = judged(lock)
    assert verdict == "undecided"
    assert reasons[0].startswith("the packages could not be read: ")


def prove_all(one: Case, *recorded: Proof) -> Proof:
    return PROVER.prove_all({one.name: one}, recorded)[one.name]


def test_the_same_files_on_the_same_machine_are_judged_once(tmp_path: Path) -> None:
    lock = locked(tmp_path, libs("fast", NEW))
    first = prove_all(case(lock))
    for archive in (tmp_path / "linux-64").glob("*.conda"):
        archive.unlink()
    assert prove_all(case(lock)) == first
    other = case(lock, replace(HOST, libc=Libc(name="glibc", version="2.17")))
    assert known(other, [first]) is None
    assert prove_all(other, first).verdict == "undecided"


def test_a_record_of_other_packages_says_nothing(tmp_path: Path) -> None:
    lock = locked(tmp_path, libs("fast", NEW))
    proof = case(lock).proof("loads", [])
    assert proof.sha256 == seal(lock)
    changed = replace(lock, packages=lock.packages[1:])
    assert known(case(lock), [proof]) == proof
    assert known(case(changed), [proof]) is None
    assert known(case(lock), [case(lock).proof("undecided", ["why"])]) is None


def test_preflight_takes_a_conda_lock_by_itself(tmp_path: Path) -> None:
    lock = locked(tmp_path, libs("fast", NEW))
    path = tmp_path / "conda-lock.yml"
    path.write_text(make_lock([lock], ()).text)
    told: list[str] = []
    assert judge([path], HOST, told=told.append).report.verdict == "loads"
    assert told[0] == "Reading the linux-64 packages and wheels where they lie; nothing is linked"
    with pytest.raises(UsageError, match="judged by itself"):
        judge([str(path), "x.whl"], HOST)
    with pytest.raises(LockError, match=r"for Python 3\.12, and 3\.13 is asked for"):
        judge([str(path)], HOST, python="3.13")
    with pytest.raises(LockError, match="no packages for osx-arm64"):
        judge([str(path)], Host(os="macos", os_version="14.0", arch="arm64"))
