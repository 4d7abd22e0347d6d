"""What the index adds to conda's packages."""

from __future__ import annotations

import pytest

from tfsetup.errors import BuildError
from tfsetup.locks.compile import compile_job
from tfsetup.locks.conda.wheels import conflict, constraints, limits, on_top, pinned, tags, versions
from tfsetup.matrix.model import Selection, Target

MAC = Target(platform="aarch64-apple-darwin", python="3.12", macos="14.0")
LINUX = Target(platform="x86_64-manylinux_2_28", python="3.12", glibc="2.28")
PROVIDED = {"numpy": ("2.1.3", "numpy"), "opt-einsum": ("3.4.0", "opt_einsum")}


def pylock(*files: str, name: str = "thing", version: str = "1.0") -> str:
    lines = [
        'lock-version = "1.0"',
        'created-by = "test"',
        "[[packages]]",
        f'name = "{name}"',
        f'version = "{version}"',
    ]
    for file in files:
        lines += ["[[packages.wheels]]", f'url = "https://index.example/{file}"', "size = 7"]
        lines += [f'hashes = {{sha256 = "{file.encode().hex()[-64:]:0>64}"}}']
    return "\n".join(lines) + "\n"


def test_what_conda_provides_is_a_constraint() -> None:
    assert constraints(PROVIDED) == "numpy==2.1.3\nopt-einsum==3.4.0\n"
    selection = Selection(installable=True, requirements=("alpha==1",), target=LINUX)
    job = on_top(compile_job(selection, pre=False, offline=True), PROVIDED, "conda.txt")
    words = list(job.arguments)
    assert words[words.index("--constraint") + 1] == "conda.txt"
    assert [words[n + 1] for n, word in enumerate(words) if word == "--no-emit-package"] == ["numpy", "opt-einsum"]
    assert "--offline" in words
    assert job.requirements == "alpha==1\n"


def test_without_conda_s_python_packages_there_is_no_constraint() -> None:
    selection = Selection(installable=True, requirements=("alpha==1",), target=LINUX)
    assert "--constraint" not in on_top(compile_job(selection, pre=False, offline=False), {}, "x").arguments


@pytest.mark.parametrize(
    ("target", "files", "best"),
    [
        (MAC, ["thing-1.0-cp312-cp312-macosx_11_0_arm64.whl", "thing-1.0-cp312-cp312-macosx_14_0_arm64.whl"], 1),
        (MAC, ["thing-1.0-cp312-cp312-macosx_14_0_arm64.whl", "thing-1.0-cp312-cp312-macosx_11_0_universal2.whl"], 0),
        (LINUX, ["thing-1.0-py3-none-any.whl", "thing-1.0-cp310-abi3-manylinux2014_x86_64.whl"], 1),
        (LINUX, ["thing-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                 "thing-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"], 1),
        (Target(platform="x86_64-pc-windows-msvc", python="3.11"),
         ["thing-1.0-py3-none-any.whl", "thing-1.0-cp311-cp311-win_amd64.whl"], 1),
    ],
    ids=["Accelerate's", "native", "stable ABI", "newer glibc", "Windows"],
)  # fmt: skip
def test_the_best_wheel_of_several_is_pinned(target: Target, files: list[str], best: int) -> None:
    (wheel,) = pinned(pylock(*files), target)
    assert wheel.url == f"https://index.example/{files[best]}"
    assert wheel.requirement == f"thing @ {wheel.url} --hash=sha256:{wheel.sha256}"
    assert wheel.size == 7


@pytest.mark.parametrize(
    "file", ["thing-1.0-cp313-cp313-manylinux_2_17_x86_64.whl", "thing-1.0-py3-none-win_amd64.whl"]
)
def test_a_package_without_a_fitting_wheel_is_named(file: str) -> None:
    with pytest.raises(
        BuildError, match=r"thing 1\.0 has no wheel for Python 3\.12 on x86_64-manylinux_2_28"
    ) as caught:
        pinned(pylock(file), LINUX)
    assert caught.value.hint == "Use --backend venv, which may compile it."


def test_a_newer_system_s_wheel_does_not_fit() -> None:
    with pytest.raises(BuildError):
        pinned(pylock("thing-1.0-cp312-cp312-manylinux_2_36_x86_64.whl"), LINUX)


def test_the_versions_in_uv_s_lock() -> None:
    assert versions(pylock("thing-1.0-py3-none-any.whl")) == {"thing": "1.0"}


def test_conda_is_held_to_what_the_requirements_admit() -> None:
    free = {"numpy": "2.1.3", "h5py": "3.14.0", "opt-einsum": "3.4.0"}
    provided = {"numpy": ("2.5.5", "numpy"), "h5py": ("3.11.0", "h5py"), "opt-einsum": ("3.10.0", "opt_einsum"),
                "scipy": ("1.16.3", "scipy"), "odd": ("not a version", "odd")}  # fmt: skip
    assert limits(free, provided) == ("numpy <=2.1.3", "opt_einsum <=3.4.0")


def test_a_version_that_is_none_is_left_to_uv() -> None:
    assert limits({"odd": "1.0"}, {"odd": ("not a version", "odd")}) == ()


def test_a_conflict_names_both_sides() -> None:
    said = "Because alpha==1 depends on numpy>=2.2 and you require numpy==2.1.3, no solution."
    error = conflict(said, PROVIDED)
    assert error.message.splitlines() == [
        "What the index has does not fit to what conda supplies:",
        "  numpy 2.1.3 comes from the conda package numpy",
        said,
    ]
    assert "--backend venv" in error.hint


def test_the_tags_of_a_target_are_its_own() -> None:
    found = [str(tag) for tag in tags(MAC)]
    assert found[0] == "cp312-cp312-macosx_14_0_arm64"
    assert "cp312-cp312-macosx_11_0_universal2" in found
    assert not [tag for tag in found if "x86_64" in tag or "linux" in tag]
    linux = [str(tag) for tag in tags(LINUX)]
    assert linux[0] == "cp312-cp312-manylinux_2_28_x86_64"
    assert "cp312-cp312-manylinux2014_x86_64" in linux
    assert "cp312-cp312-manylinux_2_29_x86_64" not in linux
