"""Every Apple chip in every variant that is sold: what is recognised of it, and by which program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.recorded_world import RecordedWorld
from tfsetup.host.file import parse_host
from tfsetup.host.gather import gather
from tfsetup.host.model import MOST_CORES, Gpu, Host
from tfsetup.host.parsers.gpus import PARAVIRTUAL, read_accelerator, read_system_profiler
from tfsetup.matrix.chips import peak_of
from tfsetup.matrix.file.disk import read_chips

FOLDER = Path(__file__).parents[2] / "cases" / "host" / "chips"
MACHINES = sorted(path.parent for path in FOLDER.glob("*/machine.json"))
NAMED = pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
IOREG, PROFILER = "/usr/sbin/ioreg", "/usr/sbin/system_profiler"


def told(folder: Path) -> dict[str, Any]:
    wanted: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    return wanted


def looked_at(folder: Path, **changes: object) -> tuple[Host, list[str]]:
    """Return the host, and the programs that were started."""
    world = RecordedWorld(folder, **changes)
    host = gather(world, pythons=False, downloads=False)
    return host, [argv[0] for argv in world.started]


def without(folder: Path, *programs: str) -> list[dict[str, Any]]:
    record: dict[str, Any] = json.loads((folder / "machine.json").read_text())
    return [one for one in record["commands"] if one["argv"][0] not in programs]


def test_every_chip_up_to_m4_is_there_in_every_variant() -> None:
    sold = {
        (chip.name, cores)
        for chip in read_chips().apple
        if not chip.name.startswith("Apple M5")
        for cores in chip.cores
    }
    assert sold <= {(told(folder)["chip"], told(folder)["cores"]) for folder in MACHINES}


@NAMED
def test_a_chip_is_recognised_with_its_cores(folder: Path) -> None:
    want = told(folder)
    host, started = looked_at(folder)
    assert host.os_version == want["os_version"]
    assert host.cpu is not None
    assert (host.cpu.brand, sorted(host.cpu.features or ())) == (want["chip"], want["features"])
    assert host.gpus == (Gpu(vendor="apple", name=want["chip"], cores=want["cores"], virtual=False),)
    assert want["told_by"] in host.sources["gpus"]
    assert (PROFILER in started) == (want["told_by"] == "system_profiler")  # it takes a second


@NAMED
def test_where_ioreg_cannot_be_asked_the_profiler_tells_the_same(folder: Path) -> None:
    host, started = looked_at(folder, commands=without(folder, IOREG))
    assert host.gpus == looked_at(folder)[0].gpus
    assert host.sources["gpus"] == "on the chip; cores: system_profiler SPDisplaysDataType"
    assert started.count(PROFILER) == 1


@NAMED
def test_its_peak_is_the_published_one_to_two_percent(folder: Path) -> None:
    found, want = peak_of(read_chips(), looked_at(folder)[0]), told(folder)["peak_tflops"]
    if want is None:
        assert found is None
        return
    assert found is not None
    least, most = want if isinstance(want, list) else (want, want)
    assert [found.least, found.most] == pytest.approx([1000 * least, 1000 * most], rel=0.02)
    assert found.range == isinstance(want, list)


@NAMED
def test_without_its_cores_the_peak_is_a_range_that_holds_the_right_one(folder: Path) -> None:
    host, _ = looked_at(folder, commands=without(folder, IOREG, PROFILER))
    assert host.gpus == (Gpu(vendor="apple", name=told(folder)["chip"], virtual=False),)
    known, unknown = peak_of(read_chips(), looked_at(folder)[0]), peak_of(read_chips(), host)
    if known is None:
        assert unknown is None
        return
    assert unknown is not None
    assert unknown.range
    assert unknown.least <= known.least <= known.most <= unknown.most


@NAMED
def test_a_guest_on_the_chip_has_neither_its_cores_nor_its_peak(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        text = file.read_text().replace("kern.hv_vmm_present: 0", "kern.hv_vmm_present: 1")
        (tmp_path / file.name).write_text(text)
    host, started = looked_at(tmp_path)
    assert host.gpus == (Gpu(vendor="apple", name=PARAVIRTUAL, virtual=True),)
    assert peak_of(read_chips(), host) is None
    assert PROFILER not in started


@NAMED
def test_the_chip_is_named_by_ioreg_where_sysctl_says_nothing(folder: Path) -> None:
    want = told(folder)
    host, _ = looked_at(folder, commands=without(folder, "/usr/sbin/sysctl"))
    assert host.gpus == (Gpu(vendor="apple", name=want["chip"], cores=want["cores"]),)


def test_what_ioreg_draws_is_no_part_of_what_it_says() -> None:
    lines = ("+-o AGXAcceleratorG14X  <class AGXAcceleratorG14X>", "    {", '      "model" = "Apple M2 Max"',
             '      "gpu-core-count" = 30', "    }")  # fmt: skip
    plain = "\n".join(lines)
    barred = plain.replace("      ", "  |   ")
    assert read_accelerator(plain) == read_accelerator(barred) == Gpu(vendor="apple", name="Apple M2 Max", cores=30)


@pytest.mark.parametrize(
    "line",
    [
        '"gpu-core-count" = 0', '"gpu-core-count" = -8', '"gpu-core-count" = 99999', '"gpu-core-count" = <08000000>',
        '"gpu-core-count" = "eight"', '"gpu-core-counts" = 8', '"GPUConfigurationVariable" = {"gpu-core-count" = 8}',
        f'"gpu-core-count" = {MOST_CORES + 1}', "gpu-core-count = 8",
    ],
)  # fmt: skip
def test_what_is_no_number_of_cores_is_none(line: str) -> None:
    assert read_accelerator(f"    {{\n      {line}\n    }}\n") is None


@given(st.text())
def test_ioreg_may_print_anything(text: str) -> None:
    found = read_accelerator(text)
    assert found is None or found.cores is None or 0 < found.cores <= MOST_CORES


@given(st.integers(1, MOST_CORES), st.integers(0, 40))
def test_any_number_of_cores_is_read_wherever_it_stands(cores: int, before: int) -> None:
    lines = [f'      "Property{number}" = {number}' for number in range(before)]
    text = "\n".join([*lines, f'      "gpu-core-count" = {cores}', '      "SurfaceList" = ()'])
    assert read_accelerator(text) == Gpu(vendor="apple", cores=cores)


def test_the_profiler_tells_cores_of_apples_gpus_only() -> None:
    entries = [
        {"_name": "Apple M1 Max", "spdisplays_vendor": "sppci_vendor_Apple", "sppci_cores": "32"},
        {"_name": "AMD Radeon Pro 5500M", "spdisplays_vendor": "sppci_vendor_amd", "sppci_cores": "24"},
        {"_name": "Apple M1", "spdisplays_vendor": "sppci_vendor_Apple", "sppci_cores": "many"},
    ]
    found = read_system_profiler(json.dumps({"SPDisplaysDataType": entries}))
    assert [gpu.cores for gpu in found or ()] == [32, None, None]


@pytest.mark.parametrize("cores", [0, -1, MOST_CORES + 1])
def test_a_host_file_cannot_have_any_number(cores: int) -> None:
    with pytest.raises(Exception, match="is no number of a GPU's cores"):
        parse_host(json.dumps({"os": "macos", "gpus": [{"vendor": "apple", "cores": cores}]}), "host.json")
