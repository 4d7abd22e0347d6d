"""Preflight of one TensorFlow and its plugin: against zipfile, against LIEF, against the wheels' sizes.

The wheels come from the folder TFSETUP_BENCH_WHEELS; what is not there is fetched from the index into it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.timing import alternate, report
from tfsetup.ground.http import Http
from tfsetup.host.model import Host
from tfsetup.loader.files.archive import Archive
from tfsetup.loader.files.inflate import BlockCache
from tfsetup.loader.files.remote import RemoteFile, Traffic
from tfsetup.loader.files.sources import LocalTree, open_wheel
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.machine import machine_of
from tfsetup.loader.model import Filesystem
from tfsetup.loader.preflight import preflight
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.question import Question
from tfsetup.loader.report import Report
from tfsetup.loader.shipped import load_knowledge, load_system

PINS = ("tensorflow==2.19.1", "tensorflow-metal==1.2.0")
PYTHON = "3.11"
MAC = Host(os="macos", os_version="14.4", arch="arm64")
SITE = "/venv/lib/python3.11/site-packages"
KNOWLEDGE, SYSTEM = load_knowledge(), load_system()


def main() -> None:
    """Run all comparisons and print ratios."""
    with tempfile.TemporaryDirectory() as scratch:
        wheels = fetch(Path(os.environ.get("TFSETUP_BENCH_WHEELS", scratch)))
        tree = Path(scratch) / "site-packages"
        memory(wheels)
        read = unpack(wheels, tree)
        against_zipfile(wheels, read)
        against_lief(tree, read)
        against_the_index(wheels)
        growth(tree)  # last: it puts more libraries into the tree


def addresses() -> dict[str, str]:
    """Return file name and address of the two wheels on the index."""
    from tfsetup.locks.venv.solve import solve
    from tfsetup.matrix.model import Selection, Target

    target = Target(platform="aarch64-apple-darwin", python=PYTHON, macos="14.0")
    lock = solve(Selection(installable=True, row="benchmark", requirements=PINS, target=target))
    found = {wheel.filename: wheel.url for package in lock.packages for wheel in package.wheels if wheel.url}
    names = tuple(pin.replace("-", "_").replace("==", "-") for pin in PINS)
    return {name: url for name, url in found.items() if name.startswith(names) and "macosx" in name and "arm64" in name}


def fetch(folder: Path) -> list[Path]:
    """Return the two wheels in `folder`, fetching those that are missing."""
    patterns = [f"{pin.replace('-', '_').replace('==', '-')}-cp311-*macosx*arm64.whl" for pin in PINS]
    found = [path for pattern in patterns for path in sorted(folder.glob(pattern))[:1]]
    if len(found) == len(PINS):
        return found
    paths = []
    for name, url in addresses().items():
        file = RemoteFile(url, Http())
        file.fetch_whole()
        paths.append(folder / name)
        paths[-1].write_bytes(file.read(0, file.size))
    return sorted(paths)


def unpack(wheels: Sequence[Path], tree: Path) -> list[tuple[Path, str]]:
    """Unpack what a prediction reads, and return it as (wheel, member)."""
    view = Watched([(path.name, open_wheel(path)) for path in wheels])
    judge(view)
    members = []
    for path in wheels:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name in view.opened or name.endswith(("__init__.py", "WHEEL", "METADATA")):
                    archive.extract(name, tree)
                if name in view.opened:
                    members.append((path, name))
    return members


class Watched(WheelView):
    """A view that remembers which members were read."""

    def __init__(self, wheels: Sequence[tuple[str, Archive]]) -> None:
        super().__init__(wheels, at=SITE)
        self.opened: set[str] = set()
        for _, archive in wheels:
            object.__setattr__(archive, "expect", self._remember(archive))

    def _remember(self, archive: Archive):  # type: ignore[no-untyped-def] # noqa: ANN202 - a closure of two lines
        by_header = {member.header: name for name, member in archive.members.items()}
        return lambda offset, _length: self.opened.add(by_header[offset])


def judge(files: Filesystem, site: str = SITE) -> Report:
    """Predict the load of everything in `files`."""
    machine = machine_of(MAC)
    process = new_process(machine, MAC, PYTHON, Surroundings(files=files, macos=SYSTEM, prefix="/venv"))
    found = preflight(Question(files=files, site=site, machine=machine), process, KNOWLEDGE)
    if found.verdict != "loads":
        raise RuntimeError(f"{found.verdict}: {found.failures}")
    return found


def inflate(members: Iterable[tuple[Path, str]]) -> None:
    """Inflate members with zipfile, a megabyte at a time."""
    archives = {path: zipfile.ZipFile(path) for path, _ in members}
    for path, name in members:
        with archives[path].open(name) as member:
            while member.read(1 << 20):
                pass
    for archive in archives.values():
        archive.close()


def from_wheels(wheels: Sequence[Path]) -> None:
    """Judge straight from wheel files."""
    cache = BlockCache()
    judge(WheelView([(path.name, open_wheel(path, cache)) for path in wheels], at=SITE))


def against_zipfile(wheels: Sequence[Path], members: Sequence[tuple[Path, str]]) -> None:
    """Compare with inflating the members that were read."""
    timed = alternate(
        {"preflight from wheel files": lambda: from_wheels(wheels), "zipfile: inflate them": lambda: inflate(members)},
        rounds=5,
    )
    report(f"From wheel files ({len(members)} members read)", timed, against="zipfile: inflate them", at_most=1.5)


def against_lief(tree: Path, members: Sequence[tuple[Path, str]]) -> None:
    """Compare with parsing the same unpacked files with LIEF."""
    import lief

    paths = [str(tree / name) for _, name in members if name.endswith((".so", ".dylib"))]

    def parse() -> None:
        for path in paths:
            lief.MachO.parse(path)

    contenders = {"preflight from an unpacked tree": lambda: judge(LocalTree(tree, at=SITE)), "LIEF: parse it": parse}
    timed = alternate(contenders, rounds=3)
    report(f"Unpacked ({len(paths)} libraries; promised: 30 times faster)", timed, against="LIEF: parse it")


def against_the_index(wheels: Sequence[Path]) -> None:
    """Compare the bytes fetched by range requests with the sizes of the wheels."""
    from tfsetup.loader.files.remote import open_all

    traffic, began = Traffic(), time.perf_counter()
    judge(WheelView(open_all(addresses(), traffic), at=SITE))
    sizes = sum(path.stat().st_size for path in wheels)
    print("\nFrom the index by range requests")
    print(f"  {traffic.fetched / 1e6:.1f} of {sizes / 1e6:.1f} MB in {traffic.requests} requests,", end=" ")
    print(f"{time.perf_counter() - began:.1f} s")


def growth(tree: Path) -> None:
    """Show how the time grows with the number of extension modules beside TensorFlow."""
    small = tree / "tensorflow/python/platform/_pywrap_tf2.so"
    print("\nGrowth with the number of images (small extension modules beside TensorFlow)")
    for copies in (0, 100, 200, 400):
        for index in range(copies):
            folder = tree / "copies" / str(index)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / small.name).write_bytes(small.read_bytes())
        began = time.perf_counter()
        images = judge(LocalTree(tree, at=SITE)).images
        print(f"  {images:5d} images  {(time.perf_counter() - began) * 1000:7.0f} ms")


def memory(wheels: Sequence[Path]) -> None:
    """Measure the peak memory of a prediction from wheel files, in a process of its own."""
    code = "import sys; from pathlib import Path; from benchmarks.preflight import *\n"
    code += "from_wheels([Path(name) for name in sys.argv[1:]]); print(peak())"
    done = subprocess.run([sys.executable, "-c", code, *map(str, wheels)], check=True, capture_output=True, text=True)
    print(f"\nPeak memory from wheel files: {int(done.stdout) / 1000:.0f} MB (promised: below 200)")


def peak() -> int:
    """Return this process's peak memory in kB; on Linux without what its parent held when it was forked."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
