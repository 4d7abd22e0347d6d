"""The devices TensorFlow lists, and where a tensor really is."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator  # noqa: UP035 - see channel.py

# Devices that are another view of the CPU or need a service; a product of matrices on them would prove nothing new.
NOT_MEASURED = ("XLA_CPU", "XLA_GPU", "TPU_SYSTEM")


class Device:
    """One device: `name` as people write it (`GPU:0`), `type`, and the description its driver gives."""

    def __init__(self, physical: Any, details: dict[str, Any]) -> None:
        """Take a `tf.config.PhysicalDevice` and what `get_device_details` says of it."""
        self.name = physical.name.split("physical_device:")[-1]
        self.type = physical.device_type
        self.details = details

    def measured(self, only: Any = None) -> bool:
        """Tell whether this device is asked to compute; `only` is the one type that is."""
        return self.type not in NOT_MEASURED and only in (None, self.type)

    def as_event(self) -> dict[str, Any]:
        """Return the JSON form."""
        capability = self.details.get("compute_capability")
        return {
            "name": self.name,
            "type": self.type,
            "description": self.details.get("device_name"),
            "compute_capability": ".".join(map(str, capability)) if capability else None,
            "measured": self.measured(),
        }


def listed(tf: Any) -> list[Device]:
    """Return the physical devices TensorFlow lists, CPU first."""
    devices = []
    for physical in tf.config.list_physical_devices():
        try:
            details = tf.config.experimental.get_device_details(physical)
        except Exception:  # TensorFlow 2.5's plugins raise for devices without details
            details = {}
        devices.append(Device(physical, details or {}))
    return sorted(devices, key=lambda device: (device.type != "CPU", device.name))


def prepare(tf: Any, only: Any = None) -> None:
    """Turn soft placement off, so that an op without a kernel is an error here instead of a silent CPU op.

    Memory grows on demand: the default claims a whole GPU that somebody else may be using. `only` is the one type of
    device that TensorFlow may touch, after another one has ended or stopped the process.
    """
    tf.config.set_soft_device_placement(False)
    if only:
        tf.config.set_visible_devices(tf.config.list_physical_devices(only))
        return
    for physical in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(Exception):  # plugins without this setting still compute
            tf.config.experimental.set_memory_growth(physical, True)


@contextlib.contextmanager
def softly(tf: Any) -> Iterator[None]:
    """Let ops without a kernel run on the CPU, as they do in everybody's programs, and turn that off again."""
    tf.config.set_soft_device_placement(True)
    try:
        yield
    finally:
        tf.config.set_soft_device_placement(False)


def actual(tensor: Any) -> str:
    """Return the device whose memory holds `tensor`, such as `GPU:0`."""
    where = getattr(tensor, "backing_device", None) or tensor.device
    return str(where).split("device:")[-1]
