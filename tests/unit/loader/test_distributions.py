from __future__ import annotations

import pytest

from support.tree import Tree
from tfsetup.host.model import Libc
from tfsetup.loader.compat import best_wheel, supported_tags
from tfsetup.loader.machine import Machine, glibc_of
from tfsetup.loader.python import distributions as dists
from tfsetup.loader.python.distributions import Distribution, Tag

MAC = Machine(system="macos", version=(14, 4), arch="arm64", rosetta=False, features=None, libc=None, gpus=None)
LINUX = Machine(
    system="linux",
    version=None,
    arch="x86_64",
    rosetta=False,
    features=None,
    libc=Libc(name="glibc", version="2.31"),
    gpus=None,
)
WINDOWS = Machine(system="windows", version=(10, 0), arch="x86_64", rosetta=False, features=None, libc=None, gpus=None)


def wheel(filename: str) -> Distribution:
    found = dists.of_wheel(filename)
    assert found is not None
    return found


def test_a_wheels_name_says_what_it_is() -> None:
    found = wheel("Some_Pkg-1.2.post1-cp39.cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
    assert (found.name, found.version) == ("some-pkg", "1.2.post1")
    assert Tag(python="cp310", abi="abi3", platform="manylinux2014_x86_64") in found.tags
    assert len(found.tags) == 4


def test_a_build_number_is_no_tag() -> None:
    assert wheel("p-1.0-2-py3-none-any.whl").tags == (Tag(python="py3", abi="none", platform="any"),)


@pytest.mark.parametrize("name", ["p-1.0.tar.gz", "p.whl", "p-1.0-py3.whl", "a-b-c-d-e-f-g.whl"])
def test_other_names_are_no_wheels(name: str) -> None:
    assert dists.of_wheel(name) is None


def test_installed_distributions_are_found_by_their_dist_info() -> None:
    site = "/S"
    files = {
        f"{site}/Pkg_One-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: cp312-cp312-macosx_12_0_arm64\nTag: odd\n",
        f"{site}/two-2.0.dist-info/METADATA": b"Name: two\n",
        f"{site}/pkg/__init__.py": b"",
    }
    found = dists.installed(Tree(files), site)
    assert [(each.name, each.version, len(each.tags)) for each in found] == [("pkg-one", "1.0", 1), ("two", "2.0", 0)]


def test_a_wheel_file_of_absurd_size_is_not_read() -> None:
    files = Tree({"/S/p-1.dist-info/WHEEL": b"x" * (2 << 20)})
    assert dists.read_text(files, "/S/p-1.dist-info/WHEEL") is None
    assert dists.read_text(files, "/S/nowhere") is None
    assert dists.read_text(files, "/S") is None


@pytest.mark.parametrize(
    ("names", "python"),
    [
        (["a-1-cp312-cp312-linux_x86_64.whl", "b-1-py3-none-any.whl"], "3.12"),
        (["a-1-cp312-cp312-linux_x86_64.whl", "b-1-cp38-abi3-linux_x86_64.whl"], "3.12"),
        (["a-1-cp312-cp312-linux_x86_64.whl", "b-1-cp311-cp311-linux_x86_64.whl"], None),
        (["b-1-py3-none-any.whl"], None),
    ],
)
def test_the_python_wheels_agree_on(names: list[str], python: str | None) -> None:
    assert dists.python_of([wheel(name) for name in names]) == python


@pytest.mark.parametrize(
    ("tags", "python", "runs"),
    [
        ("cp312-cp312", "3.12", True),
        ("cp312-cp312", "3.11", False),
        ("cp38-abi3", "3.13", True),
        ("cp312-abi3", "3.11", False),
        ("py3-none", "3.9", True),
        ("py2.py3-none", "3.9", True),
        ("cp313-cp313t", "3.13", False),
        ("pp310-pypy310_pp73", "3.10", False),
        ("cp3-none", "3.12", True),
        ("cp37-cp37m", "3.7", True),
        ("cp36-cp36m", "3.6", True),
        ("cp37-cp37dm", "3.7", False),
        ("cp37-cp37m", "3.8", False),
        ("py310-none", "3.9", False),
        ("py2-none", "3.9", False),
    ],
)
def test_pythons_that_accept_a_tag(tags: str, python: str, runs: bool) -> None:
    assert dists.runs_on_python(wheel(f"p-1-{tags}-any.whl"), python) is runs


@pytest.mark.parametrize(
    ("tags", "python", "runs"),
    [
        ("cp313-cp313t", "3.13", True),
        ("cp313-cp313", "3.13", False),
        ("cp39-abi3", "3.13", False),
        ("cp314-cp314t", "3.13", False),
        ("py3-none", "3.14", True),
    ],
)
def test_a_free_threaded_python_takes_wheels_of_its_own(tags: str, python: str, runs: bool) -> None:
    assert dists.runs_on_python(wheel(f"p-1-{tags}-any.whl"), python, free_threaded=True) is runs


def test_a_distribution_without_tags_is_not_refused() -> None:
    assert dists.runs_on_python(Distribution(name="p", version="1", tags=()), "3.12")


@pytest.mark.parametrize(
    ("platform", "systems", "macos"),
    [
        ("macosx_12_0_arm64", {"macos"}, (12, 0)),
        ("macosx_11_0_arm64.macosx_10_15_universal2", {"macos"}, (10, 15)),
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", {"linux"}, None),
        ("musllinux_1_2_x86_64", {"linux"}, None),
        ("win_amd64", {"windows"}, None),
        ("any", set(), None),
    ],
)
def test_what_platforms_say(platform: str, systems: set[str], macos: tuple[int, int] | None) -> None:
    found = wheel(f"p-1-cp312-cp312-{platform}.whl")
    assert dists.oses(found) == systems
    assert dists.minimum_macos(found) == macos


@pytest.mark.parametrize(
    ("platform", "libc", "fits"),
    [
        ("musllinux_1_2_x86_64", "musl", True),
        ("musllinux_1_2_x86_64", "glibc", False),
        ("musllinux_1_2_x86_64", None, True),
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", "glibc", True),
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", "musl", False),
        ("manylinux_2_17_x86_64.musllinux_1_1_x86_64", "musl", True),
        ("linux_x86_64", "musl", True),
        ("any", "musl", True),
        ("macosx_11_0_arm64", "musl", True),
    ],
)
def test_wheels_are_for_one_c_library(platform: str, libc: str | None, fits: bool) -> None:
    assert dists.fits_libc(wheel(f"p-1-cp312-cp312-{platform}.whl"), libc) is fits


def test_what_is_installed_was_taken_by_somebody() -> None:
    tag = Tag(python="cp312", abi="cp312", platform="manylinux_2_17_x86_64")
    assert dists.fits_libc(Distribution(name="p", version="1", tags=(tag,)), "musl")


def test_pips_words() -> None:
    assert dists.refused_by_pip(wheel("p-1-py3-none-any.whl")) == (
        "p-1-py3-none-any.whl is not a supported wheel on this platform."
    )


NAMES = [
    "n-1-cp312-cp312-macosx_14_0_arm64.whl",
    "n-1-cp312-cp312-macosx_11_0_arm64.whl",
    "n-1-cp312-cp312-macosx_10_13_x86_64.whl",
    "n-1-cp312-cp312-manylinux_2_28_x86_64.whl",
    "n-1-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    "n-1-cp312-cp312-musllinux_1_2_x86_64.whl",
    "n-1-cp312-cp312-win_amd64.whl",
    "n-1-cp311-cp311-win_amd64.whl",
    "not a wheel",
]


@pytest.mark.parametrize(
    ("machine", "python", "best"),
    [
        (MAC, "3.12", NAMES[0]),
        (LINUX, "3.12", NAMES[3]),
        (WINDOWS, "3.12", NAMES[6]),
        (WINDOWS, "3.11", NAMES[7]),
        (LINUX, "3.10", None),
    ],
)
def test_the_wheel_pip_would_take(machine: Machine, python: str, best: str | None) -> None:
    assert best_wheel(NAMES, machine, python) == best


def test_an_older_system_gets_an_older_wheel() -> None:
    from dataclasses import replace

    assert best_wheel(NAMES, replace(MAC, version=(13, 6)), "3.12") == NAMES[1]
    old = replace(LINUX, libc=Libc(name="glibc", version="2.17"))
    assert best_wheel(NAMES, old, "3.12") == NAMES[4]
    musl = replace(LINUX, libc=Libc(name="musl", version="1.2.4"))
    assert best_wheel(NAMES, musl, "3.12") == NAMES[5]


def test_pure_wheels_fit_everywhere() -> None:
    assert best_wheel(["p-1-py3-none-any.whl"], WINDOWS, "3.13") == "p-1-py3-none-any.whl"
    assert str(next(iter(supported_tags(MAC, "3.12")))) == "cp312-cp312-macosx_14_0_arm64"


@pytest.mark.parametrize(
    ("libc", "found"),
    [
        (Libc(name="glibc", version="2.36"), (2, 36)),
        (Libc(name="glibc", version="2.36.9000"), (2, 36)),
        (Libc(name="glibc", version="odd"), None),
        (Libc(name="glibc"), None),
        (Libc(name="musl", version="1.2"), None),
        (None, None),
    ],
)
def test_glibc_of_a_machine(libc: Libc | None, found: tuple[int, int] | None) -> None:
    assert glibc_of(libc) == found
