"""What is wrong with an environment, from its values alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name

from tfsetup.doctor.environment import Distribution, Environment, FileState, Interpreter
from tfsetup.doctor.model import Check, Observation
from tfsetup.ground.platforms import arch_of, read_tag
from tfsetup.ground.versions import is_prerelease, is_version, minor, version
from tfsetup.host.model import Host

MODULE = "tensorflow"  # the module, whatever the distribution that brings it is called
_INIT = f"{MODULE}/__init__.py"
_PLUGINS = f"{MODULE}-plugins/"
# Below this many bytes an import can no longer write its byte code, nor a download its file.
_FULL = 50_000_000
_BAD: Final[Mapping[FileState, tuple[Check, str]]] = {
    "missing": ("file-missing", "is missing."),
    "unreadable": ("file-unreadable", "cannot be read."),
    "shorter": ("file-truncated", "is cut short: {0.found:,} of {0.expected:,} bytes."),
    "changed": ("file-changed", "is not the file that was installed ({0.found:,}, not {0.expected:,} bytes)."),
}


def inspect(environment: Environment, host: Host | None = None) -> tuple[Observation, ...]:
    """Return everything wrong with `environment`, the most basic first."""
    return tuple(
        one
        for check in (_installed, _shadows, _files, _interpreter, _copies, _requirements, _mixture, _system)
        for one in check(environment, host)
    )


def providers(environment: Environment) -> list[Distribution]:
    """Return the distributions that bring the module tensorflow."""
    return [one for one in environment.distributions if _INIT in one.owns]


def _installed(environment: Environment, _host: Host | None) -> Iterator[Observation]:
    if not providers(environment):
        where = environment.interpreter.executable
        yield _see("not-installed", MODULE, f"No installed distribution brings the module {MODULE} to {where}.")
    for path in environment.leftovers:
        yield _see("file-missing", path, f"{path} is left of an installation whose records are gone.", path=path)


def _shadows(environment: Environment, _host: Host | None) -> Iterator[Observation]:
    for module, path in environment.shadows:
        words = f"{path} is imported instead of the module {module}."
        seen = _see("shadowing-file", module, words, module=module, found_by="inspection")
        yield replace(seen, looked={"path": path})


def _files(environment: Environment, _host: Host | None) -> Iterator[Observation]:
    for one in _family(environment):
        for bad in one.bad:
            check, words = _BAD[bad.state]
            said = f"{bad.path} of {one.name} {one.version} {words.format(bad)}"
            yield _see(check, one.name, said, path=bad.path, installed=one.version)


def _interpreter(environment: Environment, host: Host | None) -> Iterator[Observation]:
    interpreter = environment.interpreter
    apple = host is not None and host.os == "macos" and host.arch == "arm64"
    if apple and _arch(interpreter.machine) == "x86_64":
        words = f"{interpreter.executable} is an x86_64 Python, translated by Rosetta on an arm64 Mac."
        yield _see("translated-python", "python", words)
    for one in _family(environment):
        mismatch = _tag_mismatch(one, interpreter)
        if mismatch:
            yield _see("wheel-tag", one.name, mismatch, found_by="inspection", installed=one.version)


def _tag_mismatch(one: Distribution, interpreter: Interpreter) -> str:
    """Return why the wheel `one` came from is not for this interpreter; empty when it is, or says nothing."""
    tags = [tag for text in one.tags for tag in parse_tag(text)]
    native = [tag for tag in tags if tag.interpreter.startswith("cp") and tag.abi.startswith("cp")]
    ours = minor(interpreter.version)
    if native and not any(tag.interpreter == f"cp{ours.replace('.', '')}" for tag in native):
        return f"{one.name} {one.version} is a wheel for {one.tags[0]}, and this is Python {ours}."
    machines = {_machine(tag.platform) for tag in tags} - {""}
    if machines and not {_arch(interpreter.machine), "any"} & machines and _INIT in one.owns:
        return f"{one.name} {one.version} is a wheel for {one.tags[0]}, and this Python runs on {interpreter.machine}."
    return ""


def _machine(platform: str) -> str:
    found = read_tag(platform)
    return _arch(found.arch) if found else ""


def _arch(machine: str) -> str:
    return arch_of(machine) or machine.lower()


def _copies(environment: Environment, _host: Host | None) -> Iterator[Observation]:
    found = providers(environment)
    if len(found) > 1:
        names, words = " ".join(one.name for one in found), f"{_all(found)} both bring the module {MODULE}."
        details = {"found_by": "inspection", "names": names, "alike": "unknown", **_worth_keeping(found)}
        yield _see("two-tensorflows", MODULE, words, **details)
    plugins = (path for one in environment.distributions for path in one.owns if path.startswith(_PLUGINS))
    for path, copies in Counter(plugins).items():
        if copies > 1:
            owners = [one for one in environment.distributions if path in one.owns]
            yield _see("two-plugins", path, f"{_all(owners)} both bring {path}.", path=path)


def _all(found: Sequence[Distribution]) -> str:
    return " and ".join(f"{one.name} {one.version} ({one.site})" for one in found)


def _worth_keeping(found: Sequence[Distribution]) -> dict[str, str]:
    """Return the newest released one of several: its name and version."""
    known = [one for one in found if is_version(one.version)]
    best = max(known, key=lambda one: (not is_prerelease(one.version), version(one.version)), default=found[0])
    return {"keep": best.name, "kept": best.version}


def _requirements(environment: Environment, _host: Host | None) -> Iterator[Observation]:
    installed = environment.packages
    # What asks for `tensorflow` is served by whichever distribution brings the module.
    for one in providers(environment)[:1]:
        installed.setdefault(MODULE, one.version)
    for owner in _family(environment):
        for requirement in _applying(owner, environment.interpreter.markers):
            name = canonicalize_name(requirement.name)
            have = installed.get(name)
            details = {"required": str(requirement.specifier), "by": owner.name, "installed": have or ""}
            whose = f"{owner.name} {owner.version} requires {requirement.name}{requirement.specifier}"
            if have is None:
                yield _see("requirement-missing", name, f"{whose}, which is not installed.", **details)
            elif is_version(have) and not requirement.specifier.contains(have, prereleases=True):
                yield _see("requirement-not-met", name, f"{whose}, but {have} is installed.", **details)


def _applying(owner: Distribution, markers: Mapping[str, str]) -> Iterator[Requirement]:
    for text in owner.requires:
        try:
            requirement = Requirement(text)
            applies = requirement.marker is None or requirement.marker.evaluate({**markers, "extra": ""})
        except (InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
            continue  # metadata nobody can read says nothing
        if applies:
            yield requirement


def _mixture(environment: Environment, _host: Host | None) -> Iterator[Observation]:
    seen: dict[tuple[str, str], Distribution] = {}
    for one in environment.distributions:
        earlier = seen.setdefault((one.site, one.name), one)
        if earlier is not one:
            words = f"{one.site} has records of {one.name} {earlier.version} and {one.version}."
            yield _see("conda-and-pip", one.name, words)
        if not one.record and one in _family(environment):
            words = f"{one.name} {one.version} has no list of its files (RECORD)."
            yield _see("record-missing", one.name, words, package=one.name)
    for name, conda in environment.conda.items():
        other = environment.packages.get(name)
        if other is not None and other != conda and name in {one.name for one in _family(environment)}:
            yield _see("conda-and-pip", name, f"conda installed {name} {conda}, and pip {other} over it.")


def _system(environment: Environment, host: Host | None) -> Iterator[Observation]:
    for path in environment.quarantined:
        yield _see("quarantined", path, f"{path} carries the mark com.apple.quarantine.", path=path)
    if environment.free_bytes is not None and environment.free_bytes < _FULL:
        words = f"Only {environment.free_bytes / 1e6:.0f} MB are free on the file system of {environment.prefix}."
        yield _see("disk-full", environment.prefix, words)
    if host is None or host.cpu is None or host.cpu.features is None:
        return
    if host.arch == "x86_64" and "avx" not in host.cpu.features and providers(environment):
        yield _see("no-avx", MODULE, f"The processor ({host.cpu.brand or 'unknown'}) does not have AVX.")


def _family(environment: Environment) -> Sequence[Distribution]:
    """Return the providers of tensorflow, what they require (and what that requires), and what requires them."""
    by_name = {one.name: one for one in reversed(environment.distributions)}
    wanted = {MODULE, *(one.name for one in providers(environment))}
    queue = [
        one.name for one in environment.distributions
        if any(path == _INIT or path.startswith(_PLUGINS) for path in one.owns)
        or wanted & _required_names(one, environment)
    ]  # fmt: skip
    family = set[str]()
    while queue:
        name = queue.pop()
        if name in by_name and name not in family:
            family.add(name)
            queue += _required_names(by_name[name], environment)
    return [one for one in environment.distributions if one.name in family]


def _required_names(one: Distribution, environment: Environment) -> set[str]:
    return {canonicalize_name(item.name) for item in _applying(one, environment.interpreter.markers)}


def _see(check: Check, subject: str, detail: str, **captures: str) -> Observation:
    return Observation(check=check, subject=subject, detail=detail, captures=captures)
