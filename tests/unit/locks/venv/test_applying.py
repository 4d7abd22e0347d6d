"""What one environment gets of a lock, whoever wrote it, and the exact words where it gets nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.errors import Code, TfsetupError
from tfsetup.ground.platforms import NAMES, wheel_tags
from tfsetup.locks.venv.applying import Applying, Surroundings, applying, refuse_sources
from tfsetup.locks.venv.portable import read_portable
from tfsetup.locks.venv.pylock import read_pylock

CASES = Path(__file__).parents[3] / "cases"
SHA = "a" * 64
LEVELS = {"linux-x86_64": "2.36", "linux-aarch64": "2.36", "macos-arm64": "14.0", "windows-x86_64": None}


def environment(name: str = "linux-x86_64", python: str = "3.12.4") -> Surroundings:
    platform, minor = NAMES[name], python.rpartition(".")[0]
    tags = tuple(wheel_tags(minor, platform.tags(LEVELS[name])))
    return Surroundings(markers=platform.environment(python), tags=tags, words=f"Python {minor} on {name}")


def entry(name: str, *more: str, version: str = "1.0", tag: str = "py3-none-any") -> str:
    wheel = f'{{ url = "https://a.io/{name}-{version}-{tag}.whl", hashes = {{ sha256 = "{SHA}" }} }}'
    return "\n".join(["[[packages]]", f'name = "{name}"', f'version = "{version}"', *more, f"wheels = [{wheel}]", ""])


def text_of(*entries: str, head: str = "") -> str:
    return f'lock-version = "1.0"\n{head}created-by = "uv"\n' + "".join(entries)


def of(text: str, around: Surroundings | None = None) -> Applying:
    return applying(read_pylock(text, file="f"), "f", around or environment())


def names(found: Applying) -> list[str]:
    return [one.name for one in found.packages]


def refused(text: str, around: Surroundings | None = None) -> TfsetupError:
    with pytest.raises(TfsetupError) as caught:
        of(text, around)
    return caught.value


# ------------------------------------------------------------------------------------------- what each program writes

LINUX = ["six 1.17.0", "tensorflow-cpu 2.21.0"]
MAC = ["setuptools 81.0.0", "six 1.17.0", "tensorflow 2.19.1", "tensorflow-metal 1.2.0"]
WINDOWS = ["six 1.17.0", "tensorflow 2.21.0"]
EVERYWHERE = ["iniconfig 2.3.1"]
GETS = {
    ("uv", "linux-x86_64"): LINUX,
    ("uv", "macos-arm64"): MAC,
    ("uv", "windows-x86_64"): WINDOWS,
    ("poetry", "linux-x86_64"): EVERYWHERE + LINUX,
    ("poetry", "macos-arm64"): EVERYWHERE + MAC,
    ("poetry", "windows-x86_64"): EVERYWHERE + WINDOWS,
    ("pdm", "linux-x86_64"): LINUX,
    ("pdm", "macos-arm64"): MAC,
    ("pip", "linux-x86_64"): LINUX,
}


def written(program: str) -> str:
    return (CASES / "pylock" / f"{program}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("program", "machine"), GETS)
def test_each_machine_gets_what_is_for_it(program: str, machine: str) -> None:
    found = of(written(program), environment(machine))
    assert [f"{one.name} {one.version}" for one in found.packages] == GETS[program, machine]
    assert found.sources == ()
    assert all(len(one.wheels) == 1 for one in found.packages)


NOT_FOR = {
    ("uv", "linux-aarch64", "3.12.4"): (
        Code.LOCK,
        "f:5",
        "This lock is not for Python 3.12 on linux-aarch64. It covers:",
    ),
    ("uv", "linux-x86_64", "3.13.1"): (Code.LOCK, "f:6", "This lock is for Python ==3.12.*, and this is Python 3.13"),
    ("poetry", "macos-arm64", "3.11.9"): (Code.LOCK, "f:3", "This lock is for Python <3.13,>=3.12, and this is Python"),
    ("pdm", "windows-x86_64", "3.12.4"): (Code.LOCK, "f:3", "This lock is not for Python 3.12 on windows-x86_64."),
    ("pip", "macos-arm64", "3.12.4"): (
        Code.INVALID_FILE,
        "f:16",
        "No wheel locked for tensorflow-cpu 2.21.0 fits Pyth",
    ),
    ("pip", "linux-x86_64", "3.13.1"): (
        Code.INVALID_FILE,
        "f:16",
        "No wheel locked for tensorflow-cpu 2.21.0 fits Pyth",
    ),
}


@pytest.mark.parametrize(("program", "machine", "python"), NOT_FOR)
def test_who_gets_nothing_is_told_where_and_why(program: str, machine: str, python: str) -> None:
    code, where, words = NOT_FOR[program, machine, python]
    error = refused(written(program), environment(machine, python))
    assert (error.code, str(error.where), error.message[: len(words)]) == (code, where, words)
    assert error.hint


# --------------------------------------------------------------------------------------------------------- the rules


@pytest.mark.parametrize(
    ("marker", "applies"),
    [
        ("sys_platform == 'linux'", True),
        ("sys_platform == 'darwin'", False),
        ("platform_machine == 'aarch64'", False),
        ("os_name == 'nt'", False),
        ("platform_system == 'Linux' and implementation_name == 'cpython'", True),
        ("platform_python_implementation == 'PyPy'", False),
        ("python_version < '3.13'", True),
        ("python_full_version >= '3.12.5'", False),
        ("implementation_version >= '3.12'", True),
        ("extra == 'gpu'", False),
        ("'gpu' in extras", False),
        ("'dev' in dependency_groups", False),
        ("'main' in dependency_groups", True),
    ],
)
def test_a_marker_decides(marker: str, applies: bool) -> None:
    head = 'extras = ["gpu"]\ndependency-groups = ["dev", "main"]\ndefault-groups = ["main"]\n'
    found = of(text_of(entry("alpha", f'marker = "{marker}"'), entry("beta"), head=head))
    assert names(found) == (["alpha", "beta"] if applies else ["beta"])
    assert all(one.marker is None for one in found.packages)


@pytest.mark.parametrize("marker", ["platform_release >= '6'", "'Debian' in platform_version"])
def test_what_nobody_can_know_is_not_guessed(marker: str) -> None:
    error = refused(text_of(entry("alpha", f'marker = "{marker}"')))
    assert (error.code, str(error.where)) == (Code.INVALID_FILE, "f:4")
    assert error.message.startswith("Whether `")
    assert error.message.endswith(" is not known.")


def test_an_environment_that_one_line_covers_is_covered() -> None:
    head = "environments = [\"sys_platform == 'darwin'\", \"python_version == '3.12'\"]\n"
    assert names(of(text_of(entry("alpha"), head=head))) == ["alpha"]
    error = refused(text_of(entry("alpha"), head=head), environment("windows-x86_64", "3.11.2"))
    assert error.message == (
        "This lock is not for Python 3.11 on windows-x86_64. It covers:\n"
        '  sys_platform == "darwin"\n'
        '  python_version == "3.12"'
    )
    assert (error.code, str(error.where)) == (Code.LOCK, "f:2")


def test_a_package_for_other_pythons_is_refused_where_it_applies() -> None:
    text = text_of(entry("alpha", 'requires-python = ">=3.13"', "marker = \"sys_platform == 'linux'\""))
    error = refused(text)
    assert error.message == "alpha 1.0 is for Python >=3.13, and this is Python 3.12 on linux-x86_64."
    assert (error.code, str(error.where)) == (Code.LOCK, "f:4")
    assert names(of(text, environment("macos-arm64"))) == []


def test_two_of_one_name_at_once_are_refused() -> None:
    both = (entry("alpha", version="1.0"), entry("alpha", "marker = \"python_version > '3'\"", version="2.0"))
    error = refused(text_of(*both))
    assert error.message == (
        "Two entries of `alpha` apply at once, alpha 1.0 (line 4) and alpha 2.0, and only one can be installed."
    )
    assert (error.code, str(error.where)) == (Code.INVALID_FILE, "f:8")


def test_only_wheels_that_fit_are_kept_the_best_first() -> None:
    wheels = [
        f'{{ url = "https://a.io/alpha-1.0-{tag}.whl", hashes = {{ sha256 = "{SHA}" }} }}'
        for tag in (
            "py3-none-any", "cp312-cp312-macosx_11_0_arm64", "cp312-cp312-manylinux_2_17_x86_64",
            "cp312-cp312-manylinux_2_28_x86_64", "cp312-cp312-musllinux_1_2_x86_64",
            "cp313-cp313-manylinux_2_17_x86_64",
        )
    ]  # fmt: skip
    text = text_of(f'[[packages]]\nname = "alpha"\nversion = "1.0"\nwheels = [{", ".join(wheels)}]\n')
    (alpha,) = of(text).packages
    assert [one.filename.removeprefix("alpha-1.0-").removesuffix(".whl") for one in alpha.wheels] == [
        "cp312-cp312-manylinux_2_28_x86_64",
        "cp312-cp312-manylinux_2_17_x86_64",
        "py3-none-any",
    ]


# ------------------------------------------------------------------------------------------------ what must be built

SDIST = f'sdist = {{ url = "https://a.io/alpha-1.0.tar.gz", hashes = {{ sha256 = "{SHA}" }} }}'
BUILT = {
    "source distribution": f'[[packages]]\nname = "alpha"\nversion = "1.0"\n{SDIST}\n',
    "directory": '[[packages]]\nname = "alpha"\ndirectory = { path = "." }\n',
}


@pytest.mark.parametrize("source", BUILT)
def test_a_source_is_told_apart_and_refused_by_whoever_installs(source: str) -> None:
    found = of(text_of(BUILT[source], entry("beta")))
    assert (names(found), [(one.name, one.source) for one in found.sources]) == (["beta"], [("alpha", source)])
    with pytest.raises(TfsetupError) as caught:
        refuse_sources(found, "f")
    assert caught.value.message == (
        f"`alpha` is not locked to wheels, but to a {source}; nothing is built from source out of a lock file."
    )
    assert (caught.value.code, str(caught.value.where)) == (Code.INVALID_FILE, "f:4")
    assert "--no-emit-project" in caught.value.hint


def test_where_no_wheel_fits_the_source_beside_them_is_what_is_left() -> None:
    found = of(text_of(entry("alpha", SDIST, tag="cp312-cp312-macosx_11_0_arm64")))
    assert (names(found), [one.name for one in found.sources]) == ([], ["alpha"])
    assert names(of(text_of(entry("alpha", SDIST)))) == ["alpha"]
    refuse_sources(of(text_of(entry("alpha", SDIST))), "f")


def test_a_source_that_does_not_apply_is_nothing_to_refuse() -> None:
    text = text_of(
        BUILT["source distribution"].replace("sdist", "marker = \"os_name == 'nt'\"\nsdist", 1), entry("beta")
    )
    assert of(text).sources == ()


def test_the_portable_form_has_markers_too_and_files_without_names() -> None:
    lines = (f"alpha==1.0 ; sys_platform == 'win32' --hash=sha256:{SHA}\n", f"beta==2.0 --hash=sha256:{SHA}\n")
    found = applying(read_portable("".join(lines), file="f"), "f", environment())
    assert [(one.name, len(one.wheels)) for one in found.packages] == [("beta", 1)]


def test_every_program_has_its_case() -> None:
    assert {path.stem for path in (CASES / "pylock").glob("*.toml")} == {program for program, _ in GETS}
