"""The facts of a Windows machine."""

from __future__ import annotations

from tfsetup.ground.platforms import Arch, arch_of
from tfsetup.host.model import Cpu, Gpu
from tfsetup.host.nvidia import Answer, ask
from tfsetup.host.parsers import cpu as cpus
from tfsetup.host.parsers import registry
from tfsetup.host.parsers.arch import windows_machine
from tfsetup.host.parsers.gpus import merged, read_display_registry
from tfsetup.host.parsers.system import read_windows_version
from tfsetup.host.parsers.words import name_of
from tfsetup.host.system import System, join, reg_query, which
from tfsetup.host.world import Fact, Later, Output, World, now, unknown

_CPU_KEY = r"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\0"
# The class of display adapters: https://learn.microsoft.com/en-us/windows-hardware/drivers/install/system-defined-device-setup-classes-available-to-vendors
_DISPLAY_KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"


def start(world: World) -> System:
    """Start the registry queries and nvidia-smi; what the process knows itself needs no waiting."""
    return System(
        os="windows",
        os_version=now(_os_version(world)),
        arch=_arch(world),
        rosetta=Fact(value=False, source="only on macOS"),
        wsl=Fact(value=False, source="this is Windows itself"),
        libc=now(unknown("not a Linux: no such thing")),
        page_size=unknown("asked about on Linux only"),
        cpu=_cpu(world, _arch(world).value),
        gpus=_gpus(world),
        xcode_clt=Fact(value=False, source="only on macOS"),
    )


def _os_version(world: World) -> Fact[str]:
    version = read_windows_version(world.process.windows_version or "")
    return Fact(value=version, source="RtlGetVersion" if version else "Windows did not say")


def _arch(world: World) -> Fact[Arch]:
    """Return the hardware's architecture: an x64 or x86 process on ARM64 sees its own in the environment."""
    number = world.process.windows_machine
    if number is not None and windows_machine(number):
        return Fact(value=windows_machine(number), source="IsWow64Process2")
    for name in ("PROCESSOR_ARCHITEW6432", "PROCESSOR_ARCHITECTURE"):
        arch = arch_of(world.env.get(name, ""), "windows")
        if arch:
            return Fact(value=arch, source=f"%{name}%")
    return unknown("neither IsWow64Process2 nor %PROCESSOR_ARCHITECTURE%")


def _cpu(world: World, arch: Arch | None) -> Later[Fact[Cpu]]:
    running = reg_query(world, _CPU_KEY, "/v", "ProcessorNameString")
    numbers = world.process.windows_features
    features = None if numbers is None else cpus.windows_features(numbers, arm=arch == "arm64")

    def finish() -> Fact[Cpu]:
        values = next(iter(registry.read_reg(running().stdout).values()), {})
        brand = name_of(values.get("ProcessorNameString"))
        source = "IsProcessorFeaturePresent, registry" if features is not None else "registry; features not told"
        return Fact(value=Cpu(brand=brand, features=features), source=source)

    return finish


def _gpus(world: World) -> Later[Fact[tuple[Gpu, ...]]]:
    adapters = reg_query(world, _DISPLAY_KEY, "/s")
    root = world.env.get("SYSTEMROOT") or world.env.get("SystemRoot") or r"C:\Windows"
    smi = which(world, "nvidia-smi.exe", join(world, root, "System32"))
    asked = ask(world, smi) if smi else None

    def finish() -> Fact[tuple[Gpu, ...]]:
        return _judge(adapters(), asked() if asked else None)

    return finish


def _judge(adapters: Output, answer: Answer | None) -> Fact[tuple[Gpu, ...]]:
    blocks = registry.read_reg(adapters.stdout)
    if not blocks and not (answer and answer.value):
        return unknown(f"registry, display adapters: {adapters.trouble}")
    listed = read_display_registry(blocks.values())
    if answer and answer.value:
        others = tuple(gpu for gpu in listed if gpu.vendor != "nvidia")
        return Fact(value=merged(answer.value, others), source=f"{answer.source}, registry")
    return Fact(value=listed, source="registry, display adapters" + (f" ({answer.source})" if answer else ""))
