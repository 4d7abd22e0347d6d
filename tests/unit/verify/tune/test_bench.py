"""Processes that wait for their turn: real ones, which speak as the probe does and never heard of TensorFlow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tfsetup.matrix.file.disk import read_switches
from tfsetup.verify.tune.bench import Processes
from tfsetup.verify.tune.course import Lane, Order, tune
from tfsetup.verify.tune.model import Took

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are POSIX's"),
]

PROBE = """
import json, os, signal, sys, time
options = json.loads(sys.argv[2])
def send(event, **fields): print(json.dumps({"event": event, **fields}), flush=True)
fate = os.environ.get("FATE", "")
on = os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1"
print("a line of somebody's start-up file", flush=True)
send("begin", phase="import")
if fate == "dies": os.kill(os.getpid(), signal.SIGSEGV)
if fate == "hangs": time.sleep(600)
if fate == "raises": send("error", phase="import", type="ImportError", message="no such file"); sys.exit(0)
if fate == "exits": print("not a good day", file=sys.stderr); sys.exit(3)
send("end", phase="import")
send("state", version="2.99.0", onednn=on, compiler=False, device="CPU:0", devices=[{"type": "CPU"}],
     settings={"SEEN": os.environ.get("SEEN", "")}, threads={"usable": 1}, free_bytes=8 << 30)
scale = options["scale"] or 512
names = ["matmul %d" % scale, "training"]
send("ready", scale=scale, workloads=[{"name": name, "variant": "", "max_rel_error": 1e-7} for name in names])
for line in sys.stdin:
    asked = json.loads(line)
    if fate == "dies in a turn": os._exit(1)
    if fate == "hangs in a turn": time.sleep(600)
    if fate == "fails in a turn": send("turn", workload=asked["workload"], seconds=None); continue
    send("turn", workload=asked["workload"], seconds=0.010 if on else 0.015, work=0.02 if on else 0.03)
"""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    monkeypatch.setattr("tfsetup.verify.tune.bench.START_LIMIT_S", 5.0)
    monkeypatch.setattr("tfsetup.verify.tune.bench.TURN_LIMIT_S", 1.0)
    script = tmp_path / "probe.py"
    script.write_text(PROBE, encoding="utf-8")
    with Processes(Path(sys.executable), command=[sys.executable, str(script)], limit_s=5.0) as made:
        yield made


def opened(bench: Processes, *fates: str) -> list[Lane]:
    return bench.open([Order(set={"FATE": fate}) for fate in fates])


def test_a_process_says_what_it_is_and_computes_when_it_is_told_to(bench: Processes) -> None:
    plain, fast = bench.open([Order(), Order(set={"TF_ENABLE_ONEDNN_OPTS": "1"}, device="CPU", scale=2048)])
    assert (plain.lost, fast.lost) == ("", "")
    assert (plain.state.version, plain.state.onednn, fast.state.onednn) == ("2.99.0", False, True)
    assert (plain.scale, fast.scale) == (512, 2048)
    assert [one.name for one in fast.timed] == ["matmul 2048", "training"]
    assert plain.turn(plain.timed[0]) == Took(seconds=0.015, work=0.03)
    assert fast.turn(fast.timed[0]) == Took(seconds=0.010, work=0.02)
    bench.close([plain, fast])


@pytest.mark.parametrize(
    ("fate", "why"),
    [
        ("dies", "it died of SIGSEGV in import"),
        ("hangs", "it hangs in import"),
        ("raises", "ImportError: no such file"),
        ("exits", "it ended with status 3 in import: not a good day"),
    ],
)
def test_a_process_that_does_not_get_ready_is_lost_and_the_other_is_there(
    bench: Processes, fate: str, why: str
) -> None:
    lost, whole = opened(bench, fate, "")
    assert lost.lost == why
    assert whole.lost == ""
    assert lost.turn(whole.timed[0]) is None
    assert whole.turn(whole.timed[0]) == Took(seconds=0.015, work=0.03)


@pytest.mark.parametrize(
    ("fate", "why"),
    [
        ("dies in a turn", "it ended with status 1 in matmul 512"),
        ("hangs in a turn", "it hangs in matmul 512"),
        ("fails in a turn", ""),
    ],
)
def test_a_turn_that_does_not_end_loses_the_process(bench: Processes, fate: str, why: str) -> None:
    (lane,) = opened(bench, fate)
    assert lane.turn(lane.timed[0]) is None
    assert lane.lost == why


def test_an_interpreter_that_cannot_be_started_is_lost(tmp_path: Path) -> None:
    with Processes(tmp_path / "python") as bench:
        (lane,) = bench.open([Order()])
        assert "No such file" in lane.lost
        bench.close([lane])


def test_variables_of_the_environment_are_seen_unless_the_user_set_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "probe.py"
    script.write_text(PROBE, encoding="utf-8")
    command = [sys.executable, str(script)]
    with Processes(Path(sys.executable), command=command, variables={"SEEN": "cure"}) as bench:
        assert bench.open([Order()])[0].state.settings == {"SEEN": "cure"}
        assert bench.open([Order(set={"SEEN": "trial"})])[0].state.settings == {"SEEN": "trial"}
        monkeypatch.setenv("SEEN", "user")
        assert bench.open([Order()])[0].state.settings == {"SEEN": "user"}


def test_leaving_ends_every_process(bench: Processes) -> None:
    lanes = opened(bench, "", "")
    numbers = [one._child.pid for one in bench.alive if one._child is not None]
    assert len(numbers) == len(lanes) == 2
    bench.__exit__(KeyboardInterrupt, None, None)
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
    assert bench.alive == []


def test_the_whole_course_over_real_processes_names_the_switch(bench: Processes) -> None:
    found = tune(bench, read_switches().switches)
    assert found.set == {"TF_ENABLE_ONEDNN_OPTS": "1"}
    assert {each.what for each in found.tried} == {"matmul 512", "training"}
    assert bench.alive == []


def test_ctrl_c_in_the_middle_leaves_no_process(tmp_path: Path) -> None:
    script, mark = tmp_path / "probe.py", tmp_path / "numbers"
    script.write_text(f"import os\nopen({str(mark)!r}, 'a').write(f'{{os.getpid()}}\\n')\n{PROBE}", encoding="utf-8")
    code = f"""
import sys
from pathlib import Path
from tfsetup.matrix.file.disk import read_switches
from tfsetup.verify.tune.bench import Processes
from tfsetup.verify.tune.course import tune
with Processes(Path(sys.executable), command=[sys.executable, {str(script)!r}]) as bench:
    bench.open([])
    while True:
        tune(bench, read_switches().switches)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, start_new_session=True)
    threading.Timer(3.0, lambda: child.send_signal(signal.SIGINT)).start()
    assert b"KeyboardInterrupt" in child.communicate(timeout=30)[1]
    time.sleep(0.2)
    numbers = [int(line) for line in mark.read_text(encoding="utf-8").splitlines()]
    assert numbers
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


def test_where_no_bytecode_is_written_the_processes_share_what_the_first_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    python = tmp_path / "env" / "bin" / "python"
    with Processes(python) as bench:
        folder = Path(bench.bytecode["PYTHONPYCACHEPREFIX"])
        assert folder.is_dir()
        assert bench.bytecode["PYTHONDONTWRITEBYTECODE"] == ""
    assert not folder.exists()
    (tmp_path / "env/lib/python3.12/site-packages/tensorflow/__pycache__").mkdir(parents=True)
    with Processes(python) as bench:
        assert bench.bytecode == {}
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    with Processes(tmp_path / "other" / "bin" / "python") as bench:
        assert bench.bytecode == {}
