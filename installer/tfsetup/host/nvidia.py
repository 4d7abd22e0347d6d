"""Asking nvidia-smi, which knows less the older it is."""

from __future__ import annotations

from tfsetup.host.model import Gpu
from tfsetup.host.parsers.gpus import lacks_compute_cap, no_nvidia_device, read_nvidia_smi
from tfsetup.host.world import Fact, Later, Output, World

_LIMIT_S = 10.0  # without a persistence daemon the driver starts every GPU first


Answer = Fact[tuple[Gpu, ...]]
"""The GPUs, or None and, as the source, why nvidia-smi did not say."""


def ask(world: World, smi: str) -> Later[Answer]:
    """Start `smi`; when called, ask again without the field that drivers before 510 do not know."""
    running = world.start(_query(smi, "name,driver_version,compute_cap"), limit_s=_LIMIT_S)

    def finish() -> Answer:
        output = running()
        if lacks_compute_cap(output.stdout + output.stderr):
            again = world.start(_query(smi, "name,driver_version"), limit_s=_LIMIT_S)
            return _judge(smi, again(), with_capability=False)
        return _judge(smi, output, with_capability=True)

    return finish


def _query(smi: str, fields: str) -> list[str]:
    return [smi, f"--query-gpu={fields}", "--format=csv,noheader"]


def _judge(smi: str, output: Output, *, with_capability: bool) -> Answer:
    if no_nvidia_device(output.stdout + output.stderr):
        return Fact(value=(), source=f"{smi}: no devices were found")
    if not output.ok:
        return Fact(value=None, source=f"{smi}: {output.trouble}")
    gpus = read_nvidia_smi(output.stdout, with_capability=with_capability)
    return Fact(value=gpus, source=smi if gpus is not None else f"{smi} printed something else than was asked for")
