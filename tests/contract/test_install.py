"""`tfsetup install` up to the point where the world begins: plans, refusals, and the JSON of INTERFACE."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Tfsetup
from support.locks import ONE_PACKAGE
from tfsetup.errors import NetworkError
from tfsetup.locks.run import Finished
from tfsetup.matrix.file.disk import read_pips
from tfsetup.matrix.pips import pip_for


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Let uv lock a stand-in, and keep what it was asked."""
    calls: list[dict[str, object]] = []

    def locked(arguments: list[str], **options: object) -> Finished:
        calls.append({"arguments": list(arguments), **options})
        return Finished(stdout=ONE_PACKAGE, stderr="")

    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", locked)
    return calls


def test_a_dry_run_for_another_machine_prints_the_very_plan(
    tfsetup: Tfsetup, host_file: Callable[[str], str], asked: list[dict[str, object]], tmp_path: Path
) -> None:
    ran = tfsetup("install", "--dry-run", "--host", host_file("macos-14-m3"))
    pip = pip_for(read_pips(), "3.12")
    assert ran.status == 0
    assert pip is not None
    assert ran.out.splitlines() == [
        f"{tmp_path}/.venv would become macos-arm64-metal on Python 3.12:",
        "  1. create a virtual environment on /opt/homebrew/bin/python3.12",
        "  2. install 1 locked wheels, at most 2 MB to download, each checked by its sha256",
        "  3. set TURN_OFF_REMAPPER=1 in every process of the environment, unless it is set there",
        "  4. predict the native load from the files, before anything is run",
        "  5. load TensorFlow in a fresh interpreter and time a matmul on each device",
        "  6. import every package and start every program, for 20 seconds at most and without the network",
        f"  7. put pip {pip.version} into it, checked by its sha256",
        "  8. switch the prefix to the new generation",
        "1 packages, 1.5 MB: alpha==1.0",
        "Nothing was changed (--dry-run).",
    ]
    assert list(tmp_path.iterdir()) == []
    assert asked[0]["environ"] == {"MACOSX_DEPLOYMENT_TARGET": "14.0"}


def test_a_rosetta_process_still_plans_for_arm64(
    tfsetup: Tfsetup, host_file: Callable[[str], str], asked: list[dict[str, object]]
) -> None:
    ran = tfsetup("install", "--dry-run", "--json", "--host", host_file("macos-14-m1-rosetta-and-downloads"))
    assert ran.document["data"]["plan"][0] == (
        "create a virtual environment on a downloaded cpython-3.12-macos-aarch64-none"
    )
    arguments = asked[0]["arguments"]
    assert isinstance(arguments, list)
    assert arguments[arguments.index("--python-platform") + 1] == "aarch64-apple-darwin"


def test_progress_goes_to_stderr(
    tfsetup: Tfsetup, host_file: Callable[[str], str], asked: list[dict[str, object]]
) -> None:
    ran = tfsetup("install", "--dry-run", "--json", "--host", host_file("linux-x86_64-glibc-2.36"))
    assert [line.split()[0] for line in ran.err.splitlines()] == ["Detected", "Chosen", "Locked"]
    assert ran.document["data"]["packages"] == ["alpha==1.0"]
    assert asked


def test_quiet_says_nothing_of_it(
    tfsetup: Tfsetup, host_file: Callable[[str], str], asked: list[dict[str, object]]
) -> None:
    assert tfsetup("-q", "install", "--dry-run", "--host", host_file("linux-x86_64-glibc-2.36")).err == ""
    assert asked


def test_no_row_is_exit_4_with_the_reasons(tfsetup: Tfsetup, host_file: Callable[[str], str]) -> None:
    ran = tfsetup("install", "--dry-run", "--json", "--host", host_file("linux-x86_64-musl"))
    assert ran.status == 4
    assert ran.document["status"] == "failed"
    assert ran.document["data"]["resolve"]["installable"] is False


def test_an_index_that_does_not_answer_is_exit_5(
    tfsetup: Tfsetup, host_file: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> Finished:
        raise NetworkError("Locking: The package index could not be reached.", hint="Check the network.")

    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", unreachable)
    ran = tfsetup("install", "--dry-run", "--host", host_file("linux-x86_64-glibc-2.36"))
    assert ran.status == 5
    assert ran.err.endswith("error: Locking: The package index could not be reached.\n hint: Check the network.\n")


def test_a_lock_file_that_is_not_there_is_exit_8(tfsetup: Tfsetup, host_file: Callable[[str], str]) -> None:
    argv = ["install", "--dry-run", "--lock", "pylock.toml", "--host", host_file("linux-x86_64-glibc-2.36")]
    ran = tfsetup(*argv)
    assert ran.status == 8
    assert "error: There is no such lock file.\n   at: pylock.toml\n" in ran.err


def test_a_damaged_lock_file_is_exit_3_with_its_line(
    tfsetup: Tfsetup, host_file: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "pylock.toml").write_text(ONE_PACKAGE.replace("sha256", "md5"))
    argv = ["install", "--dry-run", "--lock", "pylock.toml", "--host", host_file("linux-x86_64-glibc-2.36")]
    ran = tfsetup(*argv)
    assert ran.status == 3
    assert "   at: pylock.toml:8\n" in ran.err


def test_a_named_lock_is_taken_without_asking_the_index(
    tfsetup: Tfsetup, host_file: Callable[[str], str], tmp_path: Path, asked: list[dict[str, object]]
) -> None:
    (tmp_path / "pylock.toml").write_text(ONE_PACKAGE)
    argv = ["install", "--dry-run", "--lock", "pylock.toml", "--host", host_file("linux-x86_64-glibc-2.36")]
    assert tfsetup(*argv).status == 0
    assert asked == []


@pytest.mark.parametrize("accelerator", ["cuda", "metal", "rocm"])
def test_a_lock_of_another_program_is_not_taken_for_an_accelerator_that_it_does_not_name(
    tfsetup: Tfsetup, host_file: Callable[[str], str], tmp_path: Path, accelerator: str
) -> None:
    (tmp_path / "pylock.toml").write_text(ONE_PACKAGE)
    argv = ["install", "--dry-run", "--lock", "pylock.toml", "--host", host_file("linux-x86_64-glibc-2.36")]
    ran = tfsetup(*argv, "--accelerator", accelerator)
    assert ran.status == 8
    assert f"it does not say which accelerator it is for, and {accelerator} was asked for." in ran.err
    assert tfsetup(*argv, "--accelerator", "cpu").status == 0


def test_what_must_be_compiled_needs_a_yes(
    tfsetup: Tfsetup, host_file: Callable[[str], str], asked: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfsetup.host.file import read_host

    monkeypatch.setattr("tfsetup.host.probe.probe", lambda **_: read_host(Path(host_file("macos-15-m4"))))
    ran = tfsetup("install", "--accelerator", "metal", "--tensorflow", "2.21.0", "--json")
    assert ran.status == 2
    assert "exists as source only" in ran.document["error"]["message"]
    assert "--allow-build" in ran.document["error"]["hint"]
    assert asked


def test_a_dry_run_says_whether_anything_would_change_and_why(
    tfsetup: Tfsetup, host_file: Callable[[str], str], asked: list[dict[str, object]], tmp_path: Path
) -> None:
    argv = ["install", "--dry-run", "--json", "--host", host_file("macos-14-m3")]
    data = tfsetup(*argv).document["data"]
    assert (data["would_change"], data["why"]) == (True, f"There is no environment at {tmp_path}/.venv.")
    assert data["cures"] == data["environment"] == {"TURN_OFF_REMAPPER": "1"}
    assert [(each["id"], each["cured"]) for each in data["hazards"]] == [("metal-activation-dropped", True)]
    assert asked


def test_without_cures_nothing_is_set_and_that_is_told(
    tfsetup: Tfsetup, host_file: Callable[[str], str], asked: list[dict[str, object]]
) -> None:
    argv = ["install", "--dry-run", "--without-cures", "--json", "--host", host_file("macos-14-m3")]
    data = tfsetup(*argv).document["data"]
    assert data["cures"] == {}
    assert [each["cured"] for each in data["hazards"]] == [False]
    assert not any("TURN_OFF_REMAPPER" in line for line in data["plan"])
    assert asked


@pytest.mark.process  # the interpreter of the generation is started
def test_a_whole_but_uncured_generation_is_not_nothing_to_do(
    tfsetup: Tfsetup,
    host_file: Callable[[str], str],
    asked: list[dict[str, object]],
    tmp_path: Path,
) -> None:
    from support.envs import finish, make_receipt, make_store
    from tfsetup.ground.start_up import START_UP, start_up_text
    from tfsetup.host.file import read_host
    from tfsetup.locks.digest import digest
    from tfsetup.matrix.choose.select import select
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.matrix.model import Ask

    mine = digest(select(read_host(Path(host_file("macos-14-m3"))), Ask(), read_matrix(None)))
    store = make_store(tmp_path)
    site = finish(store, 1, digest=mine) / "lib/python3.12/site-packages"
    store.switch(1)
    argv = ["install", "--dry-run", "--json", "--host", host_file("macos-14-m3")]
    data = tfsetup(*argv).document["data"]
    assert (data["would_change"], data["why"]) == (
        True,
        "Generation 1 does not set TURN_OFF_REMAPPER=1, the cure of a known defect.",
    )
    store.write_receipt(make_receipt(1, digest=mine, without_cures=True))
    assert "it was built with --without-cures" in tfsetup(*argv).document["data"]["why"]
    unwanted = tfsetup(*argv, "--without-cures").document["data"]
    assert (unwanted["would_change"], unwanted["why"]) == (False, "Generation 1 is what is asked for, and whole.")
    store.write_receipt(make_receipt(1, digest=mine, cures={"TURN_OFF_REMAPPER": "1"}))
    (site / START_UP).write_text(start_up_text({"TURN_OFF_REMAPPER": "1"}))
    assert tfsetup(*argv).document["data"]["would_change"] is False
    (site / START_UP).unlink()
    lost = tfsetup(*argv).document["data"]
    assert lost["would_change"] is True
    assert f"{START_UP} is missing; it sets TURN_OFF_REMAPPER=1" in lost["why"]
    assert asked


@pytest.mark.parametrize(("version", "cures"), [("1.1.0", {"TURN_OFF_REMAPPER": "1"}), ("0.8.0", {})])
def test_what_somebody_else_locked_is_cured_by_what_is_in_it(
    tfsetup: Tfsetup, host_file: Callable[[str], str], tmp_path: Path, version: str, cures: dict[str, str]
) -> None:
    wheel = f"tensorflow_metal-{version}-cp312-cp312-macosx_12_0_arm64.whl"
    text = ONE_PACKAGE.replace("alpha-1.0-py3-none-any.whl", wheel)
    text = text.replace('"alpha"', '"tensorflow-metal"').replace('"1.0"\nwheels', f'"{version}"\nwheels')
    (tmp_path / "pylock.toml").write_text(text)
    argv = ["install", "--dry-run", "--json", "--lock", "pylock.toml", "--host", host_file("macos-14-m3")]
    data = tfsetup(*argv).document["data"]
    assert data["cures"] == data["environment"] == cures


def test_a_fix_changes_no_machine_for_the_sake_of_another(
    tfsetup: Tfsetup, host_file: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "log.txt").write_text("ModuleNotFoundError: No module named 'tensorflow'\n")
    ran = tfsetup("doctor", "--log", "log.txt", "--host", host_file("macos-14-m3"), "--fix", "--yes")
    assert ran.status == 2
    assert "`tfsetup doctor --fix` changes this machine, and --host describes another one." in ran.err


def test_a_dry_run_says_that_switches_would_be_measured_and_set(
    tfsetup: Tfsetup, host_file: Callable[[str], str], asked: list[dict[str, object]]
) -> None:
    argv = ["install", "--dry-run", "--tune", "--json", "--host", host_file("macos-14-m3")]
    plan = tfsetup(*argv).document["data"]["plan"]
    assert plan[2:6] == [
        "predict the native load from the files, before anything is run",
        "measure which switches make TensorFlow faster here, for about two minutes at most, to set those",
        "set TURN_OFF_REMAPPER=1 in every process of the environment, unless it is set there",
        "load TensorFlow in a fresh interpreter and time a matmul on each device",
    ]
    assert asked


@pytest.mark.parametrize("other", ["--without-cures", "--no-verify"])
def test_tuning_and_its_opposite_are_a_wrong_usage(tfsetup: Tfsetup, other: str) -> None:
    ran = tfsetup("install", "--tune", other, "--json")
    assert ran.status == 2
    assert other in ran.document["error"]["message"]
    assert ran.document["error"]["hint"]
