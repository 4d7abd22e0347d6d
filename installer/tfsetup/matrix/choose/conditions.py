"""The ordered questions a row must answer before its releases are looked at, each with its own words for "no"."""

from __future__ import annotations

from collections.abc import Callable

from tfsetup.ground.platforms import OS_NAMES
from tfsetup.host.model import Host
from tfsetup.matrix.file.rows import Row
from tfsetup.matrix.machine import hardware
from tfsetup.matrix.model import Ask

ACCELERATORS = {"cpu": "the CPU", "metal": "Metal", "cuda": "CUDA", "rocm": "ROCm"}
VENDORS = {"apple": "Apple", "nvidia": "NVIDIA", "amd": "AMD", "intel": "Intel"}

Condition = Callable[[Row, Host, Ask], str]


def _system(row: Row, host: Host, _ask: Ask) -> str:
    if host.os is None:
        return "could not tell which operating system this is"
    return "" if row.when.os == host.os else f"for {OS_NAMES[row.when.os]}; this is {OS_NAMES[host.os]}"


def _architecture(row: Row, host: Host, _ask: Ask) -> str:
    have = hardware(host)
    if have is None:
        return "could not tell which processor architecture this is"
    translated = " (this process is translated by Rosetta)" if host.rosetta else ""
    return "" if row.when.arch == have else f"for {row.when.arch} machines; this one is {have}{translated}"


def _rosetta(row: Row, host: Host, _ask: Ask) -> str:
    return "for Pythons translated by Rosetta only" if row.when.rosetta and not host.rosetta else ""


def _accelerator(row: Row, _host: Host, ask: Ask) -> str:
    if ask.accelerator == "auto":
        shy = row.auto == "never" or (row.auto == "asked" and ask.tensorflow is None)
        return f"only when asked for (--accelerator {row.accelerator})" if shy else ""
    if row.accelerator == ask.accelerator:
        return ""
    return f"runs on {ACCELERATORS[row.accelerator]}; {ACCELERATORS[ask.accelerator]} was asked for"


def _by_version(row: Row, _host: Host, ask: Ask) -> str:
    if row.when.by_version and ask.tensorflow is None:
        return "only when a TensorFlow version is asked for (--tensorflow)"
    return ""


def _gpu(row: Row, host: Host, ask: Ask) -> str:
    vendor = row.when.gpu
    if vendor is None:
        return ""
    if host.gpus is None:
        # Every Apple-silicon Mac has Apple's GPU; for other vendors a guess would cost gigabytes.
        known = vendor == "apple" or ask.accelerator != "auto"
        return "" if known else f"could not tell whether there is an {VENDORS[vendor]} GPU"
    return "" if any(gpu.vendor == vendor for gpu in host.gpus) else f"no {VENDORS[vendor]} GPU here"


def _libc(row: Row, host: Host, _ask: Ask) -> str:
    if row.when.os == "linux" and host.libc is not None and host.libc.name == "musl":
        return "its wheels need glibc; this system has musl"
    return ""


def _xcode(row: Row, host: Host, _ask: Ask) -> str:
    if row.when.xcode_clt and host.xcode_clt is False:
        return "must be compiled, and Xcode's command line tools are not installed (xcode-select --install)"
    return ""


CONDITIONS: tuple[Condition, ...] = (_system, _architecture, _rosetta, _accelerator, _by_version, _gpu, _libc, _xcode)
RELEVANT = 4  # a row that fails one of the first four is for another machine or another ask


def for_another_machine(row: Row, host: Host) -> bool:
    """Tell whether a row is for another system or another architecture."""
    ask = Ask()
    return any(condition(row, host, ask) for condition in (_system, _architecture, _rosetta))


def first_no(row: Row, host: Host, ask: Ask) -> tuple[int, str]:
    """Return the place and the words of the first condition that fails; (-1, "") when all hold."""
    for place, condition in enumerate(CONDITIONS):
        if reason := condition(row, host, ask):
            return place, reason
    return -1, ""
