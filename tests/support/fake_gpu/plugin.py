"""Builds the fake GPU with one call of gcc, and makes a wheel of it, as a plugin's publisher would."""

from __future__ import annotations

import base64
import hashlib
import platform
import shutil
import subprocess
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = "libfake_gpu.so"
OPTIONS = ("-std=gnu11", "-O3", "-march=native", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")


def missing() -> str:
    """Return why the fake GPU cannot be built here; empty if it can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "the fake GPU is built for Linux x86_64"
    return "" if shutil.which("gcc") else "no gcc"


def site_packages(environment: Path) -> Path:
    """Return the folder that TensorFlow stands in."""
    return next((environment / "lib").glob("python*/site-packages"))


def built(packages: Path, cache: Path) -> Path:
    """Return the library for the TensorFlow in `packages`, from `cache` (of the test session) if it was built before.

    It depends on the sources and on the release's headers: their version decides.
    """
    sources = sorted(HERE.glob("*.[ch]"))
    version = next(packages.glob("tensorflow*-[0-9]*.dist-info")).name
    content = b"".join(path.read_bytes() for path in sources) + version.encode()
    library = cache / hashlib.sha256(content).hexdigest()[:16] / LIBRARY
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        draft = library.with_suffix(".draft")
        tensorflow = packages / "tensorflow"
        files = [str(path) for path in sources if path.suffix == ".c"]
        # TensorFlow's kernels.h defines a constant in every file that includes it: the linker takes the first.
        libraries = ["-Wl,-z,muldefs", f"-L{tensorflow}", "-l:libtensorflow_framework.so.2", "-lm", "-ldl"]
        command = ["gcc", *OPTIONS, f"-isystem{tensorflow / 'include'}", "-o", str(draft), *files, *libraries]
        subprocess.run(command, check=True)
        draft.rename(library)
    return library


def put(packages: Path, cache: Path) -> Path:
    """Build the plugin beside the TensorFlow in `packages`, which loads it from now on; return it."""
    plugin = packages / "tensorflow-plugins" / LIBRARY
    plugin.parent.mkdir(exist_ok=True)
    shutil.copy(built(packages, cache), plugin)
    return plugin


def wheel(library: Path, folder: Path, *, name: str = "fake_metal", version: str = "1.0") -> Path:
    """Make a wheel in `folder` that puts the plugin where TensorFlow looks for it."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"tensorflow-plugins/{LIBRARY}": library.read_bytes(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: false\nTag: py3-none-linux_x86_64\n",
    }
    lines = [f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in files.items()]
    files[f"{info}/RECORD"] = ("".join(lines) + f"{info}/RECORD,,\n").encode()
    made = folder / f"{name}-{version}-py3-none-linux_x86_64.whl"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return made


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
