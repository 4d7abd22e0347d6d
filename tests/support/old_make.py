"""GNU make 3.81, which macOS has kept since 2006, built from its sources.

They are those of GNU's own repository, known by their tree's hash; MAKE_381_SOURCES names a clone where that server
does not answer. Autotools are not needed: what configure would find out about a Linux is written down here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_SOURCES = "https://git.savannah.gnu.org/git/make.git"
_TREE = "afeda6bd7ee4c5866f012194dc6490c19d36da01"
_FILES = (
    "ar", "arscan", "commands", "default", "dir", "expand", "file", "function", "getopt", "getopt1", "implicit",
    "job", "main", "misc", "read", "remake", "rule", "signame", "strcache", "variable", "version", "vpath", "hash",
    "remote-stub", "getloadavg",
)  # fmt: skip
_HAVE = (
    "ALLOCA", "ALLOCA_H", "ANSI_COMPILER", "ATEXIT", "BSD_SIGNAL", "DIRENT_H", "DUP2", "FCNTL_H", "FDOPEN", "GETCWD",
    "GETRLIMIT", "INTTYPES_H", "LIMITS_H", "LOCALE_H", "LSTAT", "MEMCPY", "MEMMOVE", "MEMORY_H", "MKSTEMP", "MKTEMP",
    "PIPE", "READLINK", "REALPATH", "SA_RESTART", "SETEGID", "SETEUID", "SETLINEBUF", "SETREGID", "SETREUID",
    "SETRLIMIT", "SIGACTION", "STDARG_H", "STDINT_H", "STDLIB_H", "STRCASECMP", "STRCHR", "STRCOLL", "STRDUP",
    "STRERROR", "STRINGS_H", "STRING_H", "STRSIGNAL", "SYS_PARAM_H", "SYS_RESOURCE_H", "SYS_STAT_H", "SYS_TIMEB_H",
    "SYS_TIME_H", "SYS_WAIT_H", "UNISTD_H", "VPRINTF", "WAIT3", "WAITPID",
)  # fmt: skip
_DEFINED = {
    "PACKAGE": '"make"', "PACKAGE_NAME": '"GNU make"', "PACKAGE_BUGREPORT": '""', "VERSION": '"3.81"',
    "LOCALEDIR": '"/usr/share/locale"', "LIBDIR": '"/usr/lib"', "INCLUDEDIR": '"/usr/include"', "MAKE_HOST": '"here"',
    "PATH_SEPARATOR_CHAR": "':'", "TIME_WITH_SYS_TIME": "1", "STDC_HEADERS": "1", "RETSIGTYPE": "void",
    "PROTOTYPES": "1", "MAKE_JOBSERVER": "1", "MAKE_SYMLINKS": "1", "SCCS_GET": '"get"', "FILE_TIMESTAMP_HI_RES": "0",
    "HAVE_DECL_SYS_SIGLIST": "0", "HAVE_DECL__SYS_SIGLIST": "0", "HAVE_DECL___SYS_SIGLIST": "0",
}  # fmt: skip


def make_381(folder: Path) -> Path:
    """Return the program, or skip the test with the reason why there is none."""
    here = shutil.which("make")
    if here and _version(here) == "GNU Make 3.81":
        return Path(here)
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed here, and GNU make 3.81 is to be built")
    sources = _sources(folder)
    lines = [f"#define HAVE_{name} 1" for name in _HAVE] + [
        f"#define {name} {value}" for name, value in _DEFINED.items()
    ]
    (sources / "config.h").write_text("\n".join([*lines, ""]), encoding="utf-8")
    # glibc has called gl_lstat since 2.27, which make of 2006 leaves as it finds it.
    text = (sources / "dir.c").read_text(encoding="latin-1")
    patched = text.replace("gl->gl_stat = local_stat;", "gl->gl_stat = local_stat; gl->gl_lstat = lstat;")
    (sources / "dir.c").write_text(patched, encoding="latin-1")
    options = ["-w", "-std=gnu89", "-fcommon", "-O0", "-DHAVE_CONFIG_H", "-D_GNU_SOURCE", "-I."]
    built = subprocess.run(
        ["gcc", *options, *(f"{name}.c" for name in _FILES), "-o", "make-3.81"],
        cwd=sources,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert _version(sources / "make-3.81") == "GNU Make 3.81"
    return sources / "make-3.81"


def _sources(folder: Path) -> Path:
    named = os.environ.get("MAKE_381_SOURCES") or _SOURCES
    sources = folder / "make-3.81"
    quiet = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": "1"}
    quiet |= {"GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    words = ["git", "-c", "advice.detachedHead=false", "clone", "--quiet", "--depth", "1", "--branch", "3.81"]
    try:
        done = subprocess.run(
            [*words, named if "://" in named else f"file://{named}", sources],
            env=quiet,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the sources of GNU make 3.81 did not come within 20 seconds")
    if done.returncode:
        pytest.skip(f"the sources of GNU make 3.81 cannot be had: {done.stderr.strip().splitlines()[-1][:200]}")
    tree = subprocess.run(
        ["git", "rev-parse", "HEAD^{tree}"], cwd=sources, env=quiet, capture_output=True, text=True, check=True
    )
    assert tree.stdout.strip() == _TREE
    return sources


def _version(make: str | Path) -> str:
    done = subprocess.run([make, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0]
