"""CPU brand and features from /proc/cpuinfo, sysctl and Windows' feature numbers, all in Linux spelling."""

from __future__ import annotations

from collections.abc import Mapping

from tfsetup.host.model import Cpu
from tfsetup.host.parsers.words import name_of

# Instruction sets that decide whether a binary runs or how fast; the many other flags of a CPU are noise here.
# Linux spelling: arch/x86/include/asm/cpufeatures.h, arch/arm64/kernel/cpuinfo.c.
_X86 = (
    "sse2", "sse3", "ssse3", "sse4_1", "sse4_2", "popcnt", "cx16", "aes", "pclmulqdq", "avx", "f16c", "fma", "bmi1",
    "bmi2", "movbe", "avx2", "avx_vnni", "avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl", "avx512_vnni",
    "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16",
)  # fmt: skip
_ARM = (
    "neon", "asimd", "aes", "sha2", "crc32", "atomics", "fphp", "asimdhp", "asimdrdm", "asimddp", "sve", "sve2", "i8mm",
    "bf16", "sme", "sme2", "vfpv4",
)  # fmt: skip
_ORDER = tuple(dict.fromkeys((*_X86, *_ARM)))

_LINUX_ALIASES = {"pni": "sse3"}
_INTEL_MAC_ALIASES = {"sse4.1": "sse4_1", "sse4.2": "sse4_2", "avx1.0": "avx", "sse3": "sse3"}

# Apple's names are Arm's; https://developer.apple.com/documentation/kernel/1387446-sysctlbyname
_APPLE_FEATURES = {
    "FEAT_LSE": "atomics", "FEAT_FP16": "fphp asimdhp", "FEAT_DotProd": "asimddp", "FEAT_RDM": "asimdrdm",
    "FEAT_I8MM": "i8mm", "FEAT_BF16": "bf16", "FEAT_SME": "sme", "FEAT_SME2": "sme2", "FEAT_AES": "aes",
    "FEAT_SHA256": "sha2", "FEAT_CRC32": "crc32",
}  # fmt: skip
# The names macOS 11 had before FEAT_*.
_APPLE_OLD = {
    "hw.optional.armv8_1_atomics": "atomics", "hw.optional.neon_fp16": "fphp asimdhp",
    "hw.optional.armv8_crc32": "crc32",
}  # fmt: skip
_INTEL_OPTIONAL = {
    "hw.optional.avx1_0": "avx", "hw.optional.avx2_0": "avx2", "hw.optional.fma": "fma", "hw.optional.f16c": "f16c",
    "hw.optional.sse4_1": "sse4_1", "hw.optional.sse4_2": "sse4_2", "hw.optional.avx512f": "avx512f",
}  # fmt: skip

# PF_* of winnt.h: https://learn.microsoft.com/en-us/windows/win32/api/processthreadsapi/nf-processthreadsapi-isprocessorfeaturepresent
WINDOWS_FEATURES = {
    10: "sse2", 13: "sse3", 14: "cx16", 36: "ssse3", 37: "sse4_1", 38: "sse4_2", 39: "avx", 40: "avx2", 41: "avx512f",
    19: "neon", 30: "aes", 31: "crc32", 34: "atomics", 43: "asimddp", 67: "asimdhp", 66: "i8mm", 68: "bf16",
    46: "sve", 47: "sve2",
}  # fmt: skip

# MIDR_EL1 implementer and part of cores TensorFlow is commonly run on, as lscpu names them (sys-utils/lscpu-arm.c).
_ARM_CORES = {
    ("0x41", "0xd03"): "Cortex-A53", ("0x41", "0xd05"): "Cortex-A55", ("0x41", "0xd07"): "Cortex-A57",
    ("0x41", "0xd08"): "Cortex-A72", ("0x41", "0xd09"): "Cortex-A73", ("0x41", "0xd0a"): "Cortex-A75",
    ("0x41", "0xd0b"): "Cortex-A76", ("0x41", "0xd0c"): "Neoverse-N1", ("0x41", "0xd40"): "Neoverse-V1",
    ("0x41", "0xd42"): "Cortex-A78AE", ("0x41", "0xd49"): "Neoverse-N2", ("0x41", "0xd4f"): "Neoverse-V2",
    ("0x41", "0xd84"): "Neoverse-V3", ("0x61", "0x022"): "Apple M1", ("0x61", "0x023"): "Apple M1",
    ("0xc0", "0xac3"): "Ampere-1", ("0x41", "0xd41"): "Cortex-A78",
}  # fmt: skip


def read_cpuinfo(text: str) -> Cpu:
    """Return what Linux's /proc/cpuinfo says; features are those that every listed core has (big.LITTLE, hybrid)."""
    brand: str | None = None
    implementer = ""
    features: set[str] | None = None
    lines: set[str] = set()
    for line in text.splitlines():
        key, _, value = (part.strip() for part in line.partition(":"))
        if key in {"flags", "Features"} and value not in lines:
            lines.add(value)
            found = _linux_features(value)
            features = found if features is None else features & found
        elif key in {"model name", "Model name"} and value and not brand:
            brand = value
        elif key == "CPU implementer":
            implementer = value
        elif key == "CPU part" and not brand:
            brand = _ARM_CORES.get((implementer, value))
    return Cpu(brand=name_of(brand), features=None if features is None else _ordered(features))


def _linux_features(value: str) -> set[str]:
    found = {_LINUX_ALIASES.get(flag, flag) for flag in value.lower().split()}
    if "asimd" in found:
        found.add("neon")  # 64-bit ARM says asimd, 32-bit ARM says neon
    return found


def read_sysctl(text: str) -> dict[str, str]:
    """Return `name: value` lines of macOS's sysctl as a dictionary; other lines are left out."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon and name.strip()}


def apple_cpu(facts: Mapping[str, str]) -> Cpu:
    """Return brand and features of Apple silicon. Every such CPU has NEON; the rest is `hw.optional.arm.FEAT_*`."""
    features = {"neon", "asimd"}
    for name, spelling in _APPLE_FEATURES.items():
        if facts.get(f"hw.optional.arm.{name}") == "1":
            features.update(spelling.split())
    features.update(*(spelling.split() for name, spelling in _APPLE_OLD.items() if facts.get(name) == "1"))
    return Cpu(brand=name_of(facts.get("machdep.cpu.brand_string")), features=_ordered(features))


def intel_mac_cpu(facts: Mapping[str, str]) -> Cpu:
    """Return brand and features of an Intel Mac; features None when sysctl listed none at all."""
    words = f"{facts.get('machdep.cpu.features', '')} {facts.get('machdep.cpu.leaf7_features', '')}".lower().split()
    features = {_INTEL_MAC_ALIASES.get(word, word) for word in words}
    features.update(spelling for name, spelling in _INTEL_OPTIONAL.items() if facts.get(name) == "1")
    brand = name_of(facts.get("machdep.cpu.brand_string"))
    return Cpu(brand=brand, features=_ordered(features) if features else None)


def windows_features(numbers: frozenset[int], *, arm: bool) -> tuple[str, ...]:
    """Return the feature names of the `PF_*` numbers that are set.

    An emulated process on ARM64 is told the features of the x86 it is shown; those are no features of the hardware.
    """
    found = {WINDOWS_FEATURES[number] for number in numbers if number in WINDOWS_FEATURES}
    return _ordered((found & set(_ARM)) | {"neon", "asimd"} if arm else found & set(_X86))


def _ordered(features: set[str]) -> tuple[str, ...]:
    return tuple(name for name in _ORDER if name in features)
