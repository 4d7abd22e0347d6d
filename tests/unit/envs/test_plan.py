"""What an installation would do, for hosts that are not this one."""

from __future__ import annotations

from dataclasses import replace

from support.locks import package
from tfsetup.envs.model import (
    AddPip,
    BuildFromSource,
    CreateVenv,
    InstallWheels,
    Plan,
    Preflight,
    Switch,
    TryPrograms,
    Tune,
    Verify,
    WriteCures,
)
from tfsetup.envs.plan import Index, describe, plan_install
from tfsetup.ground.index import BY_HASH
from tfsetup.host.model import Host, Python
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.model import Lock, LockedFile, LockedPackage
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.model import Selection, Target
from tfsetup.matrix.pips import PipWheel

MAC = Host(os="macos", os_version="14.4.1", arch="arm64", rosetta=False)
LOCK = Lock(
    text="# lock",
    packages=(
        LockedPackage(
            name="alpha",
            version="1",
            wheels=(LockedFile(filename="alpha-1-py3-none-any.whl", size=2_000_000, sha256="a" * 64),),
        ),
    ),
)
FOUND = Python(version="3.12.4", arch="arm64", path="/opt/homebrew/bin/python3.12")
SELECTED = Selection(
    installable=True,
    row="macos-arm64-metal",
    python="3.12",
    interpreter=FOUND,
    requirements=("alpha==1",),
    target=Target(platform="aarch64-apple-darwin", python="3.12", macos="14.0"),
)


def test_the_order_is_wheels_checks_switch() -> None:
    steps = plan_install(SELECTED, LOCK, MAC).steps
    assert [type(step) for step in steps] == [CreateVenv, InstallWheels, Preflight, Verify, TryPrograms, Switch]


def test_checks_can_be_left_out() -> None:
    steps = plan_install(SELECTED, LOCK, MAC, preflight=False, verify=False).steps
    assert [type(step) for step in steps] == [CreateVenv, InstallWheels, Switch]


PIP = PipWheel(version="26.3", requires_python=">=3.10", size=1, sha256="c" * 64)


def test_a_pip_comes_last_and_is_a_tool() -> None:
    plan = plan_install(SELECTED, LOCK, MAC, pip=PIP, index=Index(url="https://mirror.example/simple"))
    assert [type(step) for step in plan.steps][-3:] == [TryPrograms, AddPip, Switch]
    assert plan.steps[-2] == AddPip(wheel=PIP, environ={"UV_DEFAULT_INDEX": "https://mirror.example/simple"})
    assert describe(plan)[-2] == "put pip 26.3 into it, checked by its sha256"
    assert plan.tools == ("pip",)


def test_a_pip_that_is_locked_or_asked_for_is_a_package_like_others() -> None:
    own = LockedPackage(name="pip", version="25.0", wheels=())
    plan = plan_install(SELECTED, replace(LOCK, packages=(*LOCK.packages, own)), MAC, pip=PIP)
    assert AddPip not in map(type, plan.steps)
    assert plan.tools == ()
    assert plan_install(SELECTED, LOCK, MAC, pip=PIP, together=("Pip>=25",)).tools == ()
    assert plan_install(SELECTED, LOCK, MAC, pip=PIP, together=("pip-tools",)).tools == ("pip",)


def test_source_builds_come_after_the_wheels_and_before_the_checks() -> None:
    selected = replace(SELECTED, source_builds=("alpha-plugin==0.4.1",))
    plan = plan_install(selected, LOCK, MAC)
    assert [type(step) for step in plan.steps][1:4] == [InstallWheels, BuildFromSource, Preflight]
    assert plan.requirements == ("alpha==1", "alpha-plugin==0.4.1")


def test_a_found_interpreter_is_used_by_its_path() -> None:
    assert plan_install(SELECTED, LOCK, MAC).steps[0] == CreateVenv(
        python="/opt/homebrew/bin/python3.12", download=False
    )


def test_a_missing_interpreter_is_asked_for_by_architecture_on_a_mac() -> None:
    plan = plan_install(replace(SELECTED, interpreter=None), LOCK, replace(MAC, rosetta=True))
    assert plan.steps[0] == CreateVenv(python="cpython-3.12-macos-aarch64-none", download=True)


def test_a_missing_interpreter_is_asked_for_by_version_elsewhere() -> None:
    plan = plan_install(replace(SELECTED, interpreter=None), LOCK, Host(os="linux", arch="x86_64"))
    assert plan.steps[0] == CreateVenv(python="3.12", download=True)


def test_under_rosetta_the_wheels_are_arm64_whatever_uv_would_choose() -> None:
    step = plan_install(SELECTED, LOCK, replace(MAC, rosetta=True)).steps[1]
    assert isinstance(step, InstallWheels)
    assert step.arguments[2:] == ("--python-platform", "aarch64-apple-darwin", "--python-version", "3.12")
    assert step.environ == {"MACOSX_DEPLOYMENT_TARGET": "14.0"}


def test_natively_uv_looks_at_the_interpreter_itself() -> None:
    step = plan_install(SELECTED, LOCK, MAC).steps[1]
    assert isinstance(step, InstallWheels)
    assert step.arguments == ("--only-binary", ":all:")


def test_only_what_the_row_names_may_be_built_from_an_sdist() -> None:
    step = plan_install(replace(SELECTED, sdists=("wrapt",)), LOCK, MAC).steps[1]
    assert isinstance(step, InstallWheels)
    assert step.arguments == ("--only-binary", ":all:", "--no-binary", "wrapt")


def test_only_a_named_lock_is_pinned() -> None:
    assert plan_install(SELECTED, LOCK, MAC).pinned_lock is None
    assert plan_install(SELECTED, LOCK, MAC, pinned=True).pinned_lock == LOCK.sha256


def test_the_plan_reads_as_sentences() -> None:
    selected = replace(SELECTED, source_builds=("alpha-plugin==0.4.1",))
    assert describe(plan_install(selected, LOCK, MAC)) == [
        "create a virtual environment on /opt/homebrew/bin/python3.12",
        "install 1 locked wheels, at most 2 MB to download, each checked by its sha256",
        "compile alpha-plugin==0.4.1 inside the environment",
        "predict the native load from the files, before anything is run",
        "load TensorFlow in a fresh interpreter and time a matmul on each device",
        "import every package and start every program, for 20 seconds at most and without the network",
        "switch the prefix to the new generation",
    ]


def test_a_lock_that_pip_reads_too_is_never_installed_without_its_hashes() -> None:
    step = plan_install(SELECTED, replace(LOCK, form="portable"), MAC).steps[1]
    assert isinstance(step, InstallWheels)
    assert step.arguments[: len(BY_HASH)] == BY_HASH
    assert step.lock_name.startswith("requirements.")


def test_another_index_than_the_lock_s_answers_with_the_locked_hashes_or_not_at_all() -> None:
    step = plan_install(SELECTED, LOCK, MAC, index=Index(asked="https://mirror.example/simple")).steps[1]
    assert isinstance(step, InstallWheels)
    assert "--require-hashes" in step.arguments
    assert "a" * 64 in step.lock_text


def test_wheels_of_this_disk_stay_where_they_are_whatever_the_index() -> None:
    here = package("beta", "1.0")
    file = replace(here.wheels[0], url=None, path="/project/vendor/beta-1.0-py3-none-any.whl")
    lock = write_lock(
        [package("alpha", "1.0", index="https://a.example"), replace(here, wheels=(file,))], None, "pylock"
    )
    step = plan_install(SELECTED, lock, MAC, index=Index(asked="https://mirror.example/simple")).steps[1]
    assert isinstance(step, InstallWheels)
    assert (step.lock_text, "--require-hashes" in step.arguments) == (lock.text, False)


ONE = {"TURN_OFF_REMAPPER": "1"}
CURED = replace(SELECTED, settings=ONE)
WITH_WHEEL = write_lock([package("alpha", "1.0", index="https://a.example"), cure_wheel(ONE).package], None, "pylock")


def wheels(plan: Plan) -> InstallWheels:
    return next(step for step in plan.steps if isinstance(step, InstallWheels))


def test_known_defects_are_cured_before_anything_is_checked() -> None:
    plan = plan_install(replace(CURED, source_builds=("alpha-plugin==0.4.1",)), LOCK, MAC)
    kinds = [CreateVenv, InstallWheels, BuildFromSource, WriteCures, Preflight, Verify, TryPrograms, Switch]
    assert [type(step) for step in plan.steps] == kinds
    assert plan.steps[3] == WriteCures(environment=ONE)
    assert (plan.cures, plan.without_cures) == (ONE, False)
    line = "set TURN_OFF_REMAPPER=1 in every process of the environment, unless it is set there"
    assert describe(plan)[3] == line


def test_the_user_can_leave_the_cures_out_and_that_is_recorded() -> None:
    plan = plan_install(CURED, LOCK, MAC, cures=False)
    assert not any(isinstance(step, WriteCures) for step in plan.steps)
    assert (plan.cures, plan.without_cures) == ({}, True)


def test_where_nothing_is_to_be_cured_nothing_is_left_out() -> None:
    for cures in (True, False):
        plan = plan_install(SELECTED, LOCK, MAC, cures=cures)
        assert (plan.cures, plan.without_cures) == ({}, False)
        assert not any(isinstance(step, WriteCures) for step in plan.steps)


def test_the_wheel_that_a_lock_carries_is_handed_to_uv_with_the_lock() -> None:
    step = wheels(plan_install(CURED, WITH_WHEEL, MAC))
    wheel = cure_wheel(ONE)
    assert step.lock_text == WITH_WHEEL.text
    assert (step.count, step.beside) == (2, {wheel.filename: wheel.content})


def test_a_wheel_for_something_else_is_left_out_so_that_there_is_one_cure() -> None:
    other = replace(SELECTED, settings={"OTHER": "2"})
    for plan in (plan_install(other, WITH_WHEEL, MAC), plan_install(CURED, WITH_WHEEL, MAC, cures=False)):
        step = wheels(plan)
        assert (step.count, step.beside) == (1, {})
        assert "tfsetup-cures" not in step.lock_text
        assert step.lock_name.startswith("pylock.")


def test_another_index_has_no_wheel_of_ours() -> None:
    index = Index(url="https://b.example", asked="https://b.example")
    step = wheels(plan_install(CURED, WITH_WHEEL, MAC, index=index))
    assert step.lock_name.startswith("requirements.")
    assert "tfsetup-cures" not in step.lock_text
    assert step.beside == {}
    same = Index(url="https://a.example", asked="https://a.example")
    assert wheels(plan_install(CURED, WITH_WHEEL, MAC, index=same)).lock_text == WITH_WHEEL.text


def test_tuning_comes_after_the_prediction_and_before_what_it_sets_is_verified() -> None:
    plan = plan_install(SELECTED, LOCK, MAC, tune=True)
    kinds = [CreateVenv, InstallWheels, Preflight, Tune, WriteCures, Verify, TryPrograms, Switch]
    assert [type(step) for step in plan.steps] == kinds
    assert plan.tuning == "measured"
    assert describe(plan)[3:5] == [
        "measure which switches make TensorFlow faster here, for about two minutes at most, to set those",
        "set what makes it faster in every process of the environment, unless it is set there",
    ]


def test_without_cures_nothing_that_was_measured_stays() -> None:
    assert plan_install(SELECTED, LOCK, MAC).tuning == "kept"
    assert plan_install(SELECTED, LOCK, MAC, cures=False).tuning == "without"
