"""From a machine that can be asked to a `Host`: everything slow is started first and waited for last."""

from __future__ import annotations

from collections.abc import Callable

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
    facts: dict[str, Fact[object]] = {
        "os": Fact(value=system.os, source="sys.platform"),
        "os_version": system.os_version(),
        "arch": system.arch,
        "rosetta": system.rosetta,
        "wsl": system.wsl,
        "libc": system.libc(),
        "page_size": system.page_size,
        "cpu": system.cpu(),
        "gpus": system.gpus(),
        "pythons": interpreters(),
        "python_downloads": python_downloads(),
        "xcode_clt": system.xcode_clt,
    }
    made: Callable[..., Host] = Host  # each fact is of its field's type, which a dictionary cannot say
    values = {name: fact.value for name, fact in facts.items()}
    return made(**values, sources={name: fact.source for name, fact in facts.items()})


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
