"""The cases of tests/cases/loader/linux: small libraries, what is opened, what the loader says.

`@` stands for the folder all files of a case lie in. Unless `real` is false, the case holds for the real loader, too.
Unless `here` is false, such a case has the files of its system at hand (there are none but the C library's).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.elf_build import Define, Import, Library, build_elf
from support.source import read_yaml
from support.tree import Tree
from tfsetup.host.model import Cpu, Host, Libc
from tfsetup.loader.glibc.musl import MuslProcess
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.glibc.system import system_of
from tfsetup.loader.shipped import load_linux_libraries

FOLDER = Path(__file__).parents[1] / "cases" / "loader" / "linux"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case, as in its file."""

    name: str
    data: Mapping[str, Any]

    @property
    def real(self) -> bool:
        """Whether the real loader can be asked as well."""
        return bool(self.data.get("real", True))

    @property
    def here(self) -> bool:
        """Whether the files of the system are at hand, so that what is not there is missing."""
        return bool(self.data.get("here", self.real))

    def files(self, root: str) -> dict[str, bytes]:
        """Return the content of all files by absolute path."""
        return {place(path, root): _content(spec) for path, spec in self.data["files"].items()}

    def links(self, root: str) -> dict[str, str]:
        """Return symbolic links: where they are, and where they lead."""
        return {place(link, root): place(target, root) for link, target in self.data.get("links", {}).items()}

    def library_path(self, root: str) -> str:
        """Return LD_LIBRARY_PATH."""
        return place(self.data.get("library_path", ""), root)

    def process(self, root: str) -> GlibcProcess | MuslProcess:
        """Return the process of the case, its files in memory."""
        data = self.data
        folders = [place(path, root) for path in data.get("folders", ())]
        folders += ["/usr/lib/x86_64-linux-gnu"] if self.here else []
        tree = Tree(self.files(root), folders, self.links(root))
        features = tuple(data["features"] or ()) if "features" in data else None
        name = data.get("libc", "glibc")
        libc = Libc(name=name, version=data.get("glibc", "2.36"))
        cpu = Cpu(features=features) if features is not None else None
        host = Host(os="linux", os_version=data.get("system"), libc=libc, cpu=cpu, page_size=data.get("page_size"))
        arch = data.get("arch", "x86_64")
        symbols = dict.fromkeys(data.get("c_library", ()), (2, 17)) | {"new_function": (2, 36)}
        system = system_of(
            host, arch, tree, real=self.here, symbols=symbols, libraries=load_linux_libraries(),
            library_path=self.library_path(root), preload=data.get("preload", ""),
        )  # fmt: skip
        return MuslProcess(system) if name == "musl" else GlibcProcess(system)


def place(text: str, root: str) -> str:
    """Put the case's folder in place of `@`."""
    return text.replace("@/", f"{root}/")


def load_cases() -> list[Case]:
    """Read all cases."""
    paths = sorted(FOLDER.glob("*/case.yaml"))
    return [Case(name=path.parent.name, data=read_yaml(path.read_text())) for path in paths]


def _content(spec: Mapping[str, Any]) -> bytes:
    if "raw" in spec:
        return str(spec["raw"]).encode("latin-1")
    values = dict(spec)
    cut, padding = values.pop("cut", None), values.pop("padding", 0)
    values["defines"] = [_define(entry) for entry in values.get("defines", ())]
    values["imports"] = [_import(entry) for entry in values.get("imports", ())]
    values["tags"] = [tuple(pair) for pair in values.get("tags", ())]
    return build_elf(Library(**values), padding=padding)[:cut]


def _define(entry: Any) -> Define:
    return Define(name=entry) if isinstance(entry, str) else Define(**entry)


def _import(entry: Any) -> Import:
    if isinstance(entry, str):
        return Import(name=entry)
    version = entry.get("version")
    return Import(**{**entry, "version": tuple(version) if version else None})
