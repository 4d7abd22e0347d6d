"""What an installer finds: by system, Python, floor, empty wheels and what nobody recorded."""

from __future__ import annotations

import pytest

from tfsetup.doctor.commands import Specifiers
from tfsetup.doctor.offers import Spot, Stock, nearest, satisfying
from tfsetup.matrix.facts import Index, Release, Wheels
from tfsetup.matrix.relatives import Relatives, Tables

MAC, OLD_MAC, LINUX, ARM = "macosx_12_0_arm64", "macosx_11_0_arm64", "manylinux_2_17_x86_64", "manylinux_2_17_aarch64"


def wheels(platform: str, *pythons: str, requires: int = 0, carrier: tuple[str, str] | None = None) -> Wheels:
    return Wheels(platform=platform, pythons=pythons, size=1, requires=requires, carrier=carrier)


FLOW = {
    "1.0.0": Release(date="", wheels=(wheels(LINUX, "3.8", "3.9"), wheels(OLD_MAC, "3.9"))),
    "1.1.0": Release(date="", wheels=(wheels(LINUX, "3.9", "3.10", requires=1), wheels(MAC, "3.10", requires=1))),
    "1.2.0": Release(date="", yanked=True, wheels=(wheels(LINUX, "3.10"),)),
    "1.3.0rc0": Release(date="", wheels=(wheels(LINUX, "3.11"),)),
    "1.3.0": Release(date="", wheels=(wheels(ARM, "3.10", carrier=("flow-arm", "1.3.0")), wheels(LINUX, "3.11"))),
    "1.4.0": Release(date="", wheels=(wheels(ARM, "3.10", carrier=("flow", "1.4.0")),)),
}
INDEX = Index(
    taken="2026-01-01",
    requires=(("num>=1",), ("num<2,>=1", 'gpu-lib>=3; extra == "gpu"', "mac-only; sys_platform == 'darwin'")),
    distributions={
        "flow": FLOW,
        "flow-arm": {"1.3.0": Release(date="", wheels=(wheels(ARM, "3.10"),))},
        "built": {"0.1": Release(date="", sdist=True, requires_python=">=3.10")},
    },
    companions={"num": ("1.0", "2.0")},
)
RELATIVES = Relatives(
    taken="2026-01-01",
    sets=({LINUX: "3.8 3.9+"}, {}, {"any": "any"}),
    projects={
        "flow": {"0.9.0": ("2020-01-01", "", "", 0)},
        "friend": {
            "0.1": ("2019-01-01", "", "s", 1),
            "1.0": ("2020-01-01", "", "s", 0),
            "2.0": ("2021-01-01", ">=3.12", "", 2),
            "3.0": ("2022-01-01", "", "y", 2),
        },
    },
)
STOCK = Stock(tables=Tables(index=INDEX, relatives=RELATIVES))


def spot(system: str = "linux", python: str | None = "3.10", floor: str | None = None) -> Spot:
    match system:
        case "linux":
            return Spot(os="linux", arch="x86_64", python=python, floor=floor)
        case "arm":
            return Spot(os="linux", arch="aarch64", python=python, floor=floor)
    return Spot(os="macos", arch="arm64", python=python, floor=floor)


@pytest.mark.parametrize(
    ("name", "where", "versions"),
    [
        ("flow", spot(python="3.8"), ("1.0.0", "0.9.0")),
        ("flow", spot(python="3.10"), ("1.1.0", "0.9.0")),
        ("flow", spot(python="3.11"), ("1.3.0", "0.9.0")),
        ("flow", spot(python=None), ("1.3.0", "1.1.0", "1.0.0", "0.9.0")),
        ("flow", spot("mac", "3.9", "14.1"), ("1.0.0",)),
        ("flow", spot("mac", "3.10", "11.6"), ()),
        ("flow", spot("mac", "3.10"), ("1.1.0",)),
        ("flow", spot("arm", "3.10"), ("1.3.0",)),
        ("flow", spot("arm", "3.11"), ()),
        ("flow", Spot(os="linux", arch="x86_64", python="3.10", musl=True), ()),
        ("flow", Spot(os="linux", python="3.10"), ("1.3.0", "1.1.0", "0.9.0")),
        ("flow", Spot(arch="arm64", python="3.10"), ("1.1.0",)),
        ("flow", Spot(os="windows", arch="x86_64"), ()),
        ("built", spot(python="3.11"), ("0.1",)),
        ("built", spot(python="3.9"), ()),
        ("num", spot(), ("2.0", "1.0")),
        ("friend", spot(python="3.8"), ("1.0",)),
        ("friend", spot(python="3.11"), ("1.0",)),
        ("friend", spot(python="3.12"), ("2.0", "1.0")),
        ("friend", Spot(os="windows", arch="x86_64", python="3.12"), ("2.0",)),
        ("nobody", spot(), None),
    ],
)  # fmt: skip
def test_what_is_offered(name: str, where: Spot, versions: tuple[str, ...] | None) -> None:
    assert STOCK.offered(name, where) == versions
    assert STOCK.offered(name, where) == versions  # remembered, and the same


def test_pre_releases_are_for_those_who_ask() -> None:
    assert STOCK.offered("flow", spot(python="3.11"), pre=True) == ("1.3.0", "1.3.0rc0", "0.9.0")


@pytest.mark.parametrize(
    ("name", "wanted", "known"),
    [
        ("flow", "==1.7", True), ("flow", "==0.5", False), ("flow", "<0.5", False), ("flow", ">=0.1", True),
        ("flow", "~=0.2.1", False), ("flow", "==0.9.*", True), ("num", ">=1", True), ("nobody", "==1", False),
    ],
)  # fmt: skip
def test_the_record_reaches_back_to_its_first_release(name: str, wanted: str, *, known: bool) -> None:
    assert STOCK.is_recorded(name, Specifiers(wanted)) is known


def test_what_a_release_requires_is_that_of_its_wheel_there() -> None:
    assert {name: str(one) for name, one in STOCK.needed_by("flow", "1.1.0", spot()).items()} == {"num": "<2,>=1"}
    assert set(STOCK.needed_by("flow", "1.1.0", spot("mac"))) == {"num", "mac-only"}
    assert STOCK.needed_by("flow", "0.9.0", spot(python="3.8")) == {}
    assert STOCK.extra_names("flow", "1.1.0", frozenset({"gpu"}), spot()) == {"gpu-lib"}
    assert STOCK.extra_names("flow", "1.0.0", frozenset({"gpu"}), spot()) == frozenset()


def test_on_which_pythons_there_is_a_wheel() -> None:
    assert STOCK.pythons_for("flow", ("1.0.0", "1.1.0"), spot(python="3.14")) == ("3.8", "3.9", "3.10")
    assert STOCK.pythons_for("flow", ("1.3.0", "1.4.0"), spot("arm", "3.14")) == ("3.10",)


def test_the_nearest_is_the_newest_before_it_or_the_oldest() -> None:
    assert nearest("1.5", ("2.0", "1.10", "1.4")) == "1.4"
    assert nearest("1.2", ("2.0", "1.10", "1.4")) == "1.4"
    assert satisfying(Specifiers(">=1.5"), ("2.0", "1.10", "1.4")) == ("2.0", "1.10")
