"""What a text tells of the interpreter that its refusals were said to: tags, wheels it does not take, its pip. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from tfsetup.doctor.refusals.hosts import interpreters
from tfsetup.doctor.refusals.model import Refusal
from tfsetup.doctor.refusals.worlds import Interpreter, admits, permits
from tfsetup.ground.versions import minor

_PIP: Final = (
    re.compile(r"(?i:using) pip (?:version )?([0-9]{1,2}\.[0-9.]{1,8})"),
    re.compile(r"\bpip ([0-9]{1,2}\.[0-9.]{1,8}) from "),
    re.compile(r"new release of pip available: ([0-9]{1,2}\.[0-9.]{1,8})"),
    re.compile(r"pip(?:==| version:? )([0-9]{1,2}\.[0-9.]{1,8})"),
)
_IGNORED: Final = re.compile(r"Ignored the following versions that require a different python version: ([^E]{1,4000})")
_REQUIRES: Final = re.compile(r"Requires-Python ([<>=!~][0-9.*, <>=!~]{1,60})")
_REFUSED_WHEEL: Final = re.compile(
    r"-(?P<python>cp[23][0-9]{1,2})-[a-z0-9]{3,8}-(?P<platform>[a-z0-9_.]{3,80})\.whl'? is not a supported wheel"
)
_UNFIT: Final = 0.02  # of a Python that would not have passed over what pip says it did
# conda's Python for Intel Macs was built for macOS 10: how its prompts and folders show, and how much they say.
_OLD_SDK: Final[Mapping[str, float]] = {
    "SYSTEM_VERSION_COMPAT": 60.0, "x86_64-apple-darwin13": 40.0, "10.16": 20.0, "anaconda3": 3.0,
    "conda activate": 2.0,
}  # fmt: skip
# How the tags of places begin, and how they end.
_SYSTEMS: Final = {"windows": "win", "macos": "macosx", "linux": "linux", "musl": "musl"}
_MACHINES: Final[Mapping[str, tuple[str, ...]]] = {
    "x86_64": ("x86_64", "amd64"), "10.16": ("x86_64",), "11only": ("x86_64",), "manylinux1": ("x86_64",),
    "i686": ("i686", "win32"),
}  # fmt: skip
_UNAME: Final = re.compile(r"\b(i[36]86|armv[67]l|aarch64|x86_64) GNU/Linux")
_MACHINES_OF_UNAME: Final = {"i386": "i686", "armv6l": "armv7l"}
_TAG_OF_PYTHON: Final = re.compile(r"cp([23])(\d{1,2})t?")


def heard(
    stream: str, facts: Mapping[str, str], guessed: frozenset[str], refusals: Sequence[Refusal]
) -> tuple[tuple[Interpreter, float], ...]:
    """Return how likely each interpreter is the one that was refused, the likeliest first."""
    kept = {name: value for name, value in facts.items() if not _of_a_refused_wheel(stream, name, value, guessed)}
    old_sdk = next((times for word, times in _OLD_SDK.items() if word in stream), 1.0)
    likely = interpreters(kept, guessed, pip=_pip_of(stream), old_sdk=old_sdk)
    weights = _weighed(likely, stream, refusals)
    return tuple(sorted(weights.items(), key=lambda pair: -pair[1]))


def _of_a_refused_wheel(stream: str, name: str, value: str, guessed: frozenset[str]) -> bool:
    """Return whether a fact was read out of the name of a wheel that does not fit, so that it is none."""
    if name not in {"python", "process", "arch"} or name not in guessed:
        return False
    refused = [found["python"] for found in _REFUSED_WHEEL.finditer(stream)]
    return bool(refused) and (name != "python" or f"cp{minor(value).replace('.', '')}" in refused)


def _pip_of(stream: str) -> str:
    return next((found[1].rstrip(".") for pattern in _PIP if (found := pattern.search(stream))), "")


def _weighed(likely: Mapping[Interpreter, float], stream: str, refusals: Sequence[Refusal]) -> dict[Interpreter, float]:
    """Return the weights after what installers say of themselves: a tag, and what they passed over for their Python."""
    passed = {spec for found in _IGNORED.finditer(stream) for spec in _REQUIRES.findall(found[1])}
    refused = [(found["python"], found["platform"].split(".")) for found in _REFUSED_WHEEL.finditer(stream)]
    weights = dict(likely)
    machine, piwheels = _UNAME.search(stream), "www.piwheels.org" in stream
    for one in weights:
        if piwheels and one.place != "linux-armv7l":
            weights[one] *= _UNFIT
        if machine and not one.place.endswith(_MACHINES_OF_UNAME.get(machine[1], machine[1])):
            weights[one] *= _UNFIT
        takes = (_is_python(one, python) and any(admits(one.place, tag) for tag in tags) for python, tags in refused)
        weights[one] *= _UNFIT if any(takes) else 1.0
        weights[one] *= _UNFIT ** min(2, sum(permits(spec.strip(" ,"), one.python) for spec in passed))
        for refusal in refusals:
            if refusal.tag and not _wears(one, refusal.tag):
                weights[one] *= _UNFIT
    return weights


def _wears(one: Interpreter, tag: str) -> bool:
    """Return whether an interpreter may call itself by this tag (`cp313`, `macosx_14_0_x86_64`)."""
    if _TAG_OF_PYTHON.fullmatch(tag):
        return _is_python(one, tag)
    system, _, arch = one.place.partition("-")
    if arch == "10.16" and not tag.startswith("macosx_10_"):
        return False
    return _SYSTEMS[system] in tag and tag.endswith(_MACHINES.get(arch, (arch,)))


def _is_python(one: Interpreter, tag: str) -> bool:
    found = _TAG_OF_PYTHON.fullmatch(tag)
    return found is not None and one.python == f"{found[1]}.{found[2]}"
