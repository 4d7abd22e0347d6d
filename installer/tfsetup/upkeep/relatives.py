"""Project pages to the release tables of TensorFlow's relatives (`matrix/relatives.py`). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from tfsetup.matrix.facts import Index
from tfsetup.upkeep.index.snapshot import File

NAMES: Final = (
    "tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-text", "tensorflow-io",
    "tensorflow-io-gcs-filesystem", "tensorflow-addons", "tensorflow-decision-forests", "tensorflow-probability",
    "tensorflow-estimator", "tensorflow-hub", "tensorflow-datasets", "tensorflow-transform", "tensorflow-metadata",
    "tensorflow-data-validation", "tensorflow-federated", "tensorflow-model-optimization", "tensorflow-directml",
    "tensorflow-directml-plugin", "tfx", "tflite-runtime", "tflite-support", "tflite-model-maker", "ai-edge-litert",
    "tf-models-official", "tf-keras", "keras", "tensorboard", "jax", "jaxlib", "numpy", "h5py", "grpcio", "protobuf",
    "ml-dtypes", "libclang", "nvidia-cudnn-cu12", "nvidia-nccl-cu12", "nvidia-cublas-cu12",
)  # fmt: skip
"""The distributions that reports name beside the matrix' own."""

# Systems on which nobody installs TensorFlow.
_ELSEWHERE: Final = re.compile(
    r"ppc64|s390x|riscv|loongarch|android|ios|wasm|emscripten|pyodide|pypy|graalpy|fat|intel$"
)


def recorded(index: Index, pages: Mapping[str, Sequence[File]], today: str) -> dict[str, object]:
    """Return what `relatives.json` holds: the releases of each page that the snapshot does not know."""
    sets: dict[tuple[tuple[str, str], ...], int] = {}
    projects = {name: _project(files, index.distributions.get(name, {}), sets) for name, files in pages.items()}
    return {
        "schema": 1,
        "taken": today,
        "sets": [dict(row) for row in sets],
        "projects": {name: found for name, found in projects.items() if found},
    }


def text_of(record: Mapping[str, object]) -> str:
    """Return the file's text: a line a release, so that a difference can be read."""
    import json

    def line(value: object) -> str:
        return json.dumps(value, separators=(",", ":"))

    def rows(values: Mapping[str, object]) -> str:
        return ",\n".join(f"{line(key)}:{line(value)}" for key, value in values.items())

    projects = cast("Mapping[str, Mapping[str, object]]", record["projects"])
    sets = ",\n".join(line(row) for row in cast("Sequence[object]", record["sets"]))
    tables = ",\n".join(f"{line(name)}:{{\n{rows(table)}\n}}" for name, table in projects.items())
    head = f'{{"schema":{record["schema"]},"taken":{line(record["taken"])},'
    return f'{head}\n"sets":[\n{sets}\n],\n"projects":{{\n{tables}\n}}}}\n'


def _project(
    files: Sequence[File], known: Mapping[str, object], sets: dict[tuple[tuple[str, str], ...], int]
) -> dict[str, tuple[str, str, str, int]]:
    by_version: dict[Version, list[File]] = {}
    for file in files:
        try:
            number = Version(file.version)
        except InvalidVersion:
            continue
        if not number.is_devrelease and str(number) not in known:
            by_version.setdefault(number, []).append(file)
    dated = {number: files for number, files in by_version.items() if any(file.date for file in files)}
    return {str(number): _row(dated[number], sets) for number in sorted(dated)}


def _row(files: Sequence[File], sets: dict[tuple[tuple[str, str], ...], int]) -> tuple[str, str, str, int]:
    wheels = _wheels(file.filename for file in files)
    place = sets.setdefault(wheels, len(sets))
    sdist = any(file.filename.endswith((".tar.gz", ".zip", ".tgz", ".tar.bz2")) for file in files)
    dates = [file.date[:10] for file in files if file.date]
    marks = ("s" if sdist else "") + ("y" if all(file.yanked for file in files) else "")
    return min(dates, default=""), files[-1].requires_python, marks, place


def _wheels(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    found: dict[str, set[str]] = {}
    for name in names:
        platform = name.removesuffix(".whl").rsplit("-", 1)[-1]
        if not name.endswith(".whl") or _ELSEWHERE.search(platform):
            continue
        try:
            tags = parse_wheel_filename(name)[3]
        except (InvalidWheelFilename, InvalidVersion):
            continue
        pythons = {one for tag in tags if (one := _python(tag.interpreter, tag.abi))}
        if pythons:
            found.setdefault(platform, set()).update(pythons)
    return tuple((platform, " ".join(sorted(found[platform], key=_order))) for platform in sorted(found))


def _python(interpreter: str, abi: str) -> str | None:
    """Return for whom a wheel is: `any` Python 3, `2`, `2.7`, `3.9`, `3.13t`, or `3.9+` for what an ABI serves."""
    if interpreter.startswith("py"):
        return "any" if interpreter[2:3] == "3" else "2"
    if not interpreter.startswith("cp") or not interpreter[3:].isdigit():
        return None
    free = "t" if abi.endswith("t") else ""
    return f"{interpreter[2]}.{interpreter[3:]}{'+' if abi.startswith('abi') else free}"


def _order(text: str) -> tuple[int, int, str]:
    numbers = re.findall(r"\d+", text)
    return (int(numbers[0]) if numbers else 0, int(numbers[1]) if len(numbers) > 1 else 0, text)
