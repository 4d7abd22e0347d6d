"""From a machine that can be asked to a `Host`: everything slow is started first and waited for last."""

from __future__ import annotations

from tfsetup.host.downloads import start_downloads
from tfsetup.host.interpreters import NOT_ASKED, start_pythons
from tfsetup.host.model import Host
from tfsetup.host.system import System
from tfsetup.host.world import Fact, World, now, unknown

_NOT_TRIED: Fact[bool] = unknown("not tried")


def gather(world: World, *, pythons: bool, downloads: bool) -> Host:
    """Return the facts of `world`, each with its source; `pythons` and `downloads` False: could not tell, not asked."""
    uv = start_downloads(world) if downloads else now(now(_NOT_TRIED))
    system = _start(world)
    if system is None:
        return Host(sources={"os": f"{world.process.platform}: neither macOS, Linux nor Windows"})
    interpreters = start_pythons(world, system) if pythons else NOT_ASKED
    python_downloads = uv()
    os_version, libc, cpu, gpus = system.os_version(), system.libc(), system.cpu(), system.gpus()
    found, downloadable = interpreters(), python_downloads()
    facts: dict[str, Fact[object]] = {
        "os": Fact(value=system.os, source="sys.platform"),
        "os_version": os_version,
        "arch": system.arch,
        "rosetta": system.rosetta,
        "wsl": system.wsl,
        "libc": libc,
        "cpu": cpu,
        "gpus": gpus,
        "pythons": found,
        "python_downloads": downloadable,
        "xcode_clt": system.xcode_clt,
    }
    return Host(
        os=system.os,
        os_version=os_version.value,
        arch=system.arch.value,
        rosetta=system.rosetta.value,
        wsl=system.wsl.value,
        libc=libc.value,
        cpu=cpu.value,
        gpus=gpus.value,
        pythons=found.value,
        python_downloads=downloadable.value,
        xcode_clt=system.xcode_clt.value,
        sources={name: fact.source for name, fact in facts.items()},
    )


def _start(world: World) -> System | None:
    # Each system's detector is imported where it is used: start-up is measured.
    match world.process.platform:
        case "darwin":
            from tfsetup.host import macos

            return macos.start(world)
        case "linux":
            from tfsetup.host import linux

            return linux.start(world)
        case "win32":
            from tfsetup.host import windows

            return windows.start(world)
        case _:
            return None
