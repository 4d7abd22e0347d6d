"""Small stand-ins for what an installation fetches, in an index of this machine: real code paths, no gigabytes.

The distribution is `tensorflow-cpu` in versions that the matrix knows, with the stand-in of `fake_tensorflow.py` for
its content; NumPy is this interpreter's own, repacked, so that verification computes real products.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path

from support import fake_tensorflow

VERSIONS = ("2.21.0", "2.20.0")
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
ASK = ("--accelerator", "cpu", "--python", MINOR)
"""What an installation must ask for, so that the stand-ins are what it finds."""

Content = bytes | str


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, Content],
    *,
    requires: Sequence[str] = (),
    tag: str = "py3-none-any",
    record: str | None = None,
) -> Path:
    """Write a wheel with these files and what a wheel must have besides; `record` replaces its RECORD."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
    about: dict[str, Content] = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    members = {**about, **files}
    listed = "".join(f"{path},{_digest(content)},{len(_raw(content))}\n" for path, content in members.items())
    members[f"{info}/RECORD"] = listed + f"{info}/RECORD,,\n" if record is None else record
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            entry = zipfile.ZipInfo(member)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, _raw(content))
    return path


def _raw(content: Content) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _digest(content: Content) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(_raw(content)).digest()).rstrip(b"=").decode()


def write_index(folder: Path, *, filler: int = 0) -> Path:
    """Write the wheels of the stand-ins into a folder; `filler` bytes make the newest one larger."""
    folder.mkdir(parents=True, exist_ok=True)
    for version in VERSIONS:
        files = dict(tensorflow_files(version))
        if filler and version == VERSIONS[0]:
            files["tensorflow/filler.bin"] = os.urandom(filler)
        write_wheel(folder, "tensorflow-cpu", version, files, requires=["numpy", "six"])
    write_wheel(folder, "six", "1.17.0", {"six.py": "value = 6\n"})
    write_beside(folder)
    repack(folder, "numpy")
    return folder


def write_beside(folder: Path) -> Path:
    """Write what the matrix asks for beside the older of the versions."""
    return write_wheel(folder, "setuptools", "81.0.0", {"setuptools/__init__.py": "", "pkg_resources/__init__.py": ""})


def tensorflow_files(version: str) -> Iterator[tuple[str, Content]]:
    """Yield the files of a stand-in for a TensorFlow without a GPU."""
    source = Path(fake_tensorflow.__file__).read_text(encoding="utf-8")
    yield "tensorflow/__init__.py", source.replace("2.99.0", version)
    yield "tensorflow/behaviour.json", '{"listed": false}'
    yield from ((f"tensorflow/part_{number}.py", f"value = {number}\n") for number in range(60))


def repack(folder: Path, name: str) -> Path:
    """Write a wheel from what is installed under a name for this very interpreter; its tests stay behind."""
    found = distribution(name)
    files = {
        str(file): Path(str(found.locate_file(file))).read_bytes()
        for file in found.files or ()
        if ".." not in file.parts
        and not {"tests", "__pycache__"} & set(file.parts)
        and ".dist-info" not in file.parts[0]
    }
    tag = f"cp{MINOR.replace('.', '')}-cp{MINOR.replace('.', '')}-linux_x86_64"
    return write_wheel(folder, name, found.version, files, tag=tag)
