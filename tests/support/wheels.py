"""Wheels for tests, made of whatever files a test wants in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from tfsetup.loader.bytes import Memory
from tfsetup.loader.files.archive import Archive, read_archive


def wheel_bytes(files: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def wheel(filename: str, files: Mapping[str, bytes | str]) -> tuple[str, Archive]:
    """Return a wheel as the view wants it, with the dist-info its name promises."""
    name, version, python, abi, platform = filename.removesuffix(".whl").split("-")
    tags = "".join(
        f"Tag: {py}-{each}-{plat}\n"
        for py in python.split(".")
        for each in abi.split(".")
        for plat in platform.split(".")
    )
    info = {f"{name}-{version}.dist-info/WHEEL": f"Wheel-Version: 1.0\n{tags}"}
    return filename, read_archive(Memory(wheel_bytes({**files, **info})))
