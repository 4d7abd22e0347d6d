"""The facts of a Linux machine, WSL and containers included."""

from __future__ import annotations

from tfsetup.ground.platforms import Arch, Platform, arch_of
from tfsetup.host.linux_gpus import start_gpus
from tfsetup.host.model import Cpu, Libc
from tfsetup.host.parsers import cpu as cpus
from tfsetup.host.parsers import system as systems
from tfsetup.host.parsers.arch import ELF_IDENT, elf_bits, narrow
from tfsetup.host.parsers.words import name_of
from tfsetup.host.system import System, which
from tfsetup.host.world import Fact, Later, World, now, text, unknown

NOT_A_MAC = "only on macOS"


def start(world: World) -> System:
    """Look everything up; only the C library (where it takes a command) and the GPUs are waited for later."""
    generation, wsl = _wsl(world)
    return System(
        os="linux",
        os_version=now(_os_version(world)),
        arch=_arch(world),
        rosetta=Fact(value=False, source=NOT_A_MAC),
        wsl=wsl,
        libc=_libc(world),
        page_size=_page_size(world),
        cpu=now(_cpu(world)),
        gpus=start_gpus(world, wsl=generation),
        xcode_clt=Fact(value=False, source=NOT_A_MAC),
    )


def _os_version(world: World) -> Fact[str]:
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        version = systems.read_os_release(text(world.read(path)) or "")
        if version:
            return Fact(value=version, source=path)
    return unknown("no readable /etc/os-release")


def _arch(world: World) -> Fact[Arch]:
    machine, bits = world.process.machine, world.process.bits
    arch = arch_of(machine, "linux")
    if arch is None:
        return unknown(f"uname -m: {machine}, for which no wheels are made")
    if narrow(arch, bits) != arch and _narrow_system(world, arch):
        # Raspberry Pi OS (32-bit) boots a 64-bit kernel; so do 32-bit containers. No 64-bit program starts there.
        return Fact(value=narrow(arch, bits), source=f"32-bit system on a 64-bit kernel (uname -m: {machine})")
    return Fact(value=arch, source="uname -m")


def _narrow_system(world: World, arch: Arch) -> bool:
    """Whether the system around a 32-bit process is 32-bit too: its shell is, or nothing could load a 64-bit one.

    A 64-bit loader alone proves little: Raspberry Pi OS (32-bit) takes one from Debian's arm64 packages.
    """
    bits = elf_bits(world.read("/bin/sh", limit=ELF_IDENT) or b"")
    return bits == 32 if bits else not any(map(world.exists, Platform("linux", arch).loaders))  # noqa: PLR2004


def _wsl(world: World) -> tuple[int, Fact[bool]]:
    """Return the generation of WSL (0: none that is known of) and the fact."""
    kernel = text(world.read("/proc/version"))
    generation = systems.read_wsl(kernel or "")
    if generation is not None:
        return generation, Fact(value=True, source=f"WSL {generation}: /proc/version")
    for path in ("/proc/sys/fs/binfmt_misc/WSLInterop", "/run/WSL"):  # a kernel of one's own has no tell-tale name
        if world.exists(path):
            return 2, Fact(value=True, source=f"WSL 2: {path}")
    return 0, unknown("no readable /proc/version") if kernel is None else Fact(value=False, source="/proc/version")


def _libc(world: World) -> Later[Fact[Libc]]:
    glibc = systems.read_glibc(world.process.glibc or "")
    if glibc is not None:
        return now(Fact(value=glibc, source="confstr CS_GNU_LIBC_VERSION"))
    loader = next((name for name in world.listdir("/lib") if name.startswith("ld-musl-")), None)
    # musl's loader, run alone, prints its name and version to stderr and exits 1.
    argv = [f"/lib/{loader}"] if loader else [which(world, "ldd", "/usr/bin") or "ldd", "--version"]
    running = world.start(argv)

    def finish() -> Fact[Libc]:
        output = running()
        libc = systems.read_ldd(output.stdout or output.stderr)
        source = " ".join(argv)
        return Fact(value=libc, source=source if libc else f"{source}: {output.trouble}")

    return finish


def _page_size(world: World) -> Fact[int]:
    size = world.process.page_size
    return Fact(value=size, source="sysconf SC_PAGESIZE" if size else "sysconf SC_PAGESIZE, which does not say")


def _cpu(world: World) -> Fact[Cpu]:
    raw = text(world.read("/proc/cpuinfo"))
    if raw is None:
        return unknown("/proc/cpuinfo cannot be read")
    cpu = _with_board(cpus.read_cpuinfo(raw), world)
    if cpu.features is None:
        return Fact(value=cpu, source="/proc/cpuinfo, which lists no features")
    return Fact(value=cpu, source="/proc/cpuinfo")


def _with_board(cpu: Cpu, world: World) -> Cpu:
    """Name the board where the cores have no name."""
    if cpu.brand:
        return cpu
    board = (text(world.read("/proc/device-tree/model")) or "").strip("\0 \n")
    return Cpu(brand=name_of(board), features=cpu.features)
