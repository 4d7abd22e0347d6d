"""What GPUs could do at best: the table, the formula, and every machine of the cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.errors import InvalidFileError
from tfsetup.host.file import parse_host
from tfsetup.host.model import Cpu, Gpu, Host
from tfsetup.matrix import chips as room
from tfsetup.matrix.chips import Chip, Peak, apple_peak, nvidia_peak, peak, peak_of
from tfsetup.matrix.file import disk
from tfsetup.matrix.file.disk import read_chips

CASES = Path(__file__).parents[2] / "cases"
CHIPS = read_chips()
APPLE = pytest.mark.parametrize("chip", CHIPS.apple, ids=lambda chip: chip.name)
RECORDED = sorted((CASES / "host" / "recorded").glob("macos*/expected.json"))
HOSTS = [path for path in sorted((CASES / "hosts").glob("macos*.json")) if not path.name.endswith(".expected.json")]

cores, clocks, lanes = st.integers(1, 200), st.floats(0.1, 5.0), st.integers(1, 256)


@APPLE
def test_a_published_figure_is_the_formulas_to_two_percent(chip: Chip) -> None:
    for count, published in chip.published_tflops.items():
        found = apple_peak(CHIPS, chip.name, int(count))
        assert found is not None
        assert not found.range
        assert found.least == pytest.approx(1000 * published, rel=0.02)


@APPLE
def test_a_row_says_what_it_may(chip: Chip) -> None:
    assert chip.cores == tuple(sorted(chip.cores))
    assert set(map(int, chip.published_tflops)) in ({*chip.cores}, set())
    assert len(chip.clock_ghz) <= 2
    assert list(chip.clock_ghz) == sorted(set(chip.clock_ghz))
    assert not chip.published_tflops or len(chip.clock_ghz) == 1  # sources that differ publish no figure
    assert chip.source
    assert (chip.accelerate_gflops is None) == (chip.accelerate_seen_gflops is None)


def test_the_names_are_the_chips_up_to_m5() -> None:
    names = [chip.name for chip in CHIPS.apple]
    assert len(names) == len(set(names))
    sold = {f"Apple M{number}{kind}" for number in (1, 2, 3) for kind in ("", " Pro", " Max", " Ultra")}
    assert set(names) == sold | {"Apple M4", "Apple M4 Pro", "Apple M4 Max", "Apple M5", "Apple M5 Max"}


def test_nothing_is_said_where_nothing_is_published() -> None:
    assert apple_peak(CHIPS, "Apple M5", 10) is None
    assert apple_peak(CHIPS, "Apple M5 Max", 40) is None
    assert [chip.name for chip in CHIPS.apple if chip.accelerate_gflops] == ["Apple M1 Max"]


def test_where_sources_differ_the_peak_is_a_range() -> None:
    found = apple_peak(CHIPS, "Apple M4", 10)
    assert found is not None
    assert found.range
    assert [found.least, found.most] == pytest.approx([3800, 4000], rel=0.02)


@pytest.mark.parametrize("name", [None, "", "Apple M1 (Virtual)", "Apple M9", "Apple M1 Pr", "Apple processor", "M1"])
def test_another_name_is_another_chip(name: str | None) -> None:
    assert apple_peak(CHIPS, name, 8) is None


def test_blanks_and_capitals_are_no_part_of_a_name() -> None:
    assert apple_peak(CHIPS, " apple  M2 PRO ", 19) == apple_peak(CHIPS, "Apple M2 Pro", 19) is not None


@given(lanes, cores, clocks)
def test_the_formula_is_a_product(lane: int, count: int, clock: float) -> None:
    assert peak(lane, count, clock) == pytest.approx(lane * count * clock * 2)
    assert peak(lane, 2 * count, clock) == pytest.approx(2 * peak(lane, count, clock))
    assert peak(lane, count, 2 * clock) == pytest.approx(2 * peak(lane, count, clock))


@given(st.sampled_from([chip for chip in CHIPS.apple if chip.clock_ghz]), st.one_of(st.none(), cores), cores)
def test_more_cores_are_never_less(chip: Chip, some: int | None, more: int) -> None:
    found = apple_peak(CHIPS, chip.name, some)
    assert found is not None
    assert 0 < found.least <= found.most
    assert found.range == (len(chip.clock_ghz) > 1 or (some is None and len(chip.cores) > 1))
    if some is not None:
        grown = apple_peak(CHIPS, chip.name, some + more)
        assert grown is not None
        assert grown.least > found.least
        assert grown.most > found.most


@pytest.mark.parametrize("chip", [chip for chip in CHIPS.apple if chip.clock_ghz], ids=lambda chip: chip.name)
def test_unknown_cores_are_any_that_are_sold(chip: Chip) -> None:
    every = [one for count in chip.cores if (one := apple_peak(CHIPS, chip.name, count))]
    assert apple_peak(CHIPS, chip.name, None) == Peak(
        least=min(one.least for one in every), most=max(one.most for one in every)
    )


@pytest.mark.parametrize(
    ("card", "capability", "count", "clock", "tensor", "tflops"),
    [
        ("P100 SXM2", "6.0", 56, 1.480, False, 10.6), ("V100 SXM2", "7.0", 80, 1.530, False, 15.7),
        ("T4", "7.5", 40, 1.590, False, 8.1), ("A100 SXM4", "8.0", 108, 1.410, False, 19.5),
        ("A100 SXM4", "8.0", 108, 1.410, True, 156.0), ("RTX 3090", "8.6", 82, 1.695, False, 35.6),
        ("RTX 4090", "8.9", 128, 2.520, False, 82.6), ("H100 SXM5", "9.0", 132, 1.980, False, 66.9),
        ("H100 SXM5", "9.0", 132, 1.830, True, 494.7), ("RTX 5090", "12.0", 170, 2.407, False, 104.8),
    ],
)  # fmt: skip
def test_a_card_s_data_sheet_is_the_formulas_to_two_percent(
    card: str, capability: str, count: int, clock: float, tensor: bool, tflops: float
) -> None:
    found = nvidia_peak(CHIPS, capability, count, clock, tensor_float_32=tensor)
    assert found is not None, card
    assert found.least == found.most == pytest.approx(1000 * tflops, rel=0.02)


@pytest.mark.parametrize(
    ("capability", "count", "clock", "tensor"),
    [
        (None, 132, 1.98, False), ("99.0", 132, 1.98, False), ("9.0", None, 1.98, False), ("9.0", 132, None, False),
        ("9.0", 0, 1.98, False), ("9.0", 132, 0.0, False), ("8.6", 82, 1.7, True), ("7.5", 40, 1.6, True),
    ],
)  # fmt: skip
def test_a_card_of_which_something_is_not_known_has_no_peak(
    capability: str | None, count: int | None, clock: float | None, tensor: bool
) -> None:
    assert nvidia_peak(CHIPS, capability, count, clock, tensor_float_32=tensor) is None


@pytest.mark.parametrize("path", [*RECORDED, *HOSTS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_recorded_mac_has_a_peak_or_a_range(path: Path) -> None:
    host = parse_host(path.read_text(), path.name)
    apple = [gpu for gpu in host.gpus or () if gpu.vendor == "apple" and gpu.name != "Apple Paravirtual device"]
    assert (peak_of(CHIPS, host) is not None) == bool(apple)


def host(*gpus: Gpu, brand: str | None = None) -> Host:
    return Host(os="macos", gpus=gpus, cpu=Cpu(brand=brand))


def test_which_gpu_is_meant() -> None:
    mine, amd, intel = Gpu(vendor="apple", name="Apple M1"), Gpu(vendor="amd"), Gpu(vendor="intel")
    wanted = apple_peak(CHIPS, "Apple M1", None)
    assert peak_of(CHIPS, host(mine)) == peak_of(CHIPS, host(mine, intel)) == wanted
    assert peak_of(CHIPS, host(Gpu(vendor="apple"), brand="Apple M1")) == wanted
    assert peak_of(CHIPS, host(Gpu(vendor="apple", name="Apple M1", virtual=True))) is None
    assert peak_of(CHIPS, host(mine, amd)) is peak_of(CHIPS, host()) is peak_of(CHIPS, Host()) is None


@pytest.mark.parametrize("text", ["", "[]", '{"lanes": 128}', '{"schema": 1, "lanes": "many"}'])
def test_a_damaged_table_says_so(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / room.CHIPS).write_text(text)
    monkeypatch.setattr(disk, "environments", lambda: tmp_path)
    with pytest.raises(InvalidFileError, match="The table of chips cannot be read") as caught:
        read_chips.__wrapped__()
    assert caught.value.hint == "Install tfsetup again."


def test_the_table_has_no_key_that_nobody_reads() -> None:
    kept = json.loads((disk.environments() / room.CHIPS).read_text())
    known = set(Chip.__dataclass_fields__)
    assert {key for row in kept["apple"] for key in row} <= known
    assert set(kept) <= {"schema", "lanes", "bands", "apple", "nvidia"}
