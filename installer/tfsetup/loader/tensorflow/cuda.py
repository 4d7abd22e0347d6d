"""Which CUDA libraries TensorFlow on Linux would find: those it opens by leaf name before it registers a GPU.

None of them is a dependency of any file; they are dlopened by code in one library, so only that library's RUNPATH
counts (besides LD_LIBRARY_PATH and the system's own places). All must be found, or no GPU is registered; the import
never fails. Which sonames a build asks for follows from the CUDA and cuDNN releases it was built with
(`build_info.py`); how they map to sonames: TensorFlow third_party/gpus/find_cuda_config.py and NVIDIA's release notes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfsetup.loader.model import Filesystem, read_file

if TYPE_CHECKING:  # a report knows these libraries, and who only reads reports needs no loader
    from tfsetup.loader.glibc.process import GlibcProcess

_MAX_BUILD_INFO = 1 << 20
_BUILD_INFO = "python/platform/build_info.py"
_CUDA_11_WITH_FULL_SONAME = "11.0"


@dataclass(frozen=True, kw_only=True, slots=True)
class CudaLibraries:
    """What a build asks for. `found` maps sonames to paths, `missing` are the others, both in the order of asking."""

    cuda: str
    """The CUDA release it was built with."""
    cudnn: str
    """The cuDNN release it was built with."""
    found: Mapping[str, str]
    """Which file each name leads to."""
    missing: tuple[str, ...]
    """The names that lead nowhere; with one of them no GPU is registered."""


def build_info(files: Filesystem, package: str) -> Mapping[str, object]:
    """Return the facts TensorFlow records about its build, without running it; empty when they cannot be read.

    Args:
        files: what the process sees.
        package: absolute path of the package's folder.
    """
    source = read_file(files, f"{package}/{_BUILD_INFO}", _MAX_BUILD_INFO)
    found: dict[str, object] = {}
    from tfsetup.loader.python.importers import parsed

    for node in ast.walk(parsed(source or b"") or ast.Module(body=[], type_ignores=[])):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:  # noqa: PLR2004 - the pairs of the ordered dict
            key, value = (_literal(part) for part in node.elts)
            if isinstance(key, str):
                found[key] = value
    return found


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def needed_sonames(cuda: str, cudnn: str) -> tuple[str, ...]:
    """Return the sonames that must all be found, in the order in which they are opened.

    Args:
        cuda: release of the CUDA toolkit, such as `12.5.1`.
        cudnn: release of cuDNN, such as `9` or `8.9.4`.
    """
    major = int(cuda.partition(".")[0])
    runtime = _CUDA_11_WITH_FULL_SONAME if major == 11 else str(major)  # noqa: PLR2004 - CUDA 11's odd soname
    fft = major - 1 if major < 13 else 12  # noqa: PLR2004 - cuFFT counted one behind up to CUDA 12
    solver = 11 if major < 13 else 12  # noqa: PLR2004 - cuSOLVER stayed at 11 for CUDA 11 and 12
    return (
        f"libcudart.so.{runtime}",
        f"libcublas.so.{major}",
        f"libcublasLt.so.{major}",
        f"libcufft.so.{fft}",
        f"libcusolver.so.{solver}",
        f"libcusparse.so.{major}",
        f"libcudnn.so.{cudnn.partition('.')[0]}",
    )


def cuda_libraries(process: GlibcProcess, files: Filesystem, package: str, caller: str) -> CudaLibraries | None:
    """Look up the CUDA libraries of a TensorFlow that has been loaded; None when it is no CUDA build.

    Args:
        process: the process after `import tensorflow`.
        files: what the process sees.
        package: absolute path of the package's folder.
        caller: absolute path of the library whose code opens them.
    """
    info = build_info(files, package)
    cuda, cudnn = str(info.get("cuda_version", "")), str(info.get("cudnn_version", ""))
    if not re.match(r"[0-9]{2}(\.|$)", cuda) or not cudnn[:1].isdigit():
        return None
    wanted: Sequence[str] = needed_sonames(cuda, cudnn)
    places = {name: process.locate(name, caller=caller) for name in wanted}
    return CudaLibraries(
        cuda=cuda,
        cudnn=cudnn,
        found={name: path for name, path in places.items() if path is not None},
        missing=tuple(name for name, path in places.items() if path is None),
    )
