"""What programs print about the machine they run on, in the language of `pattern.py`. Pure.

`process` is the architecture of the interpreter, `arch` that of the machine, `image` that of a container's image. A
value in braces is what the pattern captured. A wheel that was refused says nothing of the machine, one that was
downloaded does: pip takes no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tfsetup.doctor.machines.statements import Statement, Strength, shaped
from tfsetup.doctor.pattern import anchor_of, candidates, compile_pattern

_LONGEST: Final = 70
_MAC: Final = {"os": "macos"}
_ARM_MAC: Final = {"os": "macos", "process": "arm64"}
_INTEL_PROCESS: Final = {"os": "macos", "process": "x86_64"}
_EMULATED: Final = {"emulated": "true", "container": "true", "image": "x86_64", "os": "linux"}
_AMD64_IMAGE: Final = {"container": "true", "image": "x86_64"}
_ARM64_IMAGE: Final = {"container": "true", "image": "aarch64"}

RULES: Final[tuple[tuple[str, Mapping[str, str]], ...]] = (
    # uname, sw_vers, sysctl, file, system_profiler, crash reports
    ("Darwin Kernel Version {darwin:version}", {**_MAC, "darwin": "{darwin}"}),
    ("RELEASE_ARM64", {**_MAC, "arch": "arm64"}),
    ("RELEASE_X86_64", {**_MAC, "arch": "x86_64"}),
    ("RELEASE_ARM64_{chip:name} x86_64", _INTEL_PROCESS),
    ("RELEASE_ARM64_{chip:name} arm64", _ARM_MAC),
    ("uname -m {machine}", {"uname": "{machine}"}),
    ("OS/Arch: darwin/arm64", {"arch": "arm64", "container": "true"}),
    ("OS version: Darwin arm64", {**_MAC, "arch": "arm64"}),
    ("OS version: Darwin x64", _MAC),
    ("OS version: Windows_NT", {"os": "windows"}),
    ("arch -x86_64 ", _INTEL_PROCESS),
    ("% arch i386", _INTEL_PROCESS),
    ("$ arch i386", _INTEL_PROCESS),
    ("% arch arm64", _ARM_MAC),
    ("$ arch arm64", _ARM_MAC),
    ("ProductVersion: {macos:version}", {**_MAC, "macos": "{macos}"}),
    ("OS Version: macOS {macos:version}", {**_MAC, "macos": "{macos}"}),
    ("OS Version: Mac OS X {macos:version}", {**_MAC, "macos": "{macos}"}),
    ("Running under: macOS {name} {macos:version}", {**_MAC, "macos": "{macos}"}),
    ("{python:file}: Mach-O 64-bit executable x86_64", _INTEL_PROCESS),
    ("{python:file}: Mach-O 64-bit executable arm64", _ARM_MAC),
    ("Code Type: X86-64 (Translated)", {**_INTEL_PROCESS, "arch": "arm64", "rosetta": "true"}),
    ("Code Type: X86-64 (Native)", {**_INTEL_PROCESS, "arch": "x86_64"}),
    ("Code Type: ARM-64", {**_ARM_MAC, "arch": "arm64"}),
    ("sysctl.proc_translated: 1", {**_INTEL_PROCESS, "arch": "arm64", "rosetta": "true"}),
    ("sysctl.proc_translated: 0", {**_MAC, "rosetta": "false"}),
    ("brand_string: Apple M", {**_MAC, "arch": "arm64"}),
    ("Chip: Apple M", {**_MAC, "arch": "arm64"}),
    ("Chip Apple M", {**_MAC, "arch": "arm64"}),
    ("|CPUs|Apple M", {**_MAC, "arch": "arm64"}),
    ("Processor Name: {cores:file} Intel", {**_MAC, "arch": "x86_64"}),
    ("Metal device set to: Apple", {**_MAC, "arch": "arm64"}),
    ("Metal device set to: AMD", {**_MAC, "arch": "x86_64"}),
    ("Metal device set to: Intel", {**_MAC, "arch": "x86_64"}),
    # platform.platform(), platform.machine(), platform.architecture(), Python's banner, R's
    ("macOS-{macos:version}-arm64-", {**_ARM_MAC, "arch": "arm64", "macos": "{macos}"}),
    ("macOS-{macos:version}-x86_64-", {**_INTEL_PROCESS, "macos": "{macos}"}),
    ("Darwin-{darwin:version}-arm64", {**_ARM_MAC, "arch": "arm64", "darwin": "{darwin}"}),
    ("Darwin-{darwin:version}-x86_64", {**_INTEL_PROCESS, "darwin": "{darwin}"}),
    ("Linux-{kernel:version}-x86_64-with", {"os": "linux", "process": "x86_64"}),
    ("Linux-{kernel:version}-aarch64-with", {"os": "linux", "process": "aarch64"}),
    ("Linux-{kernel:version}-armv7l-with", {"os": "linux", "process": "armv7l"}),
    ("-with-glibc{glibc:version}", {"os": "linux", "libc": "glibc", "glibc": "{glibc}"}),
    ("Windows-{release:version}-SP0", {"os": "windows"}),
    ("platform.machine()) {machine}", {"process": "{machine}"}),
    ("platform.machine())' {machine}", {"process": "{machine}"}),
    ('platform.machine())" {machine}', {"process": "{machine}"}),
    ("platform.machine() '{machine}'", {"process": "{machine}"}),
    ("platform.machine(): {machine}", {"process": "{machine}"}),
    ("platform.machine() = {machine}", {"process": "{machine}"}),
    ("('32bit', 'WindowsPE')", {"os": "windows", "bits": "32"}),
    ("('64bit', 'WindowsPE')", {"os": "windows", "bits": "64"}),
    ("('64bit', 'ELF')", {"os": "linux", "bits": "64"}),
    ("('32bit', 'ELF')", {"os": "linux", "bits": "32"}),
    ("] on darwin", _MAC),
    ("] on linux", {"os": "linux"}),
    ("] on win32", {"os": "windows"}),
    ("64 bit (AMD64)]", {"os": "windows", "process": "x86_64", "bits": "64"}),
    ("64 bit (ARM64)]", {"os": "windows", "process": "arm64", "bits": "64"}),
    ("32 bit (Intel)]", {"os": "windows", "bits": "32"}),
    ("Platform: x86_64-apple-darwin", _INTEL_PROCESS),
    ("Platform: aarch64-apple-darwin", _ARM_MAC),
    # dyld, the linker's architectures
    ("need 'x86_64", _INTEL_PROCESS),
    ("need 'arm64", _ARM_MAC),
    ("need (x86_64", _INTEL_PROCESS),
    ("need (arm64", _ARM_MAC),
    # TensorFlow's own words for instructions that only x86_64 has
    ("compiled to use {AVX|SSE}{..}instructions, but these aren't available on your machine", {"process": "x86_64"}),
    ("operations: {AVX|SSE}", {"process": "x86_64"}),
    # wheels that were taken, build folders, conda's subdirs
    ("Downloading {wheel:file}macosx_{tag:version}_x86_64.whl", _INTEL_PROCESS),
    ("Downloading {wheel:file}macosx_{tag:version}_arm64.whl", _ARM_MAC),
    ("Using cached {wheel:file}macosx_{tag:version}_x86_64.whl", _INTEL_PROCESS),
    ("Using cached {wheel:file}macosx_{tag:version}_arm64.whl", _ARM_MAC),
    ("Downloading {wheel:file}win_amd64.whl", {"os": "windows", "process": "x86_64", "bits": "64"}),
    ("Downloading {wheel:file}win32.whl", {"os": "windows", "bits": "32"}),
    ("Using cached {wheel:file}win32.whl", {"os": "windows", "bits": "32"}),
    ("Downloading {wheel:file}linux{tag:version}_x86_64.whl", {"os": "linux", "process": "x86_64"}),
    ("Downloading {wheel:file}linux{tag:version}_aarch64.whl", {"os": "linux", "process": "aarch64"}),
    ("Downloading {wheel:file}linux_armv7l.whl", {"os": "linux", "process": "armv7l"}),
    ("Downloading {wheel:file}linux_armv6l.whl", {"os": "linux", "process": "armv6l"}),
    ("You're on macOS ('macosx_{tag:version}_x86_64'", _INTEL_PROCESS),
    ("You're on macOS ('macosx_{tag:version}_arm64'", _ARM_MAC),
    ("You're on Linux ('{tag:version}_x86_64'", {"os": "linux", "process": "x86_64"}),
    ("You're on Linux ('{tag:version}_aarch64'", {"os": "linux", "process": "aarch64"}),
    ("macosx-{tag:version}-x86_64-", _INTEL_PROCESS),
    ("macosx-{tag:version}-arm64-", _ARM_MAC),
    ("Compatible tags: {..}macosx_{tag:version}_x86_64", _INTEL_PROCESS),
    ("Compatible tags: {..}macosx_{tag:version}_arm64", _ARM_MAC),
    ("Platform: osx-64", _INTEL_PROCESS),
    ("platform : osx-64", _INTEL_PROCESS),
    ("subdir: osx-64", _INTEL_PROCESS),
    ("Platform: osx-arm64", _ARM_MAC),
    ("platform : osx-arm64", _ARM_MAC),
    ("subdir: osx-arm64", _ARM_MAC),
    ("Current channels: {..}/osx-64", _INTEL_PROCESS),
    ("/osx-64::", _INTEL_PROCESS),
    ("Current channels: {..}/osx-arm64", _ARM_MAC),
    ("/osx-arm64::", _ARM_MAC),
    ("Platform: linux-64", {"os": "linux", "process": "x86_64"}),
    ("platform : linux-64", {"os": "linux", "process": "x86_64"}),
    ("Platform: linux-aarch64", {"os": "linux", "process": "aarch64"}),
    ("platform : linux-aarch64", {"os": "linux", "process": "aarch64"}),
    ("Platform: win-64", {"os": "windows", "process": "x86_64"}),
    ("platform : win-64", {"os": "windows", "process": "x86_64"}),
    # containers and emulators
    (
        "image's platform (linux/amd64) does not match the detected host platform (linux/arm64",
        {**_EMULATED, "arch": "arm64"},
    ),
    ("image's platform (linux/arm64{..}) does not match the detected host platform (linux/amd64", _ARM64_IMAGE),
    ("qemu: uncaught target signal", _EMULATED),
    ("qemu-x86_64: ", _EMULATED),
    ("rosetta error: failed to open elf", {**_EMULATED, "arch": "arm64"}),
    ("root@{host:name}:/", {"root_at": "{host}"}),
    ("--platform=linux/amd64", _AMD64_IMAGE),
    ("--platform linux/amd64", _AMD64_IMAGE),
    ("--platform=linux/x86_64", _AMD64_IMAGE),
    ("--platform linux/x86_64", _AMD64_IMAGE),
    ("platform: linux/amd64", _AMD64_IMAGE),
    ("DOCKER_DEFAULT_PLATFORM=linux/amd64", _AMD64_IMAGE),
    ("--platform=linux/arm64", _ARM64_IMAGE),
    ("--platform linux/arm64", _ARM64_IMAGE),
    ("-microsoft-standard", {"os": "linux", "wsl": "true"}),
    ("/usr/lib/wsl/", {"os": "linux", "wsl": "true"}),
    # Linux: the C library, the processor, small boards
    ("ldd (GNU libc) {glibc:version}", {"os": "linux", "libc": "glibc", "glibc": "{glibc}"}),
    ("ldd (Ubuntu GLIBC {package:version}) {glibc:version}", {"os": "linux", "libc": "glibc", "glibc": "{glibc}"}),
    ("ldd (Debian GLIBC {package:version}) {glibc:version}", {"os": "linux", "libc": "glibc", "glibc": "{glibc}"}),
    ("Architecture: x86_64", {"os": "linux", "process": "x86_64"}),
    ("Architecture: aarch64", {"os": "linux", "process": "aarch64"}),
    ("Architecture: armv7l", {"os": "linux", "process": "armv7l"}),
    ("raspberrypi", {"os": "linux", "device": "raspberry"}),
    ("Raspbian GNU/Linux", {"os": "linux", "device": "raspberry"}),
    ("piwheels.org", {"os": "linux", "device": "raspberry"}),
    ("tegra-ubuntu", {"os": "linux", "device": "jetson"}),
    ("-tegra ", {"os": "linux", "device": "jetson"}),
    # NVIDIA
    ("Driver Version: {driver:version}", {"gpu": "nvidia", "driver": "{driver}"}),
    ("NVRM version: NVIDIA UNIX{..}Kernel Module {driver:version}", {"gpu": "nvidia", "driver": "{driver}"}),
    ("kernel reported version is: {driver:version}", {"gpu": "nvidia", "driver": "{driver}"}),
    ("Cuda compilation tools, release {cuda:version}", {"cuda": "{cuda}"}),
    ("name: METAL{..}pci bus id", _MAC),
    ("name: {gpu:path}, pci bus id:", {"gpu_name": "{gpu}"}),
    ("compute capability: {compute:version}", {"compute": "{compute}"}),
    ("computeCapability: {compute:version}", {"compute": "{compute}"}),
)  # fmt: skip


def printed(stream: str) -> Iterator[Statement]:
    """Yield what programs say in `stream`; linear in it, whatever it holds."""
    for pattern, says in RULES:
        anchor = anchor_of(pattern)
        if anchor in stream:
            for hit in compile_pattern(pattern).hits(stream, candidates(stream, anchor)):
                said = stream[hit.start : min(hit.end, hit.start + _LONGEST)].strip()
                for fact, value in says.items():
                    known = shaped(fact, hit.captures.get(value[1:-1], "") if value.startswith("{") else value)
                    if known:
                        yield Statement(
                            fact=known[0], value=known[1], strength=Strength.PROGRAM, said=said, at=hit.start
                        )
