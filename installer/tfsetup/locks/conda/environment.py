"""`environment.yml`: written for what is locked, and read from people who already have one. Pure.

The form is conda's with conda-lock's selectors: a comment `# [arm64]` keeps a line for one platform. conda-lock knows
one word a selector; each platform has one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Final

from tfsetup.errors import Where
from tfsetup.ground.decode import YAML, decode
from tfsetup.ground.kinds import TEXT, Kind
from tfsetup.ground.marked import Marked, Node, compose, each, refused
from tfsetup.ground.platforms import SUBDIRS
from tfsetup.locks.conda.model import Request

SELECTORS: Final[Mapping[str, str]] = {
    "linux-64": "linux64",
    "linux-aarch64": "aarch64",
    "osx-64": "osx64",
    "osx-arm64": "arm64",
    "win-64": "win64",
}
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "unix": ("linux-64", "linux-aarch64", "osx-64", "osx-arm64"),
    "linux": ("linux-64", "linux-aarch64"),
    "osx": ("osx-64", "osx-arm64"),
    "win": ("win-64",),
} | {word: (subdir,) for subdir, word in SELECTORS.items()}
_SELECTOR: Final = re.compile(r"#.*\[([^\[\]]+)\][^()]*$")
_SPEC: Final = re.compile(r"(?:(?P<channel>[^:\s]+)::)?(?P<name>[A-Za-z0-9_.-]+?)\s*(?P<rest>[=<>!~\s0-9*].*)?$")
_PINNED: Final = re.compile(r"={0,2}\s*(?P<version>[0-9][A-Za-z0-9.]*?)(?P<star>\.?\*)?(?P<build>\s*=\s*\S+|\s+\S+)?")
_DEFAULTS: Final = {"defaults", "nodefaults"}
_ROW: Final = "the row says where TensorFlow comes from"
_IGNORED: Final = {
    "name": "the environment's name: --prefix says where it goes",
    "prefix": "the environment's place: --prefix says where it goes",
}


# ------------------------------------------------------------------------------------------------------- writing


def environment_yml(requests: Sequence[Request], requirements: Mapping[str, Sequence[str]]) -> str:
    """Return the file that asks for what is locked, for conda-lock and for people.

    `requirements` are the index's part by subdir.
    """
    subdirs = [request.subdir for request in requests]
    channels = dict.fromkeys(channel for request in requests for channel in request.channels)
    lines = ["# Written by `tfsetup lock` from the matrix: what conda-lock.yml was locked for.", "channels:"]
    lines += [f"- {channel}" for channel in channels]
    lines += ["platforms:", *(f"- {subdir}" for subdir in subdirs), "dependencies:"]
    specs = {request.subdir: tuple(map(_env_spec, (*request.specs, *request.limits))) for request in requests}
    lines += _selected(specs, subdirs, "")
    if any(requirements.values()):
        lines += ["- pip:", *_selected(requirements, subdirs, "  ")]
    return "".join(f"{line}\n" for line in lines)


def _env_spec(spec: str) -> str:
    """Return a match spec in the form `name=version=build`, which every reader of these files knows."""
    parts = spec.split(" ")
    return spec if len(parts) < 3 else f"{parts[0]}={parts[1]}={parts[2]}"  # noqa: PLR2004 - name, version, build


def _selected(lines: Mapping[str, Sequence[str]], subdirs: Sequence[str], indent: str) -> Iterator[str]:
    """Yield each line once: without a selector when it is for all platforms, else once for each that has it."""
    for line in dict.fromkeys(line for subdir in subdirs for line in lines.get(subdir, ())):
        having = [subdir for subdir in subdirs if line in lines.get(subdir, ())]
        if having == list(subdirs):
            yield f"{indent}- {line}"
        else:
            yield from (f"{indent}- {line}  # [{SELECTORS[subdir]}]" for subdir in having)


def virtual_packages_yml(requests: Sequence[Request]) -> str:
    """Return the file that tells conda-lock which machines the lock is for; it reads it by this name by itself."""
    lines = ["# Written by `tfsetup lock`: the oldest machines that conda-lock.yml is for.", "subdirs:"]
    for request in requests:
        lines += [f"  {request.subdir}:", "    packages:"]
        for one in request.virtual:
            build = f" {one.build}" if one.build != "0" else ""
            lines.append(f'      {one.name}: "{one.version}{build}"')
    return "".join(f"{line}\n" for line in lines)


# ------------------------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What an `environment.yml` asks for, by subdir; what it says and is not used stands in `left_out`, with its line.

    `python` and `tensorflow` are what the file pins of those (a minor; a PEP 440 specifier), None when it does not.
    """

    platforms: tuple[str, ...]
    channels: tuple[str, ...] = ()
    python: str | None = None
    tensorflow: str | None = None
    specs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    requirements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """One dependency: its text, where it stands, the platforms it is for, and whether the index supplies it."""

    text: str
    where: Where
    subdirs: tuple[str, ...]
    pip: bool
    name: str


def _pip_problem(text: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(text.strip())
    except (InvalidRequirement, RecursionError):
        return "pip's options have no place in a lock" if text.startswith("-") else "not a requirement (PEP 508)"
    return "an address has no place in a lock" if found.url else ""


_PACKAGE: Final = Kind("package", rf"\s*{_SPEC.pattern}", like="pandas>=2.2", wrong="not a package")
_REQUIREMENT: Final = Kind(
    "requirement",
    r".+",
    like="pandas>=2.2",
    check=_pip_problem,
    remedy="Install it yourself afterwards, by `tfsetup run -- python -m pip install …`, and take it out here.",
)
_SUBDIR: Final = Kind(
    "platform",
    "|".join(SUBDIRS),
    like="osx-arm64",
    wrong="not a platform that TensorFlow has wheels for",
    remedy=f"There are: {', '.join(SUBDIRS)}.",
)
_LENIENT: Final = replace(YAML, nulls=True)  # conda takes a key without anything for none


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pip:
    """What the index supplies."""

    pip: tuple[Annotated[Marked, _REQUIREMENT], ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """The keys of the file that a lock has a place for."""

    channels: tuple[Annotated[Marked, TEXT], ...] | None = None
    platforms: tuple[Annotated[Marked, _SUBDIR], ...] | None = None
    dependencies: tuple[Annotated[Marked, _PACKAGE] | _Pip, ...] | None = None


def read_environment(text: str, file: str, *, tensorflow: Sequence[str]) -> Imported:
    """Return what an environment file asks for. `tensorflow` are the names TensorFlow goes by.

    Raises:
        InvalidTextError: it is none, or asks for something that a lock cannot hold; with every problem and its line.
    """
    root = compose(text, file)
    found, _ = decode(root.only(_File.__dataclass_fields__.__contains__), _File, _LENIENT)
    said = [(one, False) for one in found.dependencies or () if isinstance(one, Marked)]
    said += [(one, True) for pip in found.dependencies or () if isinstance(pip, _Pip) for one in pip.pip or ()]
    raw = text.splitlines()
    lines = each(lambda one: _line(one[0], raw, pip=one[1]), said)
    if not lines:
        raise refused(root.where, "this environment file asks for nothing")
    return _imported(lines, found, _unused(root, found), set(tensorflow))


def _imported(lines: Sequence[_Line], file: _File, left_out: Iterator[str], tensorflow: set[str]) -> Imported:
    names = tuple(platform.text for platform in file.platforms or ()) or SUBDIRS
    pythons = [line for line in lines if line.name == "python" and not line.pip]
    tensorflows = [line for line in lines if line.name in tensorflow]
    others = [line for line in lines if line not in tensorflows and not (line in pythons and _is_minor(line))]
    minors, pins = each(_python, pythons), each(_tensorflow, tensorflows)
    channels = [line for line in tensorflows if not line.pip]

    def of(subdir: str, *, pip: bool) -> tuple[str, ...]:
        return tuple(line.text for line in others if line.pip == pip and subdir in line.subdirs)

    return Imported(
        platforms=names,
        channels=tuple(one.text for one in file.channels or () if one.text not in _DEFAULTS),
        python=next(reversed(minors), "") or None,
        tensorflow=next(reversed(pins), "") or None,
        specs={name: of(name, pip=False) for name in names},
        requirements={name: of(name, pip=True) for name in names},
        left_out=(*left_out, *(f"{one.where}: the channel's {one.name}; {_ROW}" for one in channels)),
    )


def _unused(root: Node, file: _File) -> Iterator[str]:
    for key, _ in root.value:
        if key.text in _IGNORED:
            yield f"{key.where}: `{key.text}`, {_IGNORED[key.text]}"
        elif key.text not in _File.__dataclass_fields__:
            yield f"{key.where}: `{key.text}`, which a lock has no place for"
    defaults = (one for one in file.channels or () if one.text in _DEFAULTS)
    yield from (f"{one.where}: the channel `{one.text}`; its packages do not mix" for one in defaults)


def _line(said: Marked, raw: Sequence[str], *, pip: bool) -> _Line:
    text, where = said.text.strip(), said.where
    bare = text.partition("[")[0] if pip else text
    found = _SPEC.fullmatch(bare) or re.match(r"(?P<name>[A-Za-z0-9_.-]+)", bare)
    line = raw[where.line - 1] if where.line and where.line <= len(raw) else ""
    selector = _SELECTOR.search(line)
    word = selector[1].strip() if selector else ""
    if word and word not in _GROUPS:
        hint = f"Known: {', '.join(_GROUPS)}; one word each."
        raise refused(where, f"the selector `[{word}]` is not known", hint)
    subdirs = _GROUPS[word] if word else SUBDIRS
    return _Line(text=text, where=where, subdirs=subdirs, pip=pip, name=found["name"].lower() if found else "")


def _is_minor(line: _Line) -> bool:
    """Tell whether a line asks for a minor of Python, or any, and for no release or build of it."""
    return re.fullmatch(r"(={0,2}\s*3\.[0-9]{1,2}(\.\*)?)?", _rest(line)) is not None


def _python(line: _Line) -> str:
    """Return the minor of a pin such as `python=3.12`, "" when any will do.

    Raises:
        InvalidTextError: it is a range; a lock is for one Python.
    """
    rest = _rest(line)
    found = re.fullmatch(r"={0,2}\s*(3\.[0-9]{1,2})(\.[0-9*]+)*(\s*=\s*\S+|\s+\S+)?", rest)
    if rest and found is None:
        hint = "Write it as python=3.12, or give --python X.Y."
        raise refused(line.where, f"`{line.text}`: a lock is for one Python", hint)
    return found[1] if found else ""


def _tensorflow(line: _Line) -> str:
    rest = _rest(line)
    if line.pip or not rest or rest[0] in "<>!~":
        return rest.partition(";")[0].strip().replace(" ", "")
    found = _PINNED.fullmatch(rest)
    if found is None:
        hint = "Write it as tensorflow=2.19 or tensorflow>=2.18."
        raise refused(line.where, f"`{line.text}`: this pin is not understood", hint)
    # conda: `=2.19` and `2.19.*` are 2.19 and all that begins so; `==2.19.1` and `2.19.1` are that one alone.
    fuzzy = found["star"] or (rest.startswith("=") and not rest.startswith("=="))
    return f"=={found['version']}{'.*' if fuzzy else ''}"


def _rest(line: _Line) -> str:
    if line.pip and "]" in line.text:
        return line.text.rpartition("]")[2].strip()
    return re.sub(r"^[A-Za-z0-9_.-]*", "", line.text.rpartition("::")[2]).strip()
