"""The devices that TensorFlow lists: in which order, which are asked to compute, and where a tensor really is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tfsetup.verify.probes.devices import Device, actual, listed, prepare, softly


def physical(kind: str, number: int = 0) -> Any:
    return SimpleNamespace(name=f"/physical_device:{kind}:{number}", device_type=kind)


class Config:
    """The part of `tf.config` that is asked, and a list of what was set."""

    def __init__(self, *devices: Any, details: dict[str, Any] | None = None, growth: bool = True) -> None:
        self.devices = devices
        self.details = details
        self.growth = growth
        self.done: list[tuple[str, Any]] = []
        self.experimental = self

    def list_physical_devices(self, kind: str | None = None) -> list[Any]:
        return [device for device in self.devices if kind in (None, device.device_type)]

    def get_device_details(self, device: Any) -> dict[str, Any] | None:
        if self.details is None:
            raise ValueError("this plugin has no details")
        return self.details.get(device.device_type)

    def set_soft_device_placement(self, on: bool) -> None:
        self.done.append(("soft", on))

    def set_visible_devices(self, devices: list[Any]) -> None:
        self.done.append(("visible", [device.name for device in devices]))

    def set_memory_growth(self, device: Any, on: bool) -> None:
        if not self.growth:
            raise RuntimeError("no such setting")
        self.done.append((device.name, on))


def tensorflow(*devices: Any, **more: Any) -> Any:
    return SimpleNamespace(config=Config(*devices, **more))


def test_the_cpu_comes_first_and_each_has_the_name_people_write() -> None:
    found = listed(tensorflow(physical("GPU", 1), physical("GPU"), physical("CPU"), details={}))
    assert [device.name for device in found] == ["CPU:0", "GPU:0", "GPU:1"]


def test_what_the_driver_says_is_told() -> None:
    details = {"GPU": {"device_name": "Imagined", "compute_capability": (8, 6)}}
    cpu, gpu = (device.as_event() for device in listed(tensorflow(physical("CPU"), physical("GPU"), details=details)))
    assert (gpu["description"], gpu["compute_capability"]) == ("Imagined", "8.6")
    assert (cpu["description"], cpu["compute_capability"]) == (None, None)
    assert cpu["measured"] is gpu["measured"] is True


def test_a_plugin_without_details_is_a_device_all_the_same() -> None:
    (gpu,) = listed(tensorflow(physical("GPU"), details=None))
    assert gpu.as_event()["description"] is None


@pytest.mark.parametrize(
    ("kind", "only", "measured"),
    [("CPU", None, True), ("GPU", None, True), ("GPU", "CPU", False), ("CPU", "CPU", True), ("XLA_GPU", None, False)],
)
def test_which_devices_compute(kind: str, only: str | None, measured: bool) -> None:
    assert Device(physical(kind), {}).measured(only) is measured


def test_an_operation_without_a_kernel_shall_fail() -> None:
    tf = tensorflow(physical("CPU"), physical("GPU"))
    prepare(tf)
    assert tf.config.done == [("soft", False), ("/physical_device:GPU:0", True)]


def test_a_plugin_that_cannot_grow_its_memory_is_used_as_it_is() -> None:
    tf = tensorflow(physical("GPU"), growth=False)
    prepare(tf)
    assert tf.config.done == [("soft", False)]


def test_with_one_kind_alone_no_other_is_touched() -> None:
    tf = tensorflow(physical("CPU"), physical("GPU"))
    prepare(tf, "CPU")
    assert tf.config.done == [("soft", False), ("visible", ["/physical_device:CPU:0"])]


def test_soft_placement_ends_with_its_block_even_when_that_raises() -> None:
    tf = tensorflow()
    with pytest.raises(RuntimeError), softly(tf):
        raise RuntimeError
    assert tf.config.done == [("soft", True), ("soft", False)]


@pytest.mark.parametrize(
    ("backing", "device", "where"),
    [
        ("/job:localhost/replica:0/task:0/device:CPU:0", "/device:GPU:0", "CPU:0"),
        (None, "/job:localhost/device:GPU:1", "GPU:1"),
        ("", "/device:GPU:0", "GPU:0"),
    ],
)
def test_a_tensor_is_where_its_memory_is(backing: str | None, device: str, where: str) -> None:
    assert actual(SimpleNamespace(backing_device=backing, device=device)) == where
    if backing is None:
        assert actual(SimpleNamespace(device=device)) == where
