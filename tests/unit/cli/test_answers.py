"""The commands that answer, or install: what they hand to their courses, and how an answer ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.cli import Tfsetup
from support.matrix import mac
from support.verify import verdict
from tfsetup.cli.page import page_at
from tfsetup.doctor.model import Diagnosis
from tfsetup.errors import UsageError
from tfsetup.ground.encode import encode
from tfsetup.host.model import Host
from tfsetup.loader.model import LoadFailure, NotCovered
from tfsetup.loader.report import Note, Report
from tfsetup.matrix.model import Selection
from tfsetup.verify.history import History
from tfsetup.workflows.install import Installed, InstallOrder
from tfsetup.workflows.lock import LockOrder
from tfsetup.workflows.locked import Locked, LockEntry
from tfsetup.workflows.preflight import Judgement
from tfsetup.workflows.verify import Extent, Verified

HERE = "tfsetup.workflows.hosts.host_of"
REPORT = Report(site="/s", python="3.12", tensorflow="2.99.0", images=1, notes=(Note(title="a note", detail="of it"),))
FAILURE = LoadFailure(kind="python-abi", image="/s/a.so", message="another one", stage="import")
UNSEEN = NotCovered(reason="it is loaded by name", image="/s/a.so", matters=True)


@pytest.fixture
def machine(stand_in: Any) -> Host:
    """A machine that is not asked: every command takes it for the one it runs on."""
    host = mac("3.12.4")
    stand_in(HERE, host)
    return host


def test_host_is_the_machine_and_its_summary(tfsetup: Tfsetup, machine: Host) -> None:
    data = tfsetup("host", "--json").document["data"]
    assert data["summary"]
    assert {name: value for name, value in data.items() if name != "summary"} == encode(machine)
    assert tfsetup("host").out.startswith(data["summary"])


@pytest.mark.parametrize(
    ("words", "status"), [("", 0), ("--python 3.7", 4), ("--explain", 0), ("--tensorflow 2.19.1 --accelerator cpu", 0)]
)
def test_resolve_ends_with_4_where_nothing_fits(tfsetup: Tfsetup, machine: Host, words: str, status: int) -> None:
    ran = tfsetup("resolve", *words.split(), "--json")
    data = ran.document["data"]
    assert (ran.status, data["installable"]) == (status, status == 0)
    assert ("explained" in data) is (words == "--explain")
    assert tfsetup("resolve", *words.split()).status == status


@pytest.mark.parametrize(
    ("report", "strict", "status"),
    [
        (REPORT, True, 0),
        (Report(site="/s", python=None, tensorflow=None, failures=(FAILURE,)), False, 7),
        (Report(site="/s", python=None, tensorflow=None, images=1, not_covered=(UNSEEN,)), False, 0),
        (Report(site="/s", python=None, tensorflow=None, images=1, not_covered=(UNSEEN,)), True, 9),
        (Report(site="/s", python=None, tensorflow=None, not_covered=(UNSEEN,)), False, 9),  # nothing was judged
    ],
)
def test_a_prediction_that_is_undecided_fails_only_who_is_strict(
    tfsetup: Tfsetup, stand_in: Any, machine: Host, report: Report, strict: bool, status: int
) -> None:
    calls = stand_in("tfsetup.workflows.preflight.judge", Judgement(report=report, would_load=("2.98.0",)))
    argv = ["preflight", "a.whl", "b", "--python", "3.12", *(["--strict"] if strict else [])]
    ran = tfsetup(*argv, "--json")
    assert (ran.status, ran.document["data"]["would_load"]) == (status, ["2.98.0"])
    assert ran.document["findings"] == encode(report.notes)
    ((targets, host), options) = calls[0]
    assert (targets, host, options["python"], options["replayed"]) == (["a.whl", "b"], machine, "3.12", False)
    assert "would load: 2.98.0" in tfsetup(*argv).out


@pytest.mark.parametrize(("case", "status"), [("full-cpu", 0), ("numpy-wrong", 7)])
def test_a_verification_is_shown_and_its_page_written(
    tfsetup: Tfsetup, stand_in: Any, machine: Host, case: str, status: int, tmp_path: Path
) -> None:
    found = verdict(case)
    calls = stand_in("tfsetup.workflows.verify.verify", Verified(verification=found, history=History()))
    argv = ["verify", "env", "--quick", "--size", "512", "--dtype", "float16", "--timeout", "9"]
    ran = tfsetup(*argv, "--compare", "--report", "page.html")
    assert (ran.status, ran.err) == (status, "Report    page.html\n")
    assert "nothing earlier to compare with" in ran.out
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    ((prefix, host), options) = calls[0]
    assert (prefix, host) == (Path("env"), machine)
    assert options["extent"] == Extent(mode="quick", sizes=[512], dtypes=["float16"], timeout_s=9.0)
    documented = tfsetup(*argv, "--json").document
    assert (documented["data"]["ok"], documented["findings"]) == (found.ok, encode(found.findings))
    assert ("doctor" in documented["data"]) is (not found.ok)


@pytest.mark.parametrize(("words", "mode"), [("", "full"), ("--quick", "quick"), ("--thorough", "thorough")])
def test_how_much_is_asked_is_said_in_a_word(
    tfsetup: Tfsetup, stand_in: Any, machine: Host, words: str, mode: Any
) -> None:
    calls = stand_in("tfsetup.workflows.verify.verify", Verified(verification=verdict("full-cpu"), history=History()))
    assert tfsetup("verify", "env", *words.split()).status == 0
    assert calls[0][1]["extent"].mode == mode


def test_quick_and_thorough_contradict_each_other(tfsetup: Tfsetup, stand_in: Any) -> None:
    calls = stand_in("tfsetup.workflows.verify.verify", None)
    ran = tfsetup("verify", "env", "--quick", "--thorough", "--json")
    assert (ran.status, calls) == (2, [])
    assert ran.document["error"]["message"] == "--quick and --thorough contradict each other."


@pytest.mark.parametrize("name", ["", "gone/page.html"])
def test_a_page_that_cannot_be_written_is_told_before_minutes_are_spent(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a file one could write"):
        page_at(tmp_path / name, print)


@pytest.mark.parametrize(
    ("words", "function", "fresh", "status"), [("", "lock", True, 0), ("--check", "check", False, 8)]
)
def test_a_lock_is_written_or_checked(
    tfsetup: Tfsetup, stand_in: Any, words: str, function: str, fresh: bool, status: int
) -> None:
    entry = LockEntry(path=Path("a/pylock.toml"), row="linux-x86_64-cpu", fresh=fresh, packages=3)
    calls = stand_in(f"tfsetup.workflows.lock.{function}", Locked(files=(entry,), checked=function == "check"))
    ran = tfsetup("lock", "--platform", "linux-x86_64-cpu", "--python", "all", *words.split())
    assert (ran.status, ran.out.splitlines()[0].split()[0]) == (status, "a/pylock.toml")
    ((order, _matrix), options) = calls[0]
    assert isinstance(order, LockOrder)
    assert (order.platforms, order.pythons, order.prove) == (("linux-x86_64-cpu",), ("all",), function == "lock")
    assert options["host"] is None


def test_an_installation_gets_its_order_and_ends_with_what_to_type(
    tfsetup: Tfsetup, stand_in: Any, machine: Host
) -> None:
    chosen = Selection(installable=True, row="macos-arm64-metal", python="3.12", requirements=("tensorflow==2.19.1",))
    done = Installed(prefix="/p/.venv", selection=chosen, cured=True, changed=True)
    calls = stand_in("tfsetup.workflows.install.install", done)
    stand_in("tfsetup.workflows.install.refuse_place", None)
    ran = tfsetup("install", "--no-verify", "--without-cures", "--tensorflow", "2.19.1", "--prefix", "env")
    assert (ran.status, ran.out.splitlines()[1]) == (0, "/p/.venv is ready: macos-arm64-metal, generation None")
    ((order, host, _matrix), options) = calls[0]
    assert isinstance(order, InstallOrder)
    assert (order.prefix, order.ask.tensorflow, host) == (Path("env"), "2.19.1", machine)
    assert (order.verify, order.cures, order.preflight, order.dry_run) == (False, False, True, False)
    assert options["asked"] is None


def test_an_installation_on_another_machine_is_only_rehearsed(tfsetup: Tfsetup, stand_in: Any) -> None:
    calls = stand_in("tfsetup.workflows.install.install", None)
    ran = tfsetup("install", "--host", "linux-x86_64-cpu")
    assert (ran.status, calls) == (2, [])
    assert "Add --dry-run." in ran.err


@pytest.mark.parametrize(("verdict_", "status"), [("healthy", 0), ("problem", 7), ("unknown", 9)])
def test_only_health_ends_the_doctor_with_0(
    tfsetup: Tfsetup, stand_in: Any, machine: Host, verdict_: Any, status: int, tmp_path: Path
) -> None:
    cause = stand_in(
        "tfsetup.workflows.diagnose.concluded", Diagnosis(verdict=verdict_, unexplained=("x",) * (status == 7))
    )
    (tmp_path / "log").write_text("nothing of note\n")
    ran = tfsetup("doctor", "--log", "log", "--json")
    assert (ran.status, ran.document["data"]["verdict"], len(cause)) == (status, verdict_, 1)
    assert "fixed" not in ran.document["data"]


def test_schemas_are_listed_and_printed(tfsetup: Tfsetup) -> None:
    names = tfsetup("schema").out.split("\n")
    assert {"doctor", "matrix show", "host-file", "receipt"} <= set(names)
    assert list(tfsetup("schema", "gc", "--json").document["data"]["schemas"]) == ["gc"]
    ran = tfsetup("schema", "none")
    assert (ran.status, ran.err.splitlines()[0]) == (2, "error: There is no schema of the name none.")


@pytest.mark.parametrize(
    ("option", "start"), [("", "row"), ("--markdown", "| row |"), ("--schema", "{"), ("--compiled", "{")]
)
def test_the_matrix_has_four_forms(tfsetup: Tfsetup, option: str, start: str) -> None:
    assert tfsetup("matrix", "show", *option.split()).out.startswith(start)


def test_evidence_is_written_by_a_proof_only(tfsetup: Tfsetup) -> None:
    ran = tfsetup("matrix", "check", "--evidence", "there")
    assert (ran.status, "only --prove writes evidence" in ran.err) == (2, True)


@pytest.mark.parametrize("argv", [["run"], ["run", "a", "b", "--", "true"], ["run", "--"]], ids=" ".join)
def test_run_wants_a_command_after_two_dashes(tfsetup: Tfsetup, argv: list[str]) -> None:
    ran = tfsetup(*argv)
    assert (ran.status, ran.err.splitlines()[0]) == (2, "error: Say what to run after a `--`.")
