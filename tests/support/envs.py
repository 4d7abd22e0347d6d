"""Stand-ins for the environments room: a store in a temporary folder, and uv replaced by files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfsetup.envs.model import Layout, Plan, Receipt, Step
from tfsetup.envs.run import Hooks
from tfsetup.envs.store import Store
from tfsetup.envs.whole import Starts
from tfsetup.errors import NetworkError
from tfsetup.locks.run import Finished


def starting(_python: Path) -> str | None:
    """Stand in for starting an interpreter: it works."""
    return None


def make_store(folder: Path, name: str = ".venv", *, starts: Starts = starting) -> Store:
    """Return a store whose prefix is `folder/name`; no interpreter is really started, unless `starts` does."""
    return Store(Layout(prefix=folder / name), starts=starts)


def quiet(_text: str) -> None:
    """Take no notice of what is said."""


def install_alpha(site: Path) -> None:
    """Put the distribution alpha 1 below a folder of packages, as uv leaves it."""
    info = site / "alpha-1.dist-info"
    info.mkdir(parents=True)
    (site / "alpha.py").write_text("value = 1\n")
    (info / "METADATA").write_text("Name: alpha\n")
    record = "alpha.py,sha256=x,10\nalpha-1.dist-info/METADATA,sha256=x,12\nalpha-1.dist-info/RECORD,,\n"
    (info / "RECORD").write_text(record)


def install_pip(site: Path) -> None:
    """Put a pip below a folder of packages."""
    info = site / "pip-26.3.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "RECORD").write_text("pip-26.3.dist-info/RECORD,,\n")


def install_python(python: Path) -> None:
    """Put something in place of an interpreter that starts and ends well."""
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)


def make_receipt(generation: int, **changes: Any) -> Receipt:
    """Return a receipt with plain values."""
    values: dict[str, Any] = {
        "generation": generation,
        "row": "linux-x86_64-cpu",
        "digest": "d1",
        "python": "3.12",
        "requirements": ("alpha==1",),
        "packages": ("alpha-1.dist-info",),
        "created": "2026-01-02T03:04:05+00:00",
        "tfsetup": "0.1.0",
        "lock_sha256": "l1",
    }
    return Receipt(**(values | changes))


def finish(store: Store, generation: int, **changes: Any) -> Path:
    """Put a finished generation in place and return its folder."""
    folder = store.layout.folder(generation)
    site = store.layout.site_packages(folder, "3.12")
    install_alpha(site)
    install_python(store.layout.python(folder))
    store.write_receipt(make_receipt(generation, **changes))
    return folder


def make_plan(*steps: Step, **changes: Any) -> Plan:
    """Return a plan of `steps` with plain values."""
    values: dict[str, Any] = {
        "row": "linux-x86_64-cpu",
        "digest": "d1",
        "lock_sha256": "l1",
        "pinned_lock": None,
        "python": "3.12",
        "requirements": ("alpha==1",),
        "steps": steps,
    }
    return Plan(**(values | changes))


@dataclass
class FakeUv:
    """Stands in for `run_uv`: makes the files uv would make, and remembers how it was called.

    `poisoned`: a file in its cache is empty, as after somebody emptied a hard link to it. `pip_cached`: the cache has
    the pip that a lock names.
    """

    cached: bool = True
    pip_cached: bool = True
    calls: list[list[str]] = field(default_factory=list)
    held: list[list[os.stat_result]] = field(default_factory=list)
    fail_at: str | None = None
    failure: BaseException = field(default_factory=KeyboardInterrupt)
    poisoned: bool = False
    stderr: str = "Prepared 3 packages in 1m 02.50s\nInstalled 3 packages in 20ms\n"

    def __call__(self, arguments: list[str], *, held: Sequence[int] = (), **_: Any) -> Finished:
        """Behave like uv for `venv`, `pip sync` and `pip install`."""
        self.calls.append(list(arguments))
        self.held.append([os.fstat(descriptor) for descriptor in held])
        if self.fail_at in arguments:
            raise self.failure
        if arguments[:2] == ["pip", "sync"] and "--offline" in arguments and not self.cached:
            raise NetworkError("Not in the cache.")
        if arguments[0] == "venv":
            python = Path(arguments[-1]) / "bin" / "python"
            install_python(python)
            fish = python.with_name("activate.fish")
            fish.write_bytes(b"set -gx VIRTUAL_ENV (dirname -- (dirname -- (realpath -- (status -f))))\r\n# \xff\n")
        if arguments[:2] == ["pip", "sync"]:
            folder = Path(arguments[arguments.index("--python") + 1]).parents[1]
            site = folder / "lib/python3.12/site-packages"
            with_pip = "pip" in Path(arguments[-1]).read_text()
            if with_pip and not self.pip_cached:
                raise NetworkError("Not in the cache.")
            shutil.rmtree(site, ignore_errors=True)
            install_alpha(site)
            if with_pip:
                install_pip(site)
            if self.poisoned and "--no-cache" not in arguments:
                (site / "alpha.py").write_text("")
        if "--require-hashes" in arguments and "-" in arguments:  # what it shall install stands on its input
            install_pip(Path(arguments[arguments.index("--python") + 1]).parents[1] / "lib/python3.12/site-packages")
        return Finished(stdout="", stderr=self.stderr)


def passing(found: object = None) -> Callable[[Path], object]:
    """Return a check that says yes."""
    return lambda _python: found or {"ok": True}


def make_hooks(said: list[str] | None = None, **changes: Any) -> Hooks:
    """Return hooks that say yes and keep what is said."""
    kept = said if said is not None else []
    values: dict[str, Any] = {"preflight": passing(), "verify": passing(), "programs": passing(), "say": kept.append}
    return Hooks(**(values | changes))
