"""Reads what the doctor needs from the world: logs, package lists, an environment's files. Judges nothing."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from tfsetup.doctor.causes.shipped import read_shipped
from tfsetup.doctor.defects import taught
from tfsetup.doctor.environment import NEVER_IMPORTED, BadFile, Distribution, Environment, Interpreter
from tfsetup.doctor.inspection import MODULE
from tfsetup.doctor.model import Knowledge
from tfsetup.errors import InvalidFileError, UsageError, Where
from tfsetup.ground.children import run_child
from tfsetup.ground.encode import Plain
from tfsetup.ground.looking import find, look
from tfsetup.ground.prefix import Absent, Found
from tfsetup.ground.text import read
from tfsetup.host.file import host_text, parse_host
from tfsetup.host.model import Host
from tfsetup.matrix.family import family
from tfsetup.matrix.file.rows import Matrix

# A log is read up to here, head and tail of a longer one: 64 MB of text is more than a person will paste.
_LARGEST_LOG = 64_000_000
_LARGEST_LIST = 10_000_000
_TIMEOUT_S = 60
_IMPORT_TIMEOUT_S = 300
_SIGNALS = {
    4: "Illegal instruction (core dumped)", 6: "Aborted (core dumped)", 7: "Bus error", 9: "Killed",
    11: "Segmentation fault",
}  # fmt: skip
_NATIVE = re.compile(r"\.(so(\.[0-9.]+)?|dylib|pyd|dll)\Z")
_FROZEN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:===?|@)\s*(?P<version>[^\s;#]+)")
_TABLE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s+(?P<version>[0-9][^\s]*)")

# What an interpreter is asked; it runs on every Python that TensorFlow ever had, 3.5 included.
_SELF_PORTRAIT = r"""
import json, os, platform, sys
v = sys.version_info
impl = getattr(sys, "implementation", None)
print("\n" + json.dumps({
    "executable": sys.executable or "", "version": "%d.%d.%d" % v[:3], "machine": platform.machine(),
    "path": [p for p in sys.path if p],
    "environment": {n: os.environ[n] for n in sys.argv[1:] if n in os.environ},
    "markers": {"implementation_name": impl.name if impl else "", "implementation_version": "%d.%d.%d" % v[:3],
        "os_name": os.name, "platform_machine": platform.machine(), "platform_release": platform.release(),
        "platform_system": platform.system(), "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": "%d.%d" % v[:2], "sys_platform": sys.platform}}))
"""


def informed_by(matrix: Matrix) -> Knowledge:
    """Return the knowledge this package ships, with the known defects of `matrix`.

    Raises:
        InvalidFileError: the causes are missing or damaged, so the installation is.
    """
    known = read_shipped()
    published = {name for pair in known.aliases.items() for name in (pair[0], *pair[1])}
    return taught(replace(known, family=family(matrix) | published, matrix=matrix), matrix.hazards)


def read_log(source: str) -> str:
    """Return the text of a log file, `-` for standard input. Any bytes are taken; what is no text becomes �.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        raw = sys.stdin.buffer.read(_LARGEST_LOG) if source == "-" else _ends(Path(source))
    except OSError as error:
        message = f"The log {source} cannot be read: {error.strerror}."
        raise UsageError(message, hint="Give a file, or - for stdin.") from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")  # PowerShell's `>`
    return raw.decode("utf-8", errors="replace")


def _ends(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(_LARGEST_LOG // 2)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(len(head), size - _LARGEST_LOG // 2))
        return head + file.read()


def read_machine(path: Path) -> tuple[Host, str]:
    """Return the machine a host file describes, and a remark about facts that had to be left out (empty: none).

    Raises:
        InvalidFileError: as in `parse_machine`, or the file cannot be read.
    """
    return parse_machine(host_text(path), str(path))


def parse_machine(content: str, file: str) -> tuple[Host, str]:
    """Return the machine that a text describes, and a remark about facts that had to be left out (empty: none).

    What comes with a pasted log was often written down by a person (`"os_version": "Mojave"`). A machine to install on
    must be described exactly; to explain a log, some facts less are better than no answer. The text itself is kept as
    `os_version`, because it may say more than a number. `file` is the text's name in messages.

    Raises:
        InvalidFileError: it is no host file, or no fact of it can be used.
    """
    try:
        return parse_host(content, file), ""
    except InvalidFileError as error:
        facts = _json_object(content)
        wrong = next((names for names in _leaving_out(facts) if _usable(facts, names)), None)
        if wrong is None:
            raise
        host = parse_host(_without(facts, wrong), file)
        if "os_version" in wrong and isinstance(said := facts["os_version"], str):
            host = replace(host, os_version=said)
        return host, f"{' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} left out: {error.message}"


def _leaving_out(facts: dict[str, Plain]) -> Iterator[tuple[str, ...]]:
    """Yield what may be left out: facts that are wrong by themselves, and of two that contradict each other one."""
    alone = tuple(name for name in facts if not _usable({name: facts[name]}, ()))
    if alone and len(alone) < len(facts):
        yield alone
    for name in sorted(facts, key=lambda key: (key != "os_version", key == "os")):
        if name not in alone:
            yield (*alone, name)


def _usable(facts: dict[str, Plain], but: Sequence[str]) -> bool:
    try:
        parse_host(_without(facts, but), "")
    except InvalidFileError:
        return False
    return True


def _without(facts: dict[str, Plain], but: Sequence[str]) -> str:
    return json.dumps({name: said for name, said in facts.items() if name not in but})


def _json_object(content: str) -> dict[str, Plain]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def read_packages(path: Path) -> dict[str, str]:
    """Return names and versions from `pip list --format json`, `pip list`, `pip freeze` or `conda list --json`.

    Raises:
        InvalidFileError: it cannot be read or is none of these.
    """
    hint = "Write it with `python -m pip list --format json > packages.json`."
    where = Where(file=str(path))
    text = read(path, "package list", hint=hint, most=_LARGEST_LIST)
    try:
        found = parse_packages(text)
    except (ValueError, RecursionError) as error:
        raise InvalidFileError(f"This is no list of packages: {error}.", where=where, hint=hint) from error
    if not found and text.strip() not in {"", "[]"}:
        raise InvalidFileError("This is no list of packages.", where=where, hint=hint)
    return found


def parse_packages(text: str) -> dict[str, str]:
    """Return names (normalised) and versions from the text of a package list.

    Raises:
        ValueError: JSON that is not a list of objects with `name` and `version`.
    """
    if text.lstrip().startswith(("[", "{")):
        return _from_json(json.loads(text))
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := _FROZEN.match(line.strip()) or _TABLE.match(line.strip()):
            found[canonicalize_name(match["name"])] = match["version"]
    return found


def _from_json(value: Plain) -> dict[str, str]:
    if not isinstance(value, list):
        message = "the JSON is not a list"
        raise ValueError(message)  # noqa: TRY004 - the caller turns values it cannot read into one error
    found: dict[str, str] = {}
    for item in value:
        match item:
            case {"name": str(name), "version": version} if version is not None:
                found[canonicalize_name(name)] = str(version)
            case _:
                message = "each item must have `name` and `version`"
                raise ValueError(message)
    return found


def environment_meant(prefix: str | Path | None) -> Found | None:
    """Return what stands at `prefix`; None: at the active environment's place, else at `.venv`, if that is there.

    An environment of which something is gone is what was meant: no other Python is taken in its stead. None is returned
    when none is active and there is no `.venv` either.

    Raises:
        UsageError: it cannot be looked at.
    """
    meant = prefix or os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    if meant is not None:
        return look(Path(meant))
    found = look(Path(".venv"))
    return None if isinstance(found, Absent) and found.instead == "nothing" else found


def python_on_path() -> Path | None:
    """Return the Python that a shell would start, to look at it; it is never what a fix is for."""
    found = shutil.which("python") or shutil.which("python3")
    return Path(found).absolute() if found else None


def look_at(python: Path, folder: Path, variables: Iterable[str] = ()) -> Environment:
    """Return the environment of `python`, seen from the working folder `folder`; `variables` are those of cures.

    Raises:
        UsageError: the interpreter does not run.
    """
    interpreter = ask(python, variables)
    sites = [Path(entry) for entry in interpreter.path if Path(entry).name in {"site-packages", "dist-packages"}]
    found = [one for site in dict.fromkeys(sites) for one in _distributions(site)]
    prefix = find(python).root
    return Environment(
        prefix=str(prefix),
        interpreter=interpreter,
        distributions=tuple(found),
        shadows=tuple(_shadows(folder, found)),
        conda=dict(_conda(prefix)),
        quarantined=tuple(_quarantined(sites)) if sys.platform == "darwin" else (),
        free_bytes=_free(prefix),
        leftovers=tuple(_leftovers(sites, found)),
    )


def ask(python: Path, variables: Iterable[str] = ()) -> Interpreter:
    """Return what the interpreter says about itself, and which of `variables` its processes see, with their values.

    Raises:
        UsageError: it does not run, or says something else.
    """
    try:
        done = run_child([python, "-c", _SELF_PORTRAIT, *variables], limit_s=_TIMEOUT_S, cwd=python.parent)
        found = msgspec.convert(json.loads(done.stdout.strip().splitlines()[-1]), Interpreter)
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise UsageError(
            f"The interpreter {python} does not run: {error}.", hint="Make the environment anew: `tfsetup install`."
        ) from error
    return found if found.executable else replace(found, executable=str(python))


def try_import(python: Path) -> str | None:
    """Import TensorFlow in a fresh process of `python`; return what it printed and how it ended.

    None: it worked, so that its chatter needs no explanation. Not in the user's folder: a file there that stands before
    a module would be run, and that it is there is known from looking (`Environment.shadows`).
    """
    program = f"import {MODULE} as tf; print(tf.__version__)"
    try:
        done = run_child([python, "-c", program], limit_s=_IMPORT_TIMEOUT_S, cwd=python.parent)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{python}: {error}"
    return done.stdout + done.stderr + ending(done.returncode) if done.returncode else None


def ending(status: int) -> str:
    """Return how a shell would put an exit status that is not 0."""
    return f"\n{_SIGNALS.get(-status, f'exit status {status}')}\n"


def _distributions(site: Path) -> Iterator[Distribution]:
    for one in importlib.metadata.distributions(path=[str(site)]):
        if name := one.metadata["Name"]:
            yield _distribution(one, canonicalize_name(name), site)


def _distribution(one: importlib.metadata.Distribution, name: str, site: Path) -> Distribution:
    wheel = one.read_text("WHEEL") or ""
    entries = list(_record(one))
    return Distribution(
        name=name,
        version=one.version or "0",
        site=str(site),
        requires=tuple(one.requires or ()),
        tags=tuple(line.partition(":")[2].strip() for line in wheel.splitlines() if line.startswith("Tag:")),
        record=bool(entries) or one.read_text("installed-files.txt") is not None or one.read_text("RECORD") is not None,
        owns=frozenset(path for path, _ in entries if _kept(path)),
        bad=tuple(_bad_files(site, entries)),
    )


def _record(one: importlib.metadata.Distribution) -> Iterator[tuple[str, int | None]]:
    import csv

    for row in csv.reader((one.read_text("RECORD") or "").splitlines()):
        if row:
            yield row[0], int(row[2]) if len(row) > 2 and row[2].isdigit() else None  # noqa: PLR2004 - path,hash,size


def _kept(path: str) -> bool:
    return path.startswith(f"{MODULE}-plugins/") or (path.count("/") == 1 and path.endswith("/__init__.py"))


def _bad_files(site: Path, entries: Sequence[tuple[str, int | None]]) -> Iterator[BadFile]:
    """Yield files that are not as recorded. Byte code and scripts are left out: installers write them anew."""
    for path, size in entries:
        if path.startswith("..") or "__pycache__" in path or path.endswith(".pyc") or ".dist-info/" in path:
            continue
        try:
            found = os.stat(site / path).st_size  # noqa: PTH116 - twelve thousand files: pathlib's objects cost
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            yield BadFile(path=path, state="missing" if gone else "unreadable", expected=size)
            continue
        if size is not None and found != size:
            yield BadFile(path=path, state="shorter" if found < size else "changed", expected=size, found=found)
        elif _NATIVE.search(path) and not os.access(site / path, os.R_OK):
            yield BadFile(path=path, state="unreadable", expected=size, found=found)


def _leftovers(sites: Sequence[Path], found: Sequence[Distribution]) -> Iterator[str]:
    """Yield folders named tensorflow that no record owns: what an interrupted uninstallation leaves."""
    owned = {one.site for one in found if f"{MODULE}/__init__.py" in one.owns}
    for site in dict.fromkeys(sites):
        folder = site / MODULE
        if str(site) not in owned and folder.is_dir():
            yield str(folder)


def _shadows(folder: Path, found: Sequence[Distribution]) -> Iterator[tuple[str, str]]:
    """Yield (module, path) of files in `folder` that hide a module of the standard library or of a distribution."""
    inits = {path for one in found for path in one.owns if path.endswith("/__init__.py")}
    modules = sys.stdlib_module_names | {path.split("/")[0] for path in inits}
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        is_module = entry.suffix == ".py" and entry.is_file()
        is_package = entry.is_dir() and (entry / "__init__.py").is_file()
        name = entry.stem if is_module else entry.name
        if (is_module or is_package) and name in modules and name not in NEVER_IMPORTED:
            yield name, str(entry)


def _conda(prefix: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        name, _, rest = path.stem.rpartition("-")[0].rpartition("-")
        if name:
            yield canonicalize_name(name), rest


def _quarantined(sites: Sequence[Path]) -> Iterator[str]:
    folders = (site / name for site in sites for name in (MODULE, f"{MODULE}-plugins"))
    for folder in filter(Path.is_dir, folders):
        lines = run_child(["/usr/bin/xattr", "-r", folder]).stdout.splitlines()
        yield from [line.partition(": ")[0] for line in lines if "com.apple.quarantine" in line][:1]


def _free(path: Path) -> int | None:
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None
