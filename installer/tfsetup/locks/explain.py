"""uv's words turned into ours: which kind of failure, what happened, what to do. Pure functions of text.

uv exits with 1 or 2 whatever went wrong, so the kind has to be read from its `error:` and `cause:` lines. The patterns
are those of uv 0.9 to 0.13 and of the operating systems' error texts (`os error N`), which do not change with uv.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tfsetup.errors import BuildError, Code, NetworkError, TfsetupError, UnsolvableError
from tfsetup.ground.certificates import FAULTS, Certificates, remedy
from tfsetup.ground.redaction import redact


class _Rule(NamedTuple):
    pattern: str
    error: type[NetworkError | BuildError]
    message: str
    hint: str


_NO_SOLUTION: Final = "No solution found"

# What keeps uv from seeing what an index has: then it finds no solution either, and there may be one.
_UNSEEN: Final = (
    _Rule(
        r"network was disabled|network connectivity is disabled|not found in the cache",
        NetworkError,
        "Something that is needed is not in uv's cache, and --offline forbids to fetch it.",
        "Run once without --offline, or point --lock at a lock file whose wheels are already cached.",
    ),
    _Rule(
        r"401 Unauthorized|403 Forbidden|407 Proxy Authentication",
        NetworkError,
        "The package index refused access.",
        "Check the credentials of the index (netrc, UV_INDEX_* variables, keyring) and the proxy's.",
    ),
    _Rule(
        r"due to network timeout|invalid package format",
        NetworkError,
        "A file of the package index could not be read to its end: the index could not be reached, or broke off.",
        "Check the network connection and the index address (UV_DEFAULT_INDEX, UV_INDEX_URL, uv.toml), then run the "
        "same command again; UV_HTTP_TIMEOUT gives a slow index more seconds.",
    ),
    _Rule(
        r"is missing an upload date",
        NetworkError,
        "The index does not say when its files were uploaded, so that `exclude-newer` leaves out all of them.",
        "Use an index that says it (PEP 700, `upload-time`), or make an exception of the packages that come from this "
        "one: `exclude-newer-package` in the team file, --exclude-newer-package NAME=false.",
    ),
)
# First match wins: the more specific reason stands first (a full disk also shows as a failed download).
_RULES: Final = (
    _Rule(
        r"No space left on device|os error 28\b|not enough space on the disk|os error 112\b",
        BuildError,
        "The disk is full.",
        "Free some space (`df -h` shows where, `df -i` whether only inodes are used up; `uv cache prune` empties uv's "
        "cache), or choose another disk with --prefix and UV_CACHE_DIR. The environment that was there is untouched.",
    ),
    _Rule(
        r"Disk quota exceeded|os error 122\b|os error 69\b",
        BuildError,
        "Your disk quota is used up.",
        "Free some space (`quota` shows how much is yours; `uv cache prune` empties uv's cache), or choose another "
        "disk with --prefix and UV_CACHE_DIR. The environment that was there is untouched.",
    ),
    _Rule(
        r"Too many open files|os error 24\b",
        BuildError,
        "This process may not open as many files as it needs.",
        "Raise the limit (`ulimit -n 1024`) and run the same command again.",
    ),
    _Rule(
        r"Read-only file system|os error 30\b",
        BuildError,
        "The folder to build in, or uv's cache, cannot be written: its file system is read-only.",
        "Choose another place with --prefix (and UV_CACHE_DIR for the cache).",
    ),
    _Rule(
        r"Permission denied|os error 13\b|Access is denied|os error 5\b",
        BuildError,
        "The folder to build in, or uv's cache, may not be written by this user.",
        "Choose a folder of your own with --prefix (and UV_CACHE_DIR for the cache); nothing here needs root.",
    ),
    _Rule(
        r"Hash mismatch|hash mismatch|Hash-checking is enabled",
        NetworkError,
        "A downloaded file is not the one that was locked: its hash differs.",
        "Run again with a clean cache (`uv cache clean`). If it stays, the index or a proxy serves another file: do "
        "not install it, and write the lock anew only if you trust the new file.",
    ),
    _Rule(
        r"unacceptable filename|path traversal|escapes|outside of|outside the|duplicate entr|unsafe|invalid filename",
        NetworkError,
        "A wheel holds what no wheel may hold; nothing of it was installed.",
        "Do not use this package from this index, or choose another version of it.",
    ),
    _Rule(
        r"dns error|failed to lookup address|Name or service not known|nodename nor servname",
        NetworkError,
        "The package index could not be reached: its name has no address.",
        "Check the network connection and the index address (UV_DEFAULT_INDEX, UV_INDEX_URL, uv.toml); behind a proxy "
        "set HTTPS_PROXY.",
    ),
    *(
        _Rule(pattern, NetworkError, f"The package index's certificate {words}.", hint or remedy())
        for pattern, words, hint in FAULTS
    ),
    _Rule(
        r"Failed to fetch|Failed to download|error sending request|Request failed after|timed out|Connection refused"
        r"|connection closed|Could not connect|unexpected end of file",
        NetworkError,
        "The package index could not be reached, or broke off.",
        "Check the network connection and the index address (UV_DEFAULT_INDEX, UV_INDEX_URL, uv.toml), then run the "
        "same command again: what was downloaded is kept.",
    ),
    _Rule(
        r"Failed to build|Build backend failed|build backend returned",
        BuildError,
        "A package that exists as source only could not be built here.",
        "Take its line out of the requirements, or build a wheel of it elsewhere and offer that on an index of yours.",
    ),
    _Rule(
        r"No interpreter found|Failed to inspect Python interpreter|interpreter not found|No virtual environment",
        BuildError,
        "The Python interpreter that was chosen cannot be run (any more).",
        "`tfsetup host` lists the interpreters that work; choose one with --python X.Y.",
    ),
)


# A Python that uv wanted to bring, and the list of those there are.
_PYTHON: Final = re.compile(
    r"Failed to (?:download|install|extract)[^`]{0,40}`(?P<url>[^`\s]*/cpython-(?P<minor>[0-9]+\.[0-9]+)[^`\s]*)`"
    r"|remote python downloads json from `(?P<list>[^`\s]+)`"
)
_RELEASES: Final = "https://github.com/astral-sh/python-build-standalone/releases/download"


def explain_uv(stderr: str, doing: str, *, solving: bool = False, believed: Certificates | None = None) -> TfsetupError:
    """Return the error for a failed run of uv, from what it printed; `doing` says what we were about.

    `believed` is whose certificates hold. `solving`: uv was to find a solution, and ended with the status (1) by which
    it says that there is none. What no rule knows then means just that, in whichever words.
    """
    said = quote(stderr)
    quoted = f"\nuv said: {said}" if said else ""
    # Warnings before the error are about something else: uv looks for a Python on the network, finds none, goes on.
    begins = re.search(r"^error:", stderr, re.MULTILINE)
    told = redact(stderr[begins.start() :] if begins else stderr)
    everything, flat = (" ".join(text.split()) for text in (stderr, told))  # uv folds its lines
    unsolved = _NO_SOLUTION in flat
    for pattern, error, message, hint in _UNSEEN if unsolved else (*_UNSEEN[:-1], *_RULES):
        if re.search(pattern, everything if unsolved else flat):
            if error is NetworkError and (wanted := _PYTHON.search(told)):
                return _no_python(wanted, told, doing, hint if hint == remedy() else "")
            return error(f"{doing}: {message}{quoted}", hint=remedy(believed) if hint == remedy() else hint)
    if unsolved or solving:
        message = f"{doing}: The requirements do not fit together.\nuv said: {said or 'nothing'}"
        return UnsolvableError(message, hint="Change one of the requirements named above.", said=told)
    hint = "Run again with --verbose to see everything uv prints."
    return TfsetupError(Code.BUILD, f"{doing}: uv failed.\nuv said: {said or 'nothing'}", hint=hint)


def _no_python(wanted: re.Match[str], told: str, doing: str, certificates: str) -> NetworkError:
    """Return the error for a Python that cannot be fetched: where from, the last cause, and the two ways round it."""
    causes = re.findall(r"^\s*cause: (.+)$", told, re.MULTILINE)
    lacking = f"Python {wanted['minor']} is not on this machine, and" if wanted["minor"] else "The list of Pythons"
    why = f": {causes[-1].rstrip('.')}" if causes else ""
    own = f"Install Python {wanted['minor'] or 'X.Y'} by hand (the system's packages, python.org, pyenv), "
    mirror = f"or let UV_PYTHON_INSTALL_MIRROR name a mirror of {_RELEASES}; behind a proxy set HTTPS_PROXY."
    return NetworkError(
        f"{doing}: {lacking} cannot be fetched from {wanted['url'] or wanted['list']}{why}.",
        hint=f"{own}{mirror} {certificates}".rstrip(),
    )


def quote(stderr: str, *, limit: int = 8) -> str:
    """Return uv's own `error:` line and its causes, at most `limit` lines, without credentials."""
    lines = redact(stderr).splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith("error:")), None)
    if start is None:
        return "\n".join(lines[-limit:]).strip()
    told = [line.strip() for line in lines[start : start + limit] if line.strip() and not line.startswith("hint:")]
    told += [line.strip() for line in lines[start:] if line.startswith("hint:") and "`exclude-newer`" in line]
    return "\n         ".join(told).removeprefix("error: ")
