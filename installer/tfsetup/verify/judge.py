"""Judges what a probe found against what was expected and against what this machine shows to be possible. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfsetup.ground.platforms import arch_of
from tfsetup.host.model import Host
from tfsetup.matrix.chips import Chips
from tfsetup.matrix.file.rows import GpuModel
from tfsetup.matrix.hazards import Hazard
from tfsetup.matrix.model import Expectation
from tfsetup.verify.blas import blas, blas_findings, numpy_findings
from tfsetup.verify.breakeven import break_evens
from tfsetup.verify.ceiling import ceiling
from tfsetup.verify.checked import GRAPHS
from tfsetup.verify.cures import cure_findings, present
from tfsetup.verify.devices import devices
from tfsetup.verify.failure import cpu_features, explain, failure
from tfsetup.verify.messages import sort_messages, unused_cpu_features
from tfsetup.verify.model import (
    Blas,
    Device,
    Event,
    Expected,
    Finding,
    Mode,
    NativeImage,
    ProbeOutcome,
    TensorFlow,
    Verification,
)
from tfsetup.verify.observed import Observed, number, text
from tfsetup.verify.peaks import LOW_POWER, accelerated, peak_findings, rated
from tfsetup.verify.virtual import marked, played, virtual_findings
from tfsetup.verify.words import told

BAD = {"wrong", "fallback", "failed"}


def judge(
    outcome: ProbeOutcome,
    expectation: Expectation | None,
    host: Host | None,
    *,
    mode: Mode = "quick",
    hazards: Sequence[Hazard] = (),
    gpus: Sequence[GpuModel] = (),
    chips: Chips | None = None,
    elsewhere: str | None = None,
) -> Verification:
    """Return the verification: every device's verdict, findings in words, and whether all of it is as it should be.

    `expectation` None judges only what does not depend on a row; `host` None leaves emulation by another CPU unnoticed.
    `hazards` are the matrix's: those of the environment's packages want their variables seen. `gpus` are the models it
    knows: one that a virtual machine plays is called so, and what is known to fail on it is told. `chips`: what they
    could do at best; a real GPU is held against that. `elsewhere`: where to read what else computes on this GPU.
    """
    seen = Observed(outcome=outcome)
    what = failure(seen)
    virtual = played(seen, host, gpus)
    at_best = _cores_at_best(seen, host)
    judged = marked(devices(seen, expectation, what, mode=mode, virtual=virtual is not None), virtual)
    judged = rated(judged, seen, host, chips, at_best)
    found_blas = blas(seen.cpu() or seen)
    findings = [explain(what, seen, host)] if what is not None else []
    findings += _device_findings(judged)
    findings += peak_findings(judged)
    findings += _without_xla(judged)
    findings += cure_findings(seen, expectation, present(seen, hazards, host))
    findings += virtual_findings(virtual, judged, what, host, gpus)
    findings += _idle_gpu(judged, expectation, host, elsewhere) if virtual is None else ()
    findings += _architecture(seen, expectation, host)
    findings += blas_findings(found_blas, expectation, cpu_features(seen, host))
    findings += numpy_findings(seen.cpu() or seen)
    findings += _log_findings(seen)
    findings += _gaps(seen)
    interpreter, imported, tensorflow = seen.last("interpreter"), seen.last("imported"), seen.last("tensorflow")
    features = seen.last("cpu").get("features")
    return Verification(
        python=text(interpreter.get("python")), interpreter=outcome.python, prefix=text(interpreter.get("prefix")),
        arch=text(interpreter.get("arch")), mode=mode,
        ok=not any(finding.severity == "error" for finding in findings) and bool(judged),
        tensorflow=TensorFlow(
            version=text(tensorflow.get("version")), git_version=text(tensorflow.get("git_version")),
            build=tensorflow.get("build") or {},
        ),
        import_s=number(imported.get("seconds")), import_phases=_phases(imported), devices=judged,
        break_even=break_evens(seen),
        blas=accelerated(found_blas or Blas(user="numpy", library=None), seen, host, chips),
        expected=_expected(expectation),
        native_runtime=_images(seen),
        ceiling_gflops=at_best,
        cpu_features=tuple(features or ()), cpu_features_unused=unused_cpu_features(outcome.stderr),
        onednn=tensorflow.get("onednn"), xnnpack=_xnnpack(seen), messages=sort_messages(outcome.stderr),
        environment=_influences(seen), failure=what, findings=tuple(findings),
        seconds=sum(each.seconds for each in _processes(outcome)),
    )  # fmt: skip


def _processes(outcome: ProbeOutcome) -> Iterator[ProbeOutcome]:
    """Yield every process that took part."""
    for each in (outcome, *((outcome.cpu,) if outcome.cpu is not None else ())):
        yield from (each, *each.more)


def _cores_at_best(seen: Observed, host: Host | None) -> float | None:
    """Return the peak of the CPU's cores; None: it is not known, or another CPU is played."""
    cores, clock = (seen.last("interpreter").get(name) for name in ("cores", "clock_ghz"))
    return None if _emulated(seen, host) else ceiling(cores, number(clock), seen.last("cpu").get("features"))


def _expected(row: Expectation | None) -> Expected:
    if row is None:
        return Expected()
    return Expected(devices=row.devices, blas=row.blas, arch=row.arch, environment=row.environment)


def _xnnpack(seen: Observed) -> bool | None:
    """TensorFlow Lite names its delegate in the log when it prepares a model; None: not asked, or not there."""
    ended = any(event.get("phase") == "tensorflow lite" for event in seen.all("end"))
    return "XNNPACK delegate for CPU" in seen.outcome.stderr if ended else None


def _phases(imported: Event) -> dict[str, float]:
    """Seconds of the import by package, Python code only, and `native libraries` for the loader's work."""
    phases = {str(name): float(seconds) for name, seconds in (imported.get("packages") or {}).items()}
    native = number(imported.get("native_seconds"))
    return phases if native is None else {"native libraries": native, **phases}


def _images(seen: Observed) -> tuple[NativeImage, ...]:
    return tuple(
        NativeImage(path=str(entry["path"]), arch=str(entry["arch"]), wheel=text(entry.get("wheel")))
        for entry in seen.last("libraries").get("libraries", ())
    )


def _device_findings(judged: tuple[Device, ...]) -> Iterator[Finding]:
    titles = {
        "wrong": "computes wrong results",
        "fallback": "is not used",
        "failed": "cannot compute",
        "slow": "is slower than this machine should be",
    }
    for device in judged:
        if device.status in titles:
            yield Finding(
                severity="error" if device.status in BAD else "warning",
                title=f"{device.name} {titles[device.status]}",
                detail=device.reason,
                fix=("tfsetup doctor",) if device.status in BAD else (LOW_POWER,) if device.pace == "slow" else (),
            )
        unrepeatable = next((item for item in device.matmul if item.repeatable is False), None)
        if unrepeatable is not None and device.status in {"ok", "slow"}:
            yield Finding(
                severity="note",
                title=f"{device.name}: the same product differs from run to run",
                detail=f"{unrepeatable.dtype} {unrepeatable.n}, within the rounding error",
            )


def _without_xla(judged: tuple[Device, ...]) -> Iterator[Finding]:
    """A plugin that brings no compiler is healthy, and everybody who asks for one gets an error: worth a word."""
    for device in judged:
        line = next((check.no_xla for check in device.checks if check.no_xla), None)
        if line is not None:
            yield Finding(
                severity="note",
                title=f"{device.name} has no XLA: what asks for jit_compile=True fails on it; asked without, it works",
                detail=line,
                fix=("model.compile(..., jit_compile=False) where Keras chooses XLA by itself",),
            )


def _influences(seen: Observed) -> dict[str, str]:
    """Variables of the user's, and settings of the graph optimizer that the program itself has made."""
    options = seen.last("tensorflow").get("options") or {}
    return {**(seen.last("interpreter").get("influences") or {}), **{key: str(value) for key, value in options.items()}}


def _idle_gpu(
    judged: tuple[Device, ...], expectation: Expectation | None, host: Host | None, elsewhere: str | None
) -> Iterator[Finding]:
    """Without a row that says what to expect, a GPU that TensorFlow does not list is still worth a word."""
    if expectation is not None or not judged or any(device.type == "GPU" for device in judged):
        return
    able = [gpu for gpu in (host.gpus if host is not None else None) or () if gpu.vendor in {"apple", "nvidia"}]
    if able:
        yield Finding(
            severity="warning",
            title=f"this machine's GPU ({able[0].name or able[0].vendor}) is not used: TensorFlow lists no GPU",
            detail="everything runs on the CPU",
            fix=(
                "tfsetup resolve says whether a TensorFlow that can use it fits this machine",
                *([elsewhere] if elsewhere else []),
                "tfsetup doctor",
            ),
        )


def _architecture(seen: Observed, expectation: Expectation | None, host: Host | None) -> Iterator[Finding]:
    interpreter = seen.last("interpreter")
    arch = text(interpreter.get("arch"))
    if arch is None:
        return
    if expectation is not None and expectation.arch is not None and _same(arch) != _same(expectation.arch):
        yield Finding(
            severity="error",
            title=f"the interpreter is {arch}, {expectation.arch} was expected",
            detail=text(interpreter.get("executable")) or "",
            fix=(f"tfsetup install, with an {expectation.arch} Python",),
        )
    elif interpreter.get("translated") is True:
        yield Finding(
            severity="warning",
            title="an x86_64 Python runs translated by Rosetta on Apple silicon",
            detail="no Metal, no AVX, and slower than an arm64 Python",
            fix=("tfsetup install, with an arm64 Python",),
        )
    elif host is not None and _emulated(seen, host):
        yield Finding(
            severity="warning",
            title=f"an {arch} interpreter is emulated on {host.arch} hardware",
            detail="speeds say nothing about this machine",
        )


def _emulated(seen: Observed, host: Host | None) -> bool:
    """Tell whether the interpreter is for another CPU than the hardware's; clocks then say nothing."""
    arch = text(seen.last("interpreter").get("arch"))
    known = host is not None and host.arch is not None and arch is not None
    return known and _same(arch or "") != _same((host and host.arch) or "")


def _same(arch: str) -> str:
    return arch_of(arch) or arch.lower()


def _log_findings(seen: Observed) -> Iterator[Finding]:
    for message in sort_messages(seen.outcome.stderr):
        if message.kind == "matters" and not _expected_absence(message.meaning, seen):
            yield Finding(severity="note", title=message.meaning, detail=message.line)


def _expected_absence(meaning: str, seen: Observed) -> bool:
    """A build without CUDA, or a machine without its driver, says so at every start; that is no news."""
    build = seen.last("tensorflow").get("build") or {}
    return "no NVIDIA driver" in meaning and not build.get("is_cuda_build")


def _gaps(seen: Observed) -> Iterator[Finding]:
    """Phases that ended in an exception and that no device's verdict covers: an answer is missing, so it is said."""
    for event in seen.all("error"):
        phase = str(event.get("phase"))
        if phase not in {"import", "devices"}:
            yield Finding(
                severity="error"
                if phase.startswith(("matmul float32", "checks", "convolution", "training", *GRAPHS))
                else "warning",
                title=f"phase `{phase}` could not be completed",
                detail=told(event),
            )
