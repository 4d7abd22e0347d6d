"""A prediction of wheels made here: packages of tiny libraries, for any host."""

from __future__ import annotations

from collections.abc import Mapping

from support.elf_build import Define, Import, Library, build_elf
from support.wheels import wheel
from tfsetup.host.model import Host, Libc
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.machine import machine_of
from tfsetup.loader.preflight import preflight
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.python.promised import Promise
from tfsetup.loader.question import Question
from tfsetup.loader.report import Report
from tfsetup.loader.shipped import load_knowledge, load_system

SITE = "/venv/lib/python3.12/site-packages"
LINUX = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"))
Files = dict[str, bytes | str]


def judge(files: Files, host: Host = LINUX, *, promises: Mapping[str, Promise] | None = None) -> Report:
    """Predict the load of files below site-packages, each top-level package a wheel of its own.

    `promises`: what wheels may expect of a Linux (None: nothing). A `dist-info` is in the wheel of its name.
    """
    packages = {_owner(path) for path in files}
    musl = host.libc is not None and host.libc.name == "musl"
    linux = "musllinux_1_2_x86_64" if musl else "manylinux_2_17_x86_64"
    platform = "macosx_12_0_arm64" if host.os == "macos" else linux
    tag = f"cp312-cp312-{platform}"
    wheels = []
    for package in sorted(packages):
        version = "2.19.1" if package == "tensorflow" else "1.0"
        inside = {path: data for path, data in files.items() if _owner(path) == package}
        wheels.append(wheel(f"{package.partition('.')[0]}-{version}-{tag}.whl", inside))
    view, machine = WheelView(wheels, at=SITE), machine_of(host, "3.12")
    names = tuple(name for name, _ in wheels)
    question = Question(files=view, site=SITE, machine=machine, python="3.12", wheels=names)
    around = Surroundings(
        files=view, macos=load_system(), prefix="/venv", site=SITE, wheels=names, promises=promises or {}
    )
    return preflight(question, new_process(machine, host, "3.12", around), load_knowledge())


def _owner(path: str) -> str:
    top = path.partition("/")[0]
    return top.partition("-")[0] if top.endswith(".dist-info") else top


def module(name: str, *needed: str, runpath: str | None = None, imports: tuple[str, ...] = ()) -> bytes:
    """Return an extension module that needs libraries, and functions of them."""
    wanted = [Import(name=each) for each in imports]
    defines = [Define(name=f"PyInit_{name}")]
    return build_elf(Library(needed=needed, runpath=runpath, defines=defines, imports=wanted))
