"""When nothing fits: single changes, tried, cheapest first."""

from __future__ import annotations

from typing import Any

import pytest

from support.matrix import answer, linux, mac, pythons, windows
from tfsetup.host.model import Cpu, Gpu, Host, Libc

CUDA = "tensorflow[and-cuda]==2.20.0, setuptools<82"
COMMUNITY = "tensorflow==2.21.0, setuptools>=61, wheel>=0.40, tensorflow-metal-plugin==0.4.1"
OLDER_MAC = "tensorflow-macos==2.9.2, numpy<2, setuptools<82 on Python 3.10"
OLD_MAC = "tensorflow-macos==2.8.0, numpy<2, protobuf<3.21, setuptools<82 on Python 3.9"


@pytest.mark.parametrize(
    ("host", "asking", "expected"),
    [
        (
            mac("3.12.4", "3.14.0"),
            {"python": "3.14", "accelerator": "cpu"},
            (
                "--python 3.12, which is here: tensorflow==2.21.0 on Python 3.12",
                "--pre: tensorflow==2.22.0rc0 on Python 3.14",
            ),
        ),
        (
            linux("3.14.0"),
            {},
            (
                "--pre: tensorflow-cpu==2.22.0rc0 on Python 3.14",
                "install Python 3.13: tensorflow-cpu==2.21.0 on Python 3.13",
            ),
        ),
        (
            mac("3.13.1", python_downloads=True),
            {"python": "3.13", "accelerator": "metal"},
            (
                "--python 3.12: tensorflow==2.19.1, tensorflow-metal==1.2.0, setuptools<82 on Python 3.12",
                "--accelerator cpu: tensorflow==2.21.0 on Python 3.13",
            ),
        ),
        (
            mac("3.12.4", os_version="15.2", xcode_clt=False),
            {"tensorflow": "2.21.*", "accelerator": "metal"},
            (
                "--tensorflow 2.19.1: tensorflow==2.19.1, tensorflow-metal==1.2.0, setuptools<82 on Python 3.12",
                "--accelerator cpu: tensorflow==2.21.0 on Python 3.12",
                f"install Xcode's command line tools (xcode-select --install): {COMMUNITY} on Python 3.12",
            ),
        ),
        (
            mac("3.10.4", os_version="11.7"),
            {"tensorflow": "2.15.*", "accelerator": "cpu"},
            (
                "--tensorflow 2.9.2: tensorflow-macos==2.9.2, numpy<2, setuptools<82 on Python 3.10",
                "update macOS to 12.0 or newer: tensorflow==2.15.1, setuptools<82 on Python 3.10",
            ),
        ),
        (
            linux("3.12.4", gpus=(Gpu(vendor="nvidia", driver="390.157"),)),
            {"accelerator": "cuda"},
            (
                "--accelerator cpu: tensorflow-cpu==2.21.0 on Python 3.12",
                f"update the NVIDIA driver to 525.60.13 or newer: {CUDA} on Python 3.12",
            ),
        ),
        (
            linux("3.12.4", libc=Libc(name="musl", version="1.2")),
            {},
            ("a Linux with glibc (a container will do): tensorflow-cpu==2.21.0 on Python 3.12",),
        ),
        (
            linux("3.12.4", libc=Libc(name="glibc", version="2.17")),
            {"tensorflow": "2.21.*"},
            (
                "--tensorflow 2.20.0: tensorflow-cpu==2.20.0, setuptools<82 on Python 3.12",
                "a Linux with a newer glibc (a container will do): tensorflow-cpu==2.21.0 on Python 3.12",
            ),
        ),
        (
            windows("3.12.4", arch="arm64", pythons=pythons("3.12.4", arch="arm64")),
            {},
            ("WSL2 (wsl --install), then the same command there: tensorflow==2.21.0 on Python 3.13",),
        ),
        (
            mac("3.11.4", rosetta=True, pythons=pythons("3.11.4", arch="x86_64")),
            {"python": "3.11", "accelerator": "cpu"},
            ("install a native arm64 Python 3.11: tensorflow==2.21.0 on Python 3.11",),
        ),
        (
            mac(python_downloads=True),
            {"tensorflow": "2.8.1", "accelerator": "cpu"},
            (
                f"--tensorflow 2.8.0, the nearest: {OLD_MAC}",
                "--tensorflow 2.21.0: tensorflow==2.21.0 on Python 3.12",
            ),
        ),
        (
            mac("3.10.4", python_downloads=True),
            {"tensorflow": "2.8.1", "accelerator": "cpu", "python": "3.10"},
            (
                f"--tensorflow 2.8.0 --python 3.9, the nearest: {OLD_MAC}",
                f"--tensorflow 2.9.2, the nearest on Python 3.10: {OLDER_MAC}",
                "--tensorflow 2.21.0: tensorflow==2.21.0 on Python 3.10",
            ),
        ),
        (
            linux("3.12.4"),
            {"tensorflow": ">=2.17.5,<2.18"},
            (
                "--tensorflow 2.17.1, the nearest: tensorflow-cpu==2.17.1, setuptools<82 on Python 3.12",
                "--tensorflow 2.21.0: tensorflow-cpu==2.21.0 on Python 3.12",
            ),
        ),
        (linux("3.12.4", cpu=Cpu(features=())), {}, ()),
        (linux("3.12.4", arch="armv7l"), {}, ()),
    ],
)
def test_what_would_make_it_fit(host: Host, asking: dict[str, Any], expected: tuple[str, ...]) -> None:
    selection = answer(host, **asking)
    assert not selection.installable
    assert selection.suggestions == expected


def test_an_answer_has_no_suggestions() -> None:
    assert answer(linux("3.12.4")).suggestions == ()
