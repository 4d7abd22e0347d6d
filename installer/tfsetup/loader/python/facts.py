"""What `sys`, `os`, `platform` and `typing` say on an interpreter: the same in every process of it.

Rules: the library reference of these modules; `platform.machine()` and its like are as environment markers see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tfsetup.ground.platforms import NARROW, Platform
from tfsetup.loader.python.target import Target
from tfsetup.loader.python.values import UNKNOWN, Between

_ALWAYS: Mapping[str, object] = {
    "typing.TYPE_CHECKING": False,
    "typing_extensions.TYPE_CHECKING": False,
    "six.PY2": False,
    "six.PY3": True,
    "sys.implementation.name": "cpython",
    "platform.python_implementation()": "CPython",
    "sys.byteorder": "little",  # of every architecture that is known here
}
_BITS, _BITS_NARROW = 63, 31
_NEWEST = 99
_LINKAGE = {"macos": "", "linux": "ELF", "windows": "WindowsPE"}

OFFERED: Mapping[str, tuple[frozenset[str], tuple[int, int]]] = {
    "os.add_dll_directory": (frozenset({"windows"}), (3, 8)),
    "os.uname": (frozenset({"macos", "linux"}), (3, 0)),
    "os.fork": (frozenset({"macos", "linux"}), (3, 0)),
    "os.RTLD_GLOBAL": (frozenset({"macos", "linux"}), (3, 3)),
    "os.RTLD_NOW": (frozenset({"macos", "linux"}), (3, 3)),
    "os.RTLD_LAZY": (frozenset({"macos", "linux"}), (3, 3)),
    "os.RTLD_DEEPBIND": (frozenset({"linux"}), (3, 3)),
    "sys.getdlopenflags": (frozenset({"macos", "linux"}), (3, 0)),
    "sys.setdlopenflags": (frozenset({"macos", "linux"}), (3, 0)),
    "sys.getwindowsversion": (frozenset({"windows"}), (3, 0)),
    "sys.winver": (frozenset({"windows"}), (3, 0)),
    "sys.dllhandle": (frozenset({"windows"}), (3, 0)),
    "sys.pypy_version_info": (frozenset(), (3, 0)),
    "sys.pypy_translation_info": (frozenset(), (3, 0)),
}
"""What only some systems offer, by dotted name: on which, from which Python on (what `hasattr` asks for)."""


def offers(target: Target, name: str) -> bool | None:
    """Say whether an interpreter has a name of the standard library; None: not known."""
    systems, since = OFFERED.get(name, (frozenset(), None))
    if since is None:
        return None
    if target.system not in systems:
        return False
    if name == "os.RTLD_DEEPBIND" and target.musl:
        return None
    return None if target.version is None else target.version >= since


@lru_cache(maxsize=64)
def facts_of(target: Target | None) -> Mapping[str, object]:
    """Return what is known, by dotted name, with `()` where a function is called. None: of any interpreter."""
    if target is None:
        return _ALWAYS
    return {**_ALWAYS, **_of_system(target), **_of_version(target)}


def _of_system(target: Target) -> dict[str, object]:
    markers = Platform(target.system, target.arch).environment("3")
    system, machine, posix = markers["platform_system"], markers["platform_machine"], target.system != "windows"
    narrow = target.arch in NARROW
    facts: dict[str, object] = {
        "sys.platform": markers["sys_platform"],
        "os.name": markers["os_name"],
        "os.sep": "/" if posix else "\\",
        "os.path.sep": "/" if posix else "\\",
        "os.pathsep": ":" if posix else ";",
        "os.linesep": "\n" if posix else "\r\n",
        "platform.system()": system,
        "platform.machine()": machine,
        "platform.uname().system": system,
        "platform.uname().machine": machine,
        "platform.architecture()": ("32bit" if narrow else "64bit", _LINKAGE[target.system]),
        "sys.maxsize": (1 << (_BITS_NARROW if narrow else _BITS)) - 1,
        "struct.calcsize('P')": 4 if narrow else 8,
    }
    if posix:
        facts |= {"os.uname().sysname": system, "os.uname().machine": machine}
    return facts


def _of_version(target: Target) -> dict[str, object]:
    version = target.version
    if version is None:
        any_minor = Between(0, _NEWEST)
        known = (3, any_minor, any_minor, UNKNOWN, UNKNOWN)
        return {"sys.version_info": known, "sys.version_info.major": 3, "sys.version_info.minor": any_minor}
    major, minor = version
    first = (major << 24) + (minor << 16)
    return {
        "sys.version_info": (major, minor, Between(0, _NEWEST), UNKNOWN, UNKNOWN),
        "sys.version_info.major": major,
        "sys.version_info.minor": minor,
        "sys.hexversion": Between(first, first + 0xFFFF),
        "platform.python_version_tuple()": (str(major), str(minor), UNKNOWN),
        "sys.implementation.cache_tag": f"cpython-{major}{minor}",
    }
