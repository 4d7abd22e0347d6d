"""What a row takes of requirements: extras that are for another accelerator are refused."""

from __future__ import annotations

import pytest

from support.matrix import shipped
from tfsetup.errors import Code, Where
from tfsetup.ground.marked import Marked
from tfsetup.locks.taken import Taken, name_of, taken

CPU, CUDA = "linux-x86_64-cpu", "linux-x86_64-cuda"
LINUX = {"sys_platform": "linux", "platform_machine": "x86_64", "platform_system": "Linux"}


def of(row: str, *texts: str, markers: dict[str, str] | None = None) -> Taken:
    items = [Marked(text=text, where=Where(file="team.yaml", line=n, column=5)) for n, text in enumerate(texts, 1)]
    found = next(one for one in shipped().rows if one.id == row)
    return taken(items, found, shipped(), markers or LINUX)


@pytest.mark.parametrize("row", [CPU, "linux-aarch64-cpu", "windows-x86_64-cpu", "macos-arm64-metal"])
def test_an_extra_of_another_row_is_left_out_and_told(row: str) -> None:
    found = of(row, "pandas[excel]>=2", "tensorflow[and-cuda]<2.21,>=2.20")
    assert found.requirements == ("pandas[excel]>=2", "tensorflow<2.21,>=2.20")
    (refused,) = found.refused
    assert (refused.extras, refused.row, refused.rows) == (("and-cuda",), row, (CUDA,))


def test_the_row_that_adds_it_takes_it() -> None:
    assert of(CUDA, "tensorflow[and-cuda]") == Taken(requirements=("tensorflow[and-cuda]",))


def test_every_name_of_the_thing_counts() -> None:
    assert [one.item.text for one in of(CPU, "TensorFlow_CPU[and_cuda]", "tensorflow[and-cuda]").refused] == [
        "TensorFlow_CPU[and_cuda]",
        "tensorflow[and-cuda]",
    ]


def test_other_extras_and_other_distributions_are_nobody_s_business() -> None:
    assert of(CPU, "tensorflow[gcs]", "jax[and-cuda]", "keras").refused == ()


def test_other_extras_of_the_same_line_stay() -> None:
    assert of(CPU, "tensorflow[and-cuda,gcs]==2.20.0").requirements == ("tensorflow[gcs]==2.20.0",)


def test_a_line_that_is_not_for_this_machine_stays_as_it_is() -> None:
    line = "tensorflow[and-cuda]; sys_platform == 'win32'"
    assert of(CPU, line) == Taken(requirements=(line,))
    assert len(of(CPU, line.replace("win32", "linux")).refused) == 1


def test_the_refusal_names_the_line_and_what_to_write() -> None:
    error = of(CPU, "six", "tensorflow[and-cuda]==2.20.0").refused[0].error
    assert (error.code, str(error.where)) == (Code.INVALID_FILE, "team.yaml:2:5")
    assert error.message == (
        "`tensorflow[and-cuda]==2.20.0`: linux-x86_64-cpu does not take [and-cuda], which is for linux-x86_64-cuda "
        "(the extra brings the CUDA libraries the wheel was built for)."
    )
    assert error.hint == "Write `tensorflow==2.20.0`: linux-x86_64-cuda adds and-cuda by itself."


@pytest.mark.parametrize(
    ("text", "name"),
    [("Six", "six"), (" a.b_c>=1", "a-b-c"), ("x[y]", "x"), ("-r file", ""), ("a; python_version > '3'", "a")],
)
def test_a_requirement_begins_with_its_name(text: str, name: str) -> None:
    assert name_of(text) == name


@pytest.mark.parametrize(
    ("row", "line", "left"),
    [
        ("macos-arm64-cpu", "tensorflow-intel==2.18.1", ()),
        ("macos-arm64-cpu-legacy", "tensorflow==2.9.2", ()),
        ("linux-aarch64-cpu", "tensorflow-cpu[gcs,and-cuda]==2.18.1", ("tensorflow[gcs]",)),
        (CUDA, "tensorflow-macos[and-cuda]==2.18.1", ("tensorflow[and-cuda]",)),
    ],
)
def test_another_name_of_it_chooses_the_version_and_is_not_installed(
    row: str, line: str, left: tuple[str, ...]
) -> None:
    found = of(row, "six", line)
    assert found.requirements == ("six", *left)
    (renamed,) = found.renamed
    own = next(one for one in shipped().rows if one.id == row).distribution
    assert renamed.words == f"`{line}` (team.yaml:2:5) chooses the version; {row} installs {own}"


@pytest.mark.parametrize("line", ["tensorflow==2.18.1", "tensorflow-cpu==2.18.1", "tensorflow-text==2.18.1"])
def test_a_name_of_the_row_s_own_stays_as_it_is(line: str) -> None:
    assert of(CPU, line) == Taken(requirements=(line,))


def test_another_name_for_another_machine_stays_as_it_is() -> None:
    line = "tensorflow-macos==2.12.0; sys_platform == 'darwin'"
    assert of(CPU, line) == Taken(requirements=(line,))
