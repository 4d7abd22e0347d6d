"""Wheels of the index, opened by range requests, for tests that read the real thing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tfsetup.loader.files.archive import Archive
from tfsetup.loader.files.remote import open_all
from tfsetup.locks.run import run_uv
from tfsetup.locks.venv.pylock import read_pylock


@lru_cache(maxsize=6)  # four plugins, a TensorFlow and the one before it: what was fetched of each is kept
def macos_wheel(requirement: str) -> tuple[str, Archive]:
    """Return file name and archive of one distribution's arm64 wheel for CPython 3.11 (`tensorflow==2.20.0`)."""
    return open_wheels([requirement])[0]


def open_wheels(requirements: Sequence[str]) -> list[tuple[str, Archive]]:
    """Open the arm64 wheels of requirements, dependencies left out."""
    arguments = ["pip", "compile", "-", "--no-deps", "--format", "pylock.toml", "--only-binary", ":all:", "--quiet"]
    arguments += ["--python-platform", "aarch64-apple-darwin", "--python-version", "3.11", "--prerelease", "allow"]
    text = "".join(f"{requirement}\n" for requirement in requirements)
    environ = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}
    done = run_uv(arguments, doing="Locking", environ=environ, stdin=text)
    packages = read_pylock(done.stdout, file="pylock.toml", local=True).packages
    known = {wheel.filename: wheel.url for package in packages for wheel in package.wheels if wheel.url}
    return open_all({name: url for name, url in known.items() if "-cp311-" in name and name.endswith("arm64.whl")})
