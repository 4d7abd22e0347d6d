"""What each operating system's detector hands over: facts that are being looked up, and how to start programs there."""

from __future__ import annotations

import ntpath
import posixpath

from tfsetup.ground.platforms import Arch, Os
from tfsetup.ground.values import value
from tfsetup.host.model import Cpu, Gpu, Libc
from tfsetup.host.world import Fact, Later, Output, World


@value
class System:
    """The facts of one machine, each a call that waits for its answer.

    `native` goes before the command line of a program that must run on the hardware's own architecture;
    `developer_dir` is where Xcode's or the command line tools' own programs lie.
    """

    os: Os
    os_version: Later[Fact[str]]
    arch: Fact[Arch]
    rosetta: Fact[bool]
    wsl: Fact[bool]
    libc: Later[Fact[Libc]]
    cpu: Later[Fact[Cpu]]
    gpus: Later[Fact[tuple[Gpu, ...]]]
    xcode_clt: Fact[bool]
    page_size: Fact[int]
    native: tuple[str, ...] = ()
    developer_dir: str | None = None


def join(world: World, *parts: str) -> str:
    """Join path components the way the machine's own system does."""
    return ntpath.join(*parts) if world.process.platform == "win32" else posixpath.join(*parts)


def search_path(world: World) -> tuple[str, ...]:
    """Return the absolute folders of PATH, each once; relative ones depend on where one stands and are left out."""
    windows = world.process.platform == "win32"
    module = ntpath if windows else posixpath
    raw = world.env.get("PATH", "") or world.env.get("Path", "")
    folders = (part.strip('"') for part in raw.split(";" if windows else ":"))
    return tuple(dict.fromkeys(folder for folder in folders if module.isabs(folder)))


def which(world: World, name: str, *extra: str) -> str | None:
    """Return the first place of the program `name` in PATH, then in the folders `extra`."""
    places = (join(world, folder, name) for folder in (*search_path(world), *extra))
    return next((place for place in places if world.exists(place)), None)


def reg_query(world: World, key: str, *options: str) -> Later[Output]:
    """Start `reg query KEY OPTIONS`; it exits 1 when a subkey may not be read, after printing the others."""
    root = world.env.get("SYSTEMROOT") or world.env.get("SystemRoot") or r"C:\Windows"
    return world.start([join(world, root, "System32", "reg.exe"), "query", key, *options])
