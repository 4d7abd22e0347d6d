"""A workflow of GitHub's as data: its steps on one runner, with the expressions that ours use put in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.process import ROOT
from support.source import read_yaml

FOLDER = ROOT / ".github" / "workflows"
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_NAME = re.compile(r"'[^']*'|[A-Za-z_][\w-]*(?:\.[\w-]+)*(?:\([^)]*\))?|&&|\|\||!=|==|!|[()]")
_OPERATORS = {"&&": " and ", "||": " or ", "!": " not ", "!=": " != ", "==": " == ", "(": "(", ")": ")"}
_STATUS = {"always()": True, "success()": True, "failure()": False}


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Where a job runs, what was typed when it was started, and how steps ended; a name that is not there is empty."""

    os: str
    label: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)

    def value(self, expression: str) -> Any:
        """Return what GitHub would make of an expression, as far as ours go."""
        parts = _NAME.findall(expression)
        assert "".join(parts) == "".join(expression.split()) or "'" in expression, expression
        return eval("".join(map(self._part, parts)), {"__builtins__": {}})  # noqa: S307 - built from literals alone

    def _part(self, part: str) -> str:
        if part in _OPERATORS:
            return _OPERATORS[part]
        if part.startswith("'"):
            return repr(part[1:-1])
        return repr(self._context(part))

    def _context(self, name: str) -> Any:
        if name in _STATUS:
            return _STATUS[name]
        if name.startswith("hashFiles("):
            return "0123"
        match name.split("."):
            case ["runner", "os"]:
                return self.os
            case ["matrix", "label"]:
                return self.label
            case ["inputs", one]:
                return self.inputs.get(one, "")
            case ["steps", one, "outcome"]:
                return self.outcomes.get(one, "success")
            case ["steps", _, "outputs", _] | ["github", _]:
                return ""
            case _:
                raise AssertionError(f"no such name: {name}")

    def text(self, template: str) -> str:
        """Return a text with its expressions put in place."""
        return _EXPRESSION.sub(lambda found: str(self.value(found[1].strip())), template)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step that a runner takes."""

    name: str
    run: str
    shell: str
    """Empty: the runner's own."""
    env: Mapping[str, str]


def workflows() -> dict[str, Any]:
    """Return every workflow by the name of its file."""
    return {path.name: read_yaml(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yml"))}


def steps(job: Mapping[str, Any], runner: Runner) -> Iterator[Step]:
    """Yield the steps with a `run` that a runner takes, in order, each with the variables that it sees."""
    above = {name: runner.text(str(value)) for name, value in job.get("env", {}).items()}
    for step in job["steps"]:
        condition = step.get("if")
        if "run" not in step or (condition is not None and not runner.value(str(condition))):
            continue
        own = {name: runner.text(str(value)) for name, value in step.get("env", {}).items()}
        yield Step(name=step["name"], run=runner.text(step["run"]), shell=step.get("shell", ""), env=above | own)


def script(path: Path, step: Step) -> list[str]:
    """Write a step's text to a file and return the command with which GitHub starts it."""
    path.write_text(step.run, encoding="utf-8")
    # GitHub, Workflow syntax for GitHub Actions, jobs.<job_id>.steps[*].shell: one that is named gets more options.
    return ["bash", *(["--noprofile", "--norc", "-eo", "pipefail"] if step.shell else ["-e"]), str(path)]
