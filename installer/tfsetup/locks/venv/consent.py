"""Packages that are published as source only, and are built because the team agreed: pure Python, and nothing else.

A build runs code of the package, and what it gives depends on the machine, unless it is pure Python: then one sdist,
pinned by its sha256, is as good as a wheel for every platform. Whether it is, shows in the tags of what is built of it
("Binary distribution format" of the Python packaging user guide, `Tag` in `WHEEL`), which is why it is built once here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tfsetup.errors import Code, TfsetupError, UnsolvableError
from tfsetup.ground.index import BY_HASH
from tfsetup.host.temporary import temporary_folder
from tfsetup.locks.compile import build_arguments
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.run import Children, run_uv


def without_wheels(names: Sequence[str], ask: Callable[[str], object]) -> tuple[str, ...]:
    """Return the names of which no version has a wheel that fits; `ask` looks for one, and raises when there is none.

    Agreeing to a build is no wish for one: where there is a wheel, that is taken.
    """
    return tuple(name for name in names if not _found(name, ask))


def _found(name: str, ask: Callable[[str], object]) -> bool:
    try:
        ask(name)
    except UnsolvableError:
        return False
    return True


def sources(packages: Sequence[LockedPackage]) -> tuple[str, ...]:
    """Return the names of the packages that are locked to a source distribution."""
    return tuple(package.name for package in packages if package.sdist is not None and not package.wheels)


def refuse_impure(
    packages: Sequence[LockedPackage],
    names: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    children: Children | None = None,
    offline: bool = False,
) -> None:
    """Build what is locked as source, of these names, once, and refuse what comes out as more than pure Python.

    Raises:
        TfsetupError: `ANSWER_IS_NO`: it is for one kind of machine only, and no lock for others.
        BuildError: it cannot be built.
    """
    for package in packages:
        if package.name in names and package.name in sources([package]):
            tags = _built(package, environ, children, offline=offline)
            if not tags or any(not tag.endswith("-none-any") for tag in tags):
                raise TfsetupError(
                    Code.ANSWER_IS_NO,
                    f"{package.name} {package.version} is not pure Python: what is built of it here is for "
                    f"{', '.join(tags) or 'nobody knows what'}, and on another machine it would be something else.",
                    hint="Build wheels of it for the team's platforms, and offer them on an index of yours.",
                )


def _built(
    package: LockedPackage, environ: Mapping[str, str] | None, children: Children | None, *, offline: bool
) -> tuple[str, ...]:
    """Return the tags of the wheel that is built of a source distribution whose bytes are those that were locked."""
    hashes = " ".join(f"--hash=sha256:{file.sha256}" for file in package.files)
    with temporary_folder() as folder:
        arguments = ["pip", "install", "--target", str(folder), "--python", sys.executable, "--no-deps", "--quiet"]
        arguments += [*BY_HASH, *build_arguments([package.name]), "--requirement", "-"]
        run_uv(
            [*arguments, *(["--offline"] if offline else [])],
            doing=f"Building {package.name}",
            environ=environ,
            stdin=f"{package.name}=={package.version} {hashes}\n",
            children=children,
        )
        return tags_in(folder)


def tags_in(folder: Path) -> tuple[str, ...]:
    """Return the tags of the one package that is installed in a folder."""
    from email import message_from_string

    texts = (file.read_text(encoding="utf-8") for file in folder.glob("*.dist-info/WHEEL"))
    return tuple(tag for text in texts for tag in message_from_string(text).get_all("Tag", []))
