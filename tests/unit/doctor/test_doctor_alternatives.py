"""The doctor and the verification point a Mac's owner to what else computes on the GPU, in the words of one home."""

from __future__ import annotations

import pytest

from support.doctor import knowledge
from support.matrix import intel_mac, linux, mac
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Evidence
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_alternatives
from tfsetup.verify.elsewhere import elsewhere
from tfsetup.verify.model import ProbeOutcome

POINTER = read_alternatives().pointer
NO_GPU = "Python {0}\n>>> import tensorflow as tf\n>>> tf.config.list_physical_devices('GPU')\n[]\n"
NO_WHEEL = (
    "$ python{1} -m pip install tensorflow-metal\n"
    "ERROR: Could not find a version that satisfies the requirement tensorflow-metal (from versions: none)\n"
    "ERROR: No matching distribution found for tensorflow-metal\n"
)


def fixes(log: str, host: Host, python: str) -> list[str]:
    found = diagnose(Evidence(log=log.format(f"{python}.1", python), host=host), knowledge())
    return [step for finding in found.findings for step in finding.fix]


@pytest.mark.parametrize("log", [NO_GPU, NO_WHEEL])
@pytest.mark.parametrize(
    ("host", "python", "pointed"),
    [
        (mac("3.13.1"), "3.13", True),
        (mac("3.14.0"), "3.14", True),
        (mac("3.12.4"), "3.12", False),
        (mac("3.9.6"), "3.9", False),
        (intel_mac("3.13.1"), "3.13", False),
        (linux("3.13.1"), "3.13", False),
    ],
)
def test_a_mac_whose_python_has_no_plugin_is_pointed_to_what_else_there_is(
    log: str, host: Host, python: str, pointed: bool
) -> None:
    steps = fixes(log, host, python)
    assert (POINTER in steps) is pointed
    assert not pointed or steps[-1] == POINTER  # what gives TensorFlow the GPU comes first


def verified(python: str, host: Host | None) -> str | None:
    events = ({"event": "interpreter", "python": python},)
    return elsewhere(ProbeOutcome(python="python", ended="finished", events=events, exit_status=0), host)


def test_the_verification_says_it_in_the_same_words() -> None:
    assert verified("3.13.1", mac()) == POINTER
    assert verified("3.12.4", mac()) is None
    assert verified("", mac()) is None
    assert verified("3.13.1", intel_mac()) is None
    assert verified("3.13.1", linux()) is None
    assert verified("3.13.1", None) is None
