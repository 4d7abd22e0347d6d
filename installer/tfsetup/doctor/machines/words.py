"""Words that only one kind of machine prints, counted: the weakest statements. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tfsetup.doctor.machines.statements import Statement, Strength

# Of rival values the one with more of its words is taken.
_WORDS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("wsl", "true", ("microsoft-standard", "/mnt/c/", "/usr/lib/wsl/", "WSL2", "WSL_DISTRO")),
    ("os", "windows", (
        "win_amd64", "\\site-packages\\", "on win32", "[WinError", "DLL load failed", ":\\Users\\", ":\\ProgramData\\",
        "\\lib\\", "\\Lib\\", "-windows-msvc", ".pyd", "PS C:\\", "C:\\",
    )),
    ("os", "macos", (
        "/Users/", ".dylib", "macosx_", "macosx-", "on darwin", "/opt/homebrew/", "dyld[", "dyld:", "osx-arm64",
        "osx-64", "zsh: ", "-apple-darwin", "/usr/local/Cellar/", "/Library/Frameworks/",
    )),
    ("os", "linux", (
        "/home/", "manylinux", "linux-gnu", "linux_x86_64", "linux_aarch64", "linux-64", "linux-aarch64", "on linux",
        ".so.1:", "/lib64/", "dist-packages", "(core dumped)", "Ubuntu", "Debian",
    )),
    ("bits", "32", (
        "32 bit (Intel)", "-win32.whl", "win32-", "-32\\", "-32/", "32-bit Python", "Python 32-bit", "'32bit'",
        "(x86)\\Python",
    )),
    ("container", "true", (
        "/.dockerenv", "docker run", "RUN pip", "Dockerfile", "failed to solve: process", "docker build", "Docker",
        "returned a non-zero code",
    )),
    ("libc", "musl", ("musllinux", "Alpine", "alpine", "linux-musl", "ld-musl")),
)  # fmt: skip
# Words of an architecture, by the system on which they are said of a process: the name of a wheel for Windows says
# nothing of the Mac in whose log it stands.
_PROCESSES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("macos", "arm64", (
        "macosx_11_0_arm64", "macosx_12_0_arm64", "osx-arm64", "-arm64-", "arm64-apple", "/miniforge3/",
        "aarch64-apple", "need 'arm64", "need (arm64", "/opt/homebrew/",
    )),
    ("macos", "x86_64", (
        "osx-64", "-x86_64-cpython", "-x86_64-3.", "need 'x86_64", "need (x86_64",
        "/usr/local/Cellar/", "/usr/local/Homebrew/",  # where Homebrew is on Intel Macs and under Rosetta
    )),
    ("linux", "aarch64", (
        "aarch64-linux-gnu", "linux_aarch64", "linux-aarch64", "manylinux2014_aarch64", "_aarch64.whl",
    )),
    ("linux", "armv7l", ("armv7l", "piwheels", "arm-linux-gnueabihf", "armv6l")),
    ("linux", "x86_64", ("x86_64-linux-gnu", "linux_x86_64", "manylinux2014_x86_64", "-x86_64-cpython", "-x86_64-3.")),
    ("windows", "x86_64", ("win_amd64", "64 bit (AMD64)", "(AMD64)")),
)  # fmt: skip
# What TensorFlow advises on Windows, and what tfsetup does: neither is said of the machine.
_ADVICE: Final = ("Please use WSL2", "WSL2 runs the Linux wheels", "WSL2 (wsl --install)", "(also WSL2)")
# A Python that is named anywhere, most telling first.
_PYTHONS: Final = (
    re.compile(r"python(?P<v>[23]\.[0-9]{1,2})(?:/|\\|\b)", re.IGNORECASE),
    re.compile(r"Python(?P<major>3)(?P<minor>[0-9]{1,2})(?>-32|_64)?+[\\/]", re.IGNORECASE),
    re.compile(r"(?:C|c)?Python (?P<v>[23]\.[0-9]{1,2}(?:\.[0-9]{1,2})?)"),
    re.compile(r"\bcp(?P<major>[23])(?P<minor>[0-9]{1,2})-cp"),
    re.compile(r"cpython-(?P<major>3)(?P<minor>[0-9]{1,2})"),
)


def guessed(stream: str, system: str | None) -> Iterator[Statement]:
    """Yield what the words of `stream` suggest; `system` is the one it is known to be from, None: its words tell."""
    text = stream.replace("/mnt/c/Users/", "/mnt/c/")  # a Windows folder seen from WSL, not a Mac's
    for advice in _ADVICE:
        text = text.replace(advice, "")
    found = list(_most(text, _WORDS))
    system = system or next((one.value for one in found if one.fact == "os"), None)
    yield from found
    yield from _most(text, [("process", arch, words) for os, arch, words in _PROCESSES if system in {None, os}])
    if place := next(filter(None, (pattern.search(text) for pattern in _PYTHONS)), None):
        named = place.groupdict()
        version = named.get("v") or f"{named['major']}.{named['minor']}"
        yield Statement(fact="python", value=version, strength=Strength.WORDS, said=place[0], at=place.start())


def _most(text: str, table: Iterable[tuple[str, str, tuple[str, ...]]]) -> Iterator[Statement]:
    """Yield of each fact in the table the value of which most words stand in `text`."""
    votes: dict[str, dict[str, tuple[int, str]]] = {}
    for fact, value, words in table:
        found = [(count, word) for word in words if (count := text.count(word))]
        if found:
            votes.setdefault(fact, {})[value] = (sum(count for count, _ in found), found[0][1])
    for fact, counts in votes.items():
        value, (_, word) = max(counts.items(), key=lambda pair: pair[1][0])
        yield Statement(fact=fact, value=value, strength=Strength.WORDS, said=word, at=text.find(word))
