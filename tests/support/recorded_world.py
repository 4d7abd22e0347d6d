"""A machine from recorded answers: a folder with `machine.json`, texts beside it, and a file tree under `root/`.

A colon in a path under `root/` is written `%3A`.
`machine.json`: `process` (fields of `Process`), `env`, `commands` (`argv` with `stdout` or the name of a file in
`stdout_file`, `stderr`, `status`, `problem`), `interpreters` (path → `real`, and `says`: an answer for each
architecture slice, or `fails`), `scripts` and `folders` (paths), `links` (path → target),
`resolves` (what the name server says), `uv` (its path).
"""

from __future__ import annotations

import json
import ntpath
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tfsetup.host.parsers.python import QUESTION
from tfsetup.host.world import Later, Output, Process

MAGIC = b"\x7fELF-or-another-program"
MISSING = Output(problem="no such file or directory")


class RecordedWorld:
    """A `World` that answers from a folder, and keeps a list of what was started."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.record: dict[str, Any] = json.loads((folder / "machine.json").read_text()) | changes
        self.started: list[list[str]] = []
        self.environments: list[Mapping[str, str] | None] = []

    @property
    def process(self) -> Process:
        given = dict(self.record["process"])
        if given.get("windows_features") is not None:
            given["windows_features"] = frozenset(given["windows_features"])
        return Process(**given)

    @property
    def env(self) -> Mapping[str, str]:
        return dict(self.record.get("env", {}))

    def start(
        self,
        argv: Sequence[str],
        *,
        limit_s: float = 5.0,
        env: Mapping[str, str] | None = None,
        program: str | None = None,
    ) -> Later[Output]:
        assert limit_s > 0
        assert program is None or program in argv, "only the program itself can vouch for its answer"
        self.started.append(list(argv))
        self.environments.append(env)
        output = self._ask(list(argv)) if QUESTION in argv else self._run(list(argv), env)
        return lambda: output

    def read(self, path: str, *, limit: int = 4_000_000) -> bytes | None:
        key = self._key(path)
        if key in self._programs or self._key(self.realpath(path)) in self._programs:
            return b"#!" if key in self._scripts else MAGIC[:limit]
        file = self._tree.get(key)
        return file.read_bytes()[:limit] if file else None

    def exists(self, path: str) -> bool:
        wanted = self._key(self.realpath(path))
        return any(known == wanted or known.startswith(wanted + "/") for known in self._known)

    def listdir(self, path: str) -> tuple[str, ...]:
        start = self._key(path).rstrip("/") + "/"
        inner = {name[len(start) :].split("/")[0] for key, name in self._names if key.startswith(start)}
        return tuple(sorted(inner - {""}))

    def realpath(self, path: str) -> str:
        links = {self._key(link): target for link, target in self.record.get("links", {}).items()}
        real = self._interpreters.get(self._key(path), {}).get("real")
        target = links.get(self._key(path)) or real or path
        return str(target)

    def cwd(self) -> str:
        return str(self.record.get("cwd", "/"))

    def find_uv(self) -> str | None:
        return self.record.get("uv")

    def resolves(self, name: str, *, limit_s: float) -> Later[bool | None]:
        assert limit_s > 0
        self.started.append(["resolve", name])
        return lambda: self.record.get("resolves")

    def _run(self, argv: list[str], env: Mapping[str, str] | None) -> Output:
        command = next((one for one in self.record.get("commands", []) if one["argv"] == argv), None)
        if command is None:
            programs = [one["argv"][0] for one in self.record.get("commands", [])]
            assert argv[0] not in programs, f"no recording of {argv}"
            return MISSING
        if command.get("needs_env"):
            assert env is not None
            assert {name: env.get(name) for name in command["needs_env"]} == command["needs_env"]
        stdout = command.get("stdout", "")
        if "stdout_file" in command:
            stdout = (self.folder / command["stdout_file"]).read_text(encoding="utf-8")
        problem = command.get("problem")
        status = None if problem else command.get("status", 0)
        return Output(status=status, stdout=stdout, stderr=command.get("stderr", ""), problem=problem)

    def _ask(self, argv: list[str]) -> Output:
        path = argv[argv.index("-I") - 1]
        interpreter = self._interpreters.get(self._key(path))
        assert interpreter is not None, f"{path} was asked, and is none of the recorded interpreters"
        assert not interpreter.get("must_not_run"), f"{path} must not be started"
        if "fails" in interpreter:
            return Output(**interpreter["fails"])
        slices: dict[str, str] = interpreter["says"]
        order = self._slice_order(argv)
        chosen = next((arch for arch in order if arch in slices), next(iter(slices)))
        return Output(status=0, stdout=f"tfsetup-python;{slices[chosen]}\n")

    def _slice_order(self, argv: list[str]) -> list[str]:
        """Return which slice of a universal binary starts: what arch(1) was told, else the parent's own."""
        if argv[0] == "/usr/bin/arch":
            return [flag[1:] for flag in argv[1:] if flag in {"-arm64", "-x86_64"}]
        return [self.process.machine]

    def _key(self, path: str) -> str:
        if self.record["process"]["platform"] == "win32":
            return ntpath.normpath(path).replace("\\", "/").lower()
        return posixpath.normpath(path)

    @cached_property
    def _interpreters(self) -> dict[str, dict[str, Any]]:
        return {self._key(path): value for path, value in self.record.get("interpreters", {}).items()}

    @cached_property
    def _scripts(self) -> set[str]:
        return {self._key(path) for path in self.record.get("scripts", [])}

    @cached_property
    def _programs(self) -> set[str]:
        reals = {self._key(one["real"]) for one in self._interpreters.values() if "real" in one}
        return set(self._interpreters) | self._scripts | reals

    @cached_property
    def _tree(self) -> dict[str, Path]:
        root = self.folder / "root"
        files = (path for path in root.rglob("*") if path.is_file()) if root.exists() else iter(())
        windows = self.record["process"]["platform"] == "win32"
        found = {}
        for path in files:
            # No colon in a file's name: neither Windows nor a source distribution can have one.
            inner = path.relative_to(root).as_posix().replace("%3A", ":")
            found[self._key(f"{inner[0]}:{inner[1:]}" if windows else f"/{inner}")] = path
        return found

    @cached_property
    def _names(self) -> list[tuple[str, str]]:
        """Return key and spelling (with slashes) of every path there is."""
        return list(self._paths())

    def _paths(self) -> Iterator[tuple[str, str]]:
        given = (
            *self.record.get("interpreters", {}),
            *self.record.get("scripts", []),
            *self.record.get("folders", []),
            *self.record.get("links", {}),
            *(one["argv"][0] for one in self.record.get("commands", [])),
        )
        for path in given:
            yield self._key(path), path.replace("\\", "/")
        for key in self._tree:
            yield key, key

    @cached_property
    def _known(self) -> set[str]:
        return {key for key, _ in self._names} | self._programs
