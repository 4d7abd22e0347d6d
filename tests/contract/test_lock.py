"""`tfsetup lock` and the installation from a lock in place, with uv replaced by a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.backends import Judge
from support.cli import Ran, Tfsetup
from support.locks import CURRENT_ROWS, FakeResolver
from tfsetup.errors import BuildError, NetworkError
from tfsetup.ground.owners import SharedFiles
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.explain import explain_uv
from tfsetup.locks.proof import Proof
from tfsetup.locks.run import Finished
from tfsetup.workflows.backends import Case

CPU = "linux-x86_64-cpu"
LINUX = "linux-x86_64-glibc-2.36"


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch) -> FakeResolver:
    resolver = FakeResolver(newest={"pandas": "2.1", "six": "1.5"})
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", resolver)
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return resolver


@pytest.fixture(autouse=True)
def judged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Let the preflight say what `verdicts` has for a row, and keep which rows it judged."""
    asked: list[str] = []

    def judge(case: Case, *_: object, **__: object) -> Proof:
        origin, lock = case.origin, case.lock
        asked.append(origin.row)
        fails = origin.row == "windows-x86_64-cpu" and "broken" in str(origin.team)
        reasons = ("a.pyd: DLL load failed",) if fails else ()
        verdict: Any = "fails" if fails else "loads"
        return Proof(
            row=origin.row,
            python=origin.python,
            sha256=lock.sha256,
            verdict=verdict,
            images=1,
            reasons=reasons,
            subject=case.subject,
        )

    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("tfsetup.workflows.prove.judged", judge)
    return asked


CURE = cure_wheel({"TURN_OFF_REMAPPER": "1"})
METAL = "macos-arm64-metal"


def files(ran: Ran) -> list[dict[str, Any]]:
    found = ran.document["data"]["files"]
    assert isinstance(found, list)
    return found


def team(text: str) -> None:
    Path("environments").mkdir(exist_ok=True)
    Path("environments/team.yaml").write_text(text)


def locks() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path("environments/locks").iterdir())}


def test_every_current_row_is_locked_by_default(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    ran = tfsetup("lock", "--json")
    assert ran.status == 0, ran.err
    assert [one["row"] for one in files(ran)] == CURRENT_ROWS
    assert all(one["fresh"] and one["verdict"] == "loads" and one["packages"] >= 1 for one in files(ran))
    written = [*(f"pylock.{row}.toml" for row in CURRENT_ROWS), "proof.json", CURE.filename]
    assert sorted(locks()) == sorted(written)
    lines = ran.err.splitlines()
    assert lines[0] == "Locking 7 targets at once"
    assert sorted(line.split()[1] for line in lines[1:8]) == sorted(CURRENT_ROWS)
    assert len(uv.calls) == 7


def test_what_requires_tensorflow_gets_one_tensorflow(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    uv.brings = {"tf-keras": ("tensorflow",)}
    team(f"schema: 1\nplatforms: [{CPU}]\nrequirements: [tf-keras]\n")
    ran = tfsetup("lock", "--json")
    assert ran.status == 0, ran.err
    (one,) = files(ran)
    assert one["requirements"] == [f"tensorflow=={one['requirements'][0].partition('==')[2]}"]
    text = locks()[f"pylock.{CPU}.toml"].decode()
    assert 'name = "tensorflow"' in text
    assert 'name = "tensorflow-cpu"' not in text
    assert "tensorflow in place of tensorflow-cpu, because something else requires tensorflow" in ran.err
    assert tfsetup("lock", "--check").status == 0
    before = locks()
    assert tfsetup("lock").status == 0
    assert locks() == before


def test_an_extra_that_a_row_refuses_is_refused_with_its_line(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    team(f"schema: 1\nplatforms: [{CPU}]\nrequirements:\n  - six\n  - tensorflow[and-cuda]\n")
    ran = tfsetup("lock")
    assert ran.status == 3
    assert "environments/team.yaml:5:5" in ran.err
    assert f"`tensorflow[and-cuda]`: {CPU} does not take [and-cuda]" in ran.err
    assert "Write `tensorflow`: linux-x86_64-cuda adds and-cuda by itself." in ran.err
    assert not Path("environments/locks").exists()
    assert uv.calls == []


def test_an_extra_in_a_file_that_is_taken_over_is_left_out_and_told(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    team(f"schema: 1\nplatforms: [{CPU}, linux-x86_64-cuda]\nrequirements: ../requirements.txt\n")
    Path("requirements.txt").write_text("tensorflow[and-cuda]\n")
    ran = tfsetup("lock", "--json")
    assert ran.status == 0, ran.err
    assert [line for line in ran.err.splitlines() if line.startswith("Left out")] == [
        (
            f"Left out  `tensorflow[and-cuda]`: {CPU} does not take [and-cuda], which is for linux-x86_64-cuda "
            "(requirements.txt:1:1)"
        )
    ]
    asked = sorted(call["stdin"].splitlines()[-1] for call in uv.calls)
    assert asked == ["tensorflow", "tensorflow[and-cuda]"]
    assert tfsetup("lock", "--check").status == 0


def test_two_owners_of_a_path_end_with_7_and_the_document_says_which(
    tfsetup: Tfsetup, uv: FakeResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = SharedFiles(distributions=("nvidia-a-cu12 1.0", "nvidia-a-cu13 1.0"), paths=3, different=2, names=("n/a",))
    judge = Judge(conflicts={CPU: (found,)})
    monkeypatch.setattr("tfsetup.workflows.prove.judged", judge)
    uv.brings = {"torch": ("nvidia-a-cu13",), "tensorflow-cpu": ("nvidia-a-cu12",)}
    team(f"schema: 1\nplatforms: [{CPU}]\nrequirements: [torch>=2]\n")
    ran = tfsetup("lock", "--json")
    assert ran.status == 7
    assert (ran.document["status"], files(ran)) == ("failed", [])
    (conflict,) = ran.document["data"]["conflicts"]
    assert (conflict["kind"], conflict["paths"], conflict["different"]) == ("same-file", 3, 2)
    assert conflict["distributions"] == ["nvidia-a-cu12 1.0", "nvidia-a-cu13 1.0"]
    assert conflict["change"] == "leave out a requirement that brings nvidia-a-cu12 or nvidia-a-cu13."
    assert not Path("environments/locks").exists()
    assert tfsetup("lock", "--force").status == 0
    assert sorted(locks()) == ["proof.json", f"pylock.{CPU}.toml"]


def test_the_same_input_gives_the_same_bytes(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    tfsetup("lock")
    before = locks()
    ran = tfsetup("lock", "--json")
    assert locks() == before
    assert not any(one["changed"] for one in files(ran))
    assert uv.calls


def test_the_portable_form_in_another_folder(tfsetup: Tfsetup, uv: FakeResolver, tmp_path: Path) -> None:
    ran = tfsetup("lock", "--platform", CPU, "--format", "portable", "-o", "locks", "--json")
    assert [Path(one["path"]).name for one in files(ran)] == [f"requirements.{CPU}.txt"]
    text = (tmp_path / "locks" / f"requirements.{CPU}.txt").read_text()
    assert "://" not in text
    assert not (tmp_path / "environments").exists()
    assert uv.calls


def test_the_form_in_place_is_kept(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    tfsetup("lock", "--platform", CPU, "--format", "portable")
    tfsetup("lock", "--platform", CPU, "--platform", "linux-aarch64-cpu")
    assert sorted(locks()) == ["proof.json", "requirements.linux-aarch64-cpu.txt", f"requirements.{CPU}.txt"]
    team("format: pylock\n")
    assert [Path(one["path"]).name for one in files(tfsetup("lock", "--platform", CPU, "--json"))] == [
        f"pylock.{CPU}.toml"
    ]
    assert uv.calls


def test_every_python_of_a_row_is_locked_and_stays_so(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    ran = tfsetup("lock", "--platform", CPU, "--python", "all", "--json")
    expected = [(f"pylock.{CPU}.toml", "3.13"), *((f"pylock.{CPU}-py31{n}.toml", f"3.1{n}") for n in (2, 1, 0))]
    assert [(Path(one["path"]).name, one["python"]) for one in files(ran)] == expected
    before = locks()
    again = tfsetup("lock", "--platform", CPU, "--json")
    assert [one["changed"] for one in files(again)] == [False] * 4
    assert locks() == before
    assert tfsetup("lock", "--check").out.splitlines()[-1] == "4 fresh."
    assert tfsetup("lock", "--check", "--platform", CPU, "--python", "all").out.splitlines()[-1] == "4 fresh."
    Path(f"environments/locks/pylock.{CPU}-py311.toml").unlink()
    for argv in (["--platform", CPU, "--python", "all"], []):
        gone = tfsetup("lock", "--check", *argv, "--json")
        assert gone.status == 8
        assert [Path(one["path"]).name for one in files(gone) if not one["fresh"]] == [f"pylock.{CPU}-py311.toml"]
    assert len(uv.calls) == 8


def test_all_pythons_are_no_python_of_a_conda_lock(tfsetup: Tfsetup) -> None:
    ran = tfsetup("lock", "--backend", "conda", "--platform", CPU, "--python", "all")
    assert ran.status == 2
    assert "A conda lock holds one Python" in ran.err


def test_a_python_that_is_none_is_wrong_usage(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    for argv in (["lock"], ["lock", "--check"]):
        ran = tfsetup(*argv, "--platform", CPU, "--python", "banana")
        assert ran.status == 2
        assert "banana" in ran.err
    assert not uv.calls


def test_check_is_fresh_then_stale_then_missing(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    team(f"platforms: [{CPU}]\nrequirements: [pandas]\n")
    assert tfsetup("lock").status == 0
    asked = len(uv.calls)
    fresh = tfsetup("lock", "--check")
    assert (fresh.status, fresh.out.splitlines()[-1]) == (0, "1 fresh.")
    team(f"platforms: [{CPU}, macos-arm64-cpu]\nrequirements: [pandas, six]\n")
    stale = tfsetup("lock", "--check")
    assert stale.status == 8
    assert stale.out.splitlines() == [
        f"environments/locks/pylock.{CPU}.toml  stale",
        "    the team's requirements: +six",
        "environments/locks/pylock.macos-arm64-cpu.toml  missing",
        "    there is no lock file for it",
        "2 of 2 not fresh: `tfsetup lock` writes them anew.",
    ]
    told = tfsetup("lock", "--check", "--json").document
    assert told["status"] == "failed"
    assert [one["fresh"] for one in told["data"]["files"]] == [False, False]
    assert len(uv.calls) == asked


def test_check_without_a_team_is_about_what_was_written(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    assert tfsetup("lock", "--check").status == 8
    tfsetup("lock", "--platform", CPU, "--platform", "macos-arm64-metal", "--tensorflow", ">=2.18", "--python", "3.12")
    assert tfsetup("lock", "--check").status == 0
    Path("environments/locks/pylock.macos-arm64-metal.toml").unlink()
    gone = tfsetup("lock", "--check", "--json")
    assert gone.status == 8
    assert [(one["row"], one["fresh"]) for one in files(gone)] == [(CPU, True), ("macos-arm64-metal", False)]
    assert uv.calls


def test_a_row_that_changes_in_the_matrix_makes_its_lock_stale(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    from support.matrix import ROOT

    tfsetup("lock", "--platform", CPU, "--platform", "linux-aarch64-cpu")
    text = (ROOT / "environments" / "matrix.yaml").read_text()
    start = text.index(f"  - id: {CPU}\n")
    row = text[start : text.index("\n  - id:", start)].replace('versions: ">=2.5"', 'versions: ">=2.6"')
    Path("own.yaml").write_text(f"schema: 1\nrows:\n{row}\n")
    ran = tfsetup("--matrix", "own.yaml", "lock", "--check", "--json")
    assert ran.status == 8
    assert {one["row"]: one.get("changes") for one in files(ran)} == {
        CPU: [f"the row {CPU} in the matrix: versions"],
        "linux-aarch64-cpu": [],
    }
    assert uv.calls


def test_versions_stay_unless_they_may_move_on(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    team(f"platforms: [{CPU}]\nrequirements: [pandas, six]\n")
    tfsetup("lock")
    uv.newest |= {"pandas": "3.0", "six": "2.0"}
    kept = files(tfsetup("lock", "--json"))[0]
    assert (kept["changed"], kept["versions"]) == (False, [])
    one = files(tfsetup("lock", "--upgrade-package", "six", "--json"))[0]
    assert one["versions"] == ["six 1.5 → 2.0"]
    every = files(tfsetup("lock", "--upgrade", "--json"))[0]
    assert every["versions"] == ["pandas 2.1 → 3.0"]


def test_a_conflict_names_both_sides_and_the_line(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    team(f'platforms: [{CPU}]\ntensorflow: "2.15.1"\npythons: ["3.11"]\nrequirements:\n  - numpy>=2\n')
    uv.failure = explain_uv(
        "error: No solution found when resolving dependencies\n"
        "  cause: Because tensorflow-cpu==2.15.1 depends on numpy>=1.23.5,<2.0.0 and you require numpy>=2, we can "
        "conclude that your requirements and tensorflow-cpu==2.15.1 are incompatible.\n",
        "Locking",
    )
    ran = tfsetup("lock", "--json")
    assert ran.status == 7
    error = ran.document["error"]
    assert error["where"] == "environments/team.yaml:5:5"
    assert (
        "`numpy>=2` (environments/team.yaml:5:5) does not fit together with `tensorflow-cpu==2.15.1`"
        in error["message"]
    )
    assert not Path("environments/locks").exists()


@pytest.mark.parametrize("failure", [NetworkError("no network"), BuildError("no solution"), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_files(tfsetup: Tfsetup, uv: FakeResolver, failure: BaseException) -> None:
    tfsetup("lock", "--platform", CPU)
    before = locks()
    uv.failure = failure
    ran = tfsetup("lock", "--platform", CPU, "--upgrade")
    assert ran.status == {NetworkError: 5, BuildError: 6, KeyboardInterrupt: 130}[type(failure)]
    assert locks() == before


def test_what_would_not_load_is_not_written_unless_forced(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    team(f"platforms: [{CPU}, windows-x86_64-cpu]\nrequirements: [broken]\n")
    ran = tfsetup("lock", "--json")
    assert ran.status == 7
    assert "windows-x86_64-cpu: a.pyd: DLL load failed" in ran.document["error"]["message"]
    assert not Path("environments/locks").exists()
    forced = tfsetup("lock", "--force", "--json")
    assert forced.status == 0
    assert [one["verdict"] for one in files(forced)] == ["loads", "fails"]
    record = json.loads(Path("environments/locks/proof.json").read_text())["locks"]["pylock.windows-x86_64-cpu.toml"]
    assert (record["row"], record["verdict"], record["images"]) == ("windows-x86_64-cpu", "fails", 1)
    assert record["reasons"] == ["a.pyd: DLL load failed"]
    written = Path("environments/locks/pylock.windows-x86_64-cpu.toml").read_bytes()
    assert record["sha256"] == hashlib.sha256(written).hexdigest()
    assert tfsetup("lock", "--check").status == 0
    assert tfsetup("lock", "--check", "--prove").status == 7
    assert uv.calls


def test_a_proof_is_made_once_and_repeated_on_request(tfsetup: Tfsetup, uv: FakeResolver, judged: list[str]) -> None:
    tfsetup("lock", "--platform", CPU)
    tfsetup("lock", "--platform", CPU)
    assert judged == [CPU]
    tfsetup("lock", "--check", "--prove")
    assert judged == [CPU, CPU]
    tfsetup("lock", "--platform", "linux-aarch64-cpu", "--no-prove")
    assert judged == [CPU, CPU]
    assert uv.calls


def test_a_lock_edited_by_hand_is_exit_3_with_its_line(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    tfsetup("lock", "--platform", CPU)
    path = Path(f"environments/locks/pylock.{CPU}.toml")
    path.write_text(path.read_text().replace("size = 10", "size = 11"))
    for argv in (["lock", "--check"], ["lock", "--platform", CPU]):
        ran = tfsetup(*argv)
        assert ran.status == 3
        assert f"   at: {path}:7\n" in ran.err
    assert uv.calls


def test_an_unknown_platform_is_wrong_usage(tfsetup: Tfsetup) -> None:
    ran = tfsetup("lock", "--platform", "linux-x86_64-cpuu")
    assert ran.status == 2
    assert "Did you mean `linux-x86_64-cpu`?" in ran.err


def test_a_platform_of_the_team_without_a_release_is_exit_4_with_its_line(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    team('platforms:\n  - macos-arm64-metal\npythons: ["3.13"]\n')
    ran = tfsetup("lock", "--json")
    assert ran.status == 4
    assert ran.document["error"]["where"] == "environments/team.yaml:2:5"
    assert not uv.calls


def test_rows_that_do_not_fit_the_ask_are_left_out_with_a_word(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    ran = tfsetup("lock", "--python", "3.13", "--json")
    assert ran.status == 0
    assert "macos-arm64-metal" not in [one["row"] for one in files(ran)]
    assert "Left out  Nothing to lock for macos-arm64-metal: " in ran.err
    assert uv.calls


def test_a_replayed_machine_locks_for_itself(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]
) -> None:
    ran = tfsetup("lock", "--host", host_file("macos-14-m3"), "--json")
    assert [one["row"] for one in files(ran)] == ["macos-arm64-metal"]
    assert uv.calls


def test_an_index_with_a_password_leaves_no_trace(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    url = "https://user:hunter2@mirror.example/simple"
    ran = tfsetup("-v", "lock", "--platform", CPU, "--index-url", url)
    assert ran.status == 0
    assert uv.calls[0]["environ"]["UV_DEFAULT_INDEX"] == url
    assert not any("hunter2" in word for word in uv.calls[0]["arguments"])
    assert "hunter2" not in ran.out + ran.err
    assert not any(b"hunter2" in text for text in locks().values())


# ------------------------------------------------------------------------------------------------ install


def dry(tfsetup: Tfsetup, host_file: Callable[[str], str], *argv: str, host: str = LINUX) -> Ran:
    return tfsetup("install", "--dry-run", "--json", "--host", host_file(host), *argv)


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_the_lock_in_place_is_taken_without_resolving(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str], form: str
) -> None:
    team(f"platforms: [{CPU}]\nrequirements: [pandas]\n")
    tfsetup("lock", "--format", form, "--python", "3.12")
    team(f'platforms: [{CPU}]\npythons: ["3.12"]\nrequirements: [pandas]\n')
    asked = len(uv.calls)
    ran = dry(tfsetup, host_file)
    assert ran.status == 0, ran.err
    assert "pandas==2.1" in ran.document["data"]["packages"]
    assert "is fresh; nothing is resolved" in ran.err
    assert len(uv.calls) == asked


def test_the_lock_decides_the_python(tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]) -> None:
    tfsetup("lock", "--platform", CPU, "--python", "3.11")
    ran = dry(tfsetup, host_file, host="linux-x86_64-glibc-2.36")
    pythons = [p.get("version", "") for p in json.loads(Path(host_file(LINUX)).read_text())["pythons"]]
    expected = "3.11" if any(p.startswith("3.11.") for p in pythons) else None
    if expected:
        assert ran.document["data"]["python"] == expected
    else:
        assert "no lock in place can be used on this machine; resolving instead" in ran.err
    assert uv.calls


@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_a_clone_installs_from_the_lock_of_the_python_it_has(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str], minor: int
) -> None:
    tfsetup("lock", "--platform", CPU, "--python", "all")
    machine = json.loads(Path(host_file(LINUX)).read_text())
    machine["pythons"] = [{"version": f"3.{minor}.4", "arch": "x86_64", "path": "/usr/bin/python3"}]
    Path("here.json").write_text(json.dumps(machine | {"python_downloads": False}))
    asked = len(uv.calls)
    ran = tfsetup("install", "--dry-run", "--json", "--host", "here.json")
    assert ran.status == 0, ran.err
    name = f"pylock.{CPU}.toml" if minor == 13 else f"pylock.{CPU}-py3{minor}.toml"
    assert f"environments/locks/{name} is fresh; nothing is resolved" in ran.err
    assert ran.document["data"]["python"].startswith(f"3.{minor}")
    assert len(uv.calls) == asked


def test_a_python_without_a_lock_is_resolved_for_with_a_word_unless_a_team_says_otherwise(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]
) -> None:
    tfsetup("lock", "--platform", CPU, "--python", "3.10")
    ran = dry(tfsetup, host_file, "--python", "3.12", host="linux-x86_64-glibc-2.39-python-3.12")
    assert ran.status == 0, ran.err
    assert "it is for Python 3.10, and 3.12 was asked for; resolving instead" in ran.err
    team(f"platforms: [{CPU}]\npythons: [all]\n")
    tfsetup("lock")
    taken = dry(tfsetup, host_file, host="linux-x86_64-glibc-2.39-python-3.12")
    assert taken.status == 0, taken.err
    assert f"pylock.{CPU}-py312.toml is fresh; nothing is resolved" in taken.err
    assert uv.calls


def test_a_stale_lock_is_refused(tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]) -> None:
    team(f'platforms: [{CPU}]\npythons: ["3.12"]\n')
    tfsetup("lock")
    team(f'platforms: [{CPU}]\npythons: ["3.12"]\nrequirements: [pandas]\n')
    ran = dry(tfsetup, host_file)
    assert ran.status == 8
    error = ran.document["error"]
    assert error["message"] == "The lock is stale:\n  the team's requirements: +pandas"
    assert error["where"] == f"environments/locks/pylock.{CPU}.toml"
    assert "--update-lock" in error["hint"]
    assert uv.calls


def test_a_team_without_a_lock_for_this_machine_is_told(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]
) -> None:
    team(f"platforms: [{CPU}]\n")
    missing = dry(tfsetup, host_file)
    assert (missing.status, missing.document["error"]["code"]) == (8, "lock")
    assert "The team's lock for linux-x86_64-cpu is missing" in missing.document["error"]["message"]
    foreign = dry(tfsetup, host_file, host="macos-14-m3")
    assert foreign.status == 8
    assert "for which the team locks nothing" in foreign.document["error"]["message"]
    assert dry(tfsetup, host_file, "--no-lock").status == 0
    assert len(uv.calls) == 1


def test_a_team_s_lock_for_another_python_is_an_error_not_a_detour(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]
) -> None:
    team(f'platforms: [{CPU}]\npythons: ["3.10"]\n')
    tfsetup("lock")
    asked = len(uv.calls)
    ran = dry(tfsetup, host_file, host="linux-x86_64-glibc-2.39-python-3.12")
    assert ran.status == 8
    assert "The team's lock cannot be used on this machine" in ran.document["error"]["message"]
    assert "Python 3.10" in ran.document["error"]["message"]
    assert len(uv.calls) == asked


def test_something_else_asked_for_is_resolved_with_a_word(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]
) -> None:
    tfsetup("lock", "--platform", CPU, "--python", "3.12")
    ran = dry(tfsetup, host_file, "--tensorflow", "2.19.1")
    assert ran.status == 0
    assert ran.document["data"]["requirements"] == ["tensorflow-cpu==2.19.1", "setuptools<82"]
    assert "and 2.19.1 was asked for; resolving instead" in ran.err
    assert len(uv.calls) == 2


def test_a_row_without_a_lock_is_resolved_with_a_word(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]
) -> None:
    tfsetup("lock", "--platform", "windows-x86_64-cpu")
    ran = dry(tfsetup, host_file)
    assert ran.status == 0
    assert f"there is no lock for {CPU} in environments/locks; resolving" in ran.err
    assert len(uv.calls) == 2


def test_a_named_lock_for_another_machine_is_refused(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]
) -> None:
    tfsetup("lock", "--platform", "windows-x86_64-cpu", "-o", "locks")
    ran = dry(tfsetup, host_file, "--lock", "locks/pylock.windows-x86_64-cpu.toml")
    assert ran.status == 8
    assert ran.document["error"]["message"].startswith("This lock cannot be used here: windows-x86_64-cpu with Python")
    assert uv.calls


@pytest.mark.parametrize(
    ("asked", "both_sides"),
    [
        (("--accelerator", "cuda"), "it is for the accelerator cpu, and cuda was asked for"),
        (("--accelerator", "metal"), "it is for the accelerator cpu, and metal was asked for"),
        (("--accelerator", "rocm"), "it is for the accelerator cpu, and rocm was asked for"),
        (("--backend", "conda"), "it is a lock for the backend venv, and conda was asked for"),
        (("--pre",), "it was made without pre-releases, and --pre was given"),
        (("--python", "3.11"), "it is for Python 3.12, and 3.11 was asked for"),
        (("--tensorflow", "2.18.*"), "and 2.18.* was asked for"),
    ],
    ids=" ".join,
)
def test_a_named_lock_must_answer_the_whole_ask(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str], asked: tuple[str, ...], both_sides: str
) -> None:
    tfsetup("lock", "--platform", CPU, "--python", "3.12", "--format", "portable", "-o", "locks")
    lock = f"locks/requirements.{CPU}.txt"
    assert dry(tfsetup, host_file, "--lock", lock, "--accelerator", "cpu", "--backend", "venv").status == 0
    ran = dry(tfsetup, host_file, "--lock", lock, *asked)
    error = ran.document["error"]
    assert (ran.status, error["code"], error["where"]) == (8, "lock", lock)
    assert error["message"].startswith("This lock cannot be used here: ")
    assert both_sides in error["message"]
    assert uv.calls


def test_another_index_than_the_lock_s_takes_the_hashes_and_leaves_the_addresses(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str]
) -> None:
    from tfsetup.envs.model import InstallWheels, Plan
    from tfsetup.envs.reuse import Outcome
    from tfsetup.host.file import read_host
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.workflows.install import InstallOrder, install
    from tfsetup.workflows.install_tools import Tools

    tfsetup("lock", "--platform", CPU, "--python", "3.12")
    plans: list[Plan] = []

    def stop(plan: Plan, *_: object, **__: object) -> Outcome:
        plans.append(plan)
        raise BuildError("Far enough.")

    for index in (None, "https://user:hunter2@mirror.example/simple"):
        order = InstallOrder(index_url=index)
        with pytest.raises(BuildError, match="Far enough"):
            install(order, read_host(Path(host_file(LINUX))), read_matrix(None), tools=Tools(build=stop))
    first, second = (next(s for s in plan.steps if isinstance(s, InstallWheels)) for plan in plans)
    assert first.lock_name == f"pylock.{CPU}.toml"
    assert "url = " in first.lock_text
    assert second.lock_name == f"requirements.{CPU}.txt"
    assert "://" not in second.lock_text
    assert second.arguments[0] == "--require-hashes"
    assert second.environ["UV_DEFAULT_INDEX"].endswith("@mirror.example/simple")
    assert plans[0].lock_sha256 == plans[1].lock_sha256


def test_a_stale_lock_is_written_anew_on_request(
    tfsetup: Tfsetup, uv: FakeResolver, host_file: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from support.envs import FakeUv
    from tfsetup.host.file import read_host

    monkeypatch.setattr("tfsetup.host.probe.probe", lambda **_: read_host(Path(host_file(LINUX))))
    monkeypatch.setattr("tfsetup.envs.run.run_uv", FakeUv(fail_at="sync", failure=BuildError("Far enough.")))
    team(f'platforms: [{CPU}]\npythons: ["3.12"]\nformat: portable\n')
    tfsetup("lock")
    team(f'platforms: [{CPU}]\npythons: ["3.12"]\nformat: portable\nrequirements: [pandas]\n')
    ran = tfsetup("install", "--update-lock")
    assert "is stale: the team's requirements: +pandas" in ran.err
    assert "requirements.linux-x86_64-cpu.txt is fresh; nothing is resolved" in ran.err
    assert ran.status == 6
    assert b"\npandas==2.1 " in locks()[f"requirements.{CPU}.txt"]
    assert tfsetup("lock", "--check").status == 0
    assert uv.calls


def test_a_lock_of_an_affected_row_carries_the_wheel_that_cures(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    (one,) = files(tfsetup("lock", "--platform", METAL, "--json"))
    assert (one["cure"], one["environment"]) == (CURE.filename, {"TURN_OFF_REMAPPER": "1"})
    assert [hazard["cured"] for hazard in one["hazards"]] == [True]
    assert locks()[CURE.filename] == CURE.content
    text = Path(f"environments/locks/pylock.{METAL}.toml").read_text()
    assert f'path = "{CURE.filename}"' in text
    before = locks()
    assert not files(tfsetup("lock", "--platform", METAL, "--json"))[0]["changed"]
    assert locks() == before
    assert tfsetup("lock", "--check").status == 0
    assert uv.calls


def test_a_row_without_defects_carries_nothing(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    (one,) = files(tfsetup("lock", "--platform", CPU, "--json"))
    assert (one["cure"], one["environment"], one["hazards"]) == (None, {}, [])
    assert sorted(locks()) == ["proof.json", f"pylock.{CPU}.toml"]
    assert uv.calls


def test_a_lock_whose_wheel_is_gone_or_another_is_stale(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    tfsetup("lock", "--platform", METAL)
    path = Path("environments/locks") / CURE.filename
    for spoil, said in ((path.unlink, "cannot be read beside it"), (lambda: path.write_bytes(b"x"), "is not the one")):
        spoil()
        ran = tfsetup("lock", "--check")
        assert ran.status == 8
        assert f"{CURE.filename}, which cures known defects, {said}" in ran.out
    tfsetup("lock", "--platform", METAL)
    assert tfsetup("lock", "--check").status == 0
    assert uv.calls


def test_without_cures_a_lock_carries_none_and_stays_fresh(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    tfsetup("lock", "--platform", METAL)
    (one,) = files(tfsetup("lock", "--platform", METAL, "--without-cures", "--json"))
    assert (one["cure"], [hazard["cured"] for hazard in one["hazards"]]) == (None, [False])
    assert sorted(locks()) == ["proof.json", f"pylock.{METAL}.toml"]
    assert b"without_cures = true" in locks()[f"pylock.{METAL}.toml"]
    assert tfsetup("lock", "--check").status == 0
    tfsetup("lock", "--platform", METAL)
    assert CURE.filename in locks()
    assert tfsetup("lock", "--check", "--without-cures").status == 8
    assert uv.calls


def test_the_portable_form_says_what_to_add(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    (one,) = files(tfsetup("lock", "--platform", METAL, "--format", "portable", "--json"))
    assert (one["cure"], one["environment"]) == (None, {"TURN_OFF_REMAPPER": "1"})
    assert [hazard["cured"] for hazard in one["hazards"]] == [False]
    assert sorted(locks()) == ["proof.json", f"requirements.{METAL}.txt"]
    assert b"#   export TURN_OFF_REMAPPER=1\n" in locks()[f"requirements.{METAL}.txt"]
    assert tfsetup("lock", "--check").status == 0
    assert uv.calls


def test_a_lock_from_before_the_defect_was_known_is_stale(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    tfsetup("lock", "--platform", METAL)
    Path("environments/locks", f"pylock.{METAL}.toml").write_bytes(_uncured())
    ran = tfsetup("lock", "--check")
    assert ran.status == 8
    assert "what known defects are cured by: +TURN_OFF_REMAPPER=1" in ran.out
    assert uv.calls


def _uncured() -> bytes:
    """Return the lock in place as it would have been written when the defect was not known."""
    from dataclasses import replace

    from tfsetup.locks.cure import others
    from tfsetup.locks.files import read_lock
    from tfsetup.locks.venv.write import write_lock

    lock = read_lock(Path(f"environments/locks/pylock.{METAL}.toml"))
    assert lock.origin is not None
    return write_lock(others(lock), replace(lock.origin, cures={}), "pylock").text.encode()


def test_a_package_without_a_wheel_is_named_and_built_by_consent(
    tfsetup: Tfsetup, uv: FakeResolver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tfsetup.workflows.owners.shared_files", lambda *_: ())
    uv.brings, uv.sources = {"tfds": ("promise",)}, frozenset({"promise"})
    lines = f'platforms: [{CPU}]\npythons: ["3.12"]\nrequirements:\n  - six\n  - promise\n'
    team(lines)
    ran = tfsetup("lock", "--json")
    assert ran.status == 7
    error = ran.document["error"]
    assert (error["code"], error["where"]) == ("answer-is-no", "environments/team.yaml:5:5")
    assert "promise has no wheel, it is published as source only" in error["message"]
    assert "`allow-build: [promise]` in the team file, or --allow-build-of promise." in error["hint"]
    assert not Path("environments/locks").exists()

    def build(arguments: list[str], **_: Any) -> Finished:
        info = Path(arguments[arguments.index("--target") + 1]) / "promise-1.0.dist-info"
        info.mkdir()
        info.joinpath("WHEEL").write_text("Tag: py3-none-any\n")
        return Finished(stdout="", stderr="")

    monkeypatch.setattr("tfsetup.locks.venv.consent.run_uv", build)
    assert tfsetup("lock", "--allow-build-of", "promise").status == 0
    by_option = locks()
    team(f"{lines}allow-build: [promise]\n")
    assert tfsetup("lock", "--check").status == 0
    assert tfsetup("lock").status == 0
    assert locks() == by_option
    text = by_option[f"pylock.{CPU}.toml"].decode()
    assert 'name = "promise"\nversion = "1.0"\nsdist = {' in text
    assert 'allow_build = ["promise"]' in text
    team(lines)
    stale = tfsetup("lock", "--check")
    assert stale.status == 8
    assert "what pure Python may be built: -promise" in stale.out


def test_a_pre_release_that_nobody_asked_for_is_refused_unless_forced(
    tfsetup: Tfsetup, uv: FakeResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(arguments: list[str], **options: Any) -> Finished:
        uv.newest["six"] = "1.17" if "--no-deps" in arguments else "1.0.dev2"
        return uv(arguments, **options)

    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", answer)
    team(f'platforms: [{CPU}]\npythons: ["3.12"]\nrequirements:\n  - six\n')
    ran = tfsetup("lock", "--json")
    assert ran.status == 7
    error = ran.document["error"]
    assert error["where"] == "environments/team.yaml:4:5"
    assert (
        "six 1.0.dev2, a pre-release that nobody asked for: the newest that fits the line is 1.17" in error["message"]
    )
    assert not Path("environments/locks").exists()
    forced = tfsetup("lock", "--force")
    assert forced.status == 0
    assert "Note      linux-x86_64-cpu: `six` (environments/team.yaml:4:5) comes out as six 1.0.dev2" in forced.err
    assert b'version = "1.0.dev2"' in locks()[f"pylock.{CPU}.toml"]
    team(f'platforms: [{CPU}]\npythons: ["3.12"]\nrequirements:\n  - six==1.0.dev2\n')
    assert tfsetup("lock").status == 0
