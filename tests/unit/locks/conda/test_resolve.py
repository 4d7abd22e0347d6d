"""The channel and the index held to each other, with uv replaced by what it would answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.conda import HOSTS, settings
from tfsetup.errors import BuildError, TfsetupError, UnsolvableError, UsageError
from tfsetup.host.model import Host
from tfsetup.locks.conda import resolve as module
from tfsetup.locks.conda import run
from tfsetup.locks.conda.resolve import Options, Wanted, resolve
from tfsetup.locks.run import Finished
from tfsetup.matrix.model import Selection, Target

TARGET = Target(platform="aarch64-apple-darwin", python="3.12", macos="14.0")


def wanted(**changes: Any) -> Wanted:
    host: Host = changes.pop("host", HOSTS["osx-arm64"])
    values: dict[str, Any] = {
        "installable": True,
        "row": "macos-arm64-cpu",
        "python": "3.12",
        "requirements": ("alpha==1",),
        "conda": ("python 3.12.*", "numpy", "libblas * *_newaccelerate"),
        "conda_channels": ("conda-forge",),
        "target": TARGET,
        "backend": "conda",
    }
    more = {key: changes.pop(key) for key in ("specs", "team", "channels") if key in changes}
    return Wanted(selection=Selection(**(values | changes)), host=host, **more)


def pylock(**versions: str) -> str:
    text = 'lock-version = "1.0"\ncreated-by = "test"\n'
    for name, version in versions.items():
        text += f'[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = [{{'
        text += (
            f'url = "https://index.example/{name}-{version}-py3-none-any.whl", hashes = {{sha256 = "{"c" * 64}"}}}}]\n'
        )
    return text


class Uv:
    """Answers first what the index alone would give, then what it adds to conda's packages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **free: str) -> None:
        self.free = free
        self.constraints: list[str] = []
        self.jobs: list[Any] = []
        self.error: TfsetupError | None = None
        monkeypatch.setattr(module, "run_uv", self)
        monkeypatch.setattr(run, "run_uv", self)

    def __call__(self, arguments: Any, *, environ: Any, stdin: str, **_: str) -> Finished:
        self.jobs.append((arguments, environ, stdin))
        if "--constraint" not in arguments:
            return Finished(stdout=pylock(**self.free), stderr="")
        self.constraints.append(Path(arguments[arguments.index("--constraint") + 1]).read_text())
        if self.error:
            raise self.error
        return Finished(stdout=pylock(alpha="1"), stderr="")


def options(channel: Path, tmp_path: Path, **changes: Any) -> Options:
    return Options(settings=settings(tmp_path, mirrors={"conda-forge": (channel.as_uri(),)}), **changes)


def test_wheels_go_on_top_of_what_conda_supplies(
    channel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = Uv(monkeypatch, alpha="1", numpy="2.5.5")
    (lock,) = resolve([wanted()], options(channel, tmp_path))
    assert {one.name: one.version for one in lock.packages}["numpy"] == "2.5.5"
    assert [one.name for one in lock.wheels] == ["alpha"]
    assert uv.constraints == ["numpy==2.5.5\n"]
    assert (lock.row, lock.subdir) == ("macos-arm64-cpu", "osx-arm64")


def test_conda_is_held_to_what_the_index_s_requirements_admit(
    channel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = Uv(monkeypatch, alpha="1", numpy="2.1.9")
    specs = ("python 3.12.*", "numpy", "scipy")
    (lock,) = resolve([wanted(conda=specs)], options(channel, tmp_path))
    assert {one.name: one.version for one in lock.packages}["numpy"] == "2.1.3"
    assert uv.constraints == ["numpy==2.1.3\nscipy==1.16.3\n"]


def test_holding_one_back_may_hold_another_back(channel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Uv(monkeypatch, alpha="1", numpy="1.26.4", scipy="1.12")
    (lock,) = resolve([wanted(conda=("python 3.12.*", "numpy", "scipy"))], options(channel, tmp_path))
    assert {one.name: one.version for one in lock.packages if one.name in {"numpy", "scipy"}} == {
        "numpy": "1.26.4",
        "scipy": "1.11.4",
    }


def test_what_cannot_be_held_is_explained(channel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Uv(monkeypatch, alpha="1", numpy="1.20")
    with pytest.raises(UnsolvableError) as caught:
        resolve([wanted()], options(channel, tmp_path))
    assert "numpy <=1.20 is the newest that TensorFlow's requirements on the index admit." in caught.value.message
    assert "numpy: there are 2.5.5, 2.1.3, 1.26.4" in caught.value.message


def test_a_conflict_names_both_sides(channel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = Uv(monkeypatch, alpha="1")
    said = "Locking: The requirements do not fit together.\nuv said: alpha==1 depends on numpy>=3 and numpy==2.5.5"
    uv.error = UnsolvableError(said)
    with pytest.raises(UnsolvableError, match=r"numpy 2\.5\.5 comes from the conda package numpy"):
        resolve([wanted()], options(channel, tmp_path))


def test_another_failure_of_uv_s_stays_what_it_is(
    channel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = Uv(monkeypatch, alpha="1")
    uv.error = BuildError("The disk is full.")
    with pytest.raises(BuildError, match=r"^The disk is full\.$"):
        resolve([wanted()], options(channel, tmp_path))


def test_all_of_tensorflow_may_come_from_the_channel(
    channel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = Uv(monkeypatch)
    (lock,) = resolve([wanted(requirements=())], options(channel, tmp_path))
    assert (lock.wheels, uv.jobs) == ((), [])


def test_the_team_s_specs_and_requirements_come_along(
    channel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = Uv(monkeypatch, alpha="1")
    one = wanted(specs=("tool",), team=("rich",))
    (lock,) = resolve([one], options(channel, tmp_path, index_url="https://me.example/simple", pre=True))
    assert "tool" in {package.name for package in lock.packages}
    for arguments, environ, stdin in uv.jobs:
        assert stdin == "alpha==1\nrich\n"
        assert environ["UV_DEFAULT_INDEX"] == "https://me.example/simple"
        assert arguments[arguments.index("--prerelease") + 1] == "allow"
    assert lock.digest == one.digest != wanted().digest


def test_a_row_without_conda_packages_is_refused(channel: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="macos-arm64-cpu has no conda packages"):
        resolve([wanted(conda=())], options(channel, tmp_path))


def test_two_for_one_platform_are_refused(channel: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one environment a platform"):
        resolve([wanted(), wanted(row="another")], options(channel, tmp_path))
