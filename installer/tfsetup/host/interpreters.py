"""Finding interpreters and asking each one, in a child of its own, what it is."""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Iterable, Iterator

from tfsetup.host.model import Python
from tfsetup.host.parsers.python import QUESTION, read_answer
from tfsetup.host.parsers.registry import interpreters, read_reg
from tfsetup.host.system import System, join, reg_query, search_path
from tfsetup.host.world import Fact, Later, Output, World, now, text, unknown

_NAME = r"python(3(\.[0-9]+t?)?)?"
_NAME_EXE = r"(?i)python(3(\.[0-9]+t?)?)?\.exe"
_WINDOWS_DRIVE = r"/mnt/[a-z](/|$)"
_MOST = 64  # a folder of a hundred forgotten environments must not start a hundred processes
_LIMIT_S = 5.0  # the first start of a program on a Mac is checked by Gatekeeper

# -I: no environment variables, no user site; -S: no site module, whose .pth files may run anything.
_FLAGS = ("-I", "-S", "-c", QUESTION)
_KEPT = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT", "SystemRoot", "TEMP", "TMP", "USERPROFILE")

_REGISTRY = ((r"HKCU\Software\Python", "/s"), (r"HKLM\Software\Python", "/s", "/reg:64"),
             (r"HKLM\Software\Python", "/s", "/reg:32"))  # fmt: skip


_Asked = tuple[str, Later[Output]]  # where it is, and what it says of itself


def start_pythons(world: World, system: System) -> Later[Fact[tuple[Python, ...]]]:
    """Start every interpreter of the machine at once; called, return those that answered, in the order of PATH.

    One that is broken, is a shim or answers nonsense is named in the source and otherwise left out; so is everything
    that is not CPython, because no TensorFlow wheel is made for it.
    """
    registered = [reg_query(world, key, *options) for key, *options in _REGISTRY] if system.os == "windows" else []
    env = {name: world.env[name] for name in _KEPT if name in world.env}
    scripts = more = 0
    asked: list[_Asked] = []
    for path in _distinct(world, (*_places(world, system), *_from_registry(registered))):
        if world.read(path, limit=2) == b"#!":
            scripts += 1  # a shim of pyenv, asdf, conda …: what it would start is found where it lies
        elif len(asked) < _MOST:
            running = world.start([*system.native, path, *_FLAGS], limit_s=_LIMIT_S, env=env, program=path)
            asked.append((path, running))
        else:
            more += 1
    not_started = [f"{scripts} scripts, such as shims"] * bool(scripts) + [f"{more} more than {_MOST}"] * bool(more)
    return lambda: _collect(asked, not_started, system)


def _collect(asked: list[_Asked], not_started: list[str], system: System) -> Fact[tuple[Python, ...]]:
    found, left_out = [], list(not_started)
    for path, running in asked:
        output = running()
        answer = read_answer(output.stdout, os=system.os, path=path) if output.ok else None
        if answer is None:
            left_out.append(f"{path} ({'no answer' if output.ok else output.trouble})")
        elif answer.implementation != "cpython":
            left_out.append(f"{path} ({answer.implementation})")
        else:
            found.append(answer.python)
    before = sum(running().remembered for _, running in asked)
    source = f"asked {len(asked)}{f' ({before} of them in an earlier run)' if before else ''}"
    source += " found on PATH and where pyenv, uv, conda and installers put them"
    return Fact(value=tuple(found), source=source + (f"; left out: {', '.join(left_out)}" if left_out else ""))


def _distinct(world: World, paths: Iterable[str]) -> Iterator[str]:
    """Yield each real file once, under its first name; a venv's interpreter stands for the one it was made from."""
    seen: set[str] = set()
    for path in paths:
        base = _base(world, path)
        real = world.realpath(base)
        if real not in seen and world.exists(base):
            seen.add(real)
            yield base


def _base(world: World, path: str) -> str:
    module = ntpath if world.process.platform == "win32" else posixpath
    folder = module.dirname(path)
    config = text(world.read(module.join(module.dirname(folder), "pyvenv.cfg"), limit=4096))
    if config is None:
        return path
    pairs = (line.partition("=") for line in config.splitlines())
    settings = {key.strip(): value.strip() for key, _, value in pairs}
    if world.process.platform != "win32":
        return world.realpath(path)
    return settings.get("executable") or module.join(settings.get("home", folder), "python.exe")


def _from_registry(running: Iterable[Later[Output]]) -> tuple[str, ...]:
    return tuple(path for one in running for path in interpreters(read_reg(one().stdout)))


def _places(world: World, system: System) -> Iterator[str]:
    """Yield every file that is named like an interpreter, the most specific name of a folder first."""
    for folder in dict.fromkeys(_folders(world, system)):
        if not _is_trap(folder, system):
            yield from (join(world, folder, name) for name in _names(world.listdir(folder), system))
    if world.process.executable:
        yield world.process.executable


def _names(names: tuple[str, ...], system: System) -> list[str]:
    """Return the names of interpreters among `names`, the most specific first."""
    pattern = re.compile(_NAME_EXE if system.os == "windows" else _NAME)
    found = sorted(filter(pattern.fullmatch, names), key=lambda name: (-len(name), name))
    only_2 = "python2" in names and not any(name.startswith("python3") for name in found)
    return [] if only_2 else found


def _folders(world: World, system: System) -> tuple[str, ...]:
    match system.os:
        case "windows":
            return _windows_folders(world)
        case "macos":
            return (*_posix_folders(world), *_mac_folders(world, system))
        case "linux":
            return (*_posix_folders(world), "/usr/bin", "/usr/local/bin", "/home/linuxbrew/.linuxbrew/bin")


def _is_trap(folder: str, system: System) -> bool:
    r"""Whether what lies there opens a window instead of answering, or belongs to another system.

    macOS's /usr/bin/python3 offers to install the command line tools; Windows' WindowsApps\python.exe opens the Store;
    WSL puts the folders of Windows on PATH, which are slow to list.
    """
    match system.os:
        case "macos":
            return folder.rstrip("/") in {"/usr/bin", "/bin"}
        case "windows":
            return folder.lower().rstrip("\\").endswith("\\microsoft\\windowsapps")
        case "linux":
            return bool(system.wsl.value) and bool(re.match(_WINDOWS_DRIVE, folder))


def _home(world: World) -> str:
    name = "USERPROFILE" if world.process.platform == "win32" else "HOME"
    return world.env.get(name) or ("C:\\" if name == "USERPROFILE" else "/")


def _under(world: World, root: str, *inner: str) -> tuple[str, ...]:
    """Return `inner` within each folder directly under `root`."""
    return tuple(join(world, root, name, *inner) for name in world.listdir(root))


def _posix_folders(world: World) -> tuple[str, ...]:
    home = _home(world)
    data = world.env.get("XDG_DATA_HOME") or f"{home}/.local/share"
    conda = (world.env.get("CONDA_PREFIX"), *_conda_environments(world, home))
    return (
        *search_path(world),
        *_under(world, world.env.get("UV_PYTHON_INSTALL_DIR") or f"{data}/uv/python", "bin"),
        *_under(world, f"{world.env.get('PYENV_ROOT') or f'{home}/.pyenv'}/versions", "bin"),
        *_under(world, f"{world.env.get('ASDF_DATA_DIR') or f'{home}/.asdf'}/installs/python", "bin"),
        *_under(world, f"{world.env.get('MISE_DATA_DIR') or f'{data}/mise'}/installs/python", "bin"),
        *(f"{prefix}/bin" for prefix in conda if prefix),
    )


def _conda_environments(world: World, home: str) -> tuple[str, ...]:
    """Return the prefixes in the list every conda keeps."""
    listed = text(world.read(join(world, home, ".conda", "environments.txt"))) or ""
    return tuple(line.strip() for line in listed.splitlines() if line.strip())


def _mac_folders(world: World, system: System) -> tuple[str, ...]:
    kegs = [f"{root}/opt" for root in ("/opt/homebrew", "/usr/local")]
    return (
        "/opt/homebrew/bin",
        "/usr/local/bin",
        *(f"{opt}/{name}/bin" for opt in kegs for name in world.listdir(opt) if name.startswith("python")),
        *_under(world, "/Library/Frameworks/Python.framework/Versions", "bin"),
        *_under(world, "/Library/Frameworks/PythonT.framework/Versions", "bin"),
        "/opt/local/bin",
        *([f"{system.developer_dir}/usr/bin"] if system.developer_dir else []),
    )


def _windows_folders(world: World) -> tuple[str, ...]:
    home = _home(world)
    roaming = world.env.get("APPDATA") or join(world, home, "AppData", "Roaming")
    local = world.env.get("LOCALAPPDATA") or join(world, home, "AppData", "Local")
    uv = world.env.get("UV_PYTHON_INSTALL_DIR")
    managed = (uv,) if uv else (join(world, roaming, "uv", "python"), join(world, roaming, "uv", "data", "python"))
    return (
        *search_path(world),
        *(folder for root in managed for folder in _under(world, root)),
        *_under(world, join(world, local, "Programs", "Python")),
        *_under(
            world, join(world, world.env.get("PYENV_ROOT") or join(world, home, ".pyenv", "pyenv-win"), "versions")
        ),
        *filter(None, (world.env.get("CONDA_PREFIX"), *_conda_environments(world, home))),
    )


NOT_ASKED: Later[Fact[tuple[Python, ...]]] = now(unknown("not looked for"))
