"""The cases of tests/cases/loader/imports: environments, what importing them says, and what preflight must say.

In a case `@/` stands for the environment's site-packages, `<suffix>` for this Python's suffix of extension modules and
`<nodot>` for its version as file names spell it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.linux_host import this_host
from support.source import read_yaml
from support.tiny_c import built
from tfsetup.ground.versions import at_least

FOLDER = Path(__file__).parents[1] / "cases" / "loader" / "imports"

_LINE = re.compile(r"(dl-[a-z]+\.c): \d+: ")
_TYPE = re.compile(r"^(ImportError|OSError): ")
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment that was built for a case."""

    prefix: Path

    @property
    def site(self) -> Path:
        """Its site-packages."""
        return self.prefix / "lib" / _PYTHON / "site-packages"

    def place(self, text: str) -> str:
        """Put what is this environment's and this Python's into a text of a case."""
        nodot = f"{sys.version_info.major}{sys.version_info.minor}"
        text = text.replace("<suffix>", sysconfig.get_config_var("EXT_SUFFIX")).replace("<nodot>", nodot)
        return text.replace("@/", f"{self.site}/")

    def path(self, name: str) -> Path:
        """Return where a file of the case lies: in site-packages, or in the prefix where it begins with a slash."""
        name = self.place(name)
        return self.prefix / name[1:] if name.startswith("/") else self.site / name


@dataclass(frozen=True, kw_only=True)
class Case:
    """One environment, as in its file."""

    group: str
    name: str
    data: Mapping[str, Any]

    @property
    def in_ci(self) -> bool:
        """Whether it stands for its rule in every run of the heavy tests."""
        return bool(self.data.get("ci", False))

    @property
    def impossible(self) -> str:
        """Why this machine cannot be asked; empty: it can."""
        needs, host = self.data.get("needs", {}), this_host()
        features = host.cpu.features or () if host.cpu else ()
        lacking = [name for name in needs.get("cpu", ()) if name not in features]
        if lacking:
            return f"this CPU lacks {', '.join(lacking)}"
        if needs.get("cpu_without") in features:
            return f"this CPU has {needs['cpu_without']}"
        glibc = (host.libc.version if host.libc else None) or "0"
        if "glibc" in needs and not at_least(glibc, needs["glibc"]):
            return f"glibc {glibc} is older than {needs['glibc']}"
        if "glibc_before" in needs and at_least(glibc, needs["glibc_before"]):
            return f"glibc {glibc} is not older than {needs['glibc_before']}"
        return ""

    def build(self, prefix: Path) -> Environment:
        """Build the environment."""
        environment = Environment(prefix=prefix)
        environment.site.mkdir(parents=True)
        _lay_python(prefix)
        for name, spec in (*self.data["site"].items(), *self.data.get("then", {}).items()):
            _lay(environment, name, spec)
        return environment

    def variables(self, environment: Environment) -> dict[str, str]:
        """Return the environment variables of the case."""
        return {name: environment.place(text) for name, text in self.data.get("environment", {}).items()}

    def expected(self, environment: Environment) -> dict[str, str]:
        """Return what importing each top-level module says in a process of its own."""
        return {name: environment.place(text) for name, text in self.data["imports"].items()}


def load_cases() -> list[Case]:
    """Read all cases."""
    return [
        Case(group=path.stem, name=data["name"], data=data)
        for path in sorted(FOLDER.glob("*.yaml"))
        for data in read_yaml(path.read_text(encoding="utf-8"))
    ]


def _lay_python(prefix: Path) -> None:
    """Make what `python -m venv` makes of this interpreter, without its pip."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").symlink_to(base)
    for name in ("python3", _PYTHON):
        (prefix / "bin" / name).symlink_to("python")
    version = ".".join(map(str, sys.version_info[:3]))
    text = f"home = {base.parent}\ninclude-system-site-packages = false\nversion = {version}\n"
    (prefix / "pyvenv.cfg").write_text(text, encoding="utf-8")


def _lay(environment: Environment, name: str, spec: Mapping[str, Any] | None) -> None:
    """Put one file, link or folder into the environment, or take one away."""
    path = environment.path(name)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if spec is None:
        return
    if "folder" in spec:
        path.mkdir()
    elif "to" in spec:
        target = spec["to"]
        path.symlink_to(environment.path(target) if target.startswith("/") else target)
    elif "text" in spec:
        path.write_text(environment.place(spec["text"]), encoding="utf-8")
    elif "hex" in spec:
        path.write_bytes(bytes.fromhex(spec["hex"]) + bytes(spec.get("padding", 0)))
    else:
        linked = {each.lstrip("/"): environment.path(each).read_bytes() for each in spec.get("link", ())}
        path.write_bytes(built(path.name, spec, linked))


def really_import(environment: Environment, names: Sequence[str], variables: Mapping[str, str]) -> str:
    """Import modules, one after another, in a fresh process; return `loads`, `killed` or the last line it says."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LD_", "PYTHON"))}
    done = subprocess.run(
        [environment.prefix / "bin" / "python", "-I", "-B", "-c", f"import {', '.join(names)}"],
        capture_output=True, text=True, check=False, cwd="/", env={**plain, **variables},
    )  # fmt: skip
    if done.returncode == 0:
        return "loads"
    lines = done.stderr.strip().splitlines()
    return _LINE.sub(r"\1: ", lines[-1]) if lines else "killed"


def disagreements(case: Case, environment: Environment, said: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the document of a preflight, where reality is as the case says."""
    texts = {text for text in case.expected(environment).values() if text != "loads"}
    if "undecided" in case.data:
        return list(_not_left_open(case.data["undecided"], said))
    wrong = []
    verdict = "fails" if texts else "loads"
    if said["verdict"] != verdict:
        wrong.append(f"the verdict is {said['verdict']}, not {verdict}: {_reasons(said)}")
    if verdict == "loads" and not said["images"]:
        wrong.append("nothing was judged")
    messages = [failure["message"] for failure in said["failures"]]
    wrong += [f"not said: {text}" for text in sorted(texts) if not any(_same(text, each) for each in messages)]
    wrong += [f"said: {each}" for each in messages if not any(_same(text, each) for text in texts)]
    return wrong + _clashes(case, said)


def _same(text: str, message: str) -> bool:
    """Say whether a message of preflight is what Python really said; a loader's words come without the exception."""
    return "the process is killed" in message if text == "killed" else message in (text, _TYPE.sub("", text))


def _not_left_open(named: str, said: Mapping[str, Any]) -> list[str]:
    if said["verdict"] != "undecided":
        return [f"the verdict is {said['verdict']}, not undecided: {_reasons(said)}"]
    told = [f"{each['image']} {each['reason']}" for each in said["not_covered"] if each["matters"]]
    return [] if any(named in text for text in told) else [f"{named} is not named: {told}"]


def _clashes(case: Case, said: Mapping[str, Any]) -> list[str]:
    wanted = case.data.get("together", {}).get("clash")
    found = [{"kind": each["kind"], "names": each["names"]} for each in said["clashes"]]
    return [] if wanted is None or wanted in found else [f"{wanted} is not among the clashes: {found}"]


def _reasons(said: Mapping[str, Any]) -> list[str]:
    open_points = [each["reason"] for each in said["not_covered"] if each["matters"]]
    return [*(failure["message"] for failure in said["failures"]), *open_points]


def skip_unless_possible(case: Case) -> None:
    """Skip the test where this machine cannot show what the case says."""
    if case.impossible:
        pytest.skip(case.impossible)
