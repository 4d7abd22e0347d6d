"""A local conda channel with real content, for tests: no public channel is needed, and nothing in it is imitated badly.

    python -m support.channel OUT --python-prefix ~/.pyenv/versions/3.12.1 --wheels FOLDER     (from tests/)

What goes in:

* `python`: the CPython of a prefix of this machine, packed as a relocatable package for this machine's subdir: text
  files carry a 255-byte placeholder that an installer replaces, the ELF run path is relative. Other subdirs get
  stand-ins: enough to solve, nothing to run.
* every wheel of the given folders, repacked: pure ones as `noarch: python` with entry points, others for the subdirs
  that their tags name; `Requires-Dist` becomes `depends`.
* stand-ins of further distributions (`Stub`) for platforms whose wheels are not at hand: their `*.dist-info` is there,
  so that the names inside an archive can be read.
* `libblas`, `libcblas`, `liblapack` in conda-forge's variants, and probes (`channel_variants`).

The archives are reproducible byte for byte, so that locks made from them can be compared. `write_index` writes
`repodata.json` and its `.zst`; `filler` adds records without archives, for benchmarks. `channel_server` serves a
channel over loopback http, with faults on demand.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backports import zstd

from support.channel_archive import EPOCH_MS, Package, read_index, write_conda
from support.channel_python import python_extras, python_package, python_stand_in
from support.channel_variants import blas_packages, noarch_probe, probe_packages
from support.channel_wheels import stand_in, wheel_packages

SUBDIRS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")
_HOSTS = {
    ("linux", "x86_64"): "linux-64",
    ("linux", "aarch64"): "linux-aarch64",
    ("darwin", "arm64"): "osx-arm64",
    ("darwin", "x86_64"): "osx-64",
    ("win32", "AMD64"): "win-64",
}
HERE = _HOSTS.get((sys.platform, platform.machine()), "linux-64")
"""The subdir of this machine."""


@dataclass(frozen=True, kw_only=True)
class Stub:
    """A distribution that is there by name only, for every subdir and Python of the channel."""

    name: str
    version: str
    depends: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a channel is made of. `real` maps versions of Python to prefixes of this machine; `pythons` stand in."""

    pythons: tuple[str, ...] = ()
    real: Mapping[str, Path] = field(default_factory=dict)
    wheels: tuple[Path, ...] = ()
    stubs: tuple[Stub, ...] = ()
    subdirs: tuple[str, ...] = SUBDIRS
    probes: bool = True
    extra: tuple[Package, ...] = ()


def build_channel(out: Path, recipe: Recipe) -> Path:
    """Write the channel into `out` and return it."""
    written: set[Path] = set()
    for package in _packages(recipe):
        target = out / package.subdir / f"{package.stem}.conda"
        if target not in written:
            written.add(write_conda(package, out))
    write_index(out, ("noarch", *recipe.subdirs))
    return out


def _packages(recipe: Recipe) -> Iterator[Package]:
    versions = [*recipe.real, *recipe.pythons]
    for version in versions:
        yield from python_extras(version)
    for wheel in recipe.wheels:
        yield from wheel_packages(wheel, _python_for(wheel, versions), recipe.subdirs)
    for subdir in recipe.subdirs:
        yield from blas_packages(subdir)
        if recipe.probes:
            yield from probe_packages(subdir, compiled=bool(recipe.real) and subdir == HERE)
        for version in versions:
            real = recipe.real.get(version) if subdir == HERE else None
            yield python_package(real, version, subdir) if real else python_stand_in(version, subdir)
            minor = ".".join(version.split(".")[:2])
            for stub in recipe.stubs:
                yield stand_in(stub.name, stub.version, subdir, minor, stub.depends)
    if recipe.probes:
        yield noarch_probe()
    yield from recipe.extra


def _python_for(wheel: Path, versions: Sequence[str]) -> str:
    tags = wheel.stem.split("-")[-3]
    return next((v for v in versions if f"cp{''.join(v.split('.')[:2])}" in tags), versions[0])


def write_index(channel: Path, subdirs: Iterable[str], more: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Write `repodata.json` and its `.zst` for each subdir, from the archives themselves; `more` adds records."""
    for subdir in subdirs:
        folder = channel / subdir
        folder.mkdir(parents=True, exist_ok=True)
        records: dict[str, Any] = dict((more or {}).get(subdir, {}))
        records |= {path.name: read_index(path) for path in sorted(folder.glob("*.conda"))}
        write_repodata(folder, records)


def write_repodata(folder: Path, records: Mapping[str, Any]) -> None:
    """Write the index of one subdir with these records, true or not."""
    content = {
        "info": {"subdir": folder.name},
        "packages": {},
        "packages.conda": records,
        "removed": [],
        "repodata_version": 1,
    }
    data = json.dumps(content, indent=1, sort_keys=True).encode()
    (folder / "repodata.json").write_bytes(data)
    (folder / "repodata.json.zst").write_bytes(zstd.compress(data, 3))


def filler(count: int, subdir: str) -> dict[str, dict[str, Any]]:
    """Return `count` records without archives, always solvable: many versions of few names, dependencies acyclic."""
    chance = random.Random(subdir)  # noqa: S311 - the same records every time
    records: dict[str, dict[str, Any]] = {}
    names: list[str] = []
    while len(records) < count:
        name = f"filler-{len(names):05d}"
        for number in range(min(int(chance.paretovariate(0.9)) + 2, 60, count - len(records))):
            record = _filler_record(name, number, chance, names) | {"subdir": subdir}
            records[f"{name}-{record['version']}-{record['build']}.conda"] = record
        names.append(name)
    return records


def _filler_record(name: str, number: int, chance: random.Random, names: Sequence[str]) -> dict[str, Any]:
    picks = chance.sample(names, min(len(names), chance.randint(0, 6)))
    return {
        "name": name,
        "version": f"{number // 20}.{number // 4 % 5}.{number % 4}",
        "build": f"h{chance.getrandbits(28):07x}_0",
        "build_number": 0,
        "constrains": [],
        "depends": [f"{pick} >=0.0.0,<9.0a0" for pick in picks],
        "md5": f"{chance.getrandbits(128):032x}",
        "sha256": f"{chance.getrandbits(256):064x}",
        "size": chance.randint(10_000, 9_000_000),
        "timestamp": EPOCH_MS + number,
    }


def main() -> None:
    """Build a channel by hand, to look at."""
    parser = argparse.ArgumentParser(description="Build a local conda channel.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--python-prefix", type=Path, required=True, help="the CPython to pack")
    parser.add_argument("--wheels", type=Path, help="folder of wheels to repack")
    chosen = parser.parse_args()
    argv = [str(chosen.python_prefix / "bin" / "python3"), "-c", "import platform; print(platform.python_version())"]
    version = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    wheels = tuple(sorted(chosen.wheels.glob("*.whl"))) if chosen.wheels else ()
    build_channel(chosen.out, Recipe(real={version: chosen.python_prefix}, wheels=wheels))


if __name__ == "__main__":
    main()
