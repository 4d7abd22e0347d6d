"""Wheels for tests, made of whatever files a test wants in them."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from itertools import product

from support.through import ALWAYS, digested
from tfsetup.loader.bytes import Memory
from tfsetup.loader.files.archive import Contents, read_archive


def wheel_bytes(files: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def whole_wheel(filename: str, files: Mapping[str, bytes | str], *, requires: Sequence[str] = ()) -> bytes:
    """Return a wheel that installers take: the files, and the dist-info its name promises, with the list of all."""
    name, version, *_ = filename.split("-")
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {line}\n" for line in requires)
    meta = {f"{info}/METADATA": metadata, f"{info}/WHEEL": _wheel_file(filename)}
    record = "".join(f"{path},,\n" for path in (*files, *meta, f"{info}/RECORD"))
    return wheel_bytes({**files, **meta, f"{info}/RECORD": record})


def wheel(filename: str, files: Mapping[str, bytes | str]) -> tuple[str, Contents]:
    """Return a wheel as the view wants it, with the dist-info its name promises."""
    name, version, *_ = filename.split("-")
    info = {f"{name}-{version}.dist-info/WHEEL": _wheel_file(filename)}
    data = wheel_bytes({**files, **info})
    archive = read_archive(Memory(data))
    return filename, digested(archive, hashlib.sha256(data).hexdigest()) if ALWAYS else archive


def _wheel_file(filename: str) -> str:
    *_, python, abi, platform = filename.removesuffix(".whl").split("-")
    tags = product(python.split("."), abi.split("."), platform.split("."))
    return "Wheel-Version: 1.0\n" + "".join(f"Tag: {'-'.join(each)}\n" for each in tags)
