"""Which wheel of a release a process would get: PEP 425, 600 and 656 for any system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.platforms import Arch, Os
from tfsetup.host.model import Libc
from tfsetup.loader.compat import best_wheel, supported_tags
from tfsetup.loader.machine import Machine, glibc_of


def machine(
    system: Os = "linux",
    arch: Arch = "x86_64",
    *,
    version: tuple[int, int] | None = None,
    libc: Libc | None = None,
    free_threaded: bool = False,
) -> Machine:
    return Machine(
        system=system, version=version, arch=arch, rosetta=False, features=None, libc=libc, gpus=None,
        free_threaded=free_threaded,
    )  # fmt: skip


GLIBC = machine(libc=Libc(name="glibc", version="2.36"))
MUSL = machine(libc=Libc(name="musl", version="1.2"))
OLD_MUSL = machine(libc=Libc(name="musl", version="1.1.24"))
SOME_MUSL = machine(libc=Libc(name="musl"))
MAC = machine("macos", "arm64", version=(14, 4))
THREADED = machine(libc=Libc(name="glibc", version="2.36"), free_threaded=True)


def wheel(tag: str, name: str = "p", version: str = "1.0") -> str:
    return f"{name}-{version}-{tag}.whl"


@pytest.mark.parametrize(
    ("here", "offered", "best"),
    [
        (GLIBC, ["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_28_x86_64"], 1),
        (GLIBC, ["cp312-cp312-manylinux_2_39_x86_64"], None),
        (GLIBC, ["cp312-cp312-manylinux2014_x86_64", "py3-none-any"], 0),
        (GLIBC, ["cp312-cp312-musllinux_1_2_x86_64"], None),
        (GLIBC, ["cp312-cp312-manylinux_2_17_aarch64"], None),
        (GLIBC, ["cp311-cp311-manylinux_2_17_x86_64"], None),
        (GLIBC, ["cp38-abi3-manylinux_2_17_x86_64"], 0),
        (GLIBC, ["cp312-cp312-linux_x86_64"], 0),
        (GLIBC, ["py2.py3-none-any"], 0),
        (GLIBC, ["py2-none-any"], None),
        (MUSL, ["cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-musllinux_1_1_x86_64"], 0),
        (MUSL, ["cp312-cp312-manylinux_2_17_x86_64"], None),
        (MUSL, ["cp312-cp312-musllinux_1_3_x86_64", "cp312-cp312-musllinux_1_0_x86_64"], 1),
        (OLD_MUSL, ["cp312-cp312-musllinux_1_2_x86_64"], None),
        (OLD_MUSL, ["cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-musllinux_1_1_x86_64"], 1),
        (SOME_MUSL, ["cp312-cp312-musllinux_1_2_x86_64"], 0),
        (MAC, ["cp312-cp312-macosx_12_0_arm64", "cp312-cp312-macosx_11_0_universal2"], 0),
        (MAC, ["cp312-cp312-macosx_15_0_arm64"], None),
        (MAC, ["cp312-cp312-macosx_10_9_x86_64"], None),
        (machine("windows", "x86_64"), ["cp312-cp312-win_amd64", "cp312-cp312-win32"], 0),
        (machine("windows", "arm64"), ["cp312-cp312-win_amd64", "cp312-cp312-win_arm64"], 1),
        (GLIBC, [], None),
        (THREADED, ["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312t-manylinux_2_17_x86_64"], 1),
        (THREADED, ["cp312-cp312-manylinux_2_17_x86_64", "cp38-abi3-manylinux_2_17_x86_64"], None),
        (THREADED, ["py3-none-any"], 0),
    ],
)
def test_the_wheel_that_pip_would_take(here: Machine, offered: list[str], best: int | None) -> None:
    names = [wheel(tag) for tag in offered]
    assert best_wheel(names, here, "3.12") == (None if best is None else names[best])


@pytest.mark.parametrize(
    ("python", "abi", "fits"),
    [
        ("2.7", "cp27mu", True),
        ("2.7", "cp27m", True),
        ("3.2", "cp32mu", True),
        ("3.3", "cp33m", True),
        ("3.3", "cp33mu", False),
        ("3.6", "cp36m", True),
        ("3.7", "cp37m", True),
        ("3.7", "cp37", False),
        ("3.7", "cp37dm", False),
        ("3.8", "cp38", True),
        ("3.8", "cp38m", False),
        ("3.14", "cp314", True),
        ("3.14", "cp314t", False),
    ],
)
def test_every_name_that_a_released_cpython_had_for_its_abi(python: str, abi: str, fits: bool) -> None:
    interpreter = f"cp{python.replace('.', '')}"
    name = wheel(f"{interpreter}-{abi}-manylinux_2_17_x86_64")
    assert best_wheel([name], GLIBC, python) == (name if fits else None)


def test_what_is_no_wheel_at_all_is_passed_over() -> None:
    names = ["p-1.0.tar.gz", "p.whl", "", wheel("py3-none-any")]
    assert best_wheel(names, GLIBC, "3.12") == names[-1]


@pytest.mark.parametrize(
    ("libc", "found"),
    [
        (Libc(name="glibc", version="2.36"), (2, 36)),
        (Libc(name="glibc", version="2.36.9000"), (2, 36)),
        (Libc(name="glibc", version="2"), None),
        (Libc(name="glibc", version="two.36"), None),
        (Libc(name="glibc", version=None), None),
        (Libc(name="musl", version="1.2"), None),
        (None, None),
    ],
)
def test_the_glibc_of_a_machine(libc: Libc | None, found: tuple[int, int] | None) -> None:
    assert glibc_of(libc) == found


def test_a_glibc_that_could_not_be_told_is_taken_for_an_old_one() -> None:
    names = [wheel("cp312-cp312-manylinux_2_28_x86_64"), wheel("cp312-cp312-manylinux_2_17_x86_64")]
    assert best_wheel(names, machine(), "3.12") == names[1]


def test_old_names_of_levels_stand_beside_the_new_ones() -> None:
    tags = [tag.platform for tag in supported_tags(GLIBC, "3.12") if tag.abi == "cp312"]
    at = tags.index("manylinux_2_17_x86_64")
    assert tags[at + 1] == "manylinux2014_x86_64"
    assert {"manylinux2010_x86_64", "manylinux1_x86_64"} <= set(tags)


SYSTEMS = st.sampled_from([GLIBC, MUSL, MAC, machine("windows"), machine("linux", "aarch64")])


@given(
    SYSTEMS,
    st.integers(9, 14),
    st.lists(
        st.sampled_from(
            [
                "cp312-cp312-manylinux_2_17_x86_64",
                "cp312-abi3-macosx_11_0_arm64",
                "py3-none-any",
                "cp310-cp310-win_amd64",
                "cp39-abi3-manylinux_2_28_aarch64",
                "cp312-cp312-musllinux_1_1_x86_64",
            ]
        ),
        max_size=6,
    ),
)
def test_the_answer_is_offered_fits_and_does_not_hang_on_the_order(here: Machine, minor: int, tags: list[str]) -> None:
    python, names = f"3.{minor}", [wheel(tag) for tag in tags]
    best = best_wheel(names, here, python)
    assert best_wheel(names[::-1], here, python) == best
    supported = {str(tag) for tag in supported_tags(here, python)}
    fitting = [name for name in names if name.removeprefix("p-1.0-").removesuffix(".whl") in supported]
    assert best in fitting if best is not None else not fitting


@given(SYSTEMS, st.sampled_from(["3.9", "3.12", "3.14"]))
def test_no_tag_comes_twice(here: Machine, python: str) -> None:
    tags = list(supported_tags(here, python))
    assert len(tags) == len(set(tags))
    assert tags[-1].platform == "any"
