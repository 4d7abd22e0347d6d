"""The JSON form of a verification: INTERFACE, "`verify`", with more keys beside those."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tfsetup.verify.model import Device, Verification


def to_data(found: Verification) -> dict[str, Any]:
    """Return `data` of the JSON envelope."""
    return {
        "python": found.python_version,
        "interpreter": found.python,
        "prefix": found.prefix,
        "arch": found.arch,
        "ok": found.ok,
        "mode": found.mode,
        "tensorflow": {"version": found.tensorflow, "git_version": found.git_version, "build": dict(found.build)},
        "import_s": found.import_s,
        "import_phases": dict(found.import_phases),
        "seconds": found.seconds,
        "devices": [_device(device) for device in found.devices],
        "blas": _blas(found),
        "expected": _expected(found),
        "native_runtime": [asdict(image) for image in found.native_runtime],
        "cpu_features_unused": list(found.cpu_features_unused),
        "ceiling_gflops": found.ceiling_gflops,
        "cpu_features": list(found.cpu_features),
        "onednn": found.onednn,
        "xnnpack": found.xnnpack,
        "messages": [asdict(message) for message in found.messages],
        "environment": dict(found.influences),
        "failure": asdict(found.failure) if found.failure else None,
    }


def findings_data(found: Verification) -> list[dict[str, Any]]:
    """Return `findings` of the JSON envelope."""
    return [{**asdict(finding), "fix": list(finding.fix)} for finding in found.findings]


def _device(device: Device) -> dict[str, Any]:
    return {
        "name": device.name,
        "type": device.type,
        "status": device.status,
        "reason": device.reason,
        "description": device.description,
        "matmul": [asdict(item) for item in device.matmul],
        "checks": [asdict(item) | {"error": item.max_rel_error, "limit": item.tolerance} for item in device.checks],
    }


def _blas(found: Verification) -> dict[str, Any]:
    """NumPy's BLAS on top, as INTERFACE has it; SciPy's, where there is one, under its name."""
    by_user = {item.user: asdict(item) for item in found.blas}
    numpy = by_user.pop("numpy", {"library": None, "arch": None})
    return {**numpy, **by_user}


def _expected(found: Verification) -> dict[str, Any]:
    if found.expected is None:
        return {}
    expected = found.expected
    return {
        "devices": list(expected.devices),
        "blas": expected.blas,
        "arch": expected.arch,
        "environment": dict(expected.environment),
    }
