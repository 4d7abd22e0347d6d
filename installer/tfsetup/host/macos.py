"""The facts of a Mac. Every command is asked for what it prints to programs, never for what it shows people."""

from __future__ import annotations

from collections.abc import Mapping

from tfsetup.ground.platforms import Arch, arch_of, read_mac_version
from tfsetup.host.model import Cpu, Gpu
from tfsetup.host.parsers import cpu as cpus
from tfsetup.host.parsers import system as systems
from tfsetup.host.parsers.gpus import PARAVIRTUAL, read_accelerator, read_system_profiler
from tfsetup.host.parsers.words import name_of
from tfsetup.host.system import System
from tfsetup.host.world import Fact, Later, Output, World, now, text, unknown

# In order of preference; the second one only matters for an interpreter that has no arm64 slice (arch(1)).
_NATIVE = ("/usr/bin/arch", "-arm64", "-x86_64")
_SYSCTL = "/usr/sbin/sysctl"
_FACTS = ("hw.optional.arm64", "hw.optional", "machdep.cpu", "kern.hv_vmm_present", "sysctl.proc_translated")
_GUEST = "(Virtual)"  # what Virtualization.framework puts behind the name of the chip
_REGISTRY = ("/usr/sbin/ioreg", "-r", "-d", "1", "-w", "0", "-c", "AGXAccelerator")
_PROFILED = "system_profiler SPDisplaysDataType"
_PLISTS = (
    # The first is never swapped for the one that says 10.16, the second may be.
    "/System/Library/CoreServices/.SystemVersionPlatform.plist",
    "/System/Library/CoreServices/SystemVersion.plist",
)


def start(world: World) -> System:
    """Start sw_vers, sysctl and xcode-select at once; sysctl and xcode-select decide what is asked next."""
    version = world.start(["/usr/bin/sw_vers", "-productVersion"], env={**world.env, "SYSTEM_VERSION_COMPAT": "0"})
    sysctl = world.start([_SYSCTL, *_FACTS])
    select = world.start(["/usr/bin/xcode-select", "-p"])
    answer = sysctl()
    facts = cpus.read_sysctl(answer.stdout)
    arch = _arch(world, facts, answer)
    translated = arch.value == "arm64" and world.process.machine == "x86_64"
    # A translated sysctl describes the CPU that Rosetta plays.
    native = world.start([*_NATIVE, _SYSCTL, *_FACTS]) if translated else now(answer)
    developer = select()
    return System(
        os="macos",
        os_version=lambda: _os_version(world, version()),
        arch=arch,
        rosetta=_rosetta(arch, facts, translated=translated),
        wsl=Fact(value=False, source="only on Windows"),
        libc=now(unknown("not a Linux: no such thing")),
        page_size=unknown("asked about on Linux only"),
        cpu=lambda: _cpu(arch, native()),
        gpus=_gpus(world, arch, native),
        xcode_clt=_xcode_clt(developer),
        native=_NATIVE if translated else (),
        developer_dir=developer.stdout.strip() or None if developer.ok else None,
    )


def _os_version(world: World, output: Output) -> Fact[str]:
    version = read_mac_version(output.stdout) if output.ok else None
    if version:
        return Fact(value=version, source="sw_vers -productVersion")
    for path in _PLISTS:
        version = systems.read_version_plist(text(world.read(path)) or "")
        if version:
            return Fact(value=version, source=path)
    said = output.stdout.strip()[:40] if output.ok else output.trouble
    return unknown(f"sw_vers -productVersion: {said or 'nothing'}")


def _arch(world: World, facts: Mapping[str, str], answer: Output) -> Fact[Arch]:
    # 1 on Apple silicon, also for a translated process; unknown on an Intel Mac.
    if facts.get("hw.optional.arm64") == "1" or world.process.machine == "arm64":
        return Fact(value="arm64", source="sysctl hw.optional.arm64" if facts else "uname -m")
    if not facts:
        return unknown(f"sysctl hw.optional: {answer.trouble}; uname -m alone cannot see Rosetta")
    return Fact(value=arch_of(world.process.machine, "macos"), source="uname -m, and no sysctl hw.optional.arm64")


def _rosetta(arch: Fact[Arch], facts: Mapping[str, str], *, translated: bool) -> Fact[bool]:
    if arch.value is None:
        return unknown(arch.source)
    child = facts.get("sysctl.proc_translated")
    source = "uname -m against the hardware" + (f", sysctl.proc_translated: {child}" if child else "")
    return Fact(value=translated, source=source)


def _cpu(arch: Fact[Arch], output: Output) -> Fact[Cpu]:
    facts = cpus.read_sysctl(output.stdout)
    if not facts or arch.value is None:
        return unknown(f"sysctl machdep.cpu: {output.trouble}")
    cpu = cpus.apple_cpu(facts) if arch.value == "arm64" else cpus.intel_mac_cpu(facts)
    return Fact(value=cpu, source="sysctl machdep.cpu hw.optional")


def _gpus(world: World, arch: Fact[Arch], sysctl: Later[Output]) -> Later[Fact[tuple[Gpu, ...]]]:
    """Apple silicon has its GPU on the chip; an Intel Mac must be asked by a program that takes a second."""
    if arch.value == "arm64":
        registry = world.start(_REGISTRY)
        return lambda: _chip_gpu(world, cpus.read_sysctl(sysctl().stdout), registry)
    profiler = _profiler(world, limit_s=15.0)

    def finish() -> Fact[tuple[Gpu, ...]]:
        output = profiler()
        gpus = read_system_profiler(output.stdout) if output.ok else None
        trouble = "printed something else than JSON" if output.ok else output.trouble
        return Fact(value=gpus, source=_PROFILED if gpus is not None else f"{_PROFILED}: {trouble}")

    return finish


def _profiler(world: World, *, limit_s: float) -> Later[Output]:
    return world.start(["/usr/sbin/system_profiler", "-json", "SPDisplaysDataType"], limit_s=limit_s)


def _chip_gpu(world: World, facts: Mapping[str, str], registry: Later[Output]) -> Fact[tuple[Gpu, ...]]:
    """Return the GPU of an Apple chip: under a hypervisor it is out of reach, and a paravirtual one stands for it."""
    brand, guest = name_of(facts.get("machdep.cpu.brand_string")), facts.get("kern.hv_vmm_present")
    if guest == "1" or (brand or "").endswith(_GUEST):
        gpu = Gpu(vendor="apple", name=PARAVIRTUAL, virtual=True)
        return Fact(value=(gpu,), source="a virtual machine on Apple silicon (sysctl kern.hv_vmm_present)")
    found, where = _accelerator(world, registry())
    name = brand or (found.name if found is not None else None)
    cores = found.cores if found is not None else None
    gpu = Gpu(vendor="apple", name=name, cores=cores, virtual=False if guest == "0" else None)
    return Fact(value=(gpu,), source=f"on the chip{where}")


def _accelerator(world: World, registry: Output) -> tuple[Gpu | None, str]:
    """Return what the registry of devices says of the chip's GPU, else the slower program; and which of them it was."""
    found = read_accelerator(registry.stdout) if registry.ok else None
    if found is not None and found.cores:
        return found, "; cores: ioreg AGXAccelerator"
    output = _profiler(world, limit_s=5.0)()
    listed = read_system_profiler(output.stdout) if output.ok else None
    mine = next((gpu for gpu in listed or () if gpu.vendor == "apple" and gpu.cores), None)
    return (mine, f"; cores: {_PROFILED}") if mine is not None else (found, "")


def _xcode_clt(output: Output) -> Fact[bool]:
    source = "xcode-select -p"
    if output.problem is not None:
        return unknown(f"{source}: {output.problem}")
    return Fact(value=output.ok and bool(output.stdout.strip()), source=source)
