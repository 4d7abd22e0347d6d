"""A GPU that a virtual machine plays: it is called what it is, and its speed is no measure. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tfsetup.host.model import Gpu, GpuVendor, Host
from tfsetup.matrix.choose.gpus import faults_of, virtual_gpu
from tfsetup.matrix.file.rows import GpuModel
from tfsetup.verify.model import Device, Failure, Finding
from tfsetup.verify.observed import Observed

_NAMED: Final = re.compile(r"Metal device set to: (\S[^\r\n]{0,99})")
_COMPUTING: Final[tuple[GpuVendor, ...]] = ("apple", "nvidia", "amd")
"""Whose GPUs TensorFlow computes on: a display adapter of a server's board beside them says nothing."""
_CPU: Final = "tfsetup install --accelerator cpu computes without it"


def played(seen: Observed, host: Host | None, models: Sequence[GpuModel]) -> Gpu | None:
    """Return the GPU of a virtual machine, by what the plugin says that it computes on, else by the machine's own word.

    None: it is a real one, or nobody could tell. A machine with a real GPU beside it may be using that.
    """
    named = named_gpu(seen, host)
    if named is not None:
        host = replace(host or Host(os="macos"), gpus=(named,))
    return virtual_gpu(host, models, _COMPUTING) if host is not None else None


def named_gpu(seen: Observed, host: Host | None) -> Gpu | None:
    """Return the GPU that the plugin says it computes on, with what the machine knows of it; None: it says nothing."""
    said = _NAMED.search(seen.outcome.stderr)
    return _of(said[1].strip(), host) if said is not None else None


def _of(name: str, host: Host | None) -> Gpu:
    """Return the machine's GPU of that name, with what it knows of it."""
    there = (gpu for gpu in (host.gpus if host is not None else None) or () if gpu.name == name)
    return next(there, Gpu(vendor="apple", name=name))


def marked(devices: Sequence[Device], gpu: Gpu | None) -> tuple[Device, ...]:
    """Return the devices, each GPU with what it is; None: nobody said that it is a virtual one."""
    return tuple(replace(one, virtual=True) if one.type == "GPU" and gpu is not None else one for one in devices)


def virtual_findings(
    gpu: Gpu | None, judged: Sequence[Device], failure: Failure | None, host: Host | None, models: Sequence[GpuModel]
) -> Iterator[Finding]:
    """Say what a virtual GPU is and what is known to go wrong on it: a warning where something did."""
    if gpu is None:
        return
    devices = [one for one in judged if one.type == "GPU"]
    bad = failure is not None or any(one.status in {"wrong", "fallback", "failed"} for one in devices)
    known = "; ".join(fault.what for fault in faults_of(gpu, host or Host(os="macos"), models))
    yield Finding(
        severity="warning" if bad else "note",
        title=f"{devices[0].name if devices else 'the GPU'} is a virtual machine's ({gpu.name or gpu.vendor}): "
        "its speed says nothing of real hardware, and what it computes may be wrong",
        detail=f"seen on it: {known}" if known else "",
        fix=(_CPU,) if bad else (),
    )
