"""Earlier verifications: what is compared with what, what counts as slower, and that damage costs nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.disk import Event, assert_written_whole, watching
from tfsetup.ground.encode import encode
from tfsetup.verify.history import (
    Earlier,
    History,
    Run,
    after,
    compare,
    day,
    from_line,
    history_findings,
    run_of,
    to_line,
)
from tfsetup.verify.history_file import KEPT, append_history, history_folder, history_path, keep, read_history
from tfsetup.verify.model import Blas, Device, Matmul, TensorFlow, Verification

SERIES = ("GPU:0", "float32", 4096)


def run(when: str, rate: float, *, tensorflow: str = "2.20.0", n: int = 4096, device: str = "GPU:0") -> Run:
    return Run(
        when=when,
        tensorflow=tensorflow,
        python="3.12.4",
        ok=True,
        import_s=3.0,
        rates=((device, "float32", n, rate),),
    )


OLD = [run(f"2026-11-0{day}T10:00:00+00:00", rate, tensorflow="2.19.1") for day, rate in ((1, 4000.0), (3, 4100.0))]


def test_a_slow_down_after_an_upgrade_is_told_with_date_and_versions() -> None:
    now = run("2026-11-20T10:00:00+00:00", 1780.0)
    (finding,) = history_findings(compare(OLD, now), now)
    assert finding.title == "GPU:0 is 2.3 times slower than on 3 November 2026 after tensorflow 2.19.1 → 2.20.0"
    assert finding.detail == "float32 4096: 1780 GFLOP/s now, 4100 then"
    assert finding.severity == "note"


def test_the_run_before_the_last_change_of_versions_is_the_one_compared_with() -> None:
    since = [run("2026-11-10T10:00:00+00:00", 1800.0), run("2026-11-11T10:00:00+00:00", 1790.0)]
    history = compare([*OLD, *since], run("2026-11-20T10:00:00+00:00", 1780.0))
    assert history.compared_with == Earlier(when=OLD[-1].when, tensorflow="2.19.1", python="3.12.4")
    assert history.runs == 4


def test_without_a_change_of_versions_the_run_before_is_compared_with() -> None:
    now = replace(OLD[0], when="2026-11-04T10:00:00+00:00")
    then = compare(OLD, now).compared_with
    assert then is not None
    assert then.when == OLD[-1].when
    assert after(then, now) == ""


@pytest.mark.parametrize(("earlier", "now", "slower"), [
    ([4000, 4100], 3900, False), ([4000, 4100], 3600, False), ([4000, 4100], 3000, True),
    ([4000, 2000], 1900, False), ([4000, 2000], 950, False), ([4000, 2000], 800, True),
    ([100], 95, False), ([100], 85, True), ([100], 300, False),
])  # fmt: skip
def test_slower_means_slower_than_the_spread_of_earlier_runs(earlier: list[float], now: float, slower: bool) -> None:
    runs = [run(f"2026-11-0{at + 1}T10:00:00+00:00", rate) for at, rate in enumerate(earlier)]
    history = compare(runs, run("2026-11-20T10:00:00+00:00", now))
    assert history.compared_with is not None
    assert any(change.lasting for change in history.changes) is slower


def test_only_sizes_that_both_measured_are_compared() -> None:
    then = run("2026-11-01T10:00:00+00:00", 100.0, n=2048)
    apart = compare([then], run("2026-11-02T10:00:00+00:00", 100.0, n=4096))
    assert apart.compared_with is not None
    assert apart.changes == ()
    both = replace(then, rates=(*then.rates, ("GPU:0", "float32", 512, 50.0), (*SERIES, 110.0)))
    (change,) = compare([both], both).changes
    assert change.n == 4096


def test_numpy_s_own_pace_is_compared_and_not_complained_about() -> None:
    earlier = [run("2026-11-01T10:00:00+00:00", 100.0, device="NumPy")]
    now = run("2026-11-20T10:00:00+00:00", 10.0, device="NumPy")
    history = compare(earlier, now)
    assert history.changes[0].lasting
    assert list(history_findings(history, now)) == []


@pytest.mark.parametrize(("numpy_now", "slower"), [(100.0, True), (400.0, True), (30.0, False), (50.0, True)])
def test_what_a_busy_machine_costs_numpy_too_is_not_the_cpu_s_fault(numpy_now: float, slower: bool) -> None:
    def both(when: str, cpu: float, numpy: float) -> Run:
        rates = (("CPU:0", "float32", 2048, cpu), ("NumPy", "float32", 2048, numpy))
        return replace(run(when, cpu), rates=rates)

    now = both("2026-11-20", 30.0, numpy_now)
    history = compare([both("2026-11-01", 90.0, 100.0)], now)
    assert bool(list(history_findings(history, now))) is slower


def test_nothing_earlier_is_nothing_to_compare_with() -> None:
    assert compare([], OLD[0]) == History(runs=0, compared_with=None, changes=())
    unmeasured = replace(OLD[0], rates=())
    assert compare(OLD, unmeasured) == History(runs=2, compared_with=None, changes=())
    assert compare([unmeasured], OLD[0]) == History(runs=1, compared_with=None, changes=())
    assert list(history_findings(History(), OLD[0])) == []


def test_changes_stand_in_the_order_in_which_series_were_measured() -> None:
    sweep = [("CPU:0", dtype, n, 1.0) for n in (512, 1024) for dtype in ("float32", "float64")]
    both = replace(OLD[0], rates=(*sweep, ("CPU:0", "float32", 2048, 1.0)))
    assert [(each.dtype, each.n) for each in compare([both], both).changes] == [("float32", 2048), ("float64", 1024)]


def test_the_comparison_has_a_json_form() -> None:
    data = json.loads(json.dumps(encode(compare(OLD, run("2026-11-20T10:00:00+00:00", 2050.0)))))
    assert data["compared_with"] == {"when": OLD[-1].when, "tensorflow": "2.19.1", "python": "3.12.4"}
    assert data["changes"] == [
        {
            "device": "GPU:0", "dtype": "float32", "n": 4096, "now_gflops": 2050.0, "then_gflops": 4100.0,
            "ratio": 0.5, "lasting": True,
        }
    ]  # fmt: skip
    assert data["runs"] == 2


def test_a_run_keeps_the_best_of_each_series() -> None:
    item = Matmul(n=1000, dtype="float32", median_s=0.04, min_s=0.02, gflops=50.0)
    failed = Matmul(n=1000, dtype="float64", error="no kernel")
    device = Device(name="CPU:0", type="CPU", status="ok", reason="", matmul=(item, failed))
    found = Verification(
        ok=True, interpreter="p", tensorflow=TensorFlow(version="2.20.0"), devices=(device,),
        blas=Blas(user="numpy", library="mkl", matmul=(item, failed), scipy=Blas(user="scipy", library="mkl")),
    )  # fmt: skip
    assert run_of(found, "2026-11-20T10:00:00+00:00").paces == {
        ("CPU:0", "float32", 1000): pytest.approx(100.0),
        ("NumPy", "float32", 1000): pytest.approx(100.0),
    }


@given(
    st.builds(
        Run,
        when=st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
        tensorflow=st.none() | st.text(),
        python=st.none() | st.text(),
        ok=st.booleans(),
        import_s=st.none() | st.floats(0, 1e3),
        rates=st.lists(st.tuples(st.text(), st.text(), st.integers(1, 99999), st.floats(1e-3, 1e9)), max_size=5).map(
            tuple
        ),
    )
)
def test_a_run_comes_back_from_its_line_as_it_was(kept: Run) -> None:
    assert from_line(to_line(kept)) == kept


def test_dates_are_english_words() -> None:
    assert day("2026-11-03T23:59:59+00:00") == "3 November 2026"


def test_runs_are_kept_per_environment_in_order(tmp_path: Path) -> None:
    found = Verification(ok=True, interpreter="p", tensorflow=TensorFlow(version="2.20.0"))
    times = [datetime(2026, 11, day, tzinfo=UTC) for day in (3, 1, 2)]
    for now in times:
        assert keep(tmp_path / ".venv", found, folder=tmp_path / "state", now=now).problem is None
    keep(tmp_path / "other", found, folder=tmp_path / "state", now=times[0])
    runs = read_history(history_path(tmp_path / ".venv", tmp_path / "state"))
    assert [day(each.when) for each in runs] == ["1 November 2026", "2 November 2026", "3 November 2026"]
    assert len(list((tmp_path / "state").iterdir())) == 2


@pytest.mark.parametrize(
    "damage", ["", "{", '{"schema": 2}', "[]", "null", '{"schema": 1, "when": "x"}', '"text"', "\x00\x00", "3"]
)
def test_a_damaged_line_costs_only_itself(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "history.jsonl"
    assert append_history(path, OLD[0]) is None
    with path.open("a", encoding="utf-8") as file:
        file.write(damage + "\n")
    assert append_history(path, OLD[1]) is None
    assert read_history(path) == OLD


def test_a_long_history_is_cut_at_its_old_end(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    for second in range(KEPT + 3):
        append_history(path, run(f"2026-11-03T10:{second // 60:02d}:{second % 60:02d}+00:00", 1.0))
    runs = read_history(path)
    assert len(runs) == KEPT
    assert runs[0].when == "2026-11-03T10:00:03+00:00"


def test_what_cannot_be_kept_is_said_and_harms_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    kept = keep(tmp_path / ".venv", Verification(ok=True, interpreter="p"), folder=blocked / "history")
    assert kept.problem is not None
    assert "could not be kept" in kept.problem
    assert kept.history.runs == 0


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        ({"HOME": "/h"}, "linux", "/h/.local/state/tfsetup/history"),
        ({"HOME": "/h", "XDG_STATE_HOME": "/s"}, "linux", "/s/tfsetup/history"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Application Support/tfsetup/history"),
        ({"LOCALAPPDATA": "C:/l", "USERPROFILE": "C:/h"}, "win32", "C:/l/tfsetup/history"),
        ({"USERPROFILE": "C:/h"}, "win32", "C:/h/AppData/Local/tfsetup/history"),
        ({"HOME": "/h", "TFSETUP_STATE": "/t"}, "linux", "/t/history"),
        ({"TFSETUP_STATE_DIR": "/d", "TFSETUP_STATE": "/t"}, "linux", "/d/history"),
    ],
)
def test_histories_stand_where_each_system_keeps_state(environ: dict[str, str], platform: str, folder: str) -> None:
    assert history_folder(environ, platform) == Path(folder)


def test_a_state_folder_that_is_none_costs_the_history_and_not_the_verification(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFSETUP_STATE_DIR", "relative")
    kept = keep(tmp_path / ".venv", Verification(ok=True, interpreter="p"))
    assert kept.problem is not None
    assert "TFSETUP_STATE_DIR=relative is not an absolute path" in kept.problem


def test_an_environment_is_known_by_its_path_and_not_by_what_it_links_to(tmp_path: Path) -> None:
    first: Any = tmp_path / "1"
    second = tmp_path / "2"
    first.mkdir()
    second.mkdir()
    link = tmp_path / ".venv"
    link.symlink_to(first)
    before = history_path(link, tmp_path)
    link.unlink()
    link.symlink_to(second)
    assert history_path(link, tmp_path) == before
    assert history_path(first, tmp_path) != history_path(second, tmp_path)


def test_a_history_that_is_shortened_is_never_a_part_of_one(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    for second in range(KEPT):
        append_history(path, run(f"2026-11-03T10:{second // 60:02d}:{second % 60:02d}+00:00", 1.0))
    with watching(tmp_path) as seen:
        append_history(path, run("2026-11-03T11:00:00+00:00", 1.0))
    seen.remove(Event("write", path))  # the new line at its end
    assert_written_whole(seen, path)
    assert len(read_history(path)) == KEPT
