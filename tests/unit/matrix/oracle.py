"""A second opinion on `select`, written from the rules of INTERFACE and the snapshot alone, with none of its code.

It knows every combination of release, plugin and Python of the recorded index, throws out what cannot work, and orders
the rest. Slow and blunt on purpose.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from support.matrix import ROOT

AVX_FREE_MACOS = {"2.5", "2.8", "2.11", "2.12"}  # minor releases of tensorflow-macos for x86_64 without AVX
# (plugin, releases it loads with, oldest macOS): Apple silicon in order of preference, then Intel Macs with AMD GPUs.
METAL = {
    "arm64": [
        ("1.2.0", ["2.18", "2.19"], (12, 1)),
        ("1.1.0", ["2.14", "2.15", "2.16", "2.17"], (12, 1)),
        ("1.2.0", ["2.14", "2.15", "2.16", "2.17"], (12, 1)),
        ("1.0.0", ["2.13"], (12, 1)),
        ("0.8.0", ["2.12"], (12, 1)),
        ("0.7.0", ["2.11"], (12, 1)),
        ("0.6.0", ["2.10"], (12, 1)),
        ("0.5.0", ["2.9"], (12, 1)),
        ("0.4.0", ["2.8"], (12, 0)),
        ("0.3.0", ["2.7"], (12, 0)),
        ("0.2.0", ["2.6"], (12, 0)),
        ("0.1.2", ["2.5"], (12, 0)),
    ],
    "x86_64": [("1.0.0", ["2.13"], (14, 0)), ("0.8.0", ["2.13", "2.12"], (12, 1))],
}


@dataclass(frozen=True, kw_only=True)
class Machine:
    os: str
    arch: str
    version: tuple[int, int] | None  # macOS or glibc; None: musl, or Windows
    python: str  # the one interpreter, `t` for free-threaded
    avx: bool = True
    gpu: str | None = None
    driver: float | None = None
    rosetta: bool = False
    clt: bool = True


@cache
def snapshot() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "environments" / "index.json").read_text())
    return read


def index() -> dict[str, Any]:
    found: dict[str, Any] = snapshot()["distributions"]
    return found


@cache
def minor_of(version: str) -> str:
    return ".".join(str(part) for part in Version(version).release[:2])


@cache
def tag_fits(tag: str, m: Machine, arch: str) -> bool:
    if found := re.fullmatch(r"macosx_(\d+)_(\d+)_(.+)", tag):
        right = m.os == "macos" and found[3] == arch
        return right and m.version is not None and m.version >= (int(found[1]), int(found[2]))
    old = {"manylinux1": "2_5", "manylinux2010": "2_12", "manylinux2014": "2_17"}
    for name, floor in old.items():
        tag = tag.replace(f"{name}_", f"manylinux_{floor}_")
    if found := re.fullmatch(r"manylinux_(\d+)_(\d+)_(.+)", tag):
        right = m.os == "linux" and found[3] == arch
        return right and m.version is not None and m.version >= (int(found[1]), int(found[2]))
    return tag == "win_amd64" and m.os == "windows" and arch == "x86_64"


def wheel(name: str, version: str, m: Machine, arch: str) -> dict[str, Any] | None:
    """The wheel that would be installed, if the interpreter has one whose code is really there."""
    for group in index().get(name, {}).get(version, {}).get("wheels", ()):
        tags = group["platform"].split(".")
        if m.python in group["pythons"] and any(tag_fits(tag, m, arch) for tag in tags):
            if "carrier" not in group:
                return dict(group)
            target, pin = group["carrier"]
            found = wheel(target, pin, m, arch) if (target, pin) != (name, version) else None
            return dict(group) if found else None
    return None


def avx_needed(name: str, version: str, m: Machine) -> bool:
    if m.arch != "x86_64" and not m.rosetta:
        return False
    if m.os == "windows":
        return Version("2.15") <= Version(Version(version).base_version) < Version("2.18.1")
    return not (name == "tensorflow-macos" and minor_of(version) in AVX_FREE_MACOS)


@cache
def bounds(name: str, version: str, m: Machine, arch: str) -> list[str]:
    """What has to be added, by the metadata of the wheel that has the code of a release on a machine."""
    number, found = Version(Version(version).base_version), []
    own = requirements(name, version, m, arch)
    if number < Version("2.18") and any(admits(text, "numpy", "2.0.2") for text in own):
        found.append("numpy<2")
    if number < Version("2.12") and any(admits(text, "protobuf", "4.21.12") for text in own):
        found.append("protobuf<3.21")
    if any(admits(text, "tensorboard", f"{number.major}.{number.minor}.0") for text in own):
        found.append("setuptools<82")  # no published tensorboard is newer than 2.20, and all of them want pkg_resources
    return found


def requirements(name: str, version: str, m: Machine, arch: str) -> list[str]:
    group = wheel(name, version, m, arch) or {}
    if "carrier" in group:
        name, version = group["carrier"]
        group = wheel(name, version, m, arch) or {}
    return list(snapshot()["requires"][group["requires"]]) if group else []


def admits(text: str, name: str, version: str) -> bool:
    wanted = Requirement(text)
    return wanted.name == name and wanted.specifier.contains(version)


def distributions(m: Machine, accelerator: str) -> list[str]:
    """Names in order of preference for one accelerator."""
    if accelerator == "rocm":
        return ["tensorflow-rocm"] if (m.os, m.arch, m.gpu) == ("linux", "x86_64", "amd") else []
    if m.os == "macos":
        return ["tensorflow", "tensorflow-macos"]
    if m.os == "linux" and m.arch == "x86_64" and accelerator == "cpu":
        return ["tensorflow-cpu", "tensorflow"]
    return ["tensorflow", "tensorflow-cpu-aws"] if m.os == "linux" else ["tensorflow"]


@cache
def versions(name: str, spec: str | None, pre: bool) -> list[str]:
    known = [v for v, facts in index().get(name, {}).items() if not facts.get("yanked")]
    wanted = SpecifierSet("" if spec is None else f"=={spec}" if spec[0].isdigit() else spec)
    keep = [v for v in known if wanted.contains(v, prereleases=True) and (pre or not Version(v).is_prerelease)]
    return sorted(keep, key=Version, reverse=True)


def cuda_possible(name: str, version: str, m: Machine) -> bool:
    number = Version(minor_of(version))
    if m.gpu != "nvidia" or m.arch != "x86_64" or m.driver is None:
        return False
    if m.os == "windows":
        return number < Version("2.11") and m.driver >= 452.39
    if version in {"2.15.0", "2.15.0rc0", "2.15.0rc1"} or (number == Version("2.14") and m.python == "3.11"):
        return False  # TensorRT without wheels
    return m.driver >= (525.60 if number >= Version("2.15") else 450.80)


def plugin(version: str, m: Machine) -> str | None:
    for pin, minors, floor in METAL[m.arch]:
        fits = minor_of(version) in minors and m.version is not None and m.version >= floor
        if fits and wheel("tensorflow-metal", pin, m, m.arch):
            return f"tensorflow-metal=={pin}"
    return None


def community(version: str, m: Machine) -> bool:
    modern = m.version is not None and m.version >= (15, 0) and int(m.python.rstrip("t").split(".")[1]) >= 10
    return m.arch == "arm64" and minor_of(version) == "2.21" and modern and m.clt


@cache
def answers(m: Machine, spec: str | None, accelerator: str, pre: bool) -> list[list[str]]:
    """All that works for one accelerator, best first."""
    found: list[tuple[Any, list[str]]] = []
    if m.rosetta or m.python.endswith("t"):
        return rosetta(m, spec, accelerator, pre) if m.rosetta else []
    for rank, name in enumerate(distributions(m, accelerator)):
        for version in versions(name, spec, pre):
            if wheel(name, version, m, m.arch) is None or (avx_needed(name, version, m) and not m.avx):
                continue
            for key, pins in ways(name, version, m, accelerator, spec):
                found.append(
                    ((*key, Version(version), -rank), [*pins[:1], *pins[1:], *bounds(name, version, m, m.arch)])
                )
    # A distribution later in the list is a last resort only where both have the release.
    return [pins for _, pins in sorted(found, key=lambda item: item[0], reverse=True)]


def ways(name: str, version: str, m: Machine, accelerator: str, spec: str | None) -> list[tuple[Any, list[str]]]:
    pin = f"{name}=={version}"
    if accelerator in {"cpu", "rocm"}:
        last_resort = (name, m.arch) in {("tensorflow-macos", "x86_64"), ("tensorflow-cpu-aws", "aarch64")}
        return [((0 if last_resort else 1,), [pin])]
    if accelerator == "cuda":
        if not cuda_possible(name, version, m):
            return []
        avoided = version in {"2.21.0", "2.16.1"} and m.os == "linux"
        extra = "[and-cuda]" if m.os == "linux" and Version(minor_of(version)) >= Version("2.14") else ""
        return [((0 if avoided else 1,), [f"{name}{extra}=={version}"])]
    if m.os != "macos" or m.gpu != ("apple" if m.arch == "arm64" else "amd"):
        return []
    if m.arch == "x86_64" and name != "tensorflow":
        return []
    if pair := plugin(version, m):
        return [((1,), [pin, pair])]
    if spec is not None and community(version, m) and name == "tensorflow":
        return [((0,), [pin, "setuptools>=61", "wheel>=0.40", "tensorflow-metal-plugin==0.4.1"])]
    return []


def rosetta(m: Machine, spec: str | None, accelerator: str, pre: bool) -> list[list[str]]:
    if spec is None or accelerator not in {"cpu", "auto"}:
        return []
    fits = [
        v
        for v in versions("tensorflow-macos", spec, pre)
        if minor_of(v) in AVX_FREE_MACOS and wheel("tensorflow-macos", v, m, "x86_64")
    ]
    return [[f"tensorflow-macos=={v}", *bounds("tensorflow-macos", v, m, "x86_64")] for v in fits]


def oracle(m: Machine, spec: str | None, accelerator: str, pre: bool = False) -> list[str]:
    """What must be installed, or nothing."""
    if accelerator != "auto":
        return next(iter(answers(m, spec, accelerator, pre)), [])
    gpu = []
    if m.os == "macos" and m.arch == "arm64":
        gpu = [pins for pins in answers(m, spec, "metal", pre) if any("tensorflow-metal==" in pin for pin in pins)]
        if spec is None:  # the releases before 2.13 are too old to be chosen for their plugin alone
            gpu = [pins for pins in gpu if pins[0].startswith("tensorflow==")]
    if m.os == "linux" and m.arch == "x86_64" and m.gpu == "nvidia" and new_enough(m, spec, pre):
        gpu = answers(m, spec, "cuda", pre)
    return next(iter([*gpu, *answers(m, spec, "cpu", pre)]), [])


def new_enough(m: Machine, spec: str | None, pre: bool) -> bool:
    """The driver must do for the newest release in question; an older one is not taken to please an old driver."""
    newest = next((v for v in versions("tensorflow", spec, pre) if Version(minor_of(v)) >= Version("2.15")), None)
    return m.driver is not None and (newest is None or m.driver >= 525.60)
