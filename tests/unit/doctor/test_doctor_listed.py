"""Which packages a log says are installed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.doctor.listed import packages_in
from tfsetup.doctor.text import clean


def found(log: str) -> dict[str, str]:
    return packages_in(clean(log))


@pytest.mark.parametrize(
    ("log", "packages"),
    [
        ("Successfully installed Keras-3.3.3 ml-dtypes-0.3.2 tensorflow-2.16.1", {
            "keras": "3.3.3", "ml-dtypes": "0.3.2", "tensorflow": "2.16.1",
        }),
        # A terminal wraps where it likes.
        ("Successfully installed absl-py-2.1.0\nnumpy-1.26.4 six-1.16.0\n$ python", {
            "absl-py": "2.1.0", "numpy": "1.26.4", "six": "1.16.0",
        }),
        ("Successfully installed tensorflow_text-2.15.0 and then it broke numpy-2.0.0", {"tensorflow-text": "2.15.0"}),
        ("Successfully installed keras-applications-1.0.8", {"keras-applications": "1.0.8"}),
        ("Successfully installed wheels from ./dist", {}),
        ("Requirement already satisfied: tensorflow in /usr/lib/python3 (2.12.0)", {"tensorflow": "2.12.0"}),
        (
            "Requirement already satisfied: numpy<2.0,>=1.26 in ./e/site-packages (from tensorflow) (1.26.4)",
            {"numpy": "1.26.4"},
        ),
        (
            "Requirement already satisfied: tf-keras[x]>=2 in C:\\Program Files (x86)\\Python (2.15.1)",
            {"tf-keras": "2.15.1"},
        ),
        # An old pip says no version: the next line's is not this one's.
        (
            "Requirement already satisfied: six in /usr/lib\nRequirement already satisfied: pip in /x (9.0.1)",
            {"pip": "9.0.1"},
        ),
        ("Installed 2 packages\n + keras==3.9.0\n + tf-keras==2.19.0\n", {"keras": "3.9.0", "tf-keras": "2.19.0"}),
        (" - numpy==2.2.0\n + numpy==2.1.3\n", {"numpy": "2.1.3"}),
        # The last word counts.
        (
            "Successfully installed numpy-2.1.0\nSuccessfully installed numpy-1.26.4",
            {"numpy": "1.26.4"},
        ),
        ("Requirement already satisfied: wrapt in /x (1.1)\nSuccessfully installed wrapt-1.4", {"wrapt": "1.4"}),
        ("keras==3.8.0\nnumpy==1.26.4\nwrapt==2.0", {"keras": "3.8.0", "numpy": "1.26.4", "wrapt": "2.0"}),
        (
            "tensorflow-gpu 2.2.0 requires gast==0.3.3, but you have gast 0.3.0 which is incompatible.",
            {"tensorflow-gpu": "2.2.0", "gast": "0.3.0"},
        ),
        ("tensorflow 2.13.0 requires tensorflow-macos==2.13.0, which is not installed.", {"tensorflow": "2.13.0"}),
        ("  - Installing tensorflow (2.13.0)\n  - Installing keras (2.13.1)\n  - Installing h5py (3.9.0): Failed", {
            "tensorflow": "2.13.0", "keras": "2.13.1",
        }),
        ("DEBUG Registry requirement already cached: tensorflow==2.14.0", {"tensorflow": "2.14.0"}),
        ("Name: tensorflow\nVersion: 2.16.1\nSummary: TensorFlow is an open source", {"tensorflow": "2.16.1"}),
        (">>> tf.__version__\n'2.21.0'\n", {"tensorflow": "2.21.0"}),
        ("$ python -c 'import tensorflow as tf; print(tf.__version__)'\n2.10.1", {"tensorflow": "2.10.1"}),
        ("print(tf.__version__) 2.10.1", {"tensorflow": "2.10.1"}),
        ("### TensorFlow version\n\n2.18.0\n\n### Custom code", {"tensorflow": "2.18.0"}),
        ("Tensorflow Version v2.16.1", {"tensorflow": "2.16.1"}),
        ("this library requires TensorFlow version 2.16.0", {}),
        ("TensorFlow version 2.16.0 or higher, please", {}),
        ("TensorFlow version: 2.15.0.post1", {"tensorflow": "2.15.0.post1"}),
        ("Keras version: 3.1.1, tf.__version__ is unknown", {}),
        ("Version: 2.15.0", {}),
        ("Collecting tensorflow==2.13.0\nDownloading tensorflow-2.13.0-cp310-cp310-win_amd64.whl (1.9 kB)", {}),
        ("ERROR: No matching distribution found for tensorflow==2.13.0", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_what_a_log_says_is_installed(log: str, packages: dict[str, str]) -> None:
    assert found(log) == packages


@given(st.lists(st.sampled_from([
    "Successfully installed ", "Requirement already satisfied: ", "numpy-1.2", " + numpy==1.2", " in /x (1.0)", "(",
    "\n", "-", "==", "a" * 300, " ",
])).map("".join))  # fmt: skip
def test_any_text_can_be_read(log: str) -> None:
    for name, version in found(log).items():
        assert name == name.lower()
        assert version[0].isdigit()
