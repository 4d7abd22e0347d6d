"""The conda backend against rattler itself, on the same channel in the same run."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.timing import alternate, report

FILLER = 20_000  # records a subdir besides the real ones, so that reading the list takes as long as it does
SPECS = ("python 3.12.*", "numpy", "scipy", "h5py", "noarch-probe", "prefix-probe", "tool")


def main() -> None:
    """Measure and print."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    with tempfile.TemporaryDirectory() as folder:
        channel = _channel(Path(folder, "channel"))
        _solving(channel, Path(folder))
        _linking(channel, Path(folder))


def _channel(folder: Path) -> Path:
    from support.channel import filler, write_index
    from support.conda import HOSTS, stub_channel

    stub_channel(folder)
    write_index(folder, ["noarch", *HOSTS], {subdir: filler(FILLER, subdir) for subdir in HOSTS})
    return folder


def _solving(channel: Path, folder: Path) -> None:
    from support.conda import HOSTS, ask_channel, settings
    from tfsetup.locks.conda.run import solve

    one = ask_channel(channel, *SPECS, subdir="linux-64")
    every = [ask_channel(channel, *SPECS, subdir=subdir) for subdir in HOSTS]
    mine = settings(folder)
    timed = alternate(
        {
            "tfsetup, one platform": lambda: solve([one], mine),
            "rattler itself, one platform": lambda: asyncio.run(_rattler_solves(one, folder / "cache" / "repodata")),
            "tfsetup, five platforms together": lambda: solve(every, mine),
            "tfsetup, five platforms one by one": lambda: [solve([request], mine) for request in every],
        },
        rounds=7,
    )
    report(f"Solving ({FILLER} records a platform)", timed[:2], against=timed[1].name, at_most=1.25)
    report("Five platforms", [timed[2], timed[3], timed[0]], against=timed[0].name, at_most=5.0)


async def _rattler_solves(request: Any, cache: Path) -> list[Any]:
    import rattler

    gateway = rattler.Gateway(cache_dir=cache)
    return await rattler.solve(
        [rattler.Channel(channel) for channel in request.channels],
        [rattler.MatchSpec(spec) for spec in request.specs],
        gateway=gateway,
        platforms=[request.subdir, "noarch"],
        virtual_packages=[
            rattler.GenericVirtualPackage(
                rattler.PackageName(one.name), rattler.Version(one.version), rattler.BuildString(one.build)
            )
            for one in request.virtual
        ],
    )


def _linking(channel: Path, folder: Path) -> None:
    from support.conda import ask_channel, settings
    from tfsetup.envs.conda.engine import link
    from tfsetup.envs.conda.records import records
    from tfsetup.locks.conda.run import solve

    mine = settings(folder)
    request = ask_channel(channel, *SPECS, subdir="linux-64")
    packages = solve([request], mine)["linux-64"]
    found = records(packages, [one.url for one in packages])
    ours, theirs = folder / "ours", folder / "theirs"
    timed = alternate(
        {
            "tfsetup: hashed, the cache checked in full": _fresh(
                ours, lambda: link(packages, "linux-64", ours, mine, offline=False)
            ),
            "rattler itself, trusting its cache": _fresh(
                theirs, lambda: asyncio.run(_rattler_links(found, theirs, folder / "cache" / "pkgs"))
            ),
        },
        rounds=7,
    )
    report("Linking a prefix, warm cache", timed, against=timed[1].name, at_most=2.0)


def _fresh(prefix: Path, work: Callable[[], object]) -> Callable[[], None]:
    def again() -> None:
        shutil.rmtree(prefix, ignore_errors=True)
        work()

    return again


async def _rattler_links(found: list[Any], prefix: Path, cache: Path) -> None:
    import rattler

    await rattler.install(found, target_prefix=prefix, cache_dir=cache, show_progress=False)
