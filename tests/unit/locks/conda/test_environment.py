"""`environment.yml`: written for conda-lock, and read from people who have one."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.conda import ask_channel
from tfsetup.errors import InvalidFileError
from tfsetup.ground.platforms import SUBDIRS
from tfsetup.locks.conda.environment import Imported, environment_yml, read_environment, virtual_packages_yml

CHANNEL = "https://channel.example/forge"
NAMES = ("tensorflow", "tensorflow-cpu", "tensorflow-macos")


def test_one_platform_needs_no_selectors() -> None:
    request = ask_channel(CHANNEL, "python 3.12.*", "numpy", "libblas * *_newaccelerate")
    text = environment_yml([request], {"osx-arm64": ["tensorflow==2.19.1", "tensorflow-metal==1.2.0"]})
    assert yaml.safe_load(text) == {
        "channels": [CHANNEL],
        "platforms": ["osx-arm64"],
        "dependencies": [
            "python 3.12.*",
            "numpy",
            "libblas=*=*_newaccelerate",
            {"pip": ["tensorflow==2.19.1", "tensorflow-metal==1.2.0"]},
        ],
    }


def test_what_is_for_some_platforms_only_has_a_selector_of_one_word() -> None:
    mac = ask_channel(CHANNEL, "python 3.12.*", "numpy", "libblas * *_newaccelerate")
    linux = ask_channel(CHANNEL, "python 3.12.*", "numpy", "libblas * *_openblas", subdir="linux-64")
    text = environment_yml([mac, linux], {"osx-arm64": ["a==1"], "linux-64": ["b==2"]})
    assert text.splitlines()[6:] == [
        "dependencies:",
        "- python 3.12.*",
        "- numpy",
        "- libblas=*=*_newaccelerate  # [arm64]",
        "- libblas=*=*_openblas  # [linux64]",
        "- pip:",
        "  - a==1  # [arm64]",
        "  - b==2  # [linux64]",
    ]


def test_what_is_written_can_be_read() -> None:
    requests = [ask_channel(CHANNEL, "python 3.12.*", "numpy", f"only-{subdir}", subdir=subdir) for subdir in SUBDIRS]
    text = environment_yml(requests, {subdir: ["tensorflow==2.20.0", "keras-hub>=0.1"] for subdir in SUBDIRS})
    found = read_environment(text, "environment.yml", tensorflow=NAMES)
    assert found == Imported(
        platforms=SUBDIRS,
        channels=(CHANNEL,),
        python="3.12",
        tensorflow="==2.20.0",
        specs={subdir: ("numpy", f"only-{subdir}") for subdir in SUBDIRS},
        requirements=dict.fromkeys(SUBDIRS, ("keras-hub>=0.1",)),
    )


def test_the_machines_are_told_to_conda_lock_in_its_own_form() -> None:
    text = virtual_packages_yml([ask_channel(CHANNEL), ask_channel(CHANNEL, subdir="win-64")])
    assert yaml.safe_load(text)["subdirs"] == {
        "osx-arm64": {"packages": {"__unix": "0", "__osx": "14.0", "__archspec": "1 m1"}},
        "win-64": {"packages": {"__win": "10.0.22000", "__archspec": "1 x86_64"}},
    }


def read(text: str) -> Imported:
    return read_environment(text, "environment.yml", tensorflow=NAMES)


REAL = """\
name: paper
channels:
  - conda-forge
  - defaults
dependencies:
  - python=3.11
  - numpy>=1.26
  - conda-forge::scipy
  - matplotlib  # [unix]
  - tensorflow=2.18
  - pip
  - pip:
      - keras-hub
      - tensorflow-metal ; sys_platform == 'darwin'
variables:
  KEY: value
prefix: /opt/conda/envs/paper
"""


def test_a_file_as_people_have_it() -> None:
    found = read(REAL)
    assert (found.python, found.tensorflow, found.channels) == ("3.11", "==2.18.*", ("conda-forge",))
    assert found.platforms == SUBDIRS
    common = ("numpy>=1.26", "conda-forge::scipy")
    assert found.specs["win-64"] == (*common, "pip")
    assert found.specs["osx-64"] == (*common, "matplotlib", "pip")
    assert found.requirements["linux-64"] == ("keras-hub", "tensorflow-metal ; sys_platform == 'darwin'")


def test_what_is_not_used_is_named_with_its_line() -> None:
    assert sorted(read(REAL).left_out) == [
        "environment.yml:10:5: the channel's tensorflow; the row says where TensorFlow comes from",
        "environment.yml:15:1: `variables`, which a lock has no place for",
        "environment.yml:17:1: `prefix`, the environment's place: --prefix says where it goes",
        "environment.yml:1:1: `name`, the environment's name: --prefix says where it goes",
        "environment.yml:4:5: the channel `defaults`; its packages do not mix",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tensorflow", None),
        ("tensorflow=2.19", "==2.19.*"),
        ("tensorflow 2.19.*", "==2.19.*"),
        ("tensorflow==2.19.1", "==2.19.1"),
        ("tensorflow 2.19.1", "==2.19.1"),
        ("tensorflow=2.19.1=cpu_py312_0", "==2.19.1.*"),
        ("tensorflow>=2.18,<2.20", ">=2.18,<2.20"),
        ("conda-forge::tensorflow-cpu=2.18", "==2.18.*"),
    ],
)
def test_a_pin_of_tensorflow_in_conda_s_words(line: str, expected: str | None) -> None:
    assert read(f"dependencies: ['{line}', numpy]").tensorflow == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [("tensorflow==2.20.0", "==2.20.0"), ("tensorflow[and-cuda]>=2.18", ">=2.18"), ("tensorflow-cpu", None)],
)
def test_a_pin_of_tensorflow_in_pip_s_words(line: str, expected: str | None) -> None:
    assert read(f"dependencies: [numpy, {{pip: ['{line}']}}]").tensorflow == expected


@pytest.mark.parametrize(
    ("line", "minor"),
    [
        ("python=3.12", "3.12"),
        ("python 3.11.*", "3.11"),
        ("python==3.12.4", "3.12"),
        ("python", None),
        ("python=3.12.4=h0_0_cpython", "3.12"),
    ],
)
def test_a_pin_of_python(line: str, minor: str | None) -> None:
    found = read(f"dependencies: ['{line}', numpy]")
    assert found.python == minor
    # What it says beyond the minor (a release, a build) is asked of the channel, not dropped.
    exact = [line] if "3.12.4" in line else []
    assert found.specs["linux-64"] == (*exact, "numpy")


@pytest.mark.parametrize(
    ("text", "says", "place"),
    [
        ("dependencies:\n- numpy\n- pip:\n  - -e .\n", "pip's options have no place", "4:5"),
        ("dependencies:\n- pip:\n  - --index-url https://x.example\n", "pip's options have no place", "3:5"),
        ("dependencies:\n- pip:\n  - a @ https://x.example/a.whl\n", "an address has no place", "3:5"),
        ("dependencies:\n- pip:\n  - ===\n", "not a requirement", "3:5"),
        ("dependencies:\n- numpy  # [osx and arm64]\n", "selector `[osx and arm64]` is not known", "2:3"),
        ("dependencies:\n- python>=3.10\n", "a lock is for one Python", "2:3"),
        ("dependencies:\n- npm: [left-pad]\n", "Unknown key `npm`", "2:3"),
        ("dependencies:\n- [numpy]\n", "A package is expected here, not a list", "2:3"),
        ("dependencies: numpy\n", "A list is expected here, not `numpy`", "1:15"),
        ("platforms: [linux-32]\ndependencies: [numpy]\n", "`linux-32`: not a platform", "1:13"),
        ("platforms: osx-64\ndependencies: [numpy]\n", "A list is expected here, not `osx-64`", "1:12"),
        ("dependencies: ['!!']\n", "`!!`: not a package", "1:16"),
        ("name: x\n", "asks for nothing", "1:1"),
        ("- numpy\n", "A mapping is expected here, not a list", "1:1"),
        ("dependencies: [\n", "Not valid YAML", "2:1"),
    ],
)
def test_what_a_lock_cannot_hold_is_refused_with_its_line(text: str, says: str, place: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        read(text)
    assert says in caught.value.message
    assert str(caught.value.where).startswith(f"environment.yml:{place}")


@given(st.text(alphabet=st.sampled_from("abpi: -[]{}#=<>.'\n0123"), max_size=60))
def test_any_text_is_read_or_refused(tail: str) -> None:
    try:
        found = read(f"dependencies:\n- numpy\n{tail}")
    except InvalidFileError as error:
        assert error.where  # noqa: PT017 - read or refused, both are right
    else:
        assert found.platforms


def test_the_extra_s_second_half_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from tfsetup.errors import UsageError
    from tfsetup.locks.conda.writing import REQUIREMENT, write_conda_lock

    monkeypatch.setitem(sys.modules, "conda_lock", None)
    with pytest.raises(UsageError, match="needs conda-lock") as caught:
        write_conda_lock([], [], {})
    assert REQUIREMENT in caught.value.hint


def test_all_problems_are_told_at_once_in_the_order_of_the_lines() -> None:
    text = "platforms: [linux-32]\ndependencies:\n- pip:\n  - -e .\n- '!!'\n- 12\nchannels: x\n"
    with pytest.raises(InvalidFileError) as caught:
        read(text)
    first, *rest = caught.value.message.splitlines()
    assert (first, str(caught.value.where)) == ("5 problems:", "environment.yml:1:13")
    assert [line.split(":")[1] for line in rest] == ["1", "4", "5", "6", "7"]


def test_what_is_wrong_beyond_the_words_is_told_at_once_too() -> None:
    text = "dependencies:\n- python>=3.10\n- tensorflow=x\n- python<4\n"
    with pytest.raises(InvalidFileError, match="2 problems") as caught:
        read(text)
    assert "environment.yml:2:3: `python>=3.10`: a lock is for one Python" in caught.value.message
    with pytest.raises(InvalidFileError, match="2 problems"):
        read("dependencies:\n- numpy  # [x]\n- scipy  # [y]\n")


@pytest.mark.parametrize("key", ["channels:", "channels: []", "platforms:", "dependencies2:"])
def test_a_key_with_nothing_in_it_asks_for_nothing(key: str) -> None:
    found = read(f"{key}\ndependencies: [numpy, pip: ]\n")
    assert (found.channels, found.platforms, found.specs["win-64"]) == ((), SUBDIRS, ("numpy",))
