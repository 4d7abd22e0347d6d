"""Wheels of the index repacked as conda packages, and stand-ins that hold a wheel's name and nothing else."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from configparser import ConfigParser
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name, parse_wheel_filename

from support.channel_archive import PLACEHOLDER, Entry, Package

# What conda-forge's builds depend on and wheels do not, because wheels bundle it.
EXTRA_DEPENDS = {"numpy": ["libblas >=3.9.0,<4.0a0", "libcblas >=3.9.0,<4.0a0", "liblapack >=3.9.0,<4.0a0"]}
# Environment markers by subdir: sys_platform, platform_system, platform_machine, os_name.
_MARKERS = {
    "linux-64": ("linux", "Linux", "x86_64", "posix"),
    "linux-aarch64": ("linux", "Linux", "aarch64", "posix"),
    "osx-64": ("darwin", "Darwin", "x86_64", "posix"),
    "osx-arm64": ("darwin", "Darwin", "arm64", "posix"),
    "win-64": ("win32", "Windows", "AMD64", "nt"),
}
_SITE = {"noarch": ("site-packages/", "python-scripts/"), "win-64": ("Lib/site-packages/", "Scripts/")}
_ARCHES = {"x86_64": "64", "amd64": "64", "aarch64": "aarch64", "arm64": "arm64"}


def wheel_packages(wheel: Path, python: str, subdirs: Sequence[str]) -> Iterator[Package]:
    """Repack one wheel: a pure one as `noarch: python`, another one for each subdir that its tags serve."""
    _, _, _, tags = parse_wheel_filename(wheel.name)
    pure = all(tag.platform == "any" for tag in tags)
    for subdir in ["noarch"] if pure else sorted(set(_subdirs_for(tags, subdirs))):
        yield _repacked(wheel, subdir, python)


def _subdirs_for(tags: Iterable[Tag], subdirs: Sequence[str]) -> Iterator[str]:
    for tag in tags:
        family = "linux" if "linux" in tag.platform else "osx" if tag.platform.startswith("macosx") else "win"
        for ending, machine in _ARCHES.items():
            if tag.platform.endswith(ending) and f"{family}-{machine}" in subdirs:
                yield f"{family}-{machine}"


def _repacked(wheel: Path, subdir: str, python: str) -> Package:
    minor = ".".join(python.split(".")[:2])
    site, scripts = _SITE.get(subdir, (f"lib/python{minor}/site-packages/", "bin/"))
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        info_dir = next(name for name in names if name.endswith(".dist-info/METADATA")).rsplit("/", 1)[0]
        metadata = HeaderParser().parsestr(archive.read(f"{info_dir}/METADATA").decode())
        points = _entry_points(archive, info_dir)
        record = list(csv.reader(io.StringIO(archive.read(f"{info_dir}/RECORD").decode())))
        executables = {item.filename for item in archive.infolist() if item.external_attr >> 16 & 0o100}
    package = _named(canonicalize_name(metadata["Name"]), metadata["Version"], subdir, minor)
    package.summary = metadata["Summary"] or ""
    package.depends += [*_depends(metadata.get_all("Requires-Dist") or [], subdir, python)]
    package.depends += EXTRA_DEPENDS.get(package.name, [])
    for name in names:
        if name != f"{info_dir}/RECORD":
            where = _placed(name, site, scripts)
            package.entries.append(Entry(where, source=(wheel, name), executable=name in executables))
    package.entries += _installed_by_conda(site + info_dir, info_dir, record)
    _add_scripts(package, points, minor)
    return package


def stand_in(name: str, version: str, subdir: str, minor: str, depends: Sequence[str] = ()) -> Package:
    """Return a package that holds a distribution's name and version, and nothing that runs."""
    package = _named(name, version, subdir, minor)
    package.depends += [*depends, *EXTRA_DEPENDS.get(name, [])]
    site, _ = _SITE.get(subdir, (f"lib/python{minor}/site-packages/", ""))
    info = f"{site}{name.replace('-', '_')}-{version}.dist-info"
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    package.entries.append(Entry(f"{info}/METADATA", data=text))
    return package


def _named(name: str, version: str, subdir: str, minor: str) -> Package:
    if subdir == "noarch":
        return Package(name, version, "pyhlocal_0", subdir, noarch="python", depends=["python >=3.9"])
    tag = minor.replace(".", "")
    after = f"3.{int(minor.partition('.')[2]) + 1}"
    depends = [f"python >={minor},<{after}.0a0", f"python_abi {minor}.* *_cp{tag}"]
    return Package(name, version, f"py{tag}hlocal_0", subdir, depends=depends)


def _placed(name: str, site: str, scripts: str) -> str:
    """Return where an installer puts a member of a wheel (binary distribution format, "The .data directory")."""
    head, _, rest = name.partition(".data/")
    if not rest or "/" in head:
        return site + name
    scheme, _, tail = rest.partition("/")
    return {"purelib": site, "platlib": site, "scripts": scripts}.get(scheme, "") + tail


def _installed_by_conda(folder: str, info_dir: str, record: list[list[str]]) -> list[Entry]:
    data = b"conda\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    out = io.StringIO()
    rows = [row for row in record if row] + [[f"{info_dir}/INSTALLER", f"sha256={digest}", str(len(data))]]
    csv.writer(out, lineterminator="\n").writerows(rows)
    return [Entry(f"{folder}/INSTALLER", data=data), Entry(f"{folder}/RECORD", data=out.getvalue().encode())]


def _add_scripts(package: Package, points: list[str], minor: str) -> None:
    if package.noarch:
        package.entry_points = points
        return
    if package.subdir == "win-64":
        return  # there a console script needs a launcher .exe
    for point in points:
        command, _, target = (part.strip() for part in point.partition("="))
        module, _, function = target.partition(":")
        body = f"#!{PLACEHOLDER}/bin/python{minor}\nimport sys\nfrom {module} import {function.split('.')[0]}\n"
        body += f"if __name__ == '__main__':\n    sys.exit({function}())\n"
        package.entries.append(Entry(f"bin/{command}", body.encode(), executable=True, placeholder=PLACEHOLDER))


def _entry_points(archive: zipfile.ZipFile, info_dir: str) -> list[str]:
    if f"{info_dir}/entry_points.txt" not in archive.namelist():
        return []
    parser = ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(archive.read(f"{info_dir}/entry_points.txt").decode())
    if not parser.has_section("console_scripts"):
        return []
    return [f"{name} = {target.split('[')[0].strip()}" for name, target in parser.items("console_scripts")]


def _depends(requirements: Iterable[str], subdir: str, python: str) -> Iterator[str]:
    environment = _environment(subdir, python)
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate(dict(environment)):
            spec = ",".join(sorted(_conda_spec(part.operator, part.version) for part in requirement.specifier))
            yield f"{canonicalize_name(requirement.name)} {spec}".strip()


def _environment(subdir: str, python: str) -> Mapping[str, str]:
    sys_platform, system, machine, os_name = _MARKERS.get(subdir, _MARKERS["linux-64"])
    return {
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
        "os_name": os_name,
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }


def _conda_spec(operator: str, version: str) -> str:
    if operator in {"==", "==="}:
        return version if version.endswith(".*") else f"=={version}"
    return f"{operator}{re.sub(r'[+].*', '', version)}"
