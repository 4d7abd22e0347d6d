"""One fact lives in one place. Here stands where, and who else may speak of it and why."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import get_args

import pytest

from support.source import MODULES, PACKAGE, nodes, tree_of
from tfsetup.ground.platforms import Arch

FILES = {path.relative_to(PACKAGE).as_posix(): path for path in MODULES}
Finder = Callable[[ast.AST], Iterator[str]]


# ------------------------------------------------------------------------------------------ what is looked for


@cache
def texts(tree: ast.AST) -> tuple[tuple[int, str], ...]:
    """Return line and text of every string that is no docstring."""
    sayings = {
        id(first.value)
        for node in nodes(tree)
        for body in (getattr(node, "body", None),)
        if isinstance(body, list)
        for first in body
        if isinstance(first, ast.Expr)
    }
    return tuple(
        (node.lineno, node.value)
        for node in nodes(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in sayings
    )


def saying(pattern: str) -> Finder:
    """Return a finder of strings that a pattern is found in."""
    return lambda tree: (f"{text[:60]}:{line}" for line, text in texts(tree) if re.search(pattern, text))


def tables_of_architectures(tree: ast.AST) -> Iterator[str]:
    """Find what lists or maps two architectures, or more."""
    for node in nodes(tree):
        match node:
            case ast.Dict(keys=parts) | ast.Set(elts=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
                named = [one.value for one in parts if isinstance(one, ast.Constant) and one.value in get_args(Arch)]
                if len(named) > 1:
                    yield f"{'/'.join(map(str, named))}:{node.lineno}"


def numbers_of_versions(tree: ast.AST) -> Iterator[str]:
    """Find `text.split(".")[:2]`, and `int(part) for part in text.split(".")`."""
    for node in nodes(tree):
        match node:
            case ast.Subscript(
                value=ast.Call(func=ast.Attribute(attr="split"), args=[ast.Constant(value=".")]), slice=ast.Slice()
            ):
                yield f"split:{node.lineno}"
            case ast.GeneratorExp(elt=elt, generators=[made]) | ast.ListComp(elt=elt, generators=[made]):
                dotted = isinstance(made.iter, ast.Call) and "split('.')" in ast.unparse(made.iter)
                if dotted and ast.unparse(elt).startswith("int("):
                    yield f"int:{node.lineno}"


def imports_packaging_versions(tree: ast.AST) -> Iterator[str]:
    """Find who compares versions by packaging itself."""
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"packaging.version", "packaging.specifiers"}:
            yield f"{node.module}:{node.lineno}"


SPELLING = (
    r"\b(amd|AMD)64|win_(amd|arm)64|osx-|\b(linux|win)-(64|aarch64|arm64)\b|(many|musl)linux|macosx_|apple-darwin"
    r"|pc-windows|linux-gnu|\bld-(linux|musl)|(aarch64|arm64|x86_64)-|\barm64e\b"
)

RULES: Mapping[str, tuple[Finder, str, Mapping[str, str]]] = {
    "the spellings of platforms": (
        saying(SPELLING),
        "ground/platforms.py",
        {
            "doctor/machines/programs.py": "what other programs print, as they print it",
            "doctor/machines/words.py": "words of other programs' logs, which are looked for as they print them",
            "doctor/refusals/hearing.py": "how conda's prompts look, and how the tags of installers begin and end",
            "doctor/refusals/hosts.py": "places by which tags an installer knows, which is less than a platform takes",
            "doctor/refusals/reasons.py": "the same places",
            "doctor/refusals/worlds.py": "which tags an old pip, and a Python of an old SDK, know",
            "host/linux.py": "musl's loader is looked for by its beginning, before anybody knows the architecture",
            "host/parsers/arch.py": "IMAGE_FILE_MACHINE_* of Windows, by their numbers",
            "ground/kinds.py": "an example of a row's identifier",
            "locks/conda/environment.py": "the words of conda-lock's selectors, which nobody else has",
            "loader/dyld/words.py": "dyld's own words: the architectures it says it needed",
            "loader/macho/image.py": "cputype and cpusubtype of Mach-O, by their numbers",
            "loader/glibc/musl.py": "libraries that musl has in itself, by its own list",
            "verify/probes/facts.py": "a probe imports nothing of tfsetup",
        },
    ),
    "tables of architectures": (
        tables_of_architectures,
        "ground/platforms.py",
        {
            "doctor/machines/words.py": "words that only one architecture's programs print",
            "doctor/refusals/hearing.py": "how tags end",
            "doctor/refusals/hosts.py": "what facts of any origin call them",
            "doctor/refusals/reasons.py": "as facts of any origin call it",
            "doctor/refusals/worlds.py": "places by which tags an installer knows",
            "host/parsers/arch.py": "which 32-bit architecture a 64-bit one runs",
            "host/linux_gpus.py": "the architectures whose folders have NVIDIA's libraries",
            "loader/dyld/words.py": "the slices dyld looks for in a fat file",
            "loader/glibc/ld_cache.py": "flags of the format of ld.so.cache",
            "loader/glibc/system.py": "e_machine and class of ELF",
            "loader/windows/process.py": "the machine numbers of PE",
            "locks/conda/platforms.py": "the least macOS that conda-forge builds for",
            "matrix/choose/reference.py": "instruction sets of the plainest machine",
            "upkeep/checks/rules.py": "instruction sets that the matrix may name",
        },
    ),
    "the numbers of a version": (
        numbers_of_versions,
        "ground/versions.py",
        {
            "ground/pep440.py": "the fast path that `versions` is made of",
            "host/parsers/gpus.py": "NVIDIA's driver inside of Windows' own number: the digits at its end",
        },
    ),
    "packaging's versions": (
        imports_packaging_versions,
        "ground/versions.py",
        {
            "doctor/commands.py": "has the specifiers of a command, which are narrowed and typed again",
            "doctor/holes.py": "writes a specifier anew, clause by clause, before it enters a command",
            "doctor/refusals/specs.py": "specifiers of anybody, some of them none; the final release of a candidate",
            "upkeep/relatives.py": "writes versions as packaging does, and leaves out what is for development",
            "upkeep/index/snapshot.py": "writes versions as packaging does, so that two indexes compare equal",
        },
    ),
    "where an environment has its interpreter and its settings": (
        saying(r"bin/python|Scripts[/\\]python|pyvenv\.cfg"),
        "ground/prefix.py",
        {
            "ground/looking.py": "looks there",
            "host/interpreters.py": "looks on a machine that may be a recorded one",
            "loader/dyld/words.py": "an interpreter of nobody's",
            "workflows/prefixes.py": "the interpreter that a conda package is going to bring",
        },
    ),
    "the beginnings of services' tokens": (saying(r"github_pat_|glpat|xox\["), "ground/redaction.py", {}),
    "the headers and netrc lines that hold secrets": (
        saying(r"\(\?i\).*(authorization|bearer|cookie|machine)\\?"),
        "ground/redaction.py",
        {},
    ),
    "the folders for what is kept and what is not": (
        saying(r"XDG_(CACHE|STATE)_HOME"),
        "ground/folders.py",
        {},
    ),
}


def found_by(finder: Finder, home: str) -> dict[str, list[str]]:
    found = {name: list(finder(tree_of(FILES[name]))) for name in FILES if name != home}
    return {name: places for name, places in found.items() if places}


@pytest.mark.parametrize("fact", RULES)
def test_a_fact_has_one_home(fact: str) -> None:
    finder, home, others = RULES[fact]
    found = found_by(finder, home)
    assert {name: places for name, places in found.items() if name not in others} == {}, f"{fact}: ask {home}"
    assert sorted(others) == sorted(found), "who no longer speaks of it is taken off the list"


@pytest.mark.parametrize("fact", RULES)
def test_the_home_is_one(fact: str) -> None:
    finder, home, _ = RULES[fact]
    assert list(finder(tree_of(FILES[home])))


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        ("the spellings of platforms", 'x = {"win": "win_amd64"}'),
        ("the spellings of platforms", 'y = f"manylinux_2_{n}_{arch}"'),
        ("the spellings of platforms", 'z = platform == "osx-64"'),
        ("the spellings of platforms", 'return "aarch64-apple-darwin"'),
        ("the spellings of platforms", 'machine == "AMD64"'),
        ("tables of architectures", 'arch in {"arm64", "aarch64"}'),
        ("tables of architectures", 'x = {"arm64": 1, "x86_64": 2}'),
        ("the numbers of a version", 'v = ".".join(v.split(".")[:2])'),
        ("the numbers of a version", 'v = tuple(int(part) for part in v.split("."))'),
        ("the numbers of a version", 'v = [int(part[:9]) for part in v.split(".")]'),
        ("packaging's versions", "from packaging.version import Version"),
        ("where an environment has its interpreter and its settings", 'p = folder / "bin/python3"'),
        ("the beginnings of services' tokens", 'x = r"github_pat_[a-z]+"'),
        ("the headers and netrc lines that hold secrets", r'x = re.compile(r"(?i)\bbearer\s+")'),
        ("the folders for what is kept and what is not", 'x = environ["XDG_CACHE_HOME"]'),
    ],
)
def test_the_check_sees_what_it_looks_for(fact: str, line: str) -> None:
    finder = RULES[fact][0]
    assert list(finder(ast.parse(f'"""A docstring: amd64, bin/python, github_pat_."""\n{line}\n'))) != []
    assert list(finder(ast.parse('"""A docstring: amd64, bin/python, github_pat_."""\nx = "plain"\n'))) == []
