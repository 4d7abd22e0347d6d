"""Which CUDA libraries a build asks for, and where it finds them."""

from __future__ import annotations

import pytest

from support.elf_build import Library, build_elf
from support.tree import Tree
from tfsetup.host.model import Host, Libc
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.glibc.system import system_of
from tfsetup.loader.model import Mode
from tfsetup.loader.tensorflow.cuda import CudaLibraries, build_info, cuda_libraries, needed_sonames

PACKAGE = "/S/tensorflow"
CALLER = f"{PACKAGE}/libtensorflow_framework.so.2"
INFO = (
    "build_info = collections.OrderedDict([('cuda_version', '%s'), ('cudnn_version', '%s'), ('is_cuda_build', True)])"
)


@pytest.mark.parametrize(
    ("cuda", "cudnn", "sonames"),
    [
        (
            "12.5.1",
            "9",
            "cudart.so.12 cublas.so.12 cublasLt.so.12 cufft.so.11 cusolver.so.11 cusparse.so.12 cudnn.so.9",
        ),
        (
            "11.8",
            "8.6",
            "cudart.so.11.0 cublas.so.11 cublasLt.so.11 cufft.so.10 cusolver.so.11 cusparse.so.11 cudnn.so.8",
        ),
    ],
)
def test_sonames(cuda: str, cudnn: str, sonames: str) -> None:
    assert " ".join(name.removeprefix("lib") for name in needed_sonames(cuda, cudnn)) == sonames


def look(files: dict[str, bytes], runpath: str = "$ORIGIN/../nvidia/cuda_runtime/lib") -> CudaLibraries | None:
    tree = Tree({CALLER: build_elf(Library(soname="libtensorflow_framework.so.2", runpath=runpath)), **files})
    host = Host(os="linux", libc=Libc(name="glibc", version="2.36"))
    process = GlibcProcess(system_of(host, "x86_64", tree))
    assert process.dlopen(CALLER, Mode()) is None
    return cuda_libraries(process, tree, PACKAGE, CALLER)


def info(cuda: str, cudnn: str) -> dict[str, bytes]:
    return {f"{PACKAGE}/python/platform/build_info.py": (INFO % (cuda, cudnn)).encode()}


def test_only_the_callers_runpath_counts() -> None:
    library = build_elf(Library(soname="libcudart.so.12"))
    other = build_elf(Library(soname="libcusolver.so.11"))
    files = {"/S/nvidia/cuda_runtime/lib/libcudart.so.12": library, "/S/nvidia/cusolver/lib/libcusolver.so.11": other}
    found = look({**info("12.5.1", "9"), **files})
    assert found is not None
    assert dict(found.found) == {"libcudart.so.12": "/S/nvidia/cuda_runtime/lib/libcudart.so.12"}
    assert found.missing[:2] == ("libcublas.so.12", "libcublasLt.so.12")
    assert "libcusolver.so.11" in found.missing
    assert (found.cuda, found.cudnn) == ("12.5.1", "9")


def test_a_damaged_library_is_not_found() -> None:
    found = look({**info("12.5.1", "9"), "/S/nvidia/cuda_runtime/lib/libcudart.so.12": b"text" * 50})
    assert found is not None
    assert found.found == {}


@pytest.mark.parametrize(
    "source",
    [
        b"build_info = collections.OrderedDict([('is_cuda_build', False)])",
        b"not python (",
        b"build_info = [('cuda_version', open('x')), ('cudnn_version', '9')]",
        b"\0",
        b"(" * 5000,
    ],
)
def test_no_cuda_build(source: bytes) -> None:
    assert look({f"{PACKAGE}/python/platform/build_info.py": source}) is None


def test_no_build_info_at_all() -> None:
    assert look({}) is None
    assert build_info(Tree({}), PACKAGE) == {}
    assert build_info(Tree({}, [f"{PACKAGE}/python/platform/build_info.py"]), PACKAGE) == {}
