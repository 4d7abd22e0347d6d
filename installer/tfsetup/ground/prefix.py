"""What stands at the place of an environment, and what may be replaced by one. Pure: `looking` gathers the facts.

`Prefix | Absent | Gone` is what every command asks of a place before it works with the environment there. `objection`
is the one rule about what a destructive step may aim at: `install`, `--replace` and `doctor --fix` ask it before
anything is written, and once more under the lock, right before the switch.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from tfsetup.errors import UsageError
from tfsetup.ground.values import value

NAMES = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")
"""Where an environment or an installation has its interpreter; of several the first is taken."""


def interpreter_name(*, windows: bool, conda: bool = False) -> str:
    """Return where an environment that is built here has its interpreter; a conda one on Windows at the top."""
    if windows:
        return "python.exe" if conda else "Scripts/python.exe"
    return "bin/python"


def site_packages(prefix: str, python: str, *, windows: bool) -> str:
    """Return where an environment at `prefix` has its packages, with slashes; `python` is `X.Y`."""
    return f"{prefix}/Lib/site-packages" if windows else f"{prefix}/lib/python{python}/site-packages"


Kind = Literal["venv", "conda", "conda-base", "installation"]
"""What the folder of an interpreter is. An installation is a Python itself, or anything that is no environment."""

Identity = tuple[int, int]
"""Device and inode: two names of one folder have the same, also where upper and lower case do not differ."""


@value
class Prefix:
    """An interpreter is there. `path` is what was asked for, `root` the folder it belongs to, absolute.

    `python` is absolute and not resolved: the interpreter of a virtual environment is a link, and only under that name
    does it know its packages.
    """

    path: Path
    root: Path
    python: Path
    kind: Kind


@value
class Absent:
    """No environment is there, and none was: nothing at all, a folder without an interpreter, or no folder."""

    path: Path
    instead: Literal["nothing", "folder", "other"] = "nothing"


@value
class Gone:
    """There was one: `link` leads to `target`, which is gone (the same as `link`: the link's own file is).

    `link` is `path` itself when a whole environment is gone, else its interpreter. `ours`: `path` is a link to a
    generation, so that `tfsetup install` puts it right by itself.
    """

    path: Path
    link: Path
    target: Path
    ours: bool = False


Found = Prefix | Absent | Gone


def sentence(found: Absent | Gone) -> str:
    """Return in one sentence or two what is missing: the same words in every command."""
    if isinstance(found, Gone):
        return f"{found.link} is gone." if found.link == found.target else _points(found)
    details = {
        "nothing": "It does not exist.",
        "folder": f"The folder holds no Python interpreter (looked for {', '.join(NAMES)}).",
        "other": "It is neither a folder nor an interpreter.",
    }
    return f"There is no environment at {found.path}. {details[found.instead]}"


def _points(found: Gone) -> str:
    return f"{found.link} points to {found.target}, which is gone."


def command_for(path: Path, *, replace: bool = False) -> str:
    """Return the command that builds an environment at `path`."""
    import shlex

    where = "" if path == Path(".venv") else f" --prefix {shlex.quote(str(path))}"
    return f"tfsetup install{where}" + (" --replace" if replace else "")


def repair(found: Absent | Gone) -> str:
    """Return what to do about it, in a sentence with the command in it."""
    if isinstance(found, Absent):
        return "`tfsetup install` builds one; or name an environment's folder, or its interpreter."
    if found.ours and found.link == found.path:
        return f"`{command_for(found.path)}` builds it anew; `tfsetup rollback` goes back to one before it."
    if found.link == found.path:
        return f"Remove the link; then `{command_for(found.path)}` builds an environment there."
    command = command_for(found.path, replace=not found.ours)
    return f"The Python it was built on was removed or moved; `{command}` builds the environment anew."


@value
class Above:
    """A folder above a place that makes the place somebody else's: an environment, or a folder of generations."""

    path: Path
    kind: Literal["venv", "conda", "conda-base", "generations"]


What = Literal["absent", "empty", "folder", "file", "link", "generation", "unreadable"] | Kind
"""What stands at a place; a generation is a link of tfsetup's own."""


@value
class Place:
    """Where an environment is wanted, and what stands there.

    `text` is how the user wrote it, `path` where that is: absolute, its parent without links. `identity` is that of the
    entry itself. `target`: where a link leads. `mount`: another file system begins here. `project`: the name of a file
    that tells a project. `above`: the environments it lies in. `problem`: why it cannot be looked at.
    """

    text: str
    path: Path
    what: What
    identity: Identity | None = None
    target: Path | None = None
    mount: bool = False
    project: str | None = None
    above: tuple[Above, ...] = ()
    problem: str = ""


@value
class Kept:
    """Something that must stay where it is, such as the home folder: its paths, and all they lie in by identity."""

    what: str
    paths: tuple[Path, ...]
    identities: frozenset[Identity] = frozenset()

    def is_held_by(self, place: Place) -> bool:
        """Whether replacing `place` would take this away."""
        inside = any(path == place.path or place.path in path.parents for path in self.paths)
        return inside or (place.identity is not None and place.identity in self.identities)


_ANOTHER = "Choose another folder, for example with --prefix .venv."
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?", re.IGNORECASE)


def objection(place: Place, kept: Sequence[Kept], *, replace: bool = False, windows: bool = False) -> UsageError | None:
    """Return why `place` may not become an environment (or may not any more), None: it may.

    An absent or empty folder may, and so may a link of tfsetup's own. An environment of somebody else may with
    `replace`, which keeps it. Nothing else may: what is neither must be moved away by its owner.
    """
    return (
        _of_name(place, windows=windows)
        or _of_what_it_holds(place, kept)
        or _of_where_it_lies(place)
        or _of_what_stands_there(place, replace=replace)
    )


def _of_name(place: Place, *, windows: bool) -> UsageError | None:
    text, name = place.text, place.path.name
    unprintable = any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text)
    reasons = (
        (unprintable or _BIDI.search(text), "it holds characters that no terminal or script can show"),
        (text.startswith("-") or name.startswith("-"), "it begins with a dash, as options do"),
        (place.path.parent == place.path, "it is the root of a file system"),
        (text in {"", "."}, "it is the working folder"),
        (Path(text).name == "..", "it does not name a folder"),
        (name.endswith((".", " ")), "it ends in a dot or a space, which some systems cut off"),
        (name.endswith(".generations"), "this ending is for the generations of an environment"),
        (os.pathsep in text, f"`{os.pathsep}` separates the folders of PATH"),
        (windows and _RESERVED.fullmatch(name), "Windows keeps this name for a device"),
    )
    reason = next((reason for holds, reason in reasons if holds), None)
    return UsageError(f"{text!r} cannot be an environment: {reason}.", hint=_ANOTHER) if reason else None


def _of_what_it_holds(place: Place, kept: Iterable[Kept]) -> UsageError | None:
    for one in kept:
        if one.is_held_by(place):
            verb = "is" if place.path in one.paths else "holds"
            return UsageError(f"{place.path} cannot be an environment: it {verb} {one.what}.", hint=_ANOTHER)
    return None


def _of_where_it_lies(place: Place) -> UsageError | None:
    for one in place.above:
        if one.kind == "conda-base" and place.path.parent == one.path / "envs":
            continue  # conda's own place for environments
        what = "the generations" if one.kind == "generations" else "the environment"
        message = f"{place.path} cannot be an environment: it lies inside {what} {one.path}."
        return UsageError(message, hint=_ANOTHER)
    return None


def _of_what_stands_there(place: Place, *, replace: bool) -> UsageError | None:
    path = place.path
    if place.mount:
        message = f"{path} is where another file system is mounted; it cannot change places with an environment."
        return UsageError(message, hint="Choose a folder inside it, or another one, with --prefix.")
    if place.what in {"absent", "empty", "generation"}:
        return None
    if place.what in {"venv", "conda"} and place.project is None:
        return None if replace else _not_ours(place)
    message, hint = _STANDS[place.what if place.project is None else "folder"]
    values = {"path": path, "target": place.target, "problem": place.problem, "sign": place.project or "files"}
    return UsageError(message.format(**values), hint=hint)


def _not_ours(place: Place) -> UsageError:
    return UsageError(
        f"{place.path} exists and was not made by tfsetup; it is left as it is.",
        hint="Build elsewhere: `tfsetup install --prefix OTHER`; or take its place and keep it to roll back to: "
        "`tfsetup install --replace`.",
    )


_MOVE = "Choose another folder with --prefix, or move this one away yourself."
_STANDS: dict[str, tuple[str, str]] = {
    "folder": ("{path} holds {sign}, is no environment and was not made by tfsetup; it is left as it is.", _MOVE),
    "file": ("{path} is no folder and was not made by tfsetup; it is left as it is.", _MOVE.replace("this one", "it")),
    "link": (
        "{path} is a link to {target} and was not made by tfsetup; it is left as it is.",
        "Choose another folder with --prefix, or remove the link yourself.",
    ),
    "installation": ("{path} is an installation of Python, not an environment; it is never replaced.", _ANOTHER),
    "conda-base": ("{path} is a conda installation with its base environment; it is never touched.", _ANOTHER),
    "unreadable": ("{path} cannot be looked at: {problem}.", "Check the folder's permissions, or choose another one."),
}
