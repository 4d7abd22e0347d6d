"""A fork of a process goes its own way, reads nothing twice, and several can be counted as one; on every loader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pytest

from support.elf_build import Define, Import, Library, build_elf
from support.macho import Offered, Plan, Wanted, build
from support.pe_build import Dll, build_pe
from support.tree import Tree
from tfsetup.host.model import Host, Libc
from tfsetup.loader.bytes import Answers, answers
from tfsetup.loader.dyld.process import DyldProcess
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.glibc.musl import MuslProcess
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.glibc.system import System, system_of
from tfsetup.loader.machine import machine_of
from tfsetup.loader.model import Entry, Filesystem, Mode, Process
from tfsetup.loader.preparing import Preparing
from tfsetup.loader.python.brought import Brought
from tfsetup.loader.question import Question
from tfsetup.loader.shipped import load_system
from tfsetup.loader.windows.process import WindowsProcess, WindowsSystem

LOCAL, GLOBAL = Mode(scope="local"), Mode(scope="global")


class Counting:
    """Files that count how many bytes of each are read."""

    def __init__(self, tree: Tree) -> None:
        self.tree, self.read = tree, dict[str, int]()

    def lookup(self, path: str) -> Entry | None:
        entry = self.tree.lookup(path)
        if entry is None or entry.source is None:
            return entry
        return Entry(path=entry.path, identity=entry.identity, source=_Source(entry, self.read))

    def listdir(self, path: str) -> list[str]:
        return list(self.tree.listdir(path))


class _Source:
    def __init__(self, entry: Entry, read: dict[str, int]) -> None:
        assert entry.source is not None
        self._path, self._inner, self._read, self.size = entry.path, entry.source, read, entry.source.size

    def read(self, offset: int, length: int) -> bytes:
        self._read[self._path] = self._read.get(self._path, 0) + length
        return self._inner.read(offset, length)

    def answers(self, base: int) -> tuple[Answers, int] | None:
        return answers(self._inner, base)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A loader: how to start a process, the libraries of the tests in its format, and the name that `two` asks for."""

    start: Callable[[Filesystem], Process]
    files: Mapping[str, bytes]
    two: str
    name: str


def elf_system(files: Filesystem, libc: Literal["glibc", "musl"]) -> System:
    return system_of(Host(os="linux", libc=Libc(name=libc, version="2.36")), "x86_64", files)


ELF = {
    "/s/one.so": build_elf(Library(soname="one.so", defines=[Define(name="f")])),
    "/s/two.so": build_elf(Library(needed=["dep.so"], runpath="$ORIGIN/deps", defines=[Define(name="g")])),
    "/s/deps/dep.so": build_elf(Library(soname="dep.so")),
    "/s/asks.so": build_elf(Library(needed=["dep.so"])),
}
MACHO = {
    "/s/one.so": build(Plan(exports=[Offered(symbol="_f")])),
    "/s/two.so": build(Plan(dylibs=[("@rpath/dep.dylib", "normal")], rpaths=["@loader_path/deps"])),
    "/s/deps/dep.dylib": build(Plan(install_name="@rpath/dep.dylib")),
    "/s/asks.so": build(Plan(dylibs=[("@rpath/dep.dylib", "normal")])),
}
PE = {
    "/s/one.pyd": build_pe(Dll(exports=["f"])),
    "/s/deps/two.pyd": build_pe(Dll(imports={"dep.dll": []})),
    "/s/deps/dep.dll": build_pe(Dll(exports=["g"])),
    "/s/asks.pyd": build_pe(Dll(imports={"dep.dll": []})),
}
KINDS = {
    "glibc": Kind(
        start=lambda files: GlibcProcess(elf_system(files, "glibc")), files=ELF, two="/s/two.so", name="dep.so"
    ),
    "musl": Kind(start=lambda files: MuslProcess(elf_system(files, "musl")), files=ELF, two="/s/two.so", name="dep.so"),
    "dyld": Kind(
        start=lambda files: DyldProcess(Mac(version=(14, 4)), files, load_system()),
        files=MACHO,
        two="/s/two.so",
        name="@rpath/dep.dylib",
    ),
    "windows": Kind(
        start=lambda files: WindowsProcess(
            WindowsSystem(
                arch="x86_64", files=files, python="3.12", brought=Brought(files=files, site="/s", folded=True)
            )
        ),
        files=PE,
        two="/s/deps/two.pyd",
        name="dep.dll",
    ),
}


@pytest.fixture(params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def one_of(kind: Kind) -> str:
    return next(path for path in kind.files if "/one." in path)


def asks_of(kind: Kind) -> str:
    return next(path for path in kind.files if "/asks." in path)


def opened(process: Process, *paths: str) -> Process:
    for path in paths:
        assert process.dlopen(path, Mode()) is None
    return process


def mapped(process: Process) -> list[str]:
    return sorted(path for path in process.loaded if path.startswith("/s/"))


def test_what_is_opened_in_a_fork_is_not_in_the_other(kind: Kind) -> None:
    first = opened(kind.start(Tree(kind.files)), one_of(kind))
    fork = first.fork()
    opened(fork, kind.two)
    assert mapped(first) == [one_of(kind)]
    assert len(mapped(fork)) == 3
    assert fork.dlopen(asks_of(kind), Mode()) is None
    assert first.dlopen(asks_of(kind), Mode()) is not None
    assert kind.name in fork.answering
    assert kind.name not in first.answering


def test_what_is_opened_after_the_fork_is_not_in_it(kind: Kind) -> None:
    first = kind.start(Tree(kind.files))
    fork = first.fork()
    opened(first, kind.two)
    assert (mapped(fork), fork.images) == ([], 0)
    assert fork.dlopen(asks_of(kind), Mode()) is not None


def test_what_was_opened_before_is_in_it(kind: Kind) -> None:
    fork = opened(kind.start(Tree(kind.files)), kind.two).fork()
    assert fork.images == 2
    assert fork.dlopen(asks_of(kind), Mode()) is None
    assert fork.images == 3


def test_a_file_is_read_once_for_all_forks(kind: Kind) -> None:
    """Glibc looks at the header of each file it finds, and dyld's binding walks the lists of names: that is all."""
    files = Counting(Tree(kind.files))
    first = kind.start(files)
    forks = [first.fork() for _ in range(3)]
    opened(forks[0], kind.two)
    once = sum(files.read.values())
    assert {*files.read} == {path for path in kind.files if path == kind.two or "/dep." in path}
    opened(forks[1], kind.two)
    opened(forks[2].fork(), kind.two)
    opened(forks[0].fork(), kind.two)
    assert sum(files.read.values()) - once < once / 2


def test_joined_they_have_each_file_once(kind: Kind) -> None:
    first = opened(kind.start(Tree(kind.files)), one_of(kind))
    second, third = opened(first.fork(), kind.two), opened(first.fork(), one_of(kind), kind.two)
    whole = first.joined([second, third])
    assert (whole.images, len(mapped(whole))) == (3, 3)
    assert (first.images, second.images) == (1, 3)
    assert [*whole.loaded].index(one_of(kind)) < [*whole.loaded].index(kind.two)


def test_who_asks_for_what_is_given_what(kind: Kind) -> None:
    process = opened(kind.start(Tree(kind.files)), kind.two)
    given = next(path for path in kind.files if "/dep." in path)
    assert process.asked_for[kind.name] == given
    assert process.answering[kind.name] == given
    assert opened(kind.start(Tree(kind.files)), one_of(kind)).asked_for.get(kind.name) is None


def test_a_failure_in_a_fork_leaves_both_as_they_were(kind: Kind) -> None:
    first = opened(kind.start(Tree(kind.files)), one_of(kind))
    fork = first.fork()
    assert fork.dlopen(asks_of(kind), Mode()) is not None
    assert mapped(first) == mapped(fork) == [one_of(kind)]
    opened(fork, kind.two, asks_of(kind))
    assert first.dlopen(asks_of(kind), Mode()) is not None


def test_what_is_not_known_is_joined_without_repetition() -> None:
    tree = Tree({f"/s/{name}.so": build_elf(Library(needed=[f"lib{name}.so.1"])) for name in ("gomp", "GL")})
    first = GlibcProcess(elf_system(tree, "glibc"))
    one, two = (first.fork() for _ in range(2))
    opened(one, "/s/gomp.so")
    opened(two, "/s/gomp.so", "/s/GL.so")
    assert first.not_covered == []
    assert len(first.joined([one, two]).not_covered) == 2


# ------------------------------------------------------------------------------------------------- what each keeps


def test_the_global_scope_is_each_process_s_own() -> None:
    asking = build_elf(Library(imports=[Import(name="f")]))
    first = GlibcProcess(elf_system(Tree({**ELF, "/s/flat.so": asking}), "glibc"))
    fork = first.fork()
    assert fork.dlopen("/s/one.so", GLOBAL) is None
    assert opened(first, "/s/one.so").dlopen("/s/flat.so", Mode()) is not None
    assert fork.dlopen("/s/flat.so", Mode()) is None


def test_names_under_which_a_library_was_asked_for_are_each_process_s_own() -> None:
    """A link under another name, asked for in the fork, is no name of the library in the first process."""
    tree = Tree(
        {**ELF, "/s/alias.so": build_elf(Library(needed=["other.so"], runpath="$ORIGIN"))},
        links={"/s/other.so": "/s/one.so"},
    )
    first = GlibcProcess(elf_system(tree, "glibc"))
    opened(first, "/s/one.so")
    opened(first.fork(), "/s/alias.so")
    assert "other.so" not in first.answering


def test_what_is_hidden_is_each_process_s_own() -> None:
    flat = build(Plan(imports=[Wanted(symbol="_f", ordinal=-2)]))
    first = DyldProcess(Mac(version=(14, 4)), Tree({**MACHO, "/s/flat.so": flat}), load_system())
    assert first.dlopen("/s/one.so", LOCAL) is None
    fork = first.fork()
    opened(fork, "/s/one.so", "/s/flat.so")
    assert first.dlopen("/s/flat.so", Mode()) is not None


def test_packages_are_imported_in_each_process_of_windows() -> None:
    init = b"import os\nos.add_dll_directory(os.path.join(os.path.dirname(__file__), os.pardir, 'p.libs'))"
    files = {
        "/s/p/__init__.py": init,
        "/s/p/m.pyd": build_pe(Dll(imports={"dep.dll": []})),
        "/s/p.libs/dep.dll": build_pe(Dll()),
        "/s/q.pyd": build_pe(Dll(imports={"dep.dll": []})),
    }
    tree, machine = Tree(files), machine_of(Host(os="windows", arch="x86_64"))
    preparing = Preparing(Question(files=tree, site="/s", machine=machine), machine.target("3.12"), "tensorflow")
    first = WindowsProcess(
        WindowsSystem(arch="x86_64", files=tree, python="3.12", brought=Brought(files=tree, site="/s", folded=True))
    )
    assert preparing.open(first.fork(), "/s/p/m.pyd", Mode()) is None
    assert first.dlopen("/s/q.pyd", Mode()) is not None
    assert preparing.open(first, "/s/p/m.pyd", Mode()) is None
    opened(first, "/s/q.pyd")
