"""Linking locked packages into a prefix with rattler: the one module of this package that touches the world.

What rattler leaves to its caller is done here: archives that no server vouches for are hashed, the cache is checked
against the packages' own lists, the prefix is made absolute, bytecode is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tfsetup.envs.conda.records import records
from tfsetup.errors import BuildError, NetworkError
from tfsetup.ground.children import run_child
from tfsetup.locks.conda.condarc import Settings, channels, private
from tfsetup.locks.conda.failures import package_failed
from tfsetup.locks.conda.files import packages_folder
from tfsetup.locks.conda.library import rattler, wait_for
from tfsetup.locks.conda.model import CondaPackage
from tfsetup.locks.conda.run import client, local_path

if TYPE_CHECKING:
    from rattler import Client, PackageCache, RepoDataRecord

OWN: Final = ".tfsetup"
"""Within the user's package cache: for archives whose names another archive has there."""

_DOING = "Building the conda prefix"


@dataclass(kw_only=True)
class Downloads:
    """rattler's reporter: how long at least one download was running, in seconds, and how many packages were linked.

    Called on rattler's threads; what it raised would be lost.
    """

    seconds: float = 0.0
    linked: int = 0
    _running: int = 0
    _since: float = 0.0
    _gate: threading.Lock = field(default_factory=threading.Lock)

    def on_download_start(self, cache_entry: int) -> int:
        """Count a download in."""
        with self._gate:
            if self._running == 0:
                self._since = time.perf_counter()
            self._running += 1
        return cache_entry

    def on_download_completed(self, _download: int) -> None:
        """Count it out."""
        with self._gate:
            self._running -= 1
            if self._running == 0:
                self.seconds += time.perf_counter() - self._since

    def on_link_complete(self, _index: int) -> None:
        """Count a package."""
        with self._gate:
            self.linked += 1


def link(packages: Sequence[CondaPackage], subdir: str, prefix: Path, mine: Settings, *, offline: bool) -> Downloads:
    """Make `prefix` hold exactly these packages, each checked against its sha256; nothing of theirs is run.

    Raises:
        UsageError: py-rattler is missing.
        NetworkError: an archive could not be fetched or is not the locked one.
        BuildError: linking failed.
    """
    library = rattler()
    # A relative prefix would be written into scripts as it is.
    prefix = Path(os.path.abspath(prefix))  # noqa: PTH100 - links are not followed: the path is what scripts name
    check_local(packages)
    found = records(packages, _urls(packages, mine))
    # The default trusts what lies unpacked in the cache, whoever changed it since.
    full = library.ValidationMode.full()
    cache = library.PackageCache.new_layered([own_cache(packages, packages_folder(mine))], validation_mode=full)
    downloads = Downloads()
    wait_for(_link(found, subdir, prefix, cache, downloads, client(mine), offline=offline or mine.offline))
    _say_environment(prefix)
    return downloads


def own_cache(packages: Sequence[CondaPackage], folder: Path) -> Path:
    """Return where packages are kept: `folder`, or a folder in it where an entry of conda's there is another archive.

    rattler notes the hash of what it unpacked beside it, and looks; of what conda unpacked it believes the name alone.
    conda keeps the channel's record in the entry itself (`info/repodata_record.json`).
    """
    return folder if all(_may_be_used(folder / package.stem, package.sha256) for package in packages) else folder / OWN


def _may_be_used(entry: Path, sha256: str) -> bool:
    if not entry.is_dir():
        return True
    try:
        record = json.loads((entry / "info" / "repodata_record.json").read_bytes())
    except FileNotFoundError:
        return entry.with_name(f"{entry.name}.lock").exists()  # rattler's, which knows what it unpacked
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("sha256") == sha256


def _urls(packages: Sequence[CondaPackage], mine: Settings) -> list[str]:
    known = channels((), mine)
    return [private(package.url, known) for package in packages]


async def _link(
    found: list[RepoDataRecord],
    subdir: str,
    prefix: Path,
    cache: PackageCache,
    downloads: Downloads,
    http: Client,
    *,
    offline: bool,
) -> None:
    library = rattler()
    from rattler.exceptions import InstallerError, IoError, LinkError, TransactionError

    try:
        if offline:
            await _refuse_missing(found, cache)
        await library.install(
            found,
            target_prefix=prefix,
            package_cache=cache,
            platform=library.Subdir(subdir),
            execute_link_scripts=False,
            show_progress=False,
            reporter=downloads,
            client=http,
        )
    except (InstallerError, IoError, LinkError, TransactionError) as problem:
        raise package_failed(str(problem), doing=_DOING) from problem


async def _refuse_missing(found: list[RepoDataRecord], cache: PackageCache) -> None:
    index = await cache.index()
    missing = [
        record.file_name
        for record in found
        if not record.url.startswith("file:") and not index.contains_url(record, record.url)
    ]
    if missing:
        raise NetworkError(
            f"{len(missing)} packages are not in the cache, {missing[0]} for one, and --offline forbids to fetch them.",
            hint="Run once without --offline.",
        )


def check_local(packages: Sequence[CondaPackage]) -> None:
    """Check the sha256 of every archive that is a file of this machine: rattler checks only what comes over http.

    Raises:
        NetworkError: an archive is missing, or is not the locked one.
    """
    for package in packages:
        if not package.url.startswith("file:"):
            continue
        path = local_path(package.url)
        try:
            with path.open("rb") as archive:
                digest = hashlib.file_digest(archive, "sha256").hexdigest()
        except OSError as problem:
            message = f"{_DOING}: {path} cannot be read: {problem.strerror}."
            raise NetworkError(message, hint="Check the channel's folder, or lock anew.") from problem
        if digest != package.sha256:
            raise NetworkError(
                f"{_DOING}: {path.name} is not the archive that was locked: its hash differs "
                f"(locked {package.sha256[:12]}…, found {digest[:12]}…).",
                hint="Have the channel indexed anew and lock again, if you trust the new file.",
            )


def _say_environment(prefix: Path) -> None:
    """Write the file by which conda knows an environment, so that `conda activate PATH` takes this one for one."""
    history = prefix / "conda-meta" / "history"
    if not history.exists():
        history.parent.mkdir(parents=True, exist_ok=True)
        history.write_text("", encoding="utf-8")


def write_beside(prefix: Path, name: str, text: str) -> Path:
    """Keep a text in the prefix's `conda-meta`, where it disturbs nobody, and return its path."""
    path = prefix / "conda-meta" / name
    path.write_text(text, encoding="utf-8")
    return path


def write_activate(prefix: Path, script: str) -> None:
    """Write `bin/activate`, unless a package brought one."""
    path = prefix / "bin" / "activate"
    if not path.exists():
        path.write_text(script, encoding="utf-8")


def compile_bytecode(python: Path, site_packages: Path) -> None:
    """Write the `.pyc` files that rattler leaves out for pure Python packages; the first import is slow without them.

    Raises:
        BuildError: the interpreter of the new prefix does not run.
    """
    # Isolated: a `struct.py` in the folder where the user stands must not be taken for the standard library's.
    argv = [str(python), "-I", "-m", "compileall", "-q", "-j", "0", str(site_packages)]
    try:
        done = run_child(argv)
    except OSError as problem:
        raise BuildError(f"The Python of the new prefix does not start: {problem}.") from problem
    # A file that is not for this Python (a template, a test of syntax errors) makes the status 1 and harms nobody.
    if done.returncode not in {0, 1}:
        raise BuildError(
            f"The Python of the new prefix ended with {done.returncode}: {done.stderr.strip()[-500:]}",
            hint="Run `tfsetup doctor` on the prefix, or use --backend venv.",
        )
