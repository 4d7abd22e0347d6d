"""Times of steps and epochs: which device is the slower one."""

from __future__ import annotations

import pytest

from tfsetup.doctor.speeds import gpu_is_slower


@pytest.mark.parametrize(
    "text",
    [
        "on the gpu: 100/100 - 9s 90ms/step and on the cpu: 100/100 - 1s 11ms/step",
        "CPU: 800us/step, GPU: 4ms/step",
        "With tensorflow-metal it takes 140 s per epoch, if I uninstall tensorflow-metal it is 5 s per epoch",
        "metal 2 minutes per epoch, without metal 30 seconds per epoch",
        "GPU run 9ms/step 10ms/step 8ms/step then Num GPUs Available: 0 1ms/step 2ms/step",
    ],
)
def test_the_gpu_is_slower(text: str) -> None:
    at = gpu_is_slower(text)
    assert at is not None
    assert text[at].isdigit()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpu 5ms/step",
        "cpu 5ms/step",
        "5ms/step 90ms/step",
        "gpu 5ms/step, cpu 20ms/step",
        "gpu 5ms/step, cpu 4ms/step",  # within what two runs differ by
        "gpu 5 ms/step, cpu 1 s per epoch",  # not of the same thing
    ],
)
def test_it_is_not(text: str) -> None:
    assert gpu_is_slower(text) is None
