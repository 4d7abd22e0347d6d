"""GPUs on Linux: NVIDIA through its driver, everything through PCI, AMD through KFD, Jetson through the device tree."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from tfsetup.ground.platforms import Platform
from tfsetup.host.model import Gpu
from tfsetup.host.nvidia import Answer, ask
from tfsetup.host.parsers import gpus as parse
from tfsetup.host.parsers.words import name_of
from tfsetup.host.system import which
from tfsetup.host.world import Fact, Later, World, now, text, unknown

_PCI = "/sys/bus/pci/devices"
_KFD = "/sys/class/kfd/kfd/topology/nodes"
_WSL_LIBS = "/usr/lib/wsl/lib"
_X86, _ARM = (Platform("linux", arch).multiarch for arch in ("x86_64", "aarch64"))
_LIBCUDA_FOLDERS = (
    f"/usr/lib/{_X86}", f"/usr/lib/{_ARM}", "/usr/lib64", "/usr/lib", _WSL_LIBS,
    "/usr/local/nvidia/lib64", f"/usr/lib/{_ARM}/tegra", f"/usr/lib/{_ARM}/nvidia",
    "/run/opengl-driver/lib", "/usr/local/cuda/compat",
)  # fmt: skip


class _Seen(NamedTuple):
    """What the kernel shows without any program: None where it shows nothing of the kind."""

    pci: tuple[Gpu, ...] | None
    where: str
    tegra: bool
    driver: str | None
    names: tuple[str, ...]

    @property
    def nvidia(self) -> bool:
        return self.tegra or bool(self.names) or any(gpu.vendor == "nvidia" for gpu in self.pci or ())


def start_gpus(world: World, *, wsl: int) -> Later[Fact[tuple[Gpu, ...]]]:
    """Start nvidia-smi where there is one, read the rest, and put both together when called."""
    if wsl == 1:
        return now(Fact(value=(), source="WSL 1 passes no GPU on"))
    smi = which(world, "nvidia-smi", "/usr/bin", _WSL_LIBS)
    seen = _look(world)
    asked = ask(world, smi) if smi else None
    libcuda = _has_libcuda(world) if seen.nvidia or smi else now(False)

    def finish() -> Fact[tuple[Gpu, ...]]:
        answer = asked() if asked else None
        fact = _wsl_fact(answer) if wsl else _judge(seen, answer)
        return fact if libcuda() else _without_libcuda(fact)

    return finish


def _look(world: World) -> _Seen:
    folders = world.listdir("/proc/driver/nvidia/gpus")
    files = (text(world.read(f"/proc/driver/nvidia/gpus/{folder}/information")) for folder in folders)
    compatible = text(world.read("/proc/device-tree/compatible")) or ""
    listed, where = _listed(world)
    return _Seen(
        pci=listed,
        where=where,
        tegra="nvidia,tegra" in compatible,
        driver=parse.read_driver_version(text(world.read("/proc/driver/nvidia/version")) or ""),
        names=tuple(parse.read_gpu_information(file or "") or "" for file in files),
    )


def _listed(world: World) -> tuple[tuple[Gpu, ...] | None, str]:
    """Return the GPUs on PCI and in KFD (None: neither can be looked at), and where they were looked for."""
    nodes = (text(world.read(f"{_KFD}/{node}/properties")) or "" for node in world.listdir(_KFD))
    kfd = [found for properties in nodes if (found := parse.read_kfd(properties))]
    amd = tuple(gpu for _, gpu in kfd)
    if world.exists(_PCI):
        gfx = {slot: gpu.gfx for slot, gpu in kfd}
        slots = {slot: _pci_gpu(world, f"{_PCI}/{slot}") for slot in world.listdir(_PCI)}
        on_pci = tuple(replace(gpu, gfx=gfx.get(slot)) for slot, gpu in slots.items() if gpu)
        return parse.merged(on_pci, amd), _PCI
    if amd:
        return amd, _KFD
    # sysfs without a PCI bus is a board without PCI; no sysfs at all says nothing
    return ((), "/sys/bus, which has no PCI") if world.exists("/sys/bus") else (None, f"no {_PCI} to look at")


def _pci_gpu(world: World, folder: str) -> Gpu | None:
    raw = (text(world.read(f"{folder}/{name}")) or "" for name in ("vendor", "class"))
    vendor = parse.pci_gpu(*raw)
    name = name_of(text(world.read(f"{folder}/product_name"))) if vendor == "amd" else None
    return Gpu(vendor=vendor, name=name) if vendor else None


def _wsl_fact(answer: Answer | None) -> Fact[tuple[Gpu, ...]]:
    if answer is None:
        return Fact(value=(), source=f"no nvidia-smi in {_WSL_LIBS}: Windows has no NVIDIA driver to pass on")
    return answer


def _judge(seen: _Seen, answer: Answer | None) -> Fact[tuple[Gpu, ...]]:
    others = tuple(gpu for gpu in seen.pci or () if gpu.vendor != "nvidia")
    if answer and answer.value:
        return Fact(value=(*answer.value, *others), source=f"{answer.source}, {seen.where}")
    if seen.nvidia:
        names = seen.names or tuple("" for gpu in seen.pci or () if gpu.vendor == "nvidia") or ("",)
        gpus = tuple(Gpu(vendor="nvidia", name=name or None, driver=seen.driver) for name in names)
        return Fact(value=(*gpus, *others), source=_without_smi(seen, answer))
    if seen.pci is None:
        reason = answer.source if answer else "no nvidia-smi"
        return unknown(f"{reason}, and {seen.where}")
    return Fact(value=others, source=seen.where + (f"; {answer.source}" if answer else ""))


def _without_smi(seen: _Seen, answer: Answer | None) -> str:
    where = "/proc/driver/nvidia" if seen.driver else ("/proc/device-tree" if seen.tegra else _PCI)
    driver = "" if seen.driver else "; no NVIDIA driver is loaded"
    return f"{where} ({answer.source if answer else 'no nvidia-smi'}){driver}"


def _without_libcuda(fact: Fact[tuple[Gpu, ...]]) -> Fact[tuple[Gpu, ...]]:
    """Take the driver away from NVIDIA GPUs: TensorFlow reaches them through libcuda.so.1 and through nothing else.

    Seen in containers that were started without the GPU, or with `NVIDIA_DRIVER_CAPABILITIES=utility`.
    """
    if not any(gpu.vendor == "nvidia" and gpu.driver for gpu in fact.value or ()):
        return fact
    gpus = tuple(replace(gpu, driver=None) if gpu.vendor == "nvidia" else gpu for gpu in fact.value or ())
    return Fact(value=gpus, source=f"{fact.source}; but no libcuda.so.1, so no driver that programs could use")


def _has_libcuda(world: World) -> Later[bool]:
    """Whether the loader would find libcuda.so.1; true when the loader's cache cannot be asked."""
    folders = [*filter(None, world.env.get("LD_LIBRARY_PATH", "").split(":")), *_LIBCUDA_FOLDERS]
    if any(world.exists(f"{folder}/libcuda.so.1") for folder in folders):
        return now(True)
    running = world.start([which(world, "ldconfig", "/sbin", "/usr/sbin") or "ldconfig", "-p"])

    def finish() -> bool:
        output = running()
        return not output.ok or "libcuda.so.1" in output.stdout

    return finish
