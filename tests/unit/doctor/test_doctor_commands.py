"""Install commands in a text: what is read, where it stands, and what is passed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.doctor.commands import Command, commands_in


def read(text: str) -> list[tuple[str, str, list[str], set[str]]]:
    return [
        (one.tool, one.verb, [str(each.requirement) for each in one.wanted], set(one.options))
        for one in commands_in(text)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("python -m pip install 'numpy<2'", ("pip", "install", ["numpy<2"], set())),
        ('pip3 install -U "keras==2.15.*" h5py', ("pip", "install", ["keras==2.15.*", "h5py"], {"--upgrade"})),
        ("$ pip3.11 install tensorflow", ("pip", "install", ["tensorflow"], set())),
        (r"tf\Scripts\python -m pip install keras", ("pip", "install", ["keras"], set())),
        ("tf/bin/pip install 'tensorflow[and-cuda]'", ("pip", "install", ["tensorflow[and-cuda]"], set())),
        ("py -3.12 -m pip install keras", ("pip", "install", ["keras"], set())),
        ("python -m pip --isolated install keras", ("pip", "install", ["keras"], set())),
        ("python -m pip uninstall -y keras tensorflow", ("pip", "uninstall", ["keras", "tensorflow"], {"-y"})),
        ("uv pip install keras", ("uv", "install", ["keras"], set())),
        ("uv add 'keras>=3'", ("uv", "install", ["keras>=3"], set())),
        ("uv pip uninstall keras", ("uv", "uninstall", ["keras"], set())),
        ("poetry add keras", ("poetry", "install", ["keras"], set())),
        ("mamba install -n tf keras", ("conda", "install", ["keras"], {"-n"})),
        ("tfsetup install --prefix .venv --python 3.12", ("tfsetup", "install", [], {"--prefix", "--python"})),
        ("pip install --only-binary :all: h5py", ("pip", "install", ["h5py"], {"--only-binary"})),
        ("pip install --timeout=100 h5py", ("pip", "install", ["h5py"], {"--timeout"})),
        ("`pip install keras` then finds it", ("pip", "install", ["keras"], set())),
        ("bash -c 'pip install keras && x'", ("pip", "install", ["keras"], set())),
        ("pip install keras, and then run", ("pip", "install", ["keras"], set())),
        ("pip install keras   # not numpy", ("pip", "install", ["keras"], set())),
        ("pip install keras;numpy", ("pip", "install", ["keras"], set())),
        ("pip install 'keras; python_version<\"3\"'", ("pip", "install", ['keras; python_version < "3"'], set())),
    ],
)  # fmt: skip
def test_a_command_is_read(text: str, found: tuple[str, str, list[str], set[str]]) -> None:
    assert read(text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pipx install keras",
        "mypip install keras",
        "pip installs keras",
        "pip-install keras",
        "npm install keras",
        "pip freeze",
    ],
)
def test_what_is_no_command_is_passed_over(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [
        ("pip install keras", False),
        ("pip install -r requirements.txt keras", True),
        ("pip install --index-url https://x/y keras", True),
        ("pip install ./wheels/keras.whl", True),
        ("pip install git+https://host/x", True),
        ("pip install 'keras @ https://host/x.whl'", True),
        ("pip install --no-binary h5py h5py", True),
        ("pip install --no-cache-dir keras", False),
    ],
)
def test_what_another_index_or_a_file_answers_is_told(text: str, elsewhere: bool) -> None:
    [one] = commands_in(text)
    assert one.elsewhere is elsewhere


def test_several_commands_stand_in_their_order_and_know_their_places() -> None:
    text = "python -m pip uninstall -y keras && python -m pip install 'keras<3' numpy   # or `pip install tf-keras`"
    found = commands_in(text)
    assert [text[one.start : one.verb_end] for one in found] == [
        "python -m pip uninstall", "python -m pip install", "pip install",
    ]  # fmt: skip
    assert [text[one.start : one.end] for one in found[1].wanted] == ["'keras<3'", "numpy"]
    assert [one.module for one in found] == [True, True, False]
    assert text[found[1].end :].startswith("   # or")


PIECES = st.sampled_from(
    ["pip install ", "python -m ", "keras", "'", '"', " ", "\n", "--pre ", "-r ", "[", "==", ";", "&&"]
)


@given(st.lists(PIECES | st.text(max_size=6), max_size=40).map("".join))
def test_any_text_is_read_and_places_lie_in_it(text: str) -> None:
    for one in commands_in(text):
        assert 0 <= one.start < one.verb_end <= one.end <= len(text)
        assert all(one.verb_end < each.start < each.end <= one.end for each in one.wanted)
        assert isinstance(one, Command)
