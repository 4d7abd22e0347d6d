"""The libraries to be asked, out of the wheels of an index; nothing of them is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfsetup.errors import NetworkError
from tfsetup.ground.versions import in_range, version
from tfsetup.loader.bytes import Memory
from tfsetup.loader.files.archive import Archive
from tfsetup.matrix.machine import parse_tags
from tfsetup.upkeep.index.snapshot import File
from tfsetup.upkeep.xray.images import Image, read_image
from tfsetup.upkeep.xray.plan import Plan

if TYPE_CHECKING:
    from tfsetup.upkeep.index.client import IndexClient


_PLUGINS, _FRAMEWORK = "tensorflow-plugins/", "libtensorflow_framework.2.dylib"


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """The content of a library, and the wheels of one release that hold it."""

    version: str
    wheels: tuple[str, ...]
    content: bytes

    @property
    def sha256(self) -> str:
        """The hash of its content."""
        return hashlib.sha256(self.content).hexdigest()

    def image(self, architecture: str) -> Image:
        """Return its image for an architecture; raises `MalformedImage` where it has none."""
        return read_image(Memory(self.content), architecture)


@dataclass(frozen=True, kw_only=True, slots=True)
class Libraries:
    """What is put into the machine: the framework, and every different library of the plugin, oldest release first."""

    framework: Library
    plugins: tuple[Library, ...]


def fetch(plan: Plan, index: IndexClient) -> Libraries:
    """Read the libraries out of the wheels, as far as needed.

    Raises:
        NetworkError: the index does not answer, lacks a release, or its wheels lack the library.
    """
    pages = index.pages([plan.distribution, plan.framework.distribution])
    wanted = {name: [file for file in files if _wanted(file, plan)] for name, files in pages.items()}
    plugins = [file for file in wanted[plan.distribution] if in_range(plan.versions, file.version)]
    framework = [file for file in wanted[plan.framework.distribution] if file.version == plan.framework.version]
    if not plugins or not framework:
        missing = plan.framework.distribution if plugins else plan.distribution
        raise NetworkError(f"The index has no wheel of {missing} for macOS on {plan.architecture}.")
    newest = max(framework, key=lambda file: (len(file.filename), file.filename))
    beside = _libraries([newest], _FRAMEWORK)
    return Libraries(framework=beside[0], plugins=tuple(_libraries(plugins, ".dylib", _PLUGINS)))


def _wanted(file: File, plan: Plan) -> bool:
    tags = parse_tags(file.filename.removesuffix(".whl").rpartition("-")[2])
    return any(tag.os == "macos" and tag.arch == plan.architecture for tag in tags)


def _libraries(files: Sequence[File], ending: str, folder: str = "") -> list[Library]:
    """Return the different libraries of these wheels by release and name of the first wheel."""
    from tfsetup.loader.files.remote import open_all

    ordered = sorted(files, key=lambda file: (version(file.version), file.filename))
    opened = dict(open_all({file.filename: file.url for file in ordered}))
    found: dict[tuple[str, bytes], list[str]] = {}
    for file in ordered:
        content = _library(opened[file.filename], file.filename, ending, folder)
        found.setdefault((file.version, content), []).append(file.filename)
    return [Library(version=of, wheels=tuple(names), content=content) for (of, content), names in found.items()]


def _library(archive: Archive, wheel: str, ending: str, folder: str) -> bytes:
    names = [name for name in archive.members if name.endswith(ending) and folder in name]
    if len(names) != 1:
        raise NetworkError(f"{wheel} holds {len(names)} libraries where one was expected.")
    source = archive.open(names[0])
    return source.read(0, source.size)
