"""What the name of a graphics card tells: who made it, and what code it runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tfsetup.host.model import Gpu, GpuVendor, Host
from tfsetup.matrix.choose.gpus import with_models
from tfsetup.matrix.file.rows import GpuModel

_VENDORS: Final[Mapping[GpuVendor, tuple[str, ...]]] = {
    "apple": ("apple",), "amd": ("amd", "radeon", "gfx", "instinct"),
    "nvidia": (
        "nvidia", "geforce", "rtx", "gtx", "tesla", "quadro", "titan", "a100", "v100", "h100", "h200", "b200", "p100",
        "k80", "a6000", "a10g", "l40",
    ),
}  # fmt: skip


def told_by(card: str, models: Sequence[GpuModel]) -> dict[str, str]:
    """Return the facts that follow from a card's name; `models` are the matrix's, whose capability is known."""
    small = card.lower()
    vendor = next((vendor for vendor, words in _VENDORS.items() if any(word in small for word in words)), None)
    if vendor is None:
        return {}
    spaced = small.replace("rtx", "rtx ").replace("gtx", "gtx ").replace("  ", " ")
    [gpu] = with_models(Host(gpus=(Gpu(vendor=vendor, name=spaced),)), models).gpus or ()
    return {"gpu": vendor, **({"compute": gpu.compute_capability} if gpu.compute_capability else {})}
