"""What uv is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfsetup.locks.compile import compile_job, target_arguments, target_environ
from tfsetup.locks.digest import digest
from tfsetup.matrix.model import Selection, Target

MAC = Selection(
    installable=True,
    row="macos-arm64-metal",
    python="3.12",
    requirements=("alpha==2.19.1", "alpha-metal==1.2.0", "numpy<2.2"),
    target=Target(platform="aarch64-apple-darwin", python="3.12", macos="14.0"),
)


def test_another_machine_is_named_in_full() -> None:
    job = compile_job(MAC, pre=False, offline=False)
    text = " ".join(job.arguments)
    assert "--python-platform aarch64-apple-darwin --python-version 3.12" in text
    assert job.environ == {"MACOSX_DEPLOYMENT_TARGET": "14.0"}
    assert job.requirements == "alpha==2.19.1\nalpha-metal==1.2.0\nnumpy<2.2\n"


def test_wheels_only() -> None:
    arguments = compile_job(MAC, pre=False, offline=False).arguments
    assert arguments[arguments.index("--only-binary") + 1] == ":all:"


def test_what_has_no_wheel_may_be_an_sdist_if_the_row_says_so() -> None:
    text = " ".join(compile_job(replace(MAC, sdists=("wrapt",)), pre=False, offline=False).arguments)
    assert "--only-binary :all: --no-binary wrapt" in text


@pytest.mark.parametrize(("pre", "policy"), [(False, "if-necessary-or-explicit"), (True, "allow")])
def test_pre_releases_are_asked_for(pre: bool, policy: str) -> None:
    arguments = compile_job(MAC, pre=pre, offline=False).arguments
    assert arguments[arguments.index("--prerelease") + 1] == policy


@pytest.mark.parametrize("offline", [False, True])
def test_offline_is_passed_on(offline: bool) -> None:
    assert ("--offline" in compile_job(MAC, pre=False, offline=offline).arguments) is offline


def test_linux_has_no_deployment_target() -> None:
    target = Target(platform="x86_64-manylinux_2_28", python="3.13")
    assert target_environ(target) == {}
    assert target_arguments(target) == ["--python-platform", "x86_64-manylinux_2_28", "--python-version", "3.13"]


def test_nothing_is_locked_without_a_target() -> None:
    with pytest.raises(ValueError, match="installable"):
        compile_job(Selection(installable=False), pre=False, offline=False)


def test_the_digest_ignores_what_does_not_change_the_environment() -> None:
    assert digest(MAC) == digest(replace(MAC, reasons=("newer words",), warnings=("a note",)))


@pytest.mark.parametrize(
    "change",
    [
        {"row": "macos-arm64-cpu"},
        {"requirements": ("alpha==2.19.0",)},
        {"source_builds": ("alpha-plugin==0.4.1",)},
        {"backend": "conda"},
        {"conda": ("python 3.12.*",)},
        {"target": Target(platform="aarch64-apple-darwin", python="3.12", macos="13.0")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_digest_changes_with_the_environment(change: dict[str, object]) -> None:
    assert digest(MAC) != digest(replace(MAC, **change))  # type: ignore[arg-type]
