"""Stand-ins for the locks room: packages by hand, an origin, and a uv that answers from a table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfsetup.errors import TfsetupError
from tfsetup.locks.explain import explain_uv
from tfsetup.locks.model import LockedFile, LockedPackage, Origin
from tfsetup.locks.run import Finished

HOST = "https://files.example"
CURRENT_ROWS = [
    "macos-arm64-metal",
    "macos-arm64-cpu",
    "macos-x86_64-cpu",
    "linux-x86_64-cuda",
    "linux-x86_64-cpu",
    "linux-aarch64-cpu",
    "windows-x86_64-cpu",
]
"""The rows that a plain `tfsetup lock` writes."""
NO_WHEEL = """\
error: No solution found when resolving dependencies
  cause: Because all versions of {name} have no usable wheels and you require {name}, we can conclude that your
         requirements are unsatisfiable.

hint: Wheels are required for `{name}` because building from source is disabled for all packages (i.e., with
`--no-build`)
"""
"""What uv says of a package that has no wheel."""
ONE_PACKAGE = """\
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.12"

[[packages]]
name = "alpha"
version = "1.0"
wheels = [{{ url = "https://a.io/alpha-1.0-py3-none-any.whl", size = 1500000, hashes = {{ sha256 = "{sha}" }} }}]
""".format(sha="a" * 64)
"""What uv answers when there is but one package to lock."""


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def wheel(filename: str, size: int | None = 10) -> LockedFile:
    return LockedFile(filename=filename, size=size, sha256=sha(filename), url=f"{HOST}/{filename}")


def package(name: str, version: str, *tags: str, **more: Any) -> LockedPackage:
    """A package with one wheel a tag (`py3-none-any` without any)."""
    stem = f"{name.replace('-', '_')}-{version}"
    wheels = tuple(wheel(f"{stem}-{tag}.whl") for tag in tags or ("py3-none-any",))
    return LockedPackage(name=name, version=version, wheels=wheels, **more)


def origin(**changes: Any) -> Origin:
    values: dict[str, Any] = {
        "row": "macos-arm64-metal",
        "platform": "aarch64-apple-darwin",
        "python": "3.12",
        "macos": "14.0",
        "requirements": ("alpha==1.0",),
        "rules": {"versions": "0" * 16},
    }
    return Origin(**(values | changes))


@dataclass
class FakeResolver:
    """Stands in for `run_uv` when it compiles: `newest` has the version of each name that is not pinned.

    Every requirement gives a package, and `brings` adds what a package requires. Kept versions (the output file) stay
    unless their name is to be upgraded. `admitted` has the version that a bound leaves, by the bound. `uploaded` is
    when everything came to the index, as TOML; "": it does not say.
    `sources` have no wheel: without leave to build them nothing is found.
    """

    newest: dict[str, str] = field(default_factory=dict)
    brings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    admitted: Mapping[str, str] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()
    failure: TfsetupError | BaseException | None = None
    uploaded: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, arguments: list[str] | tuple[str, ...], **options: Any) -> Finished:
        self.calls.append({"arguments": list(arguments), **options})
        if self.failure is not None:
            raise self.failure
        _, content = options.get("output") or ("", "")
        kept = dict(re.findall(r'name = "(.+)"\nversion = "(.+)"', content))
        upgraded = {arguments[n + 1] for n, word in enumerate(arguments) if word == "--upgrade-package"}
        kept = {name: version for name, version in kept.items() if name not in upgraded}
        wanted = [line for line in options["stdin"].splitlines() if line]
        found: dict[str, str] = {}
        while wanted:
            requirement = wanted.pop()
            name = re.split(r"[\[=<>!~;\s]", requirement)[0]
            pin = requirement.partition("==")[2]
            found[name] = (
                pin
                or self.admitted.get(requirement)
                or found.get(name)
                or kept.get(name)
                or self.newest.get(name, "1.0")
            )
            if "--no-deps" not in arguments:
                wanted += [each for each in self.brings.get(name, ()) if each not in found]
        found = {name: version for name, version in found.items() if name not in options.get("excluded", ())}
        allowed = {arguments[n + 1] for n, word in enumerate(arguments) if word == "--no-binary"}
        for name in sorted(self.sources & found.keys() - allowed):
            raise explain_uv(NO_WHEEL.format(name=name), "Locking")
        return Finished(stdout=_pylock(found, self.uploaded, self.sources), stderr="")


def _pylock(found: Mapping[str, str], uploaded: str = "", sources: Collection[str] = ()) -> str:
    parts = ['lock-version = "1.0"\ncreated-by = "uv"\n']
    for name, version in sorted(found.items()):
        stem = f"{name.replace('-', '_')}-{version}"
        filename = f"{stem}.tar.gz" if name in sources else f"{stem}-py3-none-any.whl"
        when = f"upload-time = {uploaded}, " if uploaded else ""
        entry = f'{{ url = "{HOST}/{filename}", {when}size = 10, hashes = {{ sha256 = "{sha(filename)}" }} }}'
        files = f"sdist = {entry}" if name in sources else f"wheels = [{entry}]"
        parts.append(f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n{files}\n')
    return "".join(parts)
