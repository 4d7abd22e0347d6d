"""The readers of files that others may have written, files to start from, and ways to spoil them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from support.conda import platform_lock
from support.doctor import knowledge
from tfsetup.doctor.bundle import bundle
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.gather import parse_packages
from tfsetup.doctor.model import Evidence
from tfsetup.errors import Code, TfsetupError
from tfsetup.host.file import parse_host
from tfsetup.locks.conda.environment import read_environment
from tfsetup.locks.conda.lockfile import make_lock, read_conda_lock_text
from tfsetup.locks.proof import parse_proofs
from tfsetup.locks.team import parse_project, parse_requirements, parse_team
from tfsetup.locks.venv.portable import read_portable
from tfsetup.locks.venv.pylock import read_pylock
from tfsetup.matrix.file.load import parse as parse_matrix

Reader = Callable[[str], object]
ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
SHA = "a" * 64
PYLOCK = f"""\
lock-version = "1.0"
created-by = "test"
requires-python = ">=3.10"

[[packages]]
name = "numpy"
version = "2.1.0"
marker = "sys_platform == 'linux'"
wheels = [
    {{ name = "numpy-2.1.0-py3-none-any.whl", url = "https://a.example/n", hashes = {{ sha256 = "{SHA}" }} }},
]
"""
PORTABLE = f"numpy==2.1.0 ; python_version < '3.13' \\\n    --hash=sha256:{SHA}\nsix==1.17.0 --hash=sha256:{SHA}\n"
TEAM = """\
platforms: [linux-x86_64-cpu, macos-arm64-metal]
pythons: ["3.11", "3.12"]
tensorflow: "~=2.20"
pre: false
requirements:
  - pandas >= 2 ; python_version > "3.10"
  - scikit-learn[all]
"""
ENVIRONMENT = """\
name: work
channels: [conda-forge, nodefaults]
dependencies:
  - python=3.12
  - conda-forge::numpy>=1.26,<3  # [linux]
  - tensorflow 2.19.* cpu_*
  - pip:
      - six==1.17.0
platforms: [linux-64, osx-arm64]
variables: {A: b}
"""
PROJECT = '[project]\nname = "p"\nversion = "1"\ndependencies = ["numpy>=2", "six ; sys_platform == \'win32\'"]\n'
REQUIREMENTS = "numpy >= 2  # why\nsix \\\n  ==1.17.0 ; python_version < '3.13'\npandas[excel]\n"
PACKAGES = '[{"name": "numpy", "version": "2.1.0"}, {"name": "six", "version": "1.17.0", "editable": null}]'
FROZEN = "Package Version\n------- -------\nnumpy 2.1.0\nsix==1.17.0\nx @ file:///tmp/x.whl\n-e git+https://h/x#egg=x\n"
# What these formats are made of, and what readers stumble over.
WORDS = (
    "&a ", "*a", "<<: *a", "!!python/object:os.system ", "!!binary ", "---\n", "...\n", "? ", ": ", "- ", "|\n", ">-\n",
    "[", "]", "{", "}", "[[", "]]", '"', "'", '"""', "#", ",", "\n", "\r", "\t", "\0", "\x1b]0;x\x07", "\x85", "\u2028",
    "\ufeff", "\ufffd", "é", "\U0001f40d", "\\ud800", "\\u0000", "null", "true", "~", ".nan", "-.inf", "1e999", "0x1F",
    "1_000", "NaN", "Infinity", "-1", "0", "9" * 400, "2026-01-01", "12:30:45", "1.0", "==", "~=", ">=", ",!=", "===",
    " ; ", "python_version", "extra == 'x'", " @ https://h/x.whl", "../", "/", "C:\\", "file:///etc/passwd", "git+",
    "--hash=sha256:", "sha256", "md5", "*", "2.*", "1!2.0", "2.0+local", "[x]", "(", ")", "linux-64", "noarch", "pip",
    "name", "version", "wheels", "platforms", "requirements", "os", "gpus", "Traceback (most recent call last):\n",
    "ImportError: ", "Error: ", "A" * 300, "[" * 120, "{a: " * 60,
)  # fmt: skip


def doctor(text: str) -> None:
    """Explain a log, and write the report about it."""
    evidence = Evidence(log=text)
    found = diagnose(evidence, _KNOWLEDGE)
    assert found.verdict
    assert bundle(evidence, found, version="1.0")


def packages(text: str) -> None:
    """Read a list of packages the way the doctor does: some errors are its caller's to put into words."""
    try:
        parse_packages(text)
    except (ValueError, RecursionError) as error:
        raise TfsetupError(Code.USAGE, str(error) or type(error).__name__) from error


_KNOWLEDGE = knowledge()
READERS: dict[str, Reader] = {
    "matrix": lambda text: parse_matrix(text, "matrix.yaml"),
    "team": lambda text: parse_team(text, "tfsetup.yaml"),
    "requirements": lambda text: parse_requirements(text, "requirements.txt"),
    "pyproject": lambda text: parse_project(text, "pyproject.toml"),
    "pylock": lambda text: read_pylock(text, file="pylock.toml"),
    "portable": lambda text: read_portable(text, file="requirements.lock.txt"),
    "proofs": lambda text: parse_proofs(text, "proof.json"),
    "conda-lock": lambda text: read_conda_lock_text(text, file="conda-lock.yml"),
    "environment": lambda text: read_environment(text, "environment.yml", tensorflow=("tensorflow",)),
    "host": lambda text: parse_host(text, "host.json"),
    "packages": packages,
    "log": doctor,
}


def texts(folder: Path, pattern: str, most: int = 40, largest: int = 20_000) -> list[str]:
    """Return the files of a folder that are small enough to be mutated often."""
    found = [path for path in sorted(folder.rglob(pattern)) if path.stat().st_size <= largest]
    return [path.read_text(encoding="utf-8", errors="replace") for path in found[:: max(1, len(found) // most)]]


def seeds() -> dict[str, list[str]]:
    """Return texts to start from, for each reader at least one."""
    locked = make_lock([platform_lock()], ("https://channel.example/forge",)).text
    return {
        "matrix": texts(CASES / "matrix", "*.yaml"),
        "team": [TEAM, TEAM.split("requirements:", maxsplit=1)[0] + "requirements: pyproject.toml\n"],
        "requirements": [REQUIREMENTS],
        "pyproject": [PROJECT],
        "pylock": [PYLOCK, *texts(CASES / "security" / "locks", "*.toml")],
        "portable": [PORTABLE, *texts(ROOT / "environments" / "locks", "*.txt", most=2, largest=200_000)],
        "proofs": ["{}", (ROOT / "environments" / "locks" / "proof.json").read_text()],
        "conda-lock": [locked, "\n".join(line for line in locked.splitlines() if not line.startswith("#"))],
        "environment": [ENVIRONMENT],
        "host": texts(CASES / "hosts", "*.json") + texts(CASES / "host" / "invalid", "*.json"),
        "packages": [PACKAGES, FROZEN],
        "log": texts(CASES / "doctor" / "logs", "*.txt", most=80),
    }


def mutate(text: str, other: str, dice: random.Random) -> str:
    """Return a text with one to six changes: a piece cut, doubled, moved, exchanged with another's, a word put in."""
    for _ in range(dice.randint(1, 6)):
        at = dice.randint(0, len(text))
        end = min(len(text), at + dice.choice((0, 1, 1, 3, 10, 60)))
        piece = text[at:end]
        kind = dice.randrange(7)
        start = dice.randint(0, len(other))
        replacement = (
            "",
            piece * dice.choice((2, 2, 50)),
            dice.choice(WORDS),
            dice.choice(WORDS) + piece,
            chr(dice.choice((dice.randrange(128), dice.randrange(0xD800)))),
            other[start : start + dice.choice((5, 40, 200))],
            piece[::-1],
        )[kind]
        text = text[:at] + replacement + text[end:]
        if dice.random() < 0.02:
            text = text[: dice.randint(0, len(text))]
    return text[:60_000]


def feed(name: str, text: str) -> bool:
    """Give a text to a reader; tell whether it was taken. Anything but a result or a documented error is raised."""
    refused: TfsetupError | None = None
    try:
        READERS[name](text)
    except TfsetupError as error:
        refused = error
    if refused is None:
        return True
    assert refused.code is not Code.BUG, refused
    assert refused.message, repr(refused)
    return False
