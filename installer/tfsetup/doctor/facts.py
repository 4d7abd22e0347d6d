"""Facts for conditions: from the host, from the package list and, where those are silent, from the log's own words.

A fact is a string (`os`, `python`, `glibc` …); a fact nobody knows is absent, and a condition on it is undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from tfsetup.doctor.machines.merge import ends, machine_of
from tfsetup.doctor.model import Condition, When
from tfsetup.ground.kinds import RANGE
from tfsetup.ground.versions import asked
from tfsetup.host.model import Host
from tfsetup.matrix.file.rows import GpuModel

HOST_FACTS = (
    "os", "os_version", "macos", "arch", "process", "rosetta", "wsl", "container", "libc", "glibc", "python", "bits",
    "avx", "avx2", "gpu", "driver", "device", "loss", "os_told", "mac", "devices", "python_told", "interpreters",
    "cuda", "gpu_name", "compute", "image", "emulated",
)  # fmt: skip
# Those that a log says or nothing does; nobody can be asked for them. `os_told`: the system that somebody named, never
# one that the log's words suggest; a report about one machine speaks of others. `mac`: it is one, or one is spoken of;
# `devices`: `both`, when a text speaks of the CPU and of another one. `interpreters`: `several`, when an installer and
# a program of the log are two Pythons'; `emulated`: an amd64 container on an arm64 machine; `image`: its architecture.
LOG_FACTS = frozenset(("loss", "os_told", "python_told", "mac", "devices", "interpreters", "emulated", "image"))
# What a package name may be compared with besides a specifier.
PRESENCE = ("present", "absent")
_VERSION = re.compile(r"[0-9]++(?>\.[0-9]++)*+(?>(?:rc|a|b|\.post|\.dev)[0-9]++)?+")
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What conditions are tested against. `guessed` names the host facts that were read out of the log.

    `elsewhere` says that the log is about another framework, so that its words are none of ours. `hazards`: the known
    defects of which it is known whether what is installed has them. `installed` are the packages under their own names
    only; `checks` what an inspection, or their list, shows. `contradictions` are sentences: where the host file and the
    log say different things of the machine.
    """

    host: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    guessed: frozenset[str] = frozenset()
    elsewhere: bool = False
    hazards: Mapping[str, bool] = field(default_factory=dict)
    installed: Mapping[str, str] = field(default_factory=dict)
    checks: frozenset[str] = frozenset()
    contradictions: tuple[str, ...] = ()

    def holds(self, when: When, captures: Mapping[str, str]) -> bool | None:
        """Return whether one of the clauses holds: true, false, or None when the facts to tell are not known."""
        if not when:
            return True
        answers = [_all(self._test(condition, captures) for condition in clause) for clause in when]
        return True if True in answers else None if None in answers else False

    def _test(self, condition: Condition, captures: Mapping[str, str]) -> bool | None:
        match condition.scope:
            case "host" if condition.fact == "os_told":
                return _compare(self.host.get("os_told"), condition.test)
            case "host" if condition.fact == "mac":
                return _compare(str(self._is_about_a_mac()).lower(), condition.test)
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

    def _is_about_a_mac(self) -> bool:
        return "mac" in self.host or "macos" in {self.host.get("os"), self.host.get("os_told")}

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
    cards: Sequence[GpuModel] = (),
) -> Facts:
    """Put the facts together; the host and the package list win over what the log seems to say."""
    machine = machine_of(host, stream, cards)
    return Facts(
        host={**_from_words(ends(stream)), **machine.facts},
        packages=_with_aliases(packages or {}, aliases or {}),
        installed={canonicalize_name(name): version for name, version in (packages or {}).items()},
        whole=whole,
        guessed=machine.guessed,
        elsewhere=not packages and is_elsewhere(stream),
        contradictions=machine.contradictions,
    )


def is_elsewhere(stream: str) -> bool:
    """Return whether a log speaks of other frameworks only."""
    lowered = ends(stream).lower()
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


def _from_words(window: str) -> dict[str, str]:
    facts = {}
    if _MAC.search(window):
        facts["mac"] = "true"
    if _CPU.search(window) and _GPU.search(window):
        facts["devices"] = "both"
    if "loss" in window or "LOSS" in window:
        facts["loss"] = trend(window)
    return facts
