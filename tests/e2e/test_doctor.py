"""Really break a real TensorFlow, ask the doctor, type the first fix it gives, and see that it runs again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from support.doctor import command_of
from support.process import ROOT
from tfsetup.host.probe import probe

pytestmark = pytest.mark.e2e

HOST = probe(downloads=False)
PYTHONS = {python.minor: python.path for python in HOST.pythons or () if python.path and not python.free_threaded}
UV = find_uv_bin()
# Since setuptools 82 the program `tensorboard` of these does not start: such an environment is not healthy.
BASES = {
    "2.19": ("3.12", ["tensorflow-cpu==2.19.1", "setuptools<82"]),
    "2.15": ("3.11", ["tensorflow-cpu==2.15.1", "setuptools<82"]),
    "2.8": ("3.9", ["tensorflow-cpu==2.8.4", "numpy<2", "protobuf<3.20", "setuptools<82"]),
}

x86_64_only = pytest.mark.skipif(
    HOST.os != "linux" or HOST.arch != "x86_64", reason="these wheels are for Linux on x86_64"
)


@dataclass(frozen=True)
class Patient:
    """A copy of a real environment that may be broken, and the folder its user works in."""

    prefix: Path
    folder: Path
    downloads: Path  # pip's, shared by all patients, so that a wheel is fetched once

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python"

    @property
    def site(self) -> Path:
        return next((self.prefix / "lib").glob("python3*/site-packages"))

    @property
    def environ(self) -> dict[str, str]:
        """What an activated environment and caches of one's own look like."""
        return os.environ | {
            "PATH": f"{self.prefix / 'bin'}:{Path(UV).parent}:{os.environ['PATH']}",
            "VIRTUAL_ENV": str(self.prefix),
            "PIP_CACHE_DIR": str(self.downloads),
            "PIP_NO_COMPILE": "1",
            "PYTHONPATH": str(ROOT / "installer"),
        }

    def pip(self, *words: str) -> None:
        subprocess.run([UV, "pip", *words, "-q", "--python", str(self.python)], check=True)

    def replace(self, path: str, content: bytes) -> None:
        """Write another file in its place; the old one is shared with the cache and must not be touched."""
        (self.site / path).unlink()
        (self.site / path).write_bytes(content)

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/bash", "-c", command], cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False
        )

    def imports(self) -> subprocess.CompletedProcess[str]:
        environ = {name: value for name, value in self.environ.items() if name != "PYTHONPATH"}
        program = "import tensorflow as tf; print(tf.reduce_sum(tf.ones([3, 3])).numpy())"
        return subprocess.run(
            [self.python, "-c", program], cwd=self.folder, env=environ, capture_output=True, text=True, check=False
        )

    def doctor(self, *argv: str, status: int) -> dict[str, Any]:
        # `-P`: what lies in the user's folder must not stand in the way of the doctor, as it does not for a script.
        command = [sys.executable, "-P", "-m", "tfsetup", "-q", "doctor", *argv, "--json"]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == status, done.stdout + done.stderr
        data = json.loads(done.stdout)["data"]
        assert isinstance(data, dict)
        return data

    def explain(self, log: str, *argv: str) -> dict[str, Any]:
        (self.folder / "log.txt").write_text(log)
        first = self.doctor("--log", "log.txt", *argv, status=7)["findings"][0]
        assert isinstance(first, dict)
        return first


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder, built = tmp_path_factory.mktemp("bases"), dict[str, Path]()
    (folder / "pip").mkdir()
    # A fix may ask for the newest TensorFlow; here that is the one whose wheel is at hand.
    (folder / "constraints.txt").write_text("tensorflow-cpu<=2.19.1\n")

    def base(name: str) -> Path:
        minor, requirements = BASES[name]
        if minor not in PYTHONS:
            pytest.skip(f"no Python {minor} on this machine")
        if name not in built:
            prefix = folder / name
            subprocess.run([UV, "venv", "-q", "--seed", "-p", str(PYTHONS[minor]), str(prefix)], check=True)
            subprocess.run([UV, "pip", "install", "-q", "--python", str(prefix), *requirements], check=True)
            # Bytecode is written once here, not by each patient: half of what an import takes.
            for words in (["-c", "import tensorflow"], ["-m", "pip", "check"]):
                subprocess.run([prefix / "bin" / "python", *words], capture_output=True, check=False)
            built[name] = prefix
        return built[name]

    return base


@pytest.fixture
def patient(bases: Callable[[str], Path], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Patient]:
    """A copy of the base that the test names (`2.19` by default), removed afterwards: each is a gigabyte."""
    base = bases(getattr(request, "param", "2.19"))
    prefix, folder = tmp_path / "env", tmp_path / "work"
    folder.mkdir()
    # Links, not copies: files are only ever replaced. An environment this simple may be moved.
    subprocess.run(["cp", "-al", str(base), str(prefix)], check=True)
    yield Patient(prefix=prefix, folder=folder, downloads=base.parent / "pip")
    shutil.rmtree(tmp_path, ignore_errors=True)


def on(base: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("patient", [base], indirect=True)


def heal(patient: Patient, cause: str, *, imports: bool = True) -> None:
    """The whole way: broken, found, fixed by the first fix, running again, and healthy in the doctor's eyes.

    `imports` is false where TensorFlow can still be imported, though not with what it asks for. Then pip, which knows
    nothing of the doctor, says whether the packages fit: an import takes ten seconds.
    """
    look = [str(patient.prefix)] if imports else [str(patient.prefix), "--no-import"]
    found = patient.doctor(*look, status=7)
    first = found["findings"][0]
    assert first["cause"] == cause, found
    assert first["confidence"] >= 0.8
    assert first["evidence"]
    fixed = patient.shell(command_of(first["fix"][0]))
    assert fixed.returncode == 0, fixed.stdout + fixed.stderr
    if imports:
        running = patient.imports()
        assert running.stdout == "9.0\n", running.stderr
    else:
        checked = patient.shell("python -m pip check")
        assert checked.returncode == 0, checked.stdout
    after = patient.doctor(str(patient.prefix), "--no-import", status=0)
    assert after["verdict"] == "healthy", after


@x86_64_only
@on("2.15")
def test_nothing_is_found_in_a_healthy_environment(patient: Patient) -> None:
    assert patient.doctor(str(patient.prefix), status=0) == {
        "healthy": True, "verdict": "healthy", "findings": [], "needs": [], "unexplained": [],
        "contradictions": [], "advice": [], "questions": [],
    }  # fmt: skip


@x86_64_only
@on("2.15")
def test_a_tensorboard_without_pkg_resources(patient: Patient) -> None:
    patient.pip("install", "setuptools>=82")
    assert patient.shell("python -m tensorboard.main --version").returncode != 0
    heal(patient, "pkg-resources-removed")
    assert patient.shell("python -m tensorboard.main --version").returncode == 0


@x86_64_only
@on("2.15")
def test_numpy_2_under_an_old_tensorflow(patient: Patient) -> None:
    patient.pip("install", "numpy>=2")
    heal(patient, "numpy2-abi")


@x86_64_only
@on("2.15")
def test_a_protobuf_too_new(patient: Patient) -> None:
    patient.pip("install", "protobuf>=7")
    heal(patient, "protobuf-too-new", imports=False)


@x86_64_only
@pytest.mark.exhaustive
@on("2.8")
def test_a_protobuf_that_refuses_the_generated_code(patient: Patient) -> None:
    patient.pip("install", "protobuf>=4,<5")
    heal(patient, "protobuf-too-new")


@x86_64_only
def test_a_protobuf_too_old(patient: Patient) -> None:
    patient.pip("install", "protobuf==3.19.6")
    heal(patient, "protobuf-too-old")


@x86_64_only
@on("2.15")
def test_keras_3_under_a_tensorflow_of_keras_2(patient: Patient) -> None:
    patient.pip("install", "keras>=3")
    heal(patient, "keras-tensorflow-version-mismatch", imports=False)


@x86_64_only
def test_ml_dtypes_of_another_time(patient: Patient) -> None:
    patient.pip("install", "ml-dtypes<0.5")
    heal(patient, "ml-dtypes-version-conflict", imports=False)


@x86_64_only
def test_a_requirement_that_is_gone(patient: Patient) -> None:
    patient.pip("uninstall", "wrapt")
    heal(patient, "package-outside-requirements")


@x86_64_only
@pytest.mark.exhaustive
def test_a_native_module_that_was_cut_short(patient: Patient) -> None:
    path = next(path for path in patient.site.glob("ml_dtypes/*.so"))
    patient.replace(str(path.relative_to(patient.site)), path.read_bytes()[:100_000])
    heal(patient, "incomplete-install-missing-native-lib")


@x86_64_only
@pytest.mark.exhaustive
def test_a_library_that_is_gone(patient: Patient) -> None:
    (patient.site / "tensorflow/libtensorflow_framework.so.2").unlink()
    heal(patient, "incomplete-install-missing-native-lib")


@x86_64_only
@pytest.mark.exhaustive
def test_a_library_that_was_cut_short(patient: Patient) -> None:
    path = "tensorflow/libtensorflow_cc.so.2"
    with (patient.site / path).open("rb") as file:
        head = file.read(1_000_000)
    patient.replace(path, head)
    heal(patient, "incomplete-install-missing-native-lib")


@x86_64_only
@pytest.mark.exhaustive
def test_a_library_that_is_no_library(patient: Patient) -> None:
    patient.replace("tensorflow/python/_pywrap_tensorflow_internal.so", b"<html>502 Bad Gateway</html>\n")
    heal(patient, "incomplete-install-missing-native-lib")


@x86_64_only
@pytest.mark.parametrize("name", ["random", pytest.param("tensorflow", marks=pytest.mark.exhaustive)])
def test_a_file_that_shadows_a_module(patient: Patient, name: str) -> None:
    (patient.folder / f"{name}.py").write_text("x = 1\n")
    heal(patient, "local-file-shadows-module")


@x86_64_only
@pytest.mark.exhaustive
def test_no_tensorflow_at_all(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONSTRAINT", str(patient.downloads.parent / "constraints.txt"))
    patient.pip("uninstall", "tensorflow-cpu")
    heal(patient, "wrong-python-environment")


def force(patient: Patient, what: str, *, python: str, platform: str = "x86_64-manylinux_2_28") -> None:
    """Put a wheel for another interpreter into the environment, as `pip --platform` or a copied folder does."""
    patient.pip("uninstall", what.partition("==")[0])
    forced = ["--no-deps", "--target", str(patient.site), "--python-version", python, "--python-platform", platform]
    subprocess.run([UV, "pip", "install", "-q", *forced, "--only-binary", ":all:", what], check=True)


@x86_64_only
def test_a_wheel_for_another_python(patient: Patient) -> None:
    force(patient, "ml-dtypes==0.5.1", python="3.11")
    heal(patient, "wheel-tag-mismatch")


@x86_64_only
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("python", "platform", "what"),
    [
        ("3.11", "x86_64-manylinux_2_28", "tensorflow-cpu==2.19.1"),
        ("3.12", "aarch64-manylinux_2_28", "tensorflow==2.19.1"),
    ],
    ids=["another-python", "another-processor"],
)  # fmt: skip
def test_a_tensorflow_for_another_interpreter(patient: Patient, python: str, platform: str, what: str) -> None:
    patient.pip("uninstall", "tensorflow-cpu")
    force(patient, what, python=python, platform=platform)
    heal(patient, "wheel-tag-mismatch")


@x86_64_only
def test_two_tensorflows_in_one_folder(patient: Patient) -> None:
    info = patient.site / "tf_nightly_cpu-2.20.0.dev1.dist-info"
    shutil.copytree(patient.site / "tensorflow_cpu-2.19.1.dist-info", info)
    text = (info / "METADATA").read_text()
    text = text.replace("Name: tensorflow_cpu", "Name: tf-nightly-cpu").replace(
        "Name: tensorflow-cpu", "Name: tf-nightly-cpu"
    )
    (info / "METADATA").write_text(text.replace("Version: 2.19.1", "Version: 2.20.0.dev1", 1))
    record = (info / "RECORD").read_text().replace("tensorflow_cpu-2.19.1.dist-info", info.name)
    (info / "RECORD").write_text(record)
    heal(patient, "two-tensorflow-distributions", imports=False)


@x86_64_only
@pytest.mark.exhaustive
def test_tensorflow_text_of_another_minor(patient: Patient) -> None:
    patient.pip("install", "--no-deps", "tensorflow-text==2.18.1")
    look = [str(patient.prefix), "--no-import"]
    found = patient.doctor(*look, status=7)["findings"][0]
    assert found["cause"] == "tf-text-abi-mismatch"
    assert patient.shell(command_of(found["fix"][0])).returncode == 0
    assert patient.shell(f"{patient.python} -c 'import tensorflow_text'").returncode == 0
    assert patient.doctor(*look, status=0)["healthy"]


@x86_64_only
def test_a_download_with_another_hash(patient: Patient) -> None:
    patient.pip("uninstall", "six")
    (patient.folder / "requirements.txt").write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    own = f"export PIP_CACHE_DIR={patient.folder}/.pip-cache; "  # the fix empties the cache
    said = patient.shell(own + "python -m pip install --only-binary :all: -r requirements.txt")
    assert said.returncode != 0
    found = patient.explain(said.stdout + said.stderr)
    assert found["cause"] == "download-hash-mismatch"
    fixed = patient.shell(own + command_of(found["fix"][0]))
    assert fixed.returncode == 0, fixed.stderr
    assert not any("six" in fix or "pip install" in fix for fix in found["fix"])  # nothing the message names
    patient.pip("install", "six")
    assert patient.shell("python -m pip check").returncode == 0


@x86_64_only
def test_a_full_disk(patient: Patient) -> None:
    full = patient.folder / "full"
    full.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(full)], check=False).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        (full / "pip" / "http-v2").mkdir(parents=True)
        (full / "pip" / "http-v2" / "old").write_bytes(b"x" * 28_000_000)
        install = f"export PIP_CACHE_DIR={full}/pip UV_CACHE_DIR={full}/uv TMPDIR={full}; "
        wanted = f"python -m pip install --target {full}/site --no-deps wrapt six"
        said = patient.shell(f"head -c 4000000 /dev/zero > {full}/rest; {install}{wanted}")
        assert said.returncode != 0
        found = patient.explain(said.stdout + said.stderr)
        assert found["cause"] == "disk-full"
        patient.shell(install + command_of(found["fix"][0]))
        (full / "rest").unlink()
        fixed = patient.shell(install + wanted)
        assert fixed.returncode == 0, fixed.stderr
        assert not (full / "pip" / "http-v2" / "old").exists()
    finally:
        subprocess.run(["umount", str(full)], check=True)


@x86_64_only
def test_a_version_that_never_was(patient: Patient) -> None:
    said = patient.shell("python -m pip install tensorflow-cpu==2.19.7")
    found = patient.explain(said.stdout + said.stderr)
    assert found["cause"] == "nonexistent-version-pin"
    fixed = patient.shell(command_of(found["fix"][0]))
    assert fixed.returncode == 0, fixed.stderr
    assert patient.shell("python -m pip check").returncode == 0


@x86_64_only
def test_a_version_for_older_pythons(patient: Patient) -> None:
    said = patient.shell("python -m pip install tensorflow-cpu==2.10.0")
    (patient.folder / "host.json").write_text(
        '{"os": "linux", "arch": "x86_64", "libc": {"name": "glibc"}, "pythons": [{"version": "3.12.1"}]}'
    )
    found = patient.explain(said.stdout + said.stderr, "--host", "host.json")
    assert found["cause"] == "no-wheel-for-python-version"
    assert found["confidence"] >= 0.9
    command = command_of(found["fix"][0]).replace("tfsetup", f"{sys.executable} -m tfsetup", 1)
    assert "3.10" in patient.shell(command).stdout


@x86_64_only
@pytest.mark.heavy
@pytest.mark.skipif(shutil.which("qemu-x86_64-static") is None, reason="needs qemu-user-static")
def test_a_processor_without_avx(patient: Patient) -> None:
    program = f"{patient.python} -c 'import tensorflow'"
    said = patient.shell(f"qemu-x86_64-static -cpu Nehalem {program}; echo exit code $?")
    (patient.folder / "host.json").write_text('{"os": "linux", "arch": "x86_64", "cpu": {"features": ["sse4_2"]}}')
    found = patient.explain(said.stdout + said.stderr, "--host", "host.json")
    assert found["cause"] in {"cpu-no-avx", "emulated-x86-container-no-avx"}
    assert "cpu=host" in found["fix"][0] or "arm64" in found["fix"][0]
    # "Give it the host's CPU model": without the emulator that is what it has.
    assert patient.imports().stdout == "9.0\n"


@x86_64_only
@pytest.mark.exhaustive
@pytest.mark.skipif(shutil.which("qemu-x86_64-static") is None, reason="needs qemu-user-static")
def test_an_emulated_processor_with_avx_does(patient: Patient) -> None:
    program = f"{patient.python} -c 'import tensorflow'"
    assert patient.shell(f"qemu-x86_64-static -cpu SandyBridge {program}").returncode == 0


@x86_64_only
def test_the_doctor_rebuilds_by_itself(patient: Patient) -> None:
    (patient.site / "tensorflow/libtensorflow_framework.so.2").unlink()
    assert "Add --yes to agree" in str(
        subprocess.run(
            [sys.executable, "-P", "-m", "tfsetup", "doctor", str(patient.prefix), "--fix"],
            cwd=patient.folder, env=patient.environ, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        ).stderr
    )  # fmt: skip
    fixed = patient.doctor(str(patient.prefix), "--fix", "--yes", status=0)
    assert fixed["findings"][0]["cause"] == "incomplete-install-missing-native-lib"
    assert fixed["fixed"]["changed"] is True
    assert fixed["fixed"]["verify"]["tensorflow"]["version"]
    assert patient.doctor(str(patient.prefix), "--no-import", status=0)["healthy"]
