"""The doctor's causes repeat nothing: no pattern, and no version of a package that the matrix or its snapshot knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from support.source import read_yaml
from tfsetup.doctor.causes.references import REFERENCE
from tfsetup.doctor.causes.shipped import FOLDER

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml"))}
FILES: dict[str, Any] = {name: read_yaml(text) for name, text in TEXTS.items()}
CAUSES: dict[str, Any] = {cause["cause"]: cause for file in FILES.values() for cause in file.get("causes", ())}

# Versions that stand typed in a cause, because nothing could be referred to. The reason, then cause by cause.
TYPED: dict[str, dict[str, str]] = {
    "of a package that the matrix does not know": {
        "pip-too-old": "19.0 19.3 20.3",
        "macos-platform-tag": "20.3",
        "tensorflow-gpu-package-removed": "2.11 2.12",
        "tf-io-gcs-filesystem-no-wheel": "0.31.0",
        "tf-text-no-wheel": "2.10.0 2.17",
        "custom-op-abi-mismatch": "2.15",
        "cudnn-runtime-older-than-build": "8.5 8.6 8.9",
        "libstdcxx-too-old": "13",
        "exec-stack-refused": "0.18",
        "gpu-too-old-for-cudnn": "9.11",
        "rocm-gpu-unsupported": "2.14.0.600 10.3.0 11.0.0",
        "rocm-libs-missing": "6.0",
    },
    "of no package: of Python and of the C library": {
        "python-too-new-for-installed-tf": "3.7 3.10 3.11",
        "glibc-too-old": "2.27",
    },
    "of TensorFlow before the first release that the snapshot has": {
        "cpu-no-avx": "1.5 1.6 2.4.0",
        "tf-requires-newer-cpu-than-avx": "2.4 2.4.0 2.4.1",
        "tf-text-abi-mismatch": "2.4",
        "cuda-on-mac-unsupported": "1.2",
    },
    "with which an interface or a behaviour changed: known from running or reading code, and no metadata has it": {
        "numpy2-abi": "2",
        "numpy-too-old-abi": "1.23 2",
        "numpy-too-new-removed-alias": "1.20 1.24 2.9 2.12",
        "keras-tensorflow-version-mismatch": "1.10 3",
        "keras-3-incompatible": "2.15 3",
        "protobuf-too-new": "2.18 3.19 3.20",
        "protobuf-too-old": "3.20 5.26 6.31",
        "protobuf-linked-twice-macos": "2.20",
        "metal-protobuf-fatal": "1.1.0 2.16.1",
        "metal-xla-unsupported": "2.11 2.15",
        "metal-slow-optimizer": "2.11 2.15 3",
        "keras-legacy-optimizer-fallback-mac": "2.11 2.15",
        "library-needs-newer-tensorflow": "1.14 2 2.9 2.18",
        "library-needs-older-tensorflow": "2.6 2.12",
        "code-for-tensorflow-1": "1.15 2",
        "model-file-from-other-keras": "3",
        "no-wheel-for-platform": "2 2.13",
        "pluggable-device-registered-twice": "2",
        "directml-plugin-abi-mismatch": "2",
        "windows-gpu-dropped-after-2.10": "2",
        "tf-text-no-wheel": "2",
    },
    "of bounds that differ from patch to patch, put so that they suit all of a minor": {
        "ml-dtypes-version-conflict": "0.2 0.3 0.4 0.5 0.5.1 2.15 2.17 2.19",
        "typing-extensions-conflict": "2.5 2.6 2.12 2.13 3.7.4 4.6",
        "protobuf-too-new": "2.12 2.17 2.19 3.20.3 3.21 5 6",
        "protobuf-too-old": "2.12 3.20.3 5 2.18",
        "tf-io-gcs-filesystem-no-wheel": "2.16",
    },
}

# A version in words, or any number in a specifier; `>=0` and `>0` ask whether there is one.
_VERSION = re.compile(
    r"(?<![\w.])(?:[0-9]+(?:\.[0-9]+)+(?:\.dev[0-9]+)?|(?<=[<>~=][<>=])[0-9]+|(?<=[<>])[0-9]+)(?![\w-])"
)
# What stands before the version of something that is no package.
_OF_ELSE = re.compile(
    r"(?<![a-z])(?:[Pp]ython|py|macOS|glibc|CUDA|cuDNN|driver|Systems|capability|Blackwell)\b"
    r"(?:[^A-Za-z]|\b(?:or newer|and|to|CUDA)\b)*$"
)
# Captures that hold a version of a package.
_CAPTURED = ("capture.want ", "capture.numpy ", "capture.installed ", "capture.pip ", "capture.built ")


def said(cause: dict[str, Any]) -> Iterator[str]:
    """What a cause says and asks of versions; patterns are what others print."""
    yield from (cause["title"], cause["meaning"])
    for entry in (*cause["signals"], *cause["fixes"]):
        yield from (entry[key] for key in ("do", "remark") if key in entry)
        yield "==" + entry.get("rebuild", {}).get("tensorflow", "")
        clauses = entry.get("when", ())
        for clause in clauses if isinstance(clauses, list) else [clauses]:
            tests = (f"{key} {test}" for key, test in dict(clause).items())
            yield from (test for test in tests if test.startswith(("package.", *_CAPTURED)))


def typed(cause: dict[str, Any]) -> set[str]:
    """Return the versions of packages that are typed in a cause."""
    plain = [REFERENCE.sub("", text) for text in said(cause)]
    found = [(text[: one.start()], one[0]) for text in plain for one in _VERSION.finditer(text)]
    return {version for before, version in found if version != "0" and not _OF_ELSE.search(before)}


def test_no_version_is_typed_that_can_be_referred_to() -> None:
    """Refer to it (`doctor/causes/references.py`), or give the reason why that is impossible."""
    allowed = {slug: {one for each in TYPED.values() for one in each.get(slug, "").split()} for slug in CAUSES}
    assert {slug: typed(cause) for slug, cause in CAUSES.items()} == allowed
    assert {slug for each in TYPED.values() for slug in each} <= set(CAUSES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("python -m pip install 'tensorflow==2.19.1'", {"2.19.1"}),
        ("python -m pip install 'tensorflow>={first.tensorflow.python.3.12}'", set()),
        ("TensorFlow 2.16 and 2.17 do, on macOS 12.1 or newer", {"2.16", "2.17"}),
        ("Python 3.9 to 3.12, CUDA 11.2 and cuDNN 8.1, driver 525.60 or newer (CUDA 12), 450.80", set()),
        ("python3.12 of python:3.12-slim, python=3.12, `py -3.12`", set()),
        ("numpy<2 and numpy~=1.26, {capture:version}, TF_LEVEL=2", {"2", "1.26"}),
        ("0.4.0.dev230202, x86_64, manylinux2014", {"0.4.0.dev230202"}),
    ],
)
def test_the_check_sees_what_it_looks_for(text: str, found: set[str]) -> None:
    assert typed({"title": text, "meaning": "", "signals": [], "fixes": []}) == found
    whole = {"title": "", "meaning": "", "signals": [{"when": [{"package.x": ">=1.5"}, {"python": ">=3.9"}]}]}
    assert typed({**whole, "fixes": [{"rebuild": {"tensorflow": "2.4.1", "python": "3.12"}, "remark": "3.3"}]}) == {
        "1.5",
        "2.4.1",
        "3.3",
    }


def patterns(file: dict[str, Any]) -> Iterator[str]:
    """All patterns and names of patterns that a file has, as they are written; of prose, everyday words, the names."""
    lists = [*file.get("patterns", {}).values()]
    entries = (*file.get("causes", ()), *file.get("signals", ()))
    for signal in (signal for entry in entries for signal in entry["signals"]):
        words = "prose" in signal or "claim" in signal
        keys = ("prose", "without") if words else ("log", "also", "without")
        groups = [signal[key] if isinstance(signal[key], list) else [signal[key]] for key in keys if key in signal]
        written = [one for group in groups for each in group for one in (each if isinstance(each, list) else [each])]
        lists.append([one for one in written if not words or one.startswith("$")])
    for one in lists:
        yield from one if isinstance(one, list) else [one]


def test_each_pattern_is_written_once_and_each_name_is_used() -> None:
    written = Counter(pattern for file in FILES.values() for pattern in patterns(file))
    assert [pattern for pattern, times in written.items() if times > 1 and not pattern.startswith("$")] == []
    names = {f"${name}" for file in FILES.values() for name in file.get("patterns", {})}
    assert names == {pattern for pattern in written if pattern.startswith("$")}
    assert len(written) > 1500


def test_a_name_that_one_file_uses_stands_in_that_file() -> None:
    homes = {name: stem for stem, file in FILES.items() for name in file.get("patterns", {})}
    users = {
        name: {stem for stem, file in FILES.items() if f"${name}" in set(patterns(file))} | {"shared.yaml"}
        for name in homes
    }
    inside = {pattern[1:] for pattern in patterns(FILES["shared.yaml"]) if pattern.startswith("$")}
    misplaced = {name for name, home in homes.items() if home != "shared.yaml" and users[name] != {home, "shared.yaml"}}
    lonely = {name for name, home in homes.items() if home == "shared.yaml" and len(users[name]) < 3}
    assert (misplaced, lonely - inside) == (set(), set())


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_says_what_its_family_is(name: str) -> None:
    assert re.match(r"# [A-Z].{20,}\.\n", TEXTS[name])
    assert TEXTS[name].count("\n") <= 600
