"""GPUs and the rules that speak of them: what a model is, which rules concern it, why it does not fit."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache

from tfsetup.ground.versions import at_least, in_range
from tfsetup.host.model import Gpu, GpuVendor, Host
from tfsetup.matrix.choose.once import Once, directly
from tfsetup.matrix.file.rows import Fault, GpuModel, Rule
from tfsetup.matrix.machine import macos_in, macos_version

_GFX = r"\bgfx[0-9a-f]{3,5}\b"  # as rocminfo and Mesa write it behind the name


def model_of(gpu: Gpu, models: Sequence[GpuModel]) -> GpuModel | None:
    """Return the first model that the name of a GPU is of."""
    name = (gpu.name or "").lower()
    mine = (model for model in models if model.vendor == gpu.vendor)
    return next((one for one in mine if any(_named(word, name) for word in one.names)), None)


def virtual_gpu(host: Host, models: Sequence[GpuModel], vendors: Collection[GpuVendor]) -> Gpu | None:
    """Return the first of a machine's GPUs of some vendors if all of those are a virtual machine's; None otherwise."""
    mine = [gpu for gpu in with_models(host, models).gpus or () if gpu.vendor in vendors]
    return mine[0] if mine and all(gpu.virtual for gpu in mine) else None


def faults_of(gpu: Gpu, host: Host, models: Sequence[GpuModel]) -> tuple[Fault, ...]:
    """Return what is known to go wrong on a GPU under this machine's macOS; one that is not known rules nothing out."""
    model, have = model_of(gpu, models), macos_version(host)
    known = model.faults if model is not None else ()
    return tuple(one for one in known if one.macos is None or have is None or macos_in(one.macos, have))


def with_models(host: Host, models: Sequence[GpuModel], once: Once = directly) -> Host:
    """Return the host with what the names of its GPUs say; what the host says itself is never replaced."""
    if not host.gpus:
        return host
    return replace(host, gpus=tuple(once(_with_model, gpu, models) for gpu in host.gpus))


def _with_model(gpu: Gpu, models: Sequence[GpuModel]) -> Gpu:
    name, model = (gpu.name or "").lower(), model_of(gpu, models)
    written = re.search(_GFX, name) if gpu.vendor == "amd" else None
    capability = gpu.compute_capability or (model.capability if model else None)
    gfx = gpu.gfx or (written[0] if written else model.gfx if model else None)
    virtual = gpu.virtual if gpu.virtual is not None or model is None or not model.virtual else True
    return replace(gpu, compute_capability=capability, gfx=gfx, virtual=virtual)


@lru_cache(maxsize=4096)
def _named(word: str, name: str) -> bool:
    """Whether a name has a word of a model, not as a part of a longer word or number."""
    return re.search(rf"(?<![a-z0-9]){re.escape(word.lower())}(?![a-z0-9])", name) is not None


def capabilities(host: Host) -> list[str] | None:
    """Return the compute capabilities of all NVIDIA GPUs; None where there is none, or one that does not say."""
    found = [gpu.compute_capability for gpu in host.gpus or () if gpu.vendor == "nvidia"]
    known = [capability for capability in found if capability]
    return known if known and len(known) == len(found) else None


def concerns(rule: Rule, host: Host, *, every: bool = False) -> bool:
    """Whether a rule speaks of this machine's GPUs: of any, or of `every` one (what a rule forbids, another may do)."""
    if rule.on_capability is None:
        return True
    wanted = rule.on_capability
    if every:
        known = capabilities(host)
        return known is not None and all(in_range(wanted, have) for have in known)
    return any(in_range(wanted, gpu.compute_capability) for gpu in host.gpus or () if gpu.compute_capability)


def unfit(rule: Rule, host: Host) -> str:
    """Return why no GPU of this machine is one that a rule asks for; "" when one is, or nobody could tell."""
    asks = rule.capability is not None or rule.capability_most is not None
    known = capabilities(host) if asks else None
    if known and not any(_within(rule, have) for have in known):
        return f"{rule.because} (the GPU here has {', '.join(known)})"
    amd = [gpu.gfx for gpu in host.gpus or () if gpu.vendor == "amd"] if rule.gfx else []
    if amd and all(amd) and not set(amd) & set(rule.gfx):
        return f"{rule.because} (the GPU here is {', '.join(gfx for gfx in amd if gfx)})"
    return ""


def _within(rule: Rule, have: str) -> bool:
    least, most = rule.capability, rule.capability_most
    return (least is None or at_least(have, least) is not False) and (most is None or at_least(most, have) is not False)


def doubts(rule: Rule, host: Host) -> str:
    """Return what could not be told of the GPUs that a chosen release has a rule for; "" where nothing is open."""
    if rule.gfx and not all(gpu.gfx for gpu in host.gpus or () if gpu.vendor == "amd"):
        return f"could not tell which GPU this is, and {rule.because}"
    return ""
