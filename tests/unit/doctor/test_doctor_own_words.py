"""Whatever tfsetup itself says of a failure, the doctor names its cause."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import tfsetup.loader
from support.doctor import knowledge
from support.examples import heavy_but_one_in
from support.own_words import Saying, of_loaders
from tfsetup.doctor import weights
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Diagnosis, Evidence
from tfsetup.host.file import read_host
from tfsetup.locks import explain
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.model import Accelerator, Ask
from tfsetup.report.errors import error_lines
from tfsetup.report.resolve import resolve_document, resolve_lines
from tfsetup.verify.messages import KNOWN

CASES = Path(__file__).parents[2] / "cases"
LOADER = Path(tfsetup.loader.__file__).parent
MATRIX = read_matrix()
SAYINGS = of_loaders()
DOUBT = 0.4


def told(text: str) -> Diagnosis:
    return diagnose(Evidence(log=text), knowledge())


@pytest.mark.parametrize("saying", SAYINGS, ids=[str(number) for number in range(len(SAYINGS))])
def test_each_message_of_a_loader_has_its_cause(saying: Saying) -> None:
    first = told(saying.text).findings[0]
    assert first.cause in saying.causes
    assert first.confidence >= DOUBT


# Where each loader words its refusals.
WORDED = (
    "dyld/words.py", "glibc/bind.py", "glibc/level.py", "glibc/map.py", "glibc/musl.py", "glibc/process.py",
    "glibc/search.py", "glibc/static_tls.py", "windows/process.py", "python/modules.py", "python/distributions.py",
    "importing.py", "files/faults.py",
)  # fmt: skip
# Texts there that are no refusal: what cannot be decided, names of tools and fields, and hints.
_DOUBTS = (
    "whether", "is not known", "is set to", "cannot be told", "is up to the installer", "which of them stays",
    "one of them stays", "assumed", "holds", "a kernel with pages", "there is a plugin", "what that defines",
    "Not found where it looks", "is presumed", "search path of more than", "GPU", "is cut short", "these wheels use",
    "name in",
    "is told", "is not looked at", "stops", "its dynamic section", "before its data does", "linked with",
    "depends on its code", "already in the process", "^its version tables", "LD_LIBRARY_PATH and", "nowhere to look",
    "has none of the functions", "calls itself", "a file named",
)  # fmt: skip
_NO_REFUSAL = re.compile("|".join(_DOUBTS))


def _texts(path: Path) -> Iterator[str]:
    """Yield the constant parts of the texts in a source file that are more than a word, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    bare = {id(node.value) for holder in ast.walk(tree) if isinstance(holder, holders)
            for node in holder.body if isinstance(node, ast.Expr)}  # fmt: skip
    whole = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
            if not _NO_REFUSAL.search(text):
                yield from text.split("\0")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare | whole:
            yield from () if _NO_REFUSAL.search(node.value) else (node.value,)


@pytest.mark.parametrize("name", WORDED)
def test_no_text_of_a_loader_is_left_out(name: str) -> None:
    said = " ".join(" ".join(saying.text.split()) for saying in SAYINGS)
    parts = {" ".join(part.split()) for part in _texts(LOADER / name)}
    sentences = {part for part in parts if part.count(" ") >= 2}
    assert {part for part in sentences if part.strip(" '`(),:.") not in said} == set()


REFUSALS: list[tuple[str, dict[str, str], set[str]]] = [
    ("linux-aarch64-musl", {}, {"no-wheel-musl"}),
    ("linux-armv7l-raspberry-pi-32-bit", {}, {"python-32bit", "no-wheel-for-platform"}),
    ("linux-i686", {}, {"python-32bit", "no-wheel-for-platform"}),
    ("windows-11-arm64-x86_64-python", {}, {"no-wheel-for-platform"}),
    ("linux-x86_64-no-avx", {}, {"cpu-no-avx"}),
    ("macos-10.15-intel-no-avx", {"tensorflow": "2.13.0"}, {"cpu-no-avx"}),
    ("windows-10-x86_64-no-avx", {"tensorflow": "2.18.0"}, {"cpu-no-avx"}),
    ("linux-x86_64-glibc-2.12", {"tensorflow": "2.13.0"}, {"glibc-too-old"}),
    ("macos-11-m1", {"tensorflow": "2.13.0"}, {"macos-too-old"}),
    ("macos-14-m1-rosetta-x86_64-python", {}, {"rosetta-no-avx", "x86-python-on-apple-silicon"}),
    (
        "macos-14-m1-rosetta-and-downloads",
        {"python": "3.14"},
        {"rosetta-no-avx", "x86-python-on-apple-silicon", "no-wheel-for-python-version"},
    ),
    ("linux-x86_64-nvidia-390", {"accelerator": "cuda"}, {"nvidia-driver-too-old"}),
    ("linux-x86_64-nvidia-maxwell", {"tensorflow": "2.18.0", "accelerator": "cuda"}, {"gpu-too-old-for-cudnn"}),
    ("linux-x86_64-nvidia-blackwell", {"tensorflow": "2.18.0", "accelerator": "cuda"}, {"gpu-too-new-for-build"}),
    ("macos-12.0-m1", {"python": "3.14"}, {"no-wheel-for-python-version"}),
    ("linux-x86_64-glibc-2.17", {"python": "3.14"}, {"no-wheel-for-python-version", "glibc-too-old"}),
    ("linux-x86_64-free-threaded-only", {}, {"no-wheel-for-python-version"}),
    ("windows-11-x86_64-32-bit-python-only", {}, {"python-32bit"}),
    ("macos-12.1-m1-pro", {"accelerator": "cuda"}, {"cuda-on-mac-unsupported"}),
    ("windows-11-x86_64-nvidia", {"accelerator": "cuda", "tensorflow": "2.18.0"}, {"windows-gpu-dropped-after-2.10"}),
    ("linux-aarch64-graviton3", {"accelerator": "cuda"}, {"no-gpu-build-for-platform"}),
    ("linux-x86_64-amd-gpu", {"accelerator": "rocm"}, {"rocm-gpu-unsupported"}),
    ("macos-10.15-intel", {"tensorflow": "2.18.0"}, {"x86-mac-no-wheel-for-version"}),
    ("macos-12.1-m1-pro", {"tensorflow": "2.99"}, {"nonexistent-version-pin"}),
    ("linux-x86_64-glibc-2.17", {"accelerator": "metal"}, {"tfsetup-no-row"}),
    ("macos-14-m2-no-python-no-downloads", {}, {"tfsetup-no-row"}),
    ("unknown-everything", {}, {"tfsetup-no-row"}),
]


def refusal(host: str, ask: Ask, width: int = 100) -> str:
    """Return what `tfsetup resolve` prints for a host of the corpus; empty: it has something for it."""
    found = select(read_host(CASES / "hosts" / f"{host}.json"), ask, MATRIX)
    return "" if found.installable else "\n".join(resolve_lines(resolve_document(found), width=width))


@pytest.mark.parametrize(("host", "asked", "causes"), REFUSALS)
@pytest.mark.parametrize("width", [60, 120])
def test_each_kind_of_refusal_has_its_cause(host: str, asked: dict[str, str], causes: set[str], width: int) -> None:
    text = refusal(host, Ask(**asked), width)  # type: ignore[arg-type]
    assert text
    assert told(text).findings[0].cause in causes


HOSTS = sorted(path.stem for path in (CASES / "hosts").glob("*.json") if "expected" not in path.name)


@pytest.mark.parametrize("host", heavy_but_one_in(4, HOSTS))
def test_no_refusal_is_without_a_cause(host: str) -> None:
    asks = [Ask(accelerator=one, python=python) for one in get_args(Accelerator) for python in (None, "3.14")]
    for text in dict.fromkeys(filter(None, (refusal(host, ask) for ask in asks))):
        found = told(text)
        assert found.findings
        assert found.findings[0].confidence >= DOUBT
        assert found.verdict == "problem"


OF_UV = {
    "build-failed": "source-build-failed", "certificate": "network-download-failed", "conflict": "dependency-conflict",
    "credentials": "index-not-readable", "disk-full": "disk-full", "hash": "download-hash-mismatch",
    "interpreter-gone": "interpreter-gone", "no-dns": "network-download-failed",
    "no-wheel-here": "tf-text-no-wheel", "offline": "index-not-readable",
    "permission": "files-not-readable", "read-only": "files-not-readable",
    "refused-connection": "network-download-failed", "stalled": "network-download-failed",
    "python-no-dns": "network-download-failed", "python-certificate": "network-download-failed",
    "python-mirror-without-it": "network-download-failed", "python-proxy": "network-download-failed",
}  # fmt: skip


@pytest.mark.parametrize(("case", "cause"), OF_UV.items())
def test_each_failure_of_uv_that_is_explained_has_its_cause(case: str, cause: str) -> None:
    stderr = (CASES / "uv" / f"{case}.txt").read_text(encoding="utf-8")
    expected = json.loads((CASES / "uv" / f"{case}.json").read_text(encoding="utf-8"))
    error = explain.explain_uv(stderr, "Locking linux-x86_64-cpu", solving=expected["exit"] == 7)
    found = told("\n".join(error_lines(error))).findings
    assert found[0].cause == cause


# Every sentence that the table of uv's failures has, and what it may be called.
SENTENCES = {
    "offline forbids": "index-not-readable", "refused access": "index-not-readable",
    "to its end": "network-download-failed",
    "when its files were uploaded": "index-not-readable", "disk is full": "disk-full", "quota": "disk-full",
    "open as many files": "process-limit-reached", "read-only": "files-not-readable",
    "by this user": "files-not-readable",
    "hash differs": "download-hash-mismatch", "what no wheel may hold": "unsafe-wheel",
    "has no address": "network-download-failed", "valid today": "network-download-failed",
    "not for this address": "network-download-failed", "not trusted here": "network-download-failed",
    "or broke off.": "network-download-failed", "could not be built here": "source-build-failed",
    "cannot be run (any more)": "interpreter-gone",
}  # fmt: skip


@pytest.mark.parametrize("rule", [*explain._UNSEEN, *explain._RULES], ids=lambda rule: rule.message[:30])
def test_each_sentence_for_uv_has_its_cause(rule: tuple[str, type, str, str]) -> None:
    [cause] = {cause for part, cause in SENTENCES.items() if part in rule[2]}
    lines = error_lines(rule[1](f"Building the environment: {rule[2]}", hint=rule[3]))
    assert told("\n".join(lines)).findings[0].cause == cause


OF_LOCKS = {
    "error: The lock is stale:\n  numpy: ==2.1.3 is no longer admitted\n   at: locks/r.txt": "tfsetup-lock-refused",
    "error: This lock cannot be used here: it has no wheel of h5py 3.11.0 for this system.": "tfsetup-lock-refused",
    "error: There is no such lock file.\n   at: requirements.lock": "tfsetup-lock-refused",
    "error: There is no lock file in locks.\n hint: `tfsetup lock` writes them.": "tfsetup-lock-refused",
    "error: This machine gets the row linux-x86_64-cuda, for which the team locks nothing.": "tfsetup-lock-refused",
    "error: linux-x86_64-cpu: `numpy>=2.3` (t.yaml:4:5) does not fit together with `tensorflow-cpu==2.16.2`, which the"
    " row asks for.\nuv said: error: No solution found": "dependency-conflict",
    "error: macos-arm64-cpu: pyodbc has no wheel, it is published as source only (`pyodbc` (t.yaml:3:5)).":
        "source-build-failed",
    "error: linux-x86_64-cpu: dm-tree 0.1.8 has no wheel for cp313 on linux-x86_64-cpu (`dm-tree` (t.txt:1:1)).":
        "no-wheel-for-python-version",
}  # fmt: skip


@pytest.mark.parametrize(("text", "cause"), OF_LOCKS.items())
def test_what_a_lock_is_refused_for_has_its_cause(text: str, cause: str) -> None:
    assert told(text).findings[0].cause == cause


OF_VERIFY = {
    "TensorFlow died of SIGILL (illegal instruction) while loading _pywrap_tensorflow_internal.so\n"
    "this CPU has no AVX; TensorFlow's x86_64 wheels are built for it and fail without a message": "cpu-no-avx",
    "TensorFlow died of SIGILL (illegal instruction) while importing tensorflow\n"
    "an x86_64 Python runs translated by Rosetta, which hides AVX; x86_64 TensorFlow is built for AVX":
        "rosetta-no-avx",
    "`import tensorflow` failed; native libraries are missing or damaged\n"
    "libtensorflow_cc.so.2, tensorflow 2.19.1: 4096 bytes instead of 1126400": "incomplete-install-missing-native-lib",
    "there is no TensorFlow in this environment\nModuleNotFoundError: No module named 'tensorflow'":
        "wrong-python-environment",
    "the process was ended from outside by SIGKILL in matmul on GPU:0\n"
    "out of memory, a limit of the container, or somebody's kill": "memory-limit",
    "the environment's interpreter could not be started": "interpreter-gone",
    "the interpreter is x86_64, arm64 was expected": "x86-python-on-apple-silicon",
    "an x86_64 Python runs translated by Rosetta on Apple silicon\nno Metal, no AVX, and slower than an arm64 Python":
        "x86-python-on-apple-silicon",
    "this machine's GPU (Apple M2) is not used: TensorFlow lists no GPU\neverything runs on the CPU":
        "metal-not-listed-no-plugin",
}  # fmt: skip


@pytest.mark.parametrize(("text", "cause"), OF_VERIFY.items())
def test_what_a_verification_finds_has_its_cause(text: str, cause: str) -> None:
    assert told(text).findings[0].cause == cause


def test_the_lines_that_matter_to_a_verification_matter_to_the_doctor() -> None:
    mattering = [pattern for kind, pattern, _ in KNOWN if kind == "matters"]
    lines = [
        "Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed",
        "Could not load dynamic library 'libcudnn.so.8'; dlerror: libcudnn.so.8: cannot open shared object file",
        "failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected",
        "Could not find cuda drivers on your machine, GPU will not be used.",
        "kernel version 535.54.3 does not match DSO version 550.90.7 -- cannot find working devices",
        "Ignoring visible gpu device with Cuda compute capability 3.5. The minimum required Cuda capability is 6.0.",
        "TensorFlow was not built with CUDA kernel binaries compatible with compute capability 12.0.",
    ]
    assert all(any(re.search(pattern, line) for line in lines) for pattern in mattering)
    for line in lines:
        found = told(f"2025-02-01 10:00:00.0: W tensorflow/core/x.cc:1] {line}")
        assert found.findings[0].kind != "harmless", line
        assert found.findings[0].confidence >= weights.PROBLEM, line
