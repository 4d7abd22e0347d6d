"""Facts for conditions: from the host, from the package list and, where those are silent, from the log's own words.

A fact is a string (`os`, `python`, `glibc` …); a fact nobody knows is absent, and a condition on it is undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from tfsetup.doctor.model import Condition, When
from tfsetup.ground.kinds import RANGE
from tfsetup.ground.platforms import NARROW
from tfsetup.ground.versions import asked
from tfsetup.host.model import Host

HOST_FACTS = (
    "os", "os_version", "macos", "arch", "process", "rosetta", "wsl", "container", "libc", "glibc", "python", "bits",
    "avx", "avx2", "gpu", "driver", "device", "loss", "os_told", "mac", "devices",
)  # fmt: skip
# Those that a log says or nothing does; nobody can be asked for them. `os_told`: the system that somebody named, never
# one that the log's words suggest; a report about one machine speaks of others. `mac`: it is one, or one is spoken of;
# `devices`: `both`, when a text speaks of the CPU and of another one.
LOG_FACTS = frozenset(("loss", "os_told", "mac", "devices"))
# What a package name may be compared with besides a specifier.
PRESENCE = ("present", "absent")
_VERSION = re.compile(r"[0-9]++(?>\.[0-9]++)*+(?>(?:rc|a|b|\.post|\.dev)[0-9]++)?+")
# Only this much of each end of a log is searched for facts: what a run prints about its machine stands there.
_WINDOW = 200_000

# Words that only one kind of machine prints; of rival values the one with more of them is taken.
_WORDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
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
    ("process", "arm64", (
        "macosx_11_0_arm64", "macosx_12_0_arm64", "osx-arm64", "-arm64-", "arm64-apple", "/miniforge3/",
        "aarch64-apple", "need 'arm64", "need (arm64",
    )),
    ("process", "aarch64", (
        "aarch64-linux-gnu", "linux_aarch64", "linux-aarch64", "manylinux2014_aarch64", "_aarch64.whl",
    )),
    ("process", "armv7l", ("armv7l", "piwheels", "arm-linux-gnueabihf", "armv6l")),
    ("process", "x86_64", (
        "x86_64-linux-gnu", "linux_x86_64", "manylinux2014_x86_64", "win_amd64", "osx-64", "-x86_64-cpython",
        "-x86_64-3.", "need 'x86_64", "need (x86_64", "64 bit (AMD64)", "(AMD64)",
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
# A log that names another framework or package manager and never TensorFlow or its family is about that other one.
_OURS = ("tensorflow", "keras", "libmetal_plugin", "tf.", "tensorboard")
_OTHERS = (
    "torch", "jaxlib", "jax-metal", "jax metal", "flax", "mlx", "/jax/", "\\jax\\", "jax.", "npm err!", "node_modules",
    "cargo", "rustc", "mxnet", "paddlepaddle", "onnxruntime", "cupy", "xgboost", "lightgbm", "catboost",
)  # fmt: skip
# How Keras prints the loss of a step or an epoch, and how people repeat it.
_LOSS = re.compile(
    r"(?<![a-z_])loss:? ?(?P<value>nan|inf|[0-9]{1,12}(?:\.[0-9]{1,12})?(?:e[+-]?[0-9]{1,3})?)", re.IGNORECASE
)
# Words by which people name a Mac and its GPU; the names of macOS' releases are told more often than its own.
_MAC = re.compile(
    r"\b(?:mac|macs|macbooks?|macos|osx|imac|m[1-5](?: ?(?:pro|max|ultra|air))?"
    r"|apple(?:'s)? (?:silicon|gpus?|chips?|m[1-5])|metal|ventura|sonoma|sequoia|tahoe)\b",
    re.IGNORECASE,
)
_CPU = re.compile(r"\bcpus?\b", re.IGNORECASE)
_GPU = re.compile(r"\b(?:gpus?|metal|mps)\b", re.IGNORECASE)
_RISEN = 1.5  # times the least one before
_MOVED = 1.02
_ENOUGH = 3  # to call them flat
_PERSONAL = (
    ("docker", "container", "true"), ("32-bit", "bits", "32"), ("32 bit", "bits", "32"), ("alpine", "libc", "musl"),
    ("wsl", "wsl", "true"), ("raspb", "device", "raspberry"),
)  # fmt: skip
_PYTHON = (
    re.compile(r"python(?P<v>[23]\.[0-9]{1,2})(?:/|\\|\b)", re.IGNORECASE),
    re.compile(r"Python(?P<major>3)(?P<minor>[0-9]{1,2})(?>-32|_64)?+[\\/]", re.IGNORECASE),
    re.compile(r"(?:C|c)?Python (?P<v>[23]\.[0-9]{1,2}(?:\.[0-9]{1,2})?)"),
    re.compile(r"\bcp(?P<major>[23])(?P<minor>[0-9]{1,2})-cp"),
    re.compile(r"cpython-(?P<major>3)(?P<minor>[0-9]{1,2})"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What conditions are tested against. `guessed` names the host facts that were read out of the log.

    `elsewhere` says that the log is about another framework, so that its words are none of ours. `hazards`: the known
    defects of which it is known whether what is installed has them. `installed` are the packages under their own names
    only; `checks` what an inspection, or their list, shows.
    """

    host: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    guessed: frozenset[str] = frozenset()
    elsewhere: bool = False
    hazards: Mapping[str, bool] = field(default_factory=dict)
    installed: Mapping[str, str] = field(default_factory=dict)
    checks: frozenset[str] = frozenset()

    def holds(self, when: When, captures: Mapping[str, str]) -> bool | None:
        """Return whether one of the clauses holds: true, false, or None when the facts to tell are not known."""
        if not when:
            return True
        answers = [_all(self._test(condition, captures) for condition in clause) for clause in when]
        return True if True in answers else None if None in answers else False

    def _test(self, condition: Condition, captures: Mapping[str, str]) -> bool | None:
        match condition.scope:
            case "host" if condition.fact == "os_told":
                return _compare(None if "os" in self.guessed else self.host.get("os"), condition.test)
            case "host" if condition.fact == "mac":
                return _compare(str("mac" in self.host or self.host.get("os") == "macos").lower(), condition.test)
            case "host" if condition.fact == "devices":
                return _compare(self.host.get("devices", "one"), condition.test)
            case "host":
                return _compare(self.host.get(condition.fact), condition.test)
            case "capture":
                return _compare(captures.get(condition.fact), condition.test)
            case "package":
                return self._package(condition)
            case "check":
                return (condition.fact in self.checks) == condition.test
            case "hazard":
                has = self.hazards.get(condition.fact)
                return None if has is None else has == condition.test

    def _package(self, condition: Condition) -> bool | None:
        installed = self.packages.get(condition.fact)
        if condition.test in PRESENCE:
            known = installed is not None or self.whole
            return (installed is not None) == (condition.test == "present") if known else None
        return _compare(installed, condition.test)


def collect(
    host: Host | None,
    packages: Mapping[str, str] | None,
    stream: str,
    *,
    whole: bool = False,
    aliases: Mapping[str, tuple[str, ...]] | None = None,
) -> Facts:
    """Put the facts together; the host and the package list win over what the log seems to say."""
    told = _from_host(host) if host is not None else {}
    read = _from_log(stream)
    told = {**_from_text(told.get("os_version", "")), **told}
    merged = {**read, **told}
    if told.get("os") not in {None, read.get("os")} and "process" not in told:
        merged.pop("process", None)  # the log's architecture words belong to the log's operating system
    if told.get("os") in {"windows", "macos"} and "wsl" not in told:
        merged.pop("wsl", None)
    _derive(merged)
    return Facts(
        host=merged,
        packages=_with_aliases(packages or {}, aliases or {}),
        installed={canonicalize_name(name): version for name, version in (packages or {}).items()},
        whole=whole,
        guessed=frozenset(merged) - frozenset(told),
        elsewhere=not packages and is_elsewhere(stream),
    )


def is_elsewhere(stream: str) -> bool:
    """Return whether a log speaks of other frameworks only."""
    lowered = _ends(stream).lower()
    return any(word in lowered for word in _OTHERS) and not any(word in lowered for word in _OURS)


def trend(text: str) -> str:
    """Return how the losses printed in `text` go: `falling`, `rising`, `flat`, `nan`; `unknown` for too few."""
    printed = [match["value"].lower() for match in _LOSS.finditer(text)]
    if len(printed) < 2:  # noqa: PLR2004 - one point has no direction
        return "unknown"
    if "nan" in printed or "inf" in printed:
        return "nan"
    values = [float(value) for value in printed]
    if values[-1] > _RISEN * min(values):
        return "rising"
    if max(values) < _MOVED * min(values):
        return "flat" if len(values) >= _ENOUGH else "unknown"
    return "falling"


def _with_aliases(packages: Mapping[str, str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    known: dict[str, str] = {canonicalize_name(name): version for name, version in packages.items()}
    for name, others in aliases.items():
        same = next((known[other] for other in others if other in known), None)
        if same is not None:
            known.setdefault(name, same)
    return known


def is_specifier(text: str) -> bool:
    """Return whether `text` is a PEP 440 specifier such as `>=3.12,<3.14`."""
    if not text[:1] or text[0] not in "<>=!~":
        return False
    return not RANGE.complaint(text)


def _all(answers: Iterable[bool | None]) -> bool | None:
    told = set(answers)
    return False if False in told else None if None in told else True


def _compare(value: str | None, test: bool | str | tuple[str, ...]) -> bool | None:
    if value is None:
        return None
    match test:
        case bool():
            return (value == "true") == test
        case tuple():
            return value in test
        case str() if is_specifier(test):
            return _matches(value, test)
        case _:
            return value == test


def _matches(value: str, specifier: str) -> bool | None:
    number = _VERSION.search(value)
    return asked(specifier, number[0]) if number is not None else None


def _from_host(host: Host) -> dict[str, str]:
    facts: dict[str, str | bool | None] = {
        "os": host.os, "os_version": host.os_version, "arch": host.arch, "rosetta": host.rosetta, "wsl": host.wsl,
    }  # fmt: skip
    if host.libc is not None:
        facts["libc"] = host.libc.name
        facts["glibc"] = host.libc.version if host.libc.name == "glibc" else None
    if host.cpu is not None and host.cpu.features is not None:
        facts["avx"] = "avx" in host.cpu.features
        facts["avx2"] = "avx2" in host.cpu.features
    if host.gpus is not None:
        nvidia = [gpu for gpu in host.gpus if gpu.vendor == "nvidia"]
        facts["gpu"] = host.gpus[0].vendor if host.gpus else "none"
        facts["driver"] = nvidia[0].driver if nvidia else None
    if host.pythons:
        facts["python"] = host.pythons[0].version
        facts["process"] = host.pythons[0].arch
    known = {name: value for name, value in facts.items() if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in known.items()}


def _from_text(os_version: str) -> dict[str, str]:
    # A person may have written more into `os_version` than a number: `Docker on macOS 12`, `10 (32-bit Python)`.
    lowered = os_version.lower()
    return {fact: value for word, fact, value in _PERSONAL if word in lowered}


def _from_log(stream: str) -> dict[str, str]:
    window = _ends(stream)
    window = window.replace("/mnt/c/Users/", "/mnt/c/")  # a Windows folder seen from WSL, not a Mac's
    window = window.replace("Please use WSL2", "")  # TensorFlow's advice on Windows
    votes: dict[str, dict[str, int]] = {}
    for fact, value, words in _WORDS:
        if count := sum(window.count(word) for word in words):
            votes.setdefault(fact, {})[value] = count
    facts = {fact: max(counts, key=lambda value: counts[value]) for fact, counts in votes.items()}
    if facts.get("os") == "macos":
        facts.pop("wsl", None)
    if _MAC.search(window):
        facts["mac"] = "true"
    if _CPU.search(window) and _GPU.search(window):
        facts["devices"] = "both"
    if "loss" in window or "LOSS" in window:
        facts["loss"] = trend(window)
    if found := next(filter(None, (pattern.search(window) for pattern in _PYTHON)), None):
        named = found.groupdict()
        facts["python"] = named.get("v") or f"{named['major']}.{named['minor']}"
    return facts


def _ends(stream: str) -> str:
    return stream if len(stream) <= 2 * _WINDOW else stream[:_WINDOW] + stream[-_WINDOW:]


def _derive(facts: dict[str, str]) -> None:
    if facts.get("os") == "macos" and "os_version" in facts and _VERSION.search(facts["os_version"]):
        facts.setdefault("macos", facts["os_version"])
    if facts.get("os") == "macos" and facts.get("rosetta") == "true":
        facts["process"] = "x86_64"
        facts.setdefault("arch", "arm64")
    if facts.get("arch") in NARROW:
        facts.setdefault("bits", "32")
    if facts.get("os") != "macos" and facts.get("arch"):
        facts.setdefault("process", facts["arch"])
    if facts.get("os") == "macos" and facts.get("arch") == "x86_64":
        facts.setdefault("process", "x86_64")
        facts.setdefault("rosetta", "false")
    if facts.get("wsl") == "true":
        facts.setdefault("os", "linux")
