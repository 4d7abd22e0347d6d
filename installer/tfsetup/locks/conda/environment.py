"""`environment.yml`: written for what is locked, and read from people who already have one. Pure.

The form is conda's with conda-lock's selectors: a comment `# [arm64]` keeps a line for one platform. conda-lock knows
one word a selector; each platform has one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.marked import Node, UnreadableError, compose
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
    pip: bool = False


def read_environment(text: str, file: str, *, tensorflow: Sequence[str]) -> Imported:
    """Return what an environment file asks for. `tensorflow` are the names TensorFlow goes by.

    Raises:
        InvalidFileError: it is none, or asks for something that a lock cannot hold; with the line.
    """
    try:
        root = compose(text, file)
    except UnreadableError as error:
        raise InvalidFileError(error.problem.message, where=error.problem.where) from error
    if root.kind != "mapping":
        raise InvalidFileError("This is not an environment file.", where=root.where)
    keys = {key.text: (key, value) for key, value in root.value}
    lines = list(_lines(keys["dependencies"][1], text.splitlines())) if "dependencies" in keys else []
    if not lines:
        raise InvalidFileError("This environment file asks for nothing.", where=root.where)
    platforms = _texts(keys, "platforms")
    for platform in platforms:
        if platform.text not in SUBDIRS:
            message = f"`{platform.text}` is not a platform that TensorFlow has wheels for."
            raise InvalidFileError(message, where=platform.where, hint=f"There are: {', '.join(SUBDIRS)}.")
    names = tuple(platform.text for platform in platforms) or SUBDIRS
    return _imported(lines, names, keys, set(tensorflow))


def _imported(
    lines: Sequence[_Line], names: tuple[str, ...], keys: Mapping[str, tuple[Node, Node]], tensorflow: set[str]
) -> Imported:
    specs: dict[str, list[str]] = {name: [] for name in names}
    requirements: dict[str, list[str]] = {name: [] for name in names}
    pins: dict[str, str] = {}
    left_out = list(_unused(keys))
    for line in lines:
        name = _name(line)
        if name == "python" and not line.pip:
            pins["python"] = _python(line)
            if not re.fullmatch(_MINOR_ONLY, _rest(line)):
                for subdir in line.subdirs:
                    if subdir in names:
                        specs[subdir].append(line.text)  # a release or a build of that minor
        elif name in tensorflow:
            pins["tensorflow"] = _tensorflow(line)
            if not line.pip:
                left_out.append(f"{line.where}: the channel's {name}; the row says where TensorFlow comes from")
        else:
            for subdir in line.subdirs:
                if subdir in names:
                    (requirements if line.pip else specs)[subdir].append(line.text)
    channels = tuple(one.text for one in _texts(keys, "channels") if one.text not in {"defaults", "nodefaults"})
    return Imported(
        platforms=names,
        channels=channels,
        python=pins.get("python") or None,
        tensorflow=pins.get("tensorflow") or None,
        specs={name: tuple(found) for name, found in specs.items()},
        requirements={name: tuple(found) for name, found in requirements.items()},
        left_out=tuple(left_out),
    )


def _texts(keys: Mapping[str, tuple[Node, Node]], name: str) -> list[Node]:
    if name not in keys:
        return []
    _, node = keys[name]
    if node.kind != "sequence" or any(item.kind != "scalar" for item in node.value):
        raise InvalidFileError(f"`{name}` must be a list of names.", where=node.where)
    return list(node.value)


def _unused(keys: Mapping[str, tuple[Node, Node]]) -> Iterator[str]:
    for name, (key, _) in keys.items():
        if name in _IGNORED:
            yield f"{key.where}: `{name}`, {_IGNORED[name]}"
        elif name == "channels":
            defaults = [item for item in _texts(keys, name) if item.text in {"defaults", "nodefaults"}]
            yield from (f"{item.where}: the channel `{item.text}`; its packages do not mix" for item in defaults)
        elif name not in {"dependencies", "platforms"}:
            yield f"{key.where}: `{name}`, which a lock has no place for"


def _lines(node: Node, raw: Sequence[str]) -> Iterator[_Line]:
    if node.kind != "sequence":
        raise InvalidFileError("`dependencies` must be a list.", where=node.where)
    for item in node.value:
        if item.kind == "scalar":
            yield _Line(text=item.text.strip(), where=item.where, subdirs=_subdirs(item, raw))
            continue
        for key, value in item.value if item.kind == "mapping" else ((item, item),):
            if key.text != "pip" or item.kind != "mapping":
                raise InvalidFileError("Besides packages, only `pip:` is known here.", where=key.where)
            yield from _pip_lines(value, raw)


def _pip_lines(node: Node, raw: Sequence[str]) -> Iterator[_Line]:
    from packaging.requirements import InvalidRequirement, Requirement

    for item in node.value if node.kind == "sequence" else ():
        text = item.text.strip()
        try:
            found = Requirement(text)
        except (InvalidRequirement, RecursionError) as problem:
            what = "pip's options have no place in a lock" if text.startswith("-") else "not a requirement (PEP 508)"
            raise InvalidFileError(f"`{text[:80]}`: {what}.", where=item.where, hint=_HINT) from problem
        if found.url:
            raise InvalidFileError(f"`{text[:80]}`: an address has no place in a lock.", where=item.where, hint=_HINT)
        yield _Line(text=text, where=item.where, subdirs=_subdirs(item, raw), pip=True)


_HINT: Final = "Install it yourself afterwards, by `tfsetup run -- python -m pip install …`, and take it out here."


def _subdirs(node: Node, raw: Sequence[str]) -> tuple[str, ...]:
    line = raw[node.where.line - 1] if node.where.line and node.where.line <= len(raw) else ""
    found = _SELECTOR.search(line)
    if found is None:
        return SUBDIRS
    word = found[1].strip()
    if word not in _GROUPS:
        message = f"The selector `[{word}]` is not known."
        raise InvalidFileError(message, where=node.where, hint=f"Known: {', '.join(_GROUPS)}; one word each.")
    return _GROUPS[word]


def _name(line: _Line) -> str:
    found = _SPEC.fullmatch(line.text.partition("[")[0] if line.pip else line.text)
    if found is None:
        found = re.match(r"(?P<name>[A-Za-z0-9_.-]+)", line.text) if line.pip else None
    if found is None:
        raise InvalidFileError(f"`{line.text[:80]}` is not a package.", where=line.where)
    return found["name"].lower()


_MINOR_ONLY: Final = r"(={0,2}\s*3\.[0-9]{1,2}(\.\*)?)?"


def _python(line: _Line) -> str:
    """Return the minor of a pin such as `python=3.12`, "" when any will do.

    Raises:
        InvalidFileError: it is a range; a lock is for one Python.
    """
    rest = _rest(line)
    found = re.fullmatch(r"={0,2}\s*(3\.[0-9]{1,2})(\.[0-9*]+)*(\s*=\s*\S+|\s+\S+)?", rest)
    if rest and found is None:
        message = f"`{line.text}`: a lock is for one Python."
        raise InvalidFileError(message, where=line.where, hint="Write it as python=3.12, or give --python X.Y.")
    return found[1] if found else ""


def _tensorflow(line: _Line) -> str:
    rest = _rest(line)
    if line.pip or not rest or rest[0] in "<>!~":
        return rest.partition(";")[0].strip().replace(" ", "")
    found = _PINNED.fullmatch(rest)
    if found is None:
        message = f"`{line.text}`: this pin is not understood."
        raise InvalidFileError(message, where=line.where, hint="Write it as tensorflow=2.19 or tensorflow>=2.18.")
    # conda: `=2.19` and `2.19.*` are 2.19 and all that begins so; `==2.19.1` and `2.19.1` are that one alone.
    fuzzy = found["star"] or (rest.startswith("=") and not rest.startswith("=="))
    return f"=={found['version']}{'.*' if fuzzy else ''}"


def _rest(line: _Line) -> str:
    text = line.text.rpartition("]")[2] if line.pip and "]" in line.text else line.text.rpartition("::")[2]
    found = re.match(r"[A-Za-z0-9_.-]*", text) if not (line.pip and "]" in line.text) else None
    rest = text[found.end() :] if found else text
    return rest.strip()
