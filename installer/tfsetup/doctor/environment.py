"""An environment as values: what `gather` found on disk, for `inspection` to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

# Modules of the standard library that `import tensorflow` never reaches (measured with 2.21 on Python 3.12); a file of
# such a name in the working folder is nobody's problem.
NEVER_IMPORTED: Final = frozenset((
    "aifc", "antigravity", "audioop", "cProfile", "cgi", "cgitb", "chunk", "cmath", "compileall", "configparser",
    "crypt", "curses", "dbm", "doctest", "ensurepip", "filecmp", "fileinput", "ftplib", "getopt", "graphlib", "html",
    "idlelib", "imaplib", "imghdr", "lib2to3", "mailbox", "mailcap", "mmap", "modulefinder", "msilib", "msvcrt",
    "netrc", "nis", "nntplib", "nt", "nturl2path", "optparse", "ossaudiodev", "pickletools", "pipes", "plistlib",
    "poplib", "profile", "pstats", "pty", "py_compile", "pyclbr", "pydoc", "pydoc_data", "pyexpat", "readline",
    "resource", "rlcompleter", "runpy", "sched", "secrets", "shelve", "smtplib", "sndhdr", "socketserver", "spwd",
    "sqlite3", "statistics", "sunau", "symtable", "syslog", "tabnanny", "telnetlib", "test", "this", "tkinter",
    "tomllib", "trace", "tracemalloc", "tty", "turtle", "turtledemo", "uu", "venv", "wave", "webbrowser", "winreg",
    "winsound", "wsgiref", "xdrlib", "xmlrpc", "zipapp", "zoneinfo",
))  # fmt: skip
FileState = Literal["missing", "shorter", "changed", "unreadable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """What an interpreter says about itself. `markers` is its PEP 508 environment, `path` its sys.path.

    `environment`: of the variables that it was asked for, those that its process sees, whoever set them.
    """

    executable: str
    version: str
    machine: str
    markers: Mapping[str, str]
    path: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BadFile:
    """A file of a distribution that is not as its RECORD says; sizes in bytes."""

    path: str
    state: FileState
    expected: int | None = None
    found: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """An installed distribution. `record` is false when it has no list of files; `owns` are paths it installed.

    Of the paths only those that inspection needs are kept: modules' `__init__.py`, plug-ins, native files.
    """

    name: str
    version: str
    site: str
    requires: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    record: bool = True
    owns: frozenset[str] = frozenset()
    bad: tuple[BadFile, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """An environment. `shadows` are files of the working folder that are found before a module of the same name."""

    prefix: str
    interpreter: Interpreter
    distributions: tuple[Distribution, ...]
    shadows: tuple[tuple[str, str], ...] = ()  # (module, path)
    conda: Mapping[str, str] = field(default_factory=dict)  # packages conda installed
    quarantined: tuple[str, ...] = ()
    free_bytes: int | None = None
    leftovers: tuple[str, ...] = ()  # folders of a package that no distribution owns

    @property
    def has_tensorflow(self) -> bool:
        """Whether anything of TensorFlow is in it, whole or not."""
        return bool(self.leftovers) or any(
            one.name.startswith(("tensorflow", "tf-nightly")) for one in self.distributions
        )

    @property
    def packages(self) -> dict[str, str]:
        """Installed names (normalised) and versions."""
        return {one.name: one.version for one in reversed(self.distributions)}
