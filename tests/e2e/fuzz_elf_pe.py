"""A coverage-guided run over the ELF and PE readers and loaders: python fuzz_elf_pe.py [libFuzzer options] CORPUS.

It needs atheris. The corpus is a folder of real files, small ones (up to 64 kB). Anything but a result or
`MalformedImage` ends the run.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

with atheris.instrument_imports(include=["tfsetup.loader"]):
    from support.elf_build import Define, Library, build_elf
    from support.fuzz import open_elf, open_pe, read_elf, read_pe
    from support.pe_build import Dll, build_pe

_NEEDED = {"/case/liba.so.1": build_elf(Library(soname="liba.so.1", defines=[Define(name="f")]))}
_IMPORTED = {"C:/case/dep.dll": build_pe(Dll(exports=["f"]))}


def one_input(data: bytes) -> None:
    """Do everything with one file."""
    if data[:2] == b"MZ":
        read_pe(data)
        open_pe(data, _IMPORTED)
    else:
        read_elf(data)
        open_elf(data, _NEEDED)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
